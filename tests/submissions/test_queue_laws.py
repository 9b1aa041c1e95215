"""Any interleaving of people and workers, with crashes and clocks that are wrong, keeps the laws of the queue.

Hypothesis plays visitors, a maintainer and three workers against the real queue on a store; after every step the laws
are checked on what is stored. Each worker has a clock of its own, which may be a year ahead or behind.
"""

import itertools
import tempfile
from collections.abc import Callable, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from evaluator.errors import FAILURE_CLASSES
from evaluator.records import dump_result, load_result
from evaluator.spec import ModelSpec, result_path
from store import Store
from store.local import LocalStore
from store.memory import MemoryStore
from submissions.claims import MARGIN, MAX_ATTEMPTS
from submissions.errors import AlreadyEvaluated, AlreadySubmitted, IllegalTransition, LeaseLost, NotTogether
from submissions.kept import runs_of
from submissions.names import identity
from submissions.record import OPEN, UNDECIDED, Status, Submission, load_submission
from submissions.stored import Queue
from submissions.transitions import NOTED, TRANSITIONS
from tests.attacks import Attacks
from tests.leaderboard_data.examples import MOMENT, measured

LEASE = timedelta(minutes=30)
MODELS = [ModelSpec(model=f"org/model-{number}", revision="ab" * 20) for number in range(4)]
workers = st.sampled_from(["w1", "w2", "w3"])
models = st.sampled_from(MODELS)


def anyone_holds(machine: "QueueMachine") -> bool:
    """Whether a worker believes to hold a lease."""
    return any(machine.held.values())


def any_is(*states: Status) -> Callable[["QueueMachine"], bool]:
    """Whether a submission is in one of `states`."""
    return lambda machine: any(s.status in states for s in machine.stored())


class QueueMachine(RuleBasedStateMachine):
    """What the workers believe is in `held`: also leases that they lost without knowing."""

    def make_store(self) -> Store:
        return MemoryStore()

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self.seconds = 0.0  # what really passes
        self.numbers = itertools.count(1)
        self.skew = dict.fromkeys(("w1", "w2", "w3"), timedelta(0))
        self.queue = self.observer(self.make_store(), MemoryStore(), None)
        self.queues = {name: self.observer(self.queue.requests, self.queue.results, name) for name in self.skew}
        self.renewed: dict[str, float] = {}  # id -> when its lease was claimed or renewed last
        self.held: dict[str, list[tuple[str, str]]] = {"w1": [], "w2": [], "w3": []}
        self.seen: dict[str, tuple[Any, ...]] = {}  # id -> the history it had when last looked at
        self.read = ""  # the revision at which `files` are
        self.files: dict[str, Submission] = {}

    def observer(self, requests: Store, results: Store, worker: str | None) -> Queue:
        """A queue as one process has it: with its own clock, and its own memory of what it saw."""
        return Queue(
            requests,
            results,
            now=lambda: self.at + self.skew.get(worker or "", timedelta(0)),
            monotonic=lambda: self.seconds,
            random_hex=lambda digits: f"{next(self.numbers):0{digits}x}",
        )

    # people

    @initialize(count=st.integers(1, 4), ended=st.sampled_from([None, "finished", "failed"]))
    def some_are_queued(self, count: int, ended: str | None) -> None:
        """The first of them may have been seen through."""
        for model in MODELS[:count]:
            self.queue.approve(self.queue.submit(model, who="visitor").id, who="maintainer")
        claimed = self.queue.claim("w1", LEASE) if ended else None
        if claimed is None or claimed.lease is None:
            return
        if ended == "failed":
            self.queue.fail(claimed.id, nonce=claimed.lease.nonce, failure="gated", message="m")
        else:
            self.publish_all(self.queue, claimed.id, claimed.lease.nonce)

    @rule(model=models, force=st.booleans())
    def submit(self, model: ModelSpec, force: bool) -> None:
        is_open = [s for s in self.stored() if s.status in OPEN and s.spec == model]
        try:
            submission = self.queue.submit(model, who="visitor", force=force)
        except AlreadySubmitted:
            assert is_open
        except AlreadyEvaluated:
            assert not force
            assert self.queue.results.list(result_path(model).rpartition("/")[0])
        else:
            assert not is_open
            assert submission.status is Status.PENDING

    @precondition(any_is(Status.PENDING))
    @rule(data=st.data(), priority=st.sampled_from([None, 0, 5]))
    def approve(self, data: st.DataObject, priority: int | None) -> None:
        self.decide(data, lambda s: self.queue.approve(s, who="maintainer", priority=priority), {Status.PENDING})

    @precondition(any_is(*UNDECIDED))
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.reject(s, who="maintainer", why="no"), UNDECIDED)

    @precondition(any_is(*UNDECIDED, Status.QUEUED))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.withdraw(s, who="visitor"), UNDECIDED | {Status.QUEUED})

    @precondition(any_is(Status.PENDING))
    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.ask(s, who="maintainer", question="Why?"), {Status.PENDING})

    @precondition(any_is(Status.WAITING))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.answer(s, who="visitor", text="So."), {Status.WAITING})

    @precondition(any_is(*UNDECIDED))
    @rule(data=st.data(), model=models)
    def change(self, data: st.DataObject, model: ModelSpec) -> None:
        """To a spec that another one may have."""

        def verb(submission_id: str) -> Submission:
            earlier = self.queue.find(submission_id).spec
            precision = "auto" if earlier.precision == "float16" else "float16"
            changed = model.model_copy(update={"model": earlier.model, "precision": precision})
            return self.queue.change(submission_id, changed, who="maintainer", maintainer=True)

        self.decide(data, verb, UNDECIDED)

    @precondition(any_is(*OPEN))
    @rule(data=st.data(), priority=st.integers(-1, 1))
    def set_priority(self, data: st.DataObject, priority: int) -> None:
        self.decide(data, lambda s: self.queue.set_priority(s, who="maintainer", priority=priority), OPEN)

    @precondition(any_is(Status.FAILED, Status.REJECTED))
    @rule(data=st.data(), first=st.booleans())
    def retry(self, data: st.DataObject, first: bool) -> None:
        def verb(submission_id: str) -> None:
            if first and not self.queue.find(submission_id).retry_asked:
                self.queue.ask_retry(submission_id, who="visitor", why="repaired")
            self.queue.retry(submission_id, who="maintainer")

        self.decide(data, verb, {Status.FAILED, Status.REJECTED})

    @precondition(any_is(Status.RUNNING))
    @rule(data=st.data())
    def release_stuck(self, data: st.DataObject) -> None:
        """Its worker goes on believing that it holds the lease."""
        self.decide(data, lambda s: self.queue.release_stuck(s, who="maintainer", why="hangs"), {Status.RUNNING})

    @precondition(any_is(Status.FINISHED))
    @rule(data=st.data())
    def rerun(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.rerun(s, who="maintainer", why="stale data"), {Status.FINISHED})

    @precondition(lambda self: sum(s.status is Status.PENDING for s in self.stored()) > 1)
    @rule(data=st.data(), mixed=st.booleans())
    def approve_together(self, data: st.DataObject, mixed: bool) -> None:
        """All or none."""
        offered = [s for s in self.stored() if mixed or s.status is Status.PENDING]
        chosen = data.draw(st.lists(st.sampled_from(offered), min_size=2, max_size=3, unique_by=lambda s: s.id))
        pending = {s.id for s in chosen if s.status is Status.PENDING}
        before = self.queue.requests.head()
        ids = [s.id for s in chosen]
        if pending == set(ids):
            done = self.queue.together(ids, lambda queue, s: queue.approve(s, who="maintainer"))
            assert [s.id for s in done] == ids
            assert self.queue.requests.log(2)[1].revision == before
        else:
            with pytest.raises(NotTogether) as refused:
                self.queue.together(ids, lambda queue, s: queue.approve(s, who="maintainer"))
            assert refused.value.submission_id not in pending
            assert self.queue.requests.head() == before

    def decide(self, data: st.DataObject, verb: Any, allowed: Set[Status]) -> None:
        everything = self.stored()
        # Those in whose state it may happen come twice, so that it does.
        submission = data.draw(st.sampled_from([s for s in everything if s.status in allowed] + everything))
        try:
            verb(submission.id)
        except IllegalTransition:
            assert submission.status not in allowed
        except (AlreadySubmitted, AlreadyEvaluated):
            assert submission.status in allowed & {*UNDECIDED, Status.FAILED, Status.REJECTED, Status.FINISHED}
        else:
            assert submission.status in allowed

    # workers

    @precondition(any_is(Status.QUEUED))
    @rule(worker=workers)
    def claim(self, worker: str) -> None:
        claimed = self.queues[worker].claim(worker, LEASE)
        if claimed is None:
            waiting = [s for s in self.stored() if s.status is Status.QUEUED]
            assert all(s.not_before is not None and s.not_before > self.at + self.skew[worker] for s in waiting)
        else:
            assert claimed.lease is not None
            self.renewed[claimed.id] = self.seconds
            self.held[worker].append((claimed.id, claimed.lease.nonce))

    @precondition(anyone_holds)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        def renew(queue: Queue, submission_id: str, nonce: str) -> None:
            queue.beat(submission_id, nonce=nonce, lease=LEASE)
            self.renewed[submission_id] = self.seconds

        self.with_lease(data, renew, keeps=True)

    @precondition(anyone_holds)
    @rule(data=st.data())
    def publish_and_finish(self, data: st.DataObject) -> None:
        self.with_lease(data, self.publish_all)

    @precondition(anyone_holds)
    @rule(data=st.data())
    def publish_and_crash(self, data: st.DataObject) -> None:
        self.with_lease(data, self.publish)

    @rule(worker=workers)
    def crash(self, worker: str) -> None:
        self.held[worker].clear()
        self.queues[worker] = self.observer(self.queue.requests, self.queue.results, worker)

    @precondition(anyone_holds)
    @rule(data=st.data(), failure=st.sampled_from(FAILURE_CLASSES))
    def fail(self, data: st.DataObject, failure: Any) -> None:
        self.with_lease(
            data,
            lambda q, i, n: q.fail(i, nonce=n, failure=failure, message="m", delay=timedelta(minutes=10)),
        )

    @precondition(anyone_holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self.with_lease(data, lambda q, i, n: q.release(i, nonce=n, why="stopping"))

    @rule(worker=workers)
    def reclaim(self, worker: str) -> None:
        """No lease is taken that was renewed less than its length ago, whatever the clocks say."""
        for reclaimed in self.queues[worker].reclaim_expired(worker):
            assert self.seconds - self.renewed[reclaimed.id] > LEASE.total_seconds()

    @precondition(any_is(Status.RUNNING))
    @rule(worker=workers)
    def a_dead_workers_submission_is_taken_after_one_lease_and_its_margin(self, worker: str) -> None:
        """Also by an observer who has just been started, and whose clock is wrong."""
        self.reclaim(worker)
        running = {s.id for s in self.stored() if s.status is Status.RUNNING}
        self.time_passes(MARGIN * 30 + 1)
        self.reclaim(worker)
        assert not running & {s.id for s in self.stored() if s.status is Status.RUNNING}

    @rule(minutes=st.sampled_from([1, 11, 29, 31, 600]))
    def time_passes(self, minutes: float) -> None:
        self.seconds += minutes * 60
        self.at += timedelta(minutes=minutes)

    @rule(worker=workers, minutes=st.sampled_from([31, -31, -45, 600, 525_600, -525_600, 0]))
    def clock_jumps(self, worker: str, minutes: int) -> None:
        self.skew[worker] = timedelta(minutes=minutes)

    def publish(self, queue: Queue, submission_id: str, nonce: str) -> None:
        """As the worker does it: only with the lease."""
        if not queue.holds(submission_id, nonce):
            raise LeaseLost(queue.find(submission_id))
        submission = queue.find(submission_id)
        path = result_path(submission.spec)
        at = MOMENT + timedelta(seconds=next(self.numbers))  # no two runs are the same
        content = dump_result(measured(spec=submission.spec, submission=submission.id, at=at))
        self.queue.results.commit({path: content}, "Publish", self.queue.results.head())

    def publish_all(self, queue: Queue, submission_id: str, nonce: str) -> None:
        """Publish, and finish."""
        self.publish(queue, submission_id, nonce)
        reference = queue.result_of(queue.find(submission_id))
        assert reference is not None
        queue.finish(submission_id, nonce=nonce, result=reference)

    def with_lease(self, data: st.DataObject, deed: Any, keeps: bool = False) -> None:
        """Let a worker do something with a lease that it believes to hold; refused exactly if it does not."""
        believed = [(worker, *lease) for worker, leases in sorted(self.held.items()) for lease in leases]
        worker, submission_id, nonce = data.draw(st.sampled_from(believed))
        stored = self.queue.find(submission_id)
        holds = stored.status is Status.RUNNING and stored.lease is not None and stored.lease.nonce == nonce
        try:
            deed(self.queues[worker], submission_id, nonce)
        except LeaseLost:
            assert not holds
            self.held[worker].remove((submission_id, nonce))
        else:
            assert holds
            if not keeps:
                self.held[worker].remove((submission_id, nonce))

    # the laws

    def stored(self) -> list[Submission]:
        store = self.queue.requests
        if self.read != store.head():
            self.read = store.head()
            paths = [path for path in store.list() if not path.startswith("logs/")]
            self.files = {path: load_submission(store.read(path)) for path in paths}
        return list(self.files.values())

    @invariant()
    def a_submission_is_in_exactly_one_state_and_one_file(self) -> None:
        self.stored()
        assert len({path.rpartition("/")[2] for path in self.files}) == len(self.files)
        for path, submission in self.files.items():
            assert submission.path == path
            assert (submission.lease is not None) == (submission.status is Status.RUNNING)
            assert (submission.result is not None) == (submission.status is Status.FINISHED)
            assert 0 <= submission.attempt <= MAX_ATTEMPTS

    @invariant()
    def every_transition_is_in_the_history_and_legal(self) -> None:
        for submission in self.stored():
            steps = [(event.from_status, event.to_status) for event in submission.history]
            assert steps[0] == (None, Status.PENDING)
            assert steps[-1][1] is submission.status
            assert set(steps) <= TRANSITIONS | {(status, status) for status in NOTED}
            assert all(before[1] is after[0] for before, after in itertools.pairwise(steps))

    @invariant()
    def a_spec_is_never_in_the_queue_twice(self) -> None:
        open_specs = [identity(s.spec) for s in self.stored() if s.status in OPEN]
        assert len(open_specs) == len(set(open_specs))

    @invariant()
    def nothing_disappears_and_no_history_is_rewritten(self) -> None:
        now = {s.id: s.history for s in self.stored()}
        for submission_id, history in self.seen.items():
            assert now[submission_id][: len(history)] == history
        self.seen = dict(now)

    @invariant()
    def what_is_finished_has_its_result(self) -> None:
        for submission in self.stored():
            if submission.result is not None:
                content = self.queue.results.read(submission.result.path, submission.result.revision)
                if submission.earlier_runs:  # a rerun is finished by a run that was made after it
                    assert set(runs_of(submission, load_result(content))) - set(submission.earlier_runs)

    @precondition(lambda self: self.seen)
    @rule()
    def the_listing_shows_everything(self) -> None:
        listing = self.queue.listing()
        assert {s.id for s in listing.submissions} == set(self.seen)
        assert listing.unreadable == {}


class LocalQueueMachine(QueueMachine):
    """The same on a git repository."""

    def make_store(self) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        return LocalStore(Path(self.folder.name) / "requests.git")

    def teardown(self) -> None:
        self.folder.cleanup()


def play(machine: type[QueueMachine], examples: int, **fields: Any) -> None:
    """Let hypothesis play; the same games every time."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            **fields,
        ),
    )


@pytest.mark.parametrize(("machine", "examples"), [(QueueMachine, 150), (LocalQueueMachine, 10)])
def test_the_laws_hold_for_any_interleaving(machine: type[QueueMachine], examples: int, attacks: Attacks) -> None:
    play(machine, examples)
    attacks.held("the worker", "workers whose clocks are up to a year wrong (games of 40 steps)", examples)


def test_the_machine_finds_a_queue_that_breaks_a_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """The laws can fail: a queue whose reclaim forgets to look at the lease is found out."""
    monkeypatch.setattr("submissions.claims.lease_expired", lambda submission, _: submission.status is Status.RUNNING)
    with pytest.raises(AssertionError):
        play(QueueMachine, 150, phases=[Phase.generate], print_blob=False)
