"""Why the queue refuses a request.

QueueError          a request that the queue refuses; nothing was changed
├── UnknownSubmission   no submission has this id
├── IllegalTransition   the submission is in a state from which this cannot happen
│   └── NotInThisState  the same, for what would leave the state as it is
├── AlreadySubmitted    the same spec is in the queue; `submission_id` names it
├── AlreadyEvaluated    the same spec has a result
├── NotYours            only the submitter or a maintainer may do this
├── OptedOut            the model's owner asked not to have it here
├── NotTheOwner         only the owner of a name, or a maintainer, may opt it out or in
├── PolicyUnreadable    the policy's file is damaged, so nothing may be submitted
├── ResultsUnread       the results store does not answer, so that nobody knows whether it holds what is named
├── NotTogether         one of several submissions cannot be treated so; `submission_id` names it
├── TooMany             a limit of what may be submitted is reached
├── StillChecking       a model is being checked for the same person, or too many are
└── LeaseLost           the caller does not hold the submission's lease (any more)
"""

from collections.abc import Collection

from evaluator.policy import OptOut
from evaluator.spec import ModelSpec
from store.errors import StoreError
from submissions.listing import shown_time
from submissions.record import Status, Submission


class QueueError(ValueError):
    """A request that the queue refuses; nothing was changed. The text says why, in Korean and English."""

    def __init__(self, korean: str, english: str) -> None:
        super().__init__(f"{korean}\n{english}")
        self.korean = korean
        self.english = english


class UnknownSubmission(QueueError):
    """No submission has this id."""

    def __init__(self, submission_id: str) -> None:
        shown = submission_id[:60]
        super().__init__(f"제출 {shown!r}이(가) 없습니다.", f"There is no submission {shown!r}.")


class IllegalTransition(QueueError):
    """The submission is in a state from which this cannot happen."""

    def __init__(self, submission: Submission, to: Status) -> None:
        super().__init__(
            f"제출 {submission.id}은(는) 현재 {submission.status} 상태이므로 {to}(으)로 바꿀 수 없습니다.",
            f"Submission {submission.id} is {submission.status}; from there it cannot become {to}.",
        )


class NotInThisState(IllegalTransition):
    """The submission is in a state in which this cannot be done."""

    def __init__(self, submission: Submission, only: Collection[Status]) -> None:
        states = ", ".join(state for state in Status if state in only)
        QueueError.__init__(
            self,
            f"제출 {submission.id}은(는) 현재 {submission.status} 상태입니다. {states} 상태에서만 할 수 있습니다.",
            f"Submission {submission.id} is {submission.status}; this can be done only while it is {states}.",
        )


class AlreadySubmitted(QueueError):
    """The same spec is in the queue."""

    def __init__(self, submission: Submission) -> None:
        self.submission_id = submission.id
        super().__init__(
            f"같은 모델과 설정이 이미 대기열에 있습니다: {submission.id} ({submission.status}).",
            f"The same model with the same settings is in the queue already: {submission.id} ({submission.status}).",
        )


class AlreadyEvaluated(QueueError):
    """The same spec has a result."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(
            f"{spec.model}은(는) 같은 리비전과 설정으로 이미 평가되었습니다. 순위표에서 결과를 확인해 주세요.",
            f"{spec.model} has a result for this revision and these settings; see the leaderboard.",
        )


class NotYours(QueueError):
    """Only the submitter or a maintainer may do this."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(
            f"제출 {submission.id}은(는) 제출한 사람이나 관리자만 바꿀 수 있습니다.",
            f"Only its submitter or a maintainer may do this with submission {submission.id}.",
        )


class NotTogether(QueueError):
    """One of several submissions cannot be treated so; nothing was changed, of the others neither."""

    def __init__(self, submission_id: str, reason: Exception) -> None:
        self.submission_id = submission_id
        korean, english = getattr(reason, "korean", str(reason)), getattr(reason, "english", str(reason))
        super().__init__(
            f"{submission_id[:60]}: {korean} 함께 고른 제출도 모두 그대로입니다.",
            f"{submission_id[:60]}: {english} None of the submissions was changed.",
        )


class OptedOut(QueueError):
    """The model's owner, or a maintainer for him, asked not to have it submitted or shown here."""

    def __init__(self, name: str, opt_out: OptOut) -> None:
        whole = "" if opt_out.name.casefold() == name.casefold() else f" ({opt_out.name})"
        at = shown_time(opt_out.at)
        super().__init__(
            f"{name}{whole}: {opt_out.who} 님이 {at}에 이 리더보드에서 제외해 달라고 요청한 이름입니다.",
            f"{name}{whole}: {opt_out.who} asked at {at} not to have it on this leaderboard.",
        )


class NotTheOwner(QueueError):
    """Only the owner of a name, or a maintainer, may opt it out or in."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}은(는) 그 이름의 사용자, 조직의 구성원, 관리자만 제외하거나 되돌릴 수 있습니다.",
            f"Only its user, the members of its organisation and maintainers may opt {name} out or in.",
        )


class PolicyUnreadable(QueueError):
    """The policy's file is damaged. Until somebody mends it nothing is submitted, claimed or newly shown."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "제외 목록(policy.json)을 읽을 수 없어 지금은 접수하지 않습니다. 관리자에게 알려 주세요.",
            f"The opt-outs (policy.json in the requests store) cannot be read, so nothing is submitted now; a"
            f" maintainer has to mend that file: {why}",
        )


class ResultsUnread(QueueError):
    """The results store does not answer, so that nobody knows whether it holds what is named."""

    def __init__(self, error: StoreError) -> None:
        super().__init__(
            "결과 저장소를 읽을 수 없어 그 결과가 있는지 확인하지 못했습니다. 아무것도 바꾸지 않았으니 잠시 뒤에 다시"
            " 시도해 주세요.",
            f"The results store cannot be read, so that nobody knows whether it holds this; nothing was changed, try"
            f" again in a while ({error})",
        )


class TooMany(QueueError):
    """A limit of what may be submitted is reached; the text says which, and when it opens again."""


class StillChecking(QueueError):
    """A model is being checked for the same person, or too many are for others; the same may pass later."""


class LeaseLost(QueueError):
    """The caller does not hold the submission's lease (any more): somebody else decides about it now."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(
            f"제출 {submission.id}의 임대가 이 작업자에게 없습니다.",
            f"This worker does not hold the lease of submission {submission.id} (it is {submission.status}).",
        )
