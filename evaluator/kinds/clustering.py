"""Clustering: how well k-means on the embeddings finds the labels. MTEB's protocol (abstasks/clustering.py)."""

import random
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluator.data import fingerprint_of
from evaluator.kinds import Examples, Samples, weighted_means

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

SEED = 42
EXPERIMENTS = 10
SENTENCES_PER_EXPERIMENT = 16_384
BATCH = 512
COLUMNS = frozenset({"v_measure", "ami"})
ITEMS = EXPERIMENTS


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """All sentences and their labels, in the order of the data set."""
    columns = data.columns()
    texts = [str(text) for text in columns["text"]]
    labels = [str(label) for label in columns["label"]]
    if len(set(labels)) < 2:
        raise data.unexpected("fewer than two labels")
    return Examples(
        sides={"text": texts}, gold={"label": labels}, n=len(texts), fingerprint=fingerprint_of(texts, labels)
    )


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:  # noqa: ARG001
    """One row an experiment: V-measure and adjusted mutual information.

    The sentences are put in a seeded random order; each experiment draws 16,384 of them with replacement from the
    same generator and clusters them with mini-batch k-means into as many clusters as there are labels.
    """
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import adjusted_mutual_info_score, v_measure_score

    generator = random.Random(SEED)
    count = len(embedded["text"])
    order = generator.sample(range(count), k=count)
    embeddings = embedded["text"].rows(0, count)[order]
    labels = np.unique(np.array(examples.gold["label"]), return_inverse=True)[1][order]
    k_means = MiniBatchKMeans(
        n_clusters=int(labels.max()) + 1, batch_size=BATCH, init="k-means++", n_init=1, random_state=SEED
    )
    v_measures, mutual_information = [], []
    for _ in range(EXPERIMENTS):
        drawn = generator.choices(range(count), k=SENTENCES_PER_EXPERIMENT)
        clusters = k_means.fit_predict(embeddings[drawn])
        v_measures.append(v_measure_score(labels[drawn], clusters))
        mutual_information.append(adjusted_mutual_info_score(labels[drawn], clusters))
    return {
        "item": np.array([str(experiment) for experiment in range(EXPERIMENTS)], dtype=object),
        "v_measure": np.array(v_measures),
        "ami": np.array(mutual_information),
    }


def metrics(samples: Samples) -> dict[str, float]:
    """Mean and standard deviation over the experiments."""
    return {
        "v_measure": float(samples["v_measure"].mean()),
        "v_measure_std": float(samples["v_measure"].std()),
        "ami": float(samples["ami"].mean()),
        "ami_std": float(samples["ami"].std()),
    }


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """Means over each resample of the experiments, (resamples,) by name."""
    return weighted_means(samples, counts, names)
