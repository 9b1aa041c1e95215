"""The Hub store against the stand-in: what goes wrong on the way, and how much is asked."""

import socket
import threading
import time

import httpx2
import pytest
from pydantic import SecretStr

from store import open_store
from store.errors import Conflict, Forbidden, NotFound, OutcomeUnknown, StoreError, Unavailable
from store.hub import HubStore
from store.update import Change, Snapshot, update
from tests.hub.faults import Faults
from tests.hub.repositories import Repositories
from tests.store.conftest import TOKEN


def count_up(snapshot: Snapshot) -> Change:
    count = int(snapshot.read("count")) if snapshot.exists("count") else 0
    return Change({"count": str(count + 1).encode()}, "Count up")


COMMIT = r"POST .*/commit/"


@pytest.mark.parametrize(
    ("kind", "fields", "raised"),
    [
        ("refuse", {"status": 412}, Conflict),
        ("refuse", {"status": 409}, Conflict),
        ("refuse", {"status": 429, "retry_after": 40}, Unavailable),
        ("refuse", {"status": 500}, OutcomeUnknown),
        ("refuse", {"status": 503}, OutcomeUnknown),
        ("refuse", {"status": 403}, Forbidden),
        ("refuse_after", {"status": 500}, OutcomeUnknown),
        ("refuse_after", {"status": 504}, OutcomeUnknown),
        ("drop", {}, OutcomeUnknown),
        ("drop_after", {}, OutcomeUnknown),
    ],
)
def test_a_commit_that_goes_wrong_says_whether_it_may_have_been_written(
    store: HubStore, faults: Faults, kind: str, fields: dict[str, int], raised: type[StoreError]
) -> None:
    before = store.head()
    faults.add(kind, COMMIT, **fields)  # type: ignore[arg-type]
    with pytest.raises(StoreError) as failed:
        store.commit({"a": b"1"}, "one", before)
    assert type(failed.value) is raised
    assert faults.asked(COMMIT) == 1, "a backend does not try again"
    assert (store.head() != before) == kind.endswith("_after")
    if raised is Unavailable:
        assert isinstance(failed.value, Unavailable)
        assert failed.value.retry_after == 40.0


@pytest.mark.parametrize("request_", ["GET .*/refs", "POST .*/preupload/", "POST .*/paths-info/", "GET .*/resolve/"])
@pytest.mark.parametrize("status", [429, 500])
def test_whatever_fails_before_the_commit_was_certainly_not_written(
    store: HubStore, faults: Faults, request_: str, status: int
) -> None:
    head = store.commit({"a/b": b"1"}, "one", store.head())
    started = time.monotonic()
    faults.add("refuse", request_, status=status, retry_after=300)
    fresh = HubStore(store.url.removeprefix("hf:datasets/"), SecretStr(TOKEN))

    def read_and_write() -> None:
        fresh.head()
        fresh.read("a/b", head)
        fresh.commit({"a/c": b"2", "a/b": None}, "two", head)

    with pytest.raises(Unavailable) as failed:
        read_and_write()
    assert failed.value.retry_after == 300.0
    assert time.monotonic() - started < 5, "nobody sleeps through what the server asks for"
    assert store.head() == head


@pytest.mark.parametrize(
    "fault",
    [
        ("refuse", {"status": 412, "times": 3}),
        ("refuse", {"status": 409, "times": 2}),
        ("refuse", {"status": 500, "times": 2}),
        ("refuse_after", {"status": 500}),
        ("refuse_after", {"status": 502, "skip": 1}),
        ("drop", {"times": 2}),
        ("drop_after", {}),
        ("refuse", {"status": 429, "retry_after": 1}),
        ("slow", {"seconds": 0.2}),
    ],
    ids=lambda fault: f"{fault[0]}-{'-'.join(map(str, fault[1].values()))}",
)
@pytest.mark.parametrize("match", [COMMIT, "."], ids=["commit", "any"])
def test_an_update_gets_through_and_is_made_once(
    store: HubStore, faults: Faults, fault: tuple[str, dict[str, float]], match: str
) -> None:
    update(store, count_up)
    faults.add(fault[0], match, **fault[1])  # type: ignore[arg-type]
    update(store, count_up, sleep=lambda _: None)
    faults.clear()
    assert store.read("count") == b"2"
    assert len(store.log(10)) == 3


def test_many_updates_at_once_lose_nothing(store: HubStore) -> None:
    def add_five() -> None:
        mine = HubStore(store.url.removeprefix("hf:datasets/"), SecretStr(TOKEN))
        for _ in range(5):
            update(mine, count_up, tries=200)

    threads = [threading.Thread(target=add_five) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read("count") == b"20"


def test_a_commit_that_the_client_does_not_send_is_a_conflict_if_the_head_moved(store: HubStore) -> None:
    old = store.head()
    store.commit({"a": b"1"}, "theirs", old)
    with pytest.raises(Conflict):
        store.commit({"a": b"1"}, "ours, with the same content", old)


def test_only_blobs_not_seen_before_are_downloaded(store: HubStore, faults: Faults) -> None:
    head = store.commit({f"open/{n}.json": f"{n}".encode() for n in range(20)}, "twenty", store.head())
    fresh = HubStore(store.url.removeprefix("hf:datasets/"), SecretStr(TOKEN))

    def read_all(revision: str) -> None:
        snapshot = Snapshot(fresh, revision)
        for path in snapshot.list("open"):
            snapshot.read(path)

    read_all(head)
    assert faults.asked("GET .*/resolve/") == 20
    later = store.commit({"open/3.json": b"changed"}, "one", head)
    read_all(later)
    assert faults.asked("GET .*/resolve/") == 21
    read_all(head)
    assert faults.asked("GET .*/resolve/") == 21


def test_a_folder_of_many_files_comes_in_pages(hub: Repositories, store: HubStore, faults: Faults) -> None:
    repository = hub.get("datasets", store.url.removeprefix("hf:datasets/"))
    files: dict[str, bytes] = {f"closed/{n:05}.json": b"{}" for n in range(2500)}
    hub.commit(repository, files, message="many", parent=None)
    assert set(store.list("closed")) == set(files)
    assert faults.asked("GET .*/tree/") == 3


def test_a_long_log_is_read_only_as_far_as_asked(hub: Repositories, store: HubStore, faults: Faults) -> None:
    repository = hub.get("datasets", store.url.removeprefix("hf:datasets/"))
    for number in range(120):
        hub.commit(repository, {"a": str(number).encode()}, message=f"commit {number}", parent=None)
    assert [c.message for c in store.log(60)] == [f"commit {n}" for n in range(119, 59, -1)]
    assert faults.asked("GET .*/commits/") == 2


def test_a_damaged_download_is_not_taken(store: HubStore, hub: Repositories) -> None:
    head = store.commit({"a": b"right"}, "one", store.head())
    store.list("", head)
    blob = hub.get("datasets", store.url.removeprefix("hf:datasets/")).head.files["a"]
    blob.path.write_bytes(b"wrong")
    with pytest.raises(Unavailable, match="damaged"):
        store.read("a", head)
    blob.path.write_bytes(b"right")
    assert store.read("a", head) == b"right"


def test_tokens_decide_who_reads_and_who_writes(hub: Repositories, store: HubStore) -> None:
    name = store.url.removeprefix("hf:datasets/")
    hub.add_user("hf_reader_only", "reader-only")
    head = store.head()
    for token in (SecretStr("hf_reader_only"), None, SecretStr("hf_nobody")):
        with pytest.raises((Forbidden, NotFound)):
            HubStore(name, token).commit({"a": b"1"}, "one", head)
    assert HubStore(name).head() == head
    assert store.head() == head


@pytest.mark.usefixtures("hub")
def test_a_repository_that_is_not_there_is_said_so() -> None:
    with pytest.raises(NotFound, match="make the repository"):
        HubStore("store-tests/missing", SecretStr(TOKEN)).head()


def test_no_error_shows_the_token(store: HubStore, faults: Faults) -> None:
    shown = []
    for kind, fields in (("refuse", {"status": 500}), ("refuse", {"status": 403}), ("drop", {})):
        faults.add(kind, ".", **fields)  # type: ignore[arg-type]
        with pytest.raises(StoreError) as failed:
            store.head()
        shown += [str(failed.value), repr(failed.value)]
    shown += [repr(store), store.url]
    assert TOKEN not in " ".join(shown)


def test_a_hub_that_is_not_reached_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        store = HubStore("store-tests/store-0", SecretStr(TOKEN))
        store._api.endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        for read in (store.head, lambda: store.list("", "0" * 40)):
            with pytest.raises(Unavailable, match="ConnectError"):
                read()


def test_every_error_of_the_http_client_is_one_of_ours(store: HubStore) -> None:
    def concrete(kind: type[Exception]) -> list[type[Exception]]:
        return [kind, *(each for below in kind.__subclasses__() for each in concrete(below))]

    request = httpx2.Request("POST", "http://127.0.0.1/api/datasets/a/b/commit/main")
    for kind in concrete(httpx2.TransportError):
        with pytest.raises(StoreError), store._errors(writing=True):
            raise kind("broken", request=request)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "url", ["hf:datasets/a/b/c", "hf:models/a/b", "hf:datasets/a", "hf:datasets/../b", "ftp:x", ""]
)
def test_another_url_is_no_store(url: str) -> None:
    with pytest.raises(ValueError, match="write file:DIR, hf:datasets/ORG/NAME or memory:"):
        open_store(url)


def test_a_url_opens_its_store(store: HubStore) -> None:
    opened = open_store(store.url, SecretStr(TOKEN))
    assert isinstance(opened, HubStore)
    assert opened.head() == store.head()
