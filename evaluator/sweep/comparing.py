"""How models without a single vector a text score documents: MaxSim of token vectors, products of sparse vectors.

Both are exact, in float64, in pieces of bounded size, and rounded as the similarities of dense models are.
Source of MaxSim: Khattab and Zaharia, ColBERT (SIGIR 2020): the sum, over a query's vectors, of the largest dot product
with a vector of the document.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from evaluator.kinds import Compared
from evaluator.kinds.ranking import DECIMALS
from evaluator.sweep.ragged import RaggedRows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from evaluator.kinds import Embedded

NO_VECTORS = -1e9
"""The score of a document without a single vector: it comes last. sentence-transformers' own."""

QUERIES_AT_ONCE = 1024
SCORES_AT_ONCE = 2_000_000
"""Scores held at once: 16 MB."""

VALUES_AT_ONCE = 4_000_000
"""Of vectors, and of products of vectors, held at once on the CPU: 32 MB each."""

VALUES_ON_GPU = 64_000_000
"""The same on a GPU: 512 MB each."""


class _Compared(ABC):
    """Documents scored for some queries at a time, in blocks."""

    def __init__(self, queries: RaggedRows, documents: RaggedRows) -> None:
        self._queries = queries
        self._documents = documents

    def blocks(self) -> Iterator[tuple[int, Iterator[tuple[int, np.ndarray]]]]:
        """As `Compared.blocks`."""
        for start, stop in self._asked_together():
            yield stop - start, self._blocks_of(start, stop)

    def of(self, query: int, candidates: np.ndarray) -> np.ndarray:
        """As `Compared.of`."""
        asked = self._asked(query, query + 1)
        return np.round(np.concatenate([self._scores(asked, int(c), int(c) + 1)[0] for c in candidates]), DECIMALS)

    def _blocks_of(self, start: int, stop: int) -> Iterator[tuple[int, np.ndarray]]:
        asked = self._asked(start, stop)
        block = max(1, SCORES_AT_ONCE // (stop - start))
        for first in range(0, len(self._documents), block):
            last = min(first + block, len(self._documents))
            yield first, np.round(self._scores(asked, first, last), DECIMALS)

    @abstractmethod
    def _asked_together(self) -> Iterator[tuple[int, int]]:
        """Ranges of the queries that are asked together."""

    @abstractmethod
    def _asked(self, start: int, stop: int) -> Any:
        """Some queries, ready to be compared."""

    @abstractmethod
    def _scores(self, asked: Any, start: int, stop: int) -> np.ndarray:
        """Their scores of some documents, (queries, documents) float64."""


class MaxSim(_Compared):
    """Token vectors. `mean`: the sum is divided by the number of the query's vectors."""

    def __init__(self, queries: RaggedRows, documents: RaggedRows, device: str, *, mean: bool) -> None:
        super().__init__(queries, documents)
        self._mean = mean
        self._device = device if device.startswith("cuda") else None
        self._most = VALUES_ON_GPU if self._device else VALUES_AT_ONCE
        self._dimension = int(queries.item.shape[0])

    def _asked_together(self) -> Iterator[tuple[int, int]]:
        # a block of documents then has as many rows as fit: a query has few, and all documents are read once for each
        rows = min(self._most // self._dimension, 32 * QUERIES_AT_ONCE)
        for start, stop in self._queries.pieces(rows):
            for first in range(start, stop, QUERIES_AT_ONCE):
                yield first, min(first + QUERIES_AT_ONCE, stop)

    def _asked(self, start: int, stop: int) -> tuple[Any, np.ndarray]:
        rows, ends = self._queries.together(start, stop)
        return self._on_device(rows), ends

    def _on_device(self, rows: np.ndarray) -> Any:
        if self._device is None:
            return rows.astype(np.float64)
        import torch

        return torch.from_numpy(rows).to(self._device).double()

    def _scores(self, asked: tuple[Any, np.ndarray], start: int, stop: int) -> np.ndarray:
        queries, ends = asked
        rows = max(1, min(self._most // self._dimension, self._most // max(1, len(queries))))
        scores = np.empty((len(ends), stop - start))
        for first, last in self._documents.pieces(rows, start, stop):
            found, document_ends = self._documents.together(first, last)
            best = self._best(queries, self._on_device(found), document_ends)
            scores[:, first - start : last - start] = _sums(best, ends)
            empty = np.diff(document_ends, prepend=0) == 0
            scores[:, first - start : last - start][:, empty] = NO_VECTORS
        if self._mean:
            scores /= np.maximum(np.diff(ends, prepend=0), 1)[:, None]
        return scores

    def _best(self, queries: Any, documents: Any, ends: np.ndarray) -> np.ndarray:
        """Each document's largest product with each query's vector, (documents, vectors); 0 for one without any."""
        starts = np.concatenate([[0], ends[:-1]])
        if self._device is None:
            products = documents @ queries.T
            best = np.zeros((len(ends), len(queries)))
            for number, (start, stop) in enumerate(zip(starts, ends, strict=True)):
                if stop > start:
                    products[start:stop].max(axis=0, out=best[number])
            return best
        import torch

        products = documents @ queries.T
        lengths = torch.from_numpy(ends - starts).to(self._device)
        largest = torch.segment_reduce(products, "max", lengths=lengths, axis=0)
        return np.asarray(torch.where(torch.isinf(largest), 0.0, largest).cpu().numpy())


def _sums(best: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Of each query the sum over its vectors, (queries, documents)."""
    starts = np.concatenate([[0], ends[:-1]])
    sums = [best[:, start:stop].sum(axis=1) for start, stop in zip(starts, ends, strict=True)]
    return np.stack(sums)


class SparseProducts(_Compared):
    """Sparse vectors, by the model's own similarity: "dot" or "cosine"."""

    def __init__(self, queries: RaggedRows, documents: RaggedRows, dimension: int, *, cosine: bool) -> None:
        super().__init__(queries, documents)
        self._dimension = dimension
        self._cosine = cosine

    def _asked_together(self) -> Iterator[tuple[int, int]]:
        return self._queries.pieces(VALUES_AT_ONCE) if len(self._queries) <= QUERIES_AT_ONCE else self._few()

    def _few(self) -> Iterator[tuple[int, int]]:
        for first in range(0, len(self._queries), QUERIES_AT_ONCE):
            yield from self._queries.pieces(VALUES_AT_ONCE, first, min(first + QUERIES_AT_ONCE, len(self._queries)))

    def _asked(self, start: int, stop: int) -> "csr_array":
        return self._matrix(self._queries, start, stop)

    def _matrix(self, side: RaggedRows, start: int, stop: int) -> "csr_array":
        from scipy.sparse import csr_array

        pairs, ends = side.together(start, stop)
        values = pairs["value"].astype(np.float64)
        if self._cosine:
            counts = np.diff(ends, prepend=0)
            squares = np.add.reduceat(np.append(values**2, 0.0), ends - counts) * (counts > 0)
            values /= np.repeat(np.sqrt(np.where(squares > 0, squares, 1.0)), counts)
        return csr_array((values, pairs["index"], np.concatenate([[0], ends])), shape=(stop - start, self._dimension))

    def _scores(self, asked: "csr_array", start: int, stop: int) -> np.ndarray:
        scores = np.empty((asked.shape[0], stop - start))
        for first, last in self._documents.pieces(VALUES_AT_ONCE, start, stop):
            documents = self._matrix(self._documents, first, last)
            scores[:, first - start : last - start] = (documents @ asked.T.tocsr()).toarray().T
        return scores


def compared(
    sides: Mapping[str, "Embedded | RaggedRows"], similarity: str, device: str, dimension: int
) -> Compared | None:
    """How a model scores a task's documents for its queries; None where it gives one vector a text.

    `similarity` is its own, of token vectors "maxsim" or "meanmaxsim", of sparse vectors (of `dimension`) "dot" or
    "cosine".
    """
    if not all(isinstance(side, RaggedRows) for side in sides.values()):
        return None
    queries, documents = (cast(RaggedRows, sides[side]) for side in ("query", "document"))
    if similarity in ("maxsim", "meanmaxsim"):
        return MaxSim(queries, documents, device, mean=similarity == "meanmaxsim")
    return SparseProducts(queries, documents, dimension, cosine=similarity == "cosine")
