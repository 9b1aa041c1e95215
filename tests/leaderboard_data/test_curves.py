"""Curves are published with their result, add up as runs do, and give the same table in any order."""

import dataclasses
import io
import itertools

import numpy as np
import pyarrow.parquet as pq
import pytest

from evaluator.evidence.curve_file import load_curves
from evaluator.reading import BadFile
from evaluator.spec import result_path
from evaluator.suite import KO_V1, KO_V2
from leaderboard_data.curves import CURVE_FILE, CURVES_PATH, CurveCell
from leaderboard_data.load import curves_path
from leaderboard_data.publish import publish_change, rebuild_index
from store.memory import MemoryStore
from store.update import update
from tests.leaderboard_data.curved import DIMENSION, curved
from tests.leaderboard_data.ranked import TASK

PARTS = [curved("org/name", 2.0, 1), curved("org/other", 1.0, 2), curved("lexical/bm25-word", 1.0, 3)]
TASKS = KO_V1.category("retrieval").task_ids  # type: ignore[union-attr]


def published(*parts: tuple) -> MemoryStore:  # type: ignore[type-arg]
    store = MemoryStore()
    for result, samples, rankings, curves in parts:
        update(store, publish_change(result, samples, rankings, curves=curves))
    return store


def test_the_order_of_publishing_does_not_matter() -> None:
    found = [
        {path: store.read(path) for path in store.list("")}
        for store in (published(*order) for order in itertools.permutations(PARTS[:2]))
    ]
    assert found[0] == found[1]
    store = published(*PARTS[:2])
    update(store, rebuild_index)
    assert store.read(CURVES_PATH) == found[0][CURVES_PATH]
    head = store.head()
    update(store, publish_change(*PARTS[0][:3], curves=PARTS[0][3]))
    assert store.head() == head


def test_losses_are_held_against_full_float32_with_paired_intervals() -> None:
    cells = [cell for cell in CURVE_FILE.load(published(PARTS[0]).read(CURVES_PATH)) if cell.suite == KO_V1.id]
    assert {cell.item for cell in cells} == {TASK}  # the category lacks a task, so it has no mean
    by = {(cell.dimension, cell.precision): cell for cell in cells}
    full = by[DIMENSION, "float32"]
    assert (full.change, full.low, full.high, full.bytes) == (0, 0, 0, 4 * DIMENSION)
    small = by[256, "int8"]
    assert small.bytes == 256
    assert small.change == pytest.approx(-0.03, abs=1e-6)
    assert (small.low, small.high) == pytest.approx((-0.03, -0.03), abs=1e-5)  # the same on every resample


def test_means_have_curves_where_no_task_is_missing() -> None:
    part = curved("org/name", 2.0, 1, TASKS)
    cells = [c for c in CURVE_FILE.load(published(part).read(CURVES_PATH)) if c.suite == KO_V1.id]
    means = {(c.dimension, c.precision): c for c in cells if c.item == "retrieval"}
    for key, mean in means.items():
        of_tasks = [c.score for c in cells if c.item in TASKS and (c.dimension, c.precision) == key]
        assert mean.score == pytest.approx(np.mean(of_tasks), abs=1e-7)
    assert len(means) == 16


def test_curves_of_runs_add_up_and_stay_with_the_run_that_counts() -> None:
    first, second = curved("org/name", 2.0, 1, TASKS[:1]), curved("org/name", 2.0, 2, TASKS[1:2])
    path = curves_path(result_path(first[0].spec))
    for order in ((first, second), (second, first)):
        assert set(load_curves(published(*order).read(path))) == set(TASKS[:2])
    newer = curved("org/name", 1.0, 3, TASKS[:1])
    store = published(first, second, newer)
    assert load_curves(store.read(path))[TASKS[0]].keys() == load_curves(newer[3])[TASKS[0]].keys()
    update(store, publish_change(*newer[:3], replace=True))
    assert path not in store.list("")
    assert CURVE_FILE.load(store.read(CURVES_PATH)) == []


def test_a_result_without_curves_is_published_as_before() -> None:
    result, samples, rankings, _ = PARTS[0]
    store = MemoryStore()
    update(store, publish_change(result, samples, rankings))
    assert CURVES_PATH not in store.list("")
    update(store, publish_change(result, samples, rankings, curves=b"no curves"))
    assert CURVES_PATH not in store.list("")


def test_a_damaged_table_is_refused() -> None:
    cell = CurveCell("results/a.json", "0" * 64, KO_V2.id, TASK, 64, "int8", 0.5, -0.1, -0.2, 0.0)
    assert CURVE_FILE.load(CURVE_FILE.dump([cell])) == [cell]
    for change in ({"score": float("nan")}, {"change": 9.0}, {"precision": "int4"}, {"dimension": 0}):
        with pytest.raises(BadFile):
            CURVE_FILE.load(CURVE_FILE.dump([dataclasses.replace(cell, **change)]))  # type: ignore[arg-type]
    assert CURVE_FILE.load(CURVE_FILE.dump([dataclasses.replace(cell, suite="other")])) == []
    sink = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(CURVE_FILE.dump([cell]))).drop(["low"]), sink)
    with pytest.raises(BadFile):
        CURVE_FILE.load(sink.getvalue())
