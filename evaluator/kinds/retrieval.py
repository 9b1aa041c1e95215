"""Retrieval: exact search over the whole corpus, measured as TREC does (trec_eval's nDCG, MAP, recall, precision)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evaluator.kinds import Examples, Samples
from evaluator.kinds.corpora import answered, beir, linked
from evaluator.kinds.ranking import CUTOFFS, SHAPE, metrics, ranking_samples, resampled_metrics, search

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

__all__ = ["LAYOUTS", "SHAPES", "metrics", "read", "resampled_metrics", "samples"]

LAYOUTS = {None: beir, "linked": linked, "answered": answered}
"""How a data set holds queries and documents, by `Task.protocol`."""
SHAPES = dict.fromkeys(LAYOUTS, SHAPE)


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """Queries, corpus and relevance judgements. Queries without a judgement are left out, as in MTEB.

    Raises:
        TaskError: data_unavailable
    """
    return LAYOUTS[task.protocol](task, data).examples(data)


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:  # noqa: ARG001
    """One row a query: its id and its metrics at each cutoff. Similarity is the cosine, whatever the model's own is."""
    gold = examples.gold
    rankings = search(embedded["query"], embedded["document"], gold["documents"], max(CUTOFFS))
    return ranking_samples(gold["queries"], gold["documents"], gold["relevant"], rankings)
