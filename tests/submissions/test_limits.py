"""No flood gets past the limits: counted in the store, so that tabs, pages and threads make no difference."""

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.spec import ModelSpec
from settings import Settings
from store import Store
from store.local import LocalStore
from store.memory import MemoryStore
from store.update import Snapshot
from submissions import view
from submissions.checks import CheckedModel
from submissions.errors import QueueError, StillChecking, TooMany
from submissions.limits import DAY, HOUR, VISITOR, Allowance, Limits, limits_of, told
from submissions.live import LiveQueue
from submissions.record import OPEN, ModelMetadata, Status, Submission, load_submission
from submissions.session import SessionTokens
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


class Hub:
    """Takes the place of the check on the Hub, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.slow: threading.Event | None = None
        self.begun = threading.Event()

    def __call__(self, model: str, _revision: str | None = None) -> CheckedModel:
        self.asked += 1
        self.begun.set()
        if self.slow:
            assert self.slow.wait(30)
        return CheckedModel(model=model, revision="ab" * 20, metadata=ModelMetadata())


@pytest.fixture
def hub_answers(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr(view, "check_model", hub)
    monkeypatch.setattr(view, "with_parts", lambda spec: spec)
    return hub


def handler(live: LiveQueue) -> Callable[..., tuple[str, str]]:
    """The function behind the page's button, as the page itself registers it, called from one session of the page."""
    tokens = SessionTokens()
    request = SimpleNamespace(session_hash="a session", request=SimpleNamespace(scope={}))

    async def made() -> gr.Blocks:  # Gradio makes event loops, and does not close them, where none runs
        with gr.Blocks() as blocks:
            view.submit_tab(blocks, live, login=False, maintainers=frozenset(), tokens=tokens)
        return blocks

    blocks = asyncio.run(made())
    on_submit: Any = next(each.fn for each in blocks.fns.values() if each.name == "on_submit")

    def called(model: str, revision: str, precision: str, note: str, profile: None) -> tuple[str, str]:
        answer: tuple[str, str] = on_submit(model, revision, precision, note, tokens.issue(request), profile, request)
        return answer

    return called


def test_a_flood_through_the_pages_own_handler_is_held_by_the_limits(hub_answers: Hub, attacks: Attacks) -> None:
    requests = MemoryStore()
    live = LiveQueue(Queue(requests, MemoryStore(), limits=limits_of(Settings())), 3600)
    live.refresh()
    submit = handler(live)
    answers = [submit(f"org-{number}/model", "", "auto", "", None) for number in range(1600)]
    accepted = [message for message, _ in answers if "접수했습니다" in message]
    assert len(accepted) == 5
    assert len(requests.list("open")) == 5
    assert hub_answers.asked == 5, "who is over the limit causes no request to the Hub"
    assert "5개까지입니다" in answers[-1][0]
    assert "You may submit 4 more now" in answers[0][1]
    assert "at most 5" in answers[-1][1]
    attacks.held("the page", "submissions in a flood by one visitor", 1595)


def test_a_flood_of_many_people_takes_no_more_than_its_share(hub_answers: Hub, attacks: Attacks) -> None:
    requests = MemoryStore()
    live = LiveQueue(Queue(requests, MemoryStore(), limits=limits_of(Settings())), 3600)
    live.refresh()
    turns = Turns(4)
    for number in range(1600):
        view.submit(live, turns, f"org-{number}/model", "", "auto", "", f"person-{number}")
    assert len(requests.log(1000)) - 1 == 40
    assert hub_answers.asked == 40
    told_maintainer = view.submit(live, turns, "org/model", "", "auto", "", "boss", maintainer=True)
    assert "접수했습니다" in told_maintainer
    attacks.held("the page", "submissions by many people beyond their share of the hour's commits", 1560)


def test_one_check_of_a_model_at_a_time_per_person(hub_answers: Hub, attacks: Attacks) -> None:
    live = LiveQueue(Queue(MemoryStore(), MemoryStore(), limits=Limits()), 3600)
    turns = Turns(2)
    hub_answers.slow = threading.Event()

    def of(who: str, **named: bool) -> str:
        return view.submit(live, turns, f"org/{who}", "", "auto", "", who, **named)

    first = threading.Thread(target=of, args=("alice",))
    first.start()
    assert hub_answers.begun.wait(30)
    for _ in range(100):
        assert "being checked for you already" in of("Alice")
    with turns.of("bob"):
        for number in range(100):
            assert "Many models are being checked now" in of(f"person-{number}")
    assert hub_answers.asked == 1
    with turns.of("bob"), turns.of("maintainer", maintainer=True):
        assert "Many models" in of("carol")
    hub_answers.slow.set()
    first.join()
    assert "접수했습니다" in of("carol")
    attacks.held("the page", "checks of a model while another one runs", 200)


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
