"""Rented machines against the stand-in: jobs that run, fail, are stopped, cancelled or lost, and drivers that are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from submissions.record import ModelMetadata
from tests.hub.repositories import Repositories
from tests.runner.conftest import TASKS, Evaluations
from tests.runner.renting import Board


@pytest.fixture
def board(hub: Repositories, tmp_path: Path, evaluations: Evaluations) -> Iterator[Board]:
    hub.faults.clear()
    hub.jobs.clear()
    yield Board(hub, tmp_path, evaluations)
    hub.jobs.clear()
    hub.faults.clear()


def test_a_waiting_model_is_evaluated_by_a_worker_on_a_rented_machine(board: Board) -> None:
    submission = board.queued(metadata=ModelMetadata(parameters=600_000_000))
    driver = board.driver()
    assert driver.step()
    (machine,) = board.machines
    assert machine.spec["flavor"] == "l4x1"
    assert machine.spec["timeoutSeconds"] == 1800 + round(3600 * 1.6)
    noted = board.find(submission).history[-1].why
    assert noted == f"job {machine.id} on l4x1 (at most $1.68, 2.1 hours)"
    board.drive(driver, board.all_ended)
    assert (board.lost(), board.double()) == (0, 0), "\n".join(machine.lines)
    assert not driver.step()
    assert len(board.machines) == 1
    finished = board.find(submission)
    assert [event.who for event in finished.history[-2:]] == [machine.labels["worker"]] * 2
    assert board.evaluations.ran == [f"org/model {task}" for task in TASKS]
