"""Kinds of models on the board: what ranks where, what is not applicable, and files of former versions."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.merging import applicable, lacking
from evaluator.records import TaskScore
from evaluator.spec import Vectors
from evaluator.suite import KO_V1, SUITES
from leaderboard_data.board import table
from leaderboard_data.entry import Entry, entries_of, entry_of
from leaderboard_data.export import export
from leaderboard_data.index import dump_cells, load_index
from leaderboard_data.load import Reader, load_entries, snapshot_of
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import publish_change
from leaderboard_data.sound import wrong_with
from store.local import LocalStore
from store.update import update
from tests.leaderboard_data.examples import scored
from tests.leaderboard_data.ranked import ranked

RETRIEVAL = KO_V1.category("retrieval").task_ids  # type: ignore[union-attr]
OTHERS = {task: scored(task, 0.6) for task in KO_V1.task_ids if task not in RETRIEVAL}
KINDS: tuple[tuple[str, float, Vectors], ...] = (
    ("org/late", 3.4, "multi_vector"),
    ("org/dense", 2.6, "dense"),
    ("org/sparse", 1.9, "sparse"),
    ("lexical/bm25-word", 1.0, "dense"),
)


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    made = []
    for seed, (model, quality, vectors) in enumerate(KINDS, start=1):
        more = OTHERS if model == "org/dense" else {}
        result, _, _ = ranked(model, quality, seed, RETRIEVAL, more, vectors)
        made.append(entry_of(f"results/{seed}.json", result, KO_V1))
    return made


def test_they_rank_in_retrieval_and_have_no_rank_overall(entries: list[Entry]) -> None:
    retrieval = [(row.entry.model, row.rank) for row in table(entries, "retrieval", KO_V1).rows]
    assert retrieval == [("org/late", 1), ("org/dense", 2), ("org/sparse", 3), ("lexical/bm25-word", None)]
    overall = {row.entry.model: row.rank for row in table(entries, "overall", KO_V1).rows}
    assert overall == {"org/dense": 1, "org/late": None, "org/sparse": None, "lexical/bm25-word": None}
    assert [row.entry.model for row in table(entries, "sts", KO_V1).rows] == ["org/dense"]


def test_a_gap_in_what_is_applicable_takes_the_rank(entries: list[Entry]) -> None:
    late = entries[0]
    lost = KO_V1.task_ids.index(RETRIEVAL[0])
    cells = tuple(replace(cell, score=None) if i == lost else cell for i, cell in enumerate(late.cells))
    assert late.complete
    assert not replace(late, cells=cells).complete


def test_they_are_not_counted_where_ranks_are_counts_over_tasks() -> None:
    """Where a rank is a Borda count, what a model cannot do would be a defeat."""
    counted = next(suite for suite in SUITES.values() if suite.ranks_by == "borda")
    kinds = {}
    for seed, (model, quality, vectors) in enumerate(KINDS, start=1):
        tasks = tuple(task.id for task in counted.tasks if task.kind in ("retrieval", "reranking"))
        others = {
            task.id: TaskScore(metrics=dict.fromkeys(counted.rules[task.id].metrics, 0.6))
            for task in counted.tasks
            if task.id not in tasks
        }
        result, _, _ = ranked(model, quality, seed, tasks, others if model == "org/dense" else {}, vectors)
        kinds[model] = entry_of(f"results/{seed}.json", result, counted)
    rows = table(kinds.values(), "overall", counted, ["measured"]).rows
    assert {row.entry.model: row.rank for row in rows} == {
        "org/dense": 1,
        "org/late": None,
        "org/sparse": None,
        "lexical/bm25-word": None,
    }
    rows = table(
        kinds.values(), next(c.id for c in counted.categories if set(c.task_ids) <= set(tasks)), counted, ["measured"]
    ).rows
    assert {row.entry.model: row.rank for row in rows}["org/late"] is not None


def test_what_is_not_applicable_is_not_lacking() -> None:
    result, _, _ = ranked("org/late", 2.0, 1, RETRIEVAL, vectors="multi_vector")
    assert lacking(result, KO_V1.tasks) == ()
    assert {task.id for task in applicable(result.spec, KO_V1.tasks)} == set(RETRIEVAL)


def test_export_and_page_tell_the_kind(entries: list[Entry]) -> None:
    told = {row["model"]: row["kind"] for row in json.loads(export(table(entries, "retrieval", KO_V1), "json"))}
    assert told == {
        "org/late": "multi_vector",
        "org/dense": "dense",
        "org/sparse": "sparse",
        "lexical/bm25-word": "lexical",
    }
    page = json.loads(page_data(entries, "0" * 40, KO_V1))["entries"]
    kinds = {page["model"][int(row)]: kind for row, (kind, _) in page["kinds"].items()}
    assert kinds == {model: kind for model, kind in told.items() if kind != "dense"}
    not_applicable = next(numbers for kind, numbers in page["kinds"].values() if kind == "sparse")
    assert {KO_V1.task_ids[number] for number in not_applicable} == set(KO_V1.task_ids) - set(RETRIEVAL)


def test_the_index_holds_the_kind_and_one_without_it_is_read(entries: list[Entry]) -> None:
    ordered = sorted(entries, key=lambda entry: entry.key)
    content = dump_cells(ordered)
    assert [entry.kind for entry in load_index(content)] == [entry.kind for entry in ordered]
    former = pq.read_table(pa.BufferReader(content)).drop_columns(["kind"])
    sink = pa.BufferOutputStream()
    pq.write_table(former, sink)
    read = {entry.model: entry.kind for entry in load_index(sink.getvalue().to_pybytes())}
    assert read["lexical/bm25-word"] == "lexical"
    assert read["org/dense"] == "dense"


@pytest.mark.parametrize(("model", "kind"), [("org/any", "lexical"), ("lexical/bm25-word", "dense"), ("org/a", "new")])
def test_a_kind_that_cannot_be_is_left_out(model: str, kind: str, entries: list[Entry]) -> None:
    assert wrong_with(entries[0]) is None
    assert wrong_with(replace(entries[0], model=model, kind=kind)) is not None  # type: ignore[arg-type]


def test_what_a_late_interaction_model_gains_from_bm25(tmp_path: Path) -> None:
    from leaderboard_data.hybrids import HYBRID_FILE

    store = LocalStore(tmp_path / "results")
    for seed, (model, quality, vectors) in enumerate(KINDS, start=1):
        update(store, publish_change(*ranked(model, quality, seed, RETRIEVAL, vectors=vectors)))
    snapshot = snapshot_of(store)
    assert {entry.kind for entry in load_entries(snapshot, Reader())} == {"dense", "sparse", "multi_vector", "lexical"}
    paths = {cell.path for cell in HYBRID_FILE.stored(snapshot) or ()}
    assert len(paths) == 3


def test_every_result_has_its_kind() -> None:
    result, _, _ = ranked("org/late", 2.0, 1, RETRIEVAL, vectors="multi_vector")
    assert {entry.kind for entry in entries_of("results/1.json", result)} == {"multi_vector"}
