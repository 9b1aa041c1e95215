"""The queue's verbs: what may happen to a submission, as pure functions from value to value.

Clock, ids and nonces come in as arguments; nothing here reads or writes. The states and arrows are drawn in
`submissions.record`; `submissions.desk` runs the verbs on a store.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from evaluator.errors import FailureClass
from evaluator.spec import ModelSpec
from submissions.errors import (
    AlreadyEvaluated,
    AlreadySubmitted,
    IllegalTransition,
    LeaseLost,
    NotYours,
    QueueError,
)
from submissions.record import (
    OPEN,
    Event,
    Failure,
    Lease,
    ModelMetadata,
    ResultReference,
    Status,
    Submission,
)

MAX_ATTEMPTS = 3
"""Claims after which a submission whose worker vanished, or that failed for a passing reason, ends FAILED."""

MAX_TIMEOUTS = 2
"""Claims after which a submission that ran out of time ends FAILED: one retry, on a machine that may be less busy."""

TRANSITIONS = frozenset(
    {
        (None, Status.PENDING),
        (Status.PENDING, Status.QUEUED),
        (Status.PENDING, Status.REJECTED),
        (Status.PENDING, Status.WITHDRAWN),
        (Status.QUEUED, Status.RUNNING),
        (Status.QUEUED, Status.WITHDRAWN),
        (Status.RUNNING, Status.QUEUED),
        (Status.RUNNING, Status.FINISHED),
        (Status.RUNNING, Status.FAILED),
        (Status.FAILED, Status.QUEUED),
    }
)
"""All arrows that there are; anything else is refused."""

RETRIABLE: frozenset[FailureClass] = frozenset({"worker_lost", "hub_unavailable", "data_unavailable", "timeout"})
"""Failures whose cause may be gone at the next attempt."""


def submission_id(at: datetime, random_hex: str) -> str:
    """An id that sorts by time: 20261123T031940Z-6f3a9c. `random_hex`: six hexadecimal digits; `at` in UTC."""
    return f"{at:%Y%m%dT%H%M%SZ}-{random_hex}"


def submit(
    queue: Iterable[Submission],
    spec: ModelSpec,
    *,
    new_id: str,
    who: str,
    at: datetime,
    has_result: bool,
    note: str = "",
    metadata: ModelMetadata | None = None,
    force: bool = False,
) -> Submission:
    """(a) A new PENDING submission. `queue` holds all open ones; `has_result` tells of this spec's result.

    Raises:
        AlreadySubmitted: also with `force`: one evaluation of a spec at a time.
        AlreadyEvaluated: unless `force`, which is a maintainer's to give.
    """
    _refuse_second(queue, spec)
    if has_result and not force:
        raise AlreadyEvaluated(spec)
    return Submission(
        id=new_id,
        spec=spec,
        status=Status.PENDING,
        submitted_by=who,
        submitted_at=at,
        note=note,
        metadata=metadata or ModelMetadata(),
        force=force,
        history=(Event(at=at, who=who, from_status=None, to_status=Status.PENDING),),
    )


def approve(submission: Submission, *, who: str, at: datetime, priority: int | None = None) -> Submission:
    """(b) A maintainer queues a pending submission; a larger `priority` goes first.

    Raises:
        IllegalTransition
    """
    if submission.status is not Status.PENDING:
        raise IllegalTransition(submission, Status.QUEUED)
    changed = submission if priority is None else submission.model_copy(update={"priority": priority})
    return _moved(changed, Status.QUEUED, who=who, at=at)


def reject(submission: Submission, *, who: str, at: datetime, why: str) -> Submission:
    """(c) A maintainer says no to a pending submission, and why.

    Raises:
        IllegalTransition
        ValueError: no reason given.
    """
    if not why.strip():
        raise QueueError("거절하는 이유를 적어 주세요.", "Give the reason for the rejection.")
    return _moved(submission, Status.REJECTED, who=who, at=at, why=why.strip())


def withdraw(submission: Submission, *, who: str, at: datetime, maintainer: bool = False, why: str = "") -> Submission:
    """(i) The submitter, or a maintainer, takes back a submission that no worker holds.

    Raises:
        IllegalTransition, NotYours
    """
    if not maintainer and who != submission.submitted_by:
        raise NotYours(submission)
    return _moved(submission, Status.WITHDRAWN, who=who, at=at, why=why)


def retry(
    submission: Submission, queue: Iterable[Submission], *, who: str, at: datetime, has_result: bool
) -> Submission:
    """(h) A maintainer queues a failed submission again, with all its attempts.

    Raises:
        IllegalTransition, AlreadySubmitted, AlreadyEvaluated
    """
    if submission.status is not Status.FAILED:
        raise IllegalTransition(submission, Status.QUEUED)
    _refuse_second(queue, submission.spec)
    if has_result and not submission.force:
        raise AlreadyEvaluated(submission.spec)
    fresh = submission.model_copy(update={"attempt": 0, "failure": None, "not_before": None})
    return _moved(fresh, Status.QUEUED, who=who, at=at, why="retry")


def next_to_claim(
    queue: Iterable[Submission], at: datetime, accepts: Callable[[Submission], bool] = lambda _: True
) -> Submission | None:
    """The queued submission that goes first: by priority, then by approval time, then by id; None if none may go."""
    waiting = [
        submission
        for submission in queue
        if submission.status is Status.QUEUED
        and (submission.not_before is None or submission.not_before <= at)
        and accepts(submission)
    ]
    return min(waiting, key=claim_order, default=None)


def claim_order(submission: Submission) -> tuple[int, datetime, str]:
    """Sorts queued submissions as workers take them: larger priority, then earlier approval, then id."""
    return -submission.priority, approved_at(submission), submission.id


def approved_at(submission: Submission) -> datetime:
    """When a person last queued it; a reclaimed submission keeps its place in the queue."""
    by_people = [e.at for e in submission.history if e.to_status is Status.QUEUED and e.from_status != Status.RUNNING]
    return by_people[-1] if by_people else submission.submitted_at


def claim(submission: Submission, *, worker: str, nonce: str, at: datetime, lease: timedelta) -> Submission:
    """(d) A worker takes a queued submission until `at + lease`. `nonce` must be new for every claim.

    Raises:
        IllegalTransition
    """
    held = Lease(worker=worker, nonce=nonce, until=at + lease)
    changed = submission.model_copy(update={"lease": held, "attempt": submission.attempt + 1, "not_before": None})
    return _moved(changed, Status.RUNNING, who=worker, at=at, why=f"attempt {changed.attempt}")


def beat(
    submission: Submission,
    *,
    nonce: str,
    at: datetime,
    lease: timedelta,
    progress: dict[str, float | int | str | None] | None = None,
) -> Submission:
    """The worker renews its lease until `at + lease`, and tells its progress. The state stays RUNNING.

    A lease that ran out but was not reclaimed is still the worker's.

    Raises:
        LeaseLost
    """
    held = _held(submission, nonce)
    renewed = held.model_copy(
        update={"until": max(held.until, at + lease), "progress": held.progress if progress is None else progress}
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
    return _moved(changed, Status.QUEUED, who=held.worker, at=at, why=why)


def lease_expired(submission: Submission, at: datetime) -> bool:
    """Whether it is RUNNING on a lease that ran out."""
    return submission.status is Status.RUNNING and (submission.lease is None or submission.lease.until < at)


def reclaim(
    submission: Submission,
    *,
    who: str,
    at: datetime,
    result: ResultReference | None = None,
    delay: timedelta = timedelta(0),
) -> Submission:
    """(e) Put back a submission whose lease ran out; after three attempts it fails as worker_lost.

    `result` is its result, if the vanished worker had published it: then (f) it is finished instead.

    Raises:
        IllegalTransition: it is not running.
        LeaseLost: its lease has not run out.
    """
    if submission.status is not Status.RUNNING:
        raise IllegalTransition(submission, Status.QUEUED)
    if not lease_expired(submission, at):
        raise LeaseLost(submission)
    worker = submission.lease.worker if submission.lease else "unknown"
    if result is not None:
        return _finished(submission, who=who, at=at, result=result, why=f"published by {worker}, which then vanished")
    message = f"worker {worker} vanished without a word (attempt {submission.attempt})"
    return _failed_or_back(submission, "worker_lost", message, who=who, at=at, delay=delay)


def _finished(submission: Submission, *, who: str, at: datetime, result: ResultReference, why: str) -> Submission:
    changed = submission.model_copy(update={"lease": None, "failure": None, "result": result})
    return _moved(changed, Status.FINISHED, who=who, at=at, why=why)


def _failed_or_back(
    submission: Submission, failure: FailureClass, message: str, *, who: str, at: datetime, delay: timedelta
) -> Submission:
    retriable = failure in RETRIABLE
    attempts = MAX_TIMEOUTS if failure == "timeout" else MAX_ATTEMPTS
    record = Failure(failure=failure, message=message, retriable=retriable)
    changed = submission.model_copy(update={"lease": None, "failure": record})
    why = f"{failure}: {message}"
    if retriable and submission.attempt < attempts:
        waiting = changed.model_copy(update={"not_before": at + delay if delay else None})
        return _moved(waiting, Status.QUEUED, who=who, at=at, why=why)
    return _moved(changed, Status.FAILED, who=who, at=at, why=why)


def _held(submission: Submission, nonce: str) -> Lease:
    if submission.status is not Status.RUNNING or submission.lease is None or submission.lease.nonce != nonce:
        raise LeaseLost(submission)
    return submission.lease


def _refuse_second(queue: Iterable[Submission], spec: ModelSpec) -> None:
    for other in queue:
        if other.status in OPEN and other.spec.id == spec.id:
            raise AlreadySubmitted(other)


def _moved(submission: Submission, to: Status, *, who: str, at: datetime, why: str = "") -> Submission:
    """`submission` in another state, with the transition in its history; validated like one that was read.

    Raises:
        IllegalTransition
    """
    if (submission.status, to) not in TRANSITIONS:
        raise IllegalTransition(submission, to)
    event = Event(at=at, who=who, from_status=submission.status, to_status=to, why=why)
    moved = submission.model_copy(update={"status": to, "history": (*submission.history, event)})
    return Submission.model_validate(dict(moved))
