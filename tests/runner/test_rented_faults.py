"""A fault at each request of a driver's day, of every kind: one machine is rented, and the submission ends, once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator.evidence.samples import dump_samples
from runner.child import Job, Outcome
from runner.dispatch import Dispatcher
from runner.events import Event
from runner.terms import Terms
from runner.work import Worker
from store.errors import Conflict, Forbidden, OutcomeUnknown, StoreError, Unavailable
from submissions.record import Status
from tests.hub.repositories import Repositories
from tests.leaderboard_data.examples import measured
from tests.runner.conftest import Evaluations
from tests.runner.honest import honest_samples, honest_score
from tests.runner.reliability import Tally
from tests.runner.renting import Board
from tests.runner.test_faults import KINDS


class Day:
    """A queued submission and a driver; the machine's worker is played by the test, so that a day takes no time."""

    def __init__(self, hub: Repositories, folder: Path) -> None:
        hub.faults.clear()
        hub.jobs.clear()
        hub.jobs.held = True
        self.board = Board(hub, folder, Evaluations(folder), seeded=False)
        self.submission = self.board.queued()
        self.driver = self.board.driver()
        self.requests: list[str] = []
        hub.faults.clear()

    def step(self, driver: Dispatcher) -> None:
        """As `Dispatcher.run` does it: what passes is waited for. A driver that is refused ends; another one comes."""
        for _ in range(20):
            try:
                driver.step()
                return
            except (Unavailable, Conflict, OutcomeUnknown):
                self.board.seconds += 301
            except Forbidden:
                driver = self.board.driver()
        raise AssertionError("the driver found no end")

    def live(self) -> None:
        """The driver rents; the machine's worker works; the driver looks on, and so does another one."""
        self.step(self.driver)
        self.step(self.driver)
        for machine in self.board.machines:
            worker = Worker(
                self.board.queue,
                self.evaluate,
                name=machine.labels["worker"],
                work_dir=self.board.folder / machine.id,
                terms=Terms(retry_delay=timedelta(0), only=machine.labels["submission"]),
                say=lambda *_, **__: None,
                wait=lambda _: None,
            )
            with suppress(StoreError):
                worker.run(once=True)
            machine.stage, machine.finished = "COMPLETED", datetime.now(UTC)
        self.step(self.driver)
        self.board.seconds += 2 * 3600
        self.step(self.board.driver())

    def evaluate(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
        assert not stopped()
        on_event({})
        result = measured(spec=job.spec, tasks={task: honest_score(task) for task in job.tasks}, at=datetime.now(UTC))
        return Outcome(result=result, samples=dump_samples({task: honest_samples(task) for task in job.tasks}))


def requests_of_a_day(hub: Repositories, folder: Path) -> int:
    """How much a driver asks until it has rented: later requests are the worker's, as in `test_faults`."""
    day = Day(hub, folder)
    day.step(day.driver)
    assert hub.faults.asked("POST /api/jobs/renters") == 1
    assert hub.faults.asked("POST .*/commit/") == 1
    return len(hub.faults.requests)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_request_of_a_driver_rents_one_machine(
    hub: Repositories, tmp_path: Path, kind: str, tally: Tally
) -> None:
    fault, fields = KINDS[kind]
    for number in range(requests_of_a_day(hub, tmp_path)):
        day = Day(hub, tmp_path)
        hub.faults.add(fault, ".", skip=number, **fields)  # type: ignore[arg-type]
        day.live()
        injected = hub.faults.injected
        hub.faults.clear()
        lost = int(day.board.find(day.submission).status is not Status.FINISHED)
        double = len(day.board.machines) - 1 + day.board.double()
        what = f"{kind}, at each request of a driver of rented machines"
        tally.add(what, "Hub stand-in", faults=injected, lost=lost, double=double)
        assert injected
        assert (lost, double) == (0, 0), f"after {kind} at request {number}: {hub.faults.requests}"
    hub.jobs.clear()
