"""The samples file: the per-pair, per-query and per-experiment values behind the scores, as parquet.

One table: `task`, `item` (pair number, query id or experiment number), and every value column of any kind; a column
that a task's kind does not have is null in its rows. A task's metrics can be computed from its rows alone.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from evaluator.kinds import Samples, kind_of
from evaluator.suite import SUITES
from evaluator.writing import write_atomically


def dump_samples(samples: Mapping[str, Samples]) -> bytes:
    """The samples file's content. The same samples give the same bytes."""
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


def write_samples(samples: Mapping[str, Samples], path: Path) -> None:
    """Write the samples file."""
    write_atomically(path, dump_samples(samples))


def load_samples(content: bytes) -> dict[str, Samples]:
    """Task id -> samples, as `dump_samples` wrote them.

    Raises:
        ValueError: it is not a samples file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
    except pa.ArrowInvalid as error:
        raise ValueError(f"not a parquet file: {error}") from error
    if not {"task", "item"} <= set(table.column_names):
        raise ValueError("not a samples file: it has no columns task and item")
    frame = table.to_pandas()
    found: dict[str, Samples] = {}
    for task_id, rows in frame.groupby("task", sort=False):
        held = {name: rows[name].to_numpy(dtype=np.float64) for name in rows.columns if name not in ("task", "item")}
        columns = {name: values for name, values in held.items() if not np.isnan(values).all()}
        found[str(task_id)] = {"item": rows["item"].to_numpy(dtype=object), **columns}
    return found


def metrics_from_samples(suite_id: str, samples: Mapping[str, Samples]) -> dict[str, dict[str, float]]:
    """Task id -> metrics, computed again from the samples."""
    suite = SUITES[suite_id]
    return {task_id: kind_of(suite.task(task_id)).metrics(columns) for task_id, columns in samples.items()}
