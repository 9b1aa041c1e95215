"""What the queue and the feed say, in Korean and in English; a reader sees one of them."""

from collections.abc import Mapping
from typing import Literal, cast, get_args

from evaluator.errors import FailureClass
from submissions.record import Status

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

Pair = tuple[str, str]
"""A text in Korean and in English."""


def language_of(asked: Mapping[str, str]) -> Language:
    """The language that an address asks for with `lang`: Korean where it asks for none.

    Raises:
        ValueError: it asks for one that there is not.
    """
    given = asked.get("lang") or "ko"
    if given not in LANGUAGES:
        raise ValueError(f"the languages are {', '.join(LANGUAGES)}")
    return cast("Language", given)


def said(pair: Pair, language: Language) -> str:
    """The text of a pair in one language."""
    return pair[LANGUAGES.index(language)]


STATUS_TEXT: dict[Status, Pair] = {
    Status.PENDING: ("승인 대기", "Pending approval"),
    Status.WAITING: ("답변 대기", "Waiting for an answer"),
    Status.QUEUED: ("평가 대기", "Queued"),
    Status.RUNNING: ("평가 중", "Running"),
    Status.FINISHED: ("완료", "Finished"),
    Status.FAILED: ("실패", "Failed"),
    Status.REJECTED: ("반려", "Rejected"),
    Status.WITHDRAWN: ("철회", "Withdrawn"),
}

FAILURE_TEXT: dict[FailureClass, Pair] = {
    "not_found": (
        "저장소나 리비전을 찾을 수 없습니다. 공개 상태와 철자를 확인한 뒤 다시 제출해 주세요.",
        "The repository or revision was not found. Check that it is public and spelled right, then submit again.",
    ),
    "gated": (
        "접근 승인이 필요한 저장소입니다. 승인 없이 읽을 수 있게 바꾼 뒤 다시 제출해 주세요.",
        "The repository asks for access. Let it be read without that, then submit again.",
    ),
    "load_failed": (
        "파일은 있지만 모델로 불러올 수 없습니다. 아래 설명을 보고 저장소를 고쳐 주세요.",
        "The files are there, but do not load as a model. Mend the repository as the explanation below says.",
    ),
    "needs_remote_code": (
        "원격 코드가 필요한 모델입니다. 관리자에게 커밋을 지정해 요청해 주세요.",
        "The model needs code from its repository. Ask a maintainer to allow it, and name the commit.",
    ),
    "too_large": (
        "이 평가 장비가 받는 크기보다 큽니다. 관리자에게 문의해 주세요.",
        "The model is larger than this worker takes. Ask a maintainer.",
    ),
    "out_of_memory": (
        "한 문장씩 처리해도 메모리가 부족했습니다. 더 낮은 정밀도로 다시 제출해 보세요.",
        "The memory did not suffice even for one sentence at a time. Try again with a lower precision.",
    ),
    "bad_embeddings": (
        "임베딩에 NaN이 있거나 모든 문장의 값이 같습니다. 가중치를 확인해 주세요.",
        "The embeddings hold NaN, or are the same for every sentence. Check the weights.",
    ),
    "disk_full": (
        "평가 장비의 디스크가 가득 찼습니다. 모델 문제가 아니며, 여유가 있는 장비에서 다시 시도됩니다.",
        "The worker's disk is full. The model is not at fault; a worker with room tries again.",
    ),
    "hub_unavailable": (
        "Hub가 응답하지 않았습니다. 모델 문제가 아니며, 다시 시도됩니다.",
        "The Hub did not answer. The model is not at fault; it is tried again.",
    ),
    "data_unavailable": (
        "평가 데이터를 읽지 못했습니다. 모델 문제가 아니며, 다시 시도됩니다.",
        "The evaluation's data could not be read. The model is not at fault; it is tried again.",
    ),
    "timeout": (
        "제한 시간 안에 끝나지 않았습니다. 관리자에게 문의해 주세요.",
        "It did not end within the time limit. Ask a maintainer.",
    ),
    "worker_lost": (
        "평가 장비가 세 번 사라졌습니다. 관리자가 다시 시도할 수 있습니다.",
        "Three workers were lost while they ran it. A maintainer can have it tried again.",
    ),
    "internal": (
        "리더보드 쪽 오류입니다. 관리자가 확인합니다.",
        "This is a fault of the leaderboard. A maintainer looks into it.",
    ),
}

OPTED_OUT: Pair = (
    "소유자의 요청으로 제외된 모델입니다. 새로 평가하지 않고 결과도 보이지 않습니다",
    "Its owner asked not to have it here: it is not evaluated any more, and no result is shown",
)
NO_QUEUE: Pair = (
    "지금은 대기열을 읽을 수 없습니다. 저장소가 응답하면 여기에 나타납니다.",
    "The queue cannot be read now; it appears here once the store answers.",
)
OPEN_ONES: Pair = ("진행 중", "Open")
CLOSED_ONES: Pair = ("끝남", "Closed")
NONE: Pair = ("없음", "none")
COLUMNS: tuple[Pair, ...] = (("모델", "Model"), ("상태", "State"), ("제출", "Submitted"))
FEED_NAME: Pair = ("새 소식 피드 (Atom)", "Feed of results and failures (Atom)")
UNREADABLE: Pair = ("읽을 수 없는 파일", "unreadable file")
BEFORE: Pair = ("이전", "Previous")
AFTER: Pair = ("다음", "Next")
HISTORY: Pair = ("이력", "History")
TASKS_DONE: Pair = ("과제 {}개 끝남", "{} tasks done")
PLACE: Pair = ("{}번째", "number {}")
RETRIED: Pair = ("다시 시도합니다: ", "Will be tried again: ")
RETRY_ASKED: Pair = ("다시 시도 요청: ", "Another try is asked for: ")

FEED_TITLE: Pair = ("한국어 임베딩 리더보드: 결과와 제출", "Korean embedding leaderboard: results and submissions")
FEED_AUTHOR: Pair = ("한국어 임베딩 리더보드", "Korean embedding leaderboard")
FEED_TITLES: dict[Status, Pair] = {
    Status.FINISHED: ("평가 완료", "Evaluated"),
    Status.FAILED: ("평가 실패", "Evaluation failed"),
    Status.REJECTED: ("제출 반려", "Submission rejected"),
}
DRIFT_TITLE: Pair = ("점수 변동 경보", "Scores moved")
