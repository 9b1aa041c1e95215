"""How long a submission waits, by what others took."""

from datetime import timedelta

import pytest

from desk.estimates import Speeds, place_of, took
from submissions.record import Event, ModelMetadata, Status, Submission
from tests.submissions.test_listing import START, submission


def finished(number: int, seconds: float, parameters: int | None) -> Submission:
    begun = START + timedelta(hours=number)
    events = (
        Event(at=begun, who="w", from_status="QUEUED", to_status="RUNNING"),
        Event(at=begun + timedelta(seconds=seconds), who="w", from_status="RUNNING", to_status="FINISHED"),
    )
    return submission(number, Status.FINISHED, history=events, metadata=ModelMetadata(parameters=parameters))


def queued(number: int, parameters: int | None = None, **fields: object) -> Submission:
    return submission(number, Status.QUEUED, metadata=ModelMetadata(parameters=parameters), **fields)


def test_what_an_evaluation_took_is_from_its_last_claim_to_its_end() -> None:
    once = finished(1, 60, None)
    assert took(once) == 60
    retried = once.model_copy(update={"history": (once.history[0], once.history[0].model_copy(), once.history[1])})
    assert took(retried) == 60
    assert took(queued(1)) is None
    assert took(submission(1, Status.FINISHED)) is None


def test_models_of_a_similar_size_are_asked_first() -> None:
    small = [finished(number, 100, 100_000_000) for number in range(3)]
    large = [finished(number, 8000, 8_000_000_000) for number in range(3, 5)]
    speeds = Speeds([*small, *large])
    assert speeds.of(queued(9, 200_000_000)) == (pytest.approx(200), 3)
    assert speeds.of(queued(9, 8_000_000_000))[1] == 5, "two of its size are too few"
    assert speeds.of(queued(9)) == (100, 5), "a model of unknown size takes what most take"
    assert Speeds([]).of(queued(9, 1)) == (None, 0)


def test_the_wait_is_the_work_before_it_shared_by_the_workers_that_are_seen() -> None:
    known = [finished(number, 100, 10**8) for number in range(3)]
    first, second, urgent = queued(10, 10**8), queued(11, 2 * 10**8), queued(12, 10**8, priority=5)
    others = [*known, first, second, urgent]
    place = place_of(second, others, START)
    assert place is not None
    assert (place.number, place.of, place.measured, place.workers) == (3, 3, 3, 0)
    assert place.seconds == pytest.approx(200)
    at = START + timedelta(days=1)
    claim = Event(at=at - timedelta(seconds=40), who="w", from_status="QUEUED", to_status="RUNNING")
    running = [
        submission(number, Status.RUNNING, history=(claim,), metadata=ModelMetadata(parameters=10**8))
        for number in (20, 21)
    ]
    shared = place_of(second, [*others, *running], at)
    assert shared is not None
    assert shared.seconds == pytest.approx((200 + 60 + 60) / 2)


def test_nothing_measured_is_no_estimate() -> None:
    place = place_of(queued(1), [queued(0), queued(1)], START)
    assert place is not None
    assert (place.number, place.seconds) == (2, None)
    assert place_of(submission(1), [submission(1)], START) is None
