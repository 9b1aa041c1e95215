"""The queue in a store: each verb one commit, whoever else writes at the same time."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator.records import dump_result
from evaluator.spec import ModelSpec, result_path
from store import Changes
from store.errors import OutcomeUnknown
from store.local import LocalStore
from store.memory import MemoryStore
from submissions.claims import MARGIN
from submissions.errors import (
    AlreadyEvaluated,
    AlreadySubmitted,
    IllegalTransition,
    LeaseLost,
    NotTogether,
    QueueError,
    UnknownSubmission,
)
from submissions.layout import closed_paths
from submissions.record import ResultReference, Status, Submission
from submissions.stored import Queue
from tests.leaderboard_data.examples import measured

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.at = NOON
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    numbers = itertools.count(1)
    return Queue(
        MemoryStore(),
        MemoryStore(),
        now=clock,
        monotonic=lambda: clock.seconds,
        random_hex=lambda digits: f"{next(numbers):0{digits}x}",
    )


def spec(name: str = "org/model") -> ModelSpec:
    return ModelSpec(model=name, revision="ab" * 20)


def float16(name: str = "org/model") -> ModelSpec:
    """The same model with another setting."""
    return spec(name).model_copy(update={"precision": "float16"})


def has_result(queue: Queue, name: str = "org/model") -> ResultReference:
    path = result_path(spec(name))
    content = dump_result(measured(spec=spec(name)))
    revision = queue.results.commit({path: content}, "Publish", queue.results.head())
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
    assert set(queue.requests.list()) == {
        submission.path.replace("open/", "closed/2026-11/"),
        f"logs/2026-11/{submission.id}.txt",
    }


def titles(queue: Queue, count: int) -> list[str]:
    """The first lines of the newest commits, oldest first."""
    return [commit.message.splitlines()[0] for commit in reversed(queue.requests.log(count))]


def test_every_verb_is_one_commit_that_says_what_it_did_and_who(queue: Queue) -> None:
    submission = queue.submit(spec(), who="visitor")
    at = submission.id
    queue.set_priority(at, who="m", priority=2)
    queue.ask(at, who="m", question="Which prompt?")
    queue.change(at, float16(), who="Visitor")
    queue.answer(at, who="visitor", text="This one.")
    queue.approve(at, who="m")
    claimed = queue.claim("w", HOUR)
    assert claimed is not None
    assert claimed.lease is not None
    queue.set_priority(at, who="m", priority=1)
    queue.beat(at, nonce=claimed.lease.nonce, lease=HOUR)
    queue.release_stuck(at, who="m", why="no word of it")
    taken = queue.claim("w\n", HOUR)
    assert taken is not None
    assert taken.lease is not None
    queue.fail(at, nonce=taken.lease.nonce, failure="gated", message="Ask for access.")
    queue.ask_retry(at, who="visitor", why="It is open now.")
    queue.retry(at, who="m", why="It is.")
    queue.withdraw(at, who="visitor")
    deeds = [
        *("Submit by visitor", "Set the priority of by m", "Ask about by m", "Change by Visitor"),
        *("Answer about by visitor", "Queue by m", "Claim by w", "Set the priority of by m", "Renew the lease of by w"),
        *("Take from its worker by m", "Claim by w", "Fail by w", "Ask for another try of by visitor", "Retry by m"),
        "Withdraw by visitor",
    ]
    split = [deed.rpartition(" by ") for deed in deeds]
    assert titles(queue, len(deeds)) == [f"{deed} {at} org/model, by {who}" for deed, _, who in split]
    assert len(queue.requests.log(100)) == len(deeds) + 1


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


def test_a_result_under_another_spelling_of_the_name_is_a_result(queue: Queue) -> None:
    has_result(queue)
    with pytest.raises(AlreadyEvaluated):
        queue.submit(spec("ORG/Model"), who="visitor")
    other = spec("ORG/Model").model_copy(update={"precision": "float16"})
    assert queue.submit(other, who="visitor").status is Status.PENDING


def test_a_rerun_is_not_finished_by_the_run_before_it(queue: Queue, clock: Clock) -> None:
    submission = queue.approve(queue.submit(spec(), who="v").id, who="m")

    def published(day: int) -> None:
        path = result_path(spec())
        content = dump_result(measured(spec=spec(), submission=submission.id, at=NOON + day * DAY))
        queue.results.commit({path: content}, "Publish", queue.results.head())

    def seen_through() -> Submission:
        """A worker claims it and vanishes; another one takes it back, and finishes it if the result is there."""
        assert queue.claim("w", HOUR) is not None
        queue.reclaim_expired("another")
        clock.seconds += 2 * 3600
        return queue.reclaim_expired("another")[0]

    published(1)
    assert seen_through().status is Status.FINISHED
    queue.rerun(submission.id, who="m", why="stale data")
    back = seen_through()
    assert (back.status, back.result, len(back.earlier_runs)) == (Status.QUEUED, None, 1)
    published(2)
    assert seen_through().status is Status.FINISHED


def test_several_are_decided_about_in_one_commit_or_not_at_all(queue: Queue) -> None:
    ids = [queue.submit(spec(f"org/m{number}"), who="v").id for number in range(3)]
    before = queue.requests.head()
    queue.ask(ids[1], who="m", question="Why?")
    asked = queue.requests.head()
    with pytest.raises(NotTogether, match=f"{ids[1]}: .*WAITING") as refused:
        queue.together(ids, lambda queue, each: queue.approve(each, who="m"))
    assert refused.value.submission_id == ids[1]
    assert "None of the submissions was changed" in refused.value.english
    assert queue.requests.head() == asked != before
    done = queue.together([ids[2], ids[0], ids[2]], lambda queue, each: queue.approve(each, who="m", priority=4))
    assert [(s.id, s.status, s.priority) for s in done] == [(each, Status.QUEUED, 4) for each in (ids[2], ids[0])]
    assert queue.requests.log(2)[1].revision == asked
    message = queue.requests.log(1)[0].message
    assert message.startswith(f"Queue {ids[2]} org/m2, by m (and 1 more)\n\nQueue {ids[0]} org/m0, by m\n\nUpdate-Id: ")
    queue.together(ids, lambda queue, each: queue.withdraw(each, who="V"))
    assert set(queue.requests.list()) == {closed_paths(each)[0] for each in ids}
    for wrong in ([], [f"20261123T120000Z-{number:06x}" for number in range(201)]):
        with pytest.raises(QueueError, match="at most 200"):
            queue.together(wrong, lambda queue, each: queue.approve(each, who="m"))
    with pytest.raises(NotTogether, match="There is no submission"):
        queue.together(["../x"], lambda queue, each: queue.approve(each, who="m"))


def test_of_several_each_sees_what_the_ones_before_it_did(queue: Queue) -> None:
    """Two that differ in the trust in their code alone become the same spec when both are trusted."""
    trusted = spec().model_copy(update={"trust_remote_code": True})
    first = queue.submit(spec(), who="v")
    second = queue.submit(trusted, who="m")
    queue.withdraw(second.id, who="m")
    third = queue.submit(float16(), who="v")

    def retried(queue: Queue, each: str) -> None:
        if each == first.id:
            queue.approve(each, who="m", trust=True)
        else:
            queue.change(each, trusted, who="m", maintainer=True)

    with pytest.raises(NotTogether, match="in the queue already"):
        queue.together([first.id, third.id], retried)
    assert queue.find(first.id).status is Status.PENDING


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
    clock.at = NOON + 1000 * HOUR  # the wall clock does not matter
    before = queue.requests.head()
    assert queue.reclaim_expired("w9") == ()
    clock.seconds += 2 * MARGIN * 3600 + 1
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


def test_several_whose_answer_was_lost_are_decided_about_once() -> None:
    store = Losing()
    queue = Queue(store, MemoryStore())
    ids = [queue.submit(spec(f"org/m{number}"), who="v").id for number in range(2)]
    other = Queue(store, MemoryStore())
    store.lose = 1
    store.meanwhile = lambda: other.withdraw(ids[0], who="v")  # before we look
    done = queue.together(ids, lambda queue, each: queue.approve(each, who="m"))
    assert [s.status for s in done] == [Status.QUEUED, Status.QUEUED]
    assert [len(queue.find(each).history) for each in ids] == [3, 2]


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
