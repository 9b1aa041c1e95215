"""One submission after another: claim, evaluate, publish, finish. Every step can be the last one of a killed worker.

What each step leaves behind, and who goes on from there, is a table in docs/design.md ("When a worker dies").
"""

import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from evaluator.errors import FailureClass
from evaluator.merging import CannotMerge, lacking
from evaluator.records import ModelResult
from evaluator.spec import result_path
from leaderboard_data.publish import publish_change
from runner.asked import asked_of
from runner.child import Job, Outcome
from runner.disk import HasRoom, Room
from runner.events import Event
from runner.folders import folder_of, remove_others
from runner.lease import Lease
from runner.left import Refused, remove
from runner.logs import Say
from runner.loop import Loop
from runner.patience import kept_trying
from runner.terms import Terms
from runner.told import submitted_facts
from runner.vouch import may_come_later, other_data, vouched
from runner.vouch_curves import vouched_files
from store.errors import Conflict, OutcomeUnknown, StoreError, Unavailable, asked_to_wait
from store.update import Change, Snapshot, update
from submissions.errors import LeaseLost
from submissions.record import OPEN, ResultReference, Status, Submission
from submissions.stored import Queue

T = TypeVar("T")
Make = Callable[[Snapshot], Change | None]


class Evaluate(Protocol):
    """Evaluates a job: in a child process (`runner.child.ChildProcess`), or on a cluster (`runner.cluster`)."""

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome: ...


class Worker(Loop):
    """Takes submissions from `queue` and evaluates them with `evaluate`, one at a time.

    `name` is unique among the workers. `work_dir` keeps the evaluations' folders, one a spec, until they end. `say`
    gets a line per transition. What has no `room` is left to others. `clock`: monotonic seconds; `wait` may wake early.
    `finished` is told each submission that this worker finished, at the end; it raises nothing.
    `idle` is what it does while nothing may be claimed (`runner.reference`); False: there was nothing, so wait.
    Once stopped it claims nothing more, and gives back what it evaluates.
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
        room: HasRoom | None = None,
        finished: Callable[[Submission], object] = lambda _: None,
        idle: Callable[[Callable[[], bool]], bool] = lambda _: False,
    ) -> None:
        super().__init__()
        self.queue = queue
        self.name = name
        self.terms = terms
        self._evaluate = evaluate
        self._work_dir = work_dir
        self._say = say
        self._clock = clock
        self._wait = wait or self._stop.wait
        self._room: HasRoom = room or Room(work_dir)
        self._finished = finished
        self._idle = idle

    def run(self, *, once: bool = False, poll_seconds: float = 30.0) -> None:
        """Work until stopped; with `once` only until nothing in the queue may be claimed.

        Raises:
            Forbidden, NotFound: what waiting does not help against; a store that does not answer is waited for.
        """
        tidied = False
        while not self.stopping:
            asked = 0.0
            try:
                if not tidied:
                    self._tidy_up()
                    tidied = True
                worked = self.run_one() or (not once and self._idle(lambda: self.stopping))
            except (Unavailable, Conflict, OutcomeUnknown) as error:
                self._say("store_unavailable", error=str(error))
                worked, asked = False, asked_to_wait(error)
                if once:
                    raise
            if once and not worked:
                return
            if not worked:
                self._wait(max(poll_seconds, asked))

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
        return self.terms.accept(submission) and self._room.has(submission, self._say)

    def _see_through(self, submission: Submission, lease: Lease) -> None:
        """Evaluate, publish, and close a claimed submission.

        Raises:
            LeaseLost: somebody else decides about it now.
            Forbidden, NotFound: after the lease was given back.
        """
        # A worker that died between publishing and finishing left nothing to do but to say so.
        if published := self._kept_trying(lambda: self.queue.result_of(submission), lease):
            self._say("found_published", **_told(submission))
            self._finished(self._close(submission, lease, published, log=None))
            return
        job = self._job(submission, lease)
        if submission.earlier_runs and submission.attempt == 1:
            remove(job.folder)  # a rerun takes nothing over: a killed worker may have left what is doubted
        outcome = self._evaluate(job, lease.hear, lambda: self.stopping or lease.lost)
        if lease.lost:
            raise LeaseLost(submission)
        failure, result, samples = outcome.failure, outcome.result, outcome.samples
        change: Make | None = None
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
                told = result.model_copy(update=submitted_facts(submission))
                change = publish_change(told, samples, rankings, curves=curves, replace=submission.force)
                failure = self._not_read(submission, lease, job, result, change)
            if lease.lost:
                raise LeaseLost(submission)
        if failure is not None:
            # Embeddings stay in the work folder; the result would be taken for the whole of the next attempt.
            remove(job.result_file)
            self._fail(submission, lease, job.folder, failure, outcome.log)
        elif change is not None:
            try:
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

    def _not_read(
        self, submission: Submission, lease: Lease, job: Job, result: ModelResult, change: Make
    ) -> tuple[FailureClass, str] | None:
        """Why the submission cannot end with this result: the data of one of its tasks could not be read.

        What its other tasks scored is published at once: results add up, so the next attempt, or a retry after the last
        one, runs only what is missing. A rerun's replaces another result as a whole or not at all.
        """
        if others := other_data(result, job):
            self._say("other_data", **_told(submission), tasks=others)
        if (failure := may_come_later(result)) is None:
            return None
        if any(score.scored for score in result.tasks.values()) and not submission.force:
            try:
                self._publish(submission, lease, change)
            except CannotMerge as error:
                return "internal", f"It cannot be added to what is known: {error}."
        return failure

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
            ),
            lease,
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
            reference = self._kept_trying(publish, lease)
        except StoreError as error:
            self._say("cannot_publish", **_told(submission), error=str(error))
            self._give_back(submission, lease, "the result could not be published")
            raise
        self._say("published", **_told(submission), path=reference.path, revision=reference.revision)
        return reference

    def _close(self, submission: Submission, lease: Lease, result: ResultReference, log: str | None) -> Submission:
        ended = self._kept_trying(
            lambda: self.queue.finish(submission.id, nonce=lease.nonce, result=result, log=log or None), lease
        )
        self._say("finished", **_told(ended))
        return ended

    def _give_back(self, submission: Submission, lease: Lease, why: str) -> None:
        self._say("released", **_told(self.queue.release(submission.id, nonce=lease.nonce, why=why)), why=why)

    def _kept_trying(self, write: Callable[[], T], lease: Lease) -> T:
        """`write()`, tried again while the store does not answer (`runner.patience`)."""
        return kept_trying(write, lease, clock=self._clock, wait=self._wait, stopped=self._stop.is_set, say=self._say)

    def _job(self, submission: Submission, lease: Lease) -> Job:
        """What is to be run: the tasks that the submission's suites lack, or all of them where it is forced."""
        stored = None
        if not submission.force:
            stored = self._kept_trying(lambda: self.queue.stored_result(submission.spec), lease)
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
