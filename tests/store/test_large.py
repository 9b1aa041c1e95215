"""Large files against the stand-in, through Xet and through LFS: written, read back, and whatever fails on the way."""

import hashlib
import itertools
import os
import time
from typing import Any

import hf_xet
import httpx2
import pytest
from pydantic import SecretStr

from store import Changes, blob_id, pointer_id
from store.errors import Conflict, Forbidden, NotFound, OutcomeUnknown, StoreError, Unavailable
from store.hub import HubStore
from store.update import Change, Snapshot, update
from store.uploads import LONGEST_RATE_LIMIT, RATE_LIMIT_SECONDS, error_of
from tests.hub.faults import Faults
from tests.hub.large import PART_BYTES
from tests.hub.repositories import Repositories
from tests.store.conftest import TOKEN

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>'")  # huggingface_hub's upload through LFS
_numbers = itertools.count()
COMMIT = "POST .*/commit/"
REQUESTS = {
    "xet": ["GET .*/xet-write-token/", "POST /cas/v1/xorbs/", "POST /cas/v1/shards"],
    "lfs": ["POST .*/objects/batch", "PUT /storage/put/", "POST .*/objects/verify"],
}


@pytest.fixture(params=["xet", "lfs"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the client uploads: with hf_xet, or as one without it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", request.param == "lfs")
    return str(request.param)


def content(size: int = 3000) -> bytes:
    """Bytes that no test before has uploaded: some that can be compressed, and some that cannot."""
    return f"{next(_numbers)} ".encode() * (size // 20) + os.urandom(size // 2)


def fresh(store: HubStore) -> HubStore:
    return HubStore(store.url.removeprefix("hf:datasets/"), SecretStr(TOKEN))


def test_parquet_and_npz_are_uploaded_first_and_read_back_through_a_redirect(
    store: HubStore, faults: Faults, hub: Repositories, way: str
) -> None:
    files: Changes = {
        "samples/a.parquet": content(),
        "replicates/a.npz": content(400_000),
        "results/a.json": b"{}",
        "samples/zeros.parquet": b"\0" * 300_000,
        "samples/floats.parquet": b"".join(bytes([n % 256, 0, n // 256 % 256, 63]) for n in range(60_000)),
    }
    head = store.commit(files, "Publish", store.head())
    for match in REQUESTS[way]:
        assert faults.asked(match), match
    assert not any(faults.asked(match) for other in REQUESTS for match in REQUESTS[other] if other != way)
    reader = fresh(store)
    assert {path: reader.read(path, head) for path in files} == files
    listed = reader.list("", head)
    assert {path: reader.read(path, head) for path in files} == files, "also as the listing says it should be"
    parquet = files["samples/a.parquet"]
    assert parquet is not None
    assert listed["samples/a.parquet"] == pointer_id(parquet) != blob_id(parquet)
    kept = hub.get("datasets", store.url.removeprefix("hf:datasets/")).head.files
    assert kept["samples/a.parquet"].sha256 == hashlib.sha256(parquet).hexdigest()
    assert kept["results/a.json"].sha256 is None


def test_a_file_of_several_parts_is_uploaded_through_lfs(
    store: HubStore, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    large = content(PART_BYTES * 2)
    head = store.commit({"samples/large.parquet": large}, "Publish", store.head())
    assert faults.asked("PUT /storage/put/.*/[0-9]+") == 2
    assert faults.asked("POST /storage/complete/") == 1
    assert fresh(store).read("samples/large.parquet", head) == large


def test_what_is_there_already_is_not_uploaded_again(store: HubStore, faults: Faults, way: str) -> None:
    sample = content()
    head = store.commit({"samples/a.parquet": sample}, "one", store.head())
    faults.clear()
    head = store.commit({"samples/b.parquet": sample, "x": b"1"}, "two", head)
    assert not faults.asked("PUT /storage/put/")
    assert not faults.asked("POST /cas/v1/xorbs/") or way == "lfs"
    assert fresh(store).read("samples/b.parquet", head) == sample
    snapshot = Snapshot(fresh(store), head)
    snapshot.list("samples")
    assert snapshot.holds("samples/b.parquet", sample)
    assert not snapshot.holds("samples/b.parquet", sample + b"x")
    assert update(store, lambda _: Change({"samples/b.parquet": sample}, "again")) == head


@pytest.mark.parametrize(
    ("status", "raised"),
    [(401, Forbidden), (403, Forbidden), (404, NotFound), (429, Unavailable), (500, Unavailable), (503, Unavailable)],
)
@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_refused_upload_was_certainly_not_written(
    store: HubStore, faults: Faults, way: str, step: int, status: int, raised: type[StoreError]
) -> None:
    head = store.head()
    match = REQUESTS[way][step]
    faults.add("refuse", match, status=status, times=20)
    began = time.monotonic()
    with pytest.raises(StoreError) as failed:
        store.commit({"samples/a.parquet": content(), "a": b"1"}, "one", head)
    assert time.monotonic() - began < 20
    # Only the Hub judges our token; the storage has tokens and addresses of its own, which end.
    judged = not match.startswith(("POST /cas", "PUT /storage")) and not (match.endswith("verify") and status == 404)
    expected = raised if judged else Unavailable
    assert type(failed.value) is expected, str(failed.value)
    if isinstance(failed.value, Unavailable) and status == 429:
        assert failed.value.retry_after == RATE_LIMIT_SECONDS
    assert TOKEN not in str(failed.value)
    assert not faults.asked(COMMIT)
    faults.clear()
    assert store.head() == head
    revision = store.commit({"samples/a.parquet": content(), "a": b"1"}, "one", head)
    assert store.head() == revision


@pytest.mark.parametrize("kind", ["drop", "drop_after", "garble"])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_upload_without_an_answer_or_with_an_odd_one_can_be_made_again(
    store: HubStore, faults: Faults, way: str, step: int, kind: str
) -> None:
    head = store.head()
    match = REQUESTS[way][step]
    faults.add(kind, match, times=20, body=b"<html>")  # type: ignore[arg-type]
    sample = content()
    if kind == "garble" and match.endswith("verify"):  # of that answer the client reads the status alone
        assert store.commit({"samples/a.parquet": sample}, "one", head) == store.head()
        return
    with pytest.raises(Unavailable):
        store.commit({"samples/a.parquet": sample}, "one", head)
    assert store.head() == head
    faults.clear()
    store.commit({"samples/a.parquet": sample}, "one", head)
    assert fresh(store).read("samples/a.parquet") == sample


def test_a_token_that_ends_between_the_upload_and_the_commit_is_said_so(
    store: HubStore, hub: Repositories, faults: Faults, way: str
) -> None:
    head = store.head()
    faults.add("refuse", COMMIT, status=401)
    sample = content()
    with pytest.raises(Forbidden, match="has expired"):
        store.commit({"samples/a.parquet": sample}, "one", head)
    assert store.head() == head
    store.commit({"samples/a.parquet": sample}, "one", head)
    assert faults.asked(REQUESTS[way][-1]), "with a new token it goes on where it was"
    hub.add_user("hf_ends", "store-tests")
    ending = HubStore(store.url.removeprefix("hf:datasets/"), SecretStr("hf_ends"))
    ending.head()
    del hub.users["hf_ends"]
    with pytest.raises(Forbidden, match="has expired"):
        ending.commit({"samples/b.parquet": content()}, "two", store.head())


@pytest.mark.parametrize(
    ("kind", "fields", "raised"),
    [
        ("refuse", {"status": 412}, Conflict),
        ("refuse", {"status": 403}, Forbidden),
        ("refuse", {"status": 429}, Unavailable),
        ("refuse", {"status": 500}, OutcomeUnknown),
        ("drop_after", {}, OutcomeUnknown),
    ],
)
def test_the_commit_of_a_large_file_goes_wrong_as_any_other(
    store: HubStore, faults: Faults, way: str, kind: str, fields: dict[str, int], raised: type[StoreError]
) -> None:
    assert way
    faults.add(kind, COMMIT, **fields)  # type: ignore[arg-type]
    with pytest.raises(StoreError) as failed:
        store.commit({"samples/a.parquet": content()}, "one", store.head())
    assert type(failed.value) is raised
    assert faults.asked(COMMIT) == 1


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"retry_after": 40}, 40.0),
        ({"retry_after": 86400}, LONGEST_RATE_LIMIT),
        ({}, RATE_LIMIT_SECONDS),
    ],
)
@pytest.mark.parametrize("match", ["GET .*/refs", "POST .*/preupload/", COMMIT])
def test_a_rate_limit_asks_for_minutes_but_not_for_a_day(
    store: HubStore, faults: Faults, match: str, fields: dict[str, int], seconds: float
) -> None:
    faults.add("refuse", match, status=429, **fields)
    began = time.monotonic()
    with pytest.raises(Unavailable) as failed:
        store.commit({"a": b"1"}, "one", store.head())
    assert failed.value.retry_after == seconds
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("match", ["GET .*/refs", "POST .*/preupload/", "POST .*/objects/batch", "PUT /storage/"])
def test_the_client_does_not_try_again_what_got_no_answer(
    store: HubStore, faults: Faults, match: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    faults.add("drop", match, times=20)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="RemoteProtocolError"):
        store.commit({"samples/a.parquet": content()}, "one", store.head())
    assert time.monotonic() - began < 5
    assert faults.asked(match) == 1


def test_a_large_file_that_arrives_damaged_or_not_at_all_is_not_taken(store: HubStore, faults: Faults) -> None:
    head = store.commit({"samples/a.parquet": content()}, "one", store.head())
    reader = fresh(store)
    reader.list("samples", head)
    faults.add("garble", "GET /storage/objects/", body=b"something else")
    with pytest.raises(Unavailable, match="damaged"):
        reader.read("samples/a.parquet", head)
    for status in (403, 429, 500, 503):
        faults.add("refuse", "GET /storage/objects/", status=status)
        with pytest.raises((Unavailable, Forbidden)):
            reader.read("samples/a.parquet", head)
    faults.add("drop", "GET /storage/objects/")
    with pytest.raises(Unavailable):
        reader.read("samples/a.parquet", head)
    assert reader.read("samples/a.parquet", head)


def caused(by: BaseException) -> Exception:
    """As huggingface_hub raises what went wrong with one file."""
    error = RuntimeError("Error while uploading 'a.parquet' to the Hub.")
    error.__cause__ = by
    return error


REQUEST = httpx2.Request("PUT", "http://127.0.0.1/storage/put/x")
TOKEN_AT = "domain: http://127.0.0.1/api/datasets/a/b/xet-write-token/main"
STORE_AT = "domain: http://127.0.0.1/cas/v1/shards"


@pytest.mark.parametrize(
    ("error", "raised", "wait"),
    [
        (hf_xet.XetAuthenticationError("no"), Forbidden, None),
        (ConnectionError("Network error: error sending request for url"), Unavailable, None),
        (ConnectionError(f"HTTP status client error (401 Unauthorized), {TOKEN_AT}"), Forbidden, None),
        (ConnectionError(f"HTTP status client error (403 Forbidden), {TOKEN_AT}"), Forbidden, None),
        (ConnectionError(f"HTTP status client error (404 Not Found), {TOKEN_AT}"), NotFound, None),
        (ConnectionError(f"HTTP status client error (403 Forbidden), {STORE_AT}"), Unavailable, None),
        (ConnectionError(f"HTTP status client error (429 Too Many Requests), {STORE_AT}"), Unavailable, 120.0),
        (ConnectionError(f"HTTP status server error (500 Internal Server Error), {STORE_AT}"), Unavailable, None),
        (TimeoutError("timed out"), Unavailable, None),
        (OSError("no space left on device"), Unavailable, None),
        (FileNotFoundError("object not found"), Unavailable, None),
        (ValueError("LFS batch API returned errors"), Unavailable, None),
        (RuntimeError("Internal error: Invalid response"), Unavailable, None),
        (caused(httpx2.ReadTimeout("slow", request=REQUEST)), Unavailable, None),
        (caused(caused(httpx2.ReadError("dropped", request=REQUEST))), Unavailable, None),
        (caused(ValueError("an etag")), Unavailable, None),
    ],
    ids=lambda value: f"{type(value).__name__}: {value}"[:60] if isinstance(value, Exception) else None,
)
def test_whatever_an_upload_raises_is_an_error_of_the_store(
    error: Exception,
    raised: type[StoreError],
    wait: float | None,
    store: HubStore,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = error_of(error, "hf:datasets/a/b")
    assert type(made) is raised
    assert getattr(made, "retry_after", None) == wait

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("huggingface_hub.hf_api.HfApi.preupload_lfs_files", fail)
    with pytest.raises(raised):
        store.commit({"samples/a.parquet": b"1"}, "one", store.head())
    assert not faults.asked(COMMIT)


def test_a_xet_token_that_is_about_to_end_is_asked_for_again(
    store: HubStore, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.hub.large.TOKEN_SECONDS", 20)  # hf_xet wants half a minute to be left
    sample = content()
    head = store.commit({"samples/a.parquet": sample}, "one", store.head())
    assert faults.asked("GET .*/xet-write-token/") >= 2
    assert fresh(store).read("samples/a.parquet", head) == sample
