"""The texts of a finished submission: written once, of the pinned data; no error of it reaches the worker."""

from pathlib import Path
from typing import Any

import pytest

import worker
from evaluator.evidence.texts import load_texts
from leaderboard_data.texts import TEXTS_FOLDER
from runner.loop import Loop
from runner.terms import Terms
from runner.texts import TextsKeeper
from settings import Settings, evaluation_environment
from store.errors import Unavailable
from store.memory import MemoryStore
from store.update import Snapshot
from submissions.stored import Queue
from tests.submissions.test_listing import submission

FINISHED = submission(1)
TASKS = ("AutoRAGRetrieval", "PawsXPairClassification", "Ko-StrategyQA")


def keeper(store: MemoryStore, datasets: Path, said: list[Any], *, stopped: bool = False) -> TextsKeeper:
    return TextsKeeper(
        results=store,
        environment=evaluation_environment(),
        say=lambda what, **told: said.append((what, told.get("task"))),
        stopped=lambda: stopped,
        datasets=datasets,
        tasks=TASKS,
    )


def test_texts_are_written_once_where_the_licence_allows(
    datasets_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    said: list[Any] = []
    keep = keeper(store, datasets_folder, said)
    keep(FINISHED)
    snapshot = Snapshot(store, store.head())
    assert list(snapshot.list(TEXTS_FOLDER)) == ["texts/AutoRAGRetrieval.parquet"]
    texts = load_texts(snapshot.read("texts/AutoRAGRetrieval.parquet"))
    assert texts.counts == {"query": 114, "document": 720}
    assert said == [("no_texts", "Ko-StrategyQA"), ("texts", "AutoRAGRetrieval")]  # no local copy of the second
    monkeypatch.setattr(keep, "_keep", lambda _: said.append("again"))
    keep(FINISHED)
    assert "again" not in said


def test_a_store_that_fails_and_a_stop_are_no_error(datasets_folder: Path) -> None:
    class Away(MemoryStore):
        def head(self) -> str:
            raise Unavailable("not now")

    said: list[Any] = []
    keeper(Away(), datasets_folder, said)(FINISHED)
    assert said == [("no_texts", None)]
    store = MemoryStore()
    keeper(store, datasets_folder, said, stopped=True)(FINISHED)
    assert not Snapshot(store, store.head()).list(TEXTS_FOLDER)


def test_the_driver_of_rented_machines_keeps_the_texts_of_what_it_finishes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Driver(Loop):
        def run(self, *, once: bool = False, poll_seconds: float = 30.0) -> None: ...

    def made(*_: Any, finished: Any, **__: Any) -> list[Loop]:
        told.append(finished)
        return [driver]

    told: list[Any] = []
    kept: list[tuple[list[str], bool]] = []
    driver = Driver()
    monkeypatch.setattr(worker, "drivers", made)
    monkeypatch.setattr(TextsKeeper, "_keep", lambda keeper, tasks: kept.append((tasks, keeper.stopped())))
    queue = Queue(MemoryStore(), MemoryStore())
    assert worker.rented(queue, Settings(), Terms(tasks=TASKS), "driver", "auto", 1) == [driver]
    (finished,) = told
    finished(FINISHED)
    driver.stop()
    finished(FINISHED)
    (tasks, stopped), (_, stopped_then) = kept
    assert "AutoRAGRetrieval" in tasks
    assert (stopped, stopped_then) == (False, True)
