"""Semantic textual similarity: correlations between gold scores and similarities."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluator.data import unordered_fingerprint
from evaluator.errors import TaskError
from evaluator.kinds import DUPLICATES, Examples, Samples, Shape
from evaluator.kinds.pairs import PAIR_COLUMNS, first_of_each_pair, pair_samples, same_pairs_together

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

SIMILARITIES = ("similarity", "cosine", "manhattan", "euclidean")
SHAPES = {None: Shape(PAIR_COLUMNS)}


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """Pairs and their gold scores; of equal pairs the first, unless duplicates are kept."""
    columns = data.columns()
    text1, text2 = ([str(text) for text in columns[name]] for name in ("text1", "text2"))
    gold = data.numbers(columns["score"], float)
    kept = range(len(gold)) if keep_duplicates else first_of_each_pair(text1, text2)
    removed = len(gold) - len(kept)
    return Examples(
        sides={"text": [text1[i] for i in kept] + [text2[i] for i in kept]},
        gold={"score": [gold[i] for i in kept]},
        n=len(kept),
        fingerprint=unordered_fingerprint(same_pairs_together(text1, text2, [round(score, 6) for score in gold])),
        removed={DUPLICATES: removed} if removed else {},
    )


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:
    """One row a pair: gold score and similarities."""
    return pair_samples(embedded, examples.gold["score"], similarity)


def metrics(samples: Samples) -> dict[str, float]:
    """MTEB's eight correlations.

    Raises:
        TaskError: bad_embeddings, a similarity is the same for all pairs and has no correlation.
    """
    from scipy.stats import pearsonr, spearmanr

    found = {}
    for name in SIMILARITIES:
        if np.ptp(samples[name]) == 0:
            raise TaskError(
                "bad_embeddings", f"The {name} similarity is the same for all pairs, so there is no correlation."
            )
        prefix = "" if name == "similarity" else f"{name}_"
        found[f"{prefix}pearson"] = float(pearsonr(samples["gold"], samples[name]).statistic)
        found[f"{prefix}spearman"] = float(spearmanr(samples["gold"], samples[name]).statistic)
    return found


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """The correlations of each resample, (resamples,) by name."""
    weights = counts.astype(np.float64)
    gold = samples["gold"]
    gold_ranks = weighted_ranks(gold, weights)
    known: dict[tuple[str, bytes], np.ndarray] = {}
    found: dict[str, np.ndarray] = {}
    for similarity in SIMILARITIES:
        values = samples[similarity]
        prefix = "" if similarity == "similarity" else f"{similarity}_"
        for correlation in ("pearson", "spearman"):
            if f"{prefix}{correlation}" not in names:
                continue
            key = correlation, values.tobytes()  # the model's own similarity is one of the others
            if key not in known and correlation == "pearson":
                known[key] = _correlation(gold[None, :], values[None, :], weights)
            elif key not in known:
                known[key] = _correlation(gold_ranks, weighted_ranks(values, weights), weights)
            found[f"{prefix}{correlation}"] = known[key]
    return found


def weighted_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Ranks of `values` (n,) in samples that hold value i `weights[r, i]` times; ties share their mean rank.

    Returns (resamples, n); the ranks of values that a sample does not hold mean nothing there and have weight 0.
    """
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) > 0])
    held = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks = np.cumsum(held, axis=1) - held + (held + 1) / 2
    group = np.empty(len(values), dtype=np.intp)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(values)]))
    return ranks[:, group]


def _correlation(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted Pearson correlation of each row of `x` with the same row of `y`; rows broadcast."""
    total = weights.sum(axis=1, keepdims=True)
    dx = x - (weights * x).sum(axis=1, keepdims=True) / total
    dy = y - (weights * y).sum(axis=1, keepdims=True) / total
    covariance = (weights * dx * dy).sum(axis=1)
    variances = (weights * dx * dx).sum(axis=1) * (weights * dy * dy).sum(axis=1)
    correlation: np.ndarray = np.divide(
        covariance, np.sqrt(variances), out=np.zeros_like(covariance), where=variances > 0
    )
    return correlation
