"""Running `python -m evaluator` as a user does, and reading what it leaves behind."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from evaluator.__main__ import app
from evaluator.kinds import Samples
from evaluator.options import with_repeated_tasks
from evaluator.records import ModelResult

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Run:
    """What one `python -m evaluator run` left behind."""

    result: ModelResult
    samples: dict[str, Samples]
    events: list[dict[str, object]]
    stdout: str
    work_dir: Path


def evaluator(
    *arguments: object, timeout: float = 300, cwd: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m evaluator` as a user does, in the folder `cwd`, with environment `variables`."""
    return subprocess.run(
        [sys.executable, "-m", "evaluator", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def evaluator_here(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The same command within this process, for what does not depend on it: to import PyTorch anew takes seconds."""
    command = [str(argument) for argument in arguments]
    ran = CliRunner().invoke(app, with_repeated_tasks(command))
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return subprocess.CompletedProcess(command, ran.exit_code, ran.stdout, ran.stderr)


def events_in(stderr: str) -> list[dict[str, object]]:
    """The JSON events on stderr."""
    return [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]
