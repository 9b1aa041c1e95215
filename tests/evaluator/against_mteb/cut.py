"""Small copies of the real data sets: some of their rows, for what needs real rows but not all of them."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluator.task import Task

EVERY_ROW, MOST_ROWS = 25, 40
EVERY_JUDGEMENT = 5
CUT = ("klue/klue", "mteb/sib200", "yjoonjang/markers_bm")
"""The data sets that are cut, each in Hub layout: README.md and parquet files."""


def cut_copies(datasets: Path, to: Path) -> Path:
    """Copies of the data sets in CUT with every 25th row of each file, or some forty of a longer one; returns `to`.

    Of a data set for retrieval every fifth relevance judgement is kept, with its query and its document.
    """
    for name in CUT:
        for source in sorted((datasets / name).rglob("*.*")):
            target = to / name / source.relative_to(datasets / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".parquet":
                pq.write_table(_cut(source), target)
            else:
                target.write_bytes(source.read_bytes())
    return to


def _cut(source: Path) -> pa.Table:
    table = pq.read_table(source)
    if "corpus-id" in table.column_names:
        return _every(EVERY_JUDGEMENT, table)
    if source.parent.name not in ("corpus", "queries"):
        return _every(max(EVERY_ROW, len(table) // MOST_ROWS), table)
    judged = _every(EVERY_JUDGEMENT, pq.read_table(source.parents[1] / "default/test.parquet"))
    ids = judged["query-id" if source.parent.name == "queries" else "corpus-id"]
    return table.filter(pc.is_in(table["_id"], value_set=ids.combine_chunks()))


def _every(step: int, table: pa.Table) -> pa.Table:
    return table.take(list(range(0, len(table), step)))


def unpinned(task: Task) -> Task:
    """The task without the fingerprint of its rows, so that it takes a cut copy."""
    return replace(task, data=replace(task.data, fingerprint=None, copy_fingerprint=None, former=()))
