"""The samples file: the per-pair, per-query and per-experiment values behind the scores, as parquet.

One table: `task`, `item` (pair number, query id or experiment number), and every value column of any kind; a column
that a task's kind does not have is null in its rows. A task's metrics can be computed from its rows alone.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from evaluator.evidence.writing import write_by_task
from evaluator.kinds import Samples, kind_of
from evaluator.reading import SAMPLES_BYTES, reading, table
from evaluator.tasks import discovered_tasks

MOST_ROWS = 5_000_000
"""Pairs, queries and experiments of all tasks of a result together."""


def dump_samples(samples: Mapping[str, Samples]) -> bytes:
    """The samples file's content, sorted by task id. The same samples, in any order, give the same bytes."""
    samples = dict(sorted(samples.items()))
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(dict.fromkeys(name for columns in samples.values() for name in columns if name != "item"))
    schema = pa.schema([("task", pa.string()), ("item", pa.string()), *((name, pa.float64()) for name in names)])
    parts = []
    for task_id, columns in samples.items():
        count = len(columns["item"])
        data = {"task": [task_id] * count, "item": [str(item) for item in columns["item"]]}
        values = {name: columns[name] if name in columns else pa.nulls(count, pa.float64()) for name in names}
        parts.append(pa.table({**data, **values}, schema=schema))
    buffer = io.BytesIO()
    pq.write_table(pa.concat_tables(parts), buffer, compression="zstd")
    return buffer.getvalue()


def write_samples(samples: Mapping[str, Samples], path: Path, *, onto: bool = False) -> None:
    """Write the samples file; with `onto`, tasks that are in it already and not in `samples` stay.

    Raises:
        ValueError: `onto`, and the file is not one of samples.
    """
    write_by_task(samples, path, load=load_samples, dump=dump_samples, onto=onto)


def load_samples(content: bytes, name: str = "the samples file") -> dict[str, Samples]:
    """Task id -> samples, as `dump_samples` wrote them. `name` is for the error.

    Raises:
        ValueError: (BadFile) it is not a samples file, too large, or a value is not a finite number.
    """
    with reading(name, content, SAMPLES_BYTES):
        read = table(content, MOST_ROWS)
        if not {"task", "item"} <= set(read.column_names) or len(set(read.column_names)) < len(read.column_names):
            raise ValueError("not a samples file: it has no columns task and item, or one of them twice")
        if read["task"].null_count or read["item"].null_count:
            raise ValueError("a row names no task or no item")
        frame = read.to_pandas()
        found: dict[str, Samples] = {}
        for task_id, rows in frame.groupby("task", sort=False):
            columns = {"item": rows["item"].to_numpy(dtype=object)}
            for column in rows.columns:
                if column in ("task", "item") or rows[column].isna().all():
                    continue
                columns[column] = rows[column].to_numpy(dtype=np.float64)
                if not np.isfinite(columns[column]).all():
                    raise ValueError(f"{task_id}: the column {column} has values that are no finite numbers")
            found[str(task_id)] = columns
        return found


def metrics_from_samples(samples: Mapping[str, Samples]) -> dict[str, dict[str, float]]:
    """Task id -> metrics, computed again from the samples."""
    tasks = discovered_tasks()
    return {task_id: kind_of(tasks[task_id]).metrics(columns) for task_id, columns in samples.items()}
