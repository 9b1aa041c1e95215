"""The arrows between the states of a submission, and how one is taken. Pure."""

from datetime import datetime

from submissions.errors import IllegalTransition, NotInThisState
from submissions.record import OPEN, Event, Status, Submission

TRANSITIONS = frozenset(
    {
        (None, Status.PENDING),
        (Status.PENDING, Status.QUEUED),
        (Status.PENDING, Status.REJECTED),
        (Status.PENDING, Status.WITHDRAWN),
        (Status.PENDING, Status.WAITING),
        (Status.WAITING, Status.PENDING),
        (Status.WAITING, Status.REJECTED),
        (Status.WAITING, Status.WITHDRAWN),
        (Status.QUEUED, Status.RUNNING),
        (Status.QUEUED, Status.WITHDRAWN),
        (Status.RUNNING, Status.QUEUED),
        (Status.RUNNING, Status.FINISHED),
        (Status.RUNNING, Status.FAILED),
        (Status.FAILED, Status.QUEUED),
        (Status.REJECTED, Status.PENDING),
        (Status.FINISHED, Status.QUEUED),
    }
)
"""All arrows that there are; anything else is refused."""

NOTED = OPEN | {Status.FAILED, Status.REJECTED}
"""States in which something may be changed or wished for that leaves the state as it is."""


def moved(submission: Submission, to: Status, *, who: str, at: datetime, why: str = "") -> Submission:
    """`submission` in another state, with the transition in its history; validated like one that was read.

    Raises:
        IllegalTransition
    """
    if (submission.status, to) not in TRANSITIONS:
        raise IllegalTransition(submission, to)
    return _with_event(submission, to, who, at, why)


def noted(submission: Submission, *, only: frozenset[Status], who: str, at: datetime, why: str) -> Submission:
    """`submission` in the same state, one of `only`, with what was done to it in its history; validated too.

    Raises:
        NotInThisState
    """
    if submission.status not in only & NOTED:
        raise NotInThisState(submission, only)
    return _with_event(submission, submission.status, who, at, why)


def _with_event(submission: Submission, to: Status, who: str, at: datetime, why: str) -> Submission:
    event = Event(at=at, who=who, from_status=submission.status, to_status=to, why=why)
    changed = submission.model_copy(update={"status": to, "history": (*submission.history, event)})
    return Submission.model_validate(dict(changed))
