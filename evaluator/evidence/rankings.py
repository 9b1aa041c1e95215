"""The rankings file: what a model found for each query of its retrieval and reranking tasks, as parquet.

One table: `task`, `query`, `document`, `score`, `relevance`; of each query the first 100 documents, best first, and
after them, without a score, the relevant documents that are not among these. With the relevance of both, nDCG up to
100 can be computed from the file alone, of one model and of the fusion of two (`evaluator.evidence.fusion`).
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluator.evidence.writing import write_by_task
from evaluator.kinds import Examples, Samples
from evaluator.kinds.ranking import ranking_samples
from evaluator.reading import RANKINGS_BYTES, reading, table

if TYPE_CHECKING:
    import pyarrow as pa

    from evaluator.kinds.ranking import Ranking

DEPTH = 100
"""Documents that are kept of each query."""

MOST_ROWS = 5_000_000
"""Rows of all tasks of a result together."""

MOST_OF_A_QUERY = 5000
"""Rows of one query: the documents found, and the relevant ones that were not."""

MOST_RELEVANT = 1_000_000
"""No document's relevance is larger."""


@dataclass(frozen=True)
class Found:
    """What was found for one query. `documents` are ids, best first; `scores` (float32) are of the first of them, as
    many as were found; the relevance of each, 0 or more, is in `relevance`."""

    query: str
    documents: tuple[str, ...]
    scores: np.ndarray
    relevance: np.ndarray

    @property
    def ideal(self) -> list[int]:
        """The relevances of all relevant documents, the largest first."""
        return sorted((int(value) for value in self.relevance if value > 0), reverse=True)


Rankings = Mapping[str, Sequence[Found]]
"""Task id -> what was found for each of its queries, in the order of its samples."""


def keeping(examples: Examples, rankings: "Iterable[Ranking]", kept: list[Found]) -> "Iterator[Ranking]":
    """Lets the rankings of a task's queries pass, and puts what is to be kept of each into `kept`."""
    ids = examples.gold["documents"]
    for query, ranking in zip(examples.gold["queries"], rankings, strict=True):
        judged = {name: grade for name, grade in examples.gold["relevant"][query].items() if grade > 0}
        first = [ids[int(place)] for place in ranking.found[:DEPTH]]
        documents = (*first, *sorted(judged.keys() - set(first)))
        relevance = np.array([judged.get(name, 0) for name in documents], dtype=np.int32)
        kept.append(Found(str(query), documents, np.asarray(ranking.scores[:DEPTH], dtype=np.float32), relevance))
        yield ranking


def ranked_samples(examples: Examples, rankings: "Iterable[Ranking]") -> tuple[Samples, list[Found]]:
    """The samples of a task that ranks, one row a query, and what is kept of its rankings."""
    kept: list[Found] = []
    return ranking_samples(examples, keeping(examples, rankings, kept)), kept


def dump_rankings(rankings: Rankings) -> bytes:
    """The rankings file's content, sorted by task id. The same rankings give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[object]] = {"task": [], "query": [], "document": [], "score": [], "relevance": []}
    for task_id, queries in sorted(rankings.items()):
        for found in queries:
            rows = len(found.documents)
            columns["task"].extend([task_id] * rows)
            columns["query"].extend([found.query] * rows)
            columns["document"].extend(found.documents)
            columns["score"].extend([*found.scores.tolist(), *[None] * (rows - len(found.scores))])
            columns["relevance"].extend(found.relevance.tolist())
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns, schema=_schema()), buffer, compression="zstd", compression_level=9)
    return buffer.getvalue()


def write_rankings(rankings: Rankings, path: Path, *, onto: bool = False) -> None:
    """Write the rankings file; with `onto`, tasks that are in it already and not in `rankings` stay.

    Raises:
        ValueError: `onto`, and the file is not one of rankings.
    """
    write_by_task(rankings, path, load=load_rankings, dump=dump_rankings, onto=onto)


def load_rankings(content: bytes, name: str = "the rankings file") -> dict[str, list[Found]]:
    """Task id -> what was found for each query, as `dump_rankings` wrote it. `name` is for the error.

    Raises:
        ValueError: (BadFile) it is not a rankings file, too large, a query comes twice or names a document twice, a
            score is no finite number or better than the one before it, or a relevance is none.
    """
    with reading(name, content, RANKINGS_BYTES):
        read = table(content, MOST_ROWS)
        if read.schema.remove_metadata() != _schema():
            raise ValueError("not a rankings file: it has other columns")
        if any(read[column].null_count for column in ("task", "query", "document", "relevance")):
            raise ValueError("a row lacks its task, query, document or relevance")
        tasks, queries, documents = (read[column].to_pylist() for column in ("task", "query", "document"))
        scores = read["score"].to_numpy(zero_copy_only=False)
        unscored = read["score"].is_null().to_numpy(zero_copy_only=False)
        relevance = read["relevance"].to_numpy()
        if not np.isfinite(scores[~unscored]).all():
            raise ValueError("a score is no finite number")
        if len(relevance) and not 0 <= relevance.min() <= relevance.max() <= MOST_RELEVANT:
            raise ValueError("a relevance is none")
        found: dict[str, list[Found]] = {}
        seen: set[tuple[str, str]] = set()
        start = 0
        for stop in range(1, len(tasks) + 1):
            key = (tasks[start], queries[start])
            if stop < len(tasks) and (tasks[stop], queries[stop]) == key:
                continue
            if key in seen:
                raise ValueError(f"{key[0][:60]}: the query {key[1][:60]!r} comes twice")
            seen.add(key)
            rows = slice(start, stop)
            found.setdefault(key[0], []).append(
                _found(key[1], documents[rows], scores[rows], unscored[rows], relevance[rows])
            )
            start = stop
        return found


def _found(query: str, documents: list[str], scores: np.ndarray, unscored: np.ndarray, relevance: np.ndarray) -> Found:
    count = int((~unscored).sum())
    if len(documents) > MOST_OF_A_QUERY or count > DEPTH:
        raise ValueError(f"the query {query[:60]!r} has too many documents")
    if unscored[:count].any() or (np.diff(scores[:count]) > 0).any():
        raise ValueError(f"the documents of the query {query[:60]!r} are not in the order of their scores")
    if len(set(documents)) < len(documents):
        raise ValueError(f"the query {query[:60]!r} names a document twice")
    return Found(query, tuple(documents), scores[:count].astype(np.float32), relevance.astype(np.int32))


def _schema() -> "pa.Schema":
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("task", "query", "document")]
    return pa.schema([*texts, ("score", pa.float32()), ("relevance", pa.int32())])
