"""A worker sees a submission through, or says why not; what it leaves behind, the next one picks up."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evaluator import records
from evaluator.evidence.samples import dump_samples, load_samples
from evaluator.records import MEASURED_BY, Origin, dump_result, load_result
from evaluator.spec import result_path
from evaluator.suite import KO_V1, NDCG_10, SUITES, Category
from runner.asked import asked_of
from runner.child import Job, Outcome
from runner.work import Worker
from store import Changes
from store.errors import Forbidden, Unavailable
from store.memory import MemoryStore
from submissions.errors import AlreadyEvaluated
from submissions.layout import log_paths
from submissions.record import ModelMetadata, Status
from submissions.stored import Queue
from tests.leaderboard_data.examples import measured
from tests.runner.conftest import TASKS, Evaluations, queued, scores_in, spec, watched_for_an_hour
from tests.runner.honest import honest_samples, honest_score

MakeWorker = Callable[..., Worker]


def test_an_approved_submission_becomes_a_published_result(
    queue: Queue, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    submission = queued(queue)
    make_worker().run(once=True)

    finished = queue.find(submission.id)
    assert finished.status is Status.FINISHED
    assert finished.lease is None
    assert finished.result is not None
    result = load_result(queue.results.read(finished.result.path, finished.result.revision))
    assert scores_in(result) == TASKS
    assert [run.submission for run in result.runs.values()] == [submission.id]
    assert [line["event"] for line in said] == ["claimed", "published", "finished"]
    assert [event.to_status for event in finished.history] == ["PENDING", "QUEUED", "RUNNING", "FINISHED"]


def test_the_date_of_the_commit_goes_from_the_submission_to_the_result(queue: Queue, make_worker: MakeWorker) -> None:
    committed_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    submission = queue.submit(spec(), who="visitor", metadata=ModelMetadata(committed_at=committed_at))
    queue.approve(submission.id, who="maintainer")
    make_worker().run(once=True)
    assert load_result(queue.results.read(result_path(spec()))).committed_at == committed_at


def test_the_samples_are_published_with_the_result_in_one_commit(queue: Queue, make_worker: MakeWorker) -> None:
    queued(queue)
    before = queue.results.head()
    make_worker().run(once=True)
    assert queue.results.log(2)[1].revision == before
    path = "samples/org__model/" + result_path(spec()).rsplit("/", 1)[1].replace(".json", ".parquet")
    assert load_samples(queue.results.read(path)).keys() == set(KO_V1.task_ids)


def test_nothing_is_left_in_the_work_folder_after_the_end(
    queue: Queue, make_worker: MakeWorker, tmp_path: Path
) -> None:
    queued(queue)
    make_worker().run(once=True)
    assert list((tmp_path / "work").iterdir()) == []


def test_an_empty_queue_ends_a_worker_that_runs_once(make_worker: MakeWorker, said: list[dict[str, Any]]) -> None:
    make_worker().run(once=True)
    assert said == []


def test_a_pending_submission_is_left_alone(queue: Queue, make_worker: MakeWorker) -> None:
    submission = queue.submit(spec(), who="visitor")
    make_worker().run(once=True)
    assert queue.find(submission.id).status is Status.PENDING


def test_a_worker_once_drains_the_queue_in_order(queue: Queue, make_worker: MakeWorker) -> None:
    first, second = queued(queue, "org/first"), queued(queue, "org/second")
    queue_jumper = queue.submit(spec("org/urgent"), who="visitor")
    queue.approve(queue_jumper.id, who="maintainer", priority=5)
    make_worker().run(once=True)
    ends = {s.id: s for s in queue.listing().submissions}
    assert all(s.status is Status.FINISHED for s in ends.values())
    claims = [c.message.split()[1] for c in reversed(queue.requests.log(100)) if c.message.startswith("Claim")]
    assert claims == [queue_jumper.id, *sorted([first.id, second.id], key=lambda i: (ends[i].history[1].at, i))]


def test_a_failed_evaluation_ends_with_its_class_and_the_log(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    evaluations.follow(loaded={"print": "OSError: bad header", "fail": ["load_failed", "The weights are damaged."]})
    submission = queued(queue)
    make_worker().run(once=True)
    failed = queue.find(submission.id)
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert (failed.failure.failure, failed.failure.message) == ("load_failed", "The weights are damaged.")
    assert not failed.failure.retriable
    assert queue.requests.read(log_paths(submission.id)[0]) == b"OSError: bad header\n"
    assert queue.results.list("results") == {}


def test_a_failure_that_may_pass_is_tried_three_times(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    evaluations.follow(loaded={"fail": ["data_unavailable", "The Hub does not answer."], "always": True})
    submission = queued(queue)
    make_worker().run(once=True)
    failed = queue.find(submission.id)
    assert failed.status is Status.FAILED
    assert failed.attempt == 3
    assert failed.failure is not None
    assert failed.failure.retriable
    assert [e.to_status for e in failed.history].count(Status.RUNNING) == 3


def test_a_failure_that_passes_ends_in_a_result(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    evaluations.follow(loaded={"fail": ["data_unavailable", "The Hub does not answer."]})
    submission = queued(queue)
    make_worker().run(once=True)
    assert queue.find(submission.id).status is Status.FINISHED


@pytest.mark.parametrize("unread", ["unanswered", "unreadable"])
def test_a_task_whose_data_could_not_be_read_is_run_again_and_no_other(
    unread: str, queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    evaluations.follow(**{f"KorSTS {unread}": {}})
    submission = queued(queue)
    make_worker().run(once=True)
    finished = queue.find(submission.id)
    assert finished.status is Status.FINISHED
    assert finished.attempt == 2
    assert finished.result is not None
    result = load_result(queue.results.read(finished.result.path))
    assert scores_in(result) == TASKS
    runs = {task: result.tasks[task].run for task in TASKS}
    assert len(set(runs.values())) == 2
    assert [task for task, run in runs.items() if run != runs["KLUE-STS"]] == ["KorSTS"]


@pytest.mark.parametrize(("unread", "failure"), [("unanswered", "hub_unavailable"), ("unreadable", "data_unavailable")])
def test_after_three_attempts_it_fails_and_its_other_tasks_are_kept(
    unread: str, failure: str, queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    evaluations.follow(**{f"KorSTS {unread}": {"always": True}})
    submission = queued(queue)
    make_worker().run(once=True)
    failed = queue.find(submission.id)
    assert (failed.status, failed.attempt, failed.result) == (Status.FAILED, 3, None)
    assert failed.failure is not None
    assert failed.failure.failure == failure
    kept = load_result(queue.results.read(result_path(spec())))
    assert [task for task, score in kept.tasks.items() if not score.scored] == ["KorSTS"]

    evaluations.follow()
    queue.retry(submission.id, who="maintainer")
    make_worker("next").run(once=True)
    assert queue.find(submission.id).status is Status.FINISHED
    whole = load_result(queue.results.read(result_path(spec())))
    assert scores_in(whole) == TASKS
    assert whole.tasks["KLUE-STS"].run == kept.tasks["KLUE-STS"].run


def test_a_worker_that_dies_after_it_published_what_it_could_score_loses_nothing(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    """The submission is not taken for finished, and what was published is not run again."""
    evaluations.follow(**{"KorSTS unreadable": {}})
    submission = queued(queue)
    fail, queue.fail = queue.fail, lambda *_, **__: pytest.fail("died")  # type: ignore[method-assign]
    with pytest.raises(pytest.fail.Exception, match="died"):
        make_worker("gone").run_one()
    queue.fail = fail  # type: ignore[method-assign]
    worker = make_worker("next")
    worker.queue = watched_for_an_hour(queue)
    worker.run(once=True)

    finished = queue.find(submission.id)
    assert (finished.status, finished.attempt) == (Status.FINISHED, 2)
    assert scores_in(load_result(queue.results.read(result_path(spec())))) == TASKS
    assert evaluations.ran == [f"org/model {task}" for task in TASKS], "also KorSTS: its embeddings stayed"
    assert [line["event"] for line in said].count("published") == 2


def test_a_rerun_whose_data_cannot_be_read_leaves_the_result_as_it_was(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    submission = queued(queue)
    make_worker().run(once=True)
    before = queue.results.read(result_path(spec()))
    queue.rerun(submission.id, who="maintainer", why="stale data")
    evaluations.follow(**{"KorSTS unreadable": {"always": True}})
    make_worker("next").run(once=True)
    assert queue.find(submission.id).status is Status.FAILED
    assert queue.results.read(result_path(spec())) == before


def test_rows_that_are_not_the_known_ones_are_a_line_in_the_log(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    """On the Hub the commit is the pin: what is there is scored, and marked."""
    evaluations.follow(**{"KorSTS moved": {}})
    submission = queued(queue)
    make_worker().run(once=True)
    result = load_result(queue.results.read(result_path(spec())))
    (line,) = [each for each in said if each["event"] == "other_data"]
    assert line["submission"] == submission.id
    assert line["tasks"] == ["KorSTS"]
    assert result.newest_run is not None
    assert "other_data" in result.newest_run.environment.warnings


def test_a_retry_waits_for_its_delay(queue: Queue, evaluations: Evaluations, make_worker: MakeWorker) -> None:
    evaluations.follow(loaded={"fail": ["data_unavailable", "The Hub does not answer."]})
    submission = queued(queue)
    make_worker(retry_delay=timedelta(hours=1)).run(once=True)
    waiting = queue.find(submission.id)
    assert waiting.status is Status.QUEUED
    assert waiting.not_before is not None
    assert waiting.not_before > datetime.now(UTC) + timedelta(minutes=50)


def test_a_killed_evaluation_goes_on_and_runs_no_finished_task_again(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    evaluations.follow(KorSTS={"kill": True})
    submission = queued(queue)
    make_worker().run(once=True)
    assert queue.find(submission.id).status is Status.FINISHED
    assert evaluations.ran == [f"org/model {task}" for task in TASKS]


def test_a_rerun_is_computed_anew_and_replaces_the_result(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, tmp_path: Path
) -> None:
    """Also where a worker that was killed after it had finished left its folder, with the result in it."""
    submission = queued(queue)
    worker = make_worker()
    worker._tidy = lambda *_: None  # type: ignore[method-assign]
    worker.run(once=True)
    assert list((tmp_path / "work").iterdir()) != []
    before = load_result(queue.results.read(result_path(spec())))
    queue.rerun(submission.id, who="maintainer", why="stale data")
    while records.now() <= before.newest_run.at + timedelta(seconds=1):  # type: ignore[union-attr]
        time.sleep(0.05)  # a run is told apart by its time, to the second
    make_worker("next").run(once=True)

    finished = queue.find(submission.id)
    after = load_result(queue.results.read(result_path(spec())))
    assert finished.status is Status.FINISHED
    assert evaluations.ran == 2 * [f"org/model {task}" for task in TASKS]
    assert not after.runs.keys() & before.runs.keys()
    assert set(finished.earlier_runs) == before.runs.keys()


def test_a_result_that_is_there_already_ends_the_submission_without_a_run(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    submission = queued(queue)
    gone = make_worker("gone")
    finish, queue.finish = queue.finish, lambda *_, **__: pytest.fail("died")  # type: ignore[method-assign]
    with pytest.raises(pytest.fail.Exception, match="died"):
        gone.run_one()
    queue.finish = finish  # type: ignore[method-assign]
    later = watched_for_an_hour(queue)
    make_worker("next")
    worker = make_worker("next")
    worker.queue = later
    worker.run(once=True)

    finished = queue.find(submission.id)
    assert finished.status is Status.FINISHED
    assert finished.history[-1].why == "published by gone, which then vanished"
    assert len(evaluations.ran) == len(TASKS)
    assert [line["event"] for line in said] == ["claimed", "published", "reclaimed"]


def test_a_forced_submission_is_evaluated_although_a_result_exists(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    queued(queue)
    make_worker().run(once=True)
    again = queued(queue, force=True)
    make_worker().run(once=True)
    finished = queue.find(again.id)
    assert finished.status is Status.FINISHED
    assert finished.result is not None
    runs = load_result(queue.results.read(finished.result.path)).runs
    assert [run.submission for run in runs.values()] == [again.id]
    assert len(evaluations.ran) == 2 * len(TASKS)


def test_a_trial_of_some_tasks_does_not_block_the_full_run_and_is_not_run_again(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    trial = queued(queue)
    make_worker(tasks=("KorSTS",)).run(once=True)
    assert queue.find(trial.id).status is Status.FINISHED
    assert evaluations.ran == ["org/model KorSTS"]
    full = queued(queue)
    make_worker().run(once=True)
    finished = queue.find(full.id)
    assert finished.status is Status.FINISHED
    assert finished.result is not None
    result = load_result(queue.results.read(finished.result.path))
    assert scores_in(result) == TASKS
    assert set(result.tasks) == set(KO_V1.task_ids)
    assert sorted(run.submission or "" for run in result.runs.values()) == sorted([trial.id, full.id])
    assert sorted(evaluations.ran) == sorted(f"org/model {task}" for task in TASKS)
    with pytest.raises(AlreadyEvaluated):
        queue.submit(spec(), who="visitor")


def test_a_gap_that_may_pass_is_filled_by_the_next_submission(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker
) -> None:
    evaluations.follow(**{"KorSTS unanswered": {"always": True}})
    queued(queue)
    make_worker().run(once=True)
    evaluations.follow()
    again = queued(queue)
    make_worker().run(once=True)
    finished = queue.find(again.id)
    assert finished.result is not None
    assert scores_in(load_result(queue.results.read(finished.result.path))) == TASKS
    assert evaluations.ran[len(TASKS) :] == ["org/model KorSTS"]


def test_a_submission_for_a_suite_of_a_newer_version_is_left_to_a_worker_that_knows_it(
    queue: Queue, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        newer.setitem(SUITES, "ko-v9", KO_V1)
        submission = queued(queue, suites=("ko-v9",))
    make_worker().run(once=True)
    assert queue.find(submission.id).status is Status.QUEUED
    with pytest.raises(ValueError, match="the suites: ko-v1"):
        queue.submit(spec("org/other"), who="visitor", suites=("ko-v9",))


def test_a_result_in_another_precision_ends_the_submission_with_a_reason(queue: Queue, make_worker: MakeWorker) -> None:
    ours = Origin(kind="measured", by=MEASURED_BY)
    stored = measured(spec=spec(), tasks={"KLUE-STS": honest_score("KLUE-STS")}, dtype="bfloat16", origin=ours)
    path = result_path(spec())
    queue.results.commit({path: dump_result(stored)}, "Publish", queue.results.head())

    def evaluate(job: Job, *_: object) -> Outcome:
        assert job.onto == stored
        tasks = {task: honest_score(task) for task in job.tasks}
        samples = dump_samples({task: honest_samples(task) for task in job.tasks})
        return Outcome(result=measured(spec=job.spec, tasks=tasks, dtype="float32"), samples=samples)

    submission = queued(queue)
    make_worker(evaluate=evaluate).run(once=True)
    failed = queue.find(submission.id)
    assert failed.failure is not None
    assert (failed.status, failed.failure.failure) == (Status.FAILED, "internal")
    assert "a row has one precision" in failed.failure.message
    assert load_result(queue.results.read(path)) == stored


def test_a_stopped_worker_gives_its_lease_back_and_the_attempt_does_not_count(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, tmp_path: Path
) -> None:
    submission = queued(queue)
    evaluations.follow(KorSTS={"hold": str(tmp_path / "never")})
    child = evaluations.child()

    def evaluate(job: Any, on_event: Callable[[Any], None], stopped: Callable[[], bool]) -> Any:
        def listen(event: Any) -> None:
            on_event(event)
            if event.get("task") == "KorSTS":
                worker.stop()

        return child(job, listen, stopped)

    worker = make_worker(evaluate=evaluate)
    worker.run()
    back = queue.find(submission.id)
    assert (back.status, back.attempt, back.lease) == (Status.QUEUED, 0, None)
    assert back.history[-1].why == "the worker is stopping"

    make_worker("next").run(once=True)
    assert queue.find(submission.id).status is Status.FINISHED
    assert evaluations.ran == [f"org/model {task}" for task in TASKS]


def test_a_worker_whose_lease_was_taken_over_publishes_nothing(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    submission = queued(queue)
    child = evaluations.child()

    def evaluate(job: Any, on_event: Callable[[Any], None], stopped: Callable[[], bool]) -> Any:
        outcome = child(job, on_event, stopped)
        later = watched_for_an_hour(queue)
        later.reclaim_expired("another")
        later.claim("another", timedelta(hours=1))
        return outcome

    make_worker(evaluate=evaluate).run_one()
    assert [line["event"] for line in said] == ["claimed", "lease_lost"]
    running = queue.find(submission.id)
    assert running.lease is not None
    assert running.lease.worker == "another"
    assert queue.results.list("results") == {}


def test_an_evaluation_ends_as_soon_as_its_lease_is_another_ones(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, tmp_path: Path, said: list[dict[str, Any]]
) -> None:
    queued(queue)
    evaluations.follow(STS17={"hold": str(tmp_path / "never")})
    child = evaluations.child()

    def evaluate(job: Any, on_event: Callable[[Any], None], stopped: Callable[[], bool]) -> Any:
        later = watched_for_an_hour(queue)
        later.reclaim_expired("another")
        return child(job, on_event, stopped)

    make_worker(evaluate=evaluate, beat=timedelta(0)).run_one()
    assert [line["event"] for line in said] == ["claimed", "lease_lost"]


def test_the_lease_is_renewed_at_a_tasks_end_and_tells_the_progress(
    queue: Queue, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    queued(queue)
    make_worker(beat=timedelta(0)).run(once=True)
    renewals = [line for line in said if line["event"] == "renewed"]
    assert [line["progress"]["tasks_done"] for line in renewals] == [1, 2, 3]
    assert renewals[1]["progress"]["task"] == "KorSTS"


def test_renewals_within_the_beat_are_left_out(
    queue: Queue, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    queued(queue)
    make_worker(beat=timedelta(minutes=5)).run(once=True)
    assert "renewed" not in [line["event"] for line in said]


def test_a_model_too_large_for_this_worker_is_left_to_others(queue: Queue, make_worker: MakeWorker) -> None:
    large = queued(queue, "org/large", metadata=ModelMetadata(parameters=7_000_000_000))
    unknown = queued(queue, "org/unknown")
    make_worker(max_parameters=1_000_000_000).run(once=True)
    assert queue.find(large.id).status is Status.QUEUED
    assert queue.find(unknown.id).status is Status.FINISHED


class Away(MemoryStore):
    """A store whose next commits fail."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return super().commit(changes, message, parent)


def test_a_result_waits_for_a_store_that_is_away(make_worker: MakeWorker, evaluations: Evaluations) -> None:
    away = Away(*[Unavailable("rate limit", retry_after=100.0)] * 3)  # more than one update waits for
    queue = Queue(MemoryStore(), away)
    worker = make_worker()
    worker.queue = queue
    worker._wait = lambda _: None
    submission = queued(queue)
    worker.run(once=True)
    assert queue.find(submission.id).status is Status.FINISHED
    assert len(evaluations.ran) == len(TASKS)


def test_a_worker_that_may_not_publish_gives_the_lease_back_and_ends(make_worker: MakeWorker) -> None:
    queue = Queue(MemoryStore(), Away(Forbidden("this token may not write results")))
    worker = make_worker()
    worker.queue = queue
    submission = queued(queue)
    with pytest.raises(Forbidden, match="may not write"):
        worker.run(once=True)
    back = queue.find(submission.id)
    assert (back.status, back.attempt) == (Status.QUEUED, 0)


def test_a_long_task_renews_the_lease_when_half_of_it_is_over(
    queue: Queue, evaluations: Evaluations, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    queued(queue)
    child, minutes = evaluations.child(), [0.0]

    def evaluate(job: Any, on_event: Callable[[Any], None], stopped: Callable[[], bool]) -> Any:
        for now in (14, 16, 29, 30, 32):  # of a lease of thirty
            minutes[0] = float(now)
            on_event({})
        return child(job, lambda _: None, stopped)

    worker = make_worker(evaluate=evaluate)
    worker._clock = lambda: minutes[0] * 60
    worker.run_one()
    assert [line["event"] for line in said].count("renewed") == 2  # at 16 and at 32


def test_an_evaluation_goes_on_while_the_store_does_not_answer(
    evaluations: Evaluations, make_worker: MakeWorker, said: list[dict[str, Any]]
) -> None:
    away = Away()
    queue = Queue(away, MemoryStore())
    submission = queued(queue)
    child = evaluations.child()

    def evaluate(job: Any, on_event: Callable[[Any], None], stopped: Callable[[], bool]) -> Any:
        away.errors = [Unavailable("rate limit", retry_after=3600.0)]
        return child(job, on_event, stopped)

    worker = make_worker(evaluate=evaluate, beat=timedelta(0))
    worker.queue = queue
    worker.run_one()
    events = [line["event"] for line in said]
    assert events.count("not_renewed") == 1
    assert queue.find(submission.id).status is Status.FINISHED


def test_a_task_on_request_is_run_where_the_terms_name_it(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """MIRACLRetrieval has 1.5 million passages: a suite that shows it does not bring it."""
    wikipedia = Category(id="wikipedia", label="Wikipedia", task_ids=("MIRACLRetrieval",), rule=NDCG_10, weight=0.0)
    monkeypatch.setitem(SUITES, "ko-v1", replace(KO_V1, categories=(*KO_V1.categories, wikipedia)))
    submission = queued(queue)
    assert [task.id for task in asked_of(submission)] == list(KO_V1.task_ids)
    assert [task.id for task in asked_of(submission, ("MIRACLRetrieval",))] == ["MIRACLRetrieval"]
