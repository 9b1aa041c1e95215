"""Reranking: for each query a list of candidates is put in order by the model's own similarity, measured as retrieval.

Source: MTEB 2.26.24, `rerank_top_ranked_documents` in models/search_wrappers.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluator.kinds import Examples, Samples
from evaluator.kinds.corpora import beir, placed, table
from evaluator.kinds.ranking import (
    CUTOFFS,
    SHAPE,
    metrics,
    ordered,
    places,
    ranking_samples,
    resampled_metrics,
    similarities,
)

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

SHAPES = {None: SHAPE}

__all__ = ["SHAPES", "metrics", "read", "resampled_metrics", "samples"]


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """A data set in BEIR layout with the candidates of each query: the config "top_ranked" (query-id, corpus-ids).

    Queries without a judgement are left out, as in MTEB. One whose candidates have no relevant document scores 0.

    Raises:
        TaskError: data_unavailable; also where a candidate is not in the corpus, or a query has no list.
    """
    corpus = beir(task, data)
    prefix = f"{task.data.config}-" if task.data.config else ""
    lists = table(data, f"{prefix}top_ranked", task.data.splits[0], ("query-id", "corpus-ids"))
    named = {
        str(query): list(dict.fromkeys(map(str, names)))
        for query, names in zip(lists["query-id"], lists["corpus-ids"], strict=True)
    }
    place = placed(corpus.ids, {name for names in named.values() for name in names})
    if lost := {name for names in named.values() for name in names} - place.keys():
        raise data.unexpected(f"{len(lost)} candidates that are not in its corpus")
    judged = {query for query, _, _ in corpus.judgements}
    if lacking := sorted(query for query in judged if not named.get(query)):
        raise data.unexpected(f"no candidates for {len(lacking)} queries, {lacking[0]!r} being the first")
    return corpus.examples(data, {query: [place[name] for name in names] for query, names in named.items()})


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:
    """One row a query: its id and its metrics at each cutoff."""
    gold = examples.gold
    rankings = _rankings(
        embedded["query"], embedded["document"], gold["candidates"], places(gold["documents"]), similarity
    )
    return ranking_samples(gold["queries"], gold["documents"], gold["relevant"], rankings)


def _rankings(
    queries: "Embedded", documents: "Embedded", candidates: Sequence[Sequence[int]], place: np.ndarray, own: str
) -> Iterator[np.ndarray]:
    """Each query's candidates, best first; ties by document id descending, as trec_eval breaks them."""
    for number, found in enumerate(candidates):
        of_query = np.asarray(found, dtype=np.int64)
        rows = np.concatenate([documents.rows(index, index + 1) for index in found])
        scores = similarities(queries.rows(number, number + 1), rows, own)[0]
        yield of_query[ordered(scores, place[of_query])][: max(CUTOFFS)]
