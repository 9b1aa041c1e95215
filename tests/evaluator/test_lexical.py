"""A lexical model by the same command as any other: run, verified, and only on what is applicable."""

from pathlib import Path

import pytest

from evaluator.evidence.fusion import samples_of
from evaluator.evidence.rankings import load_rankings, ranked_samples
from evaluator.evidence.samples import load_samples, metrics_from_samples
from evaluator.kinds import Examples, reranking, retrieval
from evaluator.merging import lacking
from evaluator.model.lexical import MODELS
from evaluator.records import load_result
from evaluator.scores import first_score
from evaluator.suite import KO_V1
from tests.evaluator.running import evaluator_here

DATASETS = Path(__file__).resolve().parents[3] / "shared/datasets"
AUTO_RAG = ("--datasets", DATASETS, "--tasks", "AutoRAGRetrieval")

with_data = pytest.mark.skipif(not DATASETS.is_dir(), reason="the data sets are not here")


@with_data
@pytest.mark.parametrize(("name", "score"), [("word", 79.47), ("bigram", 93.55)])
def test_the_scores_of_auto_rag(name: str, score: float, tmp_path: Path) -> None:
    result, samples, rankings = (tmp_path / file for file in ("result.json", "samples.parquet", "rankings.parquet"))
    files = ("--output", result, "--samples", samples, "--rankings", rankings)
    ran = evaluator_here("run", f"lexical/bm25-{name}", *AUTO_RAG, "--tasks", "KLUE-STS", *files)
    assert ran.returncode == 0, ran.stderr
    found = load_result(result.read_bytes())
    assert set(found.tasks) == {"AutoRAGRetrieval"}  # the other is not applicable
    task = found.tasks["AutoRAGRetrieval"]
    assert round(100 * (first_score("AutoRAGRetrieval", task) or 0), 2) == score
    assert task.intervals95
    run = found.run_of("AutoRAGRetrieval")
    assert run is not None
    assert run.environment.versions["bm25s"] == "0.3.16"
    assert found.dtype is None
    held = load_samples(samples.read_bytes())
    assert metrics_from_samples(held)["AutoRAGRetrieval"] == pytest.approx(task.metrics)
    assert [each.query for each in load_rankings(rankings.read_bytes())["AutoRAGRetrieval"]] == list(
        held["AutoRAGRetrieval"]["item"]
    )
    again = evaluator_here("verify", result, *AUTO_RAG)
    assert again.returncode == 0
    assert "agrees" in again.stdout
    assert lacking(found, KO_V1.tasks) == (KO_V1.task("Ko-StrategyQA"),)


@with_data
def test_a_model_without_vectors_does_nothing_else(tmp_path: Path) -> None:
    ran = evaluator_here(
        "run", "lexical/bm25-word", "--datasets", DATASETS, "--tasks", "KLUE-STS", "--output", tmp_path / "none.json"
    )
    assert ran.returncode == 1
    assert "no other task is applicable" in ran.stderr
    assert evaluator_here("run", "lexical/other", *AUTO_RAG).returncode == 2
    assert evaluator_here("run", "lexical/bm25-word", "--max-tokens", 3, *AUTO_RAG).returncode == 2


def test_a_document_without_a_shared_term_is_not_found_but_every_candidate_is_ranked() -> None:
    documents = ["서울의 봄", "부산의 여름", "서울의 가을"]
    gold = {"queries": ["q"], "documents": ["a", "b", "c"], "relevant": {"q": {"b": 1}}, "candidates": [[1, 2]]}
    examples = Examples(sides={}, gold=gold, n=1, fingerprint="0" * 64)
    index = MODELS["lexical/bm25-word"].index(documents)
    (found,) = retrieval.rankings_by(examples, index.scores(["서울의 봄"]))
    assert found.found.tolist() == [0, 2]
    (ordered,) = reranking.rankings_by(examples, index.scores(["서울의 봄"]))
    assert ordered.found.tolist() == [2, 1]
    (nothing,) = retrieval.rankings_by(examples, index.scores(["겨울"]))
    samples, kept = ranked_samples(examples, [nothing])
    assert samples["ndcg_at_10"].tolist() == [0.0]
    assert kept[0].documents == ("b",)  # what is relevant and was not found
    assert samples_of(kept)["ndcg_at_10"].tolist() == [0.0]
