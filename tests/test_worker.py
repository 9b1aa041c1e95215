"""`python worker.py`: options, and what a wrong one says."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.local import LocalStore
from submissions.record import ModelMetadata, Status
from submissions.stored import Queue
from tests.hub.repositories import Repositories
from tests.runner.conftest import queued

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KEL_REQUESTS_URL": f"file:{tmp_path / 'requests.git'}",
        "KEL_RESULTS_URL": f"file:{tmp_path / 'results.git'}",
        "KEL_WORK_DIR": str(tmp_path / "work"),
        "KEL_REFERENCE_MODEL": "",
    }


def run(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "worker.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_once_on_an_empty_queue_ends_well(environment: dict[str, str]) -> None:
    ended = run(environment, "--once")
    assert (ended.returncode, ended.stderr) == (0, "")
    (line,) = ended.stdout.splitlines()  # what the worker says when it starts: its cage
    assert json.loads(line)["event"] == "started"
    assert json.loads(line)["cage"]


def test_a_worker_whose_token_may_not_write_claims_nothing_and_says_what_to_do(
    environment: dict[str, str], hub: Repositories
) -> None:
    hub.add_user("hf_first_page", "first-page")
    hub.add_user("hf_first_worker", "first-worker")
    hub.create("datasets", "first/requests", writers={"first-page", "first-worker"})
    results = hub.create("datasets", "first/results", writers={"first-worker"})
    stores = {
        "HF_ENDPOINT": os.environ["HF_ENDPOINT"],
        "KEL_REQUESTS_URL": "hf:datasets/first/requests",
        "KEL_RESULTS_URL": "hf:datasets/first/results",
        "KEL_REQUESTS_TOKEN": "hf_first_page",
    }
    refused = run(environment | stores | {"KEL_RESULTS_TOKEN": "hf_first_page"}, "--once")
    assert refused.returncode == 1
    assert "KEL_RESULTS_TOKEN the right to write first/results" in refused.stderr
    assert "nothing was claimed" in refused.stderr
    assert len(results.commits) == 1, "not even the published board was written"
    assert "hf_first_page" not in refused.stderr + refused.stdout
    assert run(environment | stores | {"KEL_RESULTS_TOKEN": "hf_first_worker"}, "--once").returncode == 0
    assert len(results.commits) == 2


def test_the_first_worker_fills_an_empty_results_store_with_the_published_board(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert run(environment, "--once").returncode == 0
    results = LocalStore(tmp_path / "results.git")
    assert "leaderboard.parquet" in results.list()
    assert [path for path in results.list("results") if path.startswith("results/nlpai-lab__KURE-v1/")]


def test_comments_on_the_hub_need_the_pages_address(environment: dict[str, str]) -> None:
    told = run(environment | {"KEL_COMMENT_TOKEN": "hf_comments12345"}, "--once")
    assert told.returncode == 2
    assert "KEL_PUBLIC_URL" in told.stderr
    assert "hf_comments12345" not in told.stderr + told.stdout
    page = {"KEL_PUBLIC_URL": "https://board.example/"}
    assert run(environment | page | {"KEL_COMMENT_TOKEN": "hf_comments12345"}, "--once").returncode == 0


def test_a_model_too_large_stays_in_the_queue(environment: dict[str, str], tmp_path: Path) -> None:
    queue = Queue(LocalStore(tmp_path / "requests.git"), LocalStore(tmp_path / "results.git"))
    submission = queued(queue, metadata=ModelMetadata(parameters=600_000_000))
    assert run(environment, "--once", "--max-parameters", "500000000").returncode == 0
    assert queue.find(submission.id).status is Status.QUEUED


def test_a_model_that_is_not_there_ends_failed_and_says_why(environment: dict[str, str], tmp_path: Path) -> None:
    """The real evaluator: a local model whose folder is gone."""
    from evaluator.spec import local_spec

    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    queue = Queue(LocalStore(tmp_path / "requests.git"), LocalStore(tmp_path / "results.git"))
    submission = queue.submit(local_spec(folder), who="m")
    queue.approve(submission.id, who="m")
    (folder / "config.json").unlink()
    folder.rmdir()
    ended = run(environment, "--once", "--tasks", "KLUE-STS", "--tasks", "KorSTS")
    assert ended.returncode == 0, ended.stderr
    failed = queue.find(submission.id)
    assert failed.status is Status.FAILED
    assert failed.failure is not None
    assert failed.failure.failure == "not_found"
    assert str(tmp_path) not in failed.failure.message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tasks", "KLUE-STX"], "'KLUE-STX' is not a task"),
        (["--datasets", "/nowhere"], "does not exist"),
        (["--parallel", "2"], "--parallel needs --ray"),
        (["--lease", "0"], "0.1"),
        (["--ray", "local", "--gpus", "many"], "--gpus many"),
        (["--hf-jobs"], "--hf-jobs needs KEL_JOBS_NAMESPACE"),
        (["--hf-jobs", "--device", "cpu"], "--hf-jobs goes without"),
        (["statsu"], "No such command"),
    ],
)
def test_a_wrong_option_says_what_is_wrong(environment: dict[str, str], arguments: list[str], said: str) -> None:
    ended = run(environment | {"COLUMNS": "200", "NO_COLOR": "1"}, *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("settings", "arguments", "said"),
    [
        ({"KEL_JOBS_DOLLARS_PER_DAY": "0"}, [], "KEL_JOBS_DOLLARS_PER_DAY, the most that it may spend"),
        ({}, ["--flavor", "h100"], "--flavor h100: KEL_JOBS_FLAVORS has l4x1"),
        ({"KEL_JOBS_FLAVORS": "l4x1"}, [], "'l4x1' is no machine"),
        ({"KEL_REQUESTS_URL": "file:{folder}/requests.git"}, [], "rented machines write there"),
    ],
)
def test_renting_with_a_wrong_setting_says_which_one(
    environment: dict[str, str], settings: dict[str, str], arguments: list[str], said: str, tmp_path: Path
) -> None:
    wrong = {name: value.replace("{folder}", str(tmp_path)) for name, value in settings.items()}
    rents = {
        "KEL_REQUESTS_URL": "hf:datasets/org/requests",
        "KEL_RESULTS_URL": "hf:datasets/org/results",
        "KEL_JOBS_NAMESPACE": "org",
        "KEL_JOBS_TOKEN": "hf_rents12345678",
        "KEL_JOBS_SPACE": "org/page",
        "KEL_JOBS_DOLLARS_PER_DAY": "10",
        "COLUMNS": "300",
        "NO_COLOR": "1",
    }
    ended = run(environment | rents | wrong, "--hf-jobs", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hf_rents12345678" not in ended.stdout + ended.stderr


def test_a_worker_for_one_submission_leaves_all_others(environment: dict[str, str], tmp_path: Path) -> None:
    queue = Queue(LocalStore(tmp_path / "requests.git"), LocalStore(tmp_path / "results.git"))
    submission = queued(queue)
    assert run(environment, "--once", "--only", "20261123T031940Z-6f3a9c").returncode == 0
    assert queue.find(submission.id).status is Status.QUEUED


def test_a_store_that_is_none_says_which_setting(environment: dict[str, str]) -> None:
    ended = run(environment | {"KEL_RESULTS_URL": "ftp:x", "COLUMNS": "200"}, "--once")
    assert ended.returncode == 2
    assert "KEL_RESULTS_URL" in ended.stderr


def test_an_idle_worker_ends_at_once_when_terminated(environment: dict[str, str]) -> None:
    worker = subprocess.Popen([sys.executable, "worker.py", "--poll", "600"], cwd=ROOT, env=environment)
    results = LocalStore(Path(environment["KEL_RESULTS_URL"].removeprefix("file:")))
    while not results.list("results"):  # it fills the store just before it begins to listen to signals
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(0.05)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(2.0)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
