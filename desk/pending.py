"""What waits for a maintainer, each with what helps to decide. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from desk.showing import brief
from evaluator.policy import Policy
from submissions.names import owner_of, same_name
from submissions.record import UNDECIDED, Status, Submission

MOST = 200
"""Submissions that are told at a time: those that wait for longest."""

_DECIDED = (Status.FINISHED, Status.FAILED, Status.REJECTED, Status.WITHDRAWN)


def pending(submissions: Sequence[Submission], policy: Policy, at: datetime) -> dict[str, Any]:
    """The undecided submissions, those that wait for longest first, and those whose submitter wants another try."""
    waiting = sorted((s for s in submissions if s.status in UNDECIDED), key=lambda s: s.id)
    wishes = sorted((s for s in submissions if s.retry_asked), key=lambda s: s.id)
    return {
        "waiting": [_row(s, submissions, policy, at) for s in waiting[:MOST]],
        "more": max(0, len(waiting) - MOST),
        "wishes": [{**brief(s), "why": s.retry_asked} for s in wishes[:MOST]],
    }


def _row(submission: Submission, submissions: Sequence[Submission], policy: Policy, at: datetime) -> dict[str, Any]:
    others = [s for s in submissions if s.id != submission.id]
    theirs = [s for s in others if same_name(s.submitted_by, submission.submitted_by)]
    committed = submission.metadata.committed_at
    return {
        **brief(submission),
        "note": submission.note,
        "own": submission.own,
        "trusts": submission.spec.trust_remote_code,
        "settings": submission.spec.published().model_dump(
            mode="json", exclude_defaults=True, exclude={"model", "revision"}
        ),
        "metadata": submission.metadata.model_dump(mode="json", exclude_none=True),
        "age_days": (at - committed).days if committed else None,
        "opted_out": policy.opt_out_of(submission.spec.model) is not None,
        "same_model": [brief(s) for s in others if same_name(s.spec.model, submission.spec.model)][:10],
        "asked_before": {state: sum(s.status is state for s in theirs) for state in _DECIDED},
        "of_owner": sum(owner_of(s.spec.model) == owner_of(submission.spec.model) for s in others),
    }
