"""Notes and reasons are cleaned once, where they enter the queue."""

import pytest

from submissions import queue
from submissions.errors import QueueError
from submissions.record import dump_submission, load_submission
from tests.attacks import Attacks
from tests.submissions.test_queue import NOON, pending, spec

HOSTILE = "\u202e첫 줄\x00\x1b[31m\r\n둘째\ud800 줄\U000e0041\u200b \n\n\n\n끝"
CLEAN = "첫 줄[31m\n둘째 줄\n\n끝"


def test_hostile_notes_and_reasons_are_stored_clean(attacks: Attacks) -> None:
    submitted = queue.submit(
        [], spec(), new_id="20261123T120000Z-000001", who="visitor", at=NOON, has_result=False, note=HOSTILE
    )
    assert submitted.note == CLEAN
    rejected = queue.reject(submitted, who="m", at=NOON, why=HOSTILE)
    withdrawn = queue.withdraw(submitted, who="visitor", at=NOON, why=HOSTILE)
    assert rejected.history[-1].why == withdrawn.history[-1].why == CLEAN
    assert load_submission(dump_submission(rejected)) == rejected
    attacks.held("the page", "a note or reason with controls, surrogates, turned directions", 3)


def test_what_is_too_long_is_refused_and_nothing_is_cut(attacks: Attacks) -> None:
    for why in ("x" * 1001, "\u200b" * 10**6):
        with pytest.raises(QueueError, match="at most 1000 characters"):
            queue.reject(pending(), who="m", at=NOON, why=why)
        with pytest.raises(QueueError, match="1000자까지"):
            queue.withdraw(pending(), who="visitor", at=NOON, why=why)
    attacks.held("the page", "a note or reason that is too long", 4)


def test_a_reason_that_nobody_sees_is_none(attacks: Attacks) -> None:
    with pytest.raises(QueueError, match="Give the reason"):
        queue.reject(pending(), who="m", at=NOON, why="\u200b\u3164\n\u202e")
    attacks.held("the page", "a reason that nobody sees")
