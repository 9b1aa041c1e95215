"""Any interleaving of people and workers, with crashes and a clock that jumps, keeps the laws of the queue.

Hypothesis plays visitors, a maintainer and three workers against the real queue on a store; after every step the laws
are checked on what is stored.
"""

import itertools
import tempfile
from collections.abc import Callable
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
from evaluator.spec import ModelSpec, result_path
from store import Store
from store.local import LocalStore
from store.memory import MemoryStore
from submissions.errors import AlreadyEvaluated, AlreadySubmitted, IllegalTransition, LeaseLost
from submissions.queue import MAX_ATTEMPTS, TRANSITIONS
from submissions.record import OPEN, Status, Submission, load_submission
from submissions.stored import Queue

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
        numbers = itertools.count(1)
        self.queue = Queue(
            self.make_store(),
            MemoryStore(),
            now=lambda: self.at,
            random_hex=lambda digits: f"{next(numbers):0{digits}x}",
        )
        self.held: dict[str, list[tuple[str, str]]] = {"w1": [], "w2": [], "w3": []}
        self.seen: dict[str, tuple[Any, ...]] = {}  # id -> the history it had when last looked at
        self.read = ""  # the revision at which `files` are
        self.files: dict[str, Submission] = {}

    # people

    @initialize(count=st.integers(1, 4))
    def some_are_queued(self, count: int) -> None:
        for model in MODELS[:count]:
            self.queue.approve(self.queue.submit(model, who="visitor").id, who="maintainer")

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

    @precondition(any_is(Status.PENDING))
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.reject(s, who="maintainer", why="no"), {Status.PENDING})

    @precondition(any_is(Status.PENDING, Status.QUEUED))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.withdraw(s, who="visitor"), {Status.PENDING, Status.QUEUED})

    @precondition(any_is(Status.FAILED))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        self.decide(data, lambda s: self.queue.retry(s, who="maintainer"), {Status.FAILED})

    def decide(self, data: st.DataObject, verb: Any, allowed: set[Status]) -> None:
        everything = self.stored()
        # Those in whose state it may happen come twice, so that it does.
        submission = data.draw(st.sampled_from([s for s in everything if s.status in allowed] + everything))
        try:
            verb(submission.id)
        except IllegalTransition:
            assert submission.status not in allowed
        except (AlreadySubmitted, AlreadyEvaluated):
            assert submission.status is Status.FAILED
        else:
            assert submission.status in allowed

    # workers

    @precondition(any_is(Status.QUEUED))
    @rule(worker=workers)
    def claim(self, worker: str) -> None:
        claimed = self.queue.claim(worker, LEASE)
        if claimed is None:
            waiting = [s for s in self.stored() if s.status is Status.QUEUED]
            assert all(s.not_before is not None and s.not_before > self.at for s in waiting)
        else:
            assert claimed.lease is not None
            self.held[worker].append((claimed.id, claimed.lease.nonce))

    @precondition(anyone_holds)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        self.with_lease(data, lambda i, n: self.queue.beat(i, nonce=n, lease=LEASE), keeps=True)

    @precondition(anyone_holds)
    @rule(data=st.data())
    def publish_and_finish(self, data: st.DataObject) -> None:
        def work(submission_id: str, nonce: str) -> None:
            self.publish(submission_id, nonce)
            reference = self.queue.result_of(self.queue.find(submission_id))
            assert reference is not None
            self.queue.finish(submission_id, nonce=nonce, result=reference)

        self.with_lease(data, work)

    @precondition(anyone_holds)
    @rule(data=st.data())
    def publish_and_crash(self, data: st.DataObject) -> None:
        self.with_lease(data, self.publish)

    @rule(worker=workers)
    def crash(self, worker: str) -> None:
        self.held[worker].clear()

    @precondition(anyone_holds)
    @rule(data=st.data(), failure=st.sampled_from(FAILURE_CLASSES))
    def fail(self, data: st.DataObject, failure: Any) -> None:
        self.with_lease(
            data,
            lambda i, n: self.queue.fail(i, nonce=n, failure=failure, message="m", delay=timedelta(minutes=10)),
        )

    @precondition(anyone_holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self.with_lease(data, lambda i, n: self.queue.release(i, nonce=n, why="stopping"))

    @rule(worker=workers)
    def reclaim(self, worker: str) -> None:
        before = {s.id: s for s in self.stored()}
        for reclaimed in self.queue.reclaim_expired(worker):
            lease = before[reclaimed.id].lease
            assert lease is not None
            assert lease.until < self.at

    @precondition(any_is(Status.RUNNING))
    @rule(worker=workers, minutes=st.sampled_from([29, 30, 31]))
    def a_lease_runs_out(self, worker: str, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        self.reclaim(worker)

    @rule(minutes=st.sampled_from([1, 11, 31, 600, -45]))
    def clock_jumps(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    def publish(self, submission_id: str, nonce: str) -> None:
        """As the worker does it: only with the lease."""
        if not self.queue.holds(submission_id, nonce):
            raise LeaseLost(self.queue.find(submission_id))
        submission = self.queue.find(submission_id)
        path = result_path(submission.spec)
        content = RESULT.replace(b"MODEL", submission.spec.model.encode()).replace(b"ID", submission.id.encode())
        self.queue.results.commit({path: content}, "Publish", self.queue.results.head())

    def with_lease(self, data: st.DataObject, deed: Any, keeps: bool = False) -> None:
        """Let a worker do something with a lease that it believes to hold; refused exactly if it does not."""
        believed = [(worker, *lease) for worker, leases in sorted(self.held.items()) for lease in leases]
        worker, submission_id, nonce = data.draw(st.sampled_from(believed))
        stored = self.queue.find(submission_id)
        holds = stored.status is Status.RUNNING and stored.lease is not None and stored.lease.nonce == nonce
        try:
            deed(submission_id, nonce)
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
            assert set(steps) <= TRANSITIONS
            assert all(before[1] is after[0] for before, after in itertools.pairwise(steps))

    @invariant()
    def a_spec_is_never_in_the_queue_twice(self) -> None:
        open_specs = [s.spec.id for s in self.stored() if s.status in OPEN]
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
                self.queue.results.read(submission.result.path, submission.result.revision)

    @precondition(lambda self: self.seen)
    @rule()
    def the_listing_shows_everything(self) -> None:
        listing = self.queue.listing()
        assert {s.id for s in listing.submissions} == set(self.seen)
        assert listing.unreadable == {}


RESULT = (
    b'{"schema": 1, "spec": {"model": "MODEL", "revision": "' + b"ab" * 20 + b'"}, "suite": "ko-v1", "tasks": {}, '
    b'"evaluated_at": "2026-11-23T12:00:00Z", "origin": {"kind": "measured", "by": "a test"}, "submission": "ID"}'
)


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
def test_the_laws_hold_for_any_interleaving(machine: type[QueueMachine], examples: int) -> None:
    play(machine, examples)


def test_the_machine_finds_a_queue_that_breaks_a_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """The laws can fail: a queue whose reclaim forgets to look at the lease is found out."""
    monkeypatch.setattr("submissions.queue.lease_expired", lambda submission, _: submission.status is Status.RUNNING)
    with pytest.raises(AssertionError):
        play(QueueMachine, 150, phases=[Phase.generate], print_blob=False)
