"""Reranking: for each query a list of candidates is put in order by the model's own similarity, measured as retrieval.

Source: MTEB 2.26.24, `rerank_top_ranked_documents` in models/search_wrappers.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluator.kinds import Examples, Samples
from evaluator.kinds.corpora import beir, placed, table
from evaluator.kinds.ranking import (
    CUTOFFS,
    SHAPE,
    Ranking,
    metrics,
    ordered,
    places,
    ranking_samples,
    resampled_metrics,
    similarities,
)

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Compared, Embedded
    from evaluator.task import Task

SHAPES = {None: SHAPE}

__all__ = ["SHAPES", "metrics", "rankings", "rankings_by", "rankings_of", "read", "resampled_metrics", "samples"]


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


def rankings(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Iterator[Ranking]:
    """Each query's candidates, best first; ties by document id descending, as trec_eval breaks them."""
    queries, documents = embedded["query"], embedded["document"]

    def of(number: int, candidates: np.ndarray) -> np.ndarray:
        rows = np.concatenate([documents.rows(index, index + 1) for index in candidates])
        return similarities(queries.rows(number, number + 1), rows, similarity)[0]

    return _in_order(examples, of)


def rankings_of(examples: Examples, compared: "Compared") -> Iterator[Ranking]:
    """Each query's candidates, by the scores of a model that gives other things than one vector a text."""
    return _in_order(examples, compared.of)


def rankings_by(examples: Examples, scores: Iterable[np.ndarray]) -> Iterator[Ranking]:
    """Each query's candidates by `scores`: of each query, those of all documents, (documents,)."""
    of_queries = iter(scores)
    return _in_order(examples, lambda _, candidates: next(of_queries)[candidates])


def _in_order(examples: Examples, scores_of: Callable[[int, np.ndarray], np.ndarray]) -> Iterator[Ranking]:
    place = places(examples.gold["documents"])
    for number, found in enumerate(examples.gold["candidates"]):
        candidates = np.asarray(found, dtype=np.int64)
        scores = scores_of(number, candidates)
        order = ordered(scores, place[candidates])[: max(CUTOFFS)]
        yield Ranking(candidates[order], scores[order])


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:
    """One row a query: its id and its metrics at each cutoff."""
    return ranking_samples(examples, rankings(examples, embedded, similarity))
