"""The index: `leaderboard.parquet`, one row per (result, suite, task), and `means.parquet`, one per mean of a suite.

With it the page reads two files instead of one a result. It is also what the Hub's data set viewer shows. Everything
in it follows from the result files and their replicates; it is rewritten in the commit that writes one of them, and
can be made anew from them at any time.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluator.reading import INDEX_BYTES, BadFile, reading
from evaluator.reading import table as read_table
from evaluator.spec import LEXICAL, is_lexical
from evaluator.suite import OVERALL, SUITES
from leaderboard_data.board import all_means, means
from leaderboard_data.entry import NO_CELL, SLACK, Cell, Entry, with_mean_intervals
from leaderboard_data.sound import sound

INDEX_PATH = "leaderboard.parquet"
MEANS_PATH = "means.parquet"

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
    "committed_at": pa.string(),
    "doubts": pa.string(),
    "environments": pa.string(),
    "declared": pa.string(),
    "device": pa.string(),
    "syllable_tokens": pa.float64(),
    "unknown_tokens": pa.float64(),
    "suite_seconds": pa.float64(),
    "peak_bytes": pa.int64(),
    "matryoshka": pa.bool_(),
    "kind": pa.string(),
}
_CELL_SCHEMA = {
    "task": pa.string(),
    "score": pa.float64(),
    "low": pa.float64(),
    "high": pa.float64(),
    "n": pa.int32(),
    "failure": pa.string(),
    "odd": pa.string(),
    "cut": pa.float64(),
}
_MEANS_SCHEMA = {
    **{name: pa.string() for name in ("path", "spec_id", "reference", "suite", "model", "mean")},
    **{name: pa.float64() for name in ("score", "low", "high")},
}
_COLUMNS = {**_RESULT_SCHEMA, **_CELL_SCHEMA, "rule": pa.string()}
_COSTS = ("device", "syllable_tokens", "unknown_tokens", "suite_seconds", "peak_bytes", "matryoshka", "cut")
_LATER_COLUMNS = ("rule", "committed_at", "doubts", "environments", "declared", "odd", *_COSTS, "kind")
"""Columns that were added, in this order: an index without the last ones is a former one, and is read too."""
_SCHEMAS = tuple(
    pa.schema({name: kind for name, kind in _COLUMNS.items() if name not in _LATER_COLUMNS[count:]})
    for count in range(len(_LATER_COLUMNS) + 1)
)
MOST_ROWS = 2_000_000
"""Results times tasks of all suites: of tens of thousands of models."""

_CELL_FIELDS = tuple(field.name for field in fields(Cell))
_MADE_FOR = b"suites"


def _schema(columns: dict[str, pa.DataType]) -> pa.Schema:
    """The columns, with the suites that they were made for: an index that was made for others is made anew."""
    told = json.dumps([suite.description() for suite in SUITES.values()], sort_keys=True)
    return pa.schema(columns).with_metadata({_MADE_FOR: hashlib.sha256(told.encode()).hexdigest().encode()})


def dump_index(entries: Iterable[Entry]) -> dict[str, bytes]:
    """The index files, {path: content}. The same entries, in any order, give the same bytes."""
    ordered = sorted(entries, key=lambda entry: (entry.key, entry.suite))
    return {INDEX_PATH: dump_cells(ordered), MEANS_PATH: _dump_means(ordered)}


def dump_cells(entries: Sequence[Entry]) -> bytes:
    """`leaderboard.parquet` of entries in this order."""
    schema = _schema(_COLUMNS)
    columns: dict[str, list[object]] = {name: [] for name in schema.names}
    for entry in entries:
        rules = SUITES[entry.suite].rules
        for name in _RESULT_SCHEMA:
            columns[name].extend([getattr(entry, name)] * len(rules))
        columns["task"].extend(rules)
        columns["rule"].extend(rule.id for rule in rules.values())
        for name in _CELL_FIELDS:
            columns[name].extend(getattr(cell, name) for cell in entry.cells)
    return _written(columns, schema)


def _dump_means(entries: Sequence[Entry]) -> bytes:
    columns: dict[str, list[object]] = {name: [] for name in _MEANS_SCHEMA}
    for entry in entries:
        suite = SUITES[entry.suite]
        of_category, overall = means(entry, suite)
        found = {**all_means(entry, suite), **of_category, OVERALL: overall}
        values = {name: found.get(name) for name in suite.mean_ids}
        intervals = entry.mean_intervals or (None,) * len(values)
        for name in ("path", "spec_id", "reference", "suite", "model"):
            columns[name].extend([getattr(entry, name)] * len(values))
        columns["mean"].extend(values)
        columns["score"].extend(values.values())
        columns["low"].extend(interval[0] if interval else None for interval in intervals)
        columns["high"].extend(interval[1] if interval else None for interval in intervals)
    return _written(columns, _schema(_MEANS_SCHEMA))


def _written(columns: dict[str, list[object]], schema: pa.Schema) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd")
    return sink.getvalue()


def is_current(content: bytes) -> bool:
    """Whether an index file is laid out as now, for the suites that there are now."""
    try:
        with reading(INDEX_PATH, content, INDEX_BYTES):
            schema = pq.read_schema(pa.BufferReader(content))
    except BadFile:
        return False
    wanted = _schema({}).metadata
    return (schema.metadata or {}).get(_MADE_FOR) == wanted[_MADE_FOR]


def load_index(content: bytes, means_content: bytes | None = None) -> list[Entry]:
    """The entries of an index; their means have intervals only with the content of `means.parquet`.

    Rows of a suite that is not known here, or has other tasks now, are left out, and so is an entry with something in
    it that no board can bear (`leaderboard_data.sound`), by name. Indexes of former versions are read too: one without
    rules has the suite ko-v1 alone, one without the commits' dates, the doubts,
    the environments, the training data, what is odd or what Korean costs knows none, and one without kinds has dense
    and lexical models alone.

    Raises:
        ValueError: (BadFile) it is not an index of a schema known here.
    """
    with reading(INDEX_PATH, content, INDEX_BYTES):
        table = read_table(content, MOST_ROWS)
        if table.schema.remove_metadata() not in _SCHEMAS:
            raise ValueError("it has other columns than this version of the board writes")
        entries = list(sound(_entries(table), INDEX_PATH))
    if means_content is None:
        return entries
    intervals = _mean_intervals(means_content)
    return [
        with_mean_intervals(entry, found) if (found := intervals.get((*entry.key, entry.suite))) else entry
        for entry in entries
    ]


def _mean_intervals(content: bytes) -> dict[tuple[str, str, str, str], dict[str, tuple[float, float]]]:
    """(entry's key, suite) -> mean -> interval, of those that have one: two numbers from -1 to 1."""
    with reading(MEANS_PATH, content, INDEX_BYTES):
        table = read_table(content, MOST_ROWS)
        if table.schema.remove_metadata() != pa.schema(_MEANS_SCHEMA):
            raise ValueError("it has other columns than this version of the board writes")
        found: dict[tuple[str, str, str, str], dict[str, tuple[float, float]]] = {}
        names = ("path", "spec_id", "reference", "suite", "mean", "low", "high")
        limit = 1 + SLACK
        near = pc.and_(pc.less_equal(pc.abs(table["low"]), limit), pc.less_equal(pc.abs(table["high"]), limit))
        rows = table.filter(near).select(names)  # null and NaN are near to nothing
        for path, spec_id, reference, suite, mean, low, high in zip(*(rows[n].to_pylist() for n in names), strict=True):
            found.setdefault((path, spec_id, reference or "", suite), {})[mean] = (low, high)
        return found


def _entries(table: pa.Table) -> Iterator[Entry]:
    starts, widths = _result_starts(table)
    names = [name for name in _RESULT_SCHEMA if name in table.column_names]
    per_result = [table[name].take(pa.array(starts, pa.int64())).to_pylist() for name in names]
    tasks = table["task"].to_pylist()
    nothing = [None] * len(tasks)
    cell_columns = [table[name].to_pylist() if name in table.column_names else nothing for name in _CELL_FIELDS]
    cells = [
        NO_CELL
        if score is None and failure is None
        else Cell(score=score, low=low, high=high, n=n, failure=failure, odd=odd, cut=cut)
        for score, low, high, n, failure, odd, cut in zip(*cell_columns, strict=True)
    ]
    suite_column = names.index("suite")
    for start, width, values in zip(starts, widths, zip(*per_result, strict=True), strict=True):
        suite = SUITES.get(values[suite_column])
        if suite is not None and tuple(tasks[start : start + width]) == suite.task_ids:
            named = dict(zip(names, values, strict=True))
            if "kind" not in named and is_lexical(named["model"] or ""):
                named["kind"] = LEXICAL  # an index of a former version, which knew lexical models by their owner alone
            yield Entry(**named, cells=tuple(cells[start : start + width]))


def _result_starts(table: pa.Table) -> tuple[list[int], list[int]]:
    """The row at which each entry begins, and how many rows it has: a suite's first task begins one."""
    if not table.num_rows:
        return [], []
    begins = np.zeros(table.num_rows, bool)
    begins[0] = True
    for name in ("path", "spec_id", "suite"):
        values = table[name].combine_chunks()
        begins[1:] |= pc.fill_null(pc.not_equal(values[1:], values[:-1]), True).to_numpy(zero_copy_only=False)
    for suite in SUITES.values():
        first = pc.and_(pc.equal(table["suite"], suite.id), pc.equal(table["task"], suite.task_ids[0]))
        begins |= pc.fill_null(first, False).to_numpy()
    starts = [int(row) for row in np.flatnonzero(begins)]
    return starts, [stop - start for start, stop in zip(starts, [*starts[1:], table.num_rows], strict=True)]
