"""Models with code of their own on rented machines: no token that writes, and nothing believed that comes back."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluator.records import load_result
from runner.handing import asked_text, job_of
from submissions.layout import log_paths
from submissions.record import Status
from tests.attacks import Attacks
from tests.hub.repositories import Repositories
from tests.leaderboard_data.examples import measured
from tests.runner.conftest import TASKS, Evaluations, spec
from tests.runner.honest import honest_score
from tests.runner.reliability import Tally
from tests.runner.renting import READS, RENTS, WRITES, Board, board_on_the_stand_in
from tests.runner.test_kills import wait_until

__all__ = ["board_on_the_stand_in"]

STAND_IN = "Hub stand-in"


def test_its_job_has_no_token_that_writes_and_the_driver_publishes_what_it_hands_back(board: Board) -> None:
    submission = board.queued(trust=True)
    worker = board.trusting()
    worker.run(once=True)
    (machine,) = board.machines
    assert machine.spec["secrets"] == {"KEL_MODELS_TOKEN": READS}
    assert not any(secret in json.dumps({**machine.spec, "secrets": {}}) for secret in (WRITES, RENTS, READS))
    assert [volume["type"] for volume in machine.spec["volumes"]] == ["space", "bucket"]
    assert machine.spec["volumes"][1]["path"] == machine.labels["worker"]
    finished = board.find(submission)
    assert (finished.status, board.lost(), board.double()) == (Status.FINISHED, 0, 0), finished.failure
    assert finished.history[-1].who == "driver-1"
    assert board.finished == [submission.id]
    assert finished.result is not None
    result = load_result(board.queue.results.read(finished.result.path))
    (run,) = result.runs.values()
    seen = run.environment.versions  # where the scripted evaluation tells its variables
    assert not any(name.startswith("KEL_") for name in seen)
    assert machine.labels["taken"] == "yes"


def test_its_failure_and_its_log_come_back(board: Board) -> None:
    board.evaluations.follow(loaded={"print": "OSError: bad header", "fail": ["load_failed", "Damaged."]})
    submission = board.queued(trust=True)
    board.trusting().run(once=True)
    failed = board.find(submission)
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert (failed.failure.failure, failed.failure.message) == ("load_failed", "Damaged.")
    assert board.queue.requests.read(log_paths(submission.id)[0]) == b"OSError: bad header\n"


def test_a_machine_that_dies_is_a_lost_worker_with_the_end_of_its_log(board: Board) -> None:
    board.put_code(b"")
    board.evaluations.follow(started={"kill_parent": True, "always": True})
    submission = board.queued(trust=True)
    board.trusting().run(once=True)
    failed = board.find(submission)
    assert failed.failure is not None
    assert failed.failure.failure == "worker_lost"
    assert (failed.status, failed.attempt, len(board.machines)) == (Status.FAILED, 3, 3)


def test_kill_9_of_the_driver_and_the_next_one_takes_the_job_up_again(board: Board, tally: Tally) -> None:
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "go on")})
    submission = board.queued(trust=True)
    doomed = board.start_driver()
    wait_until(lambda: len(board.evaluations.ran) == 2, doomed)
    doomed.kill()
    doomed.wait(10)
    (board.folder / "go on").touch()
    assert board.queue.reclaim_expired("watcher") == ()
    board.seconds += 2 * 3600
    worker = board.trusting()
    worker.run(once=True)
    what = "kill -9 of the driver while a model's code runs"
    tally.add(what, STAND_IN, faults=1, lost=board.lost(), double=board.double())
    assert board.find(submission).status is Status.FINISHED
    assert (board.lost(), board.double(), len(board.machines)) == (0, 0, 1)
    assert board.evaluations.ran == [f"org/model {task}" for task in TASKS]


def test_a_job_is_cancelled_when_its_lease_is_lost_and_left_running_when_the_driver_stops(board: Board) -> None:
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "never"), "always": True})
    submission = board.queued(trust=True)
    driver = board.start_driver()
    wait_until(lambda: len(board.evaluations.ran) == 2, driver)
    driver.terminate()
    assert driver.wait(30) == 0
    back = board.find(submission)
    assert (back.status, back.attempt) == (Status.QUEUED, 0)
    assert [machine.stage for machine in board.machines] == ["RUNNING"]

    worker = board.trusting()
    said = board.said
    worker.terms = type(worker.terms)(lease=type(worker.terms.lease)(seconds=1))

    def take_away(event: str, **told: Any) -> None:
        said.append({"event": event, **told})
        if event == "taken_up":
            board.queue.release_stuck(submission.id, who="maintainer", why="it hangs")
            worker.stop()

    worker._evaluate.say = take_away  # type: ignore[attr-defined]
    worker._evaluate.ending = lambda: False  # type: ignore[attr-defined]
    worker.run(once=True)
    assert [machine.stage for machine in board.machines] == ["CANCELED"]


def test_a_job_that_a_maintainer_took_away_is_cancelled_and_not_taken_up_again(board: Board) -> None:
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "never")})
    submission = board.queued(trust=True)
    doomed = board.start_driver()
    wait_until(lambda: len(board.evaluations.ran) == 2, doomed)
    doomed.kill()
    doomed.wait(10)
    board.queue.release_stuck(submission.id, who="maintainer", why="it hangs")
    board.driver().step()
    assert [machine.stage for machine in board.machines] == ["CANCELED"]
    board.trusting().run(once=True)
    assert board.find(submission).status is Status.FINISHED
    assert (board.lost(), board.double(), len(board.machines)) == (0, 0, 2)


def _other_score(content: bytes) -> bytes:
    told = json.loads(content)
    metrics = next(iter(told["tasks"].values()))["metrics"]
    metrics[next(iter(metrics))] = 0.999
    return json.dumps(told).encode()


FORGED: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "an outcome that is no JSON": ("outcome.json", lambda _: b"\xff{", "cannot be read"),
    "an outcome of many levels": ("outcome.json", lambda _: b"[" * 100_000, "cannot be read"),
    "an outcome that is a list": ("outcome.json", lambda _: b"[1]", "cannot be read"),
    "an outcome of many megabytes": ("outcome.json", lambda _: b" " * (3 * 2**20), "too large"),
    "a result of many megabytes": ("result.json", lambda _: b" " * (21 * 2**20), "too large"),
    "a failure class that a worker alone knows": (
        "outcome.json",
        lambda _: b'{"failure": ["worker_lost", "again, please"]}',
        "again, please",
    ),
    "a failure that is none": ("outcome.json", lambda _: b'{"failure": {"x": 1}}', "gave no reason"),
    "scores that do not follow from the samples": ("result.json", _other_score, "do not follow"),
    "another model's result": (
        "result.json",
        lambda _: (
            measured(spec=spec("org/other"), tasks={"KorSTS": honest_score("KorSTS")})
            .model_dump_json(by_alias=True)
            .encode()
        ),
        "not of the model",
    ),
    "samples of another kind": ("samples.parquet", lambda _: b"PAR1 no", "samples"),
    "no samples": ("outcome.json", lambda _: b'{"samples": false}', "without the samples"),
}


@pytest.fixture(scope="module")
def left(hub: Repositories, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board whose one job has ended well; each test has its own driver take what it left."""
    folder = tmp_path_factory.mktemp("left")
    hub.jobs.clear()
    board = Board(hub, folder, Evaluations(folder))
    board.queued(trust=True)
    driver = board.start_driver()
    wait_until(lambda: any(machine.stage == "RUNNING" for machine in board.machines), driver)
    driver.terminate()
    driver.wait(30)
    board.wait(board.all_ended)
    yield board
    hub.jobs.clear()


@pytest.mark.parametrize("forged", FORGED)
def test_what_a_job_forges_is_refused(left: Board, forged: str, attacks: Attacks, tmp_path: Path) -> None:
    name, forge, told = FORGED[forged]
    (submission,) = left.queue.listing().submissions
    if submission.status is Status.FAILED:
        left.queue.retry(submission.id, who="maintainer")
    (machine,) = left.machines
    machine.labels.pop("taken", None)
    worker = left.trusting(work_dir=tmp_path)
    hub = worker._evaluate.budget.hub  # type: ignore[attr-defined]
    honest = hub.file

    def file(bucket: str, path: str, limit: int) -> bytes:
        content = honest(bucket, path, 2**30)
        forged_content = forge(content) if path.endswith(f"/{name}") else content
        if len(forged_content) > limit:
            raise ValueError("too large")
        return forged_content

    hub.file = file
    worker.run(once=True)
    failed = left.find(submission)
    assert failed.status is Status.FAILED, left.said
    assert failed.failure is not None
    assert failed.failure.failure == "internal"
    assert told in failed.failure.message
    assert len(left.machines) == 1
    attacks.held("the worker", "what a rented machine hands back, forged", 1)


def test_a_job_comes_out_of_its_argument_as_it_went_in(tmp_path: Path) -> None:
    from runner.child import Job

    earlier = measured(spec=spec(), tasks={task: honest_score(task) for task in TASKS}, dtype="bfloat16")
    job = Job(name="20261123T031940Z-6f3a9c", spec=spec(), folder=tmp_path, tasks=tuple(TASKS), onto=earlier)
    read = job_of(asked_text(job), tmp_path)
    assert (read.name, read.spec, read.tasks) == (job.name, job.spec, job.tasks)
    assert read.onto is not None
    assert (read.onto.dtype, read.onto.evaluated_at) == ("bfloat16", earlier.evaluated_at)
    from evaluator.merging import lacking
    from evaluator.tasks import discovered_tasks

    known = discovered_tasks()
    assert [task.id for task in lacking(read.onto, [known[task] for task in TASKS])] == list(TASKS)
