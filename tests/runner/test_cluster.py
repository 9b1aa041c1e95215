"""Evaluations as Ray tasks on a real (one-machine) cluster: the same outcomes, and the same laws."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from evaluator.evidence.samples import dump_samples
from runner.child import Job, Limits
from runner.work import Worker
from submissions.record import Status
from submissions.stored import Queue
from tests.runner.conftest import TASKS, Evaluations, queued, spec
from tests.runner.honest import honest_samples


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(name="20261123T031940Z-6f3a9c", spec=spec(), folder=tmp_path / "work" / "one", tasks=tuple(TASKS))


def tasks(evaluations: Evaluations, **fields: Any) -> Any:
    from runner.cluster import RayTasks

    given: dict[str, Any] = {
        "limits": Limits(seconds=60),
        "gpus": 0,
        "command": evaluations.command,
        "caged": False,
    } | fields
    return RayTasks(**given)


def test_a_result_comes_back_from_the_cluster_with_its_events(evaluations: Evaluations, job: Job) -> None:
    heard: list[Any] = []
    outcome = tasks(evaluations)(job, heard.append, lambda: False)
    assert outcome.result is not None
    assert outcome.samples == dump_samples({task: honest_samples(task) for task in TASKS})
    assert [event["task"] for event in heard if event.get("event") == "task"] == list(TASKS)


def test_a_failure_comes_back_with_its_class_and_log(evaluations: Evaluations, job: Job) -> None:
    evaluations.follow(loaded={"print": "OSError: bad header", "fail": ["load_failed", "Damaged."]})
    outcome = tasks(evaluations)(job, lambda _: None, lambda: False)
    assert outcome.failure == ("load_failed", "Damaged.")
    assert outcome.log == "OSError: bad header\n"


def test_the_evaluation_sees_no_token_on_the_node(
    evaluations: Evaluations, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEL_RESULTS_TOKEN", "hf_writesresults1234")
    outcome = tasks(evaluations)(job, lambda _: None, lambda: False)
    assert outcome.result is not None
    (run,) = outcome.result.runs.values()
    assert not [name for name in run.environment.versions if name.startswith(("KEL_", "RAY_"))]


def test_a_lost_process_of_the_cluster_is_tried_again_by_ray_and_finished_tasks_are_not(
    evaluations: Evaluations, job: Job
) -> None:
    evaluations.follow(KorSTS={"kill_parent": True})
    outcome = tasks(evaluations)(job, lambda _: None, lambda: False)
    assert outcome.result is not None
    assert evaluations.ran == [f"org/model {task}" for task in TASKS]


def test_a_process_that_is_lost_again_and_again_is_the_queues_to_decide(evaluations: Evaluations, job: Job) -> None:
    evaluations.follow(started={"kill_parent": True, "always": True})
    outcome = tasks(evaluations, lost_nodes=1)(job, lambda _: None, lambda: False)
    assert outcome.failure is not None
    assert outcome.failure[0] == "worker_lost"


def test_a_cluster_without_such_a_node_is_not_waited_for_without_end(evaluations: Evaluations, job: Job) -> None:
    outcome = tasks(evaluations, gpus=8, start_seconds=1.0)(job, lambda _: None, lambda: False)
    assert outcome.failure == ("worker_lost", "The cluster had no node with 8 GPUs free in time.")
    assert evaluations.ran == []


def test_the_time_limit_holds_on_the_node(evaluations: Evaluations, job: Job, tmp_path: Path) -> None:
    evaluations.follow(loaded={"hold": str(tmp_path / "never")})
    outcome = tasks(evaluations, limits=Limits(seconds=1.0))(job, lambda _: None, lambda: False)
    assert outcome.failure is not None
    assert outcome.failure[0] == "timeout"


def test_stopping_leaves_no_process_behind(evaluations: Evaluations, job: Job, tmp_path: Path) -> None:
    evaluations.follow(loaded={"print": "x", "hold": str(tmp_path / "never")})
    pids: list[int] = []

    def stopped() -> bool:
        pids.extend(p.pid for p in psutil.process_iter() if str(evaluations.script) in " ".join(cmdline(p)))
        return bool(pids)

    outcome = tasks(evaluations)(job, lambda _: None, stopped)
    assert (outcome.result, outcome.failure) == (None, None)
    left = [psutil.Process(pid) for pid in set(pids) if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not alive


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return []


def test_two_loops_drain_the_queue_over_the_cluster_and_nothing_runs_twice(
    queue: Queue, evaluations: Evaluations, make_worker: Callable[..., Worker]
) -> None:
    for number in range(4):
        queued(queue, f"org/model-{number}")
    workers = [make_worker(f"driver-{number}", evaluate=tasks(evaluations)) for number in range(2)]
    threads = [threading.Thread(target=worker.run, kwargs={"once": True}) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {s.status for s in queue.listing().submissions} == {Status.FINISHED}
    assert len(evaluations.ran) == len(set(evaluations.ran)) == 4 * len(TASKS)
