"""A board whose evaluations run on the stand-in's rented machines, for tests.

A job runs the project's own `worker.py`, or `runner.handing`, as processes; only the evaluation is the scripted program
(`tests.runner.evaluation`), so that a test can say what happens in it.
"""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from evaluator.tasks import discovered_tasks
from leaderboard_data.publish import seed
from runner.dispatch import Dispatcher
from runner.handed import HandedBack
from runner.renting import drivers
from runner.terms import Terms
from runner.work import Worker
from settings import Settings
from store.hub import HubStore
from submissions.record import Submission
from submissions.stored import Queue
from tests.hub.__main__ import project_files
from tests.hub.errors import HubError
from tests.hub.machines import Machine
from tests.hub.repositories import Repositories, Repository
from tests.runner.conftest import Evaluations, lost_in, published_again, spec

ROOT = Path(__file__).resolve().parents[2]
WRITES, RENTS, READS = "hf_writes_both_stores", "hf_rents_machines", "hf_reads_models"
_numbers = itertools.count()

_SITE = """import sys
if {"worker.py", "runner.handing"} & set(sys.orig_argv):
    import runner.cage, runner.child
    runner.cage.detect = lambda: runner.cage.NO_CAGE
    runner.child.ChildProcess.__init__.__kwdefaults__["command"] = (
        sys.executable, "-m", "tests.runner.evaluation", "--script", SCRIPT
    )
"""


class Board:
    """Two stores and a Space on the stand-in, and an account that rents machines for them."""

    def __init__(self, hub: Repositories, folder: Path, evaluations: Evaluations, *, seeded: bool = True) -> None:
        self.hub, self.jobs, self.evaluations = hub, hub.jobs, evaluations
        self.folder = folder
        self.said: list[dict[str, Any]] = []
        self.finished: list[str] = []
        self.seconds = 0.0
        number = next(_numbers)
        hub.add_user(WRITES, "store-writer")
        hub.add_user(RENTS, "renter", orgs=("renters",))
        hub.add_user(READS, "model-reader")
        self.names = [f"renters/{room}-{number}" for room in ("requests", "results")]
        for name in self.names:
            hub.create("datasets", name, writers={"store-writer"})
        self.space = f"renters/page-{number}"
        hub.create("spaces", self.space)
        self.put_code((ROOT / "worker.py").read_bytes())
        site = folder / "site"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(_SITE.replace("SCRIPT", repr(str(evaluations.script))))
        self.jobs.variables = {"PYTHONPATH": f"{site}:{ROOT}"}
        self.queue = Queue(*(HubStore(name, SecretStr(WRITES)) for name in self.names), monotonic=lambda: self.seconds)
        if seeded:
            seed(self.queue.results)

    def put_code(self, worker: bytes) -> None:
        """The Space's next commit."""
        files = {"worker.py": worker, "requirements.txt": b"", "evaluator/requirements.txt": b""}
        self.hub.commit(self.hub.get("spaces", self.space), files, message="code", parent=None)

    def put_project(self) -> None:
        """The Space's next commit: the whole project, which then runs by itself."""
        self.hub.commit(self.hub.get("spaces", self.space), project_files(), message="project", parent=None)
        self.jobs.variables = {}

    def hub_model(self, name: str, folder: Path) -> Repository:
        """A model's repository with the files of a folder, made once in a test run."""
        try:
            return self.hub.add_folder("models", name, folder)
        except HubError:
            return self.hub.get("models", name)

    def hub_data(self, name: str, folder: Path, *, task: str) -> None:
        """A data set's repository, at the commit that a task pins."""
        with suppress(HubError):
            self.hub.add_folder("datasets", name, folder, oid=discovered_tasks()[task].data.revision)

    def settings(self, **fields: Any) -> Settings:
        given: dict[str, Any] = {
            "requests_url": f"hf:datasets/{self.names[0]}",
            "results_url": f"hf:datasets/{self.names[1]}",
            "requests_token": WRITES,
            "results_token": WRITES,
            "models_token": READS,
            "jobs_namespace": "renters",
            "jobs_token": RENTS,
            "jobs_space": self.space,
            "jobs_bucket": "renters/left",
            "jobs_dollars_per_day": 100.0,
            "retry_minutes": 0.0,
            "poll_seconds": 0.1,
            "work_dir": self.folder / "driver",
        }
        return Settings.model_validate(given | fields)

    def environment(self, **fields: Any) -> dict[str, str]:
        """The same, for a driver in a process of its own."""
        settings = self.settings(**fields)
        found = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "HF_ENDPOINT": os.environ["HF_ENDPOINT"]}
        for name in settings.model_fields_set:
            value = getattr(settings, name)
            secret = isinstance(value, SecretStr)
            found[f"KEL_{name.upper()}"] = value.get_secret_value() if secret else str(value)
        return found

    def driver(self, most: int = 2, flavor: str = "auto", **fields: Any) -> Dispatcher:
        """A driver whose steps the test makes."""
        return self._loops(most, flavor, fields)[0]

    def trusting(self, **fields: Any) -> Worker:
        """The driver's worker for models with code of their own."""
        return self._loops(1, "auto", fields)[1]

    def _loops(self, most: int, flavor: str, fields: dict[str, Any]) -> Any:
        from datetime import timedelta

        settings = self.settings(**fields)
        loops: list[Any] = drivers(
            self.queue,
            settings,
            Terms(retry_delay=timedelta(0)),
            name="driver",
            flavor=flavor,
            most=most,
            estimate=lambda _: None,
            finished=lambda submission: self.finished.append(submission.id),
        )
        say = lambda event, **told: self.said.append({"event": event, **told})  # noqa: E731
        dispatcher: Dispatcher = loops[0]
        dispatcher._say = dispatcher.budget._say = say
        dispatcher._clock = dispatcher.budget._clock = lambda: self.seconds
        for worker in loops[1:]:
            handed: HandedBack = worker._evaluate
            worker._say = handed.say = say
        return loops

    def start_driver(self, *options: str, **fields: Any) -> "subprocess.Popen[bytes]":
        """The real program: `python worker.py --hf-jobs`."""
        command = [sys.executable, "worker.py", "--hf-jobs", "--poll", "0.2", *options]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment(**fields))

    def queued(self, name: str = "org/model", *, trust: bool = False, **fields: Any) -> Submission:
        submission = self.queue.submit(spec(name), who="visitor", **fields)
        return self.queue.approve(submission.id, who="maintainer", trust=trust)

    def find(self, submission: Submission) -> Submission:
        return self.queue.find(submission.id)

    @property
    def machines(self) -> list[Machine]:
        """The oldest first."""
        return self.jobs.all()[::-1]

    def drive(self, driver: Dispatcher, until: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let the driver step until something is so."""
        self.wait(lambda: (driver.step(), until())[1], seconds, pause=0.5)

    @staticmethod
    def wait(until: Callable[[], bool], seconds: float = 60.0, pause: float = 0.1) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, "it did not come to that in time"
            time.sleep(pause)

    def all_ended(self) -> bool:
        return not any(machine.live for machine in self.jobs.all())

    def lost(self) -> int:
        return lost_in(self.queue)

    def double(self) -> int:
        return published_again(self.queue)


@pytest.fixture(name="board")
def board_on_the_stand_in(hub: Repositories, tmp_path: Path, evaluations: Evaluations) -> Iterator[Board]:
    """A board, on a stand-in without machines and without faults."""
    hub.faults.clear()
    hub.jobs.clear()
    yield Board(hub, tmp_path, evaluations)
    hub.jobs.clear()
    hub.faults.clear()
