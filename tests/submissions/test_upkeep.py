"""A store of years: folders by month, also in a store of the former layout, and a history that is squashed."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from evaluator.spec import ModelSpec
from store import Changes, Repository
from store.errors import Conflict, Gone, OutcomeUnknown
from store.hub import HubStore
from store.local import LocalStore
from store.memory import MemoryStore
from store.update import Change, Snapshot, update
from submissions import queue as verbs
from submissions.layout import UPKEEP_PATH, former_path, state_at
from submissions.record import Status, Submission, dump_submission
from submissions.stored import Queue
from submissions.upkeep import FEWEST_COMMITS, Upkeep
from tests.hub.faults import Faults
from tests.hub.repositories import Repositories
from tests.store.test_behaviour import new_hub_store

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
_numbers = itertools.count()


@pytest.fixture(params=["memory", "local", "hub"])
def requests(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    if request.param == "hub":
        return new_hub_store(request.getfixturevalue("hub"))
    return LocalStore(tmp_path / "requests.git") if request.param == "local" else MemoryStore()


def closed(day: datetime, number: int) -> Submission:
    spec = ModelSpec(model=f"org/model-{number}", revision="ab" * 20)
    made = verbs.submit([], spec, new_id=verbs.submission_id(day, f"{number:06x}"), who="v", at=day, has_result=False)
    return verbs.reject(made, who="m", at=day, why="no")


def tidied(requests: Repository) -> list[str]:
    upkeep = Upkeep(requests, every=None, monotonic=lambda: 0.0)
    return list(iter(upkeep.step, ""))


def test_a_store_of_the_former_layout_is_read_goes_on_and_is_moved(requests: Repository) -> None:
    ended = [closed(NOON - timedelta(days=20 * n), n) for n in range(12)]
    files: dict[str, bytes | None] = {former_path(each.id): dump_submission(each) for each in ended}
    files |= {f"logs/{each.id}.txt": b"the end\n" for each in ended[:3]}
    requests.commit(files, "the former layout", requests.head())
    queue = Queue(requests, MemoryStore(), now=lambda: NOON)

    def check(most: int) -> None:
        assert [each.id for each in queue.listing(closed=most).submissions] == [each.id for each in ended[:most]]
        assert not queue.listing(closed=most).unreadable
        assert queue.find(ended[5].id) == ended[5]
        snapshot = Snapshot(requests, requests.head())
        assert [each.id for each in queue.counted(snapshot)] == [ended[0].id]

    check(12)
    check(5)
    # What happens to one of them moves it.
    again = queue.retry(ended[7].id, who="maintainer")
    assert former_path(again.id) not in requests.list()
    queue.reject(again.id, who="maintainer", why="still no")
    assert again.path in requests.list("open") or queue.find(again.id).path in requests.list("closed")
    assert former_path(again.id) not in requests.list()
    ended[7] = queue.find(again.id)
    check(12)
    assert len(tidied(requests)) == 2
    names = requests.list()
    assert state_at(Snapshot(requests, requests.head())).layout == 2
    assert {path for path in names if path != UPKEEP_PATH} == {each.path for each in ended} | {
        f"logs/{each.id[:4]}-{each.id[4:6]}/{each.id}.txt" for each in ended[:3]
    }
    check(12)
    check(5)
    assert tidied(requests) == []


def test_moving_is_done_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("submissions.upkeep.MOVED_AT_ONCE", 3)
    requests = MemoryStore()
    ended = [closed(NOON - timedelta(days=n), n) for n in range(7)]
    requests.commit({former_path(s.id): dump_submission(s) for s in ended}, "former", requests.head())
    assert len(tidied(requests)) == 4
    assert set(requests.list("closed")) == {each.path for each in ended}


def test_a_year_of_submissions_makes_no_folder_of_ten_thousand_and_lists_what_is_new(faults: Faults) -> None:
    """Two hundred a day: of the whole store, a look lists two months."""
    requests = MemoryStore()
    days = [NOON - timedelta(days=n) for n in range(365)]
    paths = {closed(day, 0).path[:-11] + f"{n:06x}.json": b"x" for day in days for n in range(200)}
    folders: dict[str, int] = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        folders[folder] = folders.get(folder, 0) + 1
    assert len(paths) == 73_000
    assert max(folders.values()) < 10_000
    real = [closed(day, 999) for day in days]
    requests.commit({**paths, **{s.path: dump_submission(s) for s in real}}, "a year", requests.head())
    tidied(requests)
    asked: list[str] = []
    original = requests.list

    def listing(prefix: str = "", revision: str | None = None) -> dict[str, str]:
        asked.append(prefix)
        return original(prefix, revision)

    requests.list = listing  # type: ignore[method-assign]
    queue = Queue(requests, MemoryStore(), now=lambda: NOON)
    queue.listing(closed=200)
    queue.counted(Snapshot(requests, requests.head()))
    assert queue.find(real[-1].id) == real[-1]
    assert "closed" not in asked
    assert faults is not None


def many(requests: Repository, count: int = 12) -> None:
    for number in range(count):
        update(requests, lambda _, n=number: Change({"open/x": f"{n}".encode()}, f"Write {n}"))  # type: ignore[misc]


def test_the_history_is_squashed_when_it_is_due_and_only_then(requests: Repository) -> None:
    at = [NOON]
    upkeep = Upkeep(requests, every=timedelta(days=30), monotonic=lambda: 0.0, now=lambda: at[0], fewest=10)
    queue = Queue(requests, MemoryStore(), now=lambda: NOON)
    submission = queue.submit(ModelSpec(model="org/model", revision="ab" * 20), who="visitor")
    list(iter(upkeep.step, ""))
    assert len(requests.log(100)) < 10, "too short a history is left"
    many(requests)
    before = requests.head()
    files = {path: requests.read(path) for path in requests.list()}
    marks = [line for c in requests.log(5) for line in c.message.splitlines() if line.startswith("Update-Id")]
    assert "squashed" in upkeep.step()
    (only,) = requests.log(100)
    assert set(marks) <= set(only.message.splitlines())
    kept = {path: requests.read(path) for path in requests.list() if path != UPKEEP_PATH}
    assert kept == {path: content for path, content in files.items() if path != UPKEEP_PATH}
    fresh = HubStore(requests._repo_id, SecretStr("hf_behaviour")) if isinstance(requests, HubStore) else requests
    if not isinstance(requests, LocalStore):  # which keeps the objects that it has
        with pytest.raises(Gone):
            fresh.read("open/x", before)
    with pytest.raises(Conflict):
        requests.commit({"a": b"1"}, "on what was", before)
    assert upkeep.step() == ""
    many(requests)
    assert upkeep.step() == "", "a month is not over"
    at[0] += timedelta(days=31)
    assert "squashed" in upkeep.step()
    assert queue.find(submission.id) == submission
    assert queue.approve(submission.id, who="maintainer").status is Status.QUEUED


def test_of_two_idle_workers_one_squashes(requests: Repository) -> None:
    many(requests)
    tidied(requests)
    made = [Upkeep(requests, every=timedelta(days=1), monotonic=lambda: 0.0, now=lambda: NOON, fewest=5) for _ in "ab"]
    assert [bool(each.step()) for each in made] == [True, False]


def test_a_verb_amid_which_the_history_is_squashed_is_done_once(requests: Repository) -> None:
    many(requests)
    tidied(requests)
    upkeep = Upkeep(requests, every=timedelta(days=1), monotonic=lambda: 0.0, now=lambda: NOON, fewest=5)
    seen: list[str] = []

    def change(snapshot: Snapshot) -> Change:
        seen.append(snapshot.revision)
        if len(seen) == 1:
            assert upkeep.step()
        count = int(snapshot.read("count")) if snapshot.exists("count") else 0
        return Change({"count": str(count + 1).encode()}, "Count")

    update(requests, change, sleep=lambda _: None)
    assert requests.read("count") == b"1"
    assert len(set(seen)) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_lost_answer_is_found_in_a_squashed_history(
    moment: str, requests: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(requests)
    tidied(requests)
    upkeep = Upkeep(requests, every=timedelta(days=1), monotonic=lambda: 0.0, now=lambda: NOON, fewest=5)
    commit: Callable[[Changes, str, str], str] = requests.commit
    lost: list[str] = []

    def losing(changes: Changes, message: str, parent: str) -> str:
        if "Count" in message and not lost:
            lost.append(message)
            if moment == "after":
                commit(changes, message, parent)
            assert upkeep.step()
            raise OutcomeUnknown("the answer was lost")
        return commit(changes, message, parent)

    monkeypatch.setattr(requests, "commit", losing)

    def count(snapshot: Snapshot) -> Change:
        found = int(snapshot.read("count")) if snapshot.exists("count") else 0
        return Change({"count": str(found + 1).encode()}, "Count")

    if moment == "after":
        update(requests, count, sleep=lambda _: None)
        assert requests.read("count") == b"1"
    else:  # whether it was made cannot be known any more: nothing is made twice
        with pytest.raises(OutcomeUnknown):
            update(requests, count, sleep=lambda _: None)
        assert "count" not in requests.list()


def test_a_policy_that_is_gone_with_its_revision_is_not_taken_for_none(hub: Repositories) -> None:
    requests = new_hub_store(hub)
    queue = Queue(requests, MemoryStore())
    queue.policies.opt_out("org/model", who="m", maintainer=True)
    old = Snapshot(new_hub_store(hub), requests.head())
    old.store = requests
    requests.squash("all", requests.head())
    fresh = Queue(requests, MemoryStore())
    with pytest.raises(Gone):
        fresh.policies.at(old)
    assert fresh.policies.current().opt_out_of("org/model") is not None


def test_an_idle_worker_looks_once_an_hour() -> None:
    requests, seconds = MemoryStore(), [0.0]
    upkeep = Upkeep(requests, every=timedelta(days=30), monotonic=lambda: seconds[0])
    assert upkeep.when_idle()
    asked = requests.head()
    assert upkeep.when_idle() == ""
    requests.head = lambda: pytest.fail("asked")  # type: ignore[method-assign]
    seconds[0] = 3599.0
    assert upkeep.when_idle() == ""
    assert FEWEST_COMMITS > 100
    assert asked
