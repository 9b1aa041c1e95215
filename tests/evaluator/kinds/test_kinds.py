"""The kinds on cases small enough to compute by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

from evaluator.errors import TaskError
from evaluator.kinds import Examples, clustering, pair_classification, ranking, retrieval, sts
from evaluator.kinds.pairs import first_of_each_pair, pair_similarities
from evaluator.suite import STS8
from evaluator.sweep.sound import check_embeddings
from tests.evaluator.kinds.rows import Rows, counts_of


def pair_examples(field: str, values: list[float]) -> Examples:
    return Examples(
        sides={"text": ["글"] * (2 * len(values))}, gold={field: values}, n=len(values), fingerprint="0" * 64
    )


def test_similarities_are_the_four_distances_and_the_models_own() -> None:
    found = pair_similarities(Rows([[3, 4], [1, 0]]), Rows([[4, 3], [0, 2]]), own="dot")
    assert found["cosine"].tolist() == [0.96, 0.0]
    assert found["dot"].tolist() == [24.0, 0.0]
    assert found["manhattan"].tolist() == [-2.0, -3.0]
    assert found["euclidean"].tolist() == [-1.414214, -2.236068]
    assert found["similarity"].tolist() == found["dot"].tolist()


def test_similarities_are_rounded_so_that_equal_texts_tie() -> None:
    noisy = pair_similarities(
        Rows([[0.1, 0.2, 0.3], [0.7, 0.5, 0.3]]), Rows([[0.1, 0.2, 0.3], [0.7, 0.5, 0.3]]), "cosine"
    )
    assert noisy["cosine"].tolist() == [1.0, 1.0]
    assert noisy["euclidean"].tolist() == [0.0, 0.0]
    assert not np.signbit(noisy["manhattan"]).any()


def test_a_zero_vector_is_at_cosine_zero() -> None:
    assert pair_similarities(Rows([[0, 0]]), Rows([[1, 0]]), "cosine")["cosine"].tolist() == [0.0]


def test_the_first_of_equal_pairs_stays_either_way_round() -> None:
    kept = first_of_each_pair(["가", "나", "가", "다", "가"], ["나", "가", "나", "다", "다"])
    assert kept == [0, 3, 4]


def test_sts_has_the_eight_correlations() -> None:
    pairs = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [1, 2], [0, 1]])
    samples = sts.samples(pair_examples("score", [5.0, 3.0, 0.0]), {"text": Rows(pairs)}, "cosine")
    metrics = sts.metrics(samples)
    assert len(metrics) == 8
    assert metrics["spearman"] == metrics["cosine_spearman"] == pytest.approx(1.0)
    assert metrics["euclidean_spearman"] == pytest.approx(0.5)  # distances 0, 2 and 1.41
    assert metrics["manhattan_spearman"] == pytest.approx(math.sqrt(3) / 2)  # distances 0, 2 and 2: a tie
    cosine = np.array([1, 1 / math.sqrt(5), 0])
    assert metrics["cosine_pearson"] == pytest.approx(np.corrcoef(cosine, [5, 3, 0])[0, 1], abs=1e-6)
    assert STS8.score(metrics) == pytest.approx(sum(metrics.values()) / 8)


def test_sts_of_equal_similarities_has_no_score() -> None:
    samples = sts.samples(pair_examples("score", [1.0, 2.0]), {"text": Rows([[1, 0]] * 4)}, "cosine")
    with pytest.raises(TaskError, match="same for all pairs") as caught:
        sts.metrics(samples)
    assert caught.value.failure == "bad_embeddings"


def test_pair_classification_by_hand() -> None:
    """Similarities 0.9 (positive), 0.8 (negative), 0.7 (positive), 0.1 (negative): AP = (1/1 + 2/3) / 2."""
    labels, values = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1])
    columns = {"gold": labels, "item": np.arange(4), **dict.fromkeys(pair_classification.SIMILARITIES, values)}
    metrics = pair_classification.metrics(columns)
    assert metrics["cosine_ap"] == metrics["max_ap"] == pytest.approx((1 + 2 / 3) / 2)
    assert metrics["cosine_accuracy"] == 0.75  # either after the first or after the third
    assert metrics["cosine_f1"] == pytest.approx(0.8)
    assert (metrics["cosine_precision"], metrics["cosine_recall"]) == (pytest.approx(2 / 3), 1.0)
    assert len(metrics) == 6 * 5


def test_tied_pairs_enter_together() -> None:
    labels, values = np.array([0, 1, 0]), np.array([1.0, 1.0, 0.0])
    assert pair_classification.best_thresholds(labels, values)["precision"] == 0.5
    columns = {"gold": labels, **dict.fromkeys(pair_classification.SIMILARITIES, values)}
    assert pair_classification.metrics(columns)["max_ap"] == 0.5


def test_clustering_of_separate_clouds_is_perfect_and_repeatable() -> None:
    generator = np.random.default_rng(0)
    centres = np.array([[10, 0], [0, 10], [-10, -10]])
    labels = ["경제", "과학", "체육"] * 20
    points = centres[[0, 1, 2] * 20] + generator.normal(0, 0.1, (60, 2))
    examples = Examples(
        sides={"text": ["글"] * 60}, gold={"label": labels, "protocol": None}, n=60, fingerprint="0" * 64
    )
    samples = clustering.samples(examples, {"text": Rows(points)}, "cosine")
    metrics = clustering.metrics(samples)
    assert metrics["v_measure"] == pytest.approx(1.0)
    assert metrics["v_measure_std"] == pytest.approx(0.0, abs=1e-9)
    assert len(samples["v_measure"]) == 10
    again = clustering.samples(examples, {"text": Rows(points)}, "cosine")
    assert np.array_equal(again["v_measure"], samples["v_measure"])


def test_query_metrics_by_hand() -> None:
    """Gains 0, 1, 0, 1 of three relevant documents."""
    metrics = ranking.query_metrics(np.array([0.0, 1.0, 0.0, 1.0]), [1, 1, 1])
    ideal_at_3 = 1 + 1 / math.log2(3) + 1 / 2
    assert metrics["ndcg_at_1"] == 0
    assert metrics["ndcg_at_3"] == pytest.approx(1 / math.log2(3) / ideal_at_3)
    assert metrics["ndcg_at_10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal_at_3)
    assert metrics["map_at_10"] == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert metrics["recall_at_3"] == pytest.approx(1 / 3)
    assert metrics["precision_at_10"] == pytest.approx(0.2)
    assert (metrics["mrr_at_1"], metrics["mrr_at_3"]) == (0.0, 0.5)
    assert (metrics["hit_rate_at_1"], metrics["hit_rate_at_3"]) == (0.0, 1.0)


def test_graded_relevance_gains_its_grade() -> None:
    metrics = ranking.query_metrics(np.array([1.0, 2.0]), [2, 1])
    assert metrics["ndcg_at_3"] == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_a_query_without_a_relevant_document_scores_zero() -> None:
    assert set(ranking.query_metrics(np.zeros(5), []).values()) == {0.0}


def test_ties_are_broken_by_document_id_descending() -> None:
    documents = Rows([[1, 0], [2, 0], [3, 0], [0, 1]])
    (found,) = ranking.search(Rows([[1, 0]]), documents, ["b", "d", "a", "c"], 10)
    assert found.found.tolist() == [1, 0, 2, 3]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 400), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_search_in_chunks_is_exact(queries: int, documents: int, depth: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    asked = generator.integers(-2, 3, (queries, 3)).astype(np.float32)  # few values: many ties
    corpus = generator.integers(-2, 3, (documents, 3)).astype(np.float32)
    ids = [f"문서{number}" for number in generator.permutation(documents)]
    scores = np.round(ranking.unit(asked) @ ranking.unit(corpus).T, ranking.DECIMALS)
    before = ranking.SCORES_AT_ONCE
    ranking.SCORES_AT_ONCE = queries * 7
    try:
        found = [best.found.tolist() for best in ranking.search(Rows(asked), Rows(corpus), ids, depth)]
    finally:
        ranking.SCORES_AT_ONCE = before
    for row, nearest in zip(scores, found, strict=True):
        best = sorted(range(documents), key=lambda index: (row[index], ids[index]), reverse=True)
        assert nearest == best[:depth]


def test_embeddings_that_say_nothing_are_refused() -> None:
    check_embeddings(Rows([[0, 1], [1, 0]]))
    with pytest.raises(TaskError, match=r"1 of 2 texts got NaN or infinite values"):
        check_embeddings(Rows([[0, 1], [np.inf, 0]]))
    with pytest.raises(TaskError, match="All 3 texts got the same vector"):
        check_embeddings(Rows([[0, 1]] * 3))


def test_retrieval_means_over_the_queries() -> None:
    examples = Examples(
        sides={"query": ["질문", "또 다른 질문"], "document": ["가", "나"]},
        gold={
            "queries": ["q1", "q2"],
            "documents": ["d1", "d2"],
            "relevant": {"q1": {"d1": 1}, "q2": {"d1": 1, "d2": 0}},
        },
        n=2,
        fingerprint="0" * 64,
    )
    embedded = {"query": Rows([[1, 0], [0, 1]]), "document": Rows([[1, 0], [0, 1]])}
    samples = retrieval.samples(examples, embedded, "dot")
    metrics = retrieval.metrics(samples)
    assert metrics["ndcg_at_5"] == pytest.approx((1 + 1 / math.log2(3)) / 2)
    assert metrics["accuracy"] == metrics["recall_at_1"] == 0.5
    assert samples["item"].tolist() == ["q1", "q2"]


# Bootstrap: a resample given as counts scores as the resample written out.


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 40), st.integers(0, 2**32 - 1))
def test_resampled_sts_equals_the_resample_written_out(count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    columns = {name: np.round(generator.normal(size=count), 1) for name in sts.SIMILARITIES}
    samples = {"item": np.arange(count), "gold": generator.integers(0, 5, count).astype(float), **columns}
    drawn = generator.integers(0, count, count)
    written = {name: values[drawn] for name, values in samples.items()}
    if any(np.ptp(written[name]) == 0 for name in ("gold", *sts.SIMILARITIES)):
        return
    resampled = sts.resampled_metrics(samples, counts_of(drawn, count), STS8.metrics)
    for name, value in sts.metrics(written).items():
        assert resampled[name][0] == pytest.approx(value)
    assert STS8.scores(resampled)[0] == pytest.approx(STS8.score(sts.metrics(written)))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_resampled_average_precision_equals_scikit_learns(count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels, values = generator.integers(0, 2, count), np.round(generator.normal(size=count), 1)
    drawn = generator.integers(0, count, count)
    found = pair_classification.weighted_average_precision(labels, values, counts_of(drawn, count).astype(float))
    if labels[drawn].any():
        assert found[0] == pytest.approx(average_precision_score(labels[drawn], values[drawn]))
    else:
        assert found[0] == 0


def test_weighted_ranks_share_ties() -> None:
    values = np.array([10.0, 20.0, 20.0, 30.0])
    ranks = sts.weighted_ranks(values, np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 1.0, 1.0]]))
    assert ranks[0].tolist() == [1.0, 2.5, 2.5, 4.0]
    assert ranks[1, [0, 2, 3]].tolist() == [1.5, 3.0, 4.0]
    assert spearmanr(ranks[0], values).statistic == pytest.approx(1.0)
