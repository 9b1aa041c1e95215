"""What a suite is: tasks in categories, rules, averages, ranks and tables. The suites themselves: `evaluator.suite`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

from evaluator.rules import ScoreRule
from evaluator.task import Task
from evaluator.tasks import discovered_tasks

T = TypeVar("T")

OVERALL = "overall"
"""The name of the mean over the whole suite, beside the ids of the categories."""


@dataclass(frozen=True)
class Words:
    """A text for visitors, in both languages."""

    ko: str
    en: str


TITLES: Mapping[str, Words] = {
    "Bitext": Words(ko="번역문 찾기", en="Bitext mining"),
    "Classification": Words(ko="분류", en="Classification"),
    "Clustering": Words(ko="군집화", en="Clustering"),
    "PairClassification": Words(ko="문장 쌍 분류", en="Pair classification"),
    "Reranking": Words(ko="재순위", en="Reranking"),
    "Retrieval": Words(ko="검색", en="Retrieval"),
}
"""How a category is called for visitors, by its label; a label that is not here is a name in both languages (STS)."""


@dataclass(frozen=True, kw_only=True)
class Category:
    """A group of tasks that are scored by one rule, and whose mean is one column of the overall table.

    `label` names it in columns and files, `title` for visitors; `mean_column` is the column of its means. `weight` is
    its share of the average; 0 leaves it out. `families` are tasks of one source of data: the mean of a family counts
    as one task does; a task that is in none counts alone.
    """

    id: str
    label: str
    task_ids: tuple[str, ...]
    rule: ScoreRule
    weight: float = 1.0
    families: tuple[tuple[str, ...], ...] = ()
    column: str | None = None

    @property
    def mean_column(self) -> str:
        return self.column or f"{self.label}_Average"

    @property
    def title(self) -> Words:
        """What heads its tab and its column in the overall table."""
        return TITLES.get(self.label, Words(ko=self.label, en=self.label))

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
    title: Words


Over = Literal["categories", "tasks"]
"""What a mean over a suite is of: the categories' scores by their weights, or all families of categories that weigh."""

OriginName = Literal["measured", "published", "imported"]
"""Where numbers come from: computed by our evaluator, shown on the published board, or reported by somebody else."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """A mean over the suite: its id among the means, its column, of what, and how visitors read its name."""

    id: str
    column: str
    over: Over
    title: Words


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A view of results: tasks in categories, the rule of each task's score and of the averages, and the tables.

    A category's score is the mean of its families (`Category.groups`). `average` says what the mean is of that a row is
    ranked by, `average_column` how its column is named; `more_averages` stand after it. A mean of which a score is
    missing does not exist. Changing tasks, rules or averages makes another suite with another id.

    Args:
        offered: a submission may ask for it; else it is a view of what is there.
        origins: whose numbers its board shows when it opens.
        pinned_data: numbers that others report count only where they are of the data revision that the task is pinned
            to; a gap says of which they are.
        joins_revisions: the results of all revisions of a model are one row, as MTEB's board has it.
        ranks_by: "average": a row with all scores has the place of its average. "borda": every row has the place of
            its Borda count, as MTEB's board has it (`leaderboard_data.ranking`).
        rank_column: the name of that column; `rank_title` and `average_title` are what visitors read.
        as_mteb: an export has MTEB's order: rank, model, zero-shot, averages, categories. The page has averages first.
    """

    id: str
    title: Words
    categories: tuple[Category, ...]
    average: Over
    average_column: str = "Average"
    average_title: Words = Words(ko="평균", en="Average")
    more_averages: tuple[Average, ...] = ()
    offered: bool = True
    origins: tuple[OriginName, ...] = ("measured", "published")
    pinned_data: bool = False
    joins_revisions: bool = False
    ranks_by: Literal["average", "borda"] = "average"
    rank_column: str = "Rank"
    rank_title: Words = Words(ko="순위", en="Rank")
    as_mteb: bool = False

    def __post_init__(self) -> None:
        if len(set(self.task_ids)) != len(self.task_ids):
            raise ValueError(f"suite {self.id} has a task twice")

    @cached_property
    def task_ids(self) -> tuple[str, ...]:
        return tuple(task_id for category in self.categories for task_id in category.task_ids)

    @cached_property
    def needed(self) -> tuple[bool, ...]:
        """Whether each task, in the order of the board, is needed for a rank: those of what weighs nothing are not."""
        return tuple(bool(category.weight) for category in self.categories for _ in category.task_ids)

    @property
    def averages(self) -> tuple[Average, ...]:
        """Its means over the whole suite, the one that it ranks by first."""
        first = Average(id=OVERALL, column=self.average_column, over=self.average, title=self.average_title)
        return first, *self.more_averages

    @cached_property
    def mean_ids(self) -> tuple[str, ...]:
        """The names of its means: the categories', then the averages'."""
        return (*(category.id for category in self.categories), *(average.id for average in self.averages))

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
            View(id=OVERALL, shows="categories", title=Words(ko="종합", en="Overall")),
            *(View(id=category.id, shows="category", title=category.title) for category in self.categories),
            View(id="tasks", shows="tasks", title=Words(ko="전체 과제", en="All tasks")),
        )

    @property
    def view_ids(self) -> tuple[str, ...]:
        return tuple(view.id for view in self.views)

    def means(self, scores: Mapping[str, T | None], mean: Callable[[Sequence[T], Sequence[float]], T]) -> dict[str, T]:
        """Category id, and id of an average -> the mean; only those of which no score is missing.

        `scores`: task id -> a score, or its values on many resamples. `mean(values, weights)` is their weighted mean.
        """
        found: dict[str, T] = {}
        families: list[tuple[float, T | None]] = []
        for category in self.categories:
            of_families = [
                (1.0, whole([(1.0, scores.get(task_id)) for task_id in group], mean)) for group in category.groups
            ]
            of_category = whole(of_families, mean)
            if of_category is not None:
                found[category.id] = of_category
            if category.weight:
                families += of_families
        categories = [(each.weight, found.get(each.id)) for each in self.categories if each.weight]
        for average in self.averages:
            of_all = whole(categories if average.over == "categories" else families, mean)
            if of_all is not None:
                found[average.id] = of_all
        return found

    def category(self, category_id: str) -> Category | None:
        """The category of this id, None if there is none."""
        return next((category for category in self.categories if category.id == category_id), None)

    def titles(self) -> dict[str, Any]:
        """What visitors read, in both languages: `views` by id, `columns` by name, `mean` of a category's own table.

        Ids, addresses and exports keep the names of `description`, which also says what an index was made for; so a
        title that reads better makes no index anew.
        """
        columns = {
            self.rank_column: self.rank_title,
            **{each.column: each.title for each in self.averages},
            **{each.mean_column: each.title for each in self.categories},
        }
        return {
            "views": {view.id: _both(view.title) for view in self.views},
            "columns": {name: _both(title) for name, title in columns.items()},
            "mean": _both(Words(ko="평균", en="Average")),
        }

    def description(self) -> dict[str, Any]:
        """The suite as plain values: what a board needs to compute means and ranks (the page's script does)."""
        return {
            "id": self.id,
            "title": {"ko": self.title.ko, "en": self.title.en},
            "averages": [{"id": each.id, "column": each.column, "over": each.over} for each in self.averages],
            "origins": list(self.origins),
            "offered": self.offered,
            "ranks_by": self.ranks_by,
            "rank_column": self.rank_column,
            "averages_first": self.as_mteb,
            "categories": [
                {
                    "id": each.id,
                    "label": each.label,
                    "column": each.mean_column,
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


def _both(words: Words) -> dict[str, str]:
    return {"ko": words.ko, "en": words.en}
