"""One behaviour for every backend: what `store.Store` promises."""

import itertools
from pathlib import Path

import pytest
from pydantic import SecretStr

from store import Repository, Store, blob_id
from store.errors import Conflict, Gone, NotFound
from store.hub import HubStore
from store.local import LocalStore
from store.memory import MemoryStore
from store.update import Snapshot
from tests.hub.repositories import Repositories

_numbers = itertools.count()


def new_hub_store(hub: Repositories) -> HubStore:
    """A store in a fresh repository of the stand-in, with a token that may write it."""
    name = f"behaviour/store-{next(_numbers)}"
    hub.add_user("hf_behaviour", "behaviour")
    hub.create("datasets", name, writers={"behaviour"})
    return HubStore(name, SecretStr("hf_behaviour"))


@pytest.fixture(params=["hub", "local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    if request.param == "hub":
        return new_hub_store(request.getfixturevalue("hub"))
    return LocalStore(tmp_path / "store.git") if request.param == "local" else MemoryStore()


def test_a_new_store_is_empty_and_has_a_head(store: Store) -> None:
    assert len(store.head()) == 40
    assert store.list() == {}
    assert store.list("open") == {}


def test_a_commit_writes_all_its_files_and_moves_the_head(store: Store) -> None:
    first = store.head()
    revision = store.commit({"open/가.json": "나라말".encode(), "policy.json": b"{}"}, "Submit 가", first)
    assert revision == store.head() != first
    assert store.read("open/가.json") == "나라말".encode()
    assert set(store.list()) == {"open/가.json", "policy.json"}
    assert set(store.list("open")) == {"open/가.json"} == set(store.list("open/"))


def test_a_folder_is_not_a_prefix_of_names(store: Store) -> None:
    store.commit({"open/1": b"1", "opened/2": b"2"}, "two folders", store.head())
    assert set(store.list("open")) == {"open/1"}


def test_what_was_written_stays_readable_at_its_revision(store: Store) -> None:
    one = store.commit({"a": b"1"}, "one", store.head())
    two = store.commit({"a": b"2", "b/c": b"3"}, "two", one)
    three = store.commit({"a": None}, "three", two)
    assert [store.read("a", one), store.read("a", two)] == [b"1", b"2"]
    assert [set(store.list("", r)) for r in (one, two, three)] == [{"a"}, {"a", "b/c"}, {"b/c"}]
    with pytest.raises(NotFound, match="no file a"):
        store.read("a", three)


def test_files_move_between_folders_in_one_commit(store: Store) -> None:
    one = store.commit({"open/x.json": b"x"}, "open", store.head())
    store.commit({"open/x.json": None, "closed/x.json": b"x"}, "close", one)
    assert set(store.list()) == {"closed/x.json"}
    assert store.list("open") == {}


def test_a_commit_on_an_old_head_conflicts_and_writes_nothing(store: Store) -> None:
    old = store.head()
    new = store.commit({"a": b"1"}, "one", old)
    with pytest.raises(Conflict):
        store.commit({"b": b"2", "a": None}, "two", old)
    assert store.head() == new
    assert set(store.list()) == {"a"}


def test_equal_content_on_an_old_head_conflicts_too(store: Store) -> None:
    old = store.head()
    store.commit({"a": b"1"}, "one", old)
    with pytest.raises(Conflict):
        store.commit({"a": b"1"}, "the same", old)


def test_deleting_what_is_not_there_does_nothing(store: Store) -> None:
    one = store.commit({"a": b"1"}, "one", store.head())
    store.commit({"b": None, "c/d": None, "e": b"5"}, "two", one)
    assert set(store.list()) == {"a", "e"}


def test_equal_blob_ids_mean_equal_content_and_are_gits_own(store: Store) -> None:
    store.commit({"a": b"same", "b/a": b"same", "c": b"other"}, "one", store.head())
    blobs = store.list()
    assert blobs["a"] == blobs["b/a"] == blob_id(b"same")
    assert blobs["c"] == blob_id(b"other") != blobs["a"]


def test_contents_come_back_byte_for_byte(store: Store) -> None:
    content = bytes(range(256)) * 300 + "한국어 임베딩\r\n".encode()
    store.commit({"samples/x.parquet": content, "empty": b""}, "bytes", store.head())
    assert store.read("samples/x.parquet") == content
    assert store.read("empty") == b""


def test_the_log_tells_messages_newest_first(store: Store) -> None:
    one = store.commit({"a": b"1"}, "One\n\nUpdate-Id: 1", store.head())
    two = store.commit({"a": b"2"}, "Two", one)
    log = store.log(2)
    assert [commit.revision for commit in log] == [two, one]
    assert log[0].message.strip() == "Two"
    assert log[1].message.strip().splitlines() == ["One", "", "Update-Id: 1"]
    assert log[0].at.tzinfo is not None
    assert [commit.revision for commit in store.log(1, one)] == [one]


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a//b", "a/./b", "a/../../b", ".git/config", "a\\b", "a\nb"]
)
def test_a_path_that_leaves_the_store_is_refused(store: Store, path: str) -> None:
    head = store.head()
    with pytest.raises(ValueError, match="cannot be a file's path"):
        store.commit({path: b"x", "good": b"y"}, "bad", head)
    assert store.head() == head


def test_a_commit_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="at least one"):
        store.commit({}, "nothing", store.head())


def test_a_revision_that_is_not_there_is_gone_and_no_file_is_taken_for_missing(store: Store) -> None:
    store.commit({"a": b"1"}, "one", store.head())
    with pytest.raises(Gone):
        store.list("", "0" * 40)
    with pytest.raises(Gone):
        store.read("a", "0" * 40)
    with pytest.raises(Gone):
        Snapshot(store, "0" * 40).exists("a")


def test_a_history_is_squashed_with_its_files_and_only_at_its_head(store: Repository) -> None:
    first = store.commit({"a": b"1", "b/c": b"2"}, "one", store.head())
    last = store.commit({"a": b"3"}, "two", first)
    with pytest.raises(Conflict):
        store.squash("at another head", first)
    squashed = store.squash("All before\n\nUpdate-Id: 1", last)
    assert squashed == store.head() != last
    (only,) = store.log(10)
    assert only.message.split() == ["All", "before", "Update-Id:", "1"]
    assert {path: store.read(path) for path in store.list()} == {"a": b"3", "b/c": b"2"}
    after = store.commit({"d": b"4"}, "three", squashed)
    assert [commit.revision for commit in store.log(10)] == [after, squashed]
