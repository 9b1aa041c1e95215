"""Evaluations as Ray tasks: for a long queue, or one big model, on a cluster. Ray is optional (requirements-ray.txt).

The laws of the queue stay those of one machine: the driver claims, renews, publishes and finishes; a task only
evaluates, in the same kind of child process. Ray tries a task again only if its node or process is lost; everything
else is the queue's to decide. The nodes need the project's packages; the code itself is sent along. Work folders are
local to a node: an evaluation that moves to another node begins again.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray
import ray.exceptions
from pydantic import SecretStr

from runner.child import GRACE_SECONDS, ROOT, ChildProcess, Event, Job, Limits, Outcome
from settings import evaluation_environment

_POLL_SECONDS = 0.5
_NOT_SENT = [".git", ".venv", ".data", "tests", "docs", "screenshots", "evaluations", "**/__pycache__"]


def connect(address: str) -> None:
    """Join the cluster at `address`, or start one on this machine ("local").

    Raises:
        ConnectionError: there is no cluster at `address`.
    """
    ray.init(
        address=None if address == "local" else address,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env=None if address == "local" else {"working_dir": str(ROOT), "excludes": _NOT_SENT},
    )


@dataclass(frozen=True, kw_only=True)
class RayTasks:
    """Evaluates jobs as Ray tasks, each with `gpus` GPUs and `cpus` processors.

    `start_seconds`: how long a task may wait for a node that has them. `limits.seconds` holds for the evaluation
    itself; the driver gives up a little later, should the node not say so. `command` replaces the evaluator, for tests.
    """

    limits: Limits
    gpus: float = 1.0
    cpus: float = 1.0
    start_seconds: float = 3600.0
    lost_nodes: int = 2
    models_token: SecretStr | None = None
    secrets: Sequence[str] = ()
    command: Sequence[str] | None = None

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
        """Evaluate `job` on some node; the same contract as `runner.child.ChildProcess`."""
        told: Any = _evaluate.options(
            num_gpus=self.gpus, num_cpus=self.cpus, max_retries=self.lost_nodes, retry_exceptions=False
        ).remote(job, self.limits, self.models_token, tuple(self.secrets), self.command)
        waits_until = time.monotonic() + self.start_seconds
        deadline: float | None = None
        try:
            while True:
                ready, _ = ray.wait([told], timeout=_POLL_SECONDS)
                item: Any = ray.get(next(told)) if ready else {}
                if isinstance(item, Outcome):
                    return item
                if item.get("event") == "started" or (item and deadline is None):
                    deadline = time.monotonic() + self.limits.seconds + 2 * GRACE_SECONDS
                on_event(item)
                if stopped():
                    return Outcome()
                if deadline is None and time.monotonic() > waits_until:
                    return _lost(f"The cluster had no node with {self.gpus:g} GPUs free in time.")
                if deadline is not None and time.monotonic() > deadline:
                    return Outcome(failure=("timeout", "The evaluation's node did not answer in time."))
        except StopIteration:
            return _lost("The evaluation's node ended without a word.")
        except ray.exceptions.OutOfMemoryError:
            return Outcome(failure=("out_of_memory", "The node ran out of memory and ended the evaluation."))
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError):
            return _lost("The evaluation's node was lost.")
        finally:
            # Also after the end: Ray forgets the task, and what is left of it dies with its process.
            ray.cancel(told, force=True)


def _lost(message: str) -> Outcome:
    return Outcome(failure=("worker_lost", message))


@ray.remote(num_returns="streaming")
def _evaluate(
    job: Job,
    limits: Limits,
    models_token: SecretStr | None,
    secrets: Sequence[str],
    command: Sequence[str] | None,
) -> Iterator[Event | Outcome]:
    """On a node: yields the evaluation's events, and last its outcome."""
    environment = evaluation_environment(models_token)
    child = ChildProcess(environment=environment, limits=limits, secrets=secrets, command=command)
    lines: queue.SimpleQueue[Event | Outcome | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            lines.put(child(job, lambda event: lines.put(event) if event else None, lambda: False))
        except Exception as error:
            lines.put(error)  # raised again where Ray sees it

    yield {"event": "started"}
    threading.Thread(target=run, daemon=True).start()
    while True:
        item: Any = lines.get()
        if isinstance(item, BaseException):
            raise item
        yield item
        if isinstance(item, Outcome):
            return
