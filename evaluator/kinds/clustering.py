"""Clustering: how well k-means on the embeddings finds the labels.

Two of MTEB's protocols (`Task.protocol`): ten experiments on draws of the sentences (None; abstasks/clustering.py), or
one fit of all of them ("single_fit"; abstasks/clustering_legacy.py).
"""

import random
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from evaluator.data import fingerprint_of
from evaluator.kinds import Examples, Samples, Shape, weighted_means

if TYPE_CHECKING:
    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

SEED = 42
EXPERIMENTS = 10
SENTENCES_PER_EXPERIMENT = 16_384
BATCH = 512
BATCH_OF_SINGLE_FIT = 500
SINGLE_FIT = "single_fit"
SHAPES = {
    None: Shape(frozenset({"v_measure", "ami"}), EXPERIMENTS),
    SINGLE_FIT: Shape(frozenset({"gold", "cluster"})),
}


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """All sentences and their labels, in the order of the data set."""
    rows = data.rows()
    texts = [str(text) for text in data.column(rows, task.fields["text"])]
    labels = data.names(rows, task.fields["label"])
    if len(set(labels)) < 2:
        raise data.unexpected("fewer than two labels")
    return Examples(
        sides={"text": texts},
        gold={"label": labels, "protocol": task.protocol},
        n=len(texts),
        fingerprint=fingerprint_of(texts, labels),
    )


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:  # noqa: ARG001
    """One row an experiment (V-measure and adjusted mutual information), or with one fit a row a sentence (its label
    and its cluster, as numbers). There are as many clusters as labels."""
    labels = np.unique(np.array(examples.gold["label"]), return_inverse=True)[1]
    embeddings = embedded["text"].rows(0, len(embedded["text"]))
    made = _single_fit if examples.gold["protocol"] == SINGLE_FIT else _experiments
    return made(embeddings, labels)


def _single_fit(embeddings: np.ndarray, labels: np.ndarray) -> Samples:
    """Mini-batch k-means over all sentences in their order."""
    from sklearn.cluster import MiniBatchKMeans

    k_means = MiniBatchKMeans(
        n_clusters=int(labels.max()) + 1, batch_size=BATCH_OF_SINGLE_FIT, n_init="auto", random_state=SEED
    )
    return {
        "item": np.array([str(number) for number in range(len(labels))], dtype=object),
        "gold": labels.astype(np.float64),
        "cluster": k_means.fit(embeddings).labels_.astype(np.float64),
    }


def _experiments(embeddings: np.ndarray, labels: np.ndarray) -> Samples:
    """The sentences are put in a seeded random order; each experiment draws 16,384 of them with replacement from the
    same generator and clusters them with mini-batch k-means."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.metrics import adjusted_mutual_info_score, v_measure_score

    generator = random.Random(SEED)
    count = len(labels)
    order = generator.sample(range(count), k=count)
    embeddings, labels = embeddings[order], labels[order]
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
    """Mean and standard deviation over the experiments; of one fit its V-measure, and 0, as in MTEB."""
    if "cluster" in samples:
        from sklearn.metrics import v_measure_score

        fitted = [v_measure_score(*(_numbers(samples, name) for name in ("gold", "cluster")))]
        return _spread("v_measure", np.array(fitted))
    return {**_spread("v_measure", samples["v_measure"]), **_spread("ami", samples["ami"])}


def _spread(name: str, values: np.ndarray) -> dict[str, float]:
    return {name: float(values.mean()), f"{name}_std": float(values.std())}


def _numbers(samples: Samples, name: str) -> np.ndarray:
    """A column of labels or clusters as integers."""
    return np.rint(samples[name]).astype(np.int64)


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """Means over each resample of the experiments; of one fit, the V-measure of each resample of the sentences with
    their clusters as they are, (resamples,) by name."""
    if "cluster" not in samples:
        return weighted_means(samples, counts, names)
    return {"v_measure": resampled_v_measure(samples, counts)} if "v_measure" in names else {}


def resampled_v_measure(samples: Samples, counts: np.ndarray) -> np.ndarray:
    """V-measure of samples that hold sentence i `counts[r, i]` times: 2 I / (H(labels) + H(clusters)), 0..1.

    A resample has fewer different rows than the sentences that it is drawn from, so its entropies are too small by
    (m - 1) / 2n on average, m being the number of values that occur (Miller 1955); that is added, else the resamples
    of clusters that say little would all lie above the score.
    """
    gold, cluster = (np.unique(_numbers(samples, name), return_inverse=True)[1] for name in ("gold", "cluster"))
    both = np.unique(gold * (int(cluster.max()) + 1) + cluster, return_inverse=True)[1]
    of_labels, of_clusters, of_both = (_entropy(values, counts) for values in (gold, cluster, both))
    whole = of_labels + of_clusters
    shared = np.divide(2 * (whole - of_both), whole, out=np.ones_like(whole), where=whole > 0)
    return np.clip(shared, 0.0, 1.0)


def _entropy(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The entropy (nats) of numbered values in each resample, corrected for the resampling, (resamples,)."""
    kinds, drawn = int(values.max()) + 1, counts.sum(axis=1)
    held = np.stack([np.bincount(values, weights=row, minlength=kinds) for row in counts.astype(np.float64)])
    shares = held / drawn[:, None]
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy: np.ndarray = -(shares * logs).sum(axis=1) + (kinds - 1) / (2 * drawn)
    return entropy
