"""Fusions: equal to a plain implementation, and what has to hold of any of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.evidence.fusion import METHODS, Method, NotPaired, fused, fused_all, hybrids, samples_of
from evaluator.evidence.rankings import DEPTH, Found
from evaluator.suite import NDCG_5_10, NDCG_10
from evaluator.tasks import discovered_tasks

GRADES = {f"d{number}": number % 3 for number in range(0, 150, 7)}


def found_of(order: list[int], scores: list[float], query: str = "q") -> Found:
    ranked = sorted(zip(scores, [f"d{number}" for number in order], strict=True), reverse=True)[:DEPTH]
    names = [name for _, name in ranked]
    missed = sorted(name for name, grade in GRADES.items() if grade and name not in names)
    documents = (*names, *missed)
    relevance = np.array([GRADES.get(name, 0) for name in documents], dtype=np.int32)
    return Found(query, documents, np.array([score for score, _ in ranked], dtype=np.float32), relevance)


@st.composite
def rankings(draw: st.DrawFn) -> Found:
    order = draw(st.lists(st.integers(0, 150), unique=True, max_size=130))
    scores = draw(st.lists(st.integers(-20, 20).map(lambda value: value / 4), min_size=len(order), max_size=len(order)))
    return found_of(order, scores)


def plainly(one: Found, other: Found, method: Method) -> list[str]:
    """The fusion as its definition says, from dictionaries of ranks and scores."""
    scored = [
        dict(zip(each.documents[: len(each.scores)], map(float, each.scores), strict=True)) for each in (one, other)
    ]
    ranked = [{name: place for place, name in enumerate(each, start=1)} for each in scored]
    totals = {}
    for name in {*scored[0], *scored[1]}:
        total = 0.0
        for scores, ranks in zip(scored, ranked, strict=True):
            if name not in scores:
                continue
            low, high = min(scores.values()), max(scores.values())
            scaled = 1.0 if low == high else (scores[name] - low) / (high - low)
            total += 1 / (60 + ranks[name]) if method == "rrf" else 0.5 * scaled
        totals[name] = round(total, 10)
    return sorted(totals, key=lambda name: (totals[name], name), reverse=True)[:DEPTH]


@settings(max_examples=120, deadline=None)
@given(rankings(), rankings())
@pytest.mark.parametrize("method", METHODS)
def test_a_fusion_is_the_plain_one_and_does_not_know_which_side_is_which(
    method: Method, one: Found, other: Found
) -> None:
    both = fused(one, other, method)
    assert list(both.documents[: len(both.scores)]) == plainly(one, other, method)
    assert both.ideal == one.ideal
    turned = fused(other, one, method)
    assert turned.documents == both.documents
    assert (np.diff(both.scores) <= 1e-6).all()


@settings(max_examples=40, deadline=None)
@given(rankings())
@pytest.mark.parametrize("method", METHODS)
def test_a_ranking_with_itself_or_with_none_stays_in_its_order(method: Method, one: Found) -> None:
    nothing = found_of([], [])
    for other in (one, nothing):
        assert fused(one, other, method).documents == one.documents


def test_what_is_not_of_one_query_is_not_fused() -> None:
    one = found_of([1, 7], [2.0, 1.0])
    with pytest.raises(NotPaired):
        fused(one, found_of([1, 7], [2.0, 1.0], query="p"), "rrf")
    graded = Found(one.query, one.documents, one.scores, one.relevance + 1)
    with pytest.raises(NotPaired, match="relevance"):
        fused(one, graded, "rrf")
    with pytest.raises(NotPaired):
        fused_all([one], [], "rrf")


def test_the_gain_is_paired() -> None:
    task = discovered_tasks()["AutoRAGRetrieval"]
    generator = np.random.default_rng(3)
    queries = [f"q{number}" for number in range(30)]
    one, other = (
        [found_of(list(range(150)), generator.normal(size=150).tolist(), query) for query in queries] for _ in range(2)
    )
    found = hybrids(task, one, other, (NDCG_5_10, NDCG_10), "rrf")
    hybrid = found[NDCG_5_10.id]
    alone, together = samples_of(one), samples_of(fused_all(one, other, "rrf"))
    mean = [(float(each["ndcg_at_5"].mean()) + float(each["ndcg_at_10"].mean())) / 2 for each in (alone, together)]
    assert (hybrid.score, hybrid.gain) == pytest.approx((mean[1], mean[1] - mean[0]))
    assert hybrid.gain_interval[0] <= hybrid.gain <= hybrid.gain_interval[1]
    same = hybrids(task, one, one, (NDCG_10,), "convex")[NDCG_10.id]
    assert same.gain == 0
    assert not same.gains.any()
