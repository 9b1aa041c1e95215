"""What people do with a submission, as pure functions from value to value.

Clock and ids come in as arguments; nothing here reads or writes. What workers do is in `submissions.claims`. The states
and arrows are drawn in `submissions.record`; `submissions.stored` runs the verbs on a store. Who is a maintainer is
known to the caller: where a verb does not say otherwise, it is a maintainer's.
"""

from collections.abc import Iterable
from datetime import datetime

from evaluator.spec import ModelSpec
from submissions.errors import (
    AlreadyEvaluated,
    AlreadySubmitted,
    IllegalTransition,
    NotInThisState,
    NotYours,
    QueueError,
)
from submissions.names import identity, same_name
from submissions.record import OPEN, UNDECIDED, Event, ModelMetadata, Status, Submission, dump_submission
from submissions.texts import differences, required, said, training_sets
from submissions.transitions import moved, noted

SUBMITTED_BYTES = 256 * 1024
"""A submission's file may have so many bytes after its submitter wrote into it: a sixteenth of what is read."""

MOST_CHANGES = 20
"""Changes and other remarks in an undecided submission's history, after which only a maintainer changes it."""


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
    suites: tuple[str, ...] = (),
    own: bool = False,
    training: Iterable[str] = (),
) -> Submission:
    """(a) A new PENDING submission. `queue` holds all open ones; `has_result`: its suites lack no score of this spec.

    `own`: the submitter owns the model (`submissions.names.owns`). `training`: what the model was trained on.

    Raises:
        AlreadySubmitted: also with `force`: one evaluation of a spec at a time.
        AlreadyEvaluated: unless `force`, which is a maintainer's to give.
        QueueError: a text or the whole is too long.
    """
    _refuse_second(queue, spec)
    if has_result and not force:
        raise AlreadyEvaluated(spec)
    return _bounded(
        Submission(
            id=new_id,
            spec=spec,
            status=Status.PENDING,
            submitted_by=who,
            submitted_at=at,
            note=said(note),
            metadata=metadata or ModelMetadata(),
            force=force,
            suites=suites,
            own=own,
            training=training_sets(training),
            history=(Event(at=at, who=who, from_status=None, to_status=Status.PENDING),),
        )
    )


def change(
    submission: Submission,
    queue: Iterable[Submission],
    spec: ModelSpec,
    *,
    who: str,
    at: datetime,
    has_result: bool,
    maintainer: bool = False,
    metadata: ModelMetadata | None = None,
    training: Iterable[str] | None = None,
) -> Submission:
    """The submitter or a maintainer gives an undecided submission of a model another spec, or other training sets.

    `queue` and `has_result`: as `submit`, of the new spec. `metadata` and `training` None: as they are. The history
    tells which fields were changed. Only a maintainer allows the model's code.

    Raises:
        NotInThisState, NotYours, AlreadySubmitted, AlreadyEvaluated
        QueueError: it is another model, nothing would change, there were too many changes, or it would be too long.
    """
    _refuse_others(submission, who, maintainer)
    if submission.status not in UNDECIDED:
        raise NotInThisState(submission, UNDECIDED)
    earlier = submission.spec
    if (spec.source, spec.model.casefold()) != (earlier.source, earlier.model.casefold()):
        raise QueueError(
            f"제출 {submission.id}은(는) {earlier.model}의 제출입니다. 다른 모델은 새로 제출해 주세요.",
            f"Submission {submission.id} is of {earlier.model}; submit another model by itself.",
        )
    if not maintainer and spec.trust_remote_code:
        raise QueueError(
            "모델의 코드 실행은 관리자가 승인하면서 허락합니다.",
            "A maintainer allows a model's code when approving it.",
        )
    if not maintainer and sum(not event.moves for event in submission.history) >= MOST_CHANGES:
        raise QueueError(
            f"이 제출은 {MOST_CHANGES}번 바뀌었습니다. 철회하고 새로 제출하거나 관리자에게 문의해 주세요.",
            f"This submission was changed {MOST_CHANGES} times; withdraw it and submit anew, or ask a maintainer.",
        )
    named = submission.training if training is None else training_sets(training)
    told = differences(earlier, spec)
    if named != submission.training:
        told += f"{'; ' if told else ''}training: {len(submission.training)} -> {len(named)} named"
    if not told:
        raise QueueError("바뀐 설정이 없습니다.", "Nothing would be changed.")
    if spec != earlier:
        _refuse_second((other for other in queue if other.id != submission.id), spec)
        if has_result and not submission.force:
            raise AlreadyEvaluated(spec)
    fields = {"spec": spec, "training": named, "metadata": metadata or submission.metadata}
    return _bounded(noted(submission.model_copy(update=fields), only=UNDECIDED, who=who, at=at, why=told))


def ask(submission: Submission, *, who: str, at: datetime, question: str) -> Submission:
    """(j) A maintainer asks the submitter of a pending submission something; it waits for the answer.

    Raises:
        IllegalTransition
        QueueError: there is no question, or it is too long.
    """
    asked = required(question, "질문을 적어 주세요.", "Write the question.")
    return moved(submission, Status.WAITING, who=who, at=at, why=asked)


def answer(submission: Submission, *, who: str, at: datetime, text: str, maintainer: bool = False) -> Submission:
    """(j) The submitter answers; the submission is pending again. A maintainer may pass an answer on.

    Raises:
        NotYours, NotInThisState
        QueueError: there is no answer, or it is too long.
    """
    _refuse_others(submission, who, maintainer)
    if submission.status is not Status.WAITING:
        raise NotInThisState(submission, {Status.WAITING})
    answered = required(text, "답변을 적어 주세요.", "Write the answer.")
    return moved(submission, Status.PENDING, who=who, at=at, why=answered)


def approve(
    submission: Submission,
    queue: Iterable[Submission] = (),
    *,
    who: str,
    at: datetime,
    priority: int | None = None,
    trust: bool = False,
) -> Submission:
    """(b) A maintainer queues a pending submission; a larger `priority` goes first. `trust`: its code may run.

    Raises:
        IllegalTransition, AlreadySubmitted
    """
    if submission.status is not Status.PENDING:
        raise IllegalTransition(submission, Status.QUEUED)
    submission = submission.model_copy(update={"priority": submission.priority if priority is None else priority})
    if not trust or submission.spec.trust_remote_code:
        return moved(submission, Status.QUEUED, who=who, at=at)
    spec = submission.spec.model_copy(update={"trust_remote_code": True})
    _refuse_second(queue, spec)
    commits = ", ".join(f"{model}@{commit}" for model, commit in {spec.model: spec.revision, **spec.parts}.items())
    submission = submission.model_copy(update={"spec": spec})
    return moved(submission, Status.QUEUED, who=who, at=at, why=f"trusts the code of {commits}")


def reject(submission: Submission, *, who: str, at: datetime, why: str) -> Submission:
    """(c) A maintainer says no to an undecided submission, and why.

    Raises:
        IllegalTransition
        ValueError: no reason given.
    """
    reason = required(why, "거절하는 이유를 적어 주세요.", "Give the reason for the rejection.")
    return moved(submission, Status.REJECTED, who=who, at=at, why=reason)


def withdraw(submission: Submission, *, who: str, at: datetime, maintainer: bool = False, why: str = "") -> Submission:
    """(i) The submitter, or a maintainer, takes back a submission that no worker holds.

    Raises:
        IllegalTransition, NotYours
    """
    _refuse_others(submission, who, maintainer)
    return moved(submission, Status.WITHDRAWN, who=who, at=at, why=said(why))


def set_priority(submission: Submission, *, who: str, at: datetime, priority: int) -> Submission:
    """A maintainer lets an open submission go earlier (a larger `priority`) or later.

    Raises:
        NotInThisState
    """
    changed = submission.model_copy(update={"priority": priority})
    return noted(changed, only=OPEN, who=who, at=at, why=f"priority: {submission.priority} -> {priority}")


def ask_retry(submission: Submission, *, who: str, at: datetime, why: str) -> Submission:
    """The submitter of a failed or rejected submission asks for another try, once; a maintainer decides (`retry`).

    Raises:
        NotYours, NotInThisState
        QueueError: no reason given, or there is a request that nobody has decided about yet.
    """
    _refuse_others(submission, who)
    if submission.retry_asked:
        raise QueueError(
            f"제출 {submission.id}은(는) 이미 다시 시도해 달라고 요청했습니다. 관리자가 확인합니다.",
            f"Another try of submission {submission.id} was asked for already; a maintainer will look at it.",
        )
    reason = required(why, "다시 시도할 이유를 적어 주세요.", "Give the reason for another try.")
    wished = submission.model_copy(update={"retry_asked": reason})
    return noted(wished, only=frozenset({Status.FAILED, Status.REJECTED}), who=who, at=at, why=reason)


def retry(
    submission: Submission, queue: Iterable[Submission], *, who: str, at: datetime, has_result: bool, why: str = ""
) -> Submission:
    """(h) A maintainer queues a failed submission again, with all its attempts; a rejected one is pending again.

    Raises:
        IllegalTransition, AlreadySubmitted, AlreadyEvaluated
    """
    if submission.status not in (Status.FAILED, Status.REJECTED):
        raise IllegalTransition(submission, Status.QUEUED)
    _refuse_second(queue, submission.spec)
    if has_result and not submission.force:
        raise AlreadyEvaluated(submission.spec)
    to = Status.QUEUED if submission.status is Status.FAILED else Status.PENDING
    reason = said(why)
    return moved(_fresh(submission), to, who=who, at=at, why=f"retry: {reason}" if reason else "retry")


def release_stuck(submission: Submission, *, who: str, at: datetime, why: str) -> Submission:
    """(e) A maintainer takes a running submission from its worker; it is queued again, and the attempt does not count.

    Whatever the worker still does with its lease is refused.

    Raises:
        IllegalTransition
        QueueError: no reason given.
    """
    if submission.status is not Status.RUNNING:
        raise IllegalTransition(submission, Status.QUEUED)
    reason = required(why, "평가를 멈추는 이유를 적어 주세요.", "Give the reason for taking it from its worker.")
    worker = submission.lease.worker if submission.lease else "unknown"
    taken = submission.model_copy(update={"lease": None, "attempt": max(0, submission.attempt - 1)})
    return moved(taken, Status.QUEUED, who=who, at=at, why=f"taken from {worker}: {reason}")


def rerun(
    submission: Submission, queue: Iterable[Submission], *, who: str, at: datetime, why: str, runs: Iterable[str]
) -> Submission:
    """(k) A maintainer has a finished submission evaluated anew: all of it, and what comes of it replaces the result.

    `runs`: the ids of the runs that the submission published, which are not taken for the new one.

    Raises:
        IllegalTransition, AlreadySubmitted
        QueueError: no reason given.
    """
    if submission.status is not Status.FINISHED:
        raise IllegalTransition(submission, Status.QUEUED)
    reason = required(why, "다시 평가하는 이유를 적어 주세요.", "Give the reason for another evaluation.")
    _refuse_second(queue, submission.spec)
    earlier = tuple(dict.fromkeys((*submission.earlier_runs, *runs)))
    again = _fresh(submission).model_copy(update={"force": True, "result": None, "earlier_runs": earlier})
    return moved(again, Status.QUEUED, who=who, at=at, why=f"rerun: {reason}")


def _fresh(submission: Submission) -> Submission:
    """With all its attempts before it."""
    return submission.model_copy(update={"attempt": 0, "failure": None, "not_before": None, "retry_asked": ""})


def _refuse_others(submission: Submission, who: str, maintainer: bool = False) -> None:
    if not maintainer and not same_name(who, submission.submitted_by):
        raise NotYours(submission)


def _refuse_second(queue: Iterable[Submission], spec: ModelSpec) -> None:
    wanted = identity(spec)
    for other in queue:
        if other.status in OPEN and same_name(other.spec.model, spec.model) and identity(other.spec) == wanted:
            raise AlreadySubmitted(other)


def _bounded(submission: Submission) -> Submission:
    """`submission` itself, if its file is not too large.

    Raises:
        QueueError
    """
    if len(dump_submission(submission)) > SUBMITTED_BYTES:
        raise QueueError(
            f"설정이 너무 깁니다. 프롬프트 등을 모두 합해 {SUBMITTED_BYTES // 1024} kB보다 짧게 적어 주세요.",
            f"The settings are too long; keep prompts and all else below {SUBMITTED_BYTES // 1024} kB together.",
        )
    return submission
