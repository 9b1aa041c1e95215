"""Which queued submission goes first. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from submissions.record import Status, Submission


def next_to_claim(
    queue: Iterable[Submission],
    at: datetime,
    accepts: Callable[[Submission], bool] = lambda _: True,
    stood: Mapping[str, timedelta] = MappingProxyType({}),
) -> Submission | None:
    """The queued submission that goes first, in the order of `claim_order`; None if none may go.

    One that waits after a failure may go at its time, or when it stood for its delay (`stood`: id -> how long the
    caller has seen it as it is), should the clock of who wrote that time have been wrong.
    """
    waiting = [
        submission
        for submission in queue
        if submission.status is Status.QUEUED
        and not _waits(submission, at, stood.get(submission.id, timedelta(0)))
        and accepts(submission)
    ]
    return min(waiting, key=claim_order, default=None)


def _waits(submission: Submission, at: datetime, stood: timedelta) -> bool:
    """Whether it waits after a failure."""
    if submission.not_before is None or submission.not_before <= at:
        return False
    back = submission.entered
    return back is not None and stood < submission.not_before - back.at  # both by the clock of who put it back


def claim_order(submission: Submission) -> tuple[int, bool, datetime, str]:
    """Sorts queued submissions as workers take them: larger priority, then the owner's own, earlier approval, id."""
    return -submission.priority, not submission.own, approved_at(submission), submission.id


def approved_at(submission: Submission) -> datetime:
    """When a person last queued it; a reclaimed submission keeps its place in the queue."""
    by_people = [
        event.at
        for event in submission.history
        if event.to_status is Status.QUEUED and event.moves and event.from_status is not Status.RUNNING
    ]
    return by_people[-1] if by_people else submission.submitted_at
