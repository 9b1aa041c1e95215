"""Health at a glance."""

from datetime import timedelta

import pytest

from desk.health import disk_of, health, size_class
from store import Commit
from submissions.record import Event, Failure, Lease, ModelMetadata, Status
from tests.submissions.test_listing import START, submission

NOW = START + timedelta(days=3)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [(None, "?"), (0, "<0.2B"), (199_999_999, "<0.2B"), (560_000_000, "<1B"), (4_000_000_000, ">=4B")],
)
def test_size_classes(parameters: int | None, name: str) -> None:
    assert size_class(parameters) == name


def moved(status: Status, who: str, minutes_ago: float) -> tuple[Event, ...]:
    before = Status.RUNNING if status is not Status.RUNNING else Status.QUEUED
    return (Event(at=NOW - timedelta(minutes=minutes_ago), who=who, from_status=before, to_status=status),)


def test_workers_queue_failures_and_commits() -> None:
    lease = Lease(worker="busy", nonce="n", until=NOW - timedelta(minutes=1))
    told = health(
        [
            submission(1, Status.RUNNING, lease=lease, history=moved(Status.RUNNING, "busy", 200)),
            submission(2, Status.FINISHED, history=moved(Status.FINISHED, "idle", 30)),
            submission(3, Status.FINISHED, history=moved(Status.FINISHED, "gone", 90)),
            submission(4, Status.QUEUED, metadata=ModelMetadata(parameters=10**8)),
            submission(5, Status.QUEUED),
            submission(
                6,
                Status.FAILED,
                failure=Failure(failure="timeout", message="late"),
                history=moved(Status.FAILED, "idle", 100),
            ),
            submission(8),
            submission(7),
        ],
        [Commit(str(n), "m", NOW - timedelta(minutes=20 * n)) for n in range(5)],
        100,
        NOW,
    )
    assert {worker["name"]: (worker["runs"] is not None, worker["overdue"]) for worker in told["workers"]} == {
        "busy": (True, True),
        "idle": (False, False),
    }
    assert told["queued"] == {"<0.2B": 1, "?": 1}
    assert told["failures"] == {"timeout": 1}
    assert (told["pending"], told["oldest"]["model"]) == (2, "org/model-7")
    assert told["commits"] == {"made": 4, "left": 96}


def test_an_empty_queue_has_a_health_too() -> None:
    told = health([], [], 0, NOW)
    assert (told["workers"], told["oldest"], told["commits"]) == ([], None, {"made": 0, "left": None})


def test_only_a_local_stores_disk_is_looked_at(tmp_path: object) -> None:
    found = disk_of(f"file:{tmp_path}")
    assert found is not None
    assert 0 < found["free"] <= found["total"]
    assert disk_of("hf:datasets/org/name") is None
    assert disk_of(f"file:{tmp_path}/missing") is None
