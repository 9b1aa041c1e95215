"""One evaluation in a child process: started, listened to, limited, ended, and its end put into words."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from evaluator.errors import DISK_FULL, FailureClass
from evaluator.evidence.writing import write_atomically
from evaluator.model.recipes import environments_folder
from evaluator.records import ModelResult, dump_result
from evaluator.spec import ModelSpec
from runner.cage import NO_CAGE, Cage, Plan, adopt_orphans, end_orphans
from runner.cage import plan as plan_of
from runner.disk import hub_cache, is_full
from runner.events import ChildOutput, Event
from runner.folders import LOCK
from runner.left import CURVES_BYTES, RANKINGS_BYTES, RESULT_BYTES, SAMPLES_BYTES, Refused, read_regular
from runner.logs import LogTail, Redaction
from runner.vouch import parse_result

ROOT = Path(__file__).resolve().parents[1]
NOT_FETCHED = "not-fetched.json"
"""The file in a job's folder that tells the evaluation which tasks' data could not be fetched, and why."""

GRACE_SECONDS = 10.0
"""Seconds that a child has to end after SIGTERM, before SIGKILL."""

_POLL_SECONDS = 0.5
_LAST_WORDS_SECONDS = 5.0
_CGROUP_EVENTS = Path("/sys/fs/cgroup/memory.events")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be evaluated and where. `folder` is the evaluation's own; a later job of the same spec goes on in it.

    `name` distinguishes jobs of the same spec: their results are not each other's. `tasks` are the ids of those to run.
    `onto` is the result that this run will be added to.
    """

    name: str
    spec: ModelSpec
    folder: Path
    tasks: tuple[str, ...]
    datasets: Path | None = None
    device: str | None = None
    onto: ModelResult | None = None

    @property
    def result_file(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def onto_file(self) -> Path:
        return self.folder / f"{self.name}.onto.json"

    @property
    def samples_file(self) -> Path:
        return self.folder / f"{self.name}.parquet"

    @property
    def rankings_file(self) -> Path:
        return self.folder / f"{self.name}.rankings.parquet"

    @property
    def curves_file(self) -> Path:
        return self.folder / f"{self.name}.curves.parquet"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an evaluation may use: seconds of wall time; bytes of resident memory, all its processes together."""

    seconds: float
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an evaluation ended: with a result, with a failure, or stopped on request (neither).

    The result is as the evaluation left it; `runner.vouch` makes of it what may be published.
    """

    result: ModelResult | None = None
    samples: bytes | None = None
    rankings: bytes | None = None
    curves: bytes | None = None
    failure: tuple[FailureClass, str] | None = None
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class ChildProcess:
    """Evaluates jobs, each in a child process with `environment` and nothing else of this process's environment.

    What it needs from the Hub is fetched first, by a process that runs no code of the model; the evaluation itself is
    in `cage` and offline. `max_gib`: a larger download is refused (0: none is). `keep_models`: models are fetched into
    the Hub's usual cache, not into the job's folder. `environments` is where those of recipes are built and stay.
    `command` replaces the evaluator's command line, to which the
    job's options are added, and fetches nothing; `readable` is what it may read besides.
    """

    environment: Mapping[str, str]
    limits: Limits
    secrets: Sequence[str] = ()
    command: Sequence[str] | None = None
    cage: Cage = NO_CAGE
    readable: Sequence[Path] = ()
    max_gib: float = 0.0
    keep_models: bool = False
    environments: Path = field(default_factory=environments_folder)

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
        """Evaluate `job`; returns its result without a run if an earlier run left it in the folder.

        `on_event` gets each of the evaluator's events as it comes; an empty one at least every half second.
        When `stopped` says so, the child is ended and the outcome is neither result nor failure.
        """
        if kept := kept_result(job):
            return kept
        job.folder.mkdir(parents=True, exist_ok=True)
        log = LogTail(Redaction(_folders(job), self.secrets))
        kills = _out_of_memory_kills()
        others = adopt_orphans()
        events, told = os.pipe()
        with os.fdopen(events, "rb", buffering=0):
            with os.fdopen(told, "wb", buffering=0):
                process = self._start(job, told)
            assert process.stdout is not None
            with process.stdout, ChildOutput(process.stdout.fileno(), events, job.tasks) as output:
                try:
                    verdict = self._listen(process, output, on_event, stopped)
                finally:
                    _end(process)
                    end_orphans(others)
        for line in output.log_lines():
            log.add(line)
        if verdict == "stopped":
            return Outcome(log=log.text())
        if verdict is None and process.returncode == 0:
            return _result_of(job, log.text())
        failure = verdict or _failure_of(process.returncode, ran_out_of_memory=_out_of_memory_kills() > kills)
        if verdict is None and is_full(job.folder):
            failure = "disk_full", DISK_FULL
        return Outcome(failure=(failure[0], log.redact(failure[1])), log=log.text())

    def _start(self, job: Job, events: int) -> subprocess.Popen[bytes]:
        """Start the child, which writes its events to the descriptor `events`, and all else to its log."""
        spec_file = job.folder / "spec.json"  # written anew: an earlier child may have put a link in its place
        write_atomically(spec_file, job.spec.model_dump_json(exclude_defaults=True).encode())
        options = ["--spec", spec_file, "--work-dir", job.folder / "work", "--output", job.result_file]
        options += ["--samples", job.samples_file, "--progress", f"fd:{events}"]
        options += ["--rankings", job.rankings_file, "--curves", job.curves_file]
        if job.datasets is not None:
            options += ["--datasets", job.datasets]
        if job.device is not None:
            options += ["--device", job.device]
        for task in job.tasks:
            options += ["--tasks", task]
        if job.onto is not None:
            write_atomically(job.onto_file, dump_result(job.onto))
            options += ["--onto", job.onto_file, "--apart"]
        plan = self._plan(job, events)
        if plan.first:
            options += ["--not-fetched", job.folder / NOT_FETCHED, "--environments", self.environments.absolute()]
        jail = [sys.executable, "-m", "runner.jail", str(job.folder / LOCK), str(os.getpid()), plan.json()]
        command = self.command or (sys.executable, "-m", "evaluator", "run")
        return subprocess.Popen(
            [*jail, *command, *map(str, options)],
            cwd=ROOT,
            env={**self.environment, "HF_DATASETS_CACHE": str(job.folder / "datasets")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(events,),
        )

    def _plan(self, job: Job, events: int) -> Plan:
        """How the job is started: what is fetched first, and what the evaluation may reach; both tell their events."""
        given = [*self.readable, job.datasets]
        if self.command is not None:
            return plan_of(self.cage, job.folder, readable=[*given, job.spec.folder], code=ROOT)
        models = hub_cache(self.environment) if self.keep_models else job.folder / "models"
        fetch = [sys.executable, "-m", "evaluator", "fetch", "--spec", job.folder / "spec.json", "--models", models]
        fetch += ["--not-fetched", job.folder / NOT_FETCHED, "--max-gib", self.max_gib, "--progress", f"fd:{events}"]
        fetch += ["--environments", self.environments.absolute()]
        fetch += ["--datasets", job.datasets] if job.datasets is not None else []
        for task in job.tasks:
            fetch += ["--tasks", task]
        on_hub = [*([job.spec.model] if job.spec.source == "hub" else []), *job.spec.parts]
        fetched = [models / f"models--{model.replace('/', '--')}" for model in on_hub]
        return plan_of(
            self.cage,
            job.folder,
            first=[str(argument) for argument in fetch],
            environment={"HF_HUB_CACHE": str(models), "HF_HUB_OFFLINE": "1"},
            readable=[*given, *fetched, job.spec.folder, self.environments],
        )

    def _listen(
        self,
        process: subprocess.Popen[bytes],
        output: ChildOutput,
        on_event: Callable[[Event], None],
        stopped: Callable[[], bool],
    ) -> Any:
        """Follow the child until it ends or must be ended: "stopped", a failure, or None if its exit code decides."""
        deadline = time.monotonic() + self.limits.seconds
        measured = 0.0
        last_words: float | None = None
        told: tuple[FailureClass, str] | None = None
        while True:
            event = output.next_event(_POLL_SECONDS)
            if event is None and output.ended:  # it closed its pipes, and may go on for all that
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_SECONDS)
            if event is not None and event["event"] == "failed":
                told = (event["class"], event["message"])
            on_event(event or {})
            if event is None and process.poll() is not None:
                last_words = last_words or time.monotonic() + _LAST_WORDS_SECONDS
                if output.ended or time.monotonic() > last_words:  # what it left behind may hold the pipes open
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


def _end(process: "subprocess.Popen[bytes]") -> None:
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
        return "internal", f"The evaluation process crashed ({_signal_name(-returncode)})."
    if returncode == 0:
        return "internal", "The evaluation ended without a readable result file."
    return "internal", f"The evaluation ended with exit code {returncode} and no reason; the log has its last lines."


def _signal_name(number: int) -> str:
    """The name of a signal; those of real time between the first and the last have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def kept_result(job: Job) -> Outcome | None:
    """The result that a run of this job left, if it is one: of this spec and these tasks, and readable."""
    outcome = _result_of(job, "")
    return outcome if outcome.failure is None else None


def _result_of(job: Job, log: str) -> Outcome:
    """What the child left: a result with its samples file, or why it is none."""
    try:
        result = parse_result(read_regular(job.result_file, RESULT_BYTES, "result file"), job)
        samples = rankings = curves = None
        with contextlib.suppress(FileNotFoundError):
            samples = read_regular(job.samples_file, SAMPLES_BYTES, "samples file")
        with contextlib.suppress(FileNotFoundError):
            rankings = read_regular(job.rankings_file, RANKINGS_BYTES, "rankings file")
        with contextlib.suppress(FileNotFoundError):
            curves = read_regular(job.curves_file, CURVES_BYTES, "curves file")
    except FileNotFoundError:
        return Outcome(failure=("internal", "The evaluation ended without a readable result file."), log=log)
    except Refused as error:
        return Outcome(failure=("internal", str(error)), log=log)
    return Outcome(result=result, samples=samples, rankings=rankings, curves=curves, log=log)


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
