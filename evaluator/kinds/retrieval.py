"""Retrieval: exact search over the whole corpus, measured as TREC does (trec_eval's nDCG, MAP, recall, precision)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluator.kinds import Examples, Samples
from evaluator.kinds.corpora import answered, beir, linked
from evaluator.kinds.ranking import (
    CUTOFFS,
    SHAPE,
    Ranking,
    best_of,
    metrics,
    places,
    ranking_samples,
    resampled_metrics,
    search,
    search_by,
)

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Compared, Embedded
    from evaluator.task import Task

__all__ = [
    "LAYOUTS",
    "SHAPES",
    "metrics",
    "rankings",
    "rankings_by",
    "rankings_of",
    "read",
    "resampled_metrics",
    "samples",
]

LAYOUTS = {None: beir, "linked": linked, "answered": answered}
"""How a data set holds queries and documents, by `Task.protocol`."""
SHAPES = dict.fromkeys(LAYOUTS, SHAPE)


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """Queries, corpus and relevance judgements. Queries without a judgement are left out, as in MTEB.

    Raises:
        TaskError: data_unavailable
    """
    return LAYOUTS[task.protocol](task, data).examples(data)


def rankings(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Iterator[Ranking]:  # noqa: ARG001
    """Each query's best documents. Similarity is the cosine, whatever the model's own is."""
    return search(embedded["query"], embedded["document"], examples.gold["documents"], max(CUTOFFS))


def rankings_of(examples: Examples, compared: "Compared") -> Iterator[Ranking]:
    """Each query's best documents, by the scores of a model that gives other things than one vector a text."""
    return search_by(compared.blocks(), examples.gold["documents"], max(CUTOFFS))


def rankings_by(examples: Examples, scores: Iterable[np.ndarray]) -> Iterator[Ranking]:
    """Each query's best documents by `scores`: of each query, those of all documents, (documents,).

    A document whose score is 0 shares nothing with the query, and is not found.
    """
    place = places(examples.gold["documents"])
    for of_query in scores:
        near = np.flatnonzero(of_query)
        best = best_of(of_query[near], place[near], max(CUTOFFS))
        yield Ranking(near[best.found], best.scores)


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:
    """One row a query: its id and its metrics at each cutoff."""
    return ranking_samples(examples, rankings(examples, embedded, similarity))
