"""A fault at each request of a worker's day, of every kind: the submission still ends, once."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from evaluator.evidence.samples import dump_samples
from evaluator.kinds import Samples
from evaluator.records import load_result
from runner.child import Job, Outcome
from runner.events import Event
from runner.terms import Terms
from runner.work import Worker
from store.errors import StoreError
from store.hub import HubStore
from submissions.record import Status
from submissions.stored import Queue
from tests.hub.repositories import Repositories
from tests.leaderboard_data.examples import measured
from tests.runner.conftest import TASKS, queued, scores_in
from tests.runner.honest import honest_samples, honest_score
from tests.runner.reliability import Tally

_numbers = itertools.count()
EXPIRED = "HTTP 401, as for a token that has expired"
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "HTTP 500 before writing": ("refuse", {"status": 500}),
    "HTTP 500 after writing": ("refuse_after", {"status": 500}),
    "a dropped connection": ("drop", {}),
    "a lost answer": ("drop_after", {}),
    "HTTP 429": ("refuse", {"status": 429, "retry_after": 0}),
    "HTTP 412, three times": ("refuse", {"status": 412, "times": 3}),
    EXPIRED: ("refuse", {"status": 401}),
}
WAYS = {"Xet": tuple(KINDS), "LFS": ("a lost answer", EXPIRED)}
"""How the client uploads samples and replicates (`store.hub`), and which faults are tried with it."""


class Day:
    """A queued submission in stores of its own, and a worker whose evaluation takes no time."""

    def __init__(self, hub: Repositories, folder: Path) -> None:
        self.hub = hub
        number = next(_numbers)
        hub.add_user("hf_fault_tests", "fault-tests")
        names = [f"fault-tests/{room}-{number}" for room in ("requests", "results")]
        for name in names:
            hub.create("datasets", name, writers={"fault-tests"})
        self.stores = [HubStore(name, SecretStr("hf_fault_tests")) for name in names]
        self.evaluated = 0
        self.folder = folder
        self.submission = queued(Queue(*self.stores))
        self.seconds = 0.0
        self.kept: Outcome | None = None  # as the child keeps its result in the work folder
        self.number = number

    def worker(self, number: int = 0) -> Worker:
        return Worker(
            Queue(*self.stores, monotonic=lambda: self.seconds),
            self.evaluate,
            name=f"worker-{number}",
            work_dir=self.folder,
            terms=Terms(retry_delay=timedelta(0), beat=timedelta(0)),
            say=lambda *_, **__: None,
            wait=lambda _: None,
        )

    def evaluate(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
        if self.kept is not None:
            return self.kept
        self.evaluated += 1
        for task, score in TASKS.items():
            on_event({"event": "task", "task": task, "score": score})
        assert not stopped()
        tasks = {task: honest_score(task) for task in job.tasks}
        result = measured(spec=job.spec, tasks=tasks, at=datetime(2026, 11, 23, tzinfo=UTC))
        samples = {task: self.samples(task) for task in job.tasks}
        self.kept = Outcome(result=result, samples=dump_samples(samples))
        return self.kept

    def samples(self, task: str) -> Samples:
        """Other ones each day, which nobody has uploaded before."""
        columns = honest_samples(task)
        items = [f"{self.number}-{item}" for item in columns["item"]]
        return {**columns, "item": np.array(items, dtype=object)}

    def live(self) -> None:
        """One worker works; should it give up on a store, another one comes by later, as a supervisor would have it."""
        for number in range(4):
            try:
                worker = self.worker(number)
                worker.run(once=True)
                if number:
                    self.seconds += 2 * 3600  # it has seen the lease of the one before it stand for two hours
                    worker.run(once=True)
            except StoreError:
                continue
            return
        raise AssertionError("four workers gave up")

    @property
    def lost(self) -> int:
        submission = Queue(*self.stores).find(self.submission.id)
        if submission.status is not Status.FINISHED or submission.result is None:
            return 1
        result = load_result(self.stores[1].read(submission.result.path, submission.result.revision))
        return int(scores_in(result) != TASKS)

    @property
    def double(self) -> int:
        published = [c for c in self.stores[1].log(50) if c.message.startswith("Publish")]
        return len(published) - 1 + self.evaluated - 1


def requests_of_a_day(hub: Repositories, folder: Path) -> list[str]:
    """What a worker asks for while nothing goes wrong, and what is the same every day has been uploaded once."""
    for _ in range(2):
        hub.faults.clear()
        day = Day(hub, folder)
        hub.faults.clear()
        day.live()
    return list(hub.faults.requests)


@pytest.mark.parametrize(("way", "kind"), [(way, kind) for way, kinds in WAYS.items() for kind in kinds])
@pytest.mark.filterwarnings("ignore:Use 'content=<...>'")  # huggingface_hub's upload through LFS
def test_a_fault_at_any_request_loses_nothing(
    hub: Repositories, tmp_path: Path, way: str, kind: str, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", way == "LFS")
    requests = requests_of_a_day(hub, tmp_path)
    for asked in ("/commit/", "/xet-write-token/" if way == "Xet" else "/objects/batch"):
        assert any(asked in request for request in requests)
    fault, fields = KINDS[kind]
    tried = 0
    for number in itertools.count():
        hub.faults.clear()
        day = Day(hub, tmp_path)
        hub.faults.clear()
        hub.faults.add(fault, ".", skip=number, **fields)  # type: ignore[arg-type]
        day.live()
        injected = hub.faults.injected
        hub.faults.clear()
        assert (day.lost, day.double) == (0, 0), f"after {kind} at request {number} of {requests}"
        if not injected:
            break  # this day was over before
        tried += 1
        tally.add(
            f"{kind}, at each request in turn",
            f"Hub stand-in, {way}",
            faults=injected,
            lost=day.lost,
            double=day.double,
        )
    # Two uploads of one chunk at the same moment are one request or two: a day has not always as many.
    assert tried >= len(requests) - 3


def test_a_storm_of_conflicts_is_weathered(hub: Repositories, tmp_path: Path, tally: Tally) -> None:
    day = Day(hub, tmp_path)
    hub.faults.clear()
    hub.faults.add("refuse", "POST .*/commit/", status=412, times=8)
    day.live()
    injected = hub.faults.injected
    hub.faults.clear()
    tally.add("eight conflicts in a row", "Hub stand-in", faults=injected, lost=day.lost, double=day.double)
    assert (injected, day.lost, day.double) == (8, 0, 0)
