"""A queue in memory, a worker on it, and evaluations that do what a test says."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evaluator.records import ModelResult, TaskScore, load_result
from evaluator.scores import first_score
from evaluator.spec import ModelSpec
from runner.child import ChildProcess, Limits
from runner.terms import Terms
from runner.work import Worker
from settings import evaluation_environment
from store.memory import MemoryStore
from submissions.record import Status, Submission
from submissions.stored import Queue
from tests.attacks import BEGIN, PAGE
from tests.runner.honest import QUALITIES, honest_score
from tests.runner.reliability import Tally


def score_of(task: str, score: TaskScore) -> float | None:
    """The first suite's score, as far as it is the same with every version of the libraries."""
    found = first_score(task, score)
    return None if found is None else round(found, 9)


TASKS = {task: score_of(task, honest_score(task)) for task in QUALITIES}
"""What the script says, and what comes out of it."""


def scores_in(result: ModelResult) -> dict[str, float | None]:
    """The scores of the tasks in the script."""
    return {task: score_of(task, result.tasks[task]) for task in TASKS if task in result.tasks}


def lost_in(queue: Queue) -> int:
    """Submissions that did not end, or whose result is not there."""
    lost = 0
    for submission in queue.listing().submissions:
        if submission.status is not Status.FINISHED or submission.result is None:
            lost += 1
            continue
        result = load_result(queue.results.read(submission.result.path, submission.result.revision))
        lost += scores_in(result) != TASKS
    return lost


def published_again(queue: Queue) -> int:
    """Results that were published more than once."""
    published = [c.message.splitlines()[0] for c in queue.results.log(100) if c.message.startswith("Publish")]
    return len(published) - len(set(published))


def spec(name: str = "org/model", **fields: Any) -> ModelSpec:
    return ModelSpec(model=name, revision="ab" * 20, **fields)


class Evaluations:
    """The script that evaluations follow, and what they did."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "script.json"
        self.follow()

    def follow(self, **points: Any) -> None:
        self.script.write_text(json.dumps({"tasks": TASKS} | points))

    @property
    def ran(self) -> list[str]:
        """Each task that was computed, one item a time: "model task"."""
        file = self.folder / "ran.txt"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def devices(self) -> list[str]:
        """The devices that each evaluation was told to use."""
        file = self.folder / "devices.txt"
        return file.read_text().splitlines() if file.exists() else []

    def child(self, seconds: float = 60.0, memory_bytes: int | None = None, **environment: str) -> ChildProcess:
        return ChildProcess(
            environment=evaluation_environment() | environment,
            limits=Limits(seconds=seconds, memory_bytes=memory_bytes),
            secrets=["correct-horse-battery"],
            command=self.command,
        )

    @property
    def command(self) -> tuple[str, ...]:
        return sys.executable, "-m", "tests.runner.evaluation", "--script", str(self.script)


@pytest.fixture
def evaluations(tmp_path: Path) -> Evaluations:
    return Evaluations(tmp_path)


@pytest.fixture
def queue() -> Queue:
    return Queue(MemoryStore(), MemoryStore())


@pytest.fixture
def said() -> list[dict[str, Any]]:
    """The worker's log lines."""
    return []


@pytest.fixture
def make_worker(
    queue: Queue, evaluations: Evaluations, said: list[dict[str, Any]], tmp_path: Path
) -> Callable[..., Worker]:
    def make(
        name: str = "worker-1",
        evaluate: ChildProcess | None = None,
        finished: Callable[[Submission], object] = lambda _: None,
        **terms: Any,
    ) -> Worker:
        return Worker(
            queue,
            evaluate or evaluations.child(),
            name=name,
            work_dir=tmp_path / "work",
            terms=Terms(**({"lease": timedelta(minutes=30), "retry_delay": timedelta(0)} | terms)),
            say=lambda event, **fields: said.append({"event": event, **fields}),
            finished=finished,
        )

    return make


def queued(queue: Queue, name: str = "org/model", **fields: Any) -> Submission:
    """A submission that a maintainer approved."""
    submission = queue.submit(spec(name), who="visitor", **fields)
    return queue.approve(submission.id, who="maintainer")


def watched_for_an_hour(queue: Queue) -> Queue:
    """The same stores before the eyes of another worker, which has seen them as they are for an hour."""
    clock = [0.0]
    other = Queue(queue.requests, queue.results, monotonic=lambda: clock[0])
    assert other.reclaim_expired("another") == ()
    clock[0] += 3600
    return other


@pytest.fixture(scope="package")
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """What was done and what was lost; written down if all of it was done, and nothing else failed."""
    counted = Tally()
    yield counted
    counting = {"test_kills.py", "test_faults.py", "test_rented.py", "test_rented_faults.py", "test_handed.py"}
    counting.add("test_two_nodes.py")
    everything = counting <= {item.path.name for item in request.session.items}
    if everything and not request.session.testsfailed and not request.config.getoption("-k"):
        _, begin, attacks = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(counted.page() + (f"\n{begin}{attacks}" if begin else ""), encoding="utf-8")
