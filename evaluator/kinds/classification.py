"""Classification: what a logistic regression on the embeddings of a few labelled texts predicts.

Source: MTEB 2.26.24, abstasks/classification.py (AbsTaskClassification) and its `stratified_subsampling`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluator.data import fingerprint_of
from evaluator.kinds import Examples, Samples, Shape

if TYPE_CHECKING:
    from datasets import Dataset

    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

SEED = 42
EXPERIMENTS = 10
TEXTS_PER_LABEL = 8
MOST_ITERATIONS = 100
TRAIN = "train"
"""The split that the labelled texts are drawn from."""
DRAWN = 2_048
"""How many rows of a larger test split are scored, in the protocol "stratified"."""
PREDICTED = tuple(f"predicted_{experiment}" for experiment in range(EXPERIMENTS))
SHAPES = dict.fromkeys((None, "stratified"), Shape(frozenset({"gold", *PREDICTED})))


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """The texts to predict, and ten small training sets, drawn from the split "train".

    The protocol "stratified" scores 2,048 rows of a larger split, drawn with seed 42 so that each label keeps its share
    (`datasets.Dataset.train_test_split`, whose draw depends on the order of the labels' ids).

    Raises:
        TaskError: data_unavailable; also where there are fewer than two labels.
    """
    (split,) = task.data.splits
    test = data.split(task.data.config, split)
    train = test if split == TRAIN else data.split(task.data.config, TRAIN)
    (texts, names), (pool, pool_names) = (
        ([str(text) for text in data.column(rows, task.fields["text"])], data.names(rows, task.fields["label"]))
        for rows in (test, train)
    )
    number = {name: place for place, name in enumerate(_order(test, task.fields["label"], {*names, *pool_names}))}
    labels, pool_labels = [number[name] for name in names], [number[name] for name in pool_names]
    if len(set(labels)) < 2 or len(set(pool_labels)) < 2:
        raise data.unexpected("fewer than two labels")
    scored = drawn(labels, len(number)) if task.protocol == "stratified" else list(range(len(labels)))
    experiments = training_rows(pool_labels)
    union = sorted(set().union(*experiments))
    place = {row: position for position, row in enumerate(union)}
    return Examples(
        sides={"text": [*(pool[row] for row in union), *(texts[row] for row in scored)]},
        gold={
            "label": [labels[row] for row in scored],
            "experiments": [[place[row] for row in rows] for rows in experiments],
            "train_label": [pool_labels[row] for row in union],
        },
        n=len(scored),
        fingerprint=fingerprint_of(
            [TRAIN] * len(pool) + [split] * len(texts), pool + texts, pool_names + names, pool_labels + labels
        ),
    )


def _order(rows: "Dataset", column: str, names: set[str]) -> list[str]:
    """The labels in the order of their ids: as the data set has them, else integers by size, else as strings."""
    from datasets import ClassLabel

    feature = rows.features[column]
    if isinstance(feature, ClassLabel):
        return list(feature.names)
    return sorted(names, key=int) if str(getattr(feature, "dtype", "")).startswith(("int", "uint")) else sorted(names)


def drawn(labels: Sequence[int], classes: int) -> list[int]:
    """The rows of a test split that are scored: 2,048 in their drawn order, or all of a split that has no more."""
    if len(labels) <= DRAWN:
        return list(range(len(labels)))
    from datasets import ClassLabel, Dataset, Features, Value

    named = Features({"row": Value("int64"), "label": ClassLabel(num_classes=classes)})
    rows = Dataset.from_dict({"row": list(range(len(labels))), "label": list(labels)}, features=named)
    kept = rows.train_test_split(test_size=DRAWN, seed=SEED, stratify_by_column="label")["test"]
    return [int(row) for row in kept["row"]]


def training_rows(labels: Sequence[int]) -> list[list[int]]:
    """The rows of each experiment's training set, in drawn order: at most eight of a label.

    Each experiment shuffles the order that the one before has left, with a generator that starts anew. So the draw
    depends on the order of the whole split.
    """
    order = list(range(len(labels)))
    experiments = []
    for _ in range(EXPERIMENTS):
        np.random.RandomState(SEED).shuffle(order)
        counted: dict[int, int] = {}
        rows = []
        for row in order:
            if counted.get(labels[row], 0) < TEXTS_PER_LABEL:
                rows.append(row)
                counted[labels[row]] = counted.get(labels[row], 0) + 1
        experiments.append(rows)
    return experiments


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:  # noqa: ARG001
    """One row a test text: its label, and what each experiment predicts, as the numbers of the labels."""
    from sklearn.linear_model import LogisticRegression

    gold = examples.gold
    labelled = np.array(gold["train_label"])
    train = embedded["text"].rows(0, len(labelled))
    test = embedded["text"].rows(len(labelled), len(embedded["text"]))
    columns = {}
    for name, rows in zip(PREDICTED, gold["experiments"], strict=True):
        classifier = LogisticRegression(max_iter=MOST_ITERATIONS, random_state=SEED).fit(train[rows], labelled[rows])
        columns[name] = classifier.predict(test).astype(np.float64)
    return {
        "item": np.array([str(number) for number in range(examples.n)], dtype=object),
        "gold": np.array(gold["label"], dtype=np.float64),
        **columns,
    }


def metrics(samples: Samples) -> dict[str, float]:
    """MTEB's metrics, the mean over the experiments: accuracy (the main score), F1, precision and recall, each plain
    over the labels and weighted by their frequency; with two labels also the average precision of the predicted label.
    """
    gold = _numbers(samples, "gold")
    found: dict[str, list[float]] = {}
    for name in PREDICTED:
        for metric, value in _experiment(gold, _numbers(samples, name)).items():
            found.setdefault(metric, []).append(value)
    return {metric: float(np.mean(values)) for metric, values in found.items()}


def _numbers(samples: Samples, name: str) -> np.ndarray:
    """A column of labels as integers."""
    return np.rint(samples[name]).astype(np.int64)


def _experiment(gold: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support

    found = {"accuracy": float((gold == predicted).mean())}
    for average, suffix in (("macro", ""), ("weighted", "_weighted")):
        precision, recall, f1, _ = precision_recall_fscore_support(gold, predicted, average=average, zero_division=0)
        named = {"precision": precision, "recall": recall, "f1": f1}
        found |= {f"{metric}{suffix}": float(score) for metric, score in named.items()}
    present = np.unique(gold)
    if len(present) == 2:
        of_ranking = float(average_precision_score(gold == present[1], predicted))
        found |= {"ap": of_ranking, "ap_weighted": of_ranking}
    return found


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """The accuracy on each resample of the test texts, the mean over the experiments, (resamples,)."""
    if "accuracy" not in names:
        return {}
    gold = _numbers(samples, "gold")
    right = np.mean([_numbers(samples, name) == gold for name in PREDICTED], axis=0)
    return {"accuracy": counts @ right / counts.sum(axis=1)}
