"""The driver of rented machines, put together from the settings."""

from collections.abc import Callable, Mapping
from typing import Any

from evaluator.records import now
from runner.budget import Budget, Contract
from runner.dispatch import Dispatcher
from runner.flavors import Flavor, flavors_of
from runner.handed import HandedBack, MachineRoom
from runner.hub_jobs import HubJobs
from runner.logs import json_lines
from runner.loop import Loop
from runner.orders import Orders
from runner.rented import board_label, spent
from runner.terms import Terms
from runner.work import Worker
from settings import Settings
from submissions.record import Submission
from submissions.stored import Queue

_PASSED_ON = (
    *("requests_url", "results_url", "lease_minutes", "beat_minutes", "retry_minutes", "max_download_gib"),
    *("public_url", "comment_text"),
)
_SECRETS = ("requests_token", "results_token", "models_token", "comment_token")


def drivers(
    queue: Queue,
    settings: Settings,
    terms: Terms,
    *,
    name: str,
    flavor: str,
    most: int,
    estimate: Callable[[Submission], float | None],
    finished: Callable[[Submission], object],
) -> list[Loop]:
    """The driver, and where there is a bucket the workers for models with code of their own, `most` of them.

    `flavor`: "auto", or the name of a machine for all. `finished`: as a worker's, told by each of them of what it
    finishes.

    Raises:
        ValueError: a setting is missing or wrong; the text names it.
    """
    _check(settings)
    contract = Contract(
        flavors=flavors_of(settings.jobs_flavors),
        flavor=_chosen(settings, flavor),
        most=most,
        dollars=settings.jobs_dollars_per_day,
        seconds=settings.evaluation_hours * 3600,
        estimate=estimate,
        most_parameters=terms.max_parameters,
    )
    budget = Budget(_hub(settings), contract, json_lines(name))
    orders = _orders(settings, terms)
    secrets = settings.secrets()
    dispatcher = Dispatcher(
        queue, budget, orders, name=name, terms=terms, say=json_lines(name), secrets=secrets, finished=finished
    )
    if not settings.jobs_bucket:
        return [dispatcher]
    handed = HandedBack(
        budget=budget,
        orders=orders,
        submissions=lambda: list(queue.listing().submissions),
        ending=lambda: dispatcher.stopping,
        say=json_lines(name),
        secrets=secrets,
        poll=settings.poll_seconds,
    )
    workers = [
        Worker(
            queue,
            handed,
            name=each,
            work_dir=settings.work_dir,
            terms=terms,
            say=json_lines(each),
            room=MachineRoom(handed),
            finished=finished,
        )
        for each in (f"{name}-{number}" for number in range(1, most + 1))
    ]
    return [dispatcher, *workers]


def told_of_jobs(queue: Queue, settings: Settings) -> dict[str, Any]:
    """The rented jobs of the last three days and what those of the last 24 hours cost, as values that JSON can hold.

    Raises:
        ValueError: a setting is missing.
        StoreError
    """
    _check_account(settings)
    hub = _hub(settings)
    jobs = sorted(hub.jobs(), key=lambda job: job.created, reverse=True)
    return {
        "dollars": round(spent(jobs, queue.listing().submissions, now()), 2),
        "dollars_per_day": settings.jobs_dollars_per_day,
        "live": sum(job.live for job in jobs),
        "jobs": [
            {
                "id": job.id,
                "stage": job.stage,
                "submission": job.key[0],
                "flavor": job.flavor,
                "dollars": round(job.dollars, 2),
                "created": job.created.isoformat(),
                "message": job.message,
                "url": hub.url(job.id),
            }
            for job in jobs
        ],
    }


def jobs_text(told: Mapping[str, Any]) -> str:
    """`told_of_jobs` for people."""
    of = (
        f"${told['dollars']:.2f} of ${told['dollars_per_day']:.2f} in the last 24 hours, the most of live jobs included"
    )
    lines = [f"{told['live']} jobs are live; {of}."]
    for job in told["jobs"]:
        said = f"  {job['message']}" if job["message"] else ""
        lines.append(
            f"  {job['created'][:16]}  {job['stage']}  {job['submission']}  {job['flavor']}"
            f"  ${job['dollars']:.2f}  {job['url']}{said}"
        )
    return "\n".join(lines)


def _hub(settings: Settings) -> HubJobs:
    return HubJobs(settings.jobs_namespace, settings.jobs_token, board_label(settings.requests_url))


def _check_account(settings: Settings) -> None:
    for setting in ("jobs_namespace", "jobs_token"):
        if not getattr(settings, setting):
            raise ValueError(f"set KEL_{setting.upper()}: {Settings.model_fields[setting].description}")


def _check(settings: Settings) -> None:
    for setting in ("jobs_namespace", "jobs_token", "jobs_space"):
        if not getattr(settings, setting):
            raise ValueError(f"--hf-jobs needs KEL_{setting.upper()}: {Settings.model_fields[setting].description}")
    if not settings.jobs_dollars_per_day:
        raise ValueError("--hf-jobs needs KEL_JOBS_DOLLARS_PER_DAY, the most that it may spend: 0 starts nothing")
    if not all(url.startswith("hf:") for url in (settings.requests_url, settings.results_url)):
        raise ValueError("--hf-jobs needs KEL_REQUESTS_URL and KEL_RESULTS_URL on the Hub: rented machines write there")


def _chosen(settings: Settings, flavor: str) -> Flavor | None:
    """The machine of this name, None for "auto".

    Raises:
        ValueError: the settings name no such machine.
    """
    flavors = {each.name: each for each in flavors_of(settings.jobs_flavors)}
    if flavor != "auto" and flavor not in flavors:
        raise ValueError(f"--flavor {flavor}: KEL_JOBS_FLAVORS has {', '.join(flavors) or 'none'}")
    return flavors.get(flavor)


def _orders(settings: Settings, terms: Terms) -> Orders:
    changed = {name for name in _PASSED_ON if getattr(settings, name) != Settings.model_fields[name].default}
    return Orders(
        image=settings.jobs_image,
        space=settings.jobs_space,
        bucket=settings.jobs_bucket,
        environment={f"KEL_{name.upper()}": str(getattr(settings, name)) for name in sorted(changed)},
        secrets={f"KEL_{name.upper()}": token for name in _SECRETS if (token := getattr(settings, name)) is not None},
        models_token=settings.models_token,
        options=tuple(option for task in terms.tasks for option in ("--tasks", task)),
    )
