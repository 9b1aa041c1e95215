"""`python -m submissions`: the verbs after a submission, and the whole editor of a spec, called in this process."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from submissions.__main__ import app
from submissions.record import ResultReference
from submissions.terminal import open_queue

Command = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command on stores of the test's own; what it printed, or what was wrong if it is to fail."""
    monkeypatch.setenv("KEL_REQUESTS_URL", f"file:{tmp_path / 'requests.git'}")
    monkeypatch.setenv("KEL_RESULTS_URL", f"file:{tmp_path / 'results.git'}")

    def run(*arguments: str, fails: bool = False) -> str:
        ran = CliRunner().invoke(app, arguments)
        assert (ran.exit_code != 0) == fails, ran.output
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        return ran.output

    return run


def folder(tmp_path: Path, name: str = "model") -> str:
    """A local model, as far as the queue looks at it."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").write_text("{}")
    return str(tmp_path / name)


def shown(command: Command, submission_id: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(command("show", submission_id))
    return record


def test_a_submission_takes_the_whole_editor_of_a_spec(command: Command, tmp_path: Path) -> None:
    files = {"prompts": {"query": "q: "}, "instructions": {"STS17": "Compare."}, "encode_task": {"document": "passage"}}
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    submission_id = command(
        *("submit", folder(tmp_path), "--precision", "float16", "--loader", "transformers", "--pooling", "cls"),
        *("--prompts", str(tmp_path / "prompts.json"), "--instructions", str(tmp_path / "instructions.json")),
        *("--encode-task", str(tmp_path / "encode_task.json"), "--instruction-template", "Do: {instruction}"),
        *("--instruct-documents", "--truncate-dim", "64", "--max-tokens", "128", "--recipe", "none", "--own"),
        *("--training", "KorQuAD", "--training", "klue/sts"),
    ).split()[0]
    record = shown(command, submission_id)
    assert (record["own"], record["training"]) == (True, ["KorQuAD", "klue/sts"])
    edited = {
        name: value for name, value in record["spec"].items() if name not in {"model", "source", "revision", "folder"}
    }
    assert edited == files | {
        "precision": "float16",
        "loader": "transformers",
        "pooling": "cls",
        "instruction_template": "Do: {instruction}",
        "instruct_documents": True,
        "truncate_dim": 64,
        "max_tokens": 128,
        "recipe": "none",
    }


def test_a_change_sets_what_is_given_and_nothing_else(command: Command, tmp_path: Path) -> None:
    submission_id = command(
        "submit", folder(tmp_path), "--precision", "float16", "--truncate-dim", "64", "--training", "KorQuAD"
    ).split()[0]
    before = shown(command, submission_id)
    command("change", submission_id, "--pooling", "cls", "--precision", "auto", "--by", "bob")
    after = shown(command, submission_id)
    expected = {**before["spec"], "pooling": "cls"}
    del expected["precision"]
    assert after["spec"] == expected
    assert after["training"] == ["KorQuAD"]
    assert after["history"][-1]["why"] == "precision: float16 -> auto; pooling: auto -> cls"
    assert after["history"][-1]["who"] == "bob"
    command("change", submission_id, "--reset", "truncate_dim", "--training", "MIRACL")
    assert "truncate_dim" not in shown(command, submission_id)["spec"]
    assert shown(command, submission_id)["training"] == ["MIRACL"]
    assert "Nothing would be changed" in command("change", submission_id, fails=True)
    assert "--reset takes precision" in " ".join(
        command("change", submission_id, "--reset", "model", fails=True).split()
    )
    assert "no revision to choose" in command("change", submission_id, "--revision", "main", fails=True)
    assert "--part is" in command("change", submission_id, "--part", "org/base", fails=True)


def test_questions_and_decisions_about_several(command: Command, tmp_path: Path) -> None:
    ids = [command("submit", folder(tmp_path, f"m{number}"), "--by", "alice").split()[0] for number in range(3)]
    assert "bob asks alice: Which prompt?" in command("ask", ids[0], "--question", "Which prompt?", "--by", "bob")
    assert "WAITING" in command("approve", *ids, fails=True)
    assert command("list").count("PENDING") == 2
    assert "PENDING" in command("answer", ids[0], "--text", "The card's.", "--by", "alice")
    command("priority", ids[0], "--to", "7")
    assert command("approve", *ids, "--by", "bob").count("QUEUED") == 3
    assert [shown(command, each).get("priority", 0) for each in ids] == [7, 0, 0]
    command("withdraw", *ids[1:])

    queue = open_queue()
    claimed = queue.claim("w", timedelta(hours=1))
    assert claimed is not None
    assert claimed.lease is not None
    assert "--why" in command("release", ids[0], fails=True)
    assert "QUEUED" in command("release", ids[0], "--why", "hangs", "--by", "bob")
    again = queue.claim("w", timedelta(hours=1))
    assert again is not None
    assert again.lease is not None
    queue.fail(ids[0], nonce=again.lease.nonce, failure="load_failed", message="Damaged weights.")
    assert "Only its submitter" in command("ask-retry", ids[0], "--why", "repaired", "--by", "carol", fails=True)
    assert "another try is asked for: repaired" in command("ask-retry", ids[0], "--why", "repaired", "--by", "Alice")
    assert "QUEUED" in command("retry", ids[0], "--why", "as asked", "--by", "bob")
    last = queue.claim("w", timedelta(hours=1))
    assert last is not None
    assert last.lease is not None
    queue.finish(ids[0], nonce=last.lease.nonce, result=ResultReference(path="results/x.json", revision="ab" * 20))
    assert "QUEUED" in command("rerun", ids[0], "--why", "stale data", "--by", "bob")
    record = shown(command, ids[0])
    assert record["force"]
    whys = [event.get("why") for event in record["history"] if event["who"] in ("bob", "Alice", "alice")]
    assert whys == [
        *(None, "Which prompt?", "The card's.", None, "taken from w: hangs", "repaired", "retry: as asked"),
        "rerun: stale data",
    ]
