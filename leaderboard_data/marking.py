"""What maintainers say of results and models (`evaluator.policy`), put on entries and results: what is confirmed is in
doubt no more, and corrected metadata stand for those that were found.

The results store and its index keep what was measured, so that a mark can be taken back.
"""

from dataclasses import replace
from typing import Any

from evaluator.policy import Policy
from evaluator.records import ModelResult
from leaderboard_data.entry import Entry


def marked(entry: Entry, policy: Policy) -> Entry:
    """The entry as the policy wants it shown; the same one where the policy says nothing of it."""
    changed: dict[str, Any] = corrected_fields(policy, entry.model)
    if entry.doubts is not None and (confirmed := _confirmed(policy, entry.model, entry.path, entry.spec_id)):
        changed["doubts"] = ",".join(code for code in entry.doubts.split(",") if code not in confirmed) or None
    return replace(entry, **changed) if changed else entry


def marked_result(result: ModelResult, path: str, policy: Policy) -> ModelResult:
    """The result stored at `path` as the policy wants it shown: with its corrections, and with what was confirmed."""
    changed: dict[str, Any] = {}
    if fields := corrected_fields(policy, result.spec.model):
        changed["model"] = result.model.model_copy(update=fields)
    if confirmed := _confirmed(policy, result.spec.model, path, result.spec.id):
        changed["confirmed"] = tuple(sorted({*result.confirmed, *confirmed}))
    return result.model_copy(update=changed) if changed else result


def corrected_fields(policy: Policy, model: str) -> dict[str, Any]:
    """The corrected metadata of a model: field of `ModelInfo`, which has the same name in an entry -> value."""
    return {name: value for each in policy.corrections_of(model) for name, value in each.fields.items()}


def corrections_told(policy: Policy, model: str) -> list[dict[str, Any]]:
    """The corrections of a model as plain values, oldest first: fields, who, when, why."""
    return [
        {"fields": each.fields, "who": each.who, "at": each.at.isoformat(), "why": each.why}
        for each in policy.corrections_of(model)
    ]


def confirmations_told(policy: Policy, entry: Entry) -> list[dict[str, Any]]:
    """What maintainers confirmed of an entry's result as plain values, oldest first: doubts, who, when, why."""
    return [
        {"doubts": list(each.doubts), "who": each.who, "at": each.at.isoformat(), "why": each.why}
        for each in policy.confirmations_of(entry.model, entry.path, entry.spec_id)
    ]


def _confirmed(policy: Policy, model: str, path: str, spec_id: str) -> set[str]:
    return {code for each in policy.confirmations_of(model, path, spec_id) for code in each.doubts}
