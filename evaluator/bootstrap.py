"""95 % intervals by percentile bootstrap: how much a score would move with other pairs or queries of the same kind."""

import zlib
from collections.abc import Mapping

import numpy as np

from evaluator.kinds import Samples, kind_of
from evaluator.suite import Suite
from evaluator.task import Task

RESAMPLES = 1000
SEED = 42
AT_ONCE = 100


def resampled_scores(task: Task, samples: Samples) -> np.ndarray:
    """The task's score on 1,000 resamples of its pairs, queries or experiments, (1000,); seeded by the task's id.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    generator = np.random.default_rng([SEED, zlib.crc32(task.id.encode())])
    count = len(samples["item"])
    kind = kind_of(task)
    parts = []
    for start in range(0, RESAMPLES, AT_ONCE):
        drawn = generator.integers(0, count, size=(min(AT_ONCE, RESAMPLES - start), count))
        drawn += np.arange(len(drawn))[:, None] * count
        counts = np.bincount(drawn.ravel(), minlength=len(drawn) * count).reshape(len(drawn), count)
        parts.append(kind.resampled_scores(samples, counts))
    return np.concatenate(parts)


def percentiles(scores: np.ndarray) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile."""
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def mean_intervals95(suite: Suite, by_task: Mapping[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """Category id, and "average" -> 95 % interval of the mean, each task's samples being drawn independently.

    Only means whose tasks are all there.
    """
    found: dict[str, tuple[float, float]] = {}
    categories = []
    for category in suite.categories:
        if all(task_id in by_task for task_id in category.task_ids):
            categories.append(np.mean([by_task[task_id] for task_id in category.task_ids], axis=0))
            found[category.id] = percentiles(categories[-1])
    if len(categories) == len(suite.categories):
        found["average"] = percentiles(np.mean(categories, axis=0))
    return found
