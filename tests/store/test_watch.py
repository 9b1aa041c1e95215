"""A watch tells each new revision once, and survives a store that does not answer."""

import threading

from store.errors import Unavailable
from store.memory import MemoryStore
from store.update import Snapshot
from store.watch import Watch
from tests.attacks import Attacks


def test_each_new_revision_is_told_once() -> None:
    store = MemoryStore()
    seen: list[str] = []
    watch = Watch(store, 3600, lambda snapshot: seen.append(snapshot.revision))
    assert watch.look()
    assert not watch.look()
    second = store.commit({"a": b"1"}, "m", store.head())
    assert watch.look()
    assert seen[-1] == second
    assert len(seen) == 2


def test_a_store_that_fails_leaves_the_last_revision_and_is_asked_again() -> None:
    store = MemoryStore()
    failing = [True]
    seen: list[str] = []

    def changed(snapshot: Snapshot) -> None:
        if failing[0]:
            raise Unavailable("not now")
        seen.append(snapshot.revision)

    watch = Watch(store, 3600, changed)
    assert not watch.look()
    assert watch.revision is None
    failing[0] = False
    assert watch.look()
    assert seen == [store.head()]


def test_the_background_thread_sees_what_others_commit() -> None:
    store = MemoryStore()
    arrived = threading.Event()
    watch = Watch(store, 0.01, lambda snapshot: arrived.set() if snapshot.list() else None)
    watch.start()
    store.commit({"a": b"1"}, "m", store.head())
    assert arrived.wait(10)
    watch.stop()


def test_nothing_that_a_change_raises_ends_the_watching(attacks: Attacks) -> None:
    store = MemoryStore()
    kinds = [
        KeyError("x"),
        TypeError("y"),
        RecursionError(),
        MemoryError(),
        UnicodeDecodeError("utf-8", b"", 0, 1, "z"),
    ]
    ahead, arrived = list(kinds), threading.Event()

    def changed(_: Snapshot) -> None:
        if ahead:
            raise ahead.pop()
        arrived.set()

    def first() -> None:
        raise ValueError("before the first look")

    watch = Watch(store, 0.01, changed)
    watch.start(first)
    assert arrived.wait(10)
    watch.stop()
    attacks.held("the page", "an exception of any kind in a watching thread", len(kinds) + 1)
