"""Score rules: how one score is made of a task's metrics. Suites (`evaluator.suite`) say which task has which."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

SIMILARITIES = ("similarity", "cosine", "dot", "manhattan", "euclidean")
"""The five ways to compare two embeddings; "similarity" is the model's own."""


class MissingMetric(LookupError):
    """A rule needs the metric `name`, which is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, kw_only=True)
class ScoreRule:
    """How one score is made of a task's metrics: their mean, or the largest of them.

    `id` names the rule in stored files, so it never changes its meaning. `description` is one English sentence.
    """

    id: str
    how: Literal["mean", "max"]
    metrics: tuple[str, ...]
    description: str

    def score(self, metrics: Mapping[str, float]) -> float:
        """The score, -1..1.

        Raises:
            MissingMetric: with the first name that `metrics` lacks.
        """
        values = self._picked(metrics)
        return max(values) if self.how == "max" else fmean(values)

    def scores(self, metrics: "Mapping[str, np.ndarray]") -> "np.ndarray":
        """The score of each resample, (resamples,), from each metric's values on them.

        Raises:
            MissingMetric
        """
        import numpy as np

        combine = np.max if self.how == "max" else np.mean
        made: np.ndarray = combine(self._picked(metrics), axis=0)
        return made

    def _picked(self, metrics: Mapping[str, Any]) -> list[Any]:
        for name in self.metrics:
            if name not in metrics:
                raise MissingMetric(name)
        return [metrics[name] for name in self.metrics]


STS8 = ScoreRule(
    id="sts8",
    how="mean",
    metrics=tuple(
        f"{prefix}{correlation}"
        for prefix in ("", "cosine_", "manhattan_", "euclidean_")
        for correlation in ("pearson", "spearman")
    ),
    description="STS8: the mean of the eight correlations between gold scores and similarities, -1..1.",
)
MAX_AP = ScoreRule(
    id="max_ap_of_five",
    how="max",
    metrics=tuple(f"{similarity}_ap" for similarity in SIMILARITIES),
    description="max AP: the largest of the five average precisions, 0..1.",
)
V_MEASURE = ScoreRule(
    id="v_measure", how="mean", metrics=("v_measure",), description="V-measure, the mean over the experiments, 0..1."
)
NDCG_5_10 = ScoreRule(
    id="ndcg_at_5_and_10",
    how="mean",
    metrics=("ndcg_at_5", "ndcg_at_10"),
    description="The mean of nDCG@5 and nDCG@10, 0..1.",
)
NDCG_10 = ScoreRule(id="ndcg_at_10", how="mean", metrics=("ndcg_at_10",), description="nDCG@10, 0..1.")
ACCURACY = ScoreRule(
    id="accuracy", how="mean", metrics=("accuracy",), description="Accuracy, the mean over the experiments, 0..1."
)
F1 = ScoreRule(id="f1", how="mean", metrics=("f1",), description="F1, weighted by the labels' frequencies, 0..1.")
COSINE_SPEARMAN = ScoreRule(
    id="cosine_spearman",
    how="mean",
    metrics=("cosine_spearman",),
    description="Spearman's correlation of gold scores and cosine similarities, -1..1.",
)
