"""The stand-in's rented machines: jobs that run as processes of this machine, and buckets that are folders.

A job's command is run as it is, but for this: where it names the place of a mounted volume, it gets the local folder;
and `python3 -m venv` and `pip install` make an environment that is the one of the tests, without a network, where
`python -c` finds a GPU.
"""

import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.hub.errors import HubError

PRICES = {"cpu-basic": 0.01, "t4-small": 0.40, "l4x1": 0.80, "l40sx1": 1.80, "a100-large": 2.50, "h200": 5.00}
"""Dollars an hour, as the Hub's documentation told on 2026-11-28."""

_PYTHON3 = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  for last in "$@"; do :; done
  mkdir -p "$last/bin"
  printf '#!/bin/sh\\ncase "$1 $2" in "-m pip"|"-c "*) exit 0;; esac\\nexec %s "$@"\\n' PYTHON > "$last/bin/python"
  chmod +x "$last/bin/python"
  exit 0
fi
exec PYTHON "$@"
"""


@dataclass
class Machine:
    """One job: what was asked for, its process, what it wrote. `seconds` as its own clock counts them."""

    id: str
    namespace: str
    owner: str
    spec: dict[str, Any]
    folder: Path
    created: datetime
    labels: dict[str, str]
    stage: str = "SCHEDULING"
    message: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float = 0.0
    process: "subprocess.Popen[bytes] | None" = None
    log: list[tuple[str, str]] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.stage in ("SCHEDULING", "RUNNING")

    @property
    def lines(self) -> list[str]:
        return [line for _, line in self.log]


class Jobs:
    """All jobs. What a test may set: `hurry`, how much faster a machine's clock goes; `held`: nothing leaves the
    stage SCHEDULING; `credit`: whether accounts can pay; `variables`: of every job's environment, besides its own;
    `prices` by flavor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hurry = 1.0
        self.held = False
        self.credit = True
        self.variables: dict[str, str] = {}
        self.prices = dict(PRICES)
        self._machines: dict[str, Machine] = {}
        self._lock = threading.RLock()
        self._counter = itertools.count(1)

    def all(self) -> list[Machine]:
        """The newest first, as the Hub lists them."""
        with self._lock:
            return sorted(self._machines.values(), key=lambda m: (m.created, m.id), reverse=True)

    def get(self, job_id: str) -> Machine:
        """
        Raises:
            HubError: 404.
        """
        machine = self._machines.get(job_id)
        if machine is None:
            raise HubError(404, None, "Job not found")
        return machine

    def start(self, namespace: str, owner: str, spec: dict[str, Any], mounts: Mapping[str, Path]) -> Machine:
        """A new job. `mounts`: where its volumes are to be -> where they are.

        Raises:
            HubError: 402 without credit, 400 for a flavor that there is not.
        """
        if not self.credit:
            raise HubError(402, None, "Payment required: no credit left")
        if spec["flavor"] not in self.prices:
            raise HubError(400, None, f"unknown flavor {spec['flavor']}")
        job_id = f"{int(time.time()):08x}{next(self._counter):016x}"
        folder = self.folder / "jobs" / job_id
        (folder / "tmp").mkdir(parents=True)
        machine = Machine(job_id, namespace, owner, spec, folder, datetime.now(UTC), dict(spec.get("labels") or {}))
        with self._lock:
            self._machines[job_id] = machine
        threading.Thread(target=self._run, args=(machine, dict(mounts)), daemon=True).start()
        return machine

    def cancel(self, machine: Machine) -> None:
        self._end(machine, "CANCELED", None)

    def lose(self, job_id: str) -> None:
        """The machine is gone, and the Hub has forgotten it."""
        machine = self.get(job_id)
        self._end(machine, "DELETED", None)
        with self._lock:
            del self._machines[job_id]

    def crash(self, job_id: str) -> None:
        """The machine's processes die at once."""
        self._end(self.get(job_id), "ERROR", "Job failed with exit code: 137")

    def clear(self) -> None:
        """End and forget all jobs, and go back to the ordinary."""
        for machine in self.all():
            self._end(machine, "DELETED", None)
        with self._lock:
            self._machines.clear()
        self.hurry, self.held, self.credit, self.variables = 1.0, False, True, {}
        self.prices = dict(PRICES)

    def bucket(self, bucket_id: str) -> Path:
        """The folder that a bucket is."""
        return self.folder / "buckets" / bucket_id

    # the machine

    def _run(self, machine: Machine, mounts: dict[str, Path]) -> None:
        while self.held and machine.live:
            time.sleep(0.02)
        with self._lock:
            if not machine.live:
                return
            command = [_mounted(str(part), mounts) for part in machine.spec["command"]]
            machine.process = process = subprocess.Popen(
                command,
                cwd=machine.folder,
                env=self._environment(machine),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            machine.stage, machine.started = "RUNNING", datetime.now(UTC)
            machine.log.append((_now(), f"===== Job started at {_now()} ====="))
        reader = threading.Thread(target=self._read, args=(machine, process), daemon=True)
        reader.start()
        began = time.monotonic()
        limit = machine.spec.get("timeoutSeconds", 1800)
        while process.poll() is None and machine.live:
            machine.seconds = (time.monotonic() - began) * self.hurry
            if machine.seconds > limit:
                self._end(machine, "ERROR", "Job timeout")
            time.sleep(0.02)
        reader.join(5)
        if process.returncode is not None:
            code = process.returncode
            self._end(machine, "ERROR" if code else "COMPLETED", f"Job failed with exit code: {code}" if code else None)

    def _environment(self, machine: Machine) -> dict[str, str]:
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        if not (tools / "python3").exists():
            (tools / "python3").write_text(_PYTHON3.replace("PYTHON", shlex.quote(sys.executable)))
            (tools / "python3").chmod(0o755)
        spec = machine.spec
        passed = {name: os.environ[name] for name in ("HF_ENDPOINT", "HF_HUB_DISABLE_XET") if name in os.environ}
        return {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(machine.folder),
            "HF_HOME": str(machine.folder / "huggingface"),
            "TMPDIR": str(machine.folder / "tmp"),
            "OMP_NUM_THREADS": "1",
            **passed,
            **self.variables,
            **{k: str(v) for k, v in (spec.get("environment") or {}).items()},
            **{k: str(v) for k, v in (spec.get("secrets") or {}).items()},
            "JOB_ID": machine.id,
            "ACCELERATOR": spec["flavor"],
        }

    @staticmethod
    def _read(machine: Machine, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                machine.log.append((_now(), line.decode("utf-8", "replace").rstrip("\n")))

    def _end(self, machine: Machine, stage: str, message: str | None) -> None:
        with self._lock:
            if machine.live:
                machine.stage, machine.message, machine.finished = stage, message, datetime.now(UTC)
        if machine.process is not None:
            try:
                os.killpg(machine.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            machine.process.wait()


def _mounted(text: str, mounts: Mapping[str, Path]) -> str:
    for place, folder in mounts.items():
        text = re.sub(rf"(?<![\w./-]){re.escape(place)}(?![\w-])", lambda _, f=folder: str(f), text)  # type: ignore[misc]
    return text


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
