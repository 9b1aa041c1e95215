"""A model's code that wants more than its folder: what it gets in the cage that this system grants, and in none."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from runner.cage import NO_CAGE, Cage, detect
from runner.child import ROOT, ChildProcess, Job, Limits
from settings import evaluation_environment
from tests.attacks import Attacks
from tests.runner.conftest import spec

SECRET = "hf_writes_results_0123456789"

WORKER = """
import sys
from runner.cage import forget_secrets, hide_secrets
hide_secrets()
import os
assert os.environ["KEL_RESULTS_TOKEN"].startswith("hf_")
forget_secrets()
assert "KEL_RESULTS_TOKEN" not in os.environ
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def caged() -> Cage:
    return detect()


@pytest.fixture
def worker() -> Iterator["subprocess.Popen[str]"]:
    """A process that was started with a token in its environment and hid it, as worker.py does."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, "x"],
        cwd=ROOT,
        env=dict(os.environ) | {"KEL_RESULTS_TOKEN": SECRET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


def with_mark(mark: str) -> list[int]:
    """The processes whose command line ends with `mark`."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [""])[-1] == mark:
            found.append(process.pid)
    return found


def loot_of(
    folder: Path, cage: Cage, worker: "subprocess.Popen[str]", seconds: float = 60.0, **more: Any
) -> tuple[dict[str, Any], Path]:
    """What a hostile evaluation got hold of, and the folder with what it was after."""
    job = Job(name="hostile", spec=spec(), folder=folder / "work" / "one", tasks=("STS17",))
    prey = folder / "store"
    prey.mkdir()
    (prey / "token").write_text(SECRET)
    (folder / "work" / "another").mkdir(parents=True)
    (folder / "work" / "another" / "result.json").write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        targets = {
            "pid": worker.pid,
            "read": [str(prey / "token"), "/etc/shadow", str(folder / "work/another/result.json")],
            "write": [str(prey / "planted"), str(folder / "work/another/result.json"), str(ROOT / "planted.py")],
            "connect": ["127.0.0.1", server.getsockname()[1]],
            "mark": f"left by {folder}",
        } | more
        (folder / "targets").mkdir()
        (folder / "targets" / "targets.json").write_text(json.dumps(targets))
        child = ChildProcess(
            environment=evaluation_environment(),
            limits=Limits(seconds=seconds),
            command=[sys.executable, "-m", "tests.runner.prowling", str(folder / "targets" / "targets.json")],
            cage=cage,
            readable=[folder / "targets"],
        )
        outcome = child(job, lambda _: None, lambda: False)
    assert outcome.result is None
    assert (job.folder / "loot.json").is_file(), outcome.log
    return json.loads((job.folder / "loot.json").read_text()), prey


def test_what_holds_without_any_cage(tmp_path: Path, worker: "subprocess.Popen[str]", attacks: Attacks) -> None:
    loot, _ = loot_of(tmp_path, NO_CAGE, worker)
    (ROOT / "planted.py").unlink(missing_ok=True)
    assert SECRET not in loot["environ"]
    assert not [name for name in loot if name.startswith("worker's")]
    assert "ptrace" not in loot
    assert loot["home"].startswith(str(tmp_path / "work" / "one"))
    assert "KEL_RESULTS_TOKEN" not in loot["environment"]
    assert with_mark(f"left by {tmp_path}") == []
    attacks.held("the worker", "a model's code looks for tokens in processes (environ, memory, ptrace)", 7)
    attacks.held("the worker", "a model's code leaves a process in another session behind")


def test_in_the_cage_it_gets_nothing(
    tmp_path: Path, caged: Cage, worker: "subprocess.Popen[str]", attacks: Attacks
) -> None:
    if not caged.landlock:
        pytest.skip("no Landlock on this system; the worker says so when it starts")
    loot, prey = loot_of(tmp_path, caged, worker)
    allowed = {"environment", "environ", "home"}
    if "network" not in caged.namespaces:
        allowed |= {"connect"}
    assert set(loot) <= allowed
    assert SECRET not in json.dumps(loot)
    assert [path.name for path in prey.iterdir()] == ["token"]
    assert not (ROOT / "planted.py").exists()
    assert with_mark(f"left by {tmp_path}") == []
    attacks.held("the worker", "a model's code reads, writes or reaches out of its cage", 8)


@pytest.mark.parametrize("close", [True, False])
def test_one_that_does_not_want_to_end_is_ended_with_all_that_it_started(
    tmp_path: Path,
    caged: Cage,
    worker: "subprocess.Popen[str]",
    attacks: Attacks,
    close: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("runner.child.GRACE_SECONDS", 0.5)
    started = time.monotonic()
    loot_of(tmp_path, caged if close else NO_CAGE, worker, seconds=4.0, stay=True)
    (ROOT / "planted.py").unlink(missing_ok=True)
    assert time.monotonic() - started < 40
    assert with_mark(f"left by {tmp_path}") == []
    attacks.held("the worker", "a model's code ignores SIGTERM, in a session of its own")


def test_without_a_cage_the_worker_says_what_is_open() -> None:
    assert NO_CAGE.told["cage"] == "none"
    assert "every file" in NO_CAGE.told["warning"]
    assert "the network" in NO_CAGE.told["warning"]
    assert "warning" not in Cage(("process", "mount", "network"), landlock=True).told
