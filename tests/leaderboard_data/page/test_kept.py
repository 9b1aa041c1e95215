"""What is kept for visitors: made once, bounded, and a failure is nobody else's."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from leaderboard_data.page.kept import Kept


def test_many_who_ask_at_once_cost_one_making() -> None:
    kept, go = Kept(3), threading.Event()
    made: list[int] = []

    def make() -> str:
        made.append(threading.get_ident())
        go.wait(10)
        return "value"

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(kept.get, "key", make) for _ in range(8)]
        go.set()
        assert [each.result(10) for each in asked] == ["value"] * 8
    assert len(made) == 1


def test_those_asked_for_last_are_kept() -> None:
    kept = Kept(2)
    made: list[str] = []

    def get(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key

        return kept.get(key, make)

    for key in ("a", "b", "a", "c", "a", "b"):
        assert get(key) == key
    assert made == ["a", "b", "c", "b"], "b had to go when c came; a was asked for in between"


def test_what_fails_is_told_and_made_again() -> None:
    kept = Kept(2)
    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: 1 // 0)
    assert kept.get("key", lambda: 5) == 5
