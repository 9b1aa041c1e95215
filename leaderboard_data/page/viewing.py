"""One view of a suite's data for the server: its columns, its rows in their order, ranks, what filters leave.

The rules are those of `leaderboard_data.board`, over the numbers that the browser gets (`page_data`), in the order of
operations of static/scores.js, so that every digit is the same; a browser test compares the two. Arrays over all rows
make a view of 10,000 models in some milliseconds. A missing number is NaN.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leaderboard_data.page.asked import Asked
from leaderboard_data.page.placing import Flags, Floats, Numbers, mteb_ranks, ranks, rounded

NOWHERE = 1e9
HIDDEN = {"yes": "di", "declared": "di?"}
"""What the filter on training data hides, by the letters of `leaderboard_data.training`."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One score column: its published name, what it is of, and each row's value in percent, by the data's rows.

    `task`: the task's number; `mean`: that of the category, or of the average behind the categories; None for an
    average by the visitor's own weights.
    """

    name: str
    values: Floats
    task: int | None = None
    mean: int | None = None
    weighted: bool = False


@dataclass(frozen=True, kw_only=True)
class View:
    """A view: its columns in the published order, `key` the number of the one it ranks by, its rows in their order.

    `rank`, `place` and `hides` are by the data's rows; NaN where there is none.
    """

    id: str
    columns: tuple[Column, ...]
    key: int
    rows: Numbers
    rank: Floats
    place: Floats
    hides: Flags
    ties: Mapping[str, Sequence[int]]


def mean(values: Sequence[Floats]) -> Floats:
    """The mean of several arrays, summed in their order; NaN where one is missing."""
    total = values[0].copy()
    for each in values[1:]:
        total += each
    return total / len(values)


class Data:
    """A suite's data as the browser gets it (`page_data`), laid out for views. Nothing changes it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        entries = data["entries"]
        self.suite = suite = data["suite"]
        self.origins: list[str] = data["origins"]
        self.entries = entries
        self.count = len(entries["model"])
        self.names: list[str] = [name or model for name, model in zip(entries["name"], entries["model"], strict=True)]
        texts = (f"{name}\n{model}".lower() for name, model in zip(self.names, entries["model"], strict=True))
        self.texts = list(texts)
        by_name = sorted(range(self.count), key=lambda row: self.names[row].encode("utf-16-be", "surrogatepass"))
        self.name_order = np.empty(self.count, np.int64)
        self.name_order[by_name] = np.arange(self.count)
        number = {task["id"]: i for i, task in enumerate(suite["tasks"])}
        self.families = [[[number[id_] for id_ in group] for group in each["groups"]] for each in suite["categories"]]
        self.weights: list[float] = [category["weight"] for category in suite["categories"]]
        of = {category["id"]: i for i, category in enumerate(suite["categories"])}
        self.category_of = [of[task["category"]] for task in suite["tasks"]]
        self.scores = floats(entries["scores"], self.count)
        self.categories = [
            mean([mean([self.scores[i] for i in group]) for group in groups]) for groups in self.families
        ]
        published = {int(row): values for row, values in entries["means"].items()}
        for row, values in published.items():
            for c, value in enumerate(values[:-1]):
                self.categories[c][row] = np.nan if value is None else value
        self.averages = [
            self.weighted(each["over"], self.categories, self.scores, self.weights) for each in suite["averages"]
        ]
        for row, values in published.items():
            self.averages[0][row] = np.nan if values[-1] is None else values[-1]
        needed = [bool(self.weights[c]) for c in self.category_of]
        self.lexical = np.zeros(self.count, bool)
        self.inapplicable = np.zeros(self.scores.shape, bool)
        self.kinds = ["dense"] * self.count
        for row, (kind, tasks) in entries["kinds"].items():
            self.kinds[int(row)] = kind
            self.lexical[int(row)] = kind == "lexical"
            self.inapplicable[tasks, int(row)] = True
        self.complete = ~(np.isnan(self.scores) & ~self.inapplicable)[np.array(needed, bool)].any(axis=0)
        self.seen: list[str] = entries["training"]["seen"]
        self.seen_of = np.array(entries["training"]["of"], np.int64)

    def weighted(self, over: str, categories: Sequence[Floats], scores: Floats, weights: Sequence[float]) -> Floats:
        """A mean over the suite, of the categories or of all families, with these weights of the categories."""
        if over == "tasks":
            parts = [
                (weights[c], mean([scores[i] for i in group]))
                for c, groups in enumerate(self.families)
                for group in groups
            ]
        else:
            parts = list(zip(weights, categories, strict=True))
        parts = [(weight, values) for weight, values in parts if weight]
        if not parts:
            return np.full(self.count, np.nan)
        total, weight = np.zeros(self.count), 0.0
        for each, values in parts:
            total = total + each * values
            weight += each
        result: Floats = total / weight
        return result

    def measured_on(self, row: int) -> str | None:
        """The device of a row's speed, time or memory; None where it has none of them, "" where nobody told."""
        costs = self.entries["costs"].get(str(row), {})
        if self.entries["speed"][row] is None and costs.get("seconds") is None and costs.get("peak") is None:
            return None
        device: str = costs.get("device") or ""
        return device

    @cached_property
    def devices(self) -> list[str]:
        """The devices that something was measured on, the one of most rows first."""
        count = Counter(device for row in range(self.count) if (device := self.measured_on(row)) is not None)
        return sorted(count, key=lambda device: (-count[device], device.encode("utf-16-be", "surrogatepass")))

    def chosen(self, origins: Sequence[str]) -> Numbers:
        """One row of each model and precision; the data has the better ones first."""
        wanted = [origin in origins for origin in self.origins]
        listed: dict[str, set[str | None]] = {}
        rows = []
        of = zip(self.entries["model"], self.entries["origin"], self.entries["precision"], strict=True)
        for row, (model, origin, precision) in enumerate(of):
            if not wanted[origin]:
                continue
            precisions = listed.setdefault(model, set())
            if precision in precisions or (precisions and (precision is None or None in precisions)):
                continue
            precisions.add(precision)
            rows.append(row)
        return np.array(rows, np.int64)

    def hidden(self, choice: str) -> Flags:
        """Of each task and row whether the filter on training data hides the score."""
        letters = HIDDEN.get(choice, "")
        known = [[state in letters for state in seen] or [False] * len(self.scores) for seen in self.seen]
        if not letters or not known:
            return np.zeros(self.scores.shape, bool)
        table = np.array(known, bool)
        result: Flags = table[self.seen_of].T.copy()
        return result


def floats(columns: Iterable[Sequence[float | None]], count: int) -> Floats:
    """Columns of numbers, None for a missing one, as an array."""
    found = [np.array([np.nan if value is None else value for value in column], np.float64) for column in columns]
    return np.stack(found) if found else np.zeros((0, count))


def view(data: Data, asked: Asked, chosen: Numbers) -> View:
    """The view that is asked for, of the rows that `Data.chosen` gave; filters of rows are not its matter."""
    suite = data.suite
    hides = data.hidden(asked.unseen)
    scores, categories, averages = _unseen(data, hides)
    shows = next(each["shows"] for each in suite["views"] if each["id"] == asked.view)
    category = next((i for i, c in enumerate(suite["categories"]) if c["id"] == asked.view), -1)
    category = category if shows == "category" else -1
    tasks = [i for i, c in enumerate(data.category_of) if category < 0 or c == category]
    rows = chosen[~data.inapplicable[tasks][:, chosen].all(axis=0)]
    custom = category < 0 and _custom(asked.weights, data.weights)
    if custom:
        averages = [
            data.weighted(suite["averages"][0]["over"], categories, scores, asked.weights),
            *averages[1:],
        ]
    columns = _columns(data, asked, category, tasks, (scores, categories, averages), custom=custom)
    if category >= 0:
        key = len(columns) - 1
    else:
        key = next(i for i, column in enumerate(columns) if column.name == suite["averages"][0]["column"])
    borda = suite["ranks_by"] == "borda" and not custom
    rank, place = _standing(data, columns[key].values, rows, hides, category, borda=borda, custom=custom)
    score = columns[key].values[rows]
    shown = (~np.isnan([column.values[rows] for column in columns])).sum(axis=0)
    keys = (
        np.arange(len(rows)),
        data.name_order[rows],
        np.zeros(len(rows)) if borda else np.where(np.isnan(score), -shown, 0),
        np.zeros(len(rows)) if borda else -np.where(np.isnan(score), -NOWHERE, score),
        standing(rank[rows], place[rows]),
    )
    ties = {} if custom or asked.unseen else data.entries["ties"].get(asked.view if category >= 0 else "overall", {})
    return View(
        id=asked.view,
        columns=columns,
        key=key,
        rows=rows[np.lexsort(keys)],
        rank=rank,
        place=place,
        hides=hides,
        ties=ties,
    )


def standing(rank: Floats, place: Floats) -> Floats:
    """What rows stand by: the rank; a lexical model before those that it is not below."""
    return np.where(np.isnan(rank), np.where(np.isnan(place), NOWHERE, place - 0.5), rank)


def _unseen(data: Data, hides: Flags) -> tuple[Floats, list[Floats], list[Floats]]:
    if not hides.any():
        return data.scores, data.categories, data.averages
    scores = np.where(hides, np.nan, data.scores)
    of = np.array(data.category_of)
    categories = [np.where(hides[of == c].any(axis=0), np.nan, values) for c, values in enumerate(data.categories)]
    counted = np.array([data.weights[c] > 0 for c in data.category_of], bool)
    weighs = hides[counted].any(axis=0)
    return scores, categories, [np.where(weighs, np.nan, values) for values in data.averages]


def _custom(asked: Sequence[float], usual: Sequence[float]) -> bool:
    first = next((i for i, weight in enumerate(usual) if weight), 0)
    return any(own * usual[first] != asked[first] * weight for own, weight in zip(asked, usual, strict=True))


def _columns(
    data: Data,
    asked: Asked,
    category: int,
    tasks: Sequence[int],
    values: tuple[Floats, list[Floats], list[Floats]],
    *,
    custom: bool,
) -> tuple[Column, ...]:
    scores, categories, averages = values
    suite = data.suite
    count = len(suite["categories"])
    of_tasks = [Column(name=suite["tasks"][i]["column"], values=scores[i], task=i) for i in tasks]
    means = [Column(name=each["column"], values=categories[i], mean=i) for i, each in enumerate(suite["categories"])]
    if category >= 0:
        return *of_tasks, means[category]
    whole = [
        Column(
            name=each["column"],
            values=averages[i],
            mean=None if custom and not i else count + i,
            weighted=custom and not i,
        )
        for i, each in enumerate(suite["averages"])
    ]
    shows = next(each["shows"] for each in suite["views"] if each["id"] == asked.view)
    middle = of_tasks if shows == "tasks" else means
    return (*whole, *middle) if suite["averages_first"] else (*middle, *whole)


def _standing(
    data: Data, key: Floats, rows: Numbers, hides: Flags, category: int, *, borda: bool, custom: bool
) -> tuple[Floats, Floats]:
    """Ranks, and the places of lexical rows, by the data's rows."""
    rank, place = np.full(data.count, np.nan), np.full(data.count, np.nan)
    if borda:
        groups = [
            group
            for c, of_category in enumerate(data.families)
            if (data.weights[c] if category < 0 else c == category)
            for group in of_category
        ]
        tasks = [i for group in groups for i in group]
        can_do = ~data.inapplicable[tasks][:, rows].any(axis=0)
        counts = rows[~data.lexical[rows] & can_do & ~hides[tasks][:, rows].any(axis=0)]
        rank[counts] = mteb_ranks(data.scores[:, counts], groups)
        return rank, place
    ranked = rows[(data.complete[rows] | custom) & ~data.lexical[rows]]
    rank[ranked] = ranks(key[ranked])
    held = np.sort(rounded(key[ranked][~np.isnan(key[ranked])]))
    lexical = rows[data.lexical[rows] & ~np.isnan(key[rows])]
    place[lexical] = 1 + len(held) - np.searchsorted(held, rounded(key[lexical]), side="right")
    return rank, place
