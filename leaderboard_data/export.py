"""A table of the board as text: the same rows, columns, order and digits as the page shows."""

import csv
import io
import json
from typing import Literal, get_args

from evaluator.records import percent
from leaderboard_data.board import RANK, Table

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
    writer.writerow(["Model", *table.columns, RANK])
    for row in table.rows:
        values = ["" if value is None else percent(value) for value in row.values]
        writer.writerow([_plain(row.entry.name), *values, "" if row.rank is None else row.rank])
    return sink.getvalue()


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def as_records(table: Table) -> list[dict[str, object]]:
    """One dictionary a row: who, where the numbers come from, the scores by column, the rank."""
    return [
        {
            "name": row.entry.name,
            "model": row.entry.model,
            "revision": row.entry.revision,
            "precision": row.entry.precision,
            "origin": row.entry.origin,
            "by": row.entry.by,
            "rank": row.rank,
            "scores": dict(zip(table.columns, row.values, strict=True)),
        }
        for row in table.rows
    ]
