"""kill -9, at every point where it could hurt, against both stores: the queue drains, nothing is lost or done twice.

A real worker process is killed, or its child is; then another worker, on the same machine and an hour later, goes on.
"""

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from store import Store, open_store
from submissions.record import Status
from submissions.stored import Queue
from tests.hub.repositories import Repositories
from tests.runner.conftest import TASKS, Evaluations, lost_in, published_again, queued
from tests.runner.doomed_worker import make_worker
from tests.runner.reliability import Tally

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "hf_kill_tests"
_numbers = itertools.count()

# Where the worker dies: in its own code (doomed_worker.py), or when its evaluation reaches a point (evaluation.py).
WORKER_DIES = [
    ("before the claim is committed", {}),
    ("after the claim", {}),
    ("while the model is downloaded", {"started": {"kill_parent": True}}),
    ("while the model is loaded", {"loaded": {"kill_parent": True}}),
    ("between two tasks", {"KLUE-STS": {"kill_parent": True}}),
    ("after computing", {"scored": {"kill_parent": True}}),
    ("after the result file was written", {"written": {"kill_parent": True}}),
    ("in the middle of publishing", {}),
    ("between publishing and finishing", {}),
    ("after finishing", {}),
]
CHILD_DIES = [
    ("while the model is downloaded", {"started": {"kill": True}}),
    ("while the model is loaded", {"loaded": {"kill": True}}),
    ("between two tasks", {"KorSTS": {"kill": True}}),
    ("after computing", {"scored": {"kill": True}}),
    ("after the result file was written", {"written": {"kill": True}}),
]


@dataclass
class Place:
    """Two stores that worker processes can open, and the work folder that they share."""

    against: str
    urls: tuple[str, str]
    requests: Store
    results: Store
    evaluations: Evaluations
    folder: Path
    hub: Repositories | None

    @property
    def queue(self) -> Queue:
        return Queue(self.requests, self.results)

    def start(self, name: str, point: str = "none") -> "subprocess.Popen[bytes]":
        arguments = [name, point, *self.urls, TOKEN, str(self.evaluations.script), str(self.folder / "work")]
        return subprocess.Popen([sys.executable, "-m", "tests.runner.doomed_worker", *arguments], cwd=ROOT)

    def drain(self, hours_later: int = 1) -> None:
        """Let a worker go on that has looked on for so long, so that leases have run out before its eyes."""
        clock = [0.0]
        survivor = make_worker(
            "survivor",
            self.requests,
            self.results,
            self.evaluations.script,
            self.folder / "work",
            monotonic=lambda: clock[0],
        )
        assert survivor.queue.reclaim_expired("survivor") == ()
        clock[0] += hours_later * 3600
        survivor.run(once=True)

    def lost(self) -> int:
        return lost_in(self.queue)

    def double(self) -> int:
        """Results published again, and tasks that ran again."""
        ran = self.evaluations.ran
        return published_again(self.queue) + len(ran) - len(set(ran))


@pytest.fixture(params=["local git", "Hub stand-in"])
def place(request: pytest.FixtureRequest, tmp_path: Path, evaluations: Evaluations) -> Iterator[Place]:
    hub: Repositories | None = None
    if request.param == "local git":
        urls = (f"file:{tmp_path / 'requests.git'}", f"file:{tmp_path / 'results.git'}")
    else:
        hub = request.getfixturevalue("hub")
        assert hub is not None
        hub.faults.clear()
        hub.add_user(TOKEN, "kill-tests")
        number = next(_numbers)
        names = [f"kill-tests/{room}-{number}" for room in ("requests", "results")]
        for name in names:
            hub.create("datasets", name, writers={"kill-tests"})
        urls = (f"hf:datasets/{names[0]}", f"hf:datasets/{names[1]}")
    stores = [open_store(url, SecretStr(TOKEN)) for url in urls]
    yield Place(request.param, urls, stores[0], stores[1], evaluations, tmp_path, hub)
    if hub is not None:
        hub.faults.clear()


@pytest.mark.parametrize(("point", "script"), WORKER_DIES, ids=[point for point, _ in WORKER_DIES])
def test_a_killed_worker_loses_nothing(place: Place, point: str, script: dict[str, Any], tally: Tally) -> None:
    place.evaluations.follow(**script)
    submission = queued(place.queue)
    if place.hub is not None and point == "in the middle of publishing":
        place.hub.faults.add("slow", "POST .*/results-.*/commit/", seconds=1.0)

    doomed = place.start("doomed", point if not script else "none")
    assert doomed.wait(60) == -signal.SIGKILL

    place.drain()

    tally.add(f"kill -9 of the worker {point}", place.against, faults=1, lost=place.lost(), double=place.double())
    assert place.queue.find(submission.id).status is Status.FINISHED
    assert (place.lost(), place.double()) == (0, 0)
    assert place.queue.requests.list("open") == {}


@pytest.mark.parametrize(("point", "script"), CHILD_DIES, ids=[point for point, _ in CHILD_DIES])
def test_a_killed_evaluation_loses_nothing(place: Place, point: str, script: dict[str, Any], tally: Tally) -> None:
    place.evaluations.follow(**script)
    queued(place.queue)
    place.drain(hours_later=0)
    tally.add(f"kill -9 of the evaluation {point}", place.against, faults=1, lost=place.lost(), double=place.double())
    assert (place.lost(), place.double()) == (0, 0)


def test_two_workers_on_one_submission_evaluate_it_once(place: Place, tally: Tally) -> None:
    queued(place.queue)
    both = [place.start(f"worker-{number}") for number in range(2)]
    assert [worker.wait(60) for worker in both] == [0, 0]
    tally.add("two workers on one submission", place.against, faults=0, lost=place.lost(), double=place.double())
    assert (place.lost(), place.double()) == (0, 0)


def test_two_workers_drain_a_queue_together(place: Place, tally: Tally) -> None:
    for number in range(6):
        queued(place.queue, f"org/model-{number}")
    both = [place.start(f"worker-{number}") for number in range(2)]
    assert [worker.wait(120) for worker in both] == [0, 0]
    tally.add("two workers on six submissions", place.against, faults=0, lost=place.lost(), double=place.double())
    assert (place.lost(), place.double()) == (0, 0)
    assert len(place.evaluations.ran) == 6 * len(TASKS)


def test_a_terminated_worker_gives_its_submission_back_and_ends_well(place: Place, tmp_path: Path) -> None:
    place.evaluations.follow(KorSTS={"print": "x", "hold": str(tmp_path / "never")})
    submission = queued(place.queue)
    worker = place.start("polite")
    wait_until(lambda: len(place.evaluations.ran) == 2, worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    back = place.queue.find(submission.id)
    assert (back.status, back.attempt) == (Status.QUEUED, 0)


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Look again and again while the process lives."""
    while not condition():
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError("the worker ended before that")


def test_the_log_of_a_worker_is_json_lines(place: Place) -> None:
    queued(place.queue)
    arguments = ["talker", "none", *place.urls, TOKEN, str(place.evaluations.script), str(place.folder / "work")]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.runner.doomed_worker", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["claimed", "published", "finished"]
    assert {line["worker"] for line in lines} == {"talker"}
    assert all(datetime.fromisoformat(line["at"]).tzinfo for line in lines)
    assert TOKEN not in ran.stdout + ran.stderr
