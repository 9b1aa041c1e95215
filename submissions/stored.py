"""The queue in its store: each verb as one commit, shared by page, command line and worker.

What people do (`submissions.queue`) is here, what workers do (`submissions.claims`) in `submissions.stored_claims`.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import datetime

from evaluator.merging import applicable
from evaluator.spec import ModelSpec
from evaluator.suite import offered_suite, tasks_of
from store.update import Change, Snapshot, update
from submissions import queue
from submissions.draft import Draft
from submissions.errors import NotTogether, QueueError
from submissions.kept import runs_of
from submissions.limits import CHANGE, DAY, refuse_too_many, refuse_without_room
from submissions.policy import refuse_opted_out
from submissions.record import ModelMetadata, Submission
from submissions.stored_claims import StoredClaims

MOST_TOGETHER = 200
"""Submissions that one commit decides about."""


class Queue(StoredClaims):
    """The verbs of the queue on its store."""

    def submit(
        self,
        spec: ModelSpec,
        *,
        who: str,
        note: str = "",
        metadata: ModelMetadata | None = None,
        force: bool = False,
        suites: tuple[str, ...] = (),
        own: bool = False,
        training: Sequence[str] = (),
        maintainer: bool = False,
    ) -> Submission:
        """Add a submission for some suites (none named: the first there is); it waits for a maintainer.

        The queue's limits are held against what the store has at the revision that is written upon; they are not for a
        `maintainer`. `own`: its submitter owns the model (`submissions.names.owns`), so that it goes before others of
        its priority.

        Raises:
            AlreadySubmitted
            TooMany: `who`, the model's organisation, or all together have submitted what the limits allow.
            AlreadyEvaluated: no task of these suites is missing.
            OptedOut: the model's owner asked not to have it here; also with `force`, and for maintainers.
            QueueError: a text or the whole is too long, or no task of these suites is applicable to the model.
            ValueError: there is no such suite, or it is only a view of results.
        """
        for suite_id in suites:
            offered_suite(suite_id)
        tasks = applicable(spec, tasks_of(suites))
        if not tasks:
            raise QueueError(
                f"{spec.model}이(가) 할 수 있는 과제가 이 평가 모음에 없습니다.",
                f"{spec.model} can do no task of these suites.",
            )

        def make(snapshot: Snapshot) -> Submission:
            at = self._now()
            refuse_opted_out(self.policies.at(snapshot), spec.model)
            new = queue.submit(
                self._files.open(snapshot),
                spec,
                new_id=queue.submission_id(at, self._random_hex(6)),
                who=who,
                at=at,
                # Looked up after the requests were read: a result is published before its submission closes.
                has_result=self._is_evaluated(spec, tasks),
                note=note,
                metadata=metadata,
                force=force,
                suites=suites,
                own=own,
                training=training,
            )
            if not maintainer:
                self._refuse_beyond_limits(snapshot, who, spec.model, at)
            return new

        return self._write_new(make)

    def change(
        self,
        submission_id: str,
        spec: ModelSpec,
        *,
        who: str,
        maintainer: bool = False,
        metadata: ModelMetadata | None = None,
        training: Sequence[str] | None = None,
    ) -> Submission:
        """Give an undecided submission another spec or other training sets; None: as they are.

        For the limits of the hour and the day, a submitter's change counts like a submission.
        """

        def verb(submission: Submission, snapshot: Snapshot) -> Submission:
            at = self._now()
            changed = queue.change(
                submission,
                self._files.open(snapshot),
                spec,
                who=who,
                at=at,
                has_result=self._is_evaluated(spec, tasks_of(submission.suites)),
                maintainer=maintainer,
                metadata=metadata,
                training=training,
            )
            if not maintainer:
                self._refuse_beyond_limits(snapshot, who, spec.model, at, anew=False)
            return changed

        return self._write(submission_id, verb, CHANGE)

    def _refuse_beyond_limits(
        self, snapshot: Snapshot, who: str, model: str, at: datetime, *, anew: bool = True
    ) -> None:
        if self.limits is None:
            return
        refuse_too_many(self.limits, self.counted(snapshot), who=who, model=model, at=at, anew=anew)
        if self.limits.quota:
            refuse_without_room(self.limits, self.requests.log(self.limits.quota, snapshot.revision), at)

    def counted(self, snapshot: Snapshot) -> list[Submission]:
        """What limits are counted from: all open submissions at a revision, and all that were made in the last day."""
        return self._files.since(snapshot, self._now() - DAY)

    def allow(self, counted: Iterable[Submission], *, who: str, model: str) -> None:
        """Nothing, if by the limits `who` may submit `model` now, as far as `counted` tells.

        Raises:
            TooMany
        """
        if self.limits is not None:
            refuse_too_many(self.limits, counted, who=who, model=model, at=self._now())

    def ask(self, submission_id: str, *, who: str, question: str) -> Submission:
        """Ask the submitter of a pending submission something."""
        return self._write(submission_id, lambda s, _: queue.ask(s, who=who, at=self._now(), question=question))

    def answer(self, submission_id: str, *, who: str, text: str, maintainer: bool = False) -> Submission:
        """Answer what a maintainer asked, as its submitter, or as a `maintainer` who was told the answer."""
        return self._write(
            submission_id,
            lambda s, _: queue.answer(s, who=who, at=self._now(), text=text, maintainer=maintainer),
            "Answer about",
        )

    def approve(self, submission_id: str, *, who: str, priority: int | None = None, trust: bool = False) -> Submission:
        """Queue a pending submission; with `trust` its code may run."""

        def verb(submission: Submission, snapshot: Snapshot) -> Submission:
            refuse_opted_out(self.policies.at(snapshot), submission.spec.model)
            others = self._files.open(snapshot) if trust else ()
            return queue.approve(submission, others, who=who, at=self._now(), priority=priority, trust=trust)

        return self._write(submission_id, verb)

    def reject(self, submission_id: str, *, who: str, why: str) -> Submission:
        """Say no to an undecided submission."""
        return self._write(submission_id, lambda s, _: queue.reject(s, who=who, at=self._now(), why=why))

    def withdraw(self, submission_id: str, *, who: str, maintainer: bool = False, why: str = "") -> Submission:
        """Take back a submission that no worker holds."""
        return self._write(
            submission_id, lambda s, _: queue.withdraw(s, who=who, at=self._now(), maintainer=maintainer, why=why)
        )

    def set_priority(self, submission_id: str, *, who: str, priority: int) -> Submission:
        """Let an open submission go earlier or later."""
        return self._write(
            submission_id,
            lambda s, _: queue.set_priority(s, who=who, at=self._now(), priority=priority),
            "Set the priority of",
        )

    def ask_retry(self, submission_id: str, *, who: str, why: str) -> Submission:
        """Ask for another try of one's failed or rejected submission."""
        return self._write(
            submission_id, lambda s, _: queue.ask_retry(s, who=who, at=self._now(), why=why), "Ask for another try of"
        )

    def retry(self, submission_id: str, *, who: str, why: str = "") -> Submission:
        """Queue a failed submission again; let a rejected one be decided about again."""

        def verb(submission: Submission, snapshot: Snapshot) -> Submission:
            refuse_opted_out(self.policies.at(snapshot), submission.spec.model)
            others = self._files.open(snapshot)
            has_result = self._is_evaluated(submission.spec, tasks_of(submission.suites))
            return queue.retry(submission, others, who=who, at=self._now(), has_result=has_result, why=why)

        return self._write(submission_id, verb, "Retry")

    def release_stuck(self, submission_id: str, *, who: str, why: str) -> Submission:
        """Take a running submission from its worker, whose lease is worth nothing from then on."""
        return self._write(
            submission_id, lambda s, _: queue.release_stuck(s, who=who, at=self._now(), why=why), "Take from its worker"
        )

    def rerun(self, submission_id: str, *, who: str, why: str) -> Submission:
        """Have a finished submission evaluated anew."""

        def verb(submission: Submission, snapshot: Snapshot) -> Submission:
            refuse_opted_out(self.policies.at(snapshot), submission.spec.model)
            others = self._files.open(snapshot)
            runs = runs_of(submission, self.stored_result(submission.spec))
            return queue.rerun(submission, others, who=who, at=self._now(), why=why, runs=runs)

        return self._write(submission_id, verb, "Rerun")

    def together(self, submission_ids: Sequence[str], verb: Callable[["Queue", str], object]) -> tuple[Submission, ...]:
        """Do the same with several submissions in one commit, with all or with none; returns them as they are then.

        `verb` is called with a queue and each id, once or more often: `lambda queue, id: queue.approve(id, who=who)`.

        Raises:
            NotTogether: the verb refuses one of them; it is named.
            QueueError: none is named, or more than 200.
        """
        ids = tuple(dict.fromkeys(submission_ids))
        if not 0 < len(ids) <= MOST_TOGETHER:
            raise QueueError(
                f"제출을 하나 이상 {MOST_TOGETHER}개 이하로 골라 주세요.",
                f"Name at least one submission, and at most {MOST_TOGETHER}.",
            )
        made: list[tuple[Submission, ...]] = []

        def change(snapshot: Snapshot) -> Change:
            draft = Draft(snapshot)
            drafted = self._on(draft)
            for submission_id in ids:
                try:
                    verb(drafted, submission_id)
                except ValueError as error:
                    raise NotTogether(submission_id, error) from error
            made.append(tuple(map(drafted.find, ids)))
            first, *others = draft.messages or ["Nothing"]
            more = f" (and {len(others)} more)\n\n" + "\n".join(others) if others else ""
            return Change(draft.files, first + more)

        revision = update(self.requests, change)
        if len(made) == 1:
            return made[0]
        snapshot = self._files.snapshot(revision)
        return tuple(self._files.find(snapshot, submission_id) for submission_id in ids)

    def _on(self, draft: Draft) -> "Queue":
        """This queue on another store."""
        drafted = copy(self)
        drafted.requests, drafted._files = draft, self._files.of(draft)
        return drafted
