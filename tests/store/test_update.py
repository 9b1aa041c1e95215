"""The update loop: starts over, gives up in time, and never writes twice what may have landed."""

from collections.abc import Callable

import pytest

from store import Changes
from store.errors import Conflict, Forbidden, OutcomeUnknown, StoreError, Unavailable
from store.memory import MemoryStore
from store.update import Change, Snapshot, update


class Troubled(MemoryStore):
    """A store whose commits fail as told: `before` and `after` writing, one item of the list per commit."""

    def __init__(self, *troubles: tuple[str, Callable[[], StoreError]] | None) -> None:
        super().__init__()
        self.troubles = list(troubles)
        self.commits = 0

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        self.commits += 1
        when, error = (self.troubles.pop(0) if self.troubles else None) or ("never", None)
        if when == "before" and error:
            raise error()
        revision = super().commit(changes, message, parent)
        if when == "after" and error:
            raise error()
        return revision


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def run(
    store: MemoryStore, change: Callable[[Snapshot], Change | None], time: Time | None = None, **bounds: float
) -> str:
    time = time or Time()
    return update(store, change, clock=time.clock, sleep=time.sleep, chance=lambda: 0.5, **bounds)  # type: ignore[arg-type]


def count_up(snapshot: Snapshot) -> Change:
    count = int(snapshot.read("count")) if snapshot.exists("count") else 0
    return Change({"count": str(count + 1).encode()}, "Count up")


def conflict() -> StoreError:
    return Conflict("the head moved")


def lost() -> StoreError:
    return OutcomeUnknown("the answer was lost")


def test_a_change_is_committed_on_the_head() -> None:
    store = MemoryStore()
    assert run(store, count_up) == store.head()
    assert store.read("count") == b"1"


def test_nothing_to_do_commits_nothing() -> None:
    store = MemoryStore()
    before = store.head()
    assert run(store, lambda _: None) == before == store.head()


def test_files_that_already_are_as_wanted_commit_nothing() -> None:
    store = MemoryStore()
    before = run(store, lambda _: Change({"a": b"1"}, "one"))
    assert run(store, lambda _: Change({"a": b"1", "b": None}, "again")) == before == store.head()


def test_after_a_conflict_the_change_runs_again_on_what_the_other_wrote() -> None:
    store = MemoryStore()
    seen: list[str] = []

    def change(snapshot: Snapshot) -> Change:
        seen.append(snapshot.revision)
        if len(seen) == 1:
            run(store, count_up)  # somebody else is faster
        return count_up(snapshot)

    run(store, change)
    assert store.read("count") == b"2"
    assert len(set(seen)) == 2


def test_a_commit_that_landed_with_its_answer_lost_is_not_made_twice() -> None:
    store = Troubled(("after", lost))
    revision = run(store, count_up)
    assert store.read("count") == b"1"
    assert store.commits == 1
    assert revision == store.head()


def test_a_lost_commit_is_found_under_newer_ones_that_changed_the_same_file() -> None:
    store = Troubled(("after", lost))
    time = Time()
    original = time.sleep

    def others_write(seconds: float) -> None:
        original(seconds)
        run(store, count_up)

    revision = update(store, count_up, clock=time.clock, sleep=others_write, chance=lambda: 0.5)
    assert store.read("count") == b"2"  # ours and theirs, each once
    assert revision == store.log(2)[1].revision


def test_a_lost_commit_that_did_not_land_is_made_again() -> None:
    store = Troubled(("before", lost), None)
    run(store, count_up)
    assert store.read("count") == b"1"
    assert store.commits == 2


def test_a_lost_commit_that_lands_late_is_found_after_the_next_conflict() -> None:
    store = MemoryStore()
    late: list[Callable[[], str]] = []
    commit = store.commit

    def slow_server(changes: Changes, message: str, parent: str) -> str:
        if not late:
            late.append(lambda: commit(changes, message, parent))
            raise OutcomeUnknown("the answer was lost")
        if len(late) == 1:
            late.append(late[0])
            late[0]()  # the first request is carried out only now
        return commit(changes, message, parent)

    store.commit = slow_server  # type: ignore[method-assign]
    run(store, count_up)
    assert store.read("count") == b"1"


def test_the_tries_are_bounded() -> None:
    store = Troubled(*[("before", conflict)] * 100)
    with pytest.raises(Conflict):
        run(store, count_up, tries=7)
    assert store.commits == 7


def test_the_time_is_bounded() -> None:
    store = Troubled(*[("before", conflict)] * 1000)
    time = Time()
    with pytest.raises(Conflict):
        run(store, count_up, time, tries=1000, seconds=20.0)
    assert time.now <= 20.0


def test_waits_grow_and_are_capped() -> None:
    store = Troubled(*[("before", conflict)] * 20)
    time = Time()
    run(store, count_up, time, seconds=1000.0)
    assert time.slept == sorted(time.slept)
    assert time.slept[0] < 0.1
    assert time.slept[-1] == 2.5  # half of the longest wait


def test_a_store_that_asks_for_time_gets_it() -> None:
    store = Troubled(("before", lambda: Unavailable("rate limit", retry_after=17.0)))
    time = Time()
    run(store, count_up, time)
    assert time.slept[0] >= 17.0
    assert store.read("count") == b"1"


def test_a_store_that_asks_for_more_time_than_there_is_fails_at_once() -> None:
    store = Troubled(("before", lambda: Unavailable("rate limit", retry_after=3600.0)))
    time = Time()
    with pytest.raises(Unavailable, match="rate limit"):
        run(store, count_up, time)
    assert time.slept == []


def test_a_refused_token_is_not_tried_again() -> None:
    store = Troubled(("before", lambda: Forbidden("no right to write")))
    with pytest.raises(Forbidden):
        run(store, count_up)
    assert store.commits == 1


def test_a_lost_answer_stays_the_outcome_when_time_runs_out() -> None:
    store = Troubled(("before", lost), *[("before", conflict)] * 100)
    with pytest.raises(OutcomeUnknown):
        run(store, count_up, tries=5)


def test_what_the_change_raises_reaches_the_caller() -> None:
    store = Troubled()

    def refuse(_: Snapshot) -> Change:
        raise ValueError("this submission is already running")

    with pytest.raises(ValueError, match="already running"):
        run(store, refuse)
    assert store.commits == 0


def test_every_commit_carries_a_mark_of_its_own() -> None:
    store = MemoryStore()
    run(store, count_up)
    run(store, count_up)
    marks = [commit.message.splitlines()[-1] for commit in store.log(2)]
    assert all(mark.startswith("Update-Id: ") for mark in marks)
    assert len(set(marks)) == 2


def test_a_snapshot_does_not_move_when_the_store_does() -> None:
    store = MemoryStore()
    run(store, count_up)
    snapshot = Snapshot(store, store.head())
    run(store, count_up)
    assert snapshot.read("count") == b"1"
    assert set(snapshot.list()) == {"count"}
    assert snapshot.exists("count")
    assert not snapshot.exists("other/count")


def test_what_was_listed_is_compared_without_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    run(store, lambda _: Change({"open/a": b"1", "policy.json": b"{}"}, "one"))
    snapshot = Snapshot(store, store.head())
    snapshot.list("open")
    monkeypatch.setattr(MemoryStore, "read", lambda *_: pytest.fail("read"))
    assert snapshot.holds("open/a", b"1")
    assert not snapshot.holds("open/a", b"2")
    assert not snapshot.holds("open/a", None)
    assert snapshot.holds("open/b", None)


def test_a_file_at_the_root_is_found_without_listing_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    run(store, lambda _: Change({"policy.json": b"{}"}, "one"))
    monkeypatch.setattr(MemoryStore, "list", lambda *_: pytest.fail("listed"))
    snapshot = Snapshot(store, store.head())
    assert snapshot.exists("policy.json")
    assert not snapshot.exists("README.md")
