"""A table of the board as text: the same rows, columns, order and digits as the page shows."""

import csv
import io
import json
from typing import Literal, get_args

from evaluator.records import percent
from leaderboard_data.board import Row, Table

ZERO_SHOT = "Zero-shot"
"""The column of MTEB's board that says how much of it a model was not trained on."""

Format = Literal["csv", "json"]
FORMATS: tuple[str, ...] = get_args(Format)


def export(table: Table, form: Format) -> str:
    """The table as CSV (two decimals, gaps empty) or as JSON (unrounded scores 0..1, with each row's origin).

    Raises:
        ValueError: another format.
    """
    if form == "csv":
        return _csv(table)
    if form == "json":
        return json.dumps(as_records(table), ensure_ascii=False, indent=1) + "\n"
    raise ValueError(f"there is no format {form!r}; the formats: {', '.join(FORMATS)}")


def _csv(table: Table) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    rank = table.suite.rank_column
    head = [rank, "Model", ZERO_SHOT, *table.columns] if table.suite.as_mteb else ["Model", *table.columns, rank]
    writer.writerow(head)
    for row in table.rows:
        values = ["" if value is None else percent(value) for value in row.values]
        name, place = _plain(row.entry.name), "" if row.rank is None else row.rank
        writer.writerow([place, name, _zero_shot(row), *values] if table.suite.as_mteb else [name, *values, place])
    return sink.getvalue()


def _zero_shot(row: Row) -> int:
    """As MTEB's board prints it: whole percent, -1 where nothing is declared."""
    return -1 if row.zero_shot is None else row.zero_shot


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def as_records(table: Table) -> list[dict[str, object]]:
    """One dictionary a row: who, where the numbers come from, the scores by column, the rank, and which are odd.

    `odd`: column -> how the score contradicts its neighbours (docs/board.md).
    """
    return [
        {
            "name": row.entry.name,
            "model": row.entry.model,
            "revision": row.entry.revision,
            "precision": row.entry.precision,
            "origin": row.entry.origin,
            "by": row.entry.by,
            "rank": row.rank,
            "zero_shot": row.zero_shot,
            "scores": dict(zip(table.columns, row.values, strict=True)),
            "odd": {
                task.column: cell.odd
                for task, cell in zip(table.suite.tasks, row.entry.cells, strict=True)
                if cell.odd and task.column in table.columns
            },
        }
        for row in table.rows
    ]
