"""What the kinds that compare two texts share: which pairs count, and how similar two embeddings are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evaluator.kinds import Embedded, Samples

DECIMALS = 6
CHUNK = 1024

DISTANCES = ("cosine", "dot", "manhattan", "euclidean")
PAIR_COLUMNS = frozenset({"gold", "similarity", *DISTANCES})


def first_of_each_pair(text1: Sequence[str], text2: Sequence[str]) -> list[int]:
    """The indices to keep: of equal pairs the first, (A, B) being the same pair as (B, A)."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for index, (one, two) in enumerate(zip(text1, text2, strict=True)):
        pair = (one, two) if one <= two else (two, one)
        if pair not in seen:
            seen.add(pair)
            kept.append(index)
    return kept


def same_pairs_together(
    text1: Sequence[str], text2: Sequence[str], gold: Sequence[object]
) -> Iterator[tuple[object, ...]]:
    """The rows of which a fingerprint is taken that does not depend on their order: (text, text, gold).

    Equal pairs with different gold values are one row together, in their order, for the first of them is scored.
    """
    rows: dict[tuple[str, ...], list[tuple[str, str, object]]] = {}
    for one, two, truth in zip(text1, text2, gold, strict=True):
        rows.setdefault(tuple(sorted((one, two))), []).append((one, two, truth))
    for same in rows.values():
        if len({truth for _, _, truth in same}) > 1:
            yield tuple(value for row in same for value in row)
        else:
            yield from same


def pair_similarities(left: "Embedded", right: "Embedded", own: str) -> dict[str, np.ndarray]:
    """How similar the i-th embedding on the left is to the i-th on the right, (n,) float64 each, more is nearer.

    "cosine", "dot", "manhattan" and "euclidean" (negative distances), and "similarity": the model's own, which is
    the one of these that `own` names. Computed in float64 and rounded to 6 decimals, so that equal pairs of texts
    tie whatever the order of summation was. A zero vector is at cosine 0 from everything, as in scikit-learn.
    """
    columns: dict[str, list[np.ndarray]] = {name: [] for name in DISTANCES}
    for a, b in _chunks(left, right):
        norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        dot = np.einsum("ij,ij->i", a, b)
        columns["cosine"].append(np.divide(dot, norms, out=np.zeros_like(dot), where=norms > 0))
        columns["dot"].append(dot)
        columns["manhattan"].append(-np.abs(a - b).sum(axis=1))
        columns["euclidean"].append(-np.linalg.norm(a - b, axis=1))
    found = {name: _rounded(np.concatenate(parts)) for name, parts in columns.items()}
    return {"similarity": found[own], **found}


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.round(values, DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _chunks(left: "Embedded", right: "Embedded") -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, len(left), CHUNK):
        stop = min(start + CHUNK, len(left))
        yield left.rows(start, stop).astype(np.float64), right.rows(start, stop).astype(np.float64)


class Stacked:
    """The left or the right half of the embeddings of all pairs: kinds embed all first texts, then all second ones."""

    def __init__(self, embedded: "Embedded", first: int, count: int) -> None:
        self._embedded = embedded
        self._first = first
        self._count = count

    def __len__(self) -> int:
        return self._count

    def rows(self, start: int, stop: int) -> np.ndarray:
        return self._embedded.rows(self._first + start, self._first + stop)


def halves(embedded: "Embedded") -> tuple[Stacked, Stacked]:
    """The embeddings of the first and of the second texts."""
    count = len(embedded) // 2
    return Stacked(embedded, 0, count), Stacked(embedded, count, count)


def pair_samples(embedded: Mapping[str, "Embedded"], gold: Sequence[float], own: str) -> "Samples":
    """One row a pair: its number, its gold value and its similarities."""
    return {
        "item": np.array([str(index) for index in range(len(gold))], dtype=object),
        "gold": np.asarray(gold, dtype=np.float64),
        **pair_similarities(*halves(embedded["text"]), own),
    }
