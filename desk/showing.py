"""A submission as its page shows it: plain values for JSON. Pure; all text in it was bounded where it entered."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from desk.callers import Caller
from desk.estimates import place_of
from evaluator.policy import Policy
from evaluator.same_data import tasks_named
from evaluator.suite import SUITES
from submissions.record import UNDECIDED, Event, Status, Submission
from submissions.words import FAILURE_TEXT, STATUS_TEXT

_SUBMITTERS = {
    "answer": frozenset({Status.WAITING}),
    "change": UNDECIDED,
    "withdraw": UNDECIDED | {Status.QUEUED},
    "ask_retry": frozenset({Status.FAILED, Status.REJECTED}),
}
_MAINTAINERS = {
    "approve": frozenset({Status.PENDING}),
    "ask": frozenset({Status.PENDING}),
    "answer": frozenset({Status.WAITING}),
    "reject": UNDECIDED,
    "change": UNDECIDED,
    "set_priority": UNDECIDED | {Status.QUEUED, Status.RUNNING},
    "withdraw": UNDECIDED | {Status.QUEUED},
    "retry": frozenset({Status.FAILED, Status.REJECTED}),
    "release": frozenset({Status.RUNNING}),
    "rerun": frozenset({Status.FINISHED}),
}


def verbs(submission: Submission, caller: Caller, opted_out: bool = False) -> list[str]:
    """What this caller may do with a submission as it is now. Nothing but taking back is done with an opted-out one."""
    offered = dict(_MAINTAINERS) if caller.maintainer else {}
    if caller.submitted(submission.submitted_by):
        offered = {**_SUBMITTERS, **offered}
    if submission.retry_asked:
        offered.pop("ask_retry", None)
    found = [verb for verb, states in offered.items() if submission.status in states]
    return [verb for verb in found if verb in ("withdraw", "reject", "release")] if opted_out else found


def page(
    submission: Submission,
    submissions: Sequence[Submission],
    policy: Policy,
    caller: Caller,
    at: datetime,
    log: Sequence[str] = (),
) -> dict[str, Any]:
    """All that the submission's page shows. `submissions`: the queue that it stands in; `at` in UTC."""
    opt_out = policy.opt_out_of(submission.spec.model)
    others = [s for s in submissions if policy.opt_out_of(s.spec.model) is None]
    place = place_of(submission, others, at) if opt_out is None else None
    failure = submission.failure
    return {
        **brief(submission),
        "settings": submission.spec.published().model_dump(
            mode="json", exclude_defaults=True, exclude={"model", "revision", "precision"}
        ),
        "metadata": submission.metadata.model_dump(mode="json", exclude_none=True),
        "note": submission.note,
        "priority": submission.priority,
        "own": submission.own,
        "suites": list(submission.suites) or [next(iter(SUITES))],
        "training": list(submission.training),
        "training_tasks": {name: found for name in submission.training if (found := sorted(tasks_named(name)))},
        "attempt": submission.attempt,
        "not_before": submission.not_before and submission.not_before.isoformat(),
        "place": place and asdict(place),
        "running": _running(submission),
        "failure": failure
        and {
            "class": failure.failure,
            "message": failure.message,
            "advice": dict(zip(("ko", "en"), FAILURE_TEXT[failure.failure], strict=True)),
            "retriable": failure.retriable,
        },
        "question": submission.entered.why if submission.status is Status.WAITING and submission.entered else "",
        "retry_asked": submission.retry_asked,
        "history": [_event(event) for event in submission.history],
        "log": list(log),
        "opted_out": opt_out and {"name": opt_out.name, "at": opt_out.at.isoformat()},
        "verbs": verbs(submission, caller, opt_out is not None),
    }


def brief(submission: Submission) -> dict[str, Any]:
    """What every list of submissions tells of each."""
    korean, english = STATUS_TEXT[submission.status]
    return {
        "id": submission.id,
        "model": submission.spec.model,
        "revision": submission.spec.revision or "",
        "precision": submission.spec.precision,
        "status": submission.status,
        "status_ko": korean,
        "status_en": english,
        "by": submission.submitted_by,
        "at": submission.submitted_at.isoformat(),
    }


def _running(submission: Submission) -> dict[str, Any] | None:
    lease = submission.lease
    if lease is None or submission.status is not Status.RUNNING:
        return None
    progress = {name: value for name, value in lease.progress.items() if value is not None}
    return {"worker": lease.worker, "until": lease.until.isoformat(), "progress": progress}


def _event(event: Event) -> dict[str, Any]:
    korean, english = STATUS_TEXT[event.to_status]
    return {
        "at": event.at.isoformat(),
        "who": event.who,
        "status": event.to_status,
        "ko": korean,
        "en": english,
        "why": event.why,
        "moves": event.moves,
    }
