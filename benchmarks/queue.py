"""How fast workers drain the queue, on the local store and on the stand-in of the Hub, and how often they collide.

    python benchmarks/queue.py [--submissions 500] [--workers 1 --workers 2 ...] [--store local --store hub]

Each worker is a process that runs the real loop (claim, publish, finish: three commits a submission) with an evaluation
that takes no time. Whatever is lost or done twice ends the benchmark with an error.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # run as a file, its own folder would stand first, and this module for the library's `queue`

# ruff: noqa: E402
import json
import multiprocessing
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

import tests.hub.__main__ as stand_in
from evaluator import records
from evaluator.evidence.samples import dump_samples
from evaluator.records import ModelResult, Origin
from evaluator.spec import ModelSpec
from runner.child import Job, Outcome
from runner.events import Event
from tests.ports import free_port
from tests.runner.honest import honest_samples, honest_score


@dataclass(frozen=True)
class Run:
    """One line of the table. `commits` are those that were written, `conflicts` those that came second."""

    store: str
    workers: int
    submissions: int
    seconds: float
    per_second: float
    commits: int
    conflicts: int
    conflicts_per_commit: float
    lost: int
    twice: int


def evaluate_nothing(job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
    """A result of all nine tasks, at once, with a few dozen samples each: the worker computes the scores from them."""
    on_event({})
    stopped()
    run = records.Run(at=datetime.now(UTC).replace(microsecond=0))
    tasks = {task: honest_score(task).model_copy(update={"run": run.id}) for task in job.tasks}
    origin = Origin(kind="measured", by="the queue's benchmark")
    result = ModelResult(spec=job.spec, tasks=tasks, runs={run.id: run}, origin=origin)
    return Outcome(result=result, samples=dump_samples({task: honest_samples(task) for task in job.tasks}))


def open_stores(environment: dict[str, str]) -> tuple[Any, Any]:
    """The requests and the results store, as a worker opens them, counting commits and conflicts."""
    os.environ.update(environment)
    from settings import Settings
    from store import open_store

    settings = Settings()
    return (
        open_store(settings.requests_url, settings.requests_token),
        open_store(settings.results_url, settings.results_token),
    )


def work(number: int, environment: dict[str, str], start: Any, counts: Any) -> None:
    """One worker process: waits for the start, drains the queue, tells how many commits conflicted."""
    requests, results = open_stores(environment)
    from runner.terms import Terms
    from runner.work import Worker
    from store.errors import Conflict
    from submissions.stored import Queue

    told = {"commits": 0, "conflicts": 0}

    def counting(commit: Callable[..., str]) -> Callable[..., str]:
        def counted(*args: Any, **fields: Any) -> str:
            try:
                revision = commit(*args, **fields)
            except Conflict:
                told["conflicts"] += 1
                raise
            told["commits"] += 1
            return revision

        return counted

    for store in (requests, results):
        store.commit = counting(store.commit)
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(
            Queue(requests, results),
            evaluate_nothing,
            name=f"worker-{number}",
            work_dir=Path(folder),
            terms=Terms(),
            say=lambda *_, **__: None,
        )
        start.wait()
        worker.run(once=True)
    counts.put(told)


def fill(environment: dict[str, str], submissions: int) -> None:
    """Approved submissions of as many models, written in one commit."""
    requests, _ = open_stores(environment)
    from submissions import queue
    from submissions.files import files_of

    at = datetime.now(UTC).replace(microsecond=0)
    files: dict[str, bytes | None] = {}
    for number in range(submissions):
        spec = ModelSpec(model=f"benchmark/model-{number}", revision="ab" * 20)
        new_id = queue.submission_id(at, f"{number:06x}")
        pending = queue.submit([], spec, new_id=new_id, who="visitor", at=at, has_result=False)
        files |= files_of(queue.approve(pending, who="maintainer", at=at), None)
    requests.commit(files, "Fill the queue", requests.head())


def check(environment: dict[str, str]) -> tuple[int, int]:
    """(lost, twice): submissions without an end or a result; results published more than once."""
    requests, results = open_stores(environment)
    from submissions.record import Status
    from submissions.stored import Queue

    listing = Queue(requests, results).listing(closed=1_000_000)
    stored = results.list("results")
    lost = sum(
        1
        for s in listing.submissions
        if s.status is not Status.FINISHED or s.result is None or s.result.path not in stored
    )
    published = [c.message.splitlines()[0] for c in results.log(1_000_000) if c.message.startswith("Publish")]
    return lost, len(published) - len(set(published))


@contextmanager
def stores(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment that names two fresh stores."""
    if kind == "local":
        yield {"KEL_REQUESTS_URL": f"file:{folder}/requests.git", "KEL_RESULTS_URL": f"file:{folder}/results.git"}
        return
    port = free_port()
    hub = subprocess.Popen(
        [sys.executable, "-m", "tests.hub", "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert hub.stdout is not None
        for line in hub.stdout:
            if line.rstrip().endswith("python worker.py"):
                break
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        yield stand_in.environment(url, folder)["worker"]
    finally:
        hub.terminate()
        hub.wait()


def wait_for(url: str) -> None:
    """Until somebody answers at `url`."""
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def measure(kind: str, workers: int, submissions: int) -> Run:
    """Drain a fresh queue once."""
    processes = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, stores(kind, Path(folder)) as environment:
        filler = processes.Process(target=fill, args=(environment, submissions))
        filler.start()
        filler.join()
        start, counts = processes.Barrier(workers + 1), processes.Queue()
        started = [
            processes.Process(target=work, args=(number, environment, start, counts)) for number in range(workers)
        ]
        for process in started:
            process.start()
        start.wait()
        began = time.perf_counter()
        told = [counts.get() for _ in started]
        seconds = time.perf_counter() - began
        for process in started:
            process.join()
        with processes.Pool(1) as pool:
            lost, twice = pool.apply(check, (environment,))
    commits, conflicts = (sum(each[name] for each in told) for name in ("commits", "conflicts"))
    return Run(
        store=kind,
        workers=workers,
        submissions=submissions,
        seconds=round(seconds, 2),
        per_second=round(submissions / seconds, 2),
        commits=commits,
        conflicts=conflicts,
        conflicts_per_commit=round(conflicts / commits, 3),
        lost=lost,
        twice=twice,
    )


def main(
    submissions: Annotated[int, typer.Option(min=1, help="queued submissions")] = 500,
    workers: Annotated[list[int] | None, typer.Option(help="worker processes; may be repeated; 1 2 4 8")] = None,
    store: Annotated[list[str] | None, typer.Option(help="local or hub; may be repeated; both")] = None,
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="write the table as JSON, too")] = None,
) -> None:
    """Drain the queue with so many workers, against each store, and print a table."""
    print(f"{'store':8}{'workers':>8}{'subm.':>8}{'seconds':>10}{'subm./s':>10}{'commits':>9}{'confl.':>8}", end="")
    print(f"{'confl./commit':>15}{'lost':>6}{'twice':>7}", flush=True)
    runs: list[Run] = []
    for kind in store or ["local", "hub"]:
        for count in workers or [1, 2, 4, 8]:
            run = measure(kind, count, submissions)
            runs.append(run)
            print(
                f"{run.store:8}{run.workers:>8}{run.submissions:>8}{run.seconds:>10.2f}{run.per_second:>10.2f}"
                f"{run.commits:>9}{run.conflicts:>8}{run.conflicts_per_commit:>15.3f}{run.lost:>6}{run.twice:>7}",
                flush=True,
            )
    if output is not None:
        output.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n", encoding="utf-8")
    if any(run.lost or run.twice for run in runs):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
