"""An evaluation's process: what it may see, what it may use, and what its end means."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from evaluator.evidence.samples import dump_samples
from runner.child import ROOT, ChildProcess, Job, Limits, Outcome
from settings import evaluation_environment
from tests.runner.conftest import TASKS, Evaluations, spec
from tests.runner.honest import honest_samples


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(name="20261123T031940Z-6f3a9c", spec=spec(), folder=tmp_path / "work" / "one", tasks=tuple(TASKS))


def evaluate(child: ChildProcess, job: Job, on_event: Callable[[Any], None] = lambda _: None) -> Outcome:
    return child(job, on_event, lambda: False)


def test_a_result_comes_back_with_its_samples(evaluations: Evaluations, job: Job) -> None:
    outcome = evaluate(evaluations.child(), job)
    assert outcome.failure is None
    assert outcome.result is not None
    assert outcome.result.spec == job.spec
    assert outcome.samples == dump_samples({task: honest_samples(task) for task in TASKS})


def test_every_event_is_heard_in_order(evaluations: Evaluations, job: Job) -> None:
    heard: list[Any] = []
    evaluate(evaluations.child(), job, heard.append)
    assert [event["task"] for event in heard if event.get("event") == "task"] == list(TASKS)


def test_a_result_left_by_an_earlier_run_needs_no_second_one(evaluations: Evaluations, job: Job) -> None:
    evaluate(evaluations.child(), job)
    assert evaluate(evaluations.child(), job).result is not None
    assert len(evaluations.ran) == len(TASKS)


def test_half_a_result_file_is_not_a_result(evaluations: Evaluations, job: Job) -> None:
    evaluate(evaluations.child(), job)
    job.result_file.write_bytes(job.result_file.read_bytes()[:100])
    assert evaluate(evaluations.child(), job).result is not None


def test_the_child_gets_no_token_and_only_what_is_named(
    evaluations: Evaluations, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEL_RESULTS_TOKEN", "hf_writesresults1234")
    monkeypatch.setenv("HF_TOKEN", "hf_login12345678")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    outcome = evaluate(evaluations.child(), job)
    assert outcome.result is not None
    (run,) = outcome.result.runs.values()
    seen = run.environment.versions  # the test's evaluation reports its environment here
    assert not {"KEL_RESULTS_TOKEN", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY"} & seen.keys()
    assert seen["HF_HUB_DISABLE_IMPLICIT_TOKEN"] == "1"
    assert seen["HF_TOKEN_PATH"] == os.devnull
    assert "hf_" not in "".join(value for name, value in seen.items() if name != "PATH")


def test_a_reading_token_is_passed_on_alone() -> None:
    from pydantic import SecretStr

    environment = evaluation_environment(SecretStr("hf_onlyreads12345"))
    assert environment["HF_TOKEN"] == "hf_onlyreads12345"
    assert not [name for name in environment if name.startswith("KEL_")]


@pytest.mark.parametrize(
    ("deed", "failure"),
    [
        ({"fail": ["gated", "Ask for access."]}, "gated"),
        ({"fail": ["no such class", "?"]}, "internal"),
        ({"exit": 2}, "internal"),
        ({"exit": 0}, "internal"),
        ({"kill": True}, "worker_lost"),
    ],
)
def test_every_end_without_a_result_has_a_failure_class(
    evaluations: Evaluations, job: Job, deed: dict[str, Any], failure: str
) -> None:
    evaluations.follow(loaded=deed)
    outcome = evaluate(evaluations.child(), job)
    assert outcome.result is None
    assert outcome.failure is not None
    assert outcome.failure[0] == failure
    assert outcome.failure[1]


def test_an_evaluation_that_takes_too_long_is_ended(evaluations: Evaluations, job: Job, tmp_path: Path) -> None:
    evaluations.follow(loaded={"hold": str(tmp_path / "never")})
    outcome = evaluate(evaluations.child(seconds=1.5), job)
    assert outcome.failure is not None
    assert outcome.failure[0] == "timeout"


def test_an_evaluation_that_takes_too_much_memory_is_ended(evaluations: Evaluations, job: Job, tmp_path: Path) -> None:
    evaluations.follow(loaded={"allocate": 400 * 2**20}, scored={"hold": str(tmp_path / "never")})
    outcome = evaluate(evaluations.child(memory_bytes=300 * 2**20), job)
    assert outcome.failure is not None
    assert outcome.failure[0] == "out_of_memory"
    assert "0.293 GiB" in outcome.failure[1]


def test_the_log_holds_no_secret_and_no_folder_of_this_machine(
    evaluations: Evaluations, job: Job, tmp_path: Path
) -> None:
    secret = f"token hf_abcdefghijklmnop in {Path.home()}/x and {job.folder}/work, key correct-horse-battery\n"
    secret += "Authorization: Bearer abcdefghijklmnop0123 /home/alice/data \x1b[31mred\x1b[0m"
    evaluations.follow(loaded={"print": secret, "fail": ["load_failed", f"No file {job.folder}/config.json"]})
    outcome = evaluate(evaluations.child(), job)
    for hidden in ("hf_abc", "correct-horse", "abcdefghijklmnop0123", "alice", str(job.folder), str(tmp_path), "\x1b"):
        assert hidden not in outcome.log
    assert "[secret]" in outcome.log
    assert outcome.failure == ("load_failed", "No file [work]/config.json")


def test_the_log_keeps_only_its_last_lines(evaluations: Evaluations, job: Job) -> None:
    evaluations.follow(loaded={"print": "\n".join(f"line {n}" for n in range(1000)), "exit": 3})
    lines = evaluate(evaluations.child(), job).log.splitlines()
    assert len(lines) == 200
    assert lines[-1] == "line 999"


def test_the_child_dies_with_a_worker_that_is_killed(evaluations: Evaluations, job: Job, tmp_path: Path) -> None:
    evaluations.follow(loaded={"print": "x", "hold": str(tmp_path / "never")})
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from tests.runner.conftest import Evaluations, spec\n"
            "from runner.child import Job\n"
            "job = Job(name='one', spec=spec(), folder=Path(sys.argv[2]), tasks=('STS17',))\n"
            "class Kept(Evaluations):\n    def follow(self, **points): pass\n"
            "Kept(Path(sys.argv[1])).child()(job, lambda e: print(e, flush=True) if e else None, lambda: False)",
            str(tmp_path),
            str(job.folder),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert "progress" in worker.stdout.readline()
    children = psutil.Process(worker.pid).children(recursive=True)
    assert children
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def test_two_evaluations_of_one_spec_are_not_in_its_folder_at_once(evaluations: Evaluations, job: Job) -> None:
    job.folder.mkdir(parents=True)
    with (job.folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        outcome = evaluate(evaluations.child(seconds=1.5), job)
    assert outcome.failure is not None
    assert outcome.failure[0] == "timeout"
    assert evaluations.ran == []


def test_stopping_ends_the_child_within_its_grace(evaluations: Evaluations, job: Job, tmp_path: Path) -> None:
    evaluations.follow(loaded={"hold": str(tmp_path / "never")})
    started = time.monotonic()
    outcome = evaluations.child()(job, lambda _: None, lambda: True)
    assert (outcome.result, outcome.failure) == (None, None)
    assert time.monotonic() - started < 10


def test_environments_are_built_outside_of_the_cage_and_only_read_in_it(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    limits = Limits(seconds=1.0)
    plan = ChildProcess(environment=evaluation_environment(), limits=limits, environments=folder)._plan(job, 3)
    given = plan.first.index("--environments")
    assert plan.first[given + 1] == str(folder)
    assert str(folder) in plan.readable
    assert not [path for path in plan.writable if folder.is_relative_to(path)]
