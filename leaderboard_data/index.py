"""The index `leaderboard.parquet`: one row per (result, task), so that the page reads one file.

It is also what the Hub's data set viewer shows. Everything in it follows from the result files; it is rewritten in
the commit that writes one of them, and can be made anew from them at any time.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import fields

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.suite import SUITES
from leaderboard_data.entry import NO_CELL, Cell, Entry

INDEX_PATH = "leaderboard.parquet"

_RESULT_SCHEMA = {
    "path": pa.string(),
    "spec_id": pa.string(),
    "suite": pa.string(),
    "model": pa.string(),
    "local": pa.bool_(),
    "revision": pa.string(),
    "precision": pa.string(),
    "origin": pa.string(),
    "by": pa.string(),
    "label": pa.string(),
    "reference": pa.string(),
    "version": pa.string(),
    "at": pa.string(),
    "keep_duplicates": pa.bool_(),
    "parameters": pa.int64(),
    "embedding_dimension": pa.int32(),
    "max_tokens": pa.int32(),
    "license": pa.string(),
    "memory_bytes": pa.int64(),
    "llm_based": pa.bool_(),
    "open_weights": pa.bool_(),
    "tokens_per_second": pa.float64(),
}
_CELL_SCHEMA = {
    "task": pa.string(),
    "score": pa.float64(),
    "low": pa.float64(),
    "high": pa.float64(),
    "n": pa.int32(),
    "failure": pa.string(),
}
SCHEMA = pa.schema({**_RESULT_SCHEMA, **_CELL_SCHEMA})
_CELL_FIELDS = tuple(field.name for field in fields(Cell))


def dump_index(entries: Iterable[Entry]) -> bytes:
    """The index file's content. The same entries, in any order, give the same bytes."""
    columns: dict[str, list[object]] = {name: [] for name in SCHEMA.names}
    for entry in sorted(entries, key=lambda entry: entry.key):
        tasks = SUITES[entry.suite].task_ids
        for name in _RESULT_SCHEMA:
            columns[name].extend([getattr(entry, name)] * len(tasks))
        columns["task"].extend(tasks)
        for name in _CELL_FIELDS:
            columns[name].extend(getattr(cell, name) for cell in entry.cells)
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=SCHEMA), sink, compression="zstd")
    return sink.getvalue()


def load_index(content: bytes) -> list[Entry]:
    """The entries of an index file.

    Raises:
        ValueError: it is not an index of the schema known here.
    """
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{INDEX_PATH} is not readable: {error}") from error
    if table.schema.remove_metadata() != SCHEMA:
        raise ValueError(f"{INDEX_PATH} has other columns than this version of the board writes")
    starts, suites = _result_starts(table)
    per_result = [table[name].take(pa.array(starts)).to_pylist() for name in _RESULT_SCHEMA]
    task = table["task"].to_pylist()
    cell_columns = [table[name].to_pylist() for name in _CELL_FIELDS]
    cells = [
        NO_CELL if score is None and failure is None else Cell(score=score, low=low, high=high, n=n, failure=failure)
        for score, low, high, n, failure in zip(*cell_columns, strict=True)
    ]
    entries = []
    for number, values in enumerate(zip(*per_result, strict=True)):
        start, suite = starts[number], suites[number]
        width = len(SUITES[suite].task_ids)
        if tuple(task[start : start + width]) != SUITES[suite].task_ids:
            raise ValueError(f"{INDEX_PATH} does not list the tasks of {suite} for {values[0]}")
        entries.append(
            Entry(**dict(zip(_RESULT_SCHEMA, values, strict=True)), cells=tuple(cells[start : start + width]))
        )
    return entries


def _result_starts(table: pa.Table) -> tuple[list[int], list[str]]:
    """The row at which each result begins, and its suite."""
    starts: list[int] = []
    suites: list[str] = []
    all_suites: Sequence[str] = table["suite"].to_pylist()
    row = 0
    while row < len(all_suites):
        suite = all_suites[row]
        if suite not in SUITES:
            raise ValueError(f"{INDEX_PATH} names a suite that is not known here: {suite!r}")
        starts.append(row)
        suites.append(suite)
        row += len(SUITES[suite].task_ids)
    if row != len(all_suites):
        raise ValueError(f"{INDEX_PATH} ends within a result")
    return starts, suites
