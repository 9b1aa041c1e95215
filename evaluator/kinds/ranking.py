"""What the kinds that rank documents share: exact search, candidates put in order, and TREC's metrics of a ranking."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluator.kinds import Examples, Samples, Shape, weighted_means

if TYPE_CHECKING:
    from evaluator.kinds import Embedded

CUTOFFS = (1, 3, 5, 10, 20, 100, 1000)
MEASURES = ("ndcg", "map", "recall", "precision", "mrr", "hit_rate")
SHAPE = Shape(frozenset(f"{measure}_at_{k}" for measure in MEASURES for k in CUTOFFS))
SCORES_AT_ONCE = 2_000_000
"""Similarities held at once: 16 MB, and as much again for each step of ranking them; the corpus may be any size."""
VALUES_AT_ONCE = 8_000_000
"""Of the documents' embeddings held at once: 64 MB, and as much again while they are scaled."""
DECIMALS = 10
"""Similarities are rounded so far before they are ranked: equal texts tie, whatever the order of summation was."""

Judgements = Mapping[str, Mapping[str, int]]
"""Query id -> document id -> relevance."""


@dataclass(frozen=True)
class Ranking:
    """One query's documents, best first: `found` are their places in the corpus, `scores` what they are ordered by."""

    found: np.ndarray
    scores: np.ndarray


def ranking_samples(examples: Examples, rankings: Iterable[Ranking]) -> Samples:
    """One row a query: its id and its metrics at each cutoff. `rankings` are those of the queries, in their order.

    A document's gain is its relevance, 0 where it is below 0 or not judged.
    """
    queries: Sequence[str] = examples.gold["queries"]
    ids: Sequence[str] = examples.gold["documents"]
    relevant: Judgements = examples.gold["relevant"]
    columns: dict[str, list[float]] = {f"{measure}_at_{k}": [] for measure in MEASURES for k in CUTOFFS}
    for query, ranking in zip(queries, rankings, strict=True):
        judged = relevant[query]
        gains = np.array([max(judged.get(ids[int(place)], 0), 0) for place in ranking.found], dtype=np.float64)
        ideal = sorted((gain for gain in judged.values() if gain > 0), reverse=True)
        for name, value in query_metrics(gains, ideal).items():
            columns[name].append(value)
    return {
        "item": np.array(queries, dtype=object),
        **{name: np.array(values) for name, values in columns.items()},
    }


def query_metrics(gains: np.ndarray, ideal: Sequence[int]) -> dict[str, float]:
    """One query's metrics at each cutoff, from the gains of its ranking and those of the ideal ranking, as trec_eval.

    nDCG discounts the gain at rank r by log2(r + 1); MAP and recall divide by the number of relevant documents.
    A query without a relevant document, or without any document, scores 0.
    """
    if not len(gains):
        return {f"{measure}_at_{k}": 0.0 for measure in MEASURES for k in CUTOFFS}
    hits = gains > 0
    discounts = np.log2(np.arange(2, max(CUTOFFS) + 2))
    discounted = np.cumsum(gains[: max(CUTOFFS)] / discounts[: len(gains)])
    best = np.cumsum(np.asarray(ideal[: max(CUTOFFS)], dtype=np.float64) / discounts[: len(ideal)])
    found = np.cumsum(hits)
    precision_at_hits = np.cumsum(hits * found / np.arange(1, len(hits) + 1))
    first_hit = int(np.argmax(hits)) if hits.any() else None
    metrics: dict[str, float] = {}
    for k in CUTOFFS:
        end = min(k, len(gains)) - 1
        hit = first_hit is not None and first_hit < k
        metrics[f"ndcg_at_{k}"] = float(discounted[end] / best[min(k, len(best)) - 1]) if ideal else 0.0
        metrics[f"map_at_{k}"] = float(precision_at_hits[end] / len(ideal)) if ideal else 0.0
        metrics[f"recall_at_{k}"] = float(found[end] / len(ideal)) if ideal else 0.0
        metrics[f"precision_at_{k}"] = float(found[end] / k)
        metrics[f"mrr_at_{k}"] = 1.0 / (first_hit + 1) if hit and first_hit is not None else 0.0
        metrics[f"hit_rate_at_{k}"] = float(hit)
    return metrics


def places(ids: Sequence[str]) -> np.ndarray:
    """The place of each id among all in ascending order, (n,) int64: by code points, as trec_eval compares bytes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = getattr(ids, "arrow", None)
    column = pa.chunked_array([pa.array(list(ids), pa.string())]) if column is None else column
    place = np.empty(len(ids), dtype=np.int64)
    place[pc.sort_indices(column).to_numpy()] = np.arange(len(ids))
    return place


def search(queries: "Embedded", documents: "Embedded", ids: Sequence[str], depth: int) -> Iterator[Ranking]:
    """For each query its `depth` nearest documents by cosine, best first; exact, in chunks.

    Ties are broken by document id descending, as trec_eval does.
    """
    return search_by(_cosines(queries, documents, min(depth, len(ids))), ids, depth)


Blocks = Iterator[tuple[int, Iterator[tuple[int, np.ndarray]]]]
"""As `Compared.blocks` gives them."""


def search_by(blocks: Blocks, ids: Sequence[str], depth: int) -> Iterator[Ranking]:
    """For each query its `depth` best documents by the scores in `blocks`, best first; ties as in `search`."""
    place = places(ids)
    depth = min(depth, len(ids))
    for count, of_documents in blocks:
        best = [_Best(place, depth) for _ in range(count)]
        for first, block in of_documents:
            for kept, scores in zip(best, block, strict=True):
                kept.take(scores, first)
        yield from (Ranking(kept.found, kept.scores) for kept in best)


def _cosines(queries: "Embedded", documents: "Embedded", depth: int) -> Blocks:
    step = max(1, min(len(queries), 1024))

    def blocks(asked: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        chunk = max(depth, min(SCORES_AT_ONCE // step, VALUES_AT_ONCE // asked.shape[1]))
        for first in range(0, len(documents), chunk):
            rows = unit(documents.rows(first, min(first + chunk, len(documents))))
            yield first, np.round(asked @ rows.T, DECIMALS)

    for start in range(0, len(queries), step):
        asked = unit(queries.rows(start, min(start + step, len(queries))))
        yield len(asked), blocks(asked)


class _Best:
    """The best documents of one query among those that it has seen, by score and then by id, both descending."""

    def __init__(self, place: np.ndarray, depth: int) -> None:
        self._place = place
        self._depth = depth
        self.scores = np.empty(0)
        self.found = np.empty(0, dtype=np.int64)

    def take(self, scores: np.ndarray, first: int) -> None:
        """See the scores of the documents `first`, `first` + 1, ...; what cannot be among the best is not sorted."""
        if len(self.scores) == self._depth:
            near = np.flatnonzero(scores >= self.scores[-1])
        elif len(scores) > self._depth:
            near = np.flatnonzero(scores >= np.partition(scores, len(scores) - self._depth)[-self._depth])
        else:
            near = np.arange(len(scores))
        if not len(near):
            return
        found = np.concatenate([self.found, near + first])
        held = np.concatenate([self.scores, scores[near]])
        order = ordered(held, self._place[found])[: self._depth]
        self.scores, self.found = held[order], found[order]


def best_of(scores: np.ndarray, place: np.ndarray, depth: int) -> Ranking:
    """The `depth` best of all documents, whose scores are given; ties as in `search`."""
    best = _Best(place, min(depth, len(scores)))
    if len(scores):
        best.take(scores, 0)
    return Ranking(best.found, best.scores)


def ordered(scores: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The order by score and then by the id's place, both descending."""
    return np.lexsort((-place, -scores))


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, float64; zero vectors stay zero."""
    rows = rows.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: np.ndarray = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return scaled


def similarities(left: np.ndarray, right: np.ndarray, own: str) -> np.ndarray:
    """The model's own similarity of each row on the left to each on the right, (n, m) float64, more is nearer.

    `own` is "cosine", "dot", "manhattan" or "euclidean" (negative distances). Rounded to 10 decimals.
    """
    if own == "cosine":
        found = unit(left) @ unit(right).T
    elif own == "dot":
        found = left.astype(np.float64) @ right.astype(np.float64).T
    else:
        from scipy.spatial.distance import cdist

        metric = {"manhattan": "cityblock", "euclidean": "euclidean"}[own]
        found = -cdist(left.astype(np.float64), right.astype(np.float64), metric)
    rounded: np.ndarray = np.round(found, DECIMALS)
    return rounded


def metrics(samples: Samples) -> dict[str, float]:
    """Means over the queries, under MTEB's names; "accuracy" is recall at 1, as there."""
    found = {f"{measure}_at_{k}": float(samples[f"{measure}_at_{k}"].mean()) for measure in MEASURES for k in CUTOFFS}
    return {**found, "accuracy": found["recall_at_1"]}


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """Means over each resample of the queries, (resamples,) by name."""
    return weighted_means(samples, counts, names)
