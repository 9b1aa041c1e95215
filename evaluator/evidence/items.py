"""What each query, pair or text of a task adds to its score, and how well the model did on it. Pure.

A score is the weighted mean of its items' parts, whatever the kind of task (a test holds it to the stored scores):

- retrieval, reranking: a query's part is its own nDCG (the mean of the rule's cutoffs).
- STS: a correlation is the mean over the pairs of the product of two standardised values (ranks for Spearman's); a
  pair's part is the mean of the rule's products. Source: Pearson's r, as numpy's corrcoef computes it.
- pair classification: average precision is the mean over the positive pairs of the precision where each stands;
  negative pairs weigh nothing. Source: scikit-learn's average_precision_score.
- classification: the share of the ten experiments that predict the text's label.
- bitext mining: F1 weighted by label is the mean over the sentences of the F1 of their own translation.
- clustering with one fit: the V-measure is 2 I / (H(label) + H(cluster)), and the mutual information I the mean over
  the sentences of log(p(label, cluster) / (p(label) p(cluster))). Source: Vinh, Epps and Bailey (JMLR 2010).
- clustering in ten experiments: the items are the experiments, which say nothing about a sentence.

Parts of correlations and of the V-measure may lie outside of 0..1 and say little of one item. So items are ordered by
their `value`, which does, and which is the same thing for every model: 0 is wrong, 1 is right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evaluator.kinds import Samples
from evaluator.suite import ScoreRule
from evaluator.task import Task


@dataclass(frozen=True)
class Items:
    """The items of one task as one model did them, in the order of its samples; (n,) each.

    `value` 0..1 is how well it did; `wrong` whether it failed altogether: nothing relevant where the score looks, a
    pair that stands on the wrong side of more than half of the others, most experiments predict another label, another
    translation is nearer. The score is the mean of `part`, weighted by `weight`.
    """

    item: tuple[str, ...]
    value: np.ndarray
    wrong: np.ndarray
    part: np.ndarray
    weight: np.ndarray

    @property
    def score(self) -> float:
        """The task's score by the rule that the parts were made for."""
        return float((self.part * self.weight).sum() / self.weight.sum())


_Values = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def items_of(task: Task, samples: Samples, rule: ScoreRule) -> Items:
    """The items of a task's samples under a rule that scores it.

    Raises:
        ValueError: the rule is none whose score is a mean over items.
    """
    made = _KINDS[task.kind](samples, rule)
    if made is None:
        raise ValueError(f"the score {rule.id} of {task.id} is no mean over its items")
    return Items(tuple(str(item) for item in samples["item"]), *made)


def _ranked(samples: Samples, rule: ScoreRule) -> _Values | None:
    if rule.how != "mean" or not set(rule.metrics) <= samples.keys():
        return None
    value = np.mean([samples[name] for name in rule.metrics], axis=0)
    return value, value == 0, value, np.ones(len(value))


def _correlated(samples: Samples, rule: ScoreRule) -> _Values | None:
    """A pair's value is 1 minus how far its place by similarity lies from its place by gold score, as a share."""
    if rule.how != "mean":
        return None
    parts = []
    for name in rule.metrics:
        prefix, _, correlation = name.rpartition("_")
        of = samples[prefix or "similarity"], samples["gold"]
        if correlation == "spearman":
            of = _ranks(of[0]), _ranks(of[1])
        parts.append(_standardised(of[0]) * _standardised(of[1]))
    part = np.mean(parts, axis=0)
    apart = np.abs(_ranks(samples["similarity"]) - _ranks(samples["gold"])) / max(1, len(part) - 1)
    return 1 - apart, apart > 0.5, part, np.ones(len(part))


def _paired(samples: Samples, rule: ScoreRule) -> _Values | None:
    """A pair's value is the share of the other class that stands on its right side; ties count a half."""
    aps = {name: name.removesuffix("_ap") for name in rule.metrics}
    if rule.how != "max" and len(aps) > 1:
        return None
    positive = samples["gold"] > 0.5
    precisions = {metric: _precision_at(positive, samples[name]) for metric, name in aps.items()}
    # The largest average precision; of equal ones the first, as in `max`.
    best = max(precisions, key=lambda metric: precisions[metric][positive].mean())
    values = samples[aps[best]]
    below, above = np.sort(values[~positive]), np.sort(values[positive])
    under = (np.searchsorted(below, values, "left") + np.searchsorted(below, values, "right")) / (2 * len(below))
    over = 1 - (np.searchsorted(above, values, "left") + np.searchsorted(above, values, "right")) / (2 * len(above))
    value = np.where(positive, under, over)
    return value, value < 0.5, np.where(positive, precisions[best], 0.0), positive.astype(np.float64)


def _precision_at(positive: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each pair the precision of all pairs that are at least as similar, (n,): ties enter together."""
    order = np.argsort(-values, kind="stable")
    last = np.searchsorted(-values[order], -values, "right")  # how many are at least as similar
    precision: np.ndarray = np.cumsum(positive[order])[last - 1] / last
    return precision


def _classified(samples: Samples, rule: ScoreRule) -> _Values | None:
    if rule.metrics != ("accuracy",):
        return None
    names = [name for name in samples if name.startswith("predicted_")]
    right = np.mean([np.rint(samples[name]) == np.rint(samples["gold"]) for name in names], axis=0)
    return right, right < 0.5, right, np.ones(len(right))


def _mined(samples: Samples, rule: ScoreRule) -> _Values | None:
    if rule.metrics not in (("f1",), ("accuracy",)):
        return None
    gold, chosen = (np.rint(samples[name]).astype(np.int64) for name in ("gold", "chosen"))
    hit = (gold == chosen).astype(np.float64)
    count = max(gold.max(), chosen.max()) + 1
    wanted, given, true = (np.bincount(of, weights=w, minlength=count) for of, w in _counted(gold, chosen, hit))
    part = (2 * true / np.maximum(1, wanted + given))[gold] if rule.metrics == ("f1",) else hit
    return hit, hit == 0, part, np.ones(len(hit))


def _counted(gold: np.ndarray, chosen: np.ndarray, hit: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    once = np.ones(len(gold))
    return [(gold, once), (chosen, once), (gold, hit)]


def _clustered(samples: Samples, rule: ScoreRule) -> _Values | None:
    """A sentence's value is the share of its label in its cluster; it is wrong where another label has a larger one."""
    if rule.metrics != ("v_measure",):
        return None
    if "v_measure" in samples:
        value = samples["v_measure"]
        return value, np.zeros(len(value), dtype=bool), value, np.ones(len(value))
    labels, label = np.unique(samples["gold"], return_inverse=True)
    clusters, cluster = np.unique(samples["cluster"], return_inverse=True)
    together = np.zeros((len(labels), len(clusters)))
    np.add.at(together, (label, cluster), 1)
    shares = together / len(label)
    of_label, of_cluster = shares.sum(axis=1), shares.sum(axis=0)
    entropy = -(of_label * np.log(of_label)).sum() - (of_cluster * np.log(of_cluster)).sum()
    both = shares[label, cluster]
    information = np.log(both / (of_label[label] * of_cluster[cluster]))
    part = 2 * information / entropy if entropy > 0 else np.ones(len(label))
    value = both / of_cluster[cluster]
    return value, together[label, cluster] < together.max(axis=0)[cluster], part, np.ones(len(label))


_KINDS: Mapping[str, Callable[[Samples, ScoreRule], _Values | None]] = {
    "retrieval": _ranked,
    "reranking": _ranked,
    "sts": _correlated,
    "pair_classification": _paired,
    "classification": _classified,
    "bitext_mining": _mined,
    "clustering": _clustered,
}


def _standardised(values: np.ndarray) -> np.ndarray:
    """Mean 0, standard deviation 1."""
    spread = values.std()
    scaled: np.ndarray = (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))
    return scaled


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, the smallest first; equal values share their mean rank."""
    ordered = np.sort(values)
    ranks: np.ndarray = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") + 1) / 2
    return ranks
