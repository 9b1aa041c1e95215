"""What a task scores with smaller vectors, from the embeddings that it was scored with.

Each setting (`evaluator.evidence.compressing`) is scored as the task is: by its kind, its suites' rules, the model's
own similarity. All of a task's texts are stored alike, queries as well as documents.

Not every setting is made for every task: a curve is to cost a small part of what encoding costs. `affordable` says
which, by the kind of task and its size alone, so that all models have the same.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluator.errors import TaskError
from evaluator.evidence.bootstrap import resampled_scores
from evaluator.evidence.compressing import LENGTHS, RESCORED, Precision, Setting, Stored, calibration, settings
from evaluator.evidence.curve_file import DRAWS, Curve
from evaluator.kinds import Embedded, Examples, Samples, kind_of, ranking_kind_of
from evaluator.kinds.ranking import Ranking, ordered, places, ranking_samples, similarities
from evaluator.suite import MissingMetric, ScoreRule
from evaluator.task import Task

FEW_LENGTHS = (256,)
"""The lengths, besides the model's own, of tasks where each setting takes long."""

LARGE = 200_000
"""A task with more texts has `FEW_LENGTHS` alone: its search reads them all again for each setting."""

SLOW = frozenset({"classification", "clustering"})
"""Kinds that fit something to the vectors, ten times a setting: they have `FEW_LENGTHS` alone."""


def affordable(task: Task, examples: Examples, dimension: int) -> list[Setting]:
    """The settings that a task is scored in."""
    searched = task.kind == "retrieval"
    precisions: tuple[Precision, ...] = ("float32", "int8", "binary", *(("binary_rescored",) if searched else ()))
    few = task.kind in SLOW or sum(map(len, examples.sides.values())) > LARGE
    return settings(dimension, precisions, FEW_LENGTHS if few else LENGTHS)


def curves_of(
    task: Task,
    examples: Examples,
    embedded: Mapping[str, Embedded],
    similarity: str,
    samples: Samples,
    rules: Sequence[ScoreRule],
) -> dict[str, Curve]:
    """Rule id -> the task's curve by it; empty without rules.

    `samples` are those of the embeddings as they are: full float32 is not scored again. A setting without a score (all
    vectors are equal, say) is left out.
    """
    sides = {side: rows for side, rows in embedded.items() if len(rows)}
    if not rules or not sides:
        return {}
    dimension = int(next(iter(sides.values())).rows(0, 1).shape[1])
    ranges = calibration(sides.get("document", next(iter(sides.values()))))
    points: dict[str, dict[Setting, np.ndarray]] = {rule.id: {} for rule in rules}
    for setting in affordable(task, examples, dimension):
        full = setting == Setting(dimension, "float32")
        try:
            held = samples if full else _samples(task, examples, embedded, similarity, setting, ranges)
            metrics = kind_of(task).metrics(held)
            drawn = resampled_scores(task, held, rules, DRAWS)
            for rule in rules:
                scores = np.array([rule.score(metrics), *drawn[rule.id]], dtype=np.float32)
                if np.isfinite(scores).all():
                    points[rule.id][setting] = scores
        except (TaskError, MissingMetric):
            continue
    whole = Setting(dimension, "float32")
    return {rule_id: Curve(of_rule) for rule_id, of_rule in points.items() if whole in of_rule}


def _samples(
    task: Task,
    examples: Examples,
    embedded: Mapping[str, Embedded],
    similarity: str,
    setting: Setting,
    ranges: np.ndarray,
) -> Samples:
    smaller = {side: Stored(rows, setting, ranges) for side, rows in embedded.items()}
    if setting.precision != "binary_rescored":
        return kind_of(task).samples(examples, smaller, similarity)
    ranks = ranking_kind_of(task)
    assert ranks is not None
    exact = Setting(setting.dimension, "float32")
    floats = {side: Stored(rows, exact, ranges) for side, rows in embedded.items()}
    place = places(examples.gold["documents"])
    found = (
        _rescored(number, ranking, floats, place)
        for number, ranking in enumerate(ranks.rankings(examples, smaller, similarity))
    )
    return ranking_samples(examples, found)


def _rescored(number: int, ranking: Ranking, floats: Mapping[str, Embedded], place: np.ndarray) -> Ranking:
    """A query's first 100 documents in the order of the cosines of the float32 vectors, as retrieval ranks."""
    first = ranking.found[:RESCORED]
    asked, documents = floats["query"].rows(number, number + 1), floats["document"]
    scores = similarities(asked, _gathered(documents, first), "cosine")[0]
    order = ordered(scores, place[first])
    return Ranking(first[order], scores[order])


def _gathered(embedded: Embedded, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([embedded.rows(int(row), int(row) + 1) for row in rows])
