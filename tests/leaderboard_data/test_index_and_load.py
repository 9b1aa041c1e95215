"""The index holds what the files say; broken files are named and left out."""

import dataclasses
import io
import logging
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from evaluator.evidence.samples import dump_samples
from evaluator.records import Environment, dump_result, load_result
from evaluator.spec import result_path
from leaderboard_data.__main__ import app
from leaderboard_data.entry import entries_of
from leaderboard_data.index import INDEX_PATH, MEANS_PATH, dump_index, is_current, load_index
from leaderboard_data.load import Reader, load_entries, parse_results
from leaderboard_data.publish import publish_change, rebuild_index, seed, shipped_entries
from store import open_store
from store.memory import MemoryStore
from store.update import Change, Snapshot, update
from tests.leaderboard_data.examples import MOMENT, measured, pair_samples

pytestmark = pytest.mark.usefixtures("one_suite")


def snapshot(store: MemoryStore) -> Snapshot:
    return Snapshot(store, store.head())


def by_place(entries: list) -> list:  # type: ignore[type-arg]
    return sorted(entries, key=lambda entry: (entry.path, entry.spec_id))


def test_the_index_gives_back_the_entries_in_every_field() -> None:
    entries = shipped_entries()
    index = dump_index(entries)
    assert load_index(index[INDEX_PATH], index[MEANS_PATH]) == by_place(entries)
    assert dump_index(reversed(entries)) == index


def test_an_index_of_another_version_is_refused() -> None:
    for content in (b"", b"PAR1 no parquet", dump_index([])[INDEX_PATH][:-30]):
        with pytest.raises(ValueError, match=r"leaderboard\.parquet"):
            load_index(content)


COSTS = ["kind", "cut", "matryoshka", "peak_bytes", "suite_seconds", "unknown_tokens", "syllable_tokens", "device"]
LATER = [*COSTS, "odd", "declared", "environments", "doubts", "committed_at", "rule"]


@pytest.mark.parametrize("lacking", [LATER[:count] for count in (1, *range(len(COSTS), len(LATER) + 1))])
def test_an_index_of_a_former_version_is_read(lacking: list[str]) -> None:
    dated = entries_of("results/a.json", measured(committed_at=MOMENT))
    entries = [*shipped_entries(), *dated]
    index = dump_index(entries)
    assert load_index(index[INDEX_PATH], index[MEANS_PATH]) == by_place(entries)
    sink = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(index[INDEX_PATH])).drop_columns(lacking), sink)
    former = load_index(sink.getvalue(), index[MEANS_PATH])
    dates = "committed_at" not in lacking
    undated = [
        dataclasses.replace(
            entry,
            committed_at=entry.committed_at if dates else None,
            cells=tuple(dataclasses.replace(cell, odd=None if "odd" in lacking else cell.odd) for cell in entry.cells),
        )
        for entry in entries
    ]
    assert former == by_place(undated)
    assert is_current(sink.getvalue()), "it says the same of results that have no dates"


def test_an_empty_store_is_seeded_once_with_the_published_board() -> None:
    store = MemoryStore()
    first = seed(store)
    assert seed(store) == first
    assert by_place(load_entries(snapshot(store), Reader())) == by_place(shipped_entries())
    assert b"leaderboard.parquet" in store.read("README.md")


def test_publishing_writes_result_samples_and_index_in_one_commit_and_again_changes_nothing() -> None:
    store = MemoryStore()
    before = seed(store)
    result = measured("some-org/some-model", 0.7)
    change = publish_change(result, dump_samples({"KLUE-STS": pair_samples(0.5)}))
    after = update(store, change)
    written = set(store.list("", after).items()) - set(store.list("", before).items())
    name = f"some-org__some-model/0123456789ab-{result.spec.id[:8]}"
    beside = {f"samples/{name}.parquet", f"replicates/{name}.npz"}
    assert {path for path, _ in written} == {f"results/{name}.json", *beside, INDEX_PATH, MEANS_PATH}
    assert len(load_entries(snapshot(store), Reader())) == len(shipped_entries()) + 1
    assert update(store, change) == after
    assert change(snapshot(store)) is None


def test_the_index_can_be_made_anew_from_the_files() -> None:
    store = MemoryStore()
    seed(store)
    update(store, publish_change(measured(), None))
    kept = store.read(INDEX_PATH)
    assert rebuild_index(snapshot(store)) is None
    store.commit({INDEX_PATH: None}, "lose the index", store.head())
    update(store, rebuild_index)
    assert store.read(INDEX_PATH) == kept


def test_publishing_mends_a_damaged_index() -> None:
    store = MemoryStore()
    seed(store)
    store.commit({INDEX_PATH: b"damaged"}, "damage", store.head())
    update(store, publish_change(measured(), None))
    assert len(load_index(store.read(INDEX_PATH))) == len(shipped_entries()) + 1


def test_a_broken_file_is_named_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    files = {
        "results/a/good.json": dump_result(measured("a/good")),
        "results/a/broken.json": b"{",
        "results/a/future.json": dump_result(measured("a/future")).replace(b'"schema": 2', b'"schema": 3'),
        "results/a/notes.txt": b"no result",
    }
    store.commit(files, "mixed", store.head())
    with caplog.at_level(logging.WARNING):
        entries = load_entries(snapshot(store), Reader())
    assert [entry.model for entry in entries] == ["a/good"]
    for name in ("broken", "future"):
        assert f"left out results/a/{name}.json" in caplog.text


def test_a_file_is_parsed_once_however_often_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from leaderboard_data import load

    store = MemoryStore()
    seed(store)
    parsed: list[str] = []

    def noting(path: str, content: bytes) -> object:
        parsed.append(path)
        return parse_results(path, content)

    monkeypatch.setattr(load, "parse_results", noting)
    reader = Reader()
    for _ in range(2):
        results, unreadable = reader.results(snapshot(store))
        assert not unreadable
    assert sorted(parsed) == sorted(results)
    update(store, lambda _: Change({"results/x/new.json": dump_result(measured())}, "one more"))
    reader.results(snapshot(store))
    assert parsed[len(results) :] == ["results/x/new.json"]


def test_several_results_in_one_file_are_read_line_by_line() -> None:
    line = dump_result(measured()).replace(b"\n", b"")
    results, why = parse_results("results/many.jsonl", line + b"\n{broken\n" + line + b"\n")
    assert len(results) == 2
    assert why is not None
    assert why.startswith("line 2: ")


def test_a_maintainer_makes_the_index_of_a_store_anew(tmp_path: Path) -> None:
    url = f"file:{tmp_path}/results.git"
    store = open_store(url)
    seed(store)
    kept = store.read(INDEX_PATH)
    store.commit({INDEX_PATH: b"damaged"}, "damage", store.head())
    ran = CliRunner().invoke(app, ["reindex", url])
    assert ran.exit_code == 0, ran.output
    assert store.read(INDEX_PATH) == kept
    checked = CliRunner().invoke(app, ["check", "--store", url])
    assert "294 results readable, 0 files not" in checked.output
    exported = CliRunner().invoke(app, ["export", "--store", url])
    assert exported.output == CliRunner().invoke(app, ["export"]).output


def test_a_maintainer_confirms_what_is_in_doubt(tmp_path: Path) -> None:
    url = f"file:{tmp_path}/results.git"
    store = open_store(url)
    odd = measured(revision="d" * 40, environment=Environment(dtype="float32", warnings=("end_token",)))
    update(store, publish_change(odd))
    wrong = CliRunner().invoke(app, ["confirm", "org/name", "e" * 40, "--store", url])
    assert wrong.exit_code == 2
    assert "nothing in doubt of org/name" in wrong.output
    ran = CliRunner().invoke(app, ["confirm", "org/name", "d" * 40, "--store", url])
    assert ran.exit_code == 0, ran.output
    assert load_result(store.read(result_path(odd.spec))).confirmed == ("end_token",)


def test_a_store_that_is_none_is_told_in_a_sentence() -> None:
    for command in (["reindex", "nothing"], ["check", "--store", "nothing"], ["export", "--store", "nothing"]):
        ran = CliRunner().invoke(app, command)
        assert ran.exit_code == 2
        assert "is no store" in ran.output
