"""What the queue's commands share: who types, where the stores are, what is printed."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from evaluator.options import reason_of
from settings import Settings
from store import open_store
from store.errors import StoreError
from submissions.record import Status, Submission
from submissions.stored import Queue

Id = Annotated[str, typer.Argument(metavar="ID", help="the submission's id, as `list` shows it")]
Ids = Annotated[
    list[str], typer.Argument(metavar="ID...", help="one or more, as `list` shows them: done with all or with none")
]
By = Annotated[str | None, typer.Option("--by", help="who does it; default: your name on this machine")]
Why = Annotated[str, typer.Option("--why", help="the reason; the submitter reads it")]


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Print what is wrong without a traceback, and exit 1. A bug of ours still shows its traceback."""
    try:
        yield
    except (ValueError, FileNotFoundError, StoreError) as error:
        typer.echo(f"error: {reason_of(error)}", err=True)
        raise typer.Exit(1) from None


def open_queue() -> Queue:
    """The queue in the stores of the settings."""
    settings = Settings()
    return Queue(
        open_store(settings.requests_url, settings.requests_token),
        open_store(settings.results_url, settings.results_token or settings.read_token),
    )


def me(by: str | None) -> str:
    """Who types."""
    return by or getpass.getuser()


def do(submission_ids: list[str], verb: Callable[[Queue, str], Submission]) -> None:
    """Do the same with all of these submissions, or with none, and print what became of them."""
    with errors_for_people():
        queue = open_queue()
        if len(submission_ids) == 1:
            typer.echo(line_of(verb(queue, submission_ids[0])))
            return
        for done in queue.together(submission_ids, verb):
            typer.echo(line_of(done))


def line_of(submission: Submission) -> str:
    """One line of `list`."""
    revision = (submission.spec.revision or "")[:12]
    return (
        f"{submission.id}  {submission.status:<9}  {submission.spec.model}@{revision}  {_remark(submission)}".rstrip()
    )


def _remark(submission: Submission) -> str:
    if submission.lease is not None:
        done = submission.lease.progress.get("task") or ""
        return f"{submission.lease.worker} until {submission.lease.until:%Y-%m-%d %H:%M}Z {done}"
    if submission.status is Status.WAITING and submission.entered is not None:
        return f"{submission.entered.who} asks {submission.submitted_by}: {submission.entered.why}"
    asked = f" (another try is asked for: {submission.retry_asked})" if submission.retry_asked else ""
    if submission.failure is not None:
        return f"{submission.failure.failure}: {submission.failure.message}{asked}"
    return f"by {submission.submitted_by}{asked}"
