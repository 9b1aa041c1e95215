"""`python worker.py status`: what an operator sees of the queue and the stores."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from evaluator import records
from evaluator.drift import check_path, compare, dump_check
from evaluator.policy import POLICY_PATH
from runner.status import ringing, status, status_text
from store.memory import MemoryStore
from submissions.stored import Queue
from tests.evaluator.test_drift import NOON, check
from tests.runner.conftest import queued, spec

ROOT = Path(__file__).resolve().parents[2]
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.at = records.now()

    def __call__(self) -> datetime:
        return self.at


def test_it_tells_the_queue_the_running_the_failed_and_the_commits_left() -> None:
    clock = Clock()
    queue = Queue(MemoryStore(now=clock), MemoryStore(now=clock), now=clock)
    old = queued(queue, "org/failed-long-ago")
    claimed = queue.claim("w0", HOUR)
    assert claimed is not None
    assert claimed.lease is not None
    queue.fail(old.id, nonce=claimed.lease.nonce, failure="gated", message="Ask for access.")
    clock.at += 25 * HOUR
    for number in range(3):
        queued(queue, f"org/m{number}")
    queue.submit(spec("org/new"), who="visitor")
    failing = queue.claim("w1", HOUR)
    assert failing is not None
    assert failing.lease is not None
    queue.fail(failing.id, nonce=failing.lease.nonce, failure="load_failed", message="Damaged weights.")
    running = queue.claim("w2", HOUR)
    assert running is not None
    assert running.lease is not None
    queue.beat(running.id, nonce=running.lease.nonce, lease=HOUR, progress={"task": "STS17", "tasks_done": 3})
    clock.at += timedelta(minutes=15)

    logs = {"requests": queue.requests.log(100), "results": queue.results.log(100)}
    told = status(queue.listing(), logs, clock.at, quota=100)

    assert (told["pending"], told["queued"]) == (1, 1)
    assert [each["model"] for each in told["failed_last_day"]] == [failing.spec.model]
    assert told["running"][0]["progress"] == {"task": "STS17", "tasks_done": 3}
    assert told["running"][0]["lease_minutes_left"] == 45.0
    assert told["commits_last_hour"] == {"requests": 11, "results": 0}
    assert told["commits_left"] == {"requests": 89, "results": 100}
    text = status_text(told)
    assert "load_failed: Damaged weights." in text
    assert "w2, attempt 1, lease for 45.0 min" in text
    clock.at += 2 * HOUR
    assert "lease ran out" in status_text(status(queue.listing(), logs, clock.at, quota=100))


def test_the_command_prints_text_and_json(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "KEL_REQUESTS_URL": f"file:{tmp_path / 'requests.git'}",
        "KEL_RESULTS_URL": f"file:{tmp_path / 'results.git'}",
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "worker.py", "status", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    assert "0 are queued" in run()
    assert json.loads(run("--json"))["commits_left"] == {"requests": 100, "results": 100}


def test_an_alarm_of_drift_is_told_until_it_is_cleared() -> None:
    queue = Queue(MemoryStore(), MemoryStore())
    alarm = compare(check(), check(0.7, NOON + timedelta(days=7)))
    files = {check_path(alarm.environment): dump_check(alarm)}
    queue.results.commit(files, "Check", queue.results.head())
    told = status(queue.listing(), {}, NOON, quota=100, rung=ringing(queue))
    assert [each["environment"] for each in told["drift"]] == [alarm.environment]
    assert "alarm since 2026-12-05T12:00:00+00:00: The reference model org/reference" in status_text(told)
    queue.requests.commit({POLICY_PATH: b"damaged"}, "Damage", queue.requests.head())
    assert ringing(queue) == (alarm,)
    queue.requests.commit({POLICY_PATH: None}, "Mend", queue.requests.head())
    queue.policies.clear_drift(alarm.environment, alarm.since or NOON, who="m", why="torch 2.10 fixed a kernel")
    assert ringing(queue) == ()
