"""Pair classification: how well a threshold on the similarity tells positive pairs from negative ones."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluator.data import unordered_fingerprint
from evaluator.errors import TaskError
from evaluator.kinds import DUPLICATES, PAIR_LABELS, Examples, Samples, Shape
from evaluator.kinds.pairs import PAIR_COLUMNS, first_of_each_pair, pair_samples, same_pairs_together
from evaluator.suite import SIMILARITIES

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

SHAPES = {None: Shape(PAIR_COLUMNS)}
METRICS = ("accuracy", "f1", "precision", "recall", "ap")


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:
    """Pairs with the task's labels, 1 positive and 0 negative; of equal pairs the first, unless duplicates are kept.

    Raises:
        TaskError: data_unavailable, also where no pair, or only one class, is left.
    """
    columns = data.columns()
    text1, text2 = ([str(text) for text in columns[name]] for name in ("text1", "text2"))
    labels = data.numbers(columns["label"], int)
    known = task.labels if task.labels is not None else {0: 0, 1: 1}
    labelled = [i for i, label in enumerate(labels) if label in known]
    removed = {PAIR_LABELS: len(labels) - len(labelled)}
    fingerprint = unordered_fingerprint(
        same_pairs_together(
            [text1[i] for i in labelled],
            [text2[i] for i in labelled],
            [("negative", "positive")[known[labels[i]]] for i in labelled],
        )
    )
    kept = labelled
    if not keep_duplicates:
        unique = first_of_each_pair([text1[i] for i in labelled], [text2[i] for i in labelled])
        kept = [labelled[i] for i in unique]
        removed[DUPLICATES] = len(labelled) - len(kept)
    gold = [known[labels[i]] for i in kept]
    if set(gold) != {0, 1}:
        raise data.unexpected("no pairs of both classes")
    return Examples(
        sides={"text": [text1[i] for i in kept] + [text2[i] for i in kept]},
        gold={"label": gold},
        n=len(kept),
        fingerprint=fingerprint,
        removed={reason: count for reason, count in removed.items() if count},
    )


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:
    """One row a pair: its class and its similarities."""
    return pair_samples(embedded, examples.gold["label"], similarity)


def metrics(samples: Samples) -> dict[str, float]:
    """MTEB's metrics: average precision, and the best accuracy and F1 that one threshold reaches, by similarity.

    Equal similarities tie: they enter together. Source: scikit-learn's average_precision_score; MTEB's
    abstasks/pair_classification.py for which thresholds count (all but the one that lets every pair in).

    Raises:
        TaskError: bad_embeddings, a similarity is the same for all pairs.
    """
    from sklearn.metrics import average_precision_score

    labels = samples["gold"].astype(np.int64)
    found: dict[str, float] = {}
    for name in SIMILARITIES:
        values = samples[name]
        if np.ptp(values) == 0:
            raise TaskError("bad_embeddings", f"The {name} similarity is the same for all pairs, so nothing is ranked.")
        best = {**best_thresholds(labels, values), "ap": float(average_precision_score(labels, values))}
        found |= {f"{name}_{metric}": best[metric] for metric in METRICS}
    for metric in METRICS:
        found[f"max_{metric}"] = max(found[f"{name}_{metric}"] for name in SIMILARITIES)
    return found


def best_thresholds(labels: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """The highest accuracy, and the highest F1 with its precision and recall, over thresholds between two values."""
    order = np.argsort(-values, kind="stable")
    last_of_ties = np.flatnonzero(np.diff(values[order]) != 0)  # the last value has no threshold below it
    hits = np.cumsum(labels[order])[last_of_ties]
    above = last_of_ties + 1
    positives = int(labels.sum())
    negatives_below = (len(labels) - above) - (positives - hits)
    accuracy = (hits + negatives_below) / len(labels)
    precision, recall = hits / above, hits / positives
    f1 = np.divide(2 * precision * recall, precision + recall, out=np.zeros_like(precision), where=hits > 0)
    best = int(np.argmax(f1))
    return {
        "accuracy": float(accuracy.max()),
        "f1": float(f1[best]),
        "precision": float(precision[best]),
        "recall": float(recall[best]),
    }


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """The average precisions of each resample, (resamples,) by name."""
    weights = counts.astype(np.float64)
    known: dict[bytes, np.ndarray] = {}
    found: dict[str, np.ndarray] = {}
    for similarity in SIMILARITIES:
        if not {f"{similarity}_ap", "max_ap"} & set(names):
            continue
        values = samples[similarity]
        key = values.tobytes()  # the model's own similarity is one of the others
        if key not in known:
            known[key] = weighted_average_precision(samples["gold"], values, weights)
        found[f"{similarity}_ap"] = known[key]
    if "max_ap" in names:
        found["max_ap"] = np.max(list(found.values()), axis=0)
    return found


def weighted_average_precision(labels: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision of samples that hold pair i `weights[r, i]` times: the sum of (R_k - R_k-1) P_k over ties."""
    order = np.argsort(-values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) != 0])
    held = weights[:, order]
    positives = np.add.reduceat(held * labels[order], starts, axis=1)
    drawn = np.cumsum(np.add.reduceat(held, starts, axis=1), axis=1)
    hits = np.cumsum(positives, axis=1)
    precision = np.divide(hits, drawn, out=np.zeros_like(hits), where=drawn > 0)
    total = hits[:, -1]
    average: np.ndarray = np.divide(
        (positives * precision).sum(axis=1), total, out=np.zeros_like(total), where=total > 0
    )
    return average
