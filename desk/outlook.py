"""What a look at a model tells, as plain values for JSON. Pure; all text in it was bounded where it entered."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from desk.estimates import Speeds
from desk.looks import Looked
from desk.showing import brief
from evaluator.merging import applicable, lacking
from evaluator.model.explaining import Explanation
from evaluator.records import ModelResult
from evaluator.spec import ModelSpec
from evaluator.suite import SUITES, Suite
from submissions.names import identity
from submissions.record import Status, Submission

MOST_KNOWN = 5
"""Earlier submissions of the same that are told."""


def outlook(
    looked: Looked,
    submissions: Sequence[Submission],
    results: Sequence[ModelResult] | None,
    who: str,
    at: datetime,
) -> dict[str, Any]:
    """All that the form shows of a model.

    `submissions`: the queue, newest first. `results`: those of this spec, with and without its code allowed; None where
    the store could not be asked.
    """
    spec, told, unread = looked.spec, looked.explanation, looked.unread
    seconds, measured = Speeds(submissions).of(_as_if_submitted(looked, who, at))
    same = [s for s in submissions if identity(_without_trust(s.spec)) == identity(spec)]
    return {
        "model": spec.model,
        "revision": spec.revision,
        "settings": spec.published().model_dump(mode="json", exclude_defaults=True, exclude={"model", "revision"}),
        "metadata": looked.metadata.model_dump(mode="json", exclude_none=True),
        "explanation": told and told.model_dump(mode="json", exclude={"prompts", "warnings", "encode_tasks"}),
        "warnings": [{"ko": each.ko, "en": each.en} for each in told.warnings] if told else [],
        "prompts": grouped(told) if told else [],
        "unread": unread and {"ko": unread.korean, "en": unread.english},
        "submittable": looked.can_be_submitted,
        "known": [brief(submission) for submission in same[:MOST_KNOWN]],
        "suites": [_suite(suite, spec, results) for suite in SUITES.values() if suite.offered],
        "estimate": {"seconds": seconds, "measured": measured},
        "waiting": sum(s.status is Status.QUEUED for s in submissions),
    }


def _suite(suite: Suite, spec: ModelSpec, results: Sequence[ModelResult] | None) -> dict[str, Any]:
    """What of a suite is missing, of the tasks that are applicable to the model; `missing` None where nobody knows."""
    tasks = applicable(spec, suite.tasks)
    told = {"id": suite.id, "ko": suite.title.ko, "en": suite.title.en, "of": len(tasks), "missing": None}
    if results is not None:
        gaps = [lacking(result, tasks) for result in results] or [tasks]
        told["missing"] = [task.id for task in min(gaps, key=len)]
    return told


def grouped(told: Explanation) -> list[dict[str, Any]]:
    """The text before each input and who says so, with the tasks of which that is true, in the suite's order."""
    tasks: dict[tuple[str, str, str, str], list[str]] = {}
    for task, sides in told.prompts.items():
        for side, prompt in sides.items():
            encoded = told.encode_tasks.get(task, {}).get(side, "")
            tasks.setdefault((side, prompt.text, prompt.source, encoded), []).append(task)
    return [
        {"side": side, "text": text, "source": source, "encode_task": encoded, "tasks": names}
        for (side, text, source, encoded), names in tasks.items()
    ]


def alike(spec: ModelSpec) -> Iterable[ModelSpec]:
    """The specs whose results are this one's: with its code forbidden, and with it allowed."""
    return (spec, spec.model_copy(update={"trust_remote_code": True}))


def _without_trust(spec: ModelSpec) -> ModelSpec:
    return spec.model_copy(update={"trust_remote_code": False})


def _as_if_submitted(looked: Looked, who: str, at: datetime) -> Submission:
    """The submission that this would become, for what is estimated of submissions."""
    return Submission(
        id=f"{at:%Y%m%dT%H%M%SZ}-000000",
        spec=looked.spec,
        status=Status.PENDING,
        submitted_by=who,
        submitted_at=at,
        metadata=looked.metadata,
    )
