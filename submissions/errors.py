"""Why the queue refuses a request.

QueueError          a request that the queue refuses; nothing was changed
├── UnknownSubmission   no submission has this id
├── IllegalTransition   the submission is in a state from which this cannot happen
├── AlreadySubmitted    the same spec is in the queue; `submission_id` names it
├── AlreadyEvaluated    the same spec has a result
├── NotYours            only the submitter or a maintainer may do this
└── LeaseLost           the caller does not hold the submission's lease (any more)
"""

from evaluator.spec import ModelSpec
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
            f"제출 {submission.id}은(는) 제출한 사람이나 관리자만 철회할 수 있습니다.",
            f"Only its submitter or a maintainer may withdraw submission {submission.id}.",
        )


class LeaseLost(QueueError):
    """The caller does not hold the submission's lease (any more): somebody else decides about it now."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(
            f"제출 {submission.id}의 임대가 이 작업자에게 없습니다.",
            f"This worker does not hold the lease of submission {submission.id} (it is {submission.status}).",
        )
