"""What workers do with a submission, as pure functions from value to value: claim, renew, and end a lease.

Clock and nonces come in as arguments. What people do is in `submissions.queue`; `submissions.stored_claims` runs
these on a store.
"""

from datetime import datetime, timedelta

from evaluator.errors import PASSING, FailureClass
from submissions.errors import IllegalTransition, LeaseLost
from submissions.record import Failure, Lease, ResultReference, Status, Submission
from submissions.transitions import moved, noted

MAX_ATTEMPTS = 3
"""Claims after which a submission whose worker vanished, or that failed for a passing reason, ends FAILED."""

MAX_TIMEOUTS = 2
"""Claims after which a submission that ran out of time ends FAILED: one retry, on a machine that may be less busy."""

UNTOLD_LEASE = timedelta(hours=2)
"""How long a lease holds that does not tell its length: one of an earlier version."""

MARGIN = 1.1
"""How often its length a lease has to stand unchanged before it is taken: its renewal may be on the way."""


def claim(submission: Submission, *, worker: str, nonce: str, at: datetime, lease: timedelta) -> Submission:
    """(d) A worker takes a queued submission for `lease`. `nonce` must be new for every claim.

    Raises:
        IllegalTransition
    """
    held = Lease(worker=worker, nonce=nonce, until=at + lease, seconds=lease.total_seconds())
    changed = submission.model_copy(update={"lease": held, "attempt": submission.attempt + 1, "not_before": None})
    return moved(changed, Status.RUNNING, who=worker, at=at, why=f"attempt {changed.attempt}")


def beat(
    submission: Submission,
    *,
    nonce: str,
    at: datetime,
    lease: timedelta,
    progress: dict[str, float | int | str | None] | None = None,
) -> Submission:
    """The worker renews its lease for `lease` more, and tells its progress. The state stays RUNNING.

    A lease that ran out but was not reclaimed is still the worker's.

    Raises:
        LeaseLost
    """
    held = _held(submission, nonce)
    renewed = held.model_copy(
        update={
            "until": max(held.until, at + lease),
            "seconds": lease.total_seconds(),
            "renewals": held.renewals + 1,
            "progress": held.progress if progress is None else progress,
        }
    )
    return submission.model_copy(update={"lease": renewed})


def finish(submission: Submission, *, nonce: str, at: datetime, result: ResultReference) -> Submission:
    """(f) The worker's result is in the results repository.

    Raises:
        LeaseLost
    """
    held = _held(submission, nonce)
    return _finished(submission, who=held.worker, at=at, result=result, why="")


def fail(
    submission: Submission,
    *,
    nonce: str,
    at: datetime,
    failure: FailureClass,
    message: str,
    delay: timedelta = timedelta(0),
) -> Submission:
    """(g) The worker's evaluation ended without a result; or, for a passing reason, (e) back after `delay`.

    Retriable failures go back to the queue while attempts are left (one retry after a timeout); others end it.

    Raises:
        LeaseLost
    """
    held = _held(submission, nonce)
    return _failed_or_back(submission, failure, message, who=held.worker, at=at, delay=delay)


def release(submission: Submission, *, nonce: str, at: datetime, why: str) -> Submission:
    """(e) The worker gives its lease back, to be claimed again at once; the attempt does not count.

    Raises:
        LeaseLost
    """
    held = _held(submission, nonce)
    changed = submission.model_copy(update={"lease": None, "attempt": submission.attempt - 1})
    return moved(changed, Status.QUEUED, who=held.worker, at=at, why=why)


def note(submission: Submission, *, who: str, at: datetime, why: str) -> Submission:
    """What is being done for a queued submission, in its history: a machine was rented for it. The state stays QUEUED.

    Raises:
        NotInThisState
    """
    return noted(submission, only=frozenset({Status.QUEUED}), who=who, at=at, why=why)


def lease_expired(submission: Submission, stood: timedelta) -> bool:
    """Whether it is RUNNING on a lease that ran out: it `stood` without a renewal for its length and a margin."""
    if submission.status is not Status.RUNNING:
        return False
    return submission.lease is None or stood > lease_length(submission.lease) * MARGIN


def lease_length(lease: Lease) -> timedelta:
    """How long a lease holds without a renewal."""
    return UNTOLD_LEASE if lease.seconds is None else timedelta(seconds=lease.seconds)


def reclaim(
    submission: Submission,
    *,
    who: str,
    at: datetime,
    stood: timedelta,
    result: ResultReference | None = None,
    delay: timedelta = timedelta(0),
) -> Submission:
    """(e) Put back a submission whose lease ran out; after three attempts it fails as worker_lost.

    `stood` is how long the caller has seen the lease unchanged, by a clock of its own (`submissions.watch`).

    `result` is its result, if the vanished worker had published it: then (f) it is finished instead.

    Raises:
        IllegalTransition: it is not running.
        LeaseLost: its lease has not run out.
    """
    if submission.status is not Status.RUNNING:
        raise IllegalTransition(submission, Status.QUEUED)
    if not lease_expired(submission, stood):
        raise LeaseLost(submission)
    worker = submission.lease.worker if submission.lease else "unknown"
    if result is not None:
        return _finished(submission, who=who, at=at, result=result, why=f"published by {worker}, which then vanished")
    message = f"worker {worker} vanished without a word (attempt {submission.attempt})"
    return _failed_or_back(submission, "worker_lost", message, who=who, at=at, delay=delay)


def _finished(submission: Submission, *, who: str, at: datetime, result: ResultReference, why: str) -> Submission:
    changed = submission.model_copy(update={"lease": None, "failure": None, "result": result})
    return moved(changed, Status.FINISHED, who=who, at=at, why=why)


def _failed_or_back(
    submission: Submission, failure: FailureClass, message: str, *, who: str, at: datetime, delay: timedelta
) -> Submission:
    retriable = failure in PASSING
    attempts = MAX_TIMEOUTS if failure == "timeout" else MAX_ATTEMPTS
    record = Failure(failure=failure, message=message, retriable=retriable)
    changed = submission.model_copy(update={"lease": None, "failure": record})
    why = f"{failure}: {message}"
    if retriable and submission.attempt < attempts:
        waiting = changed.model_copy(update={"not_before": at + delay if delay else None})
        return moved(waiting, Status.QUEUED, who=who, at=at, why=why)
    return moved(changed, Status.FAILED, who=who, at=at, why=why)


def _held(submission: Submission, nonce: str) -> Lease:
    if submission.status is not Status.RUNNING or submission.lease is None or submission.lease.nonce != nonce:
        raise LeaseLost(submission)
    return submission.lease
