"""A table of the board as text: the same rows, columns, order and digits as the page shows."""

import csv
import io
import json
from typing import Literal, get_args

from evaluator.records import percent
from evaluator.suite import SUITES
from leaderboard_data.board import Row, Table
from leaderboard_data.entry import Entry
from leaderboard_data.training import STATES

Format = Literal["csv", "json"]
FORMATS: tuple[str, ...] = get_args(Format)
ZERO_SHOT = "Zero-shot"


def export(table: Table, form: Format, *, zero_shot: bool = False) -> str:
    """The table as CSV (two decimals, gaps empty) or as JSON (unrounded scores 0..1, with each row's origin).

    `zero_shot`: a column more in the CSV, as MTEB's board has it; JSON has it anyway.

    Raises:
        ValueError: another format.
    """
    if form == "csv":
        return _csv(table, zero_shot)
    if form == "json":
        return json.dumps(as_records(table), ensure_ascii=False, indent=1) + "\n"
    raise ValueError(f"there is no format {form!r}; the formats: {', '.join(FORMATS)}")


def _csv(table: Table, zero_shot: bool) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    rank = table.suite.rank_column
    as_mteb = table.suite.as_mteb
    more = [ZERO_SHOT] if zero_shot else []
    writer.writerow([rank, "Model", ZERO_SHOT, *table.columns] if as_mteb else ["Model", *table.columns, *more, rank])
    for row in table.rows:
        values = ["" if value is None else percent(value) for value in row.values]
        name, place = _plain(row.entry.name), "" if row.rank is None else row.rank
        if as_mteb:
            writer.writerow([place, name, _zero_shot(row), *values])
            continue
        if zero_shot:
            values.append("" if row.entry.zero_shot is None else str(row.entry.zero_shot))
        writer.writerow([name, *values, place])
    return sink.getvalue()


def _zero_shot(row: Row) -> int:
    """As MTEB's board prints it: whole percent, -1 where nothing is declared."""
    return -1 if row.entry.zero_shot is None else row.entry.zero_shot


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def training_told(entry: Entry) -> dict[str, str]:
    """What is known of training on the data of each of the suite's tasks, by its column."""
    tasks = SUITES[entry.suite].tasks if entry.seen else ()
    return {task.column: STATES[state] for task, state in zip(tasks, entry.seen, strict=True)}


def as_records(table: Table) -> list[dict[str, object]]:
    """One dictionary a row: who, where the numbers come from, the scores by column, the rank (of a lexical
    model the place that its score would have); and, by the columns of
    the suite's tasks, what is known of training on their data (`leaderboard_data.training.STATES`), and how a score
    contradicts the model's others (`odd`, docs/board.md)."""
    return [
        {
            "name": row.entry.name,
            "model": row.entry.model,
            "revision": row.entry.revision,
            "precision": row.entry.precision,
            "origin": row.entry.origin,
            "by": row.entry.by,
            "kind": row.entry.kind,
            "rank": row.rank,
            "place": row.place,
            "scores": dict(zip(table.columns, row.values, strict=True)),
            "odd": {
                task.column: cell.odd
                for task, cell in zip(table.suite.tasks, row.entry.cells, strict=True)
                if cell.odd and task.column in table.columns
            },
            "zero_shot": row.entry.zero_shot,
            "training": training_told(row.entry),
        }
        for row in table.rows
    ]
