"""Entries -> the tables of the board: rows, means, ranks, gaps. Pure.

- What is averaged, and how, says the suite (`evaluator.suite.Suite.means`). Means are not rounded; only for rows of
  the published board they are, as that board did (docs/decisions/0005).
- A mean of which one score is missing does not exist: it is a gap, never a mean of fewer.
- Rank 1 is the highest; equal scores share a rank (and the next one is left out). Only an entry with all scores that
  weigh in the suite has ranks; the others are listed below, those that show more before those that show less. A suite
  may rank as MTEB does (`leaderboard_data.ranking`).
- One row per model and precision: a complete result before an incomplete one, then measured before what others report,
  of that, where it is not complete, the one with more scores, then published before imported, then the one of the
  newest commit, then the one with more scores, then the one evaluated last. A result
  whose precision nobody told stands for every precision of its model.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from evaluator.records import percent
from evaluator.suite import OVERALL, OriginName, Suite
from leaderboard_data.entry import ORIGINS, Entry
from leaderboard_data.ranking import borda_ranks, groups_of, joined
from leaderboard_data.training import unseen_only


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a view. `values` are in the order of its columns, None where there is a gap.

    `place` is that of a lexical model, which takes no rank from others: the rank that its score would have.
    """

    entry: Entry
    values: tuple[float | None, ...]
    rank: int | None
    place: int | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One view: column names without `Model` and the rank's, and its rows in order. `sorted_by` says by what."""

    view: str
    suite: Suite
    columns: tuple[str, ...]
    sorted_by: str
    rows: tuple[Row, ...]


def means(entry: Entry, suite: Suite) -> tuple[dict[str, float | None], float | None]:
    """({category id: mean of its tasks' scores}, the mean over the suite); None where a score is missing.

    The published board rounded the categories' means to two decimals of a percent, took the mean of these numbers
    as binary floats and rounded that: without doing the same, two of its nine averages come out 0.01 beside it.
    """
    found = all_means(entry, suite)
    of_category = {category.id: found.get(category.id) for category in suite.categories}
    if entry.origin != "published":
        return of_category, found.get(OVERALL)
    shown = {name: None if mean is None else float(percent(mean)) for name, mean in of_category.items()}
    present = [value for value in shown.values() if value is not None]
    overall = round(sum(present) / len(shown), 2) / 100 if len(present) == len(shown) else None
    return {name: None if value is None else value / 100 for name, value in shown.items()}, overall


def all_means(entry: Entry, suite: Suite) -> dict[str, float]:
    """Id of a category or an average -> the unrounded mean of an entry's scores; only if none is missing."""
    return suite.means(dict(zip(suite.task_ids, (cell.score for cell in entry.cells), strict=True)), _mean)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return fmean(values, weights)


def preference(entry: Entry) -> tuple[bool, bool, bool, int, int, str, int, str, str]:
    """Sorts the results of one model: the one that stands for it on the board comes last.

    What is in doubt stands before nothing complete: it never displaces a row that nobody doubts.
    Of what others report, and is not complete, the one with more scores comes last: a row of the published board, which
    knows nine tasks, does not hide what MTEB tells of more. A commit whose date nobody told counts as made when it was
    evaluated.
    """
    scores = sum(cell.score is not None for cell in entry.cells)
    commit = (entry.committed_at or entry.at or "") if entry.origin == "measured" else ""
    place = -ORIGINS.index(entry.origin)
    measured = entry.origin == "measured"
    fuller = 0 if entry.complete or measured else scores
    of_entry = place, commit, scores, entry.at or "", entry.reference or ""
    return entry.complete, entry.doubts is None, measured, fuller, *of_entry


def chosen(entries: Iterable[Entry], origins: Collection[OriginName], suite: Suite) -> list[Entry]:
    """The one entry of each model and precision that the board lists, of the given origins."""
    listed: dict[str, dict[str | None, Entry]] = {}
    for entry in sorted(candidates(entries, origins, suite), key=preference, reverse=True):
        of_model = listed.setdefault(entry.model, {})
        unknown_precision = entry.precision is None or None in of_model
        if entry.precision in of_model or (of_model and unknown_precision):
            continue
        of_model[entry.precision] = entry
    return [entry for of_model in listed.values() for entry in of_model.values()]


def candidates(entries: Iterable[Entry], origins: Collection[OriginName], suite: Suite) -> list[Entry]:
    """The entries that a suite's board chooses from, revisions joined where it does so."""
    wanted = [entry for entry in entries if entry.origin in origins and comparable(entry, suite)]
    return joined(wanted, suite) if suite.joins_revisions else wanted


def comparable(entry: Entry, suite: Suite) -> bool:
    """Whether an entry is of this suite and, if measured by us, follows the rule on duplicate pairs."""
    return entry.suite == suite.id and not (entry.origin == "measured" and entry.keep_duplicates)


def ranks(scores: Sequence[float | None]) -> list[int | None]:
    """Ranks from 1 for the highest; equal scores share one; None where there is no score.

    Scores are compared at 12 decimals: below that lies only the noise of adding floats.
    """
    rounded = [None if score is None else round(score, 12) for score in scores]
    ordered = sorted((score for score in rounded if score is not None), reverse=True)
    first: dict[float, int] = {}
    for place, score in enumerate(ordered, start=1):
        first.setdefault(score, place)
    return [None if score is None else first[score] for score in rounded]


def table(
    entries: Iterable[Entry],
    view: str,
    suite: Suite,
    origins: Collection[OriginName] | None = None,
    unseen: str = "",
) -> Table:
    """The table of one view, its rows in the order of the board. `origins` None: those that its suite opens with.

    `unseen` hides scores on data that the model was trained on (`leaderboard_data.training.UNSEEN`). They are gaps
    then: a mean of which a score is hidden does not exist, and its row has no rank by it.

    Raises:
        ValueError: there is no such view, or no such choice.
    """
    columns, sorted_by = view_columns(view, suite)
    wanted = applicable(chosen(entries, suite.origins if origins is None else origins, suite), view, suite)
    listed = [unseen_only(entry, unseen) for entry in wanted]
    values = [_values(entry, suite) for entry in listed]
    score_ranks = _ranks(wanted, listed, values, sorted_by, view, suite)
    key = columns.index(sorted_by)
    places = _places(listed, [value[sorted_by] for value in values], score_ranks, suite)
    rows = [
        Row(entry=entry, values=tuple(value[column] for column in columns), rank=rank, place=place)
        for entry, value, rank, place in zip(listed, values, score_ranks, places, strict=True)
    ]

    def place(row: Row) -> tuple[float, float, int, str]:
        score = row.values[key] if suite.ranks_by == "average" else None
        at = row.rank or (row.place - 0.5 if row.place else float("inf"))  # before those that it is not below
        known = 0 if suite.ranks_by == "borda" or score is not None else sum(value is not None for value in row.values)
        return at, float("inf") if score is None else -score, -known, row.entry.name

    return Table(view=view, suite=suite, columns=columns, sorted_by=sorted_by, rows=tuple(sorted(rows, key=place)))


def _ranks(
    whole: Sequence[Entry],
    listed: Sequence[Entry],
    values: Sequence[Mapping[str, float | None]],
    sorted_by: str,
    view: str,
    suite: Suite,
) -> Sequence[int | None]:
    """The rows' ranks. `whole` are the entries with what the filter hides: a row without all scores has no rank, and
    one with a hidden score has none where that score counts. A Borda count would take what is hidden for a defeat.
    A lexical model never has a rank, a sparse or multi-vector one only where all that counts is applicable to it."""
    if suite.ranks_by == "average":
        return ranks([value[sorted_by] if entry.complete else None for entry, value in zip(whole, values, strict=True)])
    groups = groups_of(suite, view if suite.category(view) else None)
    counted = [task for group in groups for task in group]
    shown = [
        not a.lexical and not a.not_applicable & set(counted) and all(a.cells[i] is b.cells[i] for i in counted)
        for a, b in zip(whole, listed, strict=True)
    ]
    scores = [[cell.score for cell in entry.cells] for entry, is_shown in zip(listed, shown, strict=True) if is_shown]
    ranked = iter(borda_ranks(scores, groups))
    return [next(ranked) if is_shown else None for is_shown in shown]


def _places(
    listed: Sequence[Entry], scores: Sequence[float | None], ranked: Sequence[int | None], suite: Suite
) -> list[int | None]:
    """The place of each lexical model: 1 more than there are ranked rows with a higher score. Of the others None."""
    if suite.ranks_by == "borda":
        return [None] * len(listed)
    held = [round(score, 12) for score, rank in zip(scores, ranked, strict=True) if rank and score is not None]
    return [
        1 + sum(other > round(score, 12) for other in held) if entry.lexical and score is not None else None
        for entry, score in zip(listed, scores, strict=True)
    ]


def applicable(entries: Iterable[Entry], view: str, suite: Suite) -> list[Entry]:
    """The entries of which a view shows something: none of models that can do no task of its category."""
    category = suite.category(view)
    shown = {n for n, task in enumerate(suite.task_ids) if category is None or task in category.task_ids}
    return [entry for entry in entries if shown - entry.not_applicable]


def view_columns(view: str, suite: Suite) -> tuple[tuple[str, ...], str]:
    """The columns of a view as the published board names them, and the one that decides the rank.

    Raises:
        ValueError: there is no such view.
    """
    shows = next((each.shows for each in suite.views if each.id == view), None)
    category = suite.category(view)
    averages = tuple(average.column for average in suite.averages)
    if shows in ("categories", "tasks"):
        parts = (
            tuple(each.mean_column for each in suite.categories)
            if shows == "categories"
            else tuple(task.column for task in suite.tasks)
        )
        return ((*averages, *parts) if suite.as_mteb else (*parts, *averages)), suite.average_column
    if shows == "category" and category is not None:
        mean = category.mean_column
        return (*(suite.task(task_id).column for task_id in category.task_ids), mean), mean
    raise ValueError(f"there is no view {view[:100]!r}; the views: {', '.join(suite.view_ids)}")


def _values(entry: Entry, suite: Suite) -> Mapping[str, float | None]:
    """Every column of every view: {column name: value}."""
    of_category, overall = means(entry, suite)
    found = all_means(entry, suite)
    values = {average.column: found.get(average.id) for average in suite.averages}
    values[suite.average_column] = overall
    values.update({each.mean_column: of_category[each.id] for each in suite.categories})
    values.update({task.column: cell.score for task, cell in zip(suite.tasks, entry.cells, strict=True)})
    return values
