"""Ranks as MTEB's board has them: revisions of a model joined, and the Borda count over tasks. Pure.

Suites say whether their board does so (`Suite.joins_revisions`, `Suite.ranks_by`); ours does neither.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean

from evaluator.suite import Suite
from leaderboard_data.entry import NO_CELL, Cell, Entry
from leaderboard_data.model_facts import is_main_revision

_NUMBERS = re.compile(r"\d{1,9}")


def joined(entries: Iterable[Entry], suite: Suite) -> list[Entry]:
    """One entry for all revisions of a model, of each origin and precision, as MTEB joins them.

    Each task (all cells of a family, where MTEB's task has several) is that of the registry's main revision, else of
    the one that the newest version of the source's software was used for. What else an entry says is that of the
    revision which comes first in this order.
    """
    of_row: dict[tuple[str, str, str | None], list[Entry]] = {}
    for entry in entries:
        of_row.setdefault((entry.model, entry.origin, entry.precision), []).append(entry)
    return [_as_one(sorted(revisions, key=_standing, reverse=True), suite) for revisions in of_row.values()]


def _standing(entry: Entry) -> tuple[bool, tuple[int, ...], str, str]:
    revision = entry.revision or (entry.reference or "").rpartition("/")[2]  # some are no commits: "1", "external"
    return is_main_revision(entry.model, revision), _version(entry.version), entry.at or "", entry.reference or ""


def _version(text: str | None) -> tuple[int, ...]:
    """The highest of the versions in a text such as "1.18.0, 2.6.4"."""
    return max((tuple(int(part) for part in _NUMBERS.findall(each)) for each in (text or "").split(",")), default=())


def _as_one(revisions: Sequence[Entry], suite: Suite) -> Entry:
    if len(revisions) == 1:
        return revisions[0]
    place = {task_id: number for number, task_id in enumerate(suite.task_ids)}
    cells: list[Cell] = [NO_CELL] * len(place)
    for group in (group for category in suite.categories for group in category.groups):
        held = next((each for each in revisions if any(_is_there(each.cells[place[task]]) for task in group)), None)
        for task in group:
            cells[place[task]] = held.cells[place[task]] if held else NO_CELL
    return replace(revisions[0], cells=tuple(cells), mean_intervals=())


def _is_there(cell: Cell) -> bool:
    return cell.score is not None or cell.failure is not None


def borda_ranks(rows: Sequence[Sequence[float | None]], groups: Sequence[Sequence[int]]) -> list[int]:
    """The rank of each row by its Borda count; equal counts share a rank, and the next one is left out.

    For each task a row that has it gets as many points as there are other rows, less its rank among those that have it
    (equal scores share the mean of their ranks); a row that lacks it gets none. So MTEB's board counts: with "other
    rows" the ranks are those of all its 238 models, with "rows" 21 of them would be one or two places off.

    Args:
        rows: each row's scores by task.
        groups: the numbers of the tasks that are one task of MTEB's; its score is the mean of those that a row has.
    """
    points = [0.0] * len(rows)
    for group in groups:
        scores: list[float | None] = [_mean([row[task] for task in group]) for row in rows]
        held = [score for score in scores if score is not None]
        above: dict[float, int] = {}
        for place, score in enumerate(sorted(held, reverse=True)):
            above.setdefault(score, place)
        equal = {score: held.count(score) for score in above}
        for row, of_row in enumerate(scores):
            if of_row is not None:
                points[row] += len(rows) - 1 - (above[of_row] + (equal[of_row] + 1) / 2)
    first: dict[float, int] = {}
    for number, count in enumerate(sorted(points, reverse=True), start=1):
        first.setdefault(count, number)
    return [first[count] for count in points]


def _mean(scores: Sequence[float | None]) -> float | None:
    held = [score for score in scores if score is not None]
    return round(fmean(held), 12) if held else None


def groups_of(suite: Suite, category_id: str | None = None) -> list[list[int]]:
    """The families of a suite's tasks (of one category) that weigh in its average, by the tasks' numbers."""
    place = {task_id: number for number, task_id in enumerate(suite.task_ids)}
    return [
        [place[task] for task in group]
        for category in suite.categories
        if category.id == category_id or (category_id is None and category.weight)
        for group in category.groups
    ]
