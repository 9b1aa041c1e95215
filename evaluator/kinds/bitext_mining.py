"""Bitext mining: for each sentence the most similar one of the other language, which should be its translation."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluator.data import unordered_fingerprint
from evaluator.kinds import Examples, Samples, Shape
from evaluator.kinds.pairs import halves
from evaluator.kinds.ranking import similarities

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

SHAPES = {None: Shape(frozenset({"gold", "chosen"}))}
METRICS = ("precision", "recall", "f1")
CHUNK = 512


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """Sentences and their translations, as they are: line ends stay, and equal sentences too, as in MTEB."""
    columns = data.columns()
    text1, text2 = ([str(text) for text in columns[name]] for name in ("text1", "text2"))
    fingerprint = unordered_fingerprint(zip(text1, text2, strict=True))
    return Examples(sides={"text": [*text1, *text2]}, gold={}, n=len(text1), fingerprint=fingerprint)


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:
    """One row a sentence: the number of its translation (its own), and that of the sentence nearest to it.

    Nearest by the model's own similarity; of equally near ones the first.
    """
    left, right = halves(embedded["text"])
    everything = right.rows(0, len(right))
    chosen = [
        similarities(left.rows(start, min(start + CHUNK, len(left))), everything, similarity).argmax(axis=1)
        for start in range(0, len(left), CHUNK)
    ]
    return {
        "item": np.array([str(number) for number in range(examples.n)], dtype=object),
        "gold": np.arange(examples.n, dtype=np.float64),
        "chosen": np.concatenate(chosen).astype(np.float64),
    }


def metrics(samples: Samples) -> dict[str, float]:
    """Precision, recall and F1 weighted by how often each sentence is a translation, and accuracy; the main one is F1.

    Source: scikit-learn's precision_recall_fscore_support with average="weighted" and zero_division=0.
    """
    once = np.ones((1, len(samples["gold"])))
    return {name: float(values[0]) for name, values in _weighted(samples, once).items()}


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """The metrics of each resample of the sentences, (resamples,) by name: what each chose stays as it is."""
    found = _weighted(samples, counts.astype(np.float64))
    return {name: values for name, values in found.items() if name in names}


def _weighted(samples: Samples, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics of samples that hold sentence i `weights[r, i]` times, (resamples,) by name."""
    count = len(samples["gold"])
    classes, numbers = np.unique(np.concatenate([samples["gold"], samples["chosen"]]), return_inverse=True)
    gold, chosen = numbers[:count], numbers[count:]
    hit = (gold == chosen).astype(np.float64)
    true, wanted, given = (
        _by_class(held, of_class, len(classes))
        for held, of_class in ((weights * hit, gold), (weights, gold), (weights, chosen))
    )
    parts = {
        "precision": _ratio(true, given),
        "recall": _ratio(true, wanted),
        "f1": _ratio(2 * true, wanted + given),
    }
    total = weights.sum(axis=1)
    found = {name: (wanted * part).sum(axis=1) / total for name, part in parts.items()}
    return {**found, "accuracy": (weights * hit).sum(axis=1) / total}


def _by_class(weights: np.ndarray, of_class: np.ndarray, classes: int) -> np.ndarray:
    """(resamples, classes): the weights of the rows of each class, added up."""
    return np.stack([np.bincount(of_class, weights=row, minlength=classes) for row in weights])


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return ratio
