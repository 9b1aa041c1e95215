"""The queue that a visitor reads: every state says where the submission stands and why."""

from datetime import UTC, datetime, timedelta

import pytest

from evaluator.errors import FAILURE_CLASSES
from evaluator.spec import ModelSpec
from submissions.listing import FAILURE_TEXT, STATUS_TEXT, message_html, queue_html, shown_time, waiting_order
from submissions.record import Event, Failure, Lease, Status, Submission

START = datetime(2026, 11, 23, 3, 19, 40, tzinfo=UTC)
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


def test_every_state_and_every_failure_has_korean_words() -> None:
    assert set(STATUS_TEXT) == set(Status)
    assert set(FAILURE_TEXT) == set(FAILURE_CLASSES)


def test_times_are_korean_time() -> None:
    assert shown_time(START) == "2026-11-23 12:19 KST"


def test_waiting_submissions_go_by_priority_then_by_approval() -> None:
    late = submission(1, Status.QUEUED, history=(Event(at=START + timedelta(days=1), who="m", to_status="QUEUED"),))
    early = submission(2, Status.QUEUED)
    urgent = submission(3, Status.QUEUED, priority=5)
    assert waiting_order([late, early, urgent, submission(4)]) == [urgent, early, late]
    page = queue_html([late, early, urgent])
    assert "3번째 · number 3" in page


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
    assert "<img" not in message_html(HOSTILE, HOSTILE, error=True)


def test_a_failure_shows_its_class_and_its_sentence() -> None:
    failed = submission(1, Status.FAILED, failure=Failure(failure="gated", message="Ask the author for access."))
    page = queue_html([failed])
    assert FAILURE_TEXT["gated"] in page
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
    assert "답변 대기 · Waiting for an answer" in page
    row = page.partition("<details>")[0]
    assert '<div class="note">Which prompt?</div>' in row
    assert "진행 중 · Open (1)" in page
    wished = queue_html([submission(1, Status.REJECTED, retry_asked=HOSTILE)])
    assert "다시 시도 요청 · another try is asked for: &lt;img" in wished
