"""A small model from end to end: its curves and counts are in what it leaves, vouched for, stored, and on the page."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.evidence.compressing import Setting
from evaluator.evidence.curve_file import load_curves
from evaluator.records import load_result
from evaluator.scores import scores_of
from evaluator.spec import result_path
from evaluator.suite import KO_V2
from leaderboard_data.curves import CURVE_FILE, CURVES_PATH
from leaderboard_data.load import Reader, load_entries, snapshot_of
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import publish_change
from runner.vouch_curves import vouched_curves
from store.memory import MemoryStore
from store.update import update
from tests.evaluator.running import evaluator_here

pytestmark = pytest.mark.shared


def test_from_the_command_to_the_page(tiny_model: Callable[..., Path], datasets_folder: Path, tmp_path: Path) -> None:
    result_file, samples, curves = (tmp_path / name for name in ("result.json", "samples.parquet", "curves.parquet"))
    options = ("--datasets", datasets_folder, "--device", "cpu", "--progress", "json")
    model = tiny_model("curved")
    tasks = ("--tasks", "AutoRAGRetrieval", "--tasks", "KLUE-STS")
    files = ("--output", result_file, "--samples", samples, "--curves", curves)
    ran = evaluator_here("run", model, *options, *tasks, *files)
    assert ran.returncode == 0, ran.stderr
    result, found = load_result(result_file.read_bytes()), load_curves(curves.read_bytes())
    (run,) = result.runs.values()
    assert {"encode", "score", "curves"} <= set(run.seconds)
    assert run.korean is not None
    assert run.korean.tokens > run.korean.syllables / 2 > 100
    assert run.peak_bytes
    assert result.model.matryoshka is False
    dimension = result.model.embedding_dimension or 0
    for task_id, score in result.tasks.items():
        assert score.tokens
        assert score.cut is not None
        for rule_id, value in scores_of(task_id, score).items():
            assert found[task_id][rule_id].points[Setting(dimension, "float32")][0] == pytest.approx(value, abs=1e-6)
    checked = vouched_curves(result, samples.read_bytes(), curves.read_bytes())
    assert checked == curves.read_bytes()
    store = MemoryStore()
    update(store, publish_change(result, samples.read_bytes(), curves=checked))
    snapshot = snapshot_of(store)
    assert f"curves/{result_path(result.spec).removeprefix('results/')}".replace(".json", ".parquet") in store.list("")
    cells = CURVE_FILE.load(store.read(CURVES_PATH))
    told = json.loads(page_data(load_entries(snapshot, Reader()), "r", KO_V2, curves=cells))["entries"]
    (of_model,) = told["curves"].values()
    assert {"AutoRAGRetrieval", "KLUE-STS"} <= set(of_model)
    (costs,) = told["costs"].values()
    assert {"device", "tokens", "peak", "cut"} <= set(costs)


def test_a_run_that_cuts_its_vectors_itself_scores_the_same(
    tiny_model: Callable[..., Path], datasets_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluator.evidence.curves.LENGTHS", (16,))
    whole, cut, curves = (tmp_path / name for name in ("whole.json", "cut.json", "curves.parquet"))
    model, task = tiny_model("cut"), "AutoRAGRetrieval"
    options = ("--datasets", datasets_folder, "--device", "cpu", "--progress", "json", "--tasks", task)
    for more in (("--output", whole, "--curves", curves), ("--output", cut, "--truncate-dim", 16)):
        ran = evaluator_here("run", model, *options, *more)
        assert ran.returncode == 0, ran.stderr
    found = load_curves(curves.read_bytes())[task]
    for rule_id, score in scores_of(task, load_result(cut.read_bytes()).tasks[task]).items():
        assert found[rule_id].points[Setting(16, "float32")][0] == pytest.approx(score, abs=1e-6)
