"""Evaluations as Ray tasks: for a long queue, or one big model, on a cluster. Ray is optional (requirements-ray.txt).

The laws of the queue stay those of one machine: the driver claims, renews, publishes and finishes; a task only
evaluates, in the same kind of child process. Ray tries a task again only if its node or process is lost; everything
else is the queue's to decide. The nodes need the project's packages; the code itself is sent along. Work folders are
local to a node: an evaluation that moves to another node begins again.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ray
import ray.exceptions
from pydantic import SecretStr
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from runner.cage import NO_CAGE, detect
from runner.child import GRACE_SECONDS, ROOT, ChildProcess, Job, Limits, Outcome
from runner.events import Event
from settings import evaluation_environment

_POLL_SECONDS = 0.5
_KEPT_EVENTS = 1000
_NOT_SENT = [".git", ".venv", ".data", "tests", "docs", "screenshots", "evaluations", "**/__pycache__"]


def connect(address: str) -> None:
    """Join the cluster at `address`, or start one on this machine ("local").

    Raises:
        ConnectionError: there is no cluster at `address`.
    """
    ray.init(
        address=address,  # "local" starts one, even if another is running here
        include_dashboard=False,
        log_to_driver=False,
        runtime_env=None if address == "local" else {"working_dir": str(ROOT), "excludes": _NOT_SENT},
    )


@dataclass(frozen=True, kw_only=True)
class RayTasks:
    """Evaluates jobs as Ray tasks, each with `gpus` GPUs and `cpus` processors.

    `wanted` tells how many GPUs a job gets, in place of `gpus`; it gets as many as a node of the cluster has at most.
    Those of a node share the job's texts.
    `start_seconds`: how long a task may wait for a node that has them. `limits.seconds` holds for the evaluation
    itself; the driver gives up a little later, should the node not say so. `max_gib`, `keep_models` and `command`: as
    `runner.child.ChildProcess`. `caged`: in the strongest cage that the node has; a `command` of tests needs none.
    """

    limits: Limits
    gpus: float = 1.0
    wanted: Callable[[Job], int] | None = None
    cpus: float = 1.0
    start_seconds: float = 3600.0
    lost_nodes: int = 2
    models_token: SecretStr | None = None
    secrets: Sequence[str] = ()
    command: Sequence[str] | None = None
    caged: bool = True
    max_gib: float = 0.0
    keep_models: bool = False

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
        """Evaluate `job` on some node; the same contract as `runner.child.ChildProcess`."""
        # Beside the driver, so that losing the evaluation's node does not lose it.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
        mailbox: Any = _Mailbox.options(num_cpus=0, scheduling_strategy=here).remote()  # type: ignore[attr-defined]
        gpus = self.gpus if self.wanted is None else min(self.wanted(job), _largest_node())
        sent = replace(self, gpus=gpus, wanted=None)
        outcome: Any = _evaluate.options(
            num_gpus=gpus, num_cpus=self.cpus, max_retries=self.lost_nodes, retry_exceptions=False
        ).remote(job, sent, mailbox)
        try:
            return sent._follow(outcome, mailbox, on_event, stopped)
        except ray.exceptions.OutOfMemoryError:
            return Outcome(failure=("out_of_memory", "The node ran out of memory and ended the evaluation."))
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError):
            return _lost("The evaluation's node was lost.")
        finally:
            # Also after the end: Ray forgets the task, and what is left of it dies with its process.
            ray.cancel(outcome, force=True)
            ray.kill(mailbox)

    def _follow(
        self, outcome: Any, mailbox: Any, on_event: Callable[[Event], None], stopped: Callable[[], bool]
    ) -> Outcome:
        waits_until = time.monotonic() + self.start_seconds
        deadline: float | None = None
        while True:
            ended, _ = ray.wait([outcome], timeout=_POLL_SECONDS)
            for event in [*_events(mailbox), {}]:
                if event.get("event") == "started":  # again, if Ray had to try again
                    deadline = time.monotonic() + self.limits.seconds + 2 * GRACE_SECONDS
                on_event(event)
            if ended:
                return ray.get(outcome)
            if stopped():
                return Outcome()
            if deadline is None and time.monotonic() > waits_until:
                return _lost(f"The cluster had no node with {self.gpus:g} GPUs free in time.")
            if deadline is not None and time.monotonic() > deadline:
                return Outcome(failure=("timeout", "The evaluation's node did not answer in time."))


def _largest_node() -> int:
    """GPUs of the node that has most of them; 1 where none has any."""
    return max(1, *(int(node["Resources"].get("GPU", 0)) for node in ray.nodes() if node["Alive"]), 1)


def _lost(message: str) -> Outcome:
    return Outcome(failure=("worker_lost", message))


def _events(mailbox: Any) -> list[Event]:
    """What the evaluation has told since the last look. Without its mailbox the outcome still comes."""
    try:
        return ray.get(mailbox.take.remote(), timeout=30)
    except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError):
        return []


@ray.remote
class _Mailbox:
    """The events of one evaluation on their way to the driver."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)

    def put(self, event: Event) -> None:
        self._events.append(event)

    def take(self) -> list[Event]:
        taken = list(self._events)
        self._events.clear()
        return taken


@ray.remote
def _evaluate(
    job: Job,
    terms: RayTasks,
    mailbox: Any,
) -> Outcome:
    """On a node: one evaluation in a child process."""

    progress_told = 0.0

    def tell(event: Event) -> None:
        nonlocal progress_told
        is_progress = event.get("event") == "progress"
        if not event or (is_progress and time.monotonic() < progress_told + _POLL_SECONDS):
            return  # the driver does not look more often
        if is_progress:
            progress_told = time.monotonic()
        mailbox.put.remote(dict(event))

    tell({"event": "started"})
    child = ChildProcess(
        environment=evaluation_environment(terms.models_token),
        limits=terms.limits,
        secrets=terms.secrets,
        command=terms.command,
        cage=detect() if terms.caged else NO_CAGE,
        max_gib=terms.max_gib,
        keep_models=terms.keep_models,
    )
    if job.device is None and terms.gpus > 1:
        job = replace(job, device=",".join(f"cuda:{number}" for number in range(int(terms.gpus))))
    return child(job, tell, lambda: False)
