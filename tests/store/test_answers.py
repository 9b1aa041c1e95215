"""Whatever the Hub answers, a store raises its own errors and a watch goes on; then the Hub answers well again."""

import json
import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from store import answers
from store.errors import NotFound, OutcomeUnknown, StoreError, Unavailable
from store.hub import HubStore
from store.update import Change, Snapshot, update
from store.watch import Watch
from tests.attacks import Attacks
from tests.hub.faults import Faults
from tests.store.conftest import TOKEN

OID = "0" * 40
MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "a page of HTML": b"<!doctype html><title>Maintenance</title>",
    "null": b"null",
    "a number": b"17",
    "a text": b'"main"',
    "an empty object": b"{}",
    "an empty list": b"[]",
    "a list of nulls": b"[null, null]",
    "a list of lists": b"[[[]]]",
    "an error": b'{"error": "later"}',
    "an error in a list": b'[{"error": ["later"]}]',
    "branches of another type": b'{"branches": {"main": 1}, "tags": 5, "converts": null}',
    "a branch without a commit": b'{"branches": [{"name": "main", "ref": "refs/heads/main"}], "converts": []}',
    "a commit of another form": b'{"branches": [{"name": "main", "targetCommit": "../../x", "ref": "r"}]}',
    "a commit as a number": b'{"branches": [{"name": "main", "targetCommit": 1e30, "ref": "r"}], "converts": []}',
    "entries without names": json.dumps([{"type": "file", "oid": OID}]).encode(),
    "entries of another type": json.dumps([{"type": "file", "path": 5, "oid": None, "lfs": []}]).encode(),
    "a commit of the year 9999": json.dumps([{"id": OID, "title": "t", "date": "9999-12-31T23:59:59-12:00"}]).encode(),
    "a thousand levels": b"[" * 100_000,
    "bytes that are no text": b'{"branches": "\xff\xfe"}',
    "a lone surrogate": b'{"branches": [{"name": "\\ud800", "targetCommit": "\\ud800"}]}',
}


def fresh(store: HubStore) -> HubStore:
    return HubStore(store.url.removeprefix("hf:datasets/"), SecretStr(TOKEN))


@pytest.mark.parametrize("answer", MALFORMED)
def test_a_malformed_answer_is_an_error_of_the_store(
    store: HubStore, faults: Faults, answer: str, attacks: Attacks
) -> None:
    head = store.commit({"open/a.json": b"{}"}, "one", store.head())
    asked: dict[str, Callable[[HubStore], object]] = {
        "GET .*/refs": lambda store: store.head(),
        "GET .*/tree/": lambda store: store.list("open", head),
        "GET .*/commits/": lambda store: store.log(5, head),
        "POST .*/preupload/": lambda store: store.commit({"a": b"1"}, "two", head),
    }
    for match, ask in asked.items():
        faults.add("garble", match, body=MALFORMED[answer], times=5)
        outcome: object
        try:
            outcome = ask(fresh(store))
        except StoreError as error:
            outcome = error
        if isinstance(outcome, StoreError):
            assert TOKEN not in str(outcome)
            assert isinstance(outcome, (Unavailable, OutcomeUnknown, NotFound))
        else:
            assert outcome in ({}, []), f"{match} took {answer} for {outcome!r}"
        faults.clear()
    assert store.head() == head
    attacks.held("the stores", "a malformed answer of the Hub", len(asked))


@pytest.mark.parametrize("answer", MALFORMED)
def test_a_malformed_answer_to_a_commit_leaves_open_whether_it_was_made(
    store: HubStore, faults: Faults, answer: str, attacks: Attacks
) -> None:
    faults.add("garble", "POST .*/commit/", body=MALFORMED[answer])
    with pytest.raises(OutcomeUnknown):
        store.commit({"a": b"1"}, "one", store.head())
    faults.add("garble", "POST .*/commit/", body=MALFORMED[answer])
    update(store, lambda _: Change({"a": b"1"}, "one"), sleep=lambda _: None)
    assert len(store.log(9)) == 2
    attacks.held("the stores", "a malformed answer of the Hub to a commit", 2)


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_refusal_may_say_what_it_will(store: HubStore, faults: Faults, status: int, attacks: Attacks) -> None:
    head = store.commit({"open/a.json": b"{}"}, "one", store.head())
    for body in (*MALFORMED.values(), b"x" * 10_000_000):
        faults.add("refuse", "GET .*/tree/", status=status, body=body or b" ")
        faults.add("refuse", "POST .*/commit/", status=status, body=body or b" ")
        with pytest.raises(StoreError) as told:
            fresh(store).list("open", head)
        assert len(str(told.value)) < 500
        with pytest.raises(StoreError):
            store.commit({"a": b"1"}, "two", head)
    assert store.head() == head
    attacks.held("the stores", "a malformed refusal of the Hub", 2 * (len(MALFORMED) + 1))


def test_an_answer_without_an_end_is_not_taken_in(
    store: HubStore, faults: Faults, monkeypatch: pytest.MonkeyPatch, attacks: Attacks
) -> None:
    head = store.commit({"a/b": b"1" * 3_000_000}, "one", store.head())
    monkeypatch.setattr(answers, "ANSWER_BYTES", 100_000)
    faults.add("garble", "GET .*/refs", body=b'{"branches": "' + b"x" * 64_000_000 + b'"}')
    began = time.monotonic()
    with pytest.raises(Unavailable):
        store.head()
    assert time.monotonic() - began < 30
    monkeypatch.setattr(answers, "FILE_BYTES", 1_000_000)
    with pytest.raises(Unavailable, match="cannot be read"):
        fresh(store).read("a/b", head)
    attacks.held("the stores", "an answer that is too large", 2)


def test_the_token_goes_nowhere_else(store: HubStore, monkeypatch: pytest.MonkeyPatch, attacks: Attacks) -> None:
    asked: list[str] = []

    def answering(url: str) -> tuple[bytes, str | None]:
        asked.append(url)
        return b"[]", "https://evil.example/next"

    monkeypatch.setattr(store, "_get", answering)
    with pytest.raises(Unavailable):
        store.log(5, OID)
    assert len(asked) == 1
    monkeypatch.setattr(store, "_get", lambda url: (b"[]", url))
    with pytest.raises(Unavailable, match="no end"):
        store.log(5, OID)
    attacks.held("the stores", "a next page elsewhere, or without an end", 2)


def test_a_watch_survives_every_answer_and_sees_the_next_good_one(
    store: HubStore, faults: Faults, attacks: Attacks
) -> None:
    seen: list[str] = []

    def changed(snapshot: Snapshot) -> None:
        snapshot.list("open")
        seen.append(snapshot.revision)

    head = store.commit({"open/a.json": b"{}"}, "one", store.head())
    watch = Watch(fresh(store), 0.01, changed)
    for answer in MALFORMED.values():
        faults.add("garble", "GET ", body=answer, times=2)
    watch.start()
    deadline = time.monotonic() + 30
    while head not in seen and time.monotonic() < deadline:
        time.sleep(0.01)
    watch.stop()
    assert seen == [head]
    attacks.held("the page", "a malformed answer of the Hub to a watching thread", 2 * len(MALFORMED))
