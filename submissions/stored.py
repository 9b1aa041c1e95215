"""The queue in its store: each verb of `submissions.queue` as one commit, shared by page, command line and worker."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from evaluator import records
from evaluator.errors import FailureClass
from evaluator.records import load_result
from evaluator.spec import ModelSpec, result_path
from store import Store
from store.update import Change, Snapshot, update
from submissions import queue
from submissions.files import Listing, SubmissionFiles, change_to, files_of
from submissions.record import ModelMetadata, ResultReference, Submission

Progress = dict[str, float | int | str | None]


class Queue:
    """The submissions in the store `requests`; looks into `results` for what is evaluated already.

    Every verb runs again on the newer state when another process came first, and raises what the pure verb raises
    (`submissions.errors`) or what the store does (`store.errors`); then nothing was changed. May be shared by
    threads. `now` and `random_hex` (digits -> so many random hexadecimal digits) are its clock and its dice.
    """

    def __init__(
        self,
        requests: Store,
        results: Store,
        *,
        now: Callable[[], datetime] = records.now,
        random_hex: Callable[[int], str] = lambda digits: secrets.token_hex(digits // 2),
    ) -> None:
        self.requests = requests
        self.results = results
        self._now = now
        self._random_hex = random_hex
        self._files = SubmissionFiles(requests)

    # what there is

    def listing(self, closed: int = 200) -> Listing:
        """All open submissions and the newest `closed` closed ones. Read again only when the store has moved."""
        return self._files.listing(closed)

    def find(self, submission_id: str) -> Submission:
        """The submission of this id.

        Raises:
            UnknownSubmission
            ValueError: its file cannot be read.
        """
        return self._files.find(self._files.snapshot(), submission_id)

    def result_of(self, submission: Submission) -> ResultReference | None:
        """Where the submission's result is, if it is in the results store.

        A forced submission has an older result at the same path, so there only a result that names it counts.
        """
        path = result_path(submission.spec)
        snapshot = Snapshot(self.results, self.results.head())
        if not snapshot.exists(path):
            return None
        if submission.force:
            try:
                if load_result(snapshot.read(path)).submission != submission.id:
                    return None
            except ValueError:
                return None
        return ResultReference(path=path, revision=snapshot.revision)

    # what people do

    def submit(
        self,
        spec: ModelSpec,
        *,
        who: str,
        note: str = "",
        metadata: ModelMetadata | None = None,
        force: bool = False,
    ) -> Submission:
        """Add a submission; it waits for a maintainer.

        Raises:
            AlreadySubmitted, AlreadyEvaluated
        """

        def change(snapshot: Snapshot) -> Submission:
            at = self._now()
            return queue.submit(
                self._files.open(snapshot),
                spec,
                new_id=queue.submission_id(at, self._random_hex(6)),
                who=who,
                at=at,
                # Looked up after the requests were read: a result is published before its submission closes.
                has_result=self._has_result(spec),
                note=note,
                metadata=metadata,
                force=force,
            )

        return self._write_new(change)

    def approve(self, submission_id: str, *, who: str, priority: int | None = None) -> Submission:
        """Queue a pending submission."""
        return self._write(submission_id, lambda s, _: queue.approve(s, who=who, at=self._now(), priority=priority))

    def reject(self, submission_id: str, *, who: str, why: str) -> Submission:
        """Say no to a pending submission."""
        return self._write(submission_id, lambda s, _: queue.reject(s, who=who, at=self._now(), why=why))

    def withdraw(self, submission_id: str, *, who: str, maintainer: bool = False, why: str = "") -> Submission:
        """Take back a submission that no worker holds."""
        return self._write(
            submission_id, lambda s, _: queue.withdraw(s, who=who, at=self._now(), maintainer=maintainer, why=why)
        )

    def retry(self, submission_id: str, *, who: str) -> Submission:
        """Queue a failed submission again."""

        def verb(submission: Submission, snapshot: Snapshot) -> Submission:
            others = self._files.open(snapshot)
            has_result = self._has_result(submission.spec)
            return queue.retry(submission, others, who=who, at=self._now(), has_result=has_result)

        return self._write(submission_id, verb)

    # what workers do

    def claim(
        self, worker: str, lease: timedelta, accepts: Callable[[Submission], bool] = lambda _: True
    ) -> Submission | None:
        """Take the first queued submission that `accepts` lets through; None if there is none."""
        nonce = self._random_hex(32)
        claimed: list[Submission | None] = []

        def change(snapshot: Snapshot) -> Change | None:
            at = self._now()
            following = queue.next_to_claim(self._files.open(snapshot), at, accepts)
            if following is None:
                claimed.append(None)
                return None
            taken = queue.claim(following, worker=worker, nonce=nonce, at=at, lease=lease)
            claimed.append(taken)
            return change_to(taken, following)

        revision = update(self.requests, change)
        if len(claimed) == 1:
            return claimed[0]
        # One of several tries was written, not always the last one: the nonce tells which.
        held = self._files.open(self._files.snapshot(revision))
        return next((s for s in held if s.lease is not None and s.lease.nonce == nonce), None)

    def beat(self, submission_id: str, *, nonce: str, lease: timedelta, progress: Progress | None = None) -> Submission:
        """Renew a lease and tell the progress.

        Raises:
            LeaseLost
        """
        return self._write(
            submission_id,
            lambda s, _: queue.beat(s, nonce=nonce, at=self._now(), lease=lease, progress=progress),
            "Renew the lease of",
        )

    def holds(self, submission_id: str, nonce: str) -> bool:
        """Whether the claim with this nonce still has the submission."""
        submission = self.find(submission_id)
        return submission.lease is not None and submission.lease.nonce == nonce

    def finish(self, submission_id: str, *, nonce: str, result: ResultReference, log: str | None = None) -> Submission:
        """Close a submission whose result is published; `log`: the end of the run's log.

        Raises:
            LeaseLost
        """
        return self._write(
            submission_id, lambda s, _: queue.finish(s, nonce=nonce, at=self._now(), result=result), log=log
        )

    def fail(
        self,
        submission_id: str,
        *,
        nonce: str,
        failure: FailureClass,
        message: str,
        delay: timedelta = timedelta(0),
        log: str | None = None,
    ) -> Submission:
        """End an evaluation without a result, or put it back after `delay` if its cause may pass.

        Raises:
            LeaseLost
        """
        return self._write(
            submission_id,
            lambda s, _: queue.fail(s, nonce=nonce, at=self._now(), failure=failure, message=message, delay=delay),
            log=log,
        )

    def release(self, submission_id: str, *, nonce: str, why: str) -> Submission:
        """Give a lease back.

        Raises:
            LeaseLost
        """
        return self._write(submission_id, lambda s, _: queue.release(s, nonce=nonce, at=self._now(), why=why))

    def reclaim_expired(self, who: str, delay: timedelta = timedelta(0)) -> tuple[Submission, ...]:
        """Put back, finish or fail every submission whose lease ran out, in one commit; returns them."""
        reclaimed: tuple[Submission, ...] = ()

        def change(snapshot: Snapshot) -> Change | None:
            nonlocal reclaimed
            at = self._now()
            expired = [s for s in self._files.open(snapshot) if queue.lease_expired(s, at)]
            reclaimed = tuple(queue.reclaim(s, who=who, at=at, result=self.result_of(s), delay=delay) for s in expired)
            if not expired:
                return None
            files = {
                path: content
                for old, new in zip(expired, reclaimed, strict=True)
                for path, content in files_of(new, old).items()
            }
            return Change(files, f"Reclaim {len(expired)} whose lease ran out: {', '.join(s.id for s in expired)}")

        update(self.requests, change)
        return reclaimed

    # reading and writing

    def _has_result(self, spec: ModelSpec) -> bool:
        return Snapshot(self.results, self.results.head()).exists(result_path(spec))

    def _write_new(self, make: Callable[[Snapshot], Submission]) -> Submission:
        made: list[Submission] = []

        def change(snapshot: Snapshot) -> Change:
            # One id for all tries, so that the one that was written is the one that is returned.
            made.append(make(snapshot) if not made else make(snapshot).model_copy(update={"id": made[0].id}))
            return change_to(made[-1], None)

        update(self.requests, change)
        return made[-1]

    def _write(
        self,
        submission_id: str,
        verb: Callable[[Submission, Snapshot], Submission],
        what: str | None = None,
        log: str | None = None,
    ) -> Submission:
        """Run `verb` on the stored submission and write what it returns, with the end of its log."""
        written: list[Submission] = []

        def change(snapshot: Snapshot) -> Change:
            before = self._files.find(snapshot, submission_id)
            written.append(verb(before, snapshot))
            done = change_to(written[-1], before, what)
            return (
                done if log is None else Change({**done.files, f"logs/{submission_id}.txt": log.encode()}, done.message)
            )

        revision = update(self.requests, change)
        if len(written) == 1:
            return written[0]
        return self._files.find(self._files.snapshot(revision), submission_id)
