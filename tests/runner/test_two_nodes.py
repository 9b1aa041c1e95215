"""A Ray cluster of two nodes on this machine, each with processes and ports of its own: one of them dies."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.child import Job, Limits, Outcome
from tests.runner.conftest import TASKS, Evaluations, spec
from tests.runner.reliability import Tally


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without GPUs; the test adds the nodes that evaluate."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "num_gpus": 0, "include_dashboard": False})
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def job_in(folder: Path) -> Job:
    return Job(name="20261123T031940Z-6f3a9c", spec=spec(), folder=folder / "work" / "one", tasks=tuple(TASKS))


def tasks(evaluations: Evaluations, **fields: Any) -> Any:
    from runner.cluster import RayTasks

    given: dict[str, Any] = {"limits": Limits(seconds=120), "command": evaluations.command, "caged": False}
    return RayTasks(**(given | fields))


def test_a_node_that_dies_amid_an_evaluation_is_replaced_by_the_other(
    cluster: Any, evaluations: Evaluations, tmp_path: Path, tally: Tally
) -> None:
    """The nodes share this machine's disk, and so the work folder: what was finished is not run again."""
    evaluations.follow(KorSTS={"hold": str(tmp_path / "never")})  # once: the second time the script goes on
    first = cluster.add_node(num_cpus=1, num_gpus=1)
    ended: list[Outcome] = []
    evaluate = tasks(evaluations)
    running = threading.Thread(target=lambda: ended.append(evaluate(job_in(tmp_path), lambda _: None, lambda: False)))
    running.start()
    deadline = time.monotonic() + 60
    while len(evaluations.ran) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    cluster.add_node(num_cpus=1, num_gpus=1)
    cluster.remove_node(first, allow_graceful=False)
    running.join(90)
    lost = int(not ended or ended[0].result is None)
    double = len(evaluations.ran) - len(set(evaluations.ran))
    tally.add("a node of two dies amid an evaluation", "Ray", faults=1, lost=lost, double=double)
    assert (lost, double) == (0, 0), ended
    assert evaluations.ran == [f"org/model {task}" for task in TASKS]


def test_a_large_model_gets_the_gpus_of_its_size_and_no_more_than_a_node_has(
    cluster: Any, evaluations: Evaluations, tmp_path: Path
) -> None:
    import ray

    cluster.add_node(num_cpus=1, num_gpus=2)
    evaluations.follow(KorSTS={"hold": str(tmp_path / "go on")})
    ended: list[Outcome] = []
    evaluate = tasks(evaluations, wanted=lambda _: 4)
    running = threading.Thread(target=lambda: ended.append(evaluate(job_in(tmp_path), lambda _: None, lambda: False)))
    running.start()
    deadline = time.monotonic() + 60
    while len(evaluations.ran) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    free = ray.available_resources().get("GPU", 0)
    (tmp_path / "go on").touch()
    running.join(60)
    assert free == 0
    assert ended[0].result is not None
    assert evaluations.devices == ["cuda:0,cuda:1"]
