"""No flood gets past the limits: counted in the store, so that tabs, pages and threads make no difference."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.spec import ModelSpec
from store import Store
from store.local import LocalStore
from store.memory import MemoryStore
from store.update import Snapshot
from submissions.errors import QueueError, StillChecking, TooMany
from submissions.limits import DAY, HOUR, VISITOR, Allowance, Limits, told
from submissions.record import OPEN, Status, Submission, load_submission
from submissions.stored import Queue
from submissions.turns import Turns
from tests.attacks import Attacks

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SMALL = Limits(
    person=Allowance(open=2, hour=3, day=5),
    organisation=Allowance(open=3, hour=4, day=6),
    pending=4,
    commits=5,
    quota=9,
)


class World:
    """A queue with limits, on a clock that a test turns."""

    def __init__(self, limits: Limits | None, make: Callable[[], Store] | None = None) -> None:
        self.at = NOON
        self.numbers = itertools.count(1)
        self.store = make() if make else MemoryStore(now=lambda: self.at)
        self.queue = self.another(limits)

    def another(self, limits: Limits | None) -> Queue:
        """One more queue on the same store: another page."""
        return Queue(
            self.store,
            MemoryStore(),
            limits=limits,
            now=lambda: self.at,
            random_hex=lambda digits: f"{next(self.numbers):0{digits}x}",
        )

    def submit(self, who: str, owner: str = "org", *, maintainer: bool = False) -> Submission:
        return self.queue.submit(self.spec(owner), who=who, maintainer=maintainer)

    def spec(self, owner: str = "org") -> ModelSpec:
        return ModelSpec(model=f"{owner}/m{next(self.numbers)}", revision="ab" * 20)

    def stored(self) -> list[Submission]:
        snapshot = Snapshot(self.store, self.store.head())
        return [load_submission(snapshot.read(path)) for path in snapshot.list() if path.endswith(".json")]


def test_a_full_limit_says_what_it_is_and_when_it_opens() -> None:
    world = World(Limits(person=Allowance(open=0, hour=2, day=3)))
    for _ in range(2):
        world.submit("alice")
    world.at += timedelta(minutes=10)
    with pytest.raises(TooMany, match=r"한 시간: 2개까지입니다. 2026-11-23 22:00 KST부터") as refused:
        world.submit("Alice")  # the Hub's names are the same in capitals
    assert "submissions of one person within an hour: at most 2" in refused.value.english
    world.submit("bob")
    world.at = NOON + HOUR
    world.submit("alice")
    with pytest.raises(TooMany, match=r"하루: 3개까지입니다. 2026-11-24 21:00 KST부터"):
        world.submit("alice")
    world.at = NOON + DAY
    world.submit("alice")


def test_closed_submissions_count_for_the_hour_and_not_as_open() -> None:
    world = World(Limits(person=Allowance(open=1, hour=3, day=0)))
    for _ in range(3):
        submission = world.submit("alice")
        with pytest.raises(TooMany, match=r"끝나지 않은 것: 1개까지입니다. 앞선 제출이 처리되면"):
            world.submit("alice")
        world.queue.withdraw(submission.id, who="alice")
    with pytest.raises(TooMany, match="한 시간: 3개까지"):
        world.submit("alice")


def test_a_submitters_change_counts_as_a_submission_for_the_hour_and_the_day(attacks: Attacks) -> None:
    world = World(Limits(person=Allowance(open=1, hour=4, day=0), pending=1))
    submission = world.submit("alice")
    specs = [submission.spec.model_copy(update={"truncate_dim": number}) for number in range(1, 6)]
    for spec in specs[:3]:  # at the limit of open ones, and of pending ones
        world.queue.change(submission.id, spec, who="Alice")
    with pytest.raises(TooMany, match="한 시간: 4개까지"):
        world.queue.change(submission.id, specs[3], who="alice")
    with pytest.raises(TooMany, match="끝나지 않은 것"):
        world.submit("alice")
    world.queue.change(submission.id, specs[3], who="maintainer", maintainer=True)
    world.at += HOUR
    world.queue.change(submission.id, specs[4], who="alice")
    attacks.held("the page", "changes of a submission beyond a limit")


def test_changes_take_from_the_share_of_the_hours_commits() -> None:
    world = World(Limits(commits=2))
    submission = world.submit("alice")
    world.queue.change(submission.id, submission.spec.model_copy(update={"truncate_dim": 8}), who="alice")
    with pytest.raises(TooMany, match="모든 사람의 제출, 한 시간"):
        world.queue.change(submission.id, submission.spec, who="alice")
    world.queue.withdraw(submission.id, who="alice")
    with pytest.raises(TooMany, match="모든 사람의 제출, 한 시간"):
        world.submit("bob", "another")


def test_one_that_waits_for_an_answer_still_counts_as_open_and_pending() -> None:
    world = World(Limits(person=Allowance(open=1, hour=0, day=0), pending=1))
    world.queue.ask(world.submit("alice").id, who="maintainer", question="Why?")
    with pytest.raises(TooMany, match="끝나지 않은 것"):
        world.submit("alice")
    with pytest.raises(TooMany, match="승인을 기다리는 제출"):
        world.submit("bob")


def test_an_organisation_is_limited_whoever_submits() -> None:
    world = World(Limits(organisation=Allowance(open=2, hour=0, day=0)))
    world.submit("alice", "Org")
    world.submit("bob", "org")
    with pytest.raises(TooMany, match="submissions of models of org"):
        world.submit("carol", "ORG")
    world.submit("carol", "other")


def test_maintainers_and_queues_without_limits_are_exempt() -> None:
    world = World(Limits(person=Allowance(open=1, hour=1, day=1), pending=1, commits=1, quota=2))
    for _ in range(5):
        world.submit("maintainer", maintainer=True)
    with pytest.raises(TooMany):
        world.submit("alice")
    assert len(world.stored()) == 5
    world.another(None).submit(world.spec(), who="the command line")


def test_the_rest_of_the_hours_commits_is_kept_for_workers_and_maintainers(attacks: Attacks) -> None:
    world = World(Limits(person=Allowance(open=0, hour=0, day=0), organisation=Allowance(open=0, hour=0, day=0)))
    refused = 0
    for number in range(150):
        try:
            world.submit(f"person-{number}", f"org-{number}")
        except TooMany:
            refused += 1
    made = world.store.log(500)
    assert len(made) - 1 == 40  # of the 100 that the Hub takes
    pending = world.queue.listing().submissions
    for submission in pending[:30]:
        world.queue.approve(submission.id, who="maintainer")
        assert world.queue.claim("worker", HOUR) is not None
    world.at += HOUR
    world.submit("person-0")
    attacks.held("the page", "submissions by many people beyond their share of the hour's commits", refused)


def test_where_the_hours_commits_are_used_up_nothing_is_submitted() -> None:
    world = World(Limits(quota=10))
    for _ in range(4):
        submission = world.submit("maintainer", maintainer=True)
        world.queue.approve(submission.id, who="maintainer")
        world.queue.withdraw(submission.id, who="maintainer", maintainer=True)
    with pytest.raises(TooMany, match="commits to the store within an hour: at most 10"):
        world.submit("alice")


people = st.sampled_from(["alice", "ALICE", "bob", VISITOR])
owners = st.sampled_from(["org", "Org", "lab"])
steps = st.one_of(
    st.tuples(st.just("submit"), people, owners, st.booleans()),
    st.tuples(st.just("wait"), st.integers(0, 100), st.none(), st.none()),
    st.tuples(st.just("withdraw"), st.integers(0, 9), st.none(), st.none()),
    st.tuples(st.just("approve"), st.integers(0, 9), st.none(), st.none()),
)


def laws_hold(world: World) -> None:
    """Every limit of SMALL, counted from the files alone: at no moment was there one too many."""
    made = sorted(world.stored(), key=lambda s: s.submitted_at)
    for who, allowance in (
        (lambda s: s.submitted_by.lower(), SMALL.person),
        (lambda s: s.spec.model.split("/")[0].lower(), SMALL.organisation),
    ):
        still_open = Counter(who(s) for s in made if s.status in OPEN)
        assert max(still_open.values(), default=0) <= allowance.open
        for last in made:
            for window, limit in ((HOUR, allowance.hour), (DAY, allowance.day)):
                within = [s for s in made if timedelta(0) <= last.submitted_at - s.submitted_at < window]
                assert sum(who(s) == who(last) for s in within) <= limit
    for last in made:
        assert sum(timedelta(0) <= last.submitted_at - s.submitted_at < HOUR for s in made) <= SMALL.commits
    assert sum(s.status is Status.PENDING for s in made) <= SMALL.pending


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=40))
def test_no_interleaving_of_submitters_exceeds_a_limit(attacks: Attacks, script: list[tuple]) -> None:  # type: ignore[type-arg]
    world = World(SMALL)
    pages = [world.queue, world.another(SMALL)]
    refused = 0
    for deed, what, owner, other_page in script:
        ids = sorted(s.id for s in world.stored())
        try:
            if deed == "submit":
                pages[other_page].submit(world.spec(owner), who=what)
            elif deed == "wait":
                world.at += timedelta(minutes=what)
            elif ids:
                chosen = ids[what % len(ids)]
                if deed == "approve":
                    pages[0].approve(chosen, who="m")
                else:
                    pages[0].withdraw(chosen, who="m", maintainer=True)
        except QueueError as error:
            refused += isinstance(error, TooMany)
    laws_hold(world)
    attacks.held("the page", "submissions beyond a limit, in any order", refused)


@pytest.mark.parametrize("local", [False, True])
def test_two_pages_and_many_tabs_on_one_store_do_not_get_past_a_limit(
    local: bool, tmp_path: Path, attacks: Attacks
) -> None:
    world = World(
        Limits(person=Allowance(open=5, hour=0, day=0), commits=0, quota=0),
        (lambda: LocalStore(tmp_path / "requests.git")) if local else None,
    )
    pages = [world.queue, world.another(world.queue.limits)]
    specs = [world.spec() for _ in range(40)]
    begin, outcomes = threading.Barrier(8), list[str]()

    def tab(number: int) -> None:
        begin.wait()
        for spec in specs[number::8]:
            try:
                pages[number % 2].submit(spec, who="alice")
                outcomes.append("accepted")
            except TooMany:
                outcomes.append("refused")

    threads = [threading.Thread(target=tab, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"accepted": 5, "refused": 35}
    assert len(world.stored()) == 5
    attacks.held("the page", "submissions beyond a limit, in a race of two pages", 35)


def test_a_check_that_fails_ends_the_turn() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="no"), turns.of("alice"):
        raise ValueError("no")
    with turns.of("alice"), pytest.raises(StillChecking), turns.of("alice"):
        pass


def test_what_is_left_is_told_before_one_submits() -> None:
    world = World(SMALL)
    world.submit("alice")
    korean, english = told(SMALL, world.stored(), "alice", world.at)
    assert korean == "지금 1개 더 제출할 수 있습니다 (끝나지 않은 제출 1/2, 한 시간 1/3, 하루 1/5)."
    assert english == "You may submit 1 more now (open 1/2, this hour 1/3, this day 1/5)."
    nothing = Allowance(open=0, hour=0, day=0)
    free = Limits(person=nothing, organisation=nothing, pending=0, commits=0, quota=0)
    assert told(free, world.stored(), "alice", world.at)[1] == "You may submit now."
