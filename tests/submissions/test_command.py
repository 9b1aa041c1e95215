"""`python -m submissions`: what a maintainer types, and what comes back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.repositories import Repositories

ROOT = Path(__file__).resolve().parents[2]


class CommandLine:
    """Runs the command on stores of its own."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "KEL_REQUESTS_URL": f"file:{folder / 'requests.git'}",
            "KEL_RESULTS_URL": f"file:{folder / 'results.git'}",
        }

    def __call__(self, *arguments: str, fails: bool = False, **environment: str) -> str:
        """What it printed; on stderr if it is to fail."""
        ran = subprocess.run(
            [sys.executable, "-m", "submissions", *arguments],
            cwd=ROOT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ran.returncode != 0) == fails, ran.stderr
        assert "Traceback" not in ran.stderr
        return ran.stderr if fails else ran.stdout


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "my model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


def test_a_local_folder_is_submitted_shown_approved_and_withdrawn(command: CommandLine, model: Path) -> None:
    submission_id = command("submit", str(model), "--by", "alice", "--note", "한국어 모델").split()[0]
    assert "local/my-model" in command("list")
    shown = json.loads(command("show", submission_id))
    assert shown["spec"]["source"] == "local"
    assert shown["note"] == "한국어 모델"
    assert len(shown["spec"]["revision"]) == 40
    assert "QUEUED" in command("approve", submission_id, "--priority", "3", "--by", "bob")
    assert "WITHDRAWN" in command("withdraw", submission_id, "--by", "bob")
    assert command("list") == ""
    assert "WITHDRAWN" in command("list", "--all")


def test_a_rejection_needs_why_and_keeps_it(command: CommandLine, model: Path) -> None:
    submission_id = command("submit", str(model)).split()[0]
    assert "--why" in command("reject", submission_id, fails=True)
    command("reject", submission_id, "--why", "임베딩 모델이 아닙니다")
    assert json.loads(command("show", submission_id))["history"][-1]["why"] == "임베딩 모델이 아닙니다"


def test_the_same_folder_is_refused_until_its_files_change(command: CommandLine, model: Path) -> None:
    command("submit", str(model))
    assert "in the queue already" in command("submit", str(model), fails=True)
    (model / "config.json").write_text('{"model_type": "bert"}')
    command("submit", str(model))


def test_a_hub_model_is_pinned_to_its_commit(command: CommandLine, hub: Repositories, minilm_folder: Path) -> None:
    repository = hub.add_folder("models", "queue-tests/minilm", minilm_folder)
    submission_id = command("submit", "queue-tests/minilm", HF_ENDPOINT=os.environ["HF_ENDPOINT"]).split()[0]
    shown = json.loads(command("show", submission_id))
    assert shown["spec"] == {"model": "queue-tests/minilm", "revision": repository.head.oid}
    assert shown["metadata"]["parameters"] == 22_713_728


def test_what_is_wrong_is_said_without_a_traceback(command: CommandLine, tmp_path: Path) -> None:
    assert "not a folder" in command("submit", str(tmp_path / "nothing"), fails=True)
    assert "holds no model" in command("submit", str(tmp_path), fails=True)
    assert "There is no submission" in command("approve", "20261123T031940Z-6f3a9c", fails=True)
    assert "is no store" in command("list", fails=True, KEL_REQUESTS_URL="ftp:x")
    assert "organisation/name" in command("submit", "not-a-model", fails=True)
