"""What workers do, on the store: each verb of `submissions.claims` as one commit."""

import logging
from collections.abc import Callable
from datetime import timedelta

from evaluator.errors import FailureClass
from store.update import Change, Snapshot, update
from submissions import claims
from submissions.errors import PolicyUnreadable
from submissions.files import change_to, files_of
from submissions.kept import KeptSubmissions
from submissions.order import next_to_claim
from submissions.record import ResultReference, Status, Submission

log = logging.getLogger(__name__)

Progress = dict[str, float | int | str | None]


class StoredClaims(KeptSubmissions):
    """The workers' verbs on the store of the submissions."""

    def claim(
        self, worker: str, lease: timedelta, accepts: Callable[[Submission], bool] = lambda _: True
    ) -> Submission | None:
        """Take the first queued submission that `accepts` lets through; None if there is none.

        One whose model was opted out meanwhile stays where it is. While the policy cannot be read, nothing is claimed.
        """
        nonce = self._random_hex(32)
        claimed: list[Submission | None] = []

        def change(snapshot: Snapshot) -> Change | None:
            at = self._now()
            is_open = self._files.open(snapshot)
            following = next_to_claim(self._wanted(is_open, snapshot), at, accepts, self._watch.stood(is_open))
            if following is None:
                claimed.append(None)
                return None
            taken = claims.claim(following, worker=worker, nonce=nonce, at=at, lease=lease)
            claimed.append(taken)
            return change_to(taken, following)

        revision = update(self.requests, change)
        if len(claimed) == 1:
            return claimed[0]
        # One of several tries was written, not always the last one: the nonce tells which.
        held = self._files.open(self._files.snapshot(revision))
        return next((s for s in held if s.lease is not None and s.lease.nonce == nonce), None)

    def _wanted(self, is_open: list[Submission], snapshot: Snapshot) -> list[Submission]:
        """The queued submissions whose models nobody opted out; none while the policy cannot be read."""
        queued = [s for s in is_open if s.status is Status.QUEUED]
        try:
            return [s for s in queued if self.policies.at(snapshot).opt_out_of(s.spec.model) is None]
        except PolicyUnreadable as error:
            log.error("nothing is claimed: %s", error.english)
            return []

    def beat(self, submission_id: str, *, nonce: str, lease: timedelta, progress: Progress | None = None) -> Submission:
        """Renew a lease and tell the progress.

        Raises:
            LeaseLost
        """
        return self._write(
            submission_id,
            lambda s, _: claims.beat(s, nonce=nonce, at=self._now(), lease=lease, progress=progress),
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
            submission_id, lambda s, _: claims.finish(s, nonce=nonce, at=self._now(), result=result), log=log
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
            lambda s, _: claims.fail(s, nonce=nonce, at=self._now(), failure=failure, message=message, delay=delay),
            log=log,
        )

    def release(self, submission_id: str, *, nonce: str, why: str) -> Submission:
        """Give a lease back.

        Raises:
            LeaseLost
        """
        return self._write(submission_id, lambda s, _: claims.release(s, nonce=nonce, at=self._now(), why=why))

    def note(self, submission_id: str, *, who: str, why: str) -> Submission:
        """Write into a queued submission's history what is being done for it.

        Raises:
            NotInThisState
        """
        return self._write(submission_id, lambda s, _: claims.note(s, who=who, at=self._now(), why=why), "Note about")

    def reclaim_expired(self, who: str, delay: timedelta = timedelta(0)) -> tuple[Submission, ...]:
        """Put back, finish or fail every submission whose lease ran out, in one commit; returns them.

        A lease runs out before the eyes of this queue: it stood unchanged from one call to another for its length.
        """
        reclaimed: tuple[Submission, ...] = ()

        def change(snapshot: Snapshot) -> Change | None:
            nonlocal reclaimed
            at = self._now()
            is_open = self._files.open(snapshot)
            stood = self._watch.stood(is_open)
            expired = [s for s in is_open if claims.lease_expired(s, stood[s.id])]
            reclaimed = tuple(
                claims.reclaim(s, who=who, at=at, stood=stood[s.id], result=self.result_of(s), delay=delay)
                for s in expired
            )
            if not expired:
                return None
            files = {
                path: content
                for old, new in zip(expired, reclaimed, strict=True)
                for path, content in files_of(new, old).items()
            }
            ids = ", ".join(s.id for s in expired)
            return Change(files, f"Reclaim {len(expired)} whose lease ran out, by {who}: {ids}")

        update(self.requests, change)
        return reclaimed
