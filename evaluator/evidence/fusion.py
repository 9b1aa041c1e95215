"""Two rankings of the same queries -> one: what a search engine gains that asks both. Pure.

- Reciprocal rank fusion: a document's score is the sum of 1 / (60 + its rank) over the rankings that have it.
  Source: Cormack, Clarke and Buettcher, Reciprocal Rank Fusion (SIGIR 2009), which also gives k = 60.
- Convex combination: the scores of each query's documents are brought to 0..1 by their smallest and largest (all equal:
  1), a ranking that lacks a document gives it 0, and both weigh a half. The half is fixed beforehand; nothing is tuned
  on the tasks. Source: Bruch, Gai and Ingber, An Analysis of Fusion Functions for Hybrid Retrieval (TOIS 2023).

Both see the 100 documents a query that are kept (`evaluator.evidence.rankings`), and no others. Ties are broken by
document id descending, as everywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from evaluator.evidence.bootstrap import percentiles, resampled_scores
from evaluator.evidence.rankings import DEPTH, Found
from evaluator.kinds import Samples
from evaluator.kinds.ranking import CUTOFFS, query_metrics
from evaluator.suite import ScoreRule
from evaluator.task import Task

Method = Literal["rrf", "convex"]
METHODS: tuple[Method, ...] = get_args(Method)

K = 60
WEIGHT = 0.5
DECIMALS = 10
"""Fused scores are rounded so far before they are ranked: neither side's order of summation matters."""


class NotPaired(ValueError):
    """Two rankings are not of the same queries and documents."""


def fused(one: Found, other: Found, method: Method) -> Found:
    """One query's documents by both rankings, the best 100, and after them the relevant ones that are not among these.

    Raises:
        NotPaired: they are of different queries, or a document's relevance is another in each.
    """
    grades = dict(zip(one.documents, one.relevance.tolist(), strict=True))
    for name, grade in zip(other.documents, other.relevance.tolist(), strict=True):
        if grades.setdefault(name, grade) != grade:
            raise NotPaired(f"the relevance of {name[:60]!r} for {one.query[:60]!r} differs")
    if one.query != other.query or one.ideal != other.ideal:
        raise NotPaired(f"{one.query[:60]!r} and {other.query[:60]!r} are not one query")
    scores: dict[str, float] = {}
    for ranking in (one, other):
        for name, part in zip(ranking.documents, _parts(ranking, method), strict=False):
            scores[name] = scores.get(name, 0.0) + part
    best = sorted(scores, key=lambda name: (round(scores[name], DECIMALS), name), reverse=True)[:DEPTH]
    missed = sorted(name for name, grade in grades.items() if grade > 0 and name not in set(best))
    documents = (*best, *missed)
    return Found(
        query=one.query,
        documents=documents,
        scores=np.array([scores[name] for name in best], dtype=np.float32),
        relevance=np.array([grades[name] for name in documents], dtype=np.int32),
    )


def _parts(ranking: Found, method: Method) -> list[float]:
    """What each document that was found gets of one ranking."""
    if method == "rrf":
        return [1 / (K + rank) for rank in range(1, len(ranking.scores) + 1)]
    scores = ranking.scores.astype(np.float64)
    if not len(scores):
        return []
    low, high = scores.min(), scores.max()
    scaled = (scores - low) / (high - low) if high > low else np.ones(len(scores))
    return [WEIGHT * float(value) for value in scaled]


def fused_all(one: Sequence[Found], other: Sequence[Found], method: Method) -> list[Found]:
    """The fusion of each query of a task.

    Raises:
        NotPaired
    """
    if [each.query for each in one] != [each.query for each in other]:
        raise NotPaired("they are of different queries")
    return [fused(mine, theirs, method) for mine, theirs in zip(one, other, strict=True)]


def samples_of(found: Sequence[Found]) -> Samples:
    """One row a query: its id and its metrics at the cutoffs up to 100, from the rankings alone."""
    rows = [
        query_metrics(each.relevance[: len(each.scores)].astype(np.float64), each.ideal) if each.documents else None
        for each in found
    ]
    names = [name for name in query_metrics(np.zeros(0), []) if int(name.rpartition("_")[2]) in _KEPT]
    return {
        "item": np.array([each.query for each in found], dtype=object),
        **{name: np.array([row[name] if row else 0.0 for row in rows]) for name in names},
    }


_KEPT = frozenset(k for k in CUTOFFS if k <= DEPTH)


@dataclass(frozen=True)
class Hybrid:
    """The score of a fusion, -1..1, its gain over the first ranking alone, and both on the bootstrap's resamples."""

    score: float
    gain: float
    scores: np.ndarray
    gains: np.ndarray

    @property
    def interval(self) -> tuple[float, float]:
        """The score's 95 % interval."""
        return percentiles(self.scores)

    @property
    def gain_interval(self) -> tuple[float, float]:
        """The gain's 95 % interval: a paired bootstrap, since both scores are of the same resamples."""
        return percentiles(self.gains)


def hybrids(
    task: Task, one: Sequence[Found], other: Sequence[Found], rules: Iterable[ScoreRule], method: Method
) -> dict[str, Hybrid]:
    """Rule id -> what the fusion of two rankings scores by it; only rules whose metrics a ranking of 100 decides.

    Raises:
        NotPaired
    """
    alone, together = samples_of(one), samples_of(fused_all(one, other, method))
    possible = [rule for rule in rules if all(name in together for name in rule.metrics)]
    if not possible or not len(one):
        return {}
    before, after = (resampled_scores(task, samples, possible) for samples in (alone, together))
    found: dict[str, Hybrid] = {}
    for rule in possible:
        first, second = (rule.score({n: float(s[n].mean()) for n in rule.metrics}) for s in (alone, together))
        found[rule.id] = Hybrid(second, second - first, after[rule.id], after[rule.id] - before[rule.id])
    return found
