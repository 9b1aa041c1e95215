"""Publishing adds to what is there: results, samples, replicates, in one commit; and a former store is taken over."""

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from evaluator.evidence.samples import dump_samples, load_samples
from evaluator.merging import CannotMerge, lacking
from evaluator.records import ModelResult, load_result
from evaluator.spec import result_path
from evaluator.suite import KO_V1, SUITES, Suite
from leaderboard_data.__main__ import app
from leaderboard_data.board import table
from leaderboard_data.export import export
from leaderboard_data.index import INDEX_PATH, MEANS_PATH, is_current, load_index
from leaderboard_data.load import Reader, load_entries, replicates_path, samples_path
from leaderboard_data.page.live import LiveBoard
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import publish_change, rebuild_index
from leaderboard_data.significance import load_replicates
from store import open_store
from store.errors import Conflict
from store.memory import MemoryStore
from store.update import Snapshot, update
from tests.leaderboard_data.examples import MINI, MOMENT, entry, measured, pair_samples, scored

pytestmark = pytest.mark.usefixtures("one_suite")

FORMER = Path(__file__).with_name("former_store.zip")
PATH = result_path(measured().spec)


def part(task: str, score: float, *, minutes: int = 0, quality: float = 0.5) -> tuple[ModelResult, bytes]:
    """A run of one task, with its samples."""
    result = measured(tasks={task: scored(task, score)}, at=MOMENT + timedelta(minutes=minutes))
    return result, dump_samples({task: pair_samples(quality)})


PARTS = [part("KLUE-STS", 0.5), part("KorSTS", 0.6, minutes=1), part("STS17", 0.7, minutes=2)]


def publish(store: MemoryStore, *parts: tuple[ModelResult, bytes]) -> None:
    for result, samples in parts:
        update(store, publish_change(result, samples))


def stored(store: MemoryStore) -> ModelResult:
    return load_result(store.read(PATH))


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(3)))
def test_disjoint_runs_give_the_same_files_in_any_order(order: list[int]) -> None:
    one, other = MemoryStore(), MemoryStore()
    publish(one, *PARTS)
    publish(other, *(PARTS[number] for number in order * 2))
    assert {path: one.read(path) for path in one.list("")} == {path: other.read(path) for path in other.list("")}
    assert set(load_samples(one.read(samples_path(PATH)))) == {"KLUE-STS", "KorSTS", "STS17"}
    assert set(load_replicates(one.read(replicates_path(PATH)))) == {
        ("KLUE-STS", "sts8"),
        ("KorSTS", "sts8"),
        ("STS17", "sts8"),
    }
    (found,) = load_index(one.read(INDEX_PATH), one.read(MEANS_PATH))
    assert found.mean_intervals[0] is not None  # all tasks of STS are there, of the others none
    assert found.mean_intervals[1:] == (None,) * 4


def test_the_newer_run_of_a_task_replaces_it_with_its_samples() -> None:
    store = MemoryStore()
    publish(store, *PARTS)
    before = load_samples(store.read(samples_path(PATH)))
    again = part("KorSTS", 0.9, minutes=5, quality=0.9)
    publish(store, again)
    after = load_samples(store.read(samples_path(PATH)))
    assert stored(store).tasks["KorSTS"].metrics["pearson"] == 0.9
    assert (after["KorSTS"]["cosine"] != before["KorSTS"]["cosine"]).any()
    assert (after["STS17"]["cosine"] == before["STS17"]["cosine"]).all()
    publish(store, PARTS[1])  # the older run comes once more: a worker that was away for long
    assert stored(store).tasks["KorSTS"].metrics["pearson"] == 0.9
    assert (
        load_samples(store.read(samples_path(PATH)))["KorSTS"]["cosine"].tolist() == after["KorSTS"]["cosine"].tolist()
    )


def test_a_run_that_is_forced_gives_way_to_nothing() -> None:
    store = MemoryStore()
    publish(store, *PARTS)
    result, samples = part("KorSTS", 0.2, minutes=-60)
    update(store, publish_change(result, samples, replace=True))
    assert set(stored(store).tasks) == {"KorSTS"}
    assert set(load_samples(store.read(samples_path(PATH)))) == {"KorSTS"}


def test_a_run_in_another_precision_is_refused_and_changes_nothing() -> None:
    store = MemoryStore()
    publish(store, PARTS[0])
    head = store.head()
    with pytest.raises(CannotMerge, match="one precision"):
        update(store, publish_change(measured(tasks={"KorSTS": scored("KorSTS", 0.5)}, dtype="bfloat16")))
    assert store.head() == head


def test_a_publication_that_comes_second_takes_the_others_run_in() -> None:
    """Two workers publish at once: the compare-and-swap lets one win, and the other merges onto it."""

    class Overtaken(MemoryStore):
        once = True

        def commit(self, changes: Any, message: str, parent: str) -> str:
            if self.once:
                self.once = False
                publish(self, PARTS[1])
                raise Conflict("somebody was faster")
            return super().commit(changes, message, parent)

    store = Overtaken()
    publish(store, PARTS[0])
    assert set(stored(store).tasks) == {"KLUE-STS", "KorSTS"}


# --- a store of the former version


@pytest.fixture
def former() -> tuple[MemoryStore, dict[str, Any]]:
    """A store that the version before runs added up has written, and what that version showed of it."""
    with zipfile.ZipFile(FORMER) as archive:
        expected = json.loads(archive.read("expected.json"))
        names = [name for name in archive.namelist() if name.startswith("store/")]
        files = {name.removeprefix("store/"): archive.read(name) for name in names}
    store = MemoryStore()
    store.commit(files, "as the former version left it", store.head())
    return store, expected


def shows(store: MemoryStore) -> dict[str, Any]:
    live = LiveBoard(store, 3600)
    live.refresh()
    state = live.state
    found: dict[str, Any] = {view: export(table(state.entries, view, KO_V1), "csv") for view in KO_V1.view_ids}
    data = page_data(state.entries, state.revision, KO_V1, state.evidence.get(KO_V1.id))
    return found | {"evidence": json.loads(data)["entries"]}


def as_then(shown: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """What is shown, without what the former version did not know of an entry: doubts, training data and so on."""
    return shown | {"evidence": {name: shown["evidence"][name] for name in expected["evidence"]}}


def test_a_store_of_the_former_version_shows_the_same_board(former: tuple[MemoryStore, dict[str, Any]]) -> None:
    store, expected = former
    assert expected["evidence"]["mean_intervals"]
    assert expected["evidence"]["ties"]["overall"]
    assert as_then(shows(store), expected) == expected
    assert not is_current(store.read(INDEX_PATH))
    assert update(store, rebuild_index) == store.head()
    assert is_current(store.read(INDEX_PATH))
    assert all(json.loads(store.read(path))["schema"] == 2 for path in store.list("results"))
    assert as_then(shows(store), expected) == expected
    assert rebuild_index(Snapshot(store, store.head())) is None


def test_a_store_of_the_former_version_takes_a_new_run(former: tuple[MemoryStore, dict[str, Any]]) -> None:
    store, expected = former
    path = "results/made__model-1/000000000000-77450edb.json"
    old = load_result(store.read(path))
    assert [task.id for task in lacking(old, KO_V1.tasks)] == ["KorSTS"]
    fresh = measured(
        "made/model-1", tasks={"KorSTS": scored("KorSTS", 0.5)}, revision=old.spec.revision or "", origin=old.origin
    )
    update(store, publish_change(fresh, dump_samples({"KorSTS": pair_samples(0.5)})))
    new = load_result(store.read(path))
    assert lacking(new, KO_V1.tasks) == ()
    assert {task: new.tasks[task].metrics for task in old.tasks if task != "KorSTS"} == {
        task: score.metrics for task, score in old.tasks.items() if task != "KorSTS"
    }
    assert len(new.runs) == 2
    assert len(load_replicates(store.read(replicates_path(path)))) == 9
    assert shows(store)["overall"] != expected["overall"]


# --- a second suite


@pytest.fixture
def mini(monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setitem(SUITES, MINI.id, MINI)
    return MINI


def test_two_suites_score_one_task_differently(mini: Suite) -> None:
    store = MemoryStore()
    metrics = {**dict.fromkeys(KO_V1.rules["KLUE-STS"].metrics, 0.4), "cosine_spearman": 0.8}
    tasks = {
        "KLUE-STS": scored("KLUE-STS", 0.4, metrics=metrics),
        "KorSTS": scored("KorSTS", 0.6),
        "AutoRAGRetrieval": scored("AutoRAGRetrieval", 0.9),
    }
    update(store, publish_change(measured(tasks=tasks), dump_samples({"KLUE-STS": pair_samples(0.5)})))
    ours, theirs = (
        next(found for found in load_entries(Snapshot(store, store.head()), Reader()) if found.suite == suite.id)
        for suite in (KO_V1, mini)
    )
    assert ours.cells[0].score == pytest.approx(0.45)
    assert theirs.cells[0].score == 0.8
    kept = load_replicates(store.read(replicates_path(PATH)))
    assert set(kept) == {("KLUE-STS", "sts8"), ("KLUE-STS", "cosine_spearman")}
    (row,) = table([ours, theirs], "overall", mini).rows
    assert row.values == pytest.approx((0.7, 0.9, None, (3 * 0.7 + 0.9) / 4))
    assert row.rank == 1  # STS17 is missing, which weighs nothing


def test_an_index_made_before_a_suite_was_there_is_read_from_the_files(
    mini: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    with monkeypatch.context() as before:
        before.delitem(SUITES, mini.id)
        publish(store, *PARTS)
        assert is_current(store.read(INDEX_PATH))
    assert not is_current(store.read(INDEX_PATH))
    found = load_entries(Snapshot(store, store.head()), Reader())
    assert [each.suite for each in found] == ["ko-v1", "mini"]
    update(store, rebuild_index)
    assert load_entries(Snapshot(store, store.head()), Reader()) == found


def test_the_mean_of_all_tasks_is_another_average() -> None:
    flat = Suite(id="flat", title=MINI.title, categories=MINI.categories, average="tasks")
    tasks = {"KLUE-STS": 0.1, "KorSTS": 0.3, "AutoRAGRetrieval": 0.8, "STS17": 0.9}
    mean = lambda values, weights: sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)  # noqa: E731
    assert flat.means(tasks, mean)["overall"] == pytest.approx(0.4)
    assert MINI.means(tasks, mean)["overall"] == pytest.approx((3 * 0.2 + 0.8) / 4)
    assert "overall" not in flat.means({**tasks, "KorSTS": None}, mean)
    assert "overall" in flat.means({**tasks, "STS17": None}, mean)


def test_a_task_stands_in_a_suite_once() -> None:
    with pytest.raises(ValueError, match="has a task twice"):
        Suite(id="x", title=MINI.title, categories=MINI.categories[:1] * 2, average="tasks")


def test_the_export_takes_a_suite(mini: Suite, tmp_path: Path) -> None:
    url = f"file:{tmp_path}/results.git"
    update(open_store(url), publish_change(*PARTS[0]))
    run: Callable[..., Any] = CliRunner().invoke
    made = run(app, ["export", "--store", url, "--suite", mini.id, "--view", "similar"])
    assert made.stdout == "Model,KLUE-STS,Kor-STS,Similar_Average,Rank\norg/name,50.00,,,\n"
    for wrong in (["--suite", "ko-v9"], ["--suite", mini.id, "--view", "sts"]):
        told = run(app, ["export", "--store", url, *wrong])
        assert told.exit_code == 2
        assert "there is no" in told.output


def test_the_description_says_all_that_a_board_needs() -> None:
    told = json.loads(json.dumps(KO_V1.description()))
    assert [task["id"] for task in told["tasks"]] == list(KO_V1.task_ids)
    assert [view["id"] for view in told["views"]] == ["overall", "sts", "nli", "clustering", "retrieval", "tasks"]
    assert {category["weight"] for category in told["categories"]} == {1.0}
    assert told["averages"] == [{"id": "overall", "column": "Average", "over": "categories"}]
    assert entry(measured()).suite == told["id"]
