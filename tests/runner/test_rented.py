"""Rented machines against the stand-in: jobs that run, fail, are stopped, cancelled or lost, and drivers that are."""

from copy import copy
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from evaluator.records import load_result, now
from evaluator.spec import ModelSpec, result_path
from runner.rented import Rented, spent
from runner.renting import jobs_text, told_of_jobs
from store.errors import Forbidden, OutcomeUnknown, Unavailable
from submissions.layout import log_paths
from submissions.order import claim_order
from submissions.record import ModelMetadata, ResultReference, Status
from tests.runner.conftest import TASKS
from tests.runner.reliability import Tally
from tests.runner.renting import READS, RENTS, WRITES, Board, board_on_the_stand_in

__all__ = ["board_on_the_stand_in"]

STAND_IN = "Hub stand-in"


def test_a_waiting_model_is_evaluated_by_a_worker_on_a_rented_machine(board: Board) -> None:
    submission = board.queued(metadata=ModelMetadata(parameters=600_000_000))
    driver = board.driver()
    assert driver.step()
    (machine,) = board.machines
    assert machine.spec["flavor"] == "l4x1"
    assert machine.spec["timeoutSeconds"] == 1800 + round(3600 * 1.6)
    noted = board.find(submission).history[-1].why
    assert noted == f"job {machine.id} on l4x1 (at most $1.68, 2.1 hours)"
    board.drive(driver, board.all_ended)
    assert (board.lost(), board.double()) == (0, 0), "\n".join(machine.lines)
    assert not driver.step()
    assert len(board.machines) == 1
    finished = board.find(submission)
    assert [event.who for event in finished.history[-2:]] == [machine.labels["worker"]] * 2
    assert board.evaluations.ran == [f"org/model {task}" for task in TASKS]


def test_its_tokens_are_secrets_of_the_job_and_the_driver_waits_for_nobody(board: Board) -> None:
    board.jobs.held = True
    board.queued()
    assert board.driver(comment_token=None).step()
    (machine,) = board.machines
    assert machine.spec["secrets"] == {
        "KEL_REQUESTS_TOKEN": WRITES,
        "KEL_RESULTS_TOKEN": WRITES,
        "KEL_MODELS_TOKEN": READS,
    }
    for secret in (WRITES, READS, RENTS):
        assert secret not in str([machine.spec["environment"], machine.spec["command"], machine.labels])


def test_what_an_evaluation_says_of_its_failure_ends_the_submission(board: Board) -> None:
    board.evaluations.follow(loaded={"print": "OSError: bad header", "fail": ["load_failed", "Damaged."]})
    submission = board.queued()
    board.drive(board.driver(), lambda: board.find(submission).status is Status.FAILED and board.all_ended())
    failed = board.find(submission).failure
    assert failed is not None
    assert (failed.failure, failed.message) == ("load_failed", "Damaged.")
    assert board.queue.requests.read(log_paths(submission.id)[0]) == b"OSError: bad header\n"
    assert len(board.machines) == 1


def test_a_job_that_never_claims_counts_as_an_attempt_and_its_log_is_in_the_queue(board: Board) -> None:
    board.put_code(b"import sys\nprint('no CUDA here, hf_abcdefgh12345678')\nsys.exit(3)\n")
    submission = board.queued()
    board.drive(board.driver(), lambda: board.find(submission).status is Status.FAILED)
    failed = board.find(submission)
    assert failed.failure is not None
    assert failed.failure.failure == "worker_lost"
    last = board.machines[-1]
    assert failed.failure.message == (
        f"Job {last.id} on the Hub ended (ERROR) without a result: Job failed with exit code: 3"
    )
    assert (failed.attempt, len(board.machines)) == (3, 3)
    log = board.queue.requests.read(log_paths(submission.id)[0]).decode()
    assert "no CUDA here, [secret]" in log


def test_a_machine_whose_time_is_over_is_a_timeout_and_tried_once_more(board: Board) -> None:
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "never"), "always": True})
    board.jobs.hurry = 600.0
    submission = board.queued()
    board.drive(board.driver(evaluation_hours=1.0), lambda: board.find(submission).status is Status.FAILED)
    failed = board.find(submission)
    assert failed.failure is not None
    assert failed.failure.failure == "timeout"
    assert failed.failure.message == "The rented machine was stopped after 1.5 hours, its time limit."
    assert [machine.spec["timeoutSeconds"] for machine in board.machines] == [5400, 5400]


def test_a_machine_that_dies_amid_an_evaluation_is_replaced(board: Board, tally: Tally) -> None:
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "never")})
    submission = board.queued()
    driver = board.driver()
    board.drive(driver, lambda: len(board.evaluations.ran) == 2)
    board.jobs.crash(board.machines[0].id)
    board.drive(driver, lambda: board.find(submission).status is Status.FINISHED and board.all_ended())
    tally.add("a rented machine dies amid an evaluation", STAND_IN, faults=1, lost=board.lost(), double=board.double())
    assert (board.lost(), board.double(), len(board.machines)) == (0, 0, 2)


def test_a_job_that_the_hub_forgets_amid_an_evaluation_is_replaced(board: Board, tally: Tally) -> None:
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "never")})
    submission = board.queued()
    driver = board.driver()
    board.drive(driver, lambda: len(board.evaluations.ran) == 2)
    board.jobs.lose(board.machines[0].id)
    driver.step()
    assert board.find(submission).status is Status.RUNNING  # its lease is judged by watching, as everybody's
    board.seconds += 2 * 3600
    board.drive(driver, lambda: board.find(submission).status is Status.FINISHED and board.all_ended())
    tally.add("a rented job is forgotten while it runs", STAND_IN, faults=1, lost=board.lost(), double=board.double())
    assert (board.lost(), board.double(), len(board.machines)) == (0, 0, 1)


def test_a_job_that_the_hub_forgets_before_it_began_counts_as_an_attempt(board: Board, tally: Tally) -> None:
    board.jobs.held = True
    submission = board.queued()
    driver = board.driver()
    driver.step()
    lost = board.machines[0].id
    board.jobs.lose(lost)
    driver.step()
    assert (board.find(submission).status, board.machines) == (Status.QUEUED, [])
    for _ in range(2):  # so long the driver itself remembers it, and so long it waits for the list
        board.seconds += 301
        driver.step()
    board.jobs.held = False
    back = board.find(submission)
    assert back.failure is not None
    assert back.failure.message == f"The Hub does not know job {lost} any more."
    assert back.attempt == 1
    board.drive(driver, lambda: board.find(submission).status is Status.FINISHED and board.all_ended())
    what = "a rented job is forgotten before it runs"
    tally.add(what, STAND_IN, faults=1, lost=board.lost(), double=board.double())
    assert (board.lost(), board.double()) == (0, 0)


def test_a_job_that_ended_between_publishing_and_finishing_is_finished_and_told_by_the_driver(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.jobs.held = True
    submission = board.queued()
    driver = board.driver()
    driver.step()
    board.jobs.crash(board.machines[0].id)
    published = ResultReference(path=result_path(submission.spec), revision=board.queue.results.head())
    monkeypatch.setattr(board.queue, "result_of", lambda _: published)
    assert not driver.step()
    assert (board.find(submission).status, board.finished) == (Status.FINISHED, [submission.id])


@pytest.mark.parametrize("fault", ["drop_after", "refuse_after"])
def test_a_lost_answer_rents_no_second_machine(board: Board, fault: Any, tally: Tally) -> None:
    submission = board.queued()
    driver = board.driver()
    board.hub.faults.add(fault, "POST /api/jobs/renters$")
    with pytest.raises(OutcomeUnknown):
        driver.step()
    board.drive(driver, lambda: board.find(submission).status is Status.FINISHED and board.all_ended())
    tally.add("a lost answer to renting", STAND_IN, faults=1, lost=board.lost(), double=board.double())
    assert (board.lost(), board.double(), len(board.machines)) == (0, 0, 1)


@pytest.mark.parametrize("fault", ["drop", "refuse"])
def test_a_refusal_that_may_be_a_lost_answer_is_waited_for(board: Board, fault: Any) -> None:
    board.jobs.held = True
    board.queued()
    driver = board.driver()
    board.hub.faults.add(fault, "POST /api/jobs/renters$")
    with pytest.raises(OutcomeUnknown):
        driver.step()
    assert not driver.step()
    assert board.machines == []  # the list may be behind
    board.seconds += 301
    assert driver.step()
    assert len(board.machines) == 1


def test_a_driver_that_dies_when_it_has_rented_is_followed_by_one_that_takes_the_job_up(
    board: Board, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    submission = board.queued()
    with monkeypatch.context() as doomed:
        doomed.setattr(board.queue, "note", _die)
        with pytest.raises(_Killed):
            board.driver().step()
    driver = board.driver()
    driver.step()
    assert board.machines[0].id in board.find(submission).history[-1].why or board.find(submission).attempt
    board.drive(driver, lambda: board.find(submission).status is Status.FINISHED and board.all_ended())
    what = "a driver dies when it has rented a machine"
    tally.add(what, STAND_IN, faults=1, lost=board.lost(), double=board.double())
    assert (board.lost(), board.double(), len(board.machines)) == (0, 0, 1)


def test_a_driver_that_dies_between_claiming_for_a_dead_job_and_saying_so(
    board: Board, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    board.jobs.held = True
    submission = board.queued()
    board.driver().step()
    board.jobs.crash(board.machines[0].id)
    board.jobs.held = False
    with monkeypatch.context() as doomed:
        doomed.setattr(board.queue, "fail", _die)
        with pytest.raises(_Killed):
            board.driver().step()
    driver = board.driver()
    board.drive(driver, lambda: board.find(submission).status is Status.FINISHED and board.all_ended())
    what = "a driver dies while it tells a dead job's end"
    tally.add(what, STAND_IN, faults=2, lost=board.lost(), double=board.double())
    assert (board.lost(), board.double(), board.find(submission).attempt) == (0, 0, 2)


def test_kill_9_of_a_driver_loses_no_job(board: Board, tally: Tally) -> None:
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "go on")})
    submissions = [board.queued(f"org/model-{number}") for number in range(2)]
    doomed = board.start_driver("--parallel", "2")
    board.wait(lambda: len(board.machines) == 2 and len(board.evaluations.ran) >= 2)
    doomed.kill()
    doomed.wait(10)
    (board.folder / "go on").touch()
    follower = board.start_driver("--once", "--parallel", "2")
    assert follower.wait(90) == 0
    assert all(board.find(submission).status is Status.FINISHED for submission in submissions)
    tally.add("kill -9 of the driver of two machines", STAND_IN, faults=1, lost=board.lost(), double=board.double())
    assert (board.lost(), board.double(), len(board.machines)) == (0, 0, 2)
    assert len(board.evaluations.ran) == len(set(board.evaluations.ran)) == 2 * len(TASKS)


def test_what_is_withdrawn_is_cancelled_and_what_was_taken_away_after_a_while(board: Board) -> None:
    board.jobs.held = True
    driver = board.driver()
    withdrawn = board.queued("org/one")
    driver.step()
    board.queue.withdraw(withdrawn.id, who="visitor")
    driver.step()
    assert [machine.stage for machine in board.machines] == ["CANCELED"]

    board.jobs.held = False
    board.evaluations.follow(KorSTS={"hold": str(board.folder / "never")})
    taken = board.queued("org/two")
    board.drive(driver, lambda: board.find(taken).status is Status.RUNNING)
    board.jobs.held = True
    board.queue.release_stuck(taken.id, who="maintainer", why="it hangs")
    driver.step()
    assert [machine.stage for machine in board.machines] == ["CANCELED", "RUNNING", "SCHEDULING"]
    board.seconds += 301
    driver.step()
    assert [machine.stage for machine in board.machines] == ["CANCELED", "CANCELED", "SCHEDULING"]


def test_of_two_jobs_for_one_turn_the_younger_is_cancelled(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.jobs.held = True
    board.queued()
    first, second = board.driver(), board.driver()
    with monkeypatch.context() as behind:  # the Hub's list does not show yet what the other driver started
        behind.setattr(second.budget.hub, "jobs", list)
        behind.setattr(second.queue, "note", lambda *_, **__: None)
        first.step()
        second.step()
    assert len(board.machines) == 2
    board.seconds += 301  # what the second has started itself it knows for so long
    first.step()
    assert [machine.stage for machine in board.machines] == ["SCHEDULING", "CANCELED"]
    second.step()
    assert [machine.stage for machine in board.machines] == ["SCHEDULING", "CANCELED"]


def test_the_days_dollars_hold_whoever_drives_and_whatever_the_hub_forgets(board: Board) -> None:
    board.jobs.held = True
    one, two = sorted([board.queued("org/one"), board.queued("org/two")], key=claim_order)
    driver = board.driver(jobs_dollars_per_day=3.0)
    driver.step()
    driver.step()
    assert len(board.machines) == 1
    told = [line for line in board.said if line["event"] == "no_dollars"]
    assert told == [{"event": "no_dollars", "submission": two.id, "spent": 2.0, "needed": 2.0, "a_day": 3.0}]
    another = board.driver(jobs_dollars_per_day=3.0)
    another.step()
    assert len(board.machines) == 1

    board.jobs.lose(board.machines[0].id)  # its most stays counted: it is in the queue's history
    for _ in range(2):
        another.step()
        board.seconds += 301
    another.step()
    assert board.find(one).attempt == 1
    assert board.machines == []

    generous = board.driver(jobs_dollars_per_day=4.0)
    generous.step()
    assert [machine.labels["submission"] for machine in board.machines] == [one.id]


def test_a_job_that_ended_costs_the_minutes_that_it_ran_and_a_live_one_its_most() -> None:
    at = now()
    labels = {"cents": "80", "seconds": "9000"}

    def job(stage: str, **fields: Any) -> Rented:
        given: dict[str, Any] = {"labels": labels, "created": at - timedelta(hours=3)}
        return Rented(id=f"{next(numbers):024x}", stage=stage, **(given | fields))

    numbers = count()
    an_hour_ago, yesterday = at - timedelta(hours=1), at - timedelta(hours=25)
    assert spent([job("RUNNING", running=60.0)], [], at) == pytest.approx(2.0)
    assert spent([job("SCHEDULING")], [], at) == pytest.approx(2.0)
    assert spent([job("COMPLETED", running=61.0, finished=an_hour_ago)], [], at) == pytest.approx(2 * 0.8 / 60)
    assert spent([job("ERROR", running=0.0, finished=an_hour_ago)], [], at) == 0
    assert spent([job("ERROR", finished=an_hour_ago)], [], at) == pytest.approx(2.0)  # the Hub does not say
    assert spent([job("COMPLETED", running=61.0, finished=yesterday, created=yesterday)], [], at) == 0
    assert spent([job("RUNNING", created=yesterday)], [], at) == pytest.approx(2.0)
    assert job("RUNNING", labels={"cents": "many", "seconds": "-1"}).dollars == 0


def test_no_more_jobs_at_once_than_are_allowed_and_the_hubs_price_counts_where_it_is_higher(board: Board) -> None:
    board.jobs.held = True
    board.jobs.prices["l4x1"] = 1.20
    for number in range(3):
        board.queued(f"org/model-{number}")
    driver = board.driver(most=2)
    driver.step()
    driver.step()
    assert [machine.labels["cents"] for machine in board.machines] == ["120", "120"]


def test_an_account_without_credit_is_waited_for_and_one_without_the_right_is_not(board: Board) -> None:
    board.queued()
    board.jobs.credit = False
    with pytest.raises(Unavailable) as without:
        board.driver().step()
    assert "no credit" in str(without.value)
    assert without.value.retry_after == 600
    with pytest.raises(Forbidden) as forbidden:
        board.driver(jobs_token=WRITES).step()
    assert "KEL_JOBS_TOKEN" in str(forbidden.value)
    assert board.machines == []


def test_what_runs_its_own_code_lies_on_a_disk_or_fits_nowhere_is_not_rented_a_worker(board: Board) -> None:
    board.queued("org/trusted", trust=True)
    board.queued("org/huge", metadata=ModelMetadata(parameters=10**12))
    opted_out = board.queued("org/gone")
    board.queue.policies.opt_out("org/gone", who="maintainer", maintainer=True)
    driver = board.driver()
    assert not driver.step()
    assert board.machines == []
    assert board.find(opted_out).status is Status.QUEUED
    assert [line["event"] for line in board.said] == ["no_machine"]


@pytest.mark.parametrize("trust", [False, True])
def test_the_code_of_the_space_evaluates_by_itself(board: Board, trust: bool) -> None:
    """The real evaluator this time, of a model that the Hub does not have."""
    board.put_project()
    submission = board.queued("nobody/nothing", trust=trust)
    driver = board.start_driver("--once")
    board.wait(lambda: board.find(submission).status is Status.FAILED)
    assert driver.wait(60) == 0
    failed = board.find(submission)
    assert failed.failure is not None
    assert failed.failure.failure == "not_found", board.machines[0].lines
    assert len(board.machines) == 1


@pytest.mark.shared
def test_a_real_model_is_evaluated_on_a_rented_machine_in_its_cage_and_handed_back(
    board: Board, minilm_folder: Path, datasets_folder: Path
) -> None:
    """Nothing is scripted: the Space's code, the Hub's model and data, one task, on this machine's processor."""
    board.put_project()
    model = board.hub_model("real/minilm-rented", minilm_folder)
    board.hub_data("klue/klue", datasets_folder / "klue" / "klue", task="KLUE-STS")
    submission = board.queue.submit(ModelSpec(model=model.id, revision=model.head.oid), who="visitor")
    board.queue.approve(submission.id, who="maintainer", trust=True)
    driver = board.start_driver("--once", "--tasks", "KLUE-STS")
    assert driver.wait(300) == 0
    finished = board.find(submission)
    assert finished.status is Status.FINISHED, (finished.failure, board.machines[0].lines)
    assert finished.result is not None
    result = load_result(board.queue.results.read(finished.result.path))
    assert result.tasks["KLUE-STS"].metrics["cosine_spearman"] == pytest.approx(0.2236166, abs=1e-5)
    assert (board.double(), len(board.machines)) == (0, 1)


def test_a_command_tells_the_jobs_and_the_days_dollars(board: Board) -> None:
    board.jobs.held = True
    submission = board.queued()
    board.driver().step()
    settings = board.settings(jobs_dollars_per_day=5.0)
    told = told_of_jobs(board.queue, settings)
    (job,) = told["jobs"]
    assert (told["live"], told["dollars"], job["submission"]) == (1, 2.0, submission.id)
    first, line = jobs_text(told).splitlines()
    assert first == "1 jobs are live; $2.00 of $5.00 in the last 24 hours, the most of live jobs included."
    assert f"SCHEDULING  {submission.id}  l4x1  $2.00  " in line
    with pytest.raises(ValueError, match="set KEL_JOBS_NAMESPACE"):
        told_of_jobs(board.queue, board.settings(jobs_namespace=""))


def test_years_of_ended_jobs_are_not_read_at_each_look(board: Board) -> None:
    board.jobs.held = True
    board.queued()
    driver = board.driver()
    driver.step()
    (live,) = board.machines
    live.created -= timedelta(days=9)  # live ones are found, however old
    for number in range(1000):
        machine = copy(live)
        machine.id, machine.stage = f"{number:024x}", "COMPLETED"
        machine.created = live.created - timedelta(days=1 + number)
        board.jobs._machines[machine.id] = machine
    board.hub.faults.clear()
    assert live.id in [job.id for job in driver.budget.hub.jobs()]
    assert board.hub.faults.asked("GET /api/jobs/renters") == 1 + 100 // 20
    assert driver.step()


class _Killed(BaseException):
    """The process ends here."""


def _die(*_: object, **__: object) -> None:
    raise _Killed
