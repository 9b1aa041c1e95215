"""The queue in a store: each verb one commit, whoever else writes at the same time."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator.spec import ModelSpec, result_path
from store import Changes
from store.errors import OutcomeUnknown
from store.local import LocalStore
from store.memory import MemoryStore
from submissions.errors import AlreadyEvaluated, AlreadySubmitted, IllegalTransition, LeaseLost, UnknownSubmission
from submissions.record import ResultReference, Status
from submissions.stored import Queue

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    numbers = itertools.count(1)
    return Queue(MemoryStore(), MemoryStore(), now=clock, random_hex=lambda digits: f"{next(numbers):0{digits}x}")


def spec(name: str = "org/model") -> ModelSpec:
    return ModelSpec(model=name, revision="ab" * 20)


def has_result(queue: Queue, name: str = "org/model") -> ResultReference:
    path = result_path(spec(name))
    revision = queue.results.commit({path: b"{}"}, "Publish", queue.results.head())
    return ResultReference(path=path, revision=revision)


def test_a_submission_goes_the_whole_way(queue: Queue) -> None:
    submission = queue.submit(spec(), who="visitor", note="새 모델입니다")
    assert set(queue.requests.list()) == {f"open/{submission.id}.json"}
    queue.approve(submission.id, who="maintainer")
    claimed = queue.claim("w", HOUR)
    assert claimed is not None
    assert claimed.lease is not None
    queue.beat(claimed.id, nonce=claimed.lease.nonce, lease=HOUR, progress={"task": "STS17"})
    assert queue.claim("other", HOUR) is None
    finished = queue.finish(claimed.id, nonce=claimed.lease.nonce, result=has_result(queue), log="done\n")
    assert finished == queue.find(submission.id)
    assert set(queue.requests.list()) == {f"closed/{submission.id}.json", f"logs/{submission.id}.txt"}


def test_every_verb_is_one_commit_that_says_what_it_did(queue: Queue) -> None:
    submission = queue.submit(spec(), who="visitor")
    queue.approve(submission.id, who="m")
    queue.withdraw(submission.id, who="visitor")
    titles = [commit.message.splitlines()[0] for commit in reversed(queue.requests.log(3))]
    assert titles == [f"{deed} {submission.id} org/model" for deed in ("Submit", "Queue", "Withdraw")]


def test_what_is_refused_changes_nothing(queue: Queue) -> None:
    submission = queue.submit(spec(), who="visitor")
    before = queue.requests.head()
    with pytest.raises(AlreadySubmitted):
        queue.submit(spec(), who="another")
    with pytest.raises(LeaseLost):
        queue.finish(submission.id, nonce="n", result=has_result(queue))
    with pytest.raises(IllegalTransition):
        queue.retry(submission.id, who="m")
    assert queue.requests.head() == before


def test_a_spec_with_a_result_is_not_submitted_again(queue: Queue) -> None:
    has_result(queue)
    with pytest.raises(AlreadyEvaluated, match="이미 평가되었습니다"):
        queue.submit(spec(), who="visitor")
    assert queue.submit(spec(), who="maintainer", force=True).force


@pytest.mark.parametrize("bad", ["", "x", "../../etc/passwd", "20261123T120000Z-00000", "20261123T120000Z-00000a\n"])
def test_an_id_that_is_none_is_unknown(queue: Queue, bad: str) -> None:
    with pytest.raises(UnknownSubmission):
        queue.find(bad)
    with pytest.raises(UnknownSubmission):
        queue.approve(bad, who="m")


def test_the_listing_shows_all_open_and_the_newest_closed(queue: Queue, clock: Clock) -> None:
    ids = []
    for number in range(6):
        clock.at = NOON + number * HOUR
        ids.append(queue.submit(spec(f"org/m{number}"), who="v").id)
    for submission_id in ids[:4]:
        queue.withdraw(submission_id, who="v")
    listing = queue.listing(closed=2)
    assert [s.id for s in listing.submissions] == [ids[5], ids[4], ids[3], ids[2]]
    assert listing.unreadable == {}


def test_an_unreadable_file_is_named_and_left_out(queue: Queue) -> None:
    good = queue.submit(spec(), who="v")
    store = queue.requests
    content = store.read(good.path).replace(b'"PENDING"', b'"DANCING"', 1)
    elsewhere = store.read(good.path)
    bad = {"open/20261123T120000Z-aaaaaa.json": content, "open/broken.json": b"{", "closed/x.json": elsewhere}
    store.commit(bad, "Break", store.head())
    listing = queue.listing()
    assert [s.id for s in listing.submissions] == [good.id]
    assert set(listing.unreadable) == set(bad)
    assert "status" in listing.unreadable["open/20261123T120000Z-aaaaaa.json"]
    assert "belongs in open/" in listing.unreadable["closed/x.json"]
    with pytest.raises(ValueError, match="cannot be read"):
        queue.approve("20261123T120000Z-aaaaaa", who="m")
    assert queue.approve(good.id, who="m").status is Status.QUEUED


def test_the_listing_reads_nothing_again_while_the_store_stands_still(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.submit(spec(), who="v")
    first = queue.listing()
    monkeypatch.setattr(MemoryStore, "read", lambda *_: pytest.fail("read again"))
    monkeypatch.setattr(MemoryStore, "list", lambda *_: pytest.fail("listed again"))
    assert queue.listing() is first


def test_only_changed_submissions_are_read_again(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [queue.submit(spec(f"org/m{number}"), who="v").id for number in range(5)]
    queue.listing()
    queue.approve(ids[0], who="m")
    paths: list[str] = []
    read = MemoryStore.read

    def noting(self: MemoryStore, path: str, revision: str | None = None) -> bytes:
        paths.append(path)
        return read(self, path, revision)

    monkeypatch.setattr(MemoryStore, "read", noting)
    queue.listing()
    assert paths == [f"open/{ids[0]}.json"]


def test_expired_leases_are_put_back_in_one_commit(queue: Queue, clock: Clock) -> None:
    for number in range(3):
        queue.approve(queue.submit(spec(f"org/m{number}"), who="v").id, who="m")
    claims = [queue.claim(f"w{number}", HOUR * (number + 1)) for number in range(3)]
    clock.at = NOON + 2 * HOUR + timedelta(seconds=1)
    before = queue.requests.head()
    reclaimed = queue.reclaim_expired("w9")
    assert {s.id for s in reclaimed} == {c.id for c in claims[:2] if c}
    assert queue.requests.log(2)[1].revision == before
    assert queue.reclaim_expired("w9") == ()


class Losing(MemoryStore):
    """A store that writes, but whose answers to the next commits are lost; `meanwhile` happens after each."""

    def __init__(self) -> None:
        super().__init__()
        self.lose = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        revision = super().commit(changes, message, parent)
        if self.lose:
            self.lose -= 1
            self.meanwhile()
            raise OutcomeUnknown("the answer was lost")
        return revision


def test_a_submission_whose_answer_was_lost_is_not_called_a_second_one() -> None:
    store = Losing()
    queue = Queue(store, MemoryStore())
    store.lose = 1
    # Before we look, a maintainer has approved it: the file is not what we wrote any more.
    other = Queue(store, MemoryStore())
    store.meanwhile = lambda: other.approve(other.listing().submissions[0].id, who="quick")
    submission = queue.submit(spec(), who="visitor")
    assert submission.status is Status.PENDING
    assert queue.find(submission.id).status is Status.QUEUED
    assert len(queue.listing().submissions) == 1


def test_a_claim_whose_answer_was_lost_is_held(clock: Clock) -> None:
    store = Losing()
    queue = Queue(store, MemoryStore(), now=clock)
    queue.approve(queue.submit(spec(), who="v").id, who="m")
    store.lose = 1
    claimed = queue.claim("w", HOUR)
    assert claimed is not None
    assert claimed.lease is not None
    assert queue.holds(claimed.id, claimed.lease.nonce)
    assert queue.find(claimed.id).attempt == 1


def test_two_workers_never_hold_one_submission(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    folder = tmp_path / "requests.git"
    first = Queue(LocalStore(folder), MemoryStore())
    for number in range(12):
        first.approve(first.submit(spec(f"org/m{number}"), who="v").id, who="m")

    def drain(name: str) -> list[str]:
        mine = Queue(LocalStore(folder), MemoryStore())
        claimed = []
        while submission := mine.claim(name, HOUR):
            claimed.append(submission.id)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(drain, ["w1", "w2", "w3", "w4"]))
    everything = [submission_id for claimed in claims for submission_id in claimed]
    assert len(everything) == len(set(everything)) == 12
