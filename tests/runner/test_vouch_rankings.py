"""Rankings that an evaluation left are published only where its samples follow from them."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from evaluator.evidence.rankings import Found, dump_rankings, load_rankings
from runner.left import Refused
from runner.vouch_rankings import vouched_rankings
from tests.leaderboard_data.ranked import TASK, ranked

RESULT, SAMPLES, RANKINGS = ranked("org/name", 2.0, 1)


def test_honest_rankings_are_published() -> None:
    assert vouched_rankings(RESULT, SAMPLES, RANKINGS) == RANKINGS
    assert vouched_rankings(RESULT, SAMPLES, None) is None


def turned(found: Found) -> Found:
    return dataclasses.replace(found, relevance=np.roll(found.relevance, 1))


def richer(found: Found) -> Found:
    more = np.array([*found.relevance, 3], dtype=np.int32)
    return dataclasses.replace(found, documents=(*found.documents, "one more"), relevance=more)


def renamed(found: Found) -> Found:
    return dataclasses.replace(found, query=f"{found.query}?")


def unseen(found: Found) -> Found:
    return dataclasses.replace(found, documents=("\u202e", *found.documents[1:]))


@pytest.mark.parametrize("change", [turned, richer, renamed, unseen])
def test_others_are_refused(change: Callable[[Found], Found]) -> None:
    first, *rest = load_rankings(RANKINGS)[TASK]
    with pytest.raises(Refused, match="do not follow from its rankings"):
        vouched_rankings(RESULT, SAMPLES, dump_rankings({TASK: [change(first), *rest]}))


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", RANKINGS[:-20], dump_rankings({"KLUE-STS": load_rankings(RANKINGS)[TASK]})]
)
def test_what_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        vouched_rankings(RESULT, SAMPLES, content)
