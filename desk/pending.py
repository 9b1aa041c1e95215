"""What waits for a maintainer, each with what helps to decide. Pure."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from desk.showing import brief
from evaluator.model.cards import card_of
from evaluator.policy import Policy
from evaluator.spec import ModelSpec
from submissions.names import owner_of
from submissions.record import UNDECIDED, Status, Submission

MOST = 200
"""Submissions that are told at a time: those that wait for longest."""

_DECIDED = (Status.FINISHED, Status.FAILED, Status.REJECTED, Status.WITHDRAWN)


def pending(submissions: Sequence[Submission], policy: Policy, at: datetime) -> dict[str, Any]:
    """The undecided submissions, those that wait for longest first, and those whose submitter wants another try."""
    waiting = sorted((s for s in submissions if s.status in UNDECIDED), key=lambda s: s.id)
    wishes = sorted((s for s in submissions if s.retry_asked), key=lambda s: s.id)
    known = _Known(submissions)
    return {
        "waiting": [_row(s, known, policy, at) for s in waiting[:MOST]],
        "more": max(0, len(waiting) - MOST),
        "wishes": [{**brief(s), "why": s.retry_asked} for s in wishes[:MOST]],
    }


_OF_CARDS = ("prompts", "instruction_template", "instruct_documents", "instructions", "encode_task")


def beside_the_card(spec: ModelSpec) -> list[dict[str, Any]]:
    """What a submitter asks for otherwise than the card registry says of the model; nothing where it says nothing."""
    card = card_of(spec.model)
    if card is None:
        return []
    said = [(field, getattr(spec, field), getattr(card, field) or None) for field in _OF_CARDS]
    return [{"field": field, "asked": asked, "card": own} for field, asked, own in said if asked and asked != own]


class _Known:
    """The submissions by what they have in common; names are the same in small letters and in capitals."""

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self.states: Counter[tuple[str, Status]] = Counter()
        self.owners: Counter[str] = Counter()
        self.models: dict[str, list[Submission]] = {}
        for submission in submissions:
            self.states[submission.submitted_by.casefold(), submission.status] += 1
            self.owners[owner_of(submission.spec.model)] += 1
            self.models.setdefault(submission.spec.model.casefold(), []).append(submission)


def _row(submission: Submission, known: _Known, policy: Policy, at: datetime) -> dict[str, Any]:
    spec, who = submission.spec, submission.submitted_by.casefold()
    committed = submission.metadata.committed_at
    same = [s for s in known.models[spec.model.casefold()] if s.id != submission.id]
    return {
        **brief(submission),
        "note": submission.note,
        "own": submission.own,
        "trusts": spec.trust_remote_code,
        "beside_the_card": beside_the_card(spec),
        "settings": spec.published().model_dump(mode="json", exclude_defaults=True, exclude={"model", "revision"}),
        "metadata": submission.metadata.model_dump(mode="json", exclude_none=True),
        "age_days": (at - committed).days if committed else None,
        "opted_out": policy.opt_out_of(spec.model) is not None,
        "same_model": [brief(s) for s in same[:10]],
        "asked_before": {state: known.states[who, state] for state in _DECIDED},
        "of_owner": known.owners[owner_of(spec.model)] - 1,
    }
