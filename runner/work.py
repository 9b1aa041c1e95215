"""One submission after another: claim, evaluate, publish, finish. Every step can be the last one of a killed worker.

What each step leaves behind, and who goes on from there, is a table in docs/design.md ("When a worker dies").
"""

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from evaluator.errors import FailureClass
from evaluator.records import ModelResult
from evaluator.spec import result_path
from leaderboard_data.publish import publish_change
from runner.child import Event, Job, Outcome
from runner.folders import folder_of, remove_others
from runner.logs import Say
from store.errors import Conflict, OutcomeUnknown, StoreError, Unavailable
from store.update import update
from submissions.errors import LeaseLost
from submissions.queue import MAX_ATTEMPTS
from submissions.record import OPEN, ResultReference, Submission
from submissions.stored import Queue

T = TypeVar("T")


class Evaluate(Protocol):
    """Evaluates a job: in a child process (`runner.child.ChildProcess`), or on a cluster (`runner.cluster`)."""

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome: ...


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a worker works.

    `lease`: how long a claim holds without a word. `beat`: the least time between renewals at a task's end; without
    one the lease is renewed when half of it is over. `retry_delay`: the wait after a failure that may pass.
    `max_parameters`: larger models are left to others; one whose size the Hub does not tell is taken.
    `tasks`: only these tasks (for trials; the results have no rank).
    """

    lease: timedelta = timedelta(minutes=30)
    beat: timedelta = timedelta(minutes=5)
    retry_delay: timedelta = timedelta(minutes=10)
    max_parameters: int | None = None
    datasets: Path | None = None
    tasks: tuple[str, ...] = ()
    device: str | None = None


class Worker:
    """Takes submissions from `queue` and evaluates them with `evaluate`, one at a time.

    `name` is unique among the workers. `work_dir` keeps the evaluations' folders, one a spec, until they end. `say`
    gets one line per transition. `clock` is monotonic, seconds; `wait` sleeps, shorter if the worker is to stop.
    """

    def __init__(
        self,
        queue: Queue,
        evaluate: Evaluate,
        *,
        name: str,
        work_dir: Path,
        terms: Terms,
        say: Say,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.queue = queue
        self.name = name
        self.terms = terms
        self._evaluate = evaluate
        self._work_dir = work_dir
        self._say = say
        self._clock = clock
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait

    def stop(self) -> None:
        """Claim nothing more, and give back what is being evaluated. May be called from a signal handler."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def run(self, *, once: bool = False, poll_seconds: float = 30.0) -> None:
        """Work until stopped; with `once` only until nothing in the queue may be claimed.

        A store that does not answer is waited for. Raises what waiting does not help against.

        Raises:
            Forbidden, NotFound
        """
        tidied = False
        while not self.stopping:
            try:
                if not tidied:
                    self._tidy_up()
                    tidied = True
                worked = self.run_one()
            except (Unavailable, Conflict, OutcomeUnknown) as error:
                self._say("store_unavailable", error=str(error))
                worked = False
                if once:
                    raise
            if worked:
                continue
            if once:
                return
            self._wait(poll_seconds)

    def _tidy_up(self) -> None:
        """Remove the folders that a killed worker left and nobody needs any more."""
        is_open = [s.spec.id for s in self.queue.listing(closed=0).submissions]
        for folder in remove_others(self._work_dir, is_open):
            self._say("removed", folder=folder.name)

    def run_one(self) -> bool:
        """Put back what others lost, then claim one submission and see it through; False if there was none."""
        for reclaimed in self.queue.reclaim_expired(self.name):
            self._say("reclaimed", **_told(reclaimed))
        submission = self.queue.claim(self.name, self.terms.lease, self._accepts)
        if submission is None:
            return False
        assert submission.lease is not None
        self._say("claimed", **_told(submission), attempt=submission.attempt)
        try:
            self._see_through(submission, _Lease(self, submission, submission.lease.nonce))
        except LeaseLost:
            self._say("lease_lost", **_told(submission))
        return True

    def _accepts(self, submission: Submission) -> bool:
        limit, parameters = self.terms.max_parameters, submission.metadata.parameters
        return limit is None or parameters is None or parameters <= limit

    def _see_through(self, submission: Submission, lease: "_Lease") -> None:
        """Evaluate, publish, and close a claimed submission.

        Raises:
            LeaseLost: somebody else decides about it now.
            Forbidden, NotFound: after the lease was given back.
        """
        # A worker that died between publishing and finishing left nothing to do but to say so.
        if published := self._kept_trying(lambda: self.queue.result_of(submission)):
            self._say("found_published", **_told(submission))
            self._close(submission, lease, published, log=None)
            return
        job = self._job(submission)
        outcome = self._evaluate(job, lease.hear, lambda: self.stopping or lease.lost)
        if lease.lost:
            raise LeaseLost(submission)
        failure = outcome.failure
        if outcome.result is not None and submission.attempt < MAX_ATTEMPTS:
            failure = _may_come_later(outcome.result)
        if failure is not None:
            # Embeddings stay in the work folder; the result would be taken for the whole of the next attempt.
            job.result_file.unlink(missing_ok=True)
            self._fail(submission, lease, job, failure, outcome.log)
        elif outcome.result is not None:
            result = outcome.result.model_copy(update={"submission": submission.id})
            reference = self._publish(submission, lease, result, outcome.samples)
            self._tidy(self._close(submission, lease, reference, log=outcome.log), job)
        else:
            self._give_back(submission, lease, "the worker is stopping")

    def _fail(
        self, submission: Submission, lease: "_Lease", job: Job, failure: tuple[FailureClass, str], log: str
    ) -> None:
        ended = self._kept_trying(
            lambda: self.queue.fail(
                submission.id,
                nonce=lease.nonce,
                failure=failure[0],
                message=failure[1],
                delay=self.terms.retry_delay,
                log=log,
            )
        )
        self._say("failed", **_told(ended), failure=failure[0], message=failure[1])
        self._tidy(ended, job)

    def _publish(
        self, submission: Submission, lease: "_Lease", result: ModelResult, samples: bytes | None
    ) -> ResultReference:
        change = publish_change(result, samples)

        def publish() -> ResultReference:
            # A worker that was away for long must not write over what another one has published since.
            if not self.queue.holds(submission.id, lease.nonce):
                raise LeaseLost(submission)
            revision = update(self.queue.results, change)
            return ResultReference(path=result_path(result.spec), revision=revision)

        try:
            reference = self._kept_trying(publish)
        except StoreError as error:
            self._say("cannot_publish", **_told(submission), error=str(error))
            self._give_back(submission, lease, "the result could not be published")
            raise
        self._say("published", **_told(submission), path=reference.path, revision=reference.revision)
        return reference

    def _close(self, submission: Submission, lease: "_Lease", result: ResultReference, log: str | None) -> Submission:
        ended = self._kept_trying(
            lambda: self.queue.finish(submission.id, nonce=lease.nonce, result=result, log=log or None)
        )
        self._say("finished", **_told(ended))
        return ended

    def _give_back(self, submission: Submission, lease: "_Lease", why: str) -> None:
        self._say("released", **_told(self.queue.release(submission.id, nonce=lease.nonce, why=why)), why=why)

    def _kept_trying(self, write: Callable[[], T]) -> T:
        """`write()`, tried again for half a lease if the store does not answer: what was computed is worth it.

        A worker that is to stop does not wait: the result is in the work folder, and the lease will run out.

        Raises:
            StoreError: the last one.
        """
        deadline = self._clock() + self.terms.lease.total_seconds() / 2
        while True:
            try:
                return write()
            except (Unavailable, Conflict, OutcomeUnknown) as error:
                wait = max(5.0, getattr(error, "retry_after", None) or 0.0)
                if self._clock() + wait > deadline or self.stopping:
                    raise
                self._say("store_unavailable", error=str(error))
                self._wait(wait)

    def _job(self, submission: Submission) -> Job:
        return Job(
            name=submission.id,
            spec=submission.spec,
            folder=folder_of(self._work_dir, submission.spec.id),
            datasets=self.terms.datasets,
            tasks=self.terms.tasks,
            device=self.terms.device,
        )

    def _tidy(self, submission: Submission, job: Job) -> None:
        """Remove the evaluation's folder, unless it will go on."""
        if submission.status not in OPEN:
            shutil.rmtree(job.folder, ignore_errors=True)


class _Lease:
    """A worker's hold on one submission while it is evaluated: renewed by what the evaluation tells."""

    def __init__(self, worker: Worker, submission: Submission, nonce: str) -> None:
        self.nonce = nonce
        self.lost = False
        self._worker = worker
        self._id = submission.id
        self._clock = worker._clock
        self._renewed = self._clock()
        self._progress: dict[str, float | int | str | None] = {"tasks_done": 0}

    def hear(self, event: Event) -> None:
        """Take in one event, and renew the lease: at a task's end, or when half of it is over."""
        at_task_end = event.get("event") == "task"
        if at_task_end:
            self._progress["tasks_done"] = int(self._progress["tasks_done"] or 0) + 1
        if event.get("event") in ("task", "progress"):
            self._progress |= _plain(event)
        terms, silent = self._worker.terms, self._clock() - self._renewed
        if silent >= terms.lease.total_seconds() / 2 or (at_task_end and silent >= terms.beat.total_seconds()):
            self._renew()

    def _renew(self) -> None:
        worker = self._worker
        try:
            worker.queue.beat(self._id, nonce=self.nonce, lease=worker.terms.lease, progress=dict(self._progress))
        except LeaseLost:
            self.lost = True
        except (Unavailable, Conflict, OutcomeUnknown) as error:
            # The evaluation goes on; the next event tries again, until somebody else has taken over.
            worker._say("not_renewed", submission=self._id, error=str(error))
            self._renewed += worker.terms.lease.total_seconds() / 10
        else:
            self._renewed = self._clock()
            worker._say("renewed", submission=self._id, progress=dict(self._progress))


def _may_come_later(result: ModelResult) -> tuple[FailureClass, str] | None:
    """Why a task has no score, if only because the Hub did not answer: worth another attempt before publishing."""
    for score in result.tasks.values():
        if score.error is not None and score.error.failure == "hub_unavailable":
            return score.error.failure, score.error.message
    return None


def _plain(event: Event) -> dict[str, float | int | str | None]:
    """An event's numbers and short texts, without its name."""
    kept = {key: value for key, value in event.items() if key != "event" and isinstance(value, (int, float, str))}
    return {str(key)[:40]: value[:100] if isinstance(value, str) else value for key, value in kept.items()}


def _told(submission: Submission) -> Mapping[str, Any]:
    return {"submission": submission.id, "model": submission.spec.model, "status": submission.status.value}
