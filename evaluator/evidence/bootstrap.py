"""95 % intervals by percentile bootstrap: how much a score would move with other pairs or queries of the same kind."""

import zlib
from collections.abc import Iterable, Mapping

import numpy as np

from evaluator.kinds import Samples, kind_of
from evaluator.suite import ScoreRule, Suite
from evaluator.task import Task

RESAMPLES = 1000
SEED = 42
AT_ONCE = 100

Replicates = Mapping[tuple[str, str], np.ndarray]
"""(task id, rule id) -> the score on each resample, (1000,)."""


def resampled_scores(
    task: Task, samples: Samples, rules: Iterable[ScoreRule], resamples: int = RESAMPLES
) -> dict[str, np.ndarray]:
    """Rule id -> the task's score on the first `resamples` of 1,000 resamples of its pairs, queries or experiments.

    Seeded by the task's id alone: the scores of all rules, and of all models, are of the same resamples. Whole
    hundreds of resamples are asked for: they are drawn a hundred at a time.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    wanted = tuple(rules)
    names = {name for rule in wanted for name in rule.metrics}
    generator = np.random.default_rng([SEED, zlib.crc32(task.id.encode())])
    count = len(samples["item"])
    kind = kind_of(task)
    parts: dict[str, list[np.ndarray]] = {rule.id: [] for rule in wanted}
    for start in range(0, resamples, AT_ONCE):
        drawn = generator.integers(0, count, size=(min(AT_ONCE, resamples - start), count))
        drawn += np.arange(len(drawn))[:, None] * count
        counts = np.bincount(drawn.ravel(), minlength=len(drawn) * count).reshape(len(drawn), count)
        metrics = kind.resampled_metrics(samples, counts, names)
        for rule in wanted:
            parts[rule.id].append(rule.scores(metrics))
    return {rule_id: np.concatenate(scores) for rule_id, scores in parts.items()}


def percentiles(scores: np.ndarray) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile."""
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def mean_replicates(suite: Suite, replicates: Replicates) -> dict[str, np.ndarray]:
    """Category id, and "overall" -> the mean's value on each resample, (1000,); only means of which no task is missing.

    The tasks' resamples were drawn independently of each other, so adding them up by number is right.
    """
    scores = {task_id: replicates.get((task_id, rule.id)) for task_id, rule in suite.rules.items()}
    return suite.means(scores, lambda values, weights: np.average(np.stack(values), axis=0, weights=weights))


def mean_intervals95(suite: Suite, replicates: Replicates) -> dict[str, tuple[float, float]]:
    """Category id, and "overall" -> the 95 % interval of the mean; only means of which no task is missing."""
    return {name: percentiles(values) for name, values in mean_replicates(suite, replicates).items()}
