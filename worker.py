"""The GPU worker: `python worker.py` claims submissions, evaluates each in a child process and publishes its result.

Composition and command line; how it works is in `runner`.
"""

import json
import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from desk.estimates import Speeds
from evaluator.records import now
from evaluator.tasks import discovered_tasks
from leaderboard_data.publish import seed
from runner.beforehand import end_unless_well
from runner.cage import detect, forget_secrets, hide_secrets
from runner.child import ChildProcess, Limits
from runner.comment import Comments
from runner.disk import Room, hub_cache
from runner.flavors import gpu_counts, gpus_for
from runner.logs import Say, json_lines
from runner.loop import Loop, serve
from runner.probe import Probe, reference_spec
from runner.reference import Reference
from runner.renting import drivers, jobs_text, told_of_jobs
from runner.status import ringing, status, status_text
from runner.terms import Terms
from runner.texts import in_turn, texts_keeper
from runner.work import Evaluate, Worker
from settings import Settings, evaluation_environment
from store import Store, open_store
from store.errors import StoreError
from submissions.record import Submission
from submissions.stored import Queue
from submissions.upkeep import Upkeep

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


def open_queue(settings: Settings) -> Queue:
    """The queue in the stores of the settings."""
    return Queue(
        open_store(settings.requests_url, settings.requests_token),
        open_store(settings.results_url, settings.results_token),
    )


def checked_tasks(tasks: list[str] | None) -> tuple[str, ...]:
    """The task ids, each once, if there are such tasks."""
    known = discovered_tasks()
    if unknown := [task for task in tasks or [] if task not in known]:
        raise typer.BadParameter(f"{unknown[0]!r} is not a task; the tasks: {', '.join(known)}")
    return tuple(dict.fromkeys(tasks or ()))


@app.callback(invoke_without_command=True)
def work(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="end when nothing in the queue may be claimed")] = False,
    datasets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="local copies of the data sets, in Hub layout")
    ] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="only this task; may be repeated; for trials")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, or several: cuda:0,cuda:1")] = None,
    poll: Annotated[float | None, typer.Option(min=0.1, help="seconds between looks at an empty queue")] = None,
    lease: Annotated[float | None, typer.Option(min=0.1, help="minutes that a claim holds without a word")] = None,
    max_parameters: Annotated[
        int | None, typer.Option(min=0, help="leave larger models to others; 0: take all")
    ] = None,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS|local", help="evaluate as tasks of a Ray cluster")] = None,
    gpus: Annotated[str, typer.Option(metavar="auto|N", help="with --ray: GPUs of one evaluation; by size")] = "1",
    parallel: Annotated[int, typer.Option(min=1, help="with --ray or --hf-jobs: evaluations at a time")] = 1,
    only: Annotated[str | None, typer.Option(metavar="ID", help="take this submission and no other")] = None,
    hf_jobs: Annotated[bool, typer.Option("--hf-jobs", help="rent a machine on Hugging Face Jobs for each")] = False,
    flavor: Annotated[str, typer.Option(metavar="auto|NAME", help="with --hf-jobs: the machine; by size")] = "auto",
) -> None:
    """Evaluate approved submissions until stopped. SIGTERM or Ctrl-C: give the lease back, and end."""
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    forget_secrets()
    name = settings.worker_name or f"{socket.gethostname()}-{os.getpid()}"
    limit = settings.max_parameters if max_parameters is None else max_parameters
    terms = Terms(
        lease=timedelta(minutes=settings.lease_minutes if lease is None else lease),
        beat=timedelta(minutes=settings.beat_minutes),
        retry_delay=timedelta(minutes=settings.retry_minutes),
        max_parameters=limit or None,
        datasets=datasets,
        tasks=checked_tasks(tasks),
        device=device,
        only=only,
    )
    limits = Limits(seconds=settings.evaluation_hours * 3600, memory_bytes=int(settings.memory_gib * 2**30) or None)
    cage = detect()
    evaluate: Evaluate = ChildProcess(
        environment=evaluation_environment(settings.models_token),
        limits=limits,
        secrets=settings.secrets(),
        cage=cage,
        max_gib=settings.max_download_gib,
        keep_models=settings.keep_models,
    )
    if ray is None and parallel > 1 and not hf_jobs:
        raise typer.BadParameter("--parallel needs --ray or --hf-jobs; on one machine, start several workers")
    try:
        queue = open_queue(settings)
    except ValueError as error:
        raise typer.BadParameter(f"{error} (settings KEL_REQUESTS_URL and KEL_RESULTS_URL)") from error
    except StoreError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    if ray is not None:
        evaluate = ray_tasks(ray, gpus, limits, settings, queue)
    workers: list[Loop]
    if hf_jobs:
        if ray is not None or datasets is not None or device is not None:
            raise typer.BadParameter("--hf-jobs goes without --ray, --datasets and --device: rented machines have none")
        workers = rented(queue, settings, terms, name, flavor, parallel)
    else:
        workers = ordinary(queue, settings, evaluate, name, terms, parallel, ray is not None)
    json_lines(name)("started", **cage.told)
    end_unless_well(settings, device, json_lines(name))
    try:
        seed(queue.results)  # the page may not write there, and its index must begin with the published board
        serve(workers, once=once, poll_seconds=settings.poll_seconds if poll is None else poll)
    except StoreError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def ordinary(
    queue: Queue, settings: Settings, evaluate: Evaluate, name: str, terms: Terms, parallel: int, cluster: bool
) -> list[Loop]:
    """Workers that evaluate here, or with `cluster` on Ray, which is no place for the reference model."""
    folders = [settings.work_dir, *([hub_cache(evaluation_environment())] if settings.keep_models else [])]
    names = [name] if parallel == 1 else [f"{name}-{number}" for number in range(1, parallel + 1)]
    look_for_drift = _nothing if cluster else reference(settings, queue.results, evaluate, name, terms)
    idle = in_order(look_for_drift, settings, json_lines(name))
    workers: list[Worker] = []
    texts = texts_keeper(queue.results, evaluation_environment(), terms, json_lines(name), workers)
    workers += [
        Worker(
            queue,
            evaluate,
            name=each,
            work_dir=settings.work_dir,
            terms=terms,
            say=json_lines(each),
            room=Room(*folders),
            finished=in_turn(comments(queue, settings, each), texts),
            idle=idle,
        )
        for each in names
    ]
    return [*workers]


def comments(queue: Queue, settings: Settings, name: str) -> Callable[[Submission], object]:
    """Comments on the Hub on what is finished; none without a token for them."""
    if settings.comment_token is None:
        return lambda _: None
    if not settings.public_url:
        raise typer.BadParameter("KEL_COMMENT_TOKEN needs KEL_PUBLIC_URL, the page's address, for the link")
    return Comments(
        queue,
        settings.comment_token,
        text=settings.comment_text,
        public_url=settings.public_url,
        say=json_lines(name),
    )


def reference(
    settings: Settings, results: Store, evaluate: Evaluate, name: str, terms: Terms
) -> Callable[[Callable[[], bool]], bool]:
    """What a worker does while nothing is queued: run the reference model, where the settings name one."""
    if not settings.reference_model:
        return _nothing
    try:
        spec = reference_spec(settings.reference_model)
    except ValueError as error:
        raise typer.BadParameter(f"{error} (setting KEL_REFERENCE_MODEL)") from error
    return Reference(
        results=results,
        evaluate=evaluate,
        probe=Probe(evaluation_environment(), terms.device),
        spec=spec,
        every=timedelta(days=settings.reference_days),
        name=name,
        work_dir=settings.work_dir,
        say=json_lines(name),
        datasets=terms.datasets,
        device=terms.device,
    )


def _nothing(_: Callable[[], bool]) -> bool:
    """There is nothing to do for an idle worker. Nor is there with Ray: its nodes are other machines than this one."""
    return False


def in_order(then: Callable[[Callable[[], bool]], bool], settings: Settings, say: Say) -> Callable[..., bool]:
    """What an idle worker does first: keep the requests store in order (`submissions.upkeep`)."""
    upkeep = Upkeep(
        open_store(settings.requests_url, settings.requests_token),
        every=timedelta(days=settings.squash_days) if settings.squash_days else None,
        monotonic=time.monotonic,
    )

    def idle(stopped: Callable[[], bool]) -> bool:
        if done := upkeep.when_idle():
            say("upkeep", done=done)
            return True
        return then(stopped)

    return idle


def rented(queue: Queue, settings: Settings, terms: Terms, name: str, flavor: str, parallel: int) -> list[Loop]:
    """The driver of rented machines. It keeps the texts of what it finishes itself; rented workers keep the others."""
    loops: list[Loop] = []
    texts = texts_keeper(queue.results, evaluation_environment(), terms, json_lines(name), loops)
    try:
        loops += drivers(
            queue,
            settings,
            terms,
            name=name,
            flavor=flavor,
            most=parallel,
            estimate=lambda submission: Speeds(queue.listing().submissions).of(submission)[0],
            finished=in_turn(comments(queue, settings, name), texts),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return loops


def ray_tasks(address: str, gpus: str, limits: Limits, settings: Settings, queue: Queue) -> Evaluate:
    """Evaluations on the Ray cluster at `address`, joined or, for "local", started; `gpus`: how many each."""
    try:
        from runner.cluster import RayTasks, connect
    except ModuleNotFoundError as error:
        raise typer.BadParameter("--ray needs Ray: pip install -r requirements-ray.txt") from error
    try:
        counts = gpu_counts(settings.ray_gpus)
        fixed = 1.0 if gpus == "auto" else float(gpus)
        if not 0 <= fixed <= 1000:
            raise ValueError(gpus)
    except ValueError as error:
        raise typer.BadParameter(f"--gpus {gpus}: a number, or auto with KEL_RAY_GPUS ({error})") from error
    try:
        connect(address)
    except (ConnectionError, ValueError) as error:
        raise typer.BadParameter(f"--ray {address}: {error}") from error
    return RayTasks(
        limits=limits,
        gpus=fixed,
        wanted=(lambda job: gpus_for(counts, queue.find(job.name).metadata.parameters)) if gpus == "auto" else None,
        models_token=settings.models_token,
        secrets=settings.secrets(),
        max_gib=settings.max_download_gib,
        keep_models=settings.keep_models,
    )


@app.command("status")
def print_status(as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False) -> None:
    """Print the queue's length, what runs with its progress and lease, last day's failures, alarms of drift, and the
    commits left this hour."""
    settings = Settings()
    try:
        queue = open_queue(settings)
        quota = settings.commits_per_hour
        logs = {"requests": queue.requests.log(quota), "results": queue.results.log(quota)}
        told = status(queue.listing(), logs, now(), quota, ringing(queue))
    except (StoreError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else status_text(told))


@app.command("jobs")
def print_jobs(as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False) -> None:
    """Print the machines that are rented, those of the last three days, and what the last 24 hours cost."""
    settings = Settings()
    try:
        told = told_of_jobs(open_queue(settings), settings)
    except (StoreError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else jobs_text(told))


if __name__ == "__main__":
    hide_secrets()
    app()
