"""The queue on the command line: `python -m submissions submit | list | show | approve | reject | retry | withdraw`."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from evaluator.spec import ModelSpec, Precision, local_spec
from settings import Settings
from store import open_store
from store.errors import StoreError
from submissions.record import ModelMetadata, Submission, dump_submission
from submissions.stored import Queue

app = typer.Typer(
    help="Submit models, and decide about submissions. The stores are those of the settings (KEL_REQUESTS_URL, ...).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Id = Annotated[str, typer.Argument(metavar="ID", help="the submission's id, as `list` shows it")]
By = Annotated[str | None, typer.Option("--by", help="who decides; default: your name on this machine")]


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Print what is wrong without a traceback, and exit 1. A bug of ours still shows its traceback."""
    try:
        yield
    except (ValueError, FileNotFoundError, StoreError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def open_queue() -> Queue:
    """The queue in the stores of the settings."""
    settings = Settings()
    return Queue(
        open_store(settings.requests_url, settings.requests_token),
        open_store(settings.results_url, settings.results_token),
    )


def spec_and_metadata(
    model: str, revision: str | None, precision: Precision, trust_remote_code: bool
) -> tuple[ModelSpec, ModelMetadata]:
    """What MODEL names: a local folder if there is one, else a Hub model, checked and pinned to a commit.

    Raises:
        ValueError: (CheckFailed) it cannot be evaluated; the text says what to do.
    """
    if Path(model).expanduser().is_dir() or model.startswith(("/", ".", "~")):
        if revision:
            raise ValueError("a local folder has no revision to choose: it is the hash of its files")
        spec = local_spec(Path(model), precision=precision, trust_remote_code=trust_remote_code)
        return spec, ModelMetadata()
    from submissions.checks import check_model

    checked = check_model(model, revision)
    spec = ModelSpec(
        model=checked.model, revision=checked.revision, precision=precision, trust_remote_code=trust_remote_code
    )
    return spec, checked.metadata


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
    if submission.failure is not None:
        return f"{submission.failure.failure}: {submission.failure.message}"
    return f"by {submission.submitted_by}"


def _me(by: str | None) -> str:
    return by or getpass.getuser()


@app.command()
def submit(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="a Hub id (organisation/name) or a local folder")],
    revision: Annotated[str | None, typer.Option(help="branch, tag or commit; default: the default branch")] = None,
    precision: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16")] = "auto",
    note: Annotated[str, typer.Option(help="for the maintainers, up to 1000 characters")] = "",
    trust_remote_code: Annotated[bool, typer.Option(help="run code that the model brings along")] = False,
    force: Annotated[bool, typer.Option(help="evaluate again although there is a result")] = False,
    by: By = None,
) -> None:
    """Add a model to the queue; it waits for a maintainer's approval."""
    with errors_for_people():
        spec, metadata = spec_and_metadata(model, revision, precision, trust_remote_code)  # type: ignore[arg-type]
        done = open_queue().submit(spec, who=_me(by), note=note, metadata=metadata, force=force)
        typer.echo(line_of(done))


@app.command("list")
def list_submissions(
    every: Annotated[bool, typer.Option("--all", help="closed submissions too, the newest 1000")] = False,
) -> None:
    """Print the open submissions, newest first; files that cannot be read are named at the end."""
    with errors_for_people():
        listing = open_queue().listing(closed=1000 if every else 0)
        for submission in listing.submissions:
            typer.echo(line_of(submission))
        for path, reason in listing.unreadable.items():
            typer.echo(f"unreadable: {path}: {reason}", err=True)


@app.command()
def show(submission_id: Id) -> None:
    """Print everything known of one submission, as JSON."""
    with errors_for_people():
        typer.echo(dump_submission(open_queue().find(submission_id)).decode(), nl=False)


@app.command()
def approve(
    submission_id: Id,
    priority: Annotated[int | None, typer.Option(help="larger goes first; default 0")] = None,
    by: By = None,
) -> None:
    """Queue a pending submission for evaluation."""
    with errors_for_people():
        typer.echo(line_of(open_queue().approve(submission_id, who=_me(by), priority=priority)))


@app.command()
def reject(
    submission_id: Id, why: Annotated[str, typer.Option(help="the reason, for the submitter")], by: By = None
) -> None:
    """Say no to a pending submission."""
    with errors_for_people():
        typer.echo(line_of(open_queue().reject(submission_id, who=_me(by), why=why)))


@app.command()
def retry(submission_id: Id, by: By = None) -> None:
    """Queue a failed submission again."""
    with errors_for_people():
        typer.echo(line_of(open_queue().retry(submission_id, who=_me(by))))


@app.command()
def withdraw(
    submission_id: Id, why: Annotated[str, typer.Option(help="the reason, if there is one to tell")] = "", by: By = None
) -> None:
    """Take back a pending or queued submission (as a maintainer)."""
    with errors_for_people():
        typer.echo(line_of(open_queue().withdraw(submission_id, who=_me(by), maintainer=True, why=why)))


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m submissions"))
