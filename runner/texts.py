"""After a submission: the texts of its tasks into the results store, where their licence allows it and they lack.

A process of its own reads the data (`python -m evaluator texts`): the same that `fetch` read, and no model is near it.
Nothing depends on it. What fails is said and not tried again by this worker; what a stop or a kill interrupts is
written after the next submission with these tasks.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.evidence.texts import TEXTS_BYTES
from evaluator.suite import SUITES, tasks_of
from leaderboard_data.texts import lacking_texts, texts_change
from runner.left import read_regular
from runner.logs import Say
from runner.loop import Loop
from runner.terms import Terms
from store import Store
from store.errors import StoreError
from store.update import Snapshot, update
from submissions.record import Submission

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 1800.0
"""That the texts of one submission's tasks may take, together."""

_POLL_SECONDS = 0.5


@dataclass
class TextsKeeper:
    """Keeps the texts of tasks in `results`. Called with each submission that was finished; raises nothing.

    `environment` is that of the process that reads the data, `datasets` a folder with local copies (None: the Hub).
    `stopped` ends it early. `tasks`: only these, where there are any.
    """

    results: Store
    environment: Mapping[str, str]
    say: Say
    stopped: Callable[[], bool]
    datasets: Path | None = None
    tasks: tuple[str, ...] = ()
    _tried: set[str] = field(default_factory=set)

    def __call__(self, submission: Submission) -> None:
        """Write those that lack."""
        try:
            suites = [suite for suite in submission.suites if suite in SUITES]
            asked = [task.id for task in tasks_of(suites) if not self.tasks or task.id in self.tasks]
            lacking = lacking_texts(Snapshot(self.results, self.results.head()), asked)
            new = [task for task in lacking if task not in self._tried]
            if new:
                self._keep(new)
        except (StoreError, OSError, ValueError, subprocess.SubprocessError) as error:
            self.say("no_texts", error=str(error)[:300])

    def _keep(self, tasks: list[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="texts-") as temporary:
            folder = Path(temporary, "texts")
            self._read(tasks, folder, Path(temporary, "cache"))
            if self.stopped():
                return
            self._tried |= set(tasks)
            for task in tasks:
                try:
                    content = read_regular(folder / f"{task}.parquet", TEXTS_BYTES, "texts file")
                    update(self.results, texts_change({task: content}))
                except (FileNotFoundError, ValueError) as error:
                    self.say("no_texts", task=task, error=str(error)[:300])
                else:
                    self.say("texts", task=task)

    def _read(self, tasks: list[str], folder: Path, cache: Path) -> None:
        command = [sys.executable, "-m", "evaluator", "texts", "--output", str(folder)]
        command += [part for task in tasks for part in ("--tasks", task)]
        command += ["--datasets", str(self.datasets)] if self.datasets is not None else []
        given = {**self.environment, "HF_DATASETS_CACHE": str(cache)}
        quiet = subprocess.DEVNULL
        child = subprocess.Popen(command, cwd=ROOT, env=given, stdin=quiet, stdout=quiet, stderr=quiet)
        deadline = time.monotonic() + SECONDS
        try:
            while child.poll() is None and not self.stopped() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()


def texts_keeper(
    results: Store, environment: Mapping[str, str], terms: Terms, say: Say, workers: Sequence[Loop]
) -> TextsKeeper:
    """The keeper of texts for workers of these terms, or a driver of rented ones; ends early when one is to stop."""
    return TextsKeeper(
        results=results,
        environment=environment,
        say=say,
        stopped=lambda: any(worker.stopping for worker in workers),
        datasets=terms.datasets,
        tasks=terms.tasks,
    )


def in_turn(*told: Callable[[Submission], object]) -> Callable[[Submission], None]:
    """Tells a submission to each of them, one after the other."""

    def tell(submission: Submission) -> None:
        for each in told:
            each(submission)

    return tell
