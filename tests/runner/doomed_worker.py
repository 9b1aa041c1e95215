"""A real worker in a process of its own that dies by SIGKILL at a chosen point (or at none).

    python -m tests.runner.doomed_worker NAME POINT REQUESTS_URL RESULTS_URL TOKEN SCRIPT WORK_DIR

The points that are in the evaluation, not in the worker, are in its SCRIPT (`tests/runner/evaluation.py`).
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from runner.logs import json_lines
from runner.loop import serve
from runner.terms import Terms
from runner.work import Worker
from store import Store, open_store
from submissions.stored import Queue
from tests.runner.conftest import Evaluations


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(call: Callable[..., Any]) -> Callable[..., Any]:
    def doomed(*args: Any, **kwargs: Any) -> Any:
        die()
        return call(*args, **kwargs)

    return doomed


def after(call: Callable[..., Any]) -> Callable[..., Any]:
    def doomed(*args: Any, **kwargs: Any) -> Any:
        call(*args, **kwargs)
        die()

    return doomed


def during(call: Callable[..., Any]) -> Callable[..., Any]:
    """Dies a moment after `call` began; the stand-in is told to take longer than that."""

    def doomed(*args: Any, **kwargs: Any) -> Any:
        threading.Timer(0.4, die).start()
        return call(*args, **kwargs)

    return doomed


def doom(worker: Worker, point: str) -> None:
    """Let the worker die at `point`."""
    queue: Any = worker.queue
    results: Any = queue.results
    match point:
        case "none":
            return
        case "before the claim is committed":
            queue.requests.commit = before(queue.requests.commit)
        case "after the claim":
            queue.claim = after(queue.claim)
        case "in the middle of publishing" if hasattr(results, "_written"):
            results._written = after(results._written)  # files are in the repository, the branch has not moved
        case "in the middle of publishing":
            results.commit = during(results.commit)
        case "between publishing and finishing":
            results.commit = after(results.commit)
        case "after finishing":
            queue.finish = after(queue.finish)
        case _:
            raise ValueError(point)


def make_worker(
    name: str, requests: Store, results: Store, script: Path, work_dir: Path, **queue_fields: Any
) -> Worker:
    class Scripted(Evaluations):
        def follow(self, **points: Any) -> None:
            """The script is there already."""

    evaluations = Scripted(script.parent)
    return Worker(
        Queue(requests, results, **queue_fields),
        evaluations.child(),
        name=name,
        work_dir=work_dir,
        terms=Terms(lease=timedelta(minutes=30), retry_delay=timedelta(0)),
        say=json_lines(name),
    )


if __name__ == "__main__":
    name, point, requests_url, results_url, token, script, work_dir = sys.argv[1:]
    secret = SecretStr(token)
    worker = make_worker(
        name, open_store(requests_url, secret), open_store(results_url, secret), Path(script), Path(work_dir)
    )
    doom(worker, point)
    serve([worker], once=True, poll_seconds=0.1)
