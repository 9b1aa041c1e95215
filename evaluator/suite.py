"""The suite "ko-v1": nine tasks in four categories, and the rule that makes one score of a task's metrics.

The rules are what reproduces the published board from MTEB's raw metrics (docs/design.md, "Scores").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from evaluator.task import Task, TaskType, discovered_tasks

Metrics = Mapping[str, float]
ScoreRule = Callable[[Metrics], float]

SIMILARITIES = ("similarity", "cosine", "dot", "manhattan", "euclidean")
"""The five ways to compare two embeddings; "similarity" is the model's own."""

STS8 = (
    "pearson",
    "spearman",
    "cosine_pearson",
    "cosine_spearman",
    "manhattan_pearson",
    "manhattan_spearman",
    "euclidean_pearson",
    "euclidean_spearman",
)


def sts_score(metrics: Metrics) -> float:
    """STS8: the mean of the eight correlations between gold scores and similarities, -1..1."""
    return fmean(metrics[name] for name in STS8)


def pair_classification_score(metrics: Metrics) -> float:
    """max AP: the largest of the five average precisions, 0..1."""
    return max(metrics[f"{similarity}_ap"] for similarity in SIMILARITIES)


def clustering_score(metrics: Metrics) -> float:
    """V-measure, the mean over the experiments, 0..1."""
    return metrics["v_measure"]


def retrieval_score(metrics: Metrics) -> float:
    """The mean of nDCG@5 and nDCG@10, 0..1."""
    return (metrics["ndcg_at_5"] + metrics["ndcg_at_10"]) / 2


SCORE_RULES: Mapping[TaskType, ScoreRule] = {
    "STS": sts_score,
    "PairClassification": pair_classification_score,
    "Clustering": clustering_score,
    "Retrieval": retrieval_score,
}


@dataclass(frozen=True, kw_only=True)
class Category:
    """A group of tasks whose mean is one column of the overall table. `label` heads its tab."""

    id: str
    label: str
    task_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The tasks that every model runs. Changing the list makes another suite with another id."""

    id: str
    categories: tuple[Category, ...]

    @cached_property
    def task_ids(self) -> tuple[str, ...]:
        return tuple(task_id for category in self.categories for task_id in category.task_ids)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The suite's tasks in the order of the board.

        Raises:
            KeyError: a task has no module in `evaluator/tasks/`.
        """
        known = discovered_tasks()
        return tuple(known[task_id] for task_id in self.task_ids)

    def task(self, task_id: str) -> Task:
        """The suite's task of this id.

        Raises:
            KeyError: with the ids that there are.
        """
        if task_id not in self.task_ids:
            raise KeyError(f"{task_id!r} is not a task of suite {self.id}; its tasks: {', '.join(self.task_ids)}")
        return discovered_tasks()[task_id]


KO_V1 = Suite(
    id="ko-v1",
    categories=(
        Category(id="sts", label="STS", task_ids=("KLUE-STS", "KorSTS", "STS17")),
        Category(id="nli", label="NLI", task_ids=("KLUE-NLI", "KorNLI", "PawsXPairClassification")),
        Category(id="clustering", label="Clustering", task_ids=("SIB200ClusteringS2S",)),
        Category(id="retrieval", label="Retrieval", task_ids=("Ko-StrategyQA", "AutoRAGRetrieval")),
    ),
)

SUITES: Mapping[str, Suite] = {KO_V1.id: KO_V1}
