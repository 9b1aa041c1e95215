"""The local store packs itself, while others read and write."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from store import packing
from store.errors import StoreError
from store.local import LocalStore
from store.update import Change, Snapshot, update


def loose(store: LocalStore) -> int:
    return len(packing._loose(store.folder))


def packs(store: LocalStore) -> list[Path]:
    return list((store.folder / "objects/pack").glob("*.pack"))


def fill(store: LocalStore, commits: int, name: str = "x") -> str:
    head = store.head()
    for number in range(commits):
        head = store.commit({f"open/{name}{number}.json": os.urandom(50)}, f"{name} {number}", head)
    return head


def checked(store: LocalStore) -> None:
    subprocess.run(["git", "-C", str(store.folder), "fsck", "--strict"], check=True, capture_output=True)


def test_commits_alone_keep_the_number_of_files_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LOOSE", 512)
    monkeypatch.setattr(packing, "PACKS", 4)
    monkeypatch.setattr(packing, "KEPT_SECONDS", 0.0)
    store = LocalStore(tmp_path / "store.git")
    before = fill(store, 1500)
    assert loose(store) < 2500, "of 4,500 objects and more"
    assert 0 < len(packs(store)) <= 5
    checked(store)
    fresh = LocalStore(store.folder)
    assert fresh.list("", before) == store.list("", before)
    assert len(fresh.log(2000)) == 1501


def test_what_was_packed_is_read_by_a_store_that_was_open_before(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store.git")
    head = fill(store, 30)
    reader = LocalStore(store.folder)
    files = {path: reader.read(path, head) for path in reader.list("", head)}
    assert packing.pack(store.folder) > 60
    assert loose(store) == 0
    assert {path: reader.read(path, head) for path in reader.list("", head)} == files
    assert len(reader.log(100)) == 31
    second = fill(store, 5, "y")
    assert packing.pack(store.folder) == 20, "of each commit itself, a file and two folders"
    assert reader.list("", second).keys() == store.list("", second).keys()
    checked(store)


def test_many_packs_become_one_and_the_others_go_an_hour_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PACKS", 3)
    store = LocalStore(tmp_path / "store.git")
    for number in range(3):
        fill(store, 3, f"p{number}-")
        packing.pack(store.folder)
    assert len(packs(store)) == 3, "two packs, and the one of all"
    reader = LocalStore(store.folder)
    assert reader.list()
    for told in (store.folder / "objects/pack").glob("*.replaces"):
        os.utime(told, (time.time() - 3700,) * 2)
    head = fill(store, 1, "z")
    packing.pack(store.folder)
    assert len(packs(store)) == 2
    checked(store)
    try:
        found = reader.list("", head)
    except StoreError:  # at most once: it opens the repository anew
        found = reader.list("", head)
    assert found.keys() == store.list("", head).keys()


def test_reading_and_writing_go_on_while_it_is_packed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store.git")
    fill(store, 50)
    failed: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        mine = LocalStore(store.folder)
        try:
            while not stop.is_set():
                snapshot = Snapshot(mine, mine.head())
                for path in list(snapshot.list())[:20]:
                    snapshot.read(path)
        except BaseException as error:
            failed.append(error)

    def write(name: str) -> None:
        mine = LocalStore(store.folder)
        try:
            for number in range(40):
                content = f"{name} {number}".encode()
                update(mine, lambda _, n=number, c=content: Change({f"w/{name}{n}": c}, "w"))  # type: ignore[misc]
        except BaseException as error:
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in readers + writers:
        thread.start()
    while any(writer.is_alive() for writer in writers):
        packing.pack(store.folder)
    stop.set()
    for thread in readers + writers:
        thread.join()
    assert not failed
    assert len(store.list("w")) == 80
    checked(store)


def test_a_pack_that_cannot_be_made_does_not_fail_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LOOSE", 0)

    def fail(_: Path) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(packing, "pack", fail)
    store = LocalStore(tmp_path / "store.git")
    assert store.commit({"a": b"1"}, "one", store.head()) == store.head()
