"""One evaluation in a child process: started, listened to, limited, ended, and its end put into words."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from evaluator.errors import FAILURE_CLASSES, FailureClass
from evaluator.records import ModelResult, load_result
from evaluator.spec import ModelSpec
from runner.folders import LOCK
from runner.logs import LogTail, Redaction

ROOT = Path(__file__).resolve().parents[1]
GRACE_SECONDS = 10.0
"""Seconds that a child has to end after SIGTERM, before SIGKILL."""

_POLL_SECONDS = 0.5
_CGROUP_EVENTS = Path("/sys/fs/cgroup/memory.events")

Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be evaluated and where. `folder` is the evaluation's own; a later job of the same spec goes on in it.

    `name` distinguishes jobs of the same spec: their results are not each other's.
    """

    name: str
    spec: ModelSpec
    folder: Path
    datasets: Path | None = None
    tasks: tuple[str, ...] = ()
    device: str | None = None

    @property
    def result_file(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def samples_file(self) -> Path:
        return self.folder / f"{self.name}.parquet"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an evaluation may use: seconds of wall time; bytes of resident memory, all its processes together."""

    seconds: float
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an evaluation ended: with a result, with a failure, or stopped on request (neither)."""

    result: ModelResult | None = None
    samples: bytes | None = None
    failure: tuple[FailureClass, str] | None = None
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class ChildProcess:
    """Evaluates jobs, each in a child process with `environment` and nothing else of this process's environment.

    `command` replaces the evaluator's command line, to which the job's options are added.
    """

    environment: Mapping[str, str]
    limits: Limits
    secrets: Sequence[str] = ()
    command: Sequence[str] | None = None

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
        """Evaluate `job`; returns its result without a run if an earlier run left it in the folder.

        `on_event` gets each of the evaluator's events as it comes; an empty one at least every half second.
        When `stopped` says so, the child is ended and the outcome is neither result nor failure.
        """
        if kept := _kept_result(job):
            return kept
        job.folder.mkdir(parents=True, exist_ok=True)
        log = LogTail(Redaction(_folders(job), self.secrets))
        kills = _out_of_memory_kills()
        process = self._start(job)
        assert process.stdout is not None
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            verdict = self._listen(process, lines, on_event, stopped, log)
        finally:
            _end(process)
            reader.join(GRACE_SECONDS)
            if not reader.is_alive():  # closing what another thread reads would wait for it
                process.stdout.close()
        if verdict == "stopped":
            return Outcome(log=log.text())
        if verdict is None and process.returncode == 0 and (done := _kept_result(job, log.text())):
            return done
        failure = verdict or _failure_of(process.returncode, ran_out_of_memory=_out_of_memory_kills() > kills)
        return Outcome(failure=(failure[0], log.redact(failure[1])), log=log.text())

    def _start(self, job: Job) -> subprocess.Popen[str]:
        spec_file = job.folder / "spec.json"
        spec_file.write_text(job.spec.model_dump_json(exclude_defaults=True), encoding="utf-8")
        options = ["--spec", spec_file, "--work-dir", job.folder / "work", "--output", job.result_file]
        options += ["--samples", job.samples_file, "--progress", "json"]
        if job.datasets is not None:
            options += ["--datasets", job.datasets]
        if job.device is not None:
            options += ["--device", job.device]
        for task in job.tasks:
            options += ["--tasks", task]
        jail = [sys.executable, "-m", "runner.jail", str(job.folder / LOCK), str(os.getpid())]
        command = self.command or (sys.executable, "-m", "evaluator", "run")
        return subprocess.Popen(
            [*jail, *command, *map(str, options)],
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )

    def _listen(
        self,
        process: subprocess.Popen[str],
        lines: "queue.SimpleQueue[str]",
        on_event: Callable[[Event], None],
        stopped: Callable[[], bool],
        log: LogTail,
    ) -> Any:
        """Follow the child until it ends or must be ended: "stopped", a failure, or None if its exit code decides."""
        deadline = time.monotonic() + self.limits.seconds
        measured = 0.0
        told: tuple[FailureClass, str] | None = None
        while True:
            try:
                line = lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                line = ""
            event = _event(line)
            if event is None:
                log.add(line)
            elif event.get("event") == "failed" and event.get("class") in FAILURE_CLASSES:
                told = (event["class"], str(event.get("message", "")))
            on_event(event or {})
            if not line and process.poll() is not None and lines.empty():
                return told
            if stopped():
                return "stopped"
            if time.monotonic() > deadline:
                return "timeout", f"The evaluation took longer than {self.limits.seconds / 3600:.3g} hours."
            if self.limits.memory_bytes and time.monotonic() > measured + _POLL_SECONDS:
                measured = time.monotonic()
                if _resident_bytes(process.pid) > self.limits.memory_bytes:
                    gib = self.limits.memory_bytes / 2**30
                    return "out_of_memory", f"The evaluation needed more than {gib:.3g} GiB of memory."


def _read_lines(stream: IO[str], lines: "queue.SimpleQueue[str]") -> None:
    """Hand on what the child says; an empty line at its end, so that the end is seen at once."""
    for line in stream:
        lines.put(line)
    lines.put("")


def _event(line: str) -> Event | None:
    """The event in a line of the child's output; None if it is a line of its log."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def _end(process: "subprocess.Popen[str]") -> None:
    """End the child and all of its session; politely first."""
    for ask, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is None or ask is signal.SIGKILL:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, ask)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)


def _failure_of(returncode: int, ran_out_of_memory: bool) -> tuple[FailureClass, str]:
    """The failure behind an exit code that no message explains."""
    if returncode == -signal.SIGKILL and ran_out_of_memory:
        return "out_of_memory", "The machine ran out of memory and ended the evaluation."
    if returncode == -signal.SIGKILL:
        return "worker_lost", "The evaluation process was killed (SIGKILL)."
    if returncode < 0:
        return "internal", f"The evaluation process crashed ({signal.Signals(-returncode).name})."
    if returncode == 0:
        return "internal", "The evaluation ended without a readable result file."
    return "internal", f"The evaluation ended with exit code {returncode} and no reason; the log has its last lines."


def _kept_result(job: Job, log: str = "") -> Outcome | None:
    """The result that a run of this job left, if it is one: of this spec, and readable."""
    try:
        result = load_result(job.result_file.read_bytes())
    except (OSError, ValueError):
        return None
    if result.spec.id != job.spec.id or (job.tasks and set(result.tasks) != set(job.tasks)):
        return None
    samples = job.samples_file.read_bytes() if job.samples_file.is_file() else None
    return Outcome(result=result, samples=samples, log=log)


def _folders(job: Job) -> dict[str, Path | None]:
    return {
        "[work]": job.folder.absolute(),
        "[model]": job.spec.folder,
        "[data]": job.datasets.absolute() if job.datasets is not None else None,
        "[project]": ROOT,
        "[python]": Path(sys.prefix),
        "~": Path.home(),
    }


def _resident_bytes(pid: int) -> int:
    """Resident memory of a process and all its descendants, bytes."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += each.memory_info().rss
    return total


def _out_of_memory_kills() -> int:
    """How often the kernel has ended a process of this machine or container for memory; 0 if it does not tell."""
    try:
        lines = _CGROUP_EVENTS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
