"""One submission after another: claim, evaluate, publish, finish. Every step can be the last one of a killed worker.

What each step leaves behind, and who goes on from there, is a table in docs/design.md ("When a worker dies").
"""

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from evaluator.errors import FailureClass
from evaluator.merging import CannotMerge, lacking
from evaluator.spec import result_path
from evaluator.suite import SUITES
from leaderboard_data.publish import publish_change
from runner.asked import asked_of
from runner.child import Job, Outcome
from runner.disk import Room
from runner.events import Event
from runner.folders import folder_of, remove_others
from runner.lease import Lease
from runner.left import Refused, remove
from runner.logs import Say
from runner.told import submitted_facts
from runner.vouch import may_come_later, vouched
from runner.vouch_curves import vouched_files
from store.errors import Conflict, OutcomeUnknown, StoreError, Unavailable
from store.update import Change, Snapshot, update
from submissions.claims import MAX_ATTEMPTS
from submissions.errors import LeaseLost
from submissions.record import OPEN, ResultReference, Status, Submission
from submissions.stored import Queue

T = TypeVar("T")
Make = Callable[[Snapshot], Change | None]


class Evaluate(Protocol):
    """Evaluates a job: in a child process (`runner.child.ChildProcess`), or on a cluster (`runner.cluster`)."""

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome: ...


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a worker works.

    `lease`: how long a claim holds without a word. `beat`: the least time between renewals at a task's end; without
    one the lease is renewed when half of it is over. `retry_delay`: the wait after a failure that may pass.
    `max_parameters`: larger models are left to others; one whose size the Hub does not tell is taken.
    `tasks`: only these tasks (for trials; what the result lacks then is run when it is submitted again).
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
    gets a line per transition. What has no `room` is left to others. `clock`: monotonic seconds; `wait` may wake early.
    `finished` is told each submission that this worker finished, at the end; it raises nothing.
    `idle` is what it does while nothing may be claimed (`runner.reference`); False: there was nothing, so wait.
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
        room: Room | None = None,
        finished: Callable[[Submission], object] = lambda _: None,
        idle: Callable[[Callable[[], bool]], bool] = lambda _: False,
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
        self._room = room or Room(work_dir)
        self._finished = finished
        self._idle = idle

    def stop(self) -> None:
        """Claim nothing more, and give back what is being evaluated. May be called from a signal handler."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def run(self, *, once: bool = False, poll_seconds: float = 30.0) -> None:
        """Work until stopped; with `once` only until nothing in the queue may be claimed.

        Raises:
            Forbidden, NotFound: what waiting does not help against; a store that does not answer is waited for.
        """
        tidied = False
        while not self.stopping:
            try:
                if not tidied:
                    self._tidy_up()
                    tidied = True
                worked = self.run_one() or (not once and self._idle(lambda: self.stopping))
            except (Unavailable, Conflict, OutcomeUnknown) as error:
                self._say("store_unavailable", error=str(error))
                worked = False
                if once:
                    raise
            if once and not worked:
                return
            if not worked:
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
            if reclaimed.status is Status.FINISHED:
                self._finished(reclaimed)
        submission = self.queue.claim(self.name, self.terms.lease, self._accepts)
        if submission is None:
            return False
        self._say("claimed", **_told(submission), attempt=submission.attempt)
        terms = self.terms
        lease = Lease(self.queue, submission, length=terms.lease, beat=terms.beat, clock=self._clock, say=self._say)
        try:
            try:
                self._see_through(submission, lease)
            except (LeaseLost, StoreError):
                raise
            except Exception as error:  # whatever an evaluation made go wrong here is its end, and not the worker's
                self._fail_by(submission, lease, error)
        except LeaseLost:
            self._say("lease_lost", **_told(submission))
        return True

    def _accepts(self, submission: Submission) -> bool:
        if not set(submission.suites) <= set(SUITES) or not self._room.has(submission, self._say):
            return False  # a worker of a newer version knows the suites; one with room takes it
        if not asked_of(submission, self.terms.tasks):
            return False
        limit, parameters = self.terms.max_parameters, submission.metadata.parameters
        return limit is None or parameters is None or parameters <= limit

    def _see_through(self, submission: Submission, lease: Lease) -> None:
        """Evaluate, publish, and close a claimed submission.

        Raises:
            LeaseLost: somebody else decides about it now.
            Forbidden, NotFound: after the lease was given back.
        """
        # A worker that died between publishing and finishing left nothing to do but to say so.
        if published := self._kept_trying(lambda: self.queue.result_of(submission)):
            self._say("found_published", **_told(submission))
            self._finished(self._close(submission, lease, published, log=None))
            return
        job = self._job(submission)
        if submission.earlier_runs and submission.attempt == 1:
            remove(job.folder)  # a rerun takes nothing over: a killed worker may have left what is doubted
        outcome = self._evaluate(job, lease.hear, lambda: self.stopping or lease.lost)
        if lease.lost:
            raise LeaseLost(submission)
        failure, result, samples = outcome.failure, outcome.result, outcome.samples
        if result is not None:
            try:
                result, samples = vouched(
                    job,
                    result,
                    samples,
                    submission=submission.id,
                    since=submission.submitted_at,
                    beat=lambda: lease.hear({}),
                )
                rankings, curves = vouched_files(result, samples, outcome.rankings, outcome.curves)
            except Refused as error:
                failure = "internal", str(error)
            else:
                failure = may_come_later(result) if submission.attempt < MAX_ATTEMPTS else None
            if lease.lost:
                raise LeaseLost(submission)
        if failure is not None:
            # Embeddings stay in the work folder; the result would be taken for the whole of the next attempt.
            remove(job.result_file)
            self._fail(submission, lease, job.folder, failure, outcome.log)
        elif result is not None:
            result = result.model_copy(update=submitted_facts(submission))
            try:
                change = publish_change(result, samples, rankings, curves=curves, replace=submission.force)
                reference = self._publish(submission, lease, change)
            except CannotMerge as error:
                remove(job.result_file)
                message = f"It cannot be added to what is known: {error}."
                self._fail(submission, lease, job.folder, ("internal", message), "")
                return
            ended = self._close(submission, lease, reference, log=outcome.log)
            self._tidy(ended, job.folder)
            self._finished(ended)
        else:
            self._give_back(submission, lease, "the worker is stopping")

    def _fail_by(self, submission: Submission, lease: Lease, error: Exception) -> None:
        """End a submission by an error that nobody foresaw; its traceback is for us, in the worker's own log."""
        self._unforeseen(submission, error)
        what = type(error).__name__
        message = f"The worker itself failed at this evaluation ({what}). A maintainer finds the reason in its log."
        folder = folder_of(self._work_dir, submission.spec.id)
        try:
            self._fail(submission, lease, folder, ("internal", message), "")
        except (LeaseLost, StoreError):
            raise
        except Exception as again:  # its lease will run out, and count as an attempt
            self._unforeseen(submission, again)

    def _unforeseen(self, submission: Submission, error: Exception) -> None:
        self._say("unforeseen", **_told(submission), traceback="".join(traceback.format_exception(error))[-8000:])

    def _fail(
        self, submission: Submission, lease: Lease, folder: Path, failure: tuple[FailureClass, str], log: str
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
        self._room.hear(submission, failure[0])
        self._say("failed", **_told(ended), failure=failure[0], message=failure[1])
        self._tidy(ended, folder)

    def _publish(self, submission: Submission, lease: Lease, change: Make) -> ResultReference:
        def publish() -> ResultReference:
            # A worker that was away for long must not write over what another one has published since.
            if not self.queue.holds(submission.id, lease.nonce):
                raise LeaseLost(submission)
            revision = update(self.queue.results, change)
            return ResultReference(path=result_path(submission.spec), revision=revision)

        try:
            reference = self._kept_trying(publish)
        except StoreError as error:
            self._say("cannot_publish", **_told(submission), error=str(error))
            self._give_back(submission, lease, "the result could not be published")
            raise
        self._say("published", **_told(submission), path=reference.path, revision=reference.revision)
        return reference

    def _close(self, submission: Submission, lease: Lease, result: ResultReference, log: str | None) -> Submission:
        ended = self._kept_trying(
            lambda: self.queue.finish(submission.id, nonce=lease.nonce, result=result, log=log or None)
        )
        self._say("finished", **_told(ended))
        return ended

    def _give_back(self, submission: Submission, lease: Lease, why: str) -> None:
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
        """What is to be run: the tasks that the submission's suites lack, or all of them where it is forced."""
        stored = None if submission.force else self._kept_trying(lambda: self.queue.stored_result(submission.spec))
        wanted = asked_of(submission, self.terms.tasks)
        asked = lacking(stored, wanted) or wanted
        return Job(
            name=submission.id,
            spec=submission.spec,
            folder=folder_of(self._work_dir, submission.spec.id),
            datasets=self.terms.datasets,
            tasks=tuple(task.id for task in asked),
            device=self.terms.device,
            onto=stored,
        )

    def _tidy(self, submission: Submission, folder: Path) -> None:
        """Remove the evaluation's folder, unless it will go on."""
        if submission.status not in OPEN:
            remove(folder)


def _told(submission: Submission) -> Mapping[str, Any]:
    return {"submission": submission.id, "model": submission.spec.model, "status": submission.status.value}
