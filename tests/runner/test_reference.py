"""An idle worker runs the reference model when it is due, alone among all, and before no submission."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evaluator.drift import REFERENCE_TASKS, DriftCheck, base_path, check_path, dump_check, environment_id, load_check
from evaluator.evidence.environment import versions
from evaluator.records import Environment
from evaluator.spec import ModelSpec
from runner.child import Job, Outcome
from runner.drift_files import claim_at, claim_path
from runner.probe import CannotCheck, Probe, reference_spec
from runner.reference import LONGEST, PAUSE, Reference
from runner.work import Worker
from settings import Settings, evaluation_environment
from store.memory import MemoryStore
from store.update import Snapshot
from submissions.record import Status
from submissions.stored import Queue
from tests.runner.conftest import Evaluations, queued

MODEL = ModelSpec(model="org/reference", revision="ab" * 20)
WEEK = timedelta(days=7)
HERE = Environment(versions={"torch": "2.9.0", "numpy": "2.3"}, device="cpu x86_64")
ID = environment_id(HERE.model_copy(update={"dtype": "float32"})) or ""
GPU = Environment(versions={"torch": "2.9.0"}, device="cuda:0 NVIDIA H100")


class World:
    """A results store, a time that a test sets, and references of several workers."""

    def __init__(self, evaluations: Evaluations, folder: Path) -> None:
        self.results = MemoryStore()
        self.evaluations = evaluations
        self.folder = folder
        self.at = datetime(2026, 11, 28, 12, tzinfo=UTC)
        self.seconds = 0.0
        self.said: list[dict[str, Any]] = []
        self.here = HERE
        self.follow()

    def follow(self, **points: Any) -> None:
        """What the evaluation does, which says that it ran in this environment."""
        told = self.here.model_copy(update={"dtype": "float32"}).model_dump(mode="json", exclude_defaults=True)
        self.evaluations.follow(**({"environment": told} | points))

    def reference(self, name: str = "one", **fields: Any) -> Reference:
        made = Reference(
            results=self.results,
            evaluate=self.evaluations.child(),
            probe=lambda: self.here,
            spec=MODEL,
            every=WEEK,
            name=name,
            work_dir=self.folder / "work",
            say=lambda event, **told: self.said.append({"event": event, **told}),
            now=lambda: self.at,
            clock=lambda: self.seconds,
        )
        return replace(made, **fields)

    def later(self, after: timedelta) -> None:
        self.at += after
        self.seconds += after.total_seconds()

    def check(self, environment: str = ID) -> DriftCheck:
        return load_check(self.results.read(check_path(environment)))

    def move_base(self, by: float) -> None:
        """As if the base had been measured where KorSTS scores otherwise."""
        path = base_path(self.check())
        base = load_check(self.results.read(path))
        moved = base.model_copy(update={"scores": base.scores | {"KorSTS": base.scores["KorSTS"] + by}})
        self.results.commit({path: dump_check(moved)}, "Move the base", self.results.head())

    @property
    def runs(self) -> int:
        return len(self.evaluations.ran) // len(REFERENCE_TASKS)

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.said]


@pytest.fixture
def world(evaluations: Evaluations, tmp_path: Path) -> World:
    return World(evaluations, tmp_path)


def never() -> bool:
    return False


def test_the_first_run_is_the_base_and_no_row(world: World) -> None:
    assert world.reference()(never)
    check = world.check()
    assert list(check.scores) == list(REFERENCE_TASKS)
    assert (check.environment, check.model, check.worker, check.alarm) == (ID, "org/reference", "one", False)
    assert load_check(world.results.read(base_path(check))) == check
    assert set(world.results.list()) == {check_path(ID), base_path(check)}  # no result, no claim
    assert list((world.folder / "work").iterdir()) == []
    assert world.events == ["reference_started", "reference_checked"]


def test_it_is_run_again_after_a_week_and_not_before(world: World) -> None:
    reference = world.reference()
    assert reference(never)
    for days, runs in ((0, 1), (6, 1), (1, 2), (1, 2)):
        world.later(timedelta(days=days))
        reference(never)
        assert world.runs == runs
    check = world.check()
    assert (check.largest, check.alarm, check.base_environment) == (0.0, False, ID)


def test_an_idle_worker_asks_the_store_every_ten_minutes_only(world: World) -> None:
    reference = world.reference()
    assert reference(never)
    assert not reference(never)
    world.results.head = lambda: pytest.fail("it asked the store")  # type: ignore[method-assign]
    world.seconds += 599
    assert not reference(never)


def test_scores_that_moved_ring_and_go_on_ringing_since_the_same_day(world: World) -> None:
    reference = world.reference()
    reference(never)
    world.move_base(0.0005)
    world.later(WEEK)
    began = world.at
    assert reference(never)
    world.later(WEEK)
    assert reference(never)
    check = world.check()
    assert (check.moved, check.since, check.at) == (("KorSTS",), began, world.at)
    assert check.largest == pytest.approx(0.0005)
    assert world.said[-1]["alarm"] is True


def test_another_environment_is_checked_at_once_and_against_the_same_base(world: World) -> None:
    reference = world.reference()
    reference(never)
    world.here = HERE.model_copy(update={"versions": {"torch": "2.10.0", "numpy": "2.3"}})
    world.follow()
    world.later(timedelta(minutes=10))
    assert reference(never)
    other = environment_id(world.here.model_copy(update={"dtype": "float32"})) or ""
    assert world.check(other).base_environment == ID


def test_another_model_or_commit_is_run_at_once(world: World) -> None:
    world.reference()(never)
    world.reference(spec=MODEL.model_copy(update={"revision": "cd" * 20}))(never)
    assert world.check().revision == "cd" * 20
    assert world.check().base_at is None
    assert len(world.results.list("drift/bases")) == 2


def test_a_gpu_is_checked_in_each_precision_one_at_a_time(world: World) -> None:
    world.here = GPU
    reference = world.reference()
    for dtype in ("float32", "bfloat16", "float16"):
        told = GPU.model_copy(update={"dtype": dtype}).model_dump(mode="json", exclude_defaults=True)
        world.follow(environment=told)
        assert reference(never)
        check = world.check(environment_id(GPU.model_copy(update={"dtype": dtype})) or "")
        assert (check.precision, check.tolerance) == (dtype, 1e-4 if dtype == "float32" else 2e-3)
    assert not reference(never)


def test_of_two_idle_workers_one_runs_it(world: World) -> None:
    second: list[bool] = []
    child = world.evaluations.child()

    def evaluate(job: Job, *given: Any) -> Outcome:
        second.append(world.reference("two")(never))
        return child(job, *given)

    assert world.reference(evaluate=evaluate)(never)
    assert second == [False]
    assert world.runs == 1


def test_the_claim_of_a_dead_worker_expires_and_what_it_still_writes_is_dropped(world: World) -> None:
    child = world.evaluations.child()

    def evaluate(job: Job, *given: Any) -> Outcome:
        outcome = child(job, *given)
        world.at += LONGEST - timedelta(minutes=1)
        assert not world.reference("two")(never)
        world.at += timedelta(minutes=1)
        assert world.reference("two")(never)
        return outcome

    assert world.reference(evaluate=evaluate)(never)
    assert world.check().worker == "two"
    assert world.events[-1] == "reference_lost"


def test_a_failing_run_is_told_and_tried_again_after_a_growing_pause_by_anybody(world: World) -> None:
    world.follow(loaded={"fail": ["hub_unavailable", "The Hub did not answer."], "always": True})
    workers = [world.reference("one"), world.reference("two")]
    for failures, pause in ((1, PAUSE), (2, 2 * PAUSE), (3, 4 * PAUSE)):
        assert any(worker(never) for worker in workers)
        assert world.said[-1]["event"] == "reference_failed"
        assert "The Hub did not answer." in world.said[-1]["error"]
        claim = claim_at(Snapshot(world.results, world.results.head()), ID)
        assert claim is not None
        assert (claim.failures, claim.until - world.at) == (failures, pause)
        world.later(pause - timedelta(minutes=1))
        assert not any(worker(never) for worker in workers)
        world.later(timedelta(minutes=10))
    assert set(world.results.list()) == {claim_path(ID)}
    world.follow()
    assert any(worker(never) for worker in workers)
    assert world.check().alarm is False
    assert claim_path(ID) not in world.results.list()


def test_a_run_without_all_scores_is_no_check(world: World) -> None:
    world.follow(**{"KorSTS unanswered": {}})
    assert world.reference()(never)
    assert "KorSTS has no score: The Hub did not answer." in world.said[-1]["error"]
    assert check_path(ID) not in world.results.list()


def test_a_run_in_another_environment_than_the_workers_is_no_check(world: World) -> None:
    world.follow(environment={"versions": {"torch": "1.0"}, "device": "cpu x86_64", "dtype": "float32"})
    assert world.reference()(never)
    assert "another environment" in world.said[-1]["error"]
    assert check_path(ID) not in world.results.list()


def test_a_base_that_cannot_be_read_is_not_replaced_in_silence(world: World) -> None:
    world.reference()(never)
    path = base_path(world.check())
    world.results.commit({path: b"{}"}, "Damage", world.results.head())
    world.later(WEEK)
    assert world.reference()(never)
    assert path in world.said[-1]["error"]
    assert world.results.read(path) == b"{}"


def test_a_worker_that_is_stopped_gives_the_run_back(world: World) -> None:
    held = world.folder / "never-there"
    world.follow(loaded={"hold": str(held)})
    looks = iter([False])
    assert world.reference()(lambda: next(looks, True))
    assert world.events[-1] == "reference_released"
    assert world.results.list() == {}


def test_a_run_that_takes_too_long_is_ended(world: World) -> None:
    world.follow(loaded={"hold": str(world.folder / "never-there")})

    def clock() -> float:
        world.seconds += 3600
        return world.seconds

    assert world.reference(clock=clock)(never)
    assert "it took longer than 2:00:00" in world.said[-1]["error"]


def test_an_evaluator_that_is_not_installed_is_told_and_asked_again_later(world: World) -> None:
    def probe() -> Environment:
        raise CannotCheck("torch is not installed")

    reference = world.reference(probe=probe)
    assert not reference(never)
    assert not reference(never)
    assert world.said == [{"event": "reference_failed", "error": "torch is not installed"}]
    world.later(timedelta(minutes=10))
    assert not reference(never)
    assert len(world.said) == 2


def idle_worker(
    make_worker: Callable[..., Worker], queue: Queue, name: str, calls: list[list[Status]], busy: int
) -> Worker:
    """A worker that notes how the submissions stand whenever it is idle, has `busy` things to do, then stops."""
    worker = make_worker(name)

    def idle(stopped: Callable[[], bool]) -> bool:
        assert not stopped()
        calls.append([s.status for s in queue.listing().submissions])
        if len(calls) <= busy:
            queued(queue, f"org/later{len(calls)}")
            return True
        worker.stop()
        return False

    worker._idle = idle
    return worker


def test_a_submission_that_is_queued_goes_first(queue: Queue, make_worker: Callable[..., Worker]) -> None:
    queued(queue)
    calls: list[list[Status]] = []
    idle_worker(make_worker, queue, "worker-1", calls, busy=1).run(poll_seconds=0.01)
    assert calls == [[Status.FINISHED], [Status.FINISHED] * 2]


def test_a_worker_that_runs_once_runs_no_reference(queue: Queue, make_worker: Callable[..., Worker]) -> None:
    queued(queue)
    calls: list[list[Status]] = []
    idle_worker(make_worker, queue, "worker-1", calls, busy=0).run(once=True)
    assert calls == []


def test_the_environment_is_asked_of_the_evaluator_once_for_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probe = Probe(evaluation_environment(), "cpu")
    found = probe()
    assert found.versions == versions()
    assert (found.device or "").startswith("cpu ")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("it was asked again"))
    assert probe() is found
    monkeypatch.setattr("runner.probe.versions", lambda: versions() | {"torch": "3.0"})
    with pytest.raises(pytest.fail.Exception):
        probe()


def test_a_device_that_is_none_is_told() -> None:
    with pytest.raises(CannotCheck, match="no device"):
        Probe(evaluation_environment(), "nonsense")()


def test_the_reference_model_is_one_commit_or_a_folder(tmp_path: Path) -> None:
    default = Settings.model_fields["reference_model"].default
    assert reference_spec(default).model == "intfloat/multilingual-e5-small"
    (tmp_path / "config.json").write_text(json.dumps({}))
    assert reference_spec(str(tmp_path)).source == "local"
    for wrong in ("intfloat/multilingual-e5-small", "org/name@main", "nonsense", f"a/b@{'0' * 39}"):
        with pytest.raises(ValueError, match="40 digits"):
            reference_spec(wrong)
