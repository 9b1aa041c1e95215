"""Suites: which tasks a board shows, how one score is made of a task's metrics, and what is averaged.

A result belongs to a model and holds metrics; a suite is a view of it. Two suites may score one task by different
rules. The rules of ko-v1 are what reproduces the published board from MTEB's raw metrics (docs/evaluation.md).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from evaluator.task import Task
from evaluator.tasks import discovered_tasks

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")

OVERALL = "overall"
"""The name of the mean over the whole suite, beside the ids of the categories."""

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


@dataclass(frozen=True, kw_only=True)
class Words:
    """A text for visitors, in both languages."""

    ko: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Category:
    """A group of tasks that are scored by one rule, and whose mean is one column of the overall table.

    `label` heads its tab. `weight` is its share of the average; 0 leaves it out. `families` are tasks of one source
    of data: the mean of a family counts as one task does; a task that is in none counts alone.
    """

    id: str
    label: str
    task_ids: tuple[str, ...]
    rule: ScoreRule
    weight: float = 1.0
    families: tuple[tuple[str, ...], ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Its tasks by family, in the order of the board; a task without a family is a group of its own."""
        family_of = {task_id: family for family in self.families for task_id in family}
        return tuple(dict.fromkeys(family_of.get(task_id, (task_id,)) for task_id in self.task_ids))


def whole(parts: Sequence[tuple[float, T | None]], mean: Callable[[Sequence[T], Sequence[float]], T]) -> T | None:
    """The mean of (weight, value) pairs, None where a value is missing; one value is its own mean."""
    held = [(weight, value) for weight, value in parts if value is not None]
    if not held or len(held) < len(parts):
        return None
    return held[0][1] if len(held) == 1 else mean([value for _, value in held], [weight for weight, _ in held])


@dataclass(frozen=True, kw_only=True)
class View:
    """One table: the means of the categories, all tasks, or the tasks of the category that has the view's id."""

    id: str
    shows: Literal["categories", "tasks", "category"]


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A view of results: tasks in categories, the rule of each task's score and of the averages, and the tables.

    A category's score is the mean of its families (`Category.groups`). `average`: the mean of the categories' scores
    by their weights, or of all families of the categories whose weight is not 0. A mean of which a score is missing
    does not exist. `offered`: a submission may ask for it; else it is a view of what is there.
    Changing tasks, rules or averages makes another suite with another id.
    """

    id: str
    title: Words
    categories: tuple[Category, ...]
    average: Literal["categories", "tasks"]
    offered: bool = True

    def __post_init__(self) -> None:
        if len(set(self.task_ids)) != len(self.task_ids):
            raise ValueError(f"suite {self.id} has a task twice")

    @cached_property
    def task_ids(self) -> tuple[str, ...]:
        return tuple(task_id for category in self.categories for task_id in category.task_ids)

    @cached_property
    def rules(self) -> Mapping[str, ScoreRule]:
        """Task id -> the rule of its score, in the order of the board."""
        return {task_id: category.rule for category in self.categories for task_id in category.task_ids}

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

    @property
    def views(self) -> tuple[View, ...]:
        """Its tables: the overall one, one per category, and all tasks."""
        return (
            View(id=OVERALL, shows="categories"),
            *(View(id=category.id, shows="category") for category in self.categories),
            View(id="tasks", shows="tasks"),
        )

    @property
    def view_ids(self) -> tuple[str, ...]:
        return tuple(view.id for view in self.views)

    def means(self, scores: Mapping[str, T | None], mean: Callable[[Sequence[T], Sequence[float]], T]) -> dict[str, T]:
        """Category id, and "overall" -> the mean; only those of which no score is missing.

        `scores`: task id -> a score, or its values on many resamples. `mean(values, weights)` is their weighted mean.
        """
        found: dict[str, T] = {}
        families: list[T | None] = []
        for category in self.categories:
            of_families = [whole([(1.0, scores.get(task_id)) for task_id in group], mean) for group in category.groups]
            of_category = whole([(1.0, value) for value in of_families], mean)
            if of_category is not None:
                found[category.id] = of_category
            if category.weight:
                families += of_families
        if self.average == "categories":
            parts = [(category.weight, found.get(category.id)) for category in self.categories if category.weight]
        else:
            parts = [(1.0, value) for value in families]
        overall = whole(parts, mean)
        if overall is not None:
            found[OVERALL] = overall
        return found

    def category(self, category_id: str) -> Category | None:
        """The category of this id, None if there is none."""
        return next((category for category in self.categories if category.id == category_id), None)

    def description(self) -> dict[str, Any]:
        """The suite as plain values: what a board needs to compute means and ranks (the page's script does)."""
        return {
            "id": self.id,
            "title": {"ko": self.title.ko, "en": self.title.en},
            "average": self.average,
            "categories": [
                {
                    "id": each.id,
                    "label": each.label,
                    "weight": each.weight,
                    "rule": each.rule.id,
                    "groups": [list(group) for group in each.groups],
                }
                for each in self.categories
            ],
            "tasks": [
                {"id": task_id, "column": self.task(task_id).column, "category": category.id}
                for category in self.categories
                for task_id in category.task_ids
            ],
            "views": [{"id": view.id, "shows": view.shows} for view in self.views],
        }


KO_V1 = Suite(
    id="ko-v1",
    title=Words(ko="한국어 아홉 과제 (ko-v1)", en="Nine Korean tasks (ko-v1)"),
    categories=(
        Category(id="sts", label="STS", task_ids=("KLUE-STS", "KorSTS", "STS17"), rule=STS8),
        Category(id="nli", label="NLI", task_ids=("KLUE-NLI", "KorNLI", "PawsXPairClassification"), rule=MAX_AP),
        Category(id="clustering", label="Clustering", task_ids=("SIB200ClusteringS2S",), rule=V_MEASURE),
        Category(id="retrieval", label="Retrieval", task_ids=("Ko-StrategyQA", "AutoRAGRetrieval"), rule=NDCG_5_10),
    ),
    average="categories",
)

SUITES: dict[str, Suite] = {KO_V1.id: KO_V1}
"""All suites by id, the one that the board opens with first."""


def suite_of(suite_id: str) -> Suite:
    """The suite of this id.

    Raises:
        ValueError: with the ids that there are.
    """
    if suite_id not in SUITES:
        raise ValueError(f"there is no suite {suite_id[:100]!r}; the suites: {', '.join(SUITES)}")
    return SUITES[suite_id]


def rules_of(task_id: str) -> tuple[ScoreRule, ...]:
    """The rules by which the suites score a task, each once; none if the task is in no suite."""
    found = {suite.rules[task_id].id: suite.rules[task_id] for suite in SUITES.values() if task_id in suite.rules}
    return tuple(found.values())


def tasks_of(suite_ids: Sequence[str]) -> tuple[Task, ...]:
    """The tasks of several suites, each once, in the order of the boards; of none: those of the first suite there is.

    Raises:
        ValueError: there is no such suite.
    """
    asked = [suite_of(suite_id) for suite_id in suite_ids] or [next(iter(SUITES.values()))]
    found = {task.id: task for suite in asked for task in suite.tasks}
    return tuple(found.values())
