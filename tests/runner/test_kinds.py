"""Sparse and multi-vector models on real data, from the command to what a worker vouches for."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from evaluator.evidence.curve_file import load_curves
from evaluator.evidence.rankings import load_rankings
from evaluator.records import ModelResult, load_result
from runner.child import Job
from runner.left import Refused
from runner.vouch import vouched
from runner.vouch_curves import vouched_curves, vouched_files
from tests.evaluator.models import colbert, splade
from tests.evaluator.running import evaluator_here
from tests.leaderboard_data.curved import curved

TASK = "AutoRAGRetrieval"


@pytest.mark.shared
@pytest.mark.parametrize(("make", "kind"), [(splade, "sparse"), (colbert, "multi_vector")])
def test_from_the_command_to_what_is_published(
    make: Callable[[Path], Path], kind: str, tmp_path: Path, datasets_folder: Path
) -> None:
    model = make(tmp_path / "model")
    left = {name: tmp_path / f"{name}.left" for name in ("output", "samples", "rankings", "curves")}
    data = ["--datasets", datasets_folder, "--device", "cpu", "--work-dir", tmp_path / "work"]
    files = [each for name, path in left.items() for each in (f"--{name}", path)]
    ran = evaluator_here("run", model, "--tasks", TASK, "STS17", *data, *files)
    assert ran.returncode == 0, ran.stderr
    result = load_result(left["output"].read_bytes())
    (run,) = result.runs.values()
    score = result.tasks[TASK]
    assert (result.spec.kind, set(result.tasks)) == (kind, {TASK})  # STS17 is not applicable
    assert score.tokens == run.tokens or kind == "multi_vector"  # a query's mask tokens are none of its own
    assert run.tokens is not None
    assert score.tokens is not None
    assert 0 < score.tokens <= run.tokens
    assert score.cut is not None
    assert 0.5 < score.cut <= 1
    assert run.korean is not None
    assert load_curves(left["curves"].read_bytes()) == {}

    job = Job(name="one", spec=result.spec, folder=tmp_path, tasks=(TASK,), datasets=datasets_folder)
    samples, rankings, curves = (left[name].read_bytes() for name in ("samples", "rankings", "curves"))
    since = run.at - timedelta(hours=1)
    told, kept = vouched(job, result, samples, submission="one", since=since, beat=lambda: None)
    assert told.tasks[TASK].metrics == pytest.approx(score.metrics)
    assert told.spec.kind == kind
    held, none = vouched_files(told, kept, rankings, curves)
    assert held is not None
    assert none is None
    assert len(load_rankings(held)[TASK]) == 114

    again = evaluator_here("verify", left["output"], "--folder", model, *data)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "agrees" in again.stdout


def test_curves_of_a_model_without_dense_vectors_are_refused() -> None:
    result, samples, _, curves = curved("org/name", 2.0, 1)
    assert vouched_curves(result, samples, curves) == curves
    spec = result.spec.model_copy(update={"vectors": "sparse"})
    told = ModelResult.model_validate({**json.loads(result.model_dump_json()), "spec": spec})
    with pytest.raises(Refused):
        vouched_curves(told, samples, curves)
