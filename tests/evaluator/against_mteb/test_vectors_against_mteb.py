"""Sparse and late-interaction models get MTEB's numbers (`compute_vectors` tells how MTEB's were made)."""

import json
from pathlib import Path

import pytest

from evaluator.model.parts import looked_at
from evaluator.run import Evaluation, evaluate
from evaluator.spec import ModelSpec, local_spec
from evaluator.tasks import discovered_tasks
from tests.evaluator.against_mteb.compute_vectors import MODELS, TASKS, copies
from tests.evaluator.against_mteb.cut import unpinned
from tests.evaluator.against_mteb.test_against_mteb import Scores, differing

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def datasets(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copies(shared, tmp_path_factory.mktemp("vectors"))


@pytest.fixture(scope="module")
def reference() -> dict[str, Scores]:
    """MTEB's scores by model, task and metric."""
    scores: dict[str, Scores] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))[
        "scores"
    ]
    return scores


def run(name: str, folder: Path, datasets: Path) -> Evaluation:
    tasks = [unpinned(discovered_tasks()[task_id]) for task_id in TASKS]
    return evaluate(spec_of(name, folder), tasks, datasets=datasets, keep_duplicates=True)


def spec_of(name: str, folder: Path) -> ModelSpec:
    return looked_at(local_spec(MODELS[name](folder / "model"))).spec


@pytest.mark.parametrize("name", MODELS)
def test_scores_equal_mteb(name: str, tmp_path: Path, datasets: Path, reference: dict[str, Scores]) -> None:
    result = run(name, tmp_path, datasets).result
    (of_run,) = result.runs.values()
    assert (result.spec.kind, of_run.environment.similarity) in (("sparse", "dot"), ("multi_vector", "maxsim"))
    for task_id in TASKS:
        assert differing(result.tasks[task_id].metrics, reference[name][task_id], 1e-5) == {}, task_id


def test_the_models_differ(reference: dict[str, Scores]) -> None:
    """That one of them has two routes cannot go unnoticed above; the expansion's own test is in test_ragged_encoder."""
    of_task = {name: reference[name]["MIRACLReranking"] for name in MODELS}
    assert of_task["pylate"] == of_task["colbert"]
    assert differing(of_task["splade"], of_task["sparse with two routes"], 1e-3)
    assert differing(of_task["splade"], of_task["colbert"], 1e-3)
