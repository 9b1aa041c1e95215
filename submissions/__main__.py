"""The queue on the command line: `python -m submissions submit | change | list | show | approve | ...`, and how results
are to be shown: `opt-out | opt-in | hide | unhide | confirm | unconfirm | correct | uncorrect | clear-drift`."""

import sys
import time
from datetime import timedelta
from typing import Annotated

import typer

from evaluator.policy import CORRECTABLE, dump_policy
from evaluator.records import DOUBTFUL
from settings import Settings
from store import open_store
from submissions.alarms import alarm_of
from submissions.editing import change, submit
from submissions.known_results import refuse_unknown
from submissions.record import dump_submission
from submissions.terminal import By, Id, Ids, Why, do, errors_for_people, line_of, me, open_queue
from submissions.upkeep import Upkeep

app = typer.Typer(
    help="Submit models, and decide about submissions. The stores are those of the settings (KEL_REQUESTS_URL, ...).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("submit")(submit)
app.command("change")(change)


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


@app.command("upkeep")
def keep_in_order(
    squash: Annotated[bool, typer.Option("--squash", help="squash the history, also before it is due")] = False,
) -> None:
    """Move what lies as in the former layout into folders by month, and squash the history if that is due.

    A worker with nothing else to do does it by itself.
    """
    settings = Settings()
    every = timedelta(0) if squash else timedelta(days=settings.squash_days) if settings.squash_days else None
    with errors_for_people():
        requests = open_store(settings.requests_url, settings.requests_token)
        upkeep = Upkeep(requests, every=every, monotonic=time.monotonic, fewest=1 if squash else None)
        done = ""
        while done := ("" if "squashed" in done else upkeep.step()):
            typer.echo(done)


@app.command()
def show(submission_id: Id) -> None:
    """Print everything known of one submission, as JSON."""
    with errors_for_people():
        typer.echo(dump_submission(open_queue().find(submission_id)).decode(), nl=False)


@app.command()
def ask(
    submission_id: Ids, question: Annotated[str, typer.Option(help="what the submitter is to answer")], by: By = None
) -> None:
    """Ask the submitter of a pending submission something; it waits for the answer."""
    do(submission_id, lambda queue, each: queue.ask(each, who=me(by), question=question))


@app.command()
def answer(submission_id: Id, text: Annotated[str, typer.Option(help="the answer")], by: By = None) -> None:
    """Answer a question for the submitter; the submission is pending again."""
    do([submission_id], lambda queue, each: queue.answer(each, who=me(by), text=text, maintainer=True))


@app.command()
def approve(
    submission_id: Ids,
    priority: Annotated[int | None, typer.Option(min=-(10**9), max=10**9, help="larger goes first; default 0")] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="its code may run (at these commits); lists it with its hashes")
    ] = False,
    by: By = None,
) -> None:
    """Queue pending submissions for evaluation."""
    if trust_remote_code:
        from evaluator.model.code_listing import code_files, listing_text

        with errors_for_people():
            queue = open_queue()
            for each in submission_id:
                typer.echo(listing_text(code_files(queue.find(each).spec)))
    do(
        submission_id,
        lambda queue, each: queue.approve(each, who=me(by), priority=priority, trust=trust_remote_code),
    )


@app.command()
def reject(submission_id: Ids, why: Why, by: By = None) -> None:
    """Say no to submissions that nobody has approved."""
    do(submission_id, lambda queue, each: queue.reject(each, who=me(by), why=why))


@app.command()
def priority(
    submission_id: Ids,
    to: Annotated[int, typer.Option(min=-(10**9), max=10**9, help="larger goes first; 0 where nothing was said")],
    by: By = None,
) -> None:
    """Let open submissions go earlier or later."""
    do(submission_id, lambda queue, each: queue.set_priority(each, who=me(by), priority=to))


@app.command()
def retry(submission_id: Ids, why: Why = "", by: By = None) -> None:
    """Queue failed submissions again; rejected ones are pending again."""
    do(submission_id, lambda queue, each: queue.retry(each, who=me(by), why=why))


@app.command("ask-retry")
def ask_retry(submission_id: Id, why: Why, by: By = None) -> None:
    """Ask for another try of your own failed or rejected submission; a maintainer decides."""
    do([submission_id], lambda queue, each: queue.ask_retry(each, who=me(by), why=why))


@app.command()
def release(submission_id: Ids, why: Why, by: By = None) -> None:
    """Take running submissions from their workers; they are queued again."""
    do(submission_id, lambda queue, each: queue.release_stuck(each, who=me(by), why=why))


@app.command()
def rerun(submission_id: Ids, why: Why, by: By = None) -> None:
    """Have finished submissions evaluated anew; what comes of it replaces their results."""
    do(submission_id, lambda queue, each: queue.rerun(each, who=me(by), why=why))


@app.command()
def withdraw(submission_id: Ids, why: Why = "", by: By = None) -> None:
    """Take back submissions that no worker holds (as a maintainer)."""
    do(submission_id, lambda queue, each: queue.withdraw(each, who=me(by), maintainer=True, why=why))


OwnedName = Annotated[str, typer.Argument(metavar="NAME", help="organisation, user, or organisation/name")]
ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="organisation/name")]
Result = Annotated[
    str, typer.Argument(metavar="RESULT", help="its path (results/...), or the first 8 digits of its spec's id")
]


@app.command("opt-out")
def opt_out(
    name: OwnedName, why: Annotated[str, typer.Option(help="the reason, if there is one to tell")] = "", by: By = None
) -> None:
    """Neither take submissions of an owner's models, or of one model, nor show them, for their owner asked so."""
    with errors_for_people():
        open_queue().policies.opt_out(name, who=me(by), why=why, maintainer=True)
        typer.echo(f"{name} is opted out")


@app.command("opt-in")
def opt_in(name: OwnedName, by: By = None) -> None:
    """Take back an opt-out: what was hidden comes back."""
    with errors_for_people():
        open_queue().policies.opt_in(name, who=me(by), maintainer=True)
        typer.echo(f"{name} is opted in")


@app.command()
def hide(
    model: ModelName, result: Result, why: Annotated[str, typer.Option(help="the reason, kept with it")], by: By = None
) -> None:
    """Show a result nowhere, because it is in doubt. It stays in the results store."""
    with errors_for_people():
        queue = open_queue()
        refuse_unknown(queue.results, model, result)
        queue.policies.hide(model, result, who=me(by), why=why)
        typer.echo(f"{result} of {model} is hidden")


@app.command()
def unhide(model: ModelName, result: Result, by: By = None) -> None:
    """Show a hidden result again; MODEL and RESULT as `policy` prints them."""
    with errors_for_people():
        open_queue().policies.unhide(model, result, who=me(by))
        typer.echo(f"{result} of {model} is shown")


@app.command("clear-drift")
def clear_drift(
    environment: Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="its id, as the alarm names it")],
    why: Annotated[str, typer.Option(help="the reason, kept with it")],
    by: By = None,
) -> None:
    """Clear an alarm: the reference model scores otherwise in an environment, and you know why. Its results lose their
    mark; scores that move once more ring again."""
    with errors_for_people():
        queue = open_queue()
        check = alarm_of(queue.results, environment)
        queue.policies.clear_drift(check.environment, check.since or check.at, who=me(by), why=why)
        typer.echo(f"the alarm of environment {environment} is cleared")


@app.command()
def confirm(
    model: ModelName,
    result: Result,
    doubt: Annotated[list[str], typer.Option(help=f"which doubt (may be given again), of: {', '.join(DOUBTFUL)}")],
    why: Annotated[str, typer.Option(help="why the numbers are right all the same, kept with it")],
    by: By = None,
) -> None:
    """Say that a result in doubt is right all the same: its row stands as others do."""
    with errors_for_people():
        queue = open_queue()
        refuse_unknown(queue.results, model, result)
        queue.policies.confirm(model, result, doubt, who=me(by), why=why)
        typer.echo(f"{result} of {model} is confirmed: {', '.join(doubt)}")


@app.command()
def unconfirm(model: ModelName, result: Result, by: By = None) -> None:
    """Doubt a confirmed result again; MODEL and RESULT as `policy` prints them."""
    with errors_for_people():
        open_queue().policies.unconfirm(model, result, who=me(by))
        typer.echo(f"{result} of {model} is no longer confirmed")


@app.command()
def correct(
    model: ModelName,
    why: Annotated[str, typer.Option(help="the reason, or where it can be read, shown with it")],
    licence: Annotated[str | None, typer.Option("--license", help="the licence, as the Hub names it")] = None,
    parameters: Annotated[int | None, typer.Option(min=0, help="number of parameters")] = None,
    dimension: Annotated[int | None, typer.Option(min=0, help="numbers of an embedding")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="largest number of tokens of a text")] = None,
    llm: Annotated[bool | None, typer.Option("--llm/--encoder", help="what kind of model it is")] = None,
    open_weights: Annotated[
        bool | None, typer.Option("--open-weights/--closed-weights", help="whether anybody can get the weights")
    ] = None,
    by: By = None,
) -> None:
    """Correct what is shown of a model beside its scores, for all its results."""
    given = dict(zip(CORRECTABLE, (licence, parameters, dimension, max_tokens, llm, open_weights), strict=True))
    fields = {name: value for name, value in given.items() if value is not None}
    with errors_for_people():
        queue = open_queue()
        refuse_unknown(queue.results, model)
        queue.policies.correct(model, fields, who=me(by), why=why)
        typer.echo(f"{', '.join(fields)} of {model} corrected")


@app.command()
def uncorrect(
    model: ModelName,
    field: Annotated[
        list[str] | None, typer.Option(help=f"only this one (may be given again), of: {', '.join(CORRECTABLE)}")
    ] = None,
    by: By = None,
) -> None:
    """Show a model's metadata as they were found again."""
    with errors_for_people():
        open_queue().policies.uncorrect(model, field or (), who=me(by))
        typer.echo(f"corrections of {model} are taken back")


@app.command()
def policy() -> None:
    """Print who is opted out, what is hidden, confirmed, corrected and cleared, by whom, when and why, as JSON."""
    with errors_for_people():
        typer.echo(dump_policy(open_queue().policies.current()).decode(), nl=False)


if __name__ == "__main__":
    sys.exit(app(prog_name="python -m submissions"))
