"""An evaluation that means harm ends itself: the worker goes on, and nothing that it made up is published."""

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from evaluator.records import MEASURED_BY, load_result
from evaluator.spec import result_path
from runner.child import ChildProcess, Job, Limits
from runner.folders import LOCK, remove_others
from runner.work import Worker
from settings import evaluation_environment
from store.memory import MemoryStore
from submissions.layout import log_paths
from submissions.record import Status
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.runner.conftest import TASKS, Evaluations, queued, scores_in, spec
from tests.runner.honest import honest_score
from tests.runner.hostile import ATTACKS

MakeWorker = Callable[..., Worker]

NO_FILE = "The evaluation ended without a readable result file."
LEFT = {
    "pipe_as_result": "The evaluation's result file is no regular file.",
    "folder_as_result": "The evaluation's result file is no regular file.",
    "pipe_as_samples": "The evaluation's samples file is no regular file.",
    "link_as_samples": "The evaluation's samples file is no file that can be read.",
    "device_as_samples": "The evaluation's samples file is no file that can be read.",
    "huge_result": "The evaluation's result file is larger than 20 MiB.",
    "deep_result": NO_FILE,
    "unknown_field": NO_FILE,
    "another_spec": "The evaluation's result is not of the model and the settings that were asked for.",
    "tasks_nobody_asked_for": "The evaluation's result does not hold exactly the tasks that were asked for.",
    "tasks_left_out": "The evaluation's result does not hold exactly the tasks that were asked for.",
    "two_runs": "The evaluation's result is not of one run.",
    "kept_duplicates": "The evaluation's result treats duplicate pairs in another way than was asked for.",
    "text_as_samples": "The evaluation's samples file cannot be read.",
    "scores_without_samples": "The evaluation left scores without the samples behind them.",
    "scores_without_some_samples": "The evaluation left scores of KLUE-STS without the samples behind them.",
    "samples_of_other_tasks": "The evaluation left samples of tasks that it has no scores of.",
    "better_scores": "The evaluation's scores of KLUE-STS do not follow from its samples.",
    "scores_of_a_metric_of_its_own": "The evaluation's scores of KLUE-STS do not follow from its samples.",
    "samples_of_no_numbers": "The evaluation's samples file cannot be read.",
    "samples_of_another_kind": "The evaluation's samples of KLUE-STS are not those of its kind of task.",
    "other_data": "The evaluation does not tell that it read the data that KLUE-STS is pinned to.",
    "signal_40": "The evaluation process crashed (signal 40).",
}
"""Attack -> the sentence that the submission ends with."""

HARMLESS = ("log_that_looks_like_an_event", "odd_events", "line_without_end", "published_origin", "reported_kind")
"""What changes nothing: the honest result beside it is published."""


def hostile(attack: str, seconds: float = 120.0) -> ChildProcess:
    return ChildProcess(
        environment=evaluation_environment(),
        limits=Limits(seconds=seconds),
        command=(sys.executable, "-m", "tests.runner.hostile", attack),
    )


def test_every_attack_is_tried() -> None:
    others = {"claims_what_only_a_worker_knows", "endless_output", "unknown_data"}
    assert set(ATTACKS) == {*LEFT, *HARMLESS, *others}


@pytest.mark.parametrize("attack", LEFT)
def test_what_is_no_result_ends_its_own_submission_and_the_worker_goes_on(
    queue: Queue, make_worker: MakeWorker, attack: str, attacks: Attacks, said: list[dict[str, Any]]
) -> None:
    submission = queued(queue)
    worker = make_worker(evaluate=hostile(attack), tasks=tuple(TASKS))
    worker.run(once=True)
    failed = queue.find(submission.id)
    assert failed.failure is not None
    assert (failed.status, failed.failure.failure, failed.failure.message) == (Status.FAILED, "internal", LEFT[attack])
    assert queue.results.list() == {}
    assert [line["event"] for line in said] == ["claimed", "failed"]
    assert not list(worker._work_dir.iterdir())
    attacks.held("the worker", "a result or samples that no evaluator wrote")


@pytest.mark.parametrize("attack", HARMLESS)
def test_what_is_said_beside_an_honest_result_changes_nothing(
    queue: Queue, make_worker: MakeWorker, attack: str, attacks: Attacks, said: list[dict[str, Any]]
) -> None:
    submission = queued(queue)
    before = psutil.Process().memory_info().rss
    worker = make_worker(evaluate=hostile(attack), tasks=tuple(TASKS), beat=timedelta(0))
    largest = largest_memory(lambda: worker.run(once=True))
    finished = queue.find(submission.id)
    assert finished.status is Status.FINISHED, finished.failure
    content = queue.results.read(result_path(spec()))
    result = load_result(content)
    assert scores_in(result) == TASKS
    for forged in (
        "script",
        "<script",
        "cmd",
        "published",
        "NOBODY",
        "2099",
        "another",
        "p" * 5000,
        "\u202e",
        "L" * 101,
    ):
        assert forged not in content.decode()
    assert len(content) < 20_000
    (run,) = result.runs.values()
    assert abs((run.at - datetime.now(UTC)).total_seconds()) < 600
    assert run.submission == submission.id
    assert (result.origin.kind, result.origin.by, result.origin.label) == ("measured", MEASURED_BY, None)
    assert result.model.max_tokens is None
    assert result.tasks["KLUE-STS"].data == honest_score("KLUE-STS").data
    assert result.tasks["KLUE-STS"].n == 40
    assert all(len(str(line.get("progress"))) < 400 for line in said)
    assert largest - before < 150 * 2**20
    attacks.held("the worker", "logs, events and claims made up by a model's code")


def test_rows_that_are_not_the_known_ones_are_published_with_a_mark(
    queue: Queue, make_worker: MakeWorker, attacks: Attacks
) -> None:
    submission = queued(queue)
    make_worker(evaluate=hostile("unknown_data"), tasks=tuple(TASKS)).run(once=True)
    assert queue.find(submission.id).status is Status.FINISHED
    result = load_result(queue.results.read(result_path(spec())))
    assert result.doubts == ("other_data",)
    attacks.held("the worker", "data that is not the known one, untold")


def largest_memory(run: Callable[[], object]) -> int:
    """The most resident memory of this process, bytes, while `run` runs in a thread."""
    thread = threading.Thread(target=run)
    thread.start()
    largest = 0
    while thread.is_alive():
        largest = max(largest, psutil.Process().memory_info().rss)
        thread.join(0.05)
    return largest


def test_a_class_that_only_a_worker_can_know_is_not_taken_from_a_child(
    queue: Queue, make_worker: MakeWorker, attacks: Attacks
) -> None:
    submission = queued(queue)
    make_worker(evaluate=hostile("claims_what_only_a_worker_knows"), tasks=tuple(TASKS)).run(once=True)
    failed = queue.find(submission.id)
    assert failed.failure is not None
    assert (failed.status, failed.failure.failure, failed.attempt) == (Status.FAILED, "internal", 1)
    assert failed.failure.message == "x[31m" + "m" * 994 + "…"
    attacks.held("the worker", "a failure class that only a worker can know")


def test_endless_output_is_read_in_bounded_memory_until_the_time_is_up(
    queue: Queue, make_worker: MakeWorker, attacks: Attacks
) -> None:
    submission = queued(queue)
    before = psutil.Process().memory_info().rss
    worker = make_worker(evaluate=hostile("endless_output", seconds=6.0), tasks=tuple(TASKS))
    largest = largest_memory(lambda: worker.run_one())
    waiting = queue.find(submission.id)
    assert waiting.status is Status.QUEUED  # a timeout is tried again, once
    assert waiting.failure is not None
    assert waiting.failure.failure == "timeout"
    assert largest - before < 100 * 2**20
    assert len(queue.requests.read(log_paths(submission.id)[0])) < 200 * 100
    attacks.held("the worker", "endless output")


def test_a_hostile_submission_does_not_keep_the_next_one_from_its_result(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, attacks: Attacks
) -> None:
    bad, good = queued(queue, "org/a-hostile"), queued(queue, "org/honest")

    def evaluate(job: Job, *arguments: Any) -> Any:
        child = hostile("pipe_as_result") if job.spec.model == "org/a-hostile" else evaluations.child()
        return child(job, *arguments)

    make_worker(evaluate=evaluate, tasks=tuple(TASKS)).run(once=True)
    assert queue.find(bad.id).status is Status.FAILED
    assert queue.find(good.id).status is Status.FINISHED
    attacks.held("the worker", "a hostile submission before an honest one")


@pytest.mark.parametrize("error", [RuntimeError("x\ud800"), OverflowError(), RecursionError(), MemoryError()])
def test_whatever_goes_wrong_around_a_submission_is_its_failure(
    queue: Queue, make_worker: MakeWorker, said: list[dict[str, Any]], error: Exception, attacks: Attacks
) -> None:
    submission = queued(queue)

    def evaluate(*_: object) -> Any:
        raise error

    make_worker(evaluate=evaluate).run(once=True)
    failed = queue.find(submission.id)
    assert failed.failure is not None
    assert (failed.status, failed.failure.failure) == (Status.FAILED, "internal")
    assert type(error).__name__ in failed.failure.message
    assert "Traceback" in next(line["traceback"] for line in said if line["event"] == "unforeseen")
    attacks.held("the worker", "an error that nobody foresaw")


def test_an_error_at_the_failure_too_leaves_the_submission_to_its_lease(
    queue: Queue, make_worker: MakeWorker, said: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = queued(queue)

    def broken(*_: object, **__: object) -> Any:
        raise ValueError("not even that")

    monkeypatch.setattr(queue, "fail", broken)
    make_worker(evaluate=broken).run(once=True)
    assert queue.find(submission.id).status is Status.RUNNING
    assert [line["event"] for line in said] == ["claimed", "unforeseen", "unforeseen"]


def test_what_an_earlier_evaluation_left_in_the_folder_holds_nobody_up(
    evaluations: Evaluations, tmp_path: Path, attacks: Attacks
) -> None:
    job = Job(name="one", spec=spec(), folder=tmp_path / "work" / ("ab" * 8), tasks=tuple(TASKS))
    folder = job.folder
    folder.mkdir(parents=True)
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (folder / "spec.json").symlink_to(precious)
    os.mkfifo(job.result_file)
    outcome = evaluations.child()(job, lambda _: None, lambda: False)
    assert outcome.result is not None
    assert precious.read_text() == "precious"
    (folder / LOCK).unlink()
    os.mkfifo(folder / LOCK)
    hour_ago = time.time() - 7200
    os.utime(folder, (hour_ago, hour_ago))
    assert remove_others(tmp_path / "work", []) == [folder]
    attacks.held("the worker", "links and pipes left in the work folder", 3)


def test_the_lease_is_renewed_while_scores_are_computed_again(
    evaluations: Evaluations, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    queue = Queue(MemoryStore(), MemoryStore())
    queued(queue)
    child, minutes = evaluations.child(), [0.0]

    def evaluate(job: Job, _: object, stopped: Callable[[], bool]) -> Any:
        outcome = child(job, lambda _: None, stopped)
        minutes[0] = 20.0  # of a lease of thirty, and not a word since the beginning
        return outcome

    worker = make_worker(evaluate=evaluate, tasks=tuple(TASKS))
    worker.queue = queue
    worker._clock = lambda: minutes[0] * 60
    worker.run_one()
    assert [line["event"] for line in said] == ["claimed", "renewed", "published", "finished"]
