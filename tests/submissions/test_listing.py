"""The queue that a visitor reads: every state says where the submission stands and why."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from evaluator.errors import FAILURE_CLASSES
from evaluator.policy import OptOut, Policy
from evaluator.spec import ModelSpec
from submissions.listing import QueuePages, message_html, queue_html, shown_time, waiting_order
from submissions.record import Event, Failure, Lease, Status, Submission
from submissions.words import FAILURE_TEXT, LANGUAGES, STATUS_TEXT, Language, said

START = datetime(2026, 11, 23, 3, 19, 40, tzinfo=UTC)
HANGUL = re.compile("[가-힣]")
HOSTILE = "<img src=x onerror=alert(1)> '\"`${7*7} {{x}} ![](http://evil.example/x.png)"


def submission(number: int, status: Status = Status.PENDING, **fields: object) -> Submission:
    at = START + timedelta(minutes=number)
    defaults: dict[str, object] = {
        "id": f"{at:%Y%m%dT%H%M%SZ}-{number:06x}",
        "spec": ModelSpec(model=f"org/model-{number}", revision="ab" * 20),
        "status": status,
        "submitted_by": "someone",
        "submitted_at": at,
        "history": (Event(at=at, who="someone", to_status=status),),
    }
    return Submission.model_validate(defaults | fields)


def test_every_state_and_every_failure_has_words_in_both_languages() -> None:
    assert set(STATUS_TEXT) == set(Status)
    assert set(FAILURE_TEXT) == set(FAILURE_CLASSES)
    for korean, english in (*STATUS_TEXT.values(), *FAILURE_TEXT.values()):
        assert HANGUL.search(korean)
        assert english
        assert not HANGUL.search(english)


def test_times_are_korean_time() -> None:
    assert shown_time(START) == "2026-11-23 12:19 KST"


def test_waiting_submissions_go_by_priority_then_by_approval() -> None:
    late = submission(1, Status.QUEUED, history=(Event(at=START + timedelta(days=1), who="m", to_status="QUEUED"),))
    early = submission(2, Status.QUEUED)
    urgent = submission(3, Status.QUEUED, priority=5)
    assert waiting_order([late, early, urgent, submission(4)]) == [urgent, early, late]
    page = queue_html([late, early, urgent])
    assert ">3번째<" in page
    assert ">number 3<" in queue_html([late, early, urgent], language="en")


@pytest.mark.parametrize("status", list(Status))
def test_nothing_that_a_visitor_typed_becomes_markup(status: Status) -> None:
    page = queue_html(
        [
            submission(
                1,
                status,
                note=HOSTILE,
                submitted_by=HOSTILE,
                failure=Failure(failure="load_failed", message=HOSTILE),
                lease=Lease(worker=HOSTILE, nonce="n", until=START, progress={HOSTILE: HOSTILE}),
                history=(Event(at=START, who=HOSTILE, to_status=status, why=HOSTILE),),
            )
        ],
        unreadable=[HOSTILE],
    )
    assert "<img" not in page
    assert "&lt;img" in page
    assert "<img" not in message_html(HOSTILE, error=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failure_shows_its_class_and_its_sentence(language: Language) -> None:
    failed = submission(1, Status.FAILED, failure=Failure(failure="gated", message="Ask the author for access."))
    page = queue_html([failed], language=language)
    assert said(FAILURE_TEXT["gated"], language) in page
    assert "(gated) Ask the author for access." in page


def test_open_submissions_come_first_and_old_closed_ones_are_counted() -> None:
    closed = [submission(number, Status.FINISHED) for number in range(60)]
    page = queue_html([*closed, submission(70)])
    assert page.index("org/model-70") < page.index("org/model-59") < page.index("org/model-58")
    assert page.count('data-status="FINISHED"') == 50
    assert "+10" in page


def test_a_question_and_the_wish_for_another_try_are_shown_in_the_row() -> None:
    question = Event(at=START, who="m", from_status=Status.PENDING, to_status=Status.WAITING, why="Which prompt?")
    remark = Event(at=START, who="m", from_status=Status.WAITING, to_status=Status.WAITING, why="priority: 0 -> 1")
    page = queue_html([submission(1, Status.WAITING, history=(question, remark))])
    assert ">답변 대기<" in page
    row = page.partition("<details>")[0]
    assert '<div class="note">Which prompt?</div>' in row
    assert "진행 중 (1)" in page
    wished = queue_html([submission(1, Status.REJECTED, retry_asked=HOSTILE)])
    assert "다시 시도 요청: &lt;img" in wished


@pytest.mark.parametrize("status", list(Status))
def test_the_queue_speaks_one_language_at_a_time(status: Status) -> None:
    """What visitors typed is ASCII here, so that a Hangul letter is the page's own."""
    made = submission(
        1,
        status,
        retry_asked="why not",
        failure=Failure(failure="gated", message="m"),
        history=tuple(Event(at=START, who="w", to_status=each, why="y") for each in Status),
    )
    policy = Policy(opted_out=(OptOut(name="gone", who="w", at=START),))
    gone = submission(2, Status.QUEUED, spec=ModelSpec(model="gone/model"))
    many = [submission(10 + number) for number in range(120)]

    def page(language: Language) -> str:
        pages = QueuePages([made, gone, *many], ["a file"], policy=policy, language=language)
        return "".join(pages.page(number) or "" for number in (1, 2))

    english, korean = page("en"), page("ko")
    assert not HANGUL.search(english)
    for words in ("Open", "Closed", "History", "Previous", "Next", "asked not to have", "unreadable", "Submitted"):
        assert words in english
        assert words not in korean
    assert korean.count("&amp;submission=") == english.count("&amp;lang=en") == 122


def test_a_running_one_tells_how_far_it_is_in_words() -> None:
    def row(progress: dict[str, float | int | str | None], language: Language) -> str:
        lease = Lease(worker="w", nonce="n", until=START, progress=progress)
        return queue_html([submission(1, Status.RUNNING, lease=lease)], language=language)

    told: dict[str, float | int | str | None] = {"task": "KLUE-STS", "tokens_done": 5, "tokens_total": 20}
    assert ">KLUE-STS · 25% · 과제 2개 끝남<" in row({**told, "tasks_done": 2}, "ko")
    assert ">KLUE-STS · 25%<" in row(told, "en")
    odd: dict[str, float | int | str | None] = {"tokens_done": 9, "tokens_total": 0, "tasks_done": "<b>", "x": HOSTILE}
    assert "<b>" not in row(odd, "ko")
