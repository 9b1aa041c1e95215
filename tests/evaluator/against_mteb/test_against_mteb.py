"""With prompts and instructions, the evaluator gives MTEB's numbers, too (`compute` tells how MTEB's were made)."""

import json
from pathlib import Path

import pytest

from evaluator.run import evaluate
from evaluator.spec import local_spec
from evaluator.suite import KO_V1
from tests.evaluator.against_mteb.cut import cut_copies, unpinned
from tests.evaluator.against_mteb.ways import PAIRS, RETRIEVAL, WAYS
from tests.evaluator.models import raw_texts

pytestmark = pytest.mark.shared

Scores = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def datasets(datasets_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cut_copies(datasets_folder, tmp_path_factory.mktemp("cut"))


@pytest.fixture(scope="module")
def reference() -> dict[str, Scores]:
    """MTEB's scores by way, task and metric."""
    scores: dict[str, Scores] = json.loads(Path(__file__).with_name("scores.json").read_text(encoding="utf-8"))[
        "scores"
    ]
    return scores


def differing(
    metrics: dict[str, float], expected: dict[str, float], tolerance: float
) -> dict[str, tuple[float, float]]:
    """Ours and MTEB's, where they differ."""
    return {name: (metrics[name], value) for name, value in expected.items() if abs(metrics[name] - value) > tolerance}


@pytest.mark.parametrize("way", WAYS)
def test_scores_with_prompts_equal_mteb(
    way: str, minilm_folder: Path, datasets: Path, reference: dict[str, Scores]
) -> None:
    tasks = [unpinned(KO_V1.task(task_id)) for task_id in WAYS[way].tasks]
    spec = local_spec(minilm_folder, **WAYS[way].fields)
    result = evaluate(spec, tasks, datasets=datasets, keep_duplicates=True).result
    for task in tasks:
        tolerance = 1e-4 if task.kind == "clustering" else 1e-5
        assert differing(result.tasks[task.id].metrics, reference[way][task.id], tolerance) == {}, task.id


def test_each_way_gives_other_scores(reference: dict[str, Scores]) -> None:
    """A prompt that is left out, or one too many, cannot go unnoticed above."""
    prompts, instruction, documents = (reference[way] for way in WAYS)
    for task_id in (*PAIRS, *RETRIEVAL):
        assert differing(prompts[task_id], instruction[task_id], 1e-3), task_id
    for task_id in RETRIEVAL:
        assert differing(instruction[task_id], documents[task_id], 1e-3), task_id


def test_a_model_that_reads_texts_is_asked_through_its_own_encode(
    tmp_path: Path, datasets: Path, reference: dict[str, Scores]
) -> None:
    tasks = [unpinned(KO_V1.task(task_id)) for task_id in reference["raw texts"]]
    spec = local_spec(raw_texts(tmp_path / "raw"), trust_remote_code=True)
    result = evaluate(spec, tasks, datasets=datasets, keep_duplicates=True, work_dir=tmp_path / "work").result
    (run,) = result.runs.values()
    assert (run.environment.encoding, run.tokens) == ("own", None)
    for task in tasks:
        assert differing(result.tasks[task.id].metrics, reference["raw texts"][task.id], 1e-5) == {}, task.id
    (done,) = (tmp_path / "work").glob("*/done.u8")
    assert set(done.read_bytes()) == {1}
