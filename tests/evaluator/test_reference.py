"""The evaluator gives MTEB's numbers: every metric of all-MiniLM-L6-v2 on the eight data sets that are here."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from evaluator.scores import first_score
from evaluator.suite import KO_V1, SIMILARITIES

if TYPE_CHECKING:
    from tests.evaluator.running import Run

pytestmark = pytest.mark.shared

TASKS = (
    "KLUE-STS",
    "KorSTS",
    "STS17",
    "KLUE-NLI",
    "KorNLI",
    "PawsXPairClassification",
    "SIB200ClusteringS2S",
    "AutoRAGRetrieval",
)
TIES = {"KorNLI": 5e-4, "PawsXPairClassification": 2.5e-3}
"""Average precision where pairs with equal embeddings tie: MTEB orders them by the float noise of the run."""


@pytest.fixture(scope="session")
def reference(shared: Path) -> dict[str, dict[str, float]]:
    """MTEB's scores by task."""
    content = json.loads((shared / "reference/mteb-all-minilm-l6-v2.json").read_text(encoding="utf-8"))
    return {
        task_id: {name: value for name, value in task["scores"][0].items() if isinstance(value, float)}
        for task_id, task in content["tasks"].items()
    }


@pytest.mark.parametrize("task_id", TASKS)
def test_every_metric_equals_mteb(task_id: str, minilm_run: "Run", reference: dict[str, dict[str, float]]) -> None:
    metrics = minilm_run.result.tasks[task_id].metrics
    expected = {name: value for name, value in reference[task_id].items() if name != "main_score"}
    assert expected.keys() <= metrics.keys()
    for name, value in expected.items():
        tolerance = 1e-4 if task_id == "SIB200ClusteringS2S" else 1e-5
        if name.endswith("_ap"):
            tolerance = TIES.get(task_id, tolerance)
        assert metrics[name] == pytest.approx(value, abs=tolerance), name


@pytest.mark.parametrize("task_id", ["KLUE-NLI", "KorNLI", "PawsXPairClassification"])
def test_mtebs_average_precision_is_one_of_the_orders_of_our_ties(
    task_id: str, minilm_run: "Run", reference: dict[str, dict[str, float]]
) -> None:
    """The wider tolerance is for ties alone: MTEB's value lies between ties put worst and ties put best."""
    samples = minilm_run.samples[task_id]
    gold = samples["gold"]
    for name in SIMILARITIES:
        worst, best = (ordered_average_precision(gold, samples[name], sign * gold) for sign in (1, -1))
        assert worst - 1e-5 <= reference[task_id][f"{name}_ap"] <= best + 1e-5, name


def ordered_average_precision(gold: np.ndarray, similarity: np.ndarray, then_by: np.ndarray) -> float:
    """Average precision of the pairs by falling similarity, ties broken by rising `then_by`, so that none is left."""
    order = np.lexsort((then_by, -similarity))
    return float(average_precision_score(gold[order], -np.arange(len(order))))


def test_kor_nli_agrees_where_mteb_keeps_the_ties(minilm_run: "Run", reference: dict[str, dict[str, float]]) -> None:
    """Distances of equal embeddings are exactly 0 in MTEB too: there the values agree."""
    metrics = minilm_run.result.tasks["KorNLI"].metrics
    for name in ("cosine_ap", "manhattan_ap", "euclidean_ap"):
        assert metrics[name] == pytest.approx(reference["KorNLI"][name], abs=1e-5), name


def test_the_task_without_data_says_why(minilm_run: "Run") -> None:
    score = minilm_run.result.tasks["Ko-StrategyQA"]
    assert not score.scored
    assert score.error is not None
    assert score.error.failure == "data_unavailable"
    assert "taeminlee/Ko-StrategyQA" in score.error.message


def test_the_result_says_how_it_was_made(minilm_run: "Run") -> None:
    result = minilm_run.result
    assert result.keep_duplicates
    assert result.origin.kind == "measured"
    assert result.model.parameters == 22_713_216
    assert result.model.embedding_dimension == 384
    assert result.model.max_tokens == 256
    assert result.model.license == "apache-2.0"
    assert result.model.llm_based is False
    (run,) = result.runs.values()
    assert run.environment.dtype == "float32"
    assert run.environment.pooling == "mean"
    assert run.environment.pooling_source == "modules.json"
    assert run.environment.similarity == "cosine"
    assert run.environment.prompts["AutoRAGRetrieval"] == {"query": "", "document": ""}
    assert set(run.seconds) == {"load", "data", "encode", "score"}
    assert result.spec.folder is None
    assert str(minilm_run.work_dir) not in result.model_dump_json()


def test_progress_ends_with_every_token_and_every_task(minilm_run: "Run") -> None:
    encoding = [event for event in minilm_run.events if event.get("tokens_done")]
    (run,) = minilm_run.result.runs.values()
    assert encoding[-1]["tokens_done"] == encoding[-1]["tokens_total"] == run.tokens
    done = [int(str(event["tokens_done"])) for event in encoding]
    assert done == sorted(done)
    finished = {str(event["task"]): event["score"] for event in minilm_run.events if event["event"] == "task"}
    assert finished == {task_id: first_score(task_id, task) for task_id, task in minilm_run.result.tasks.items()}


def test_the_interval_holds_the_score(minilm_run: "Run") -> None:
    for task_id in TASKS:
        task, rule = minilm_run.result.tasks[task_id], KO_V1.rules[task_id]
        low, high = task.intervals95[rule.id]
        assert low < rule.score(task.metrics) < high
        assert np.isfinite([low, high]).all()
