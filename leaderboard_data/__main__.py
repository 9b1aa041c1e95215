"""`python -m leaderboard_data`: export the tables, check the result files, import those of others, mend the index."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from evaluator.drift import DriftCheck
from evaluator.suite import SUITES, suite_of
from leaderboard_data.board import table
from leaderboard_data.drifting import Checks, alarms, marked
from leaderboard_data.entry import ORIGINS, Entry, origins_of
from leaderboard_data.export import FORMATS, export
from leaderboard_data.hiding import policy_at, shown
from leaderboard_data.importing import dump_lines, import_mteb, json_lines
from leaderboard_data.load import Reader, Unreadable, load_entries, parse_results, snapshot_of
from leaderboard_data.model_facts import FACTS, dump_facts
from leaderboard_data.publish import SHIPPED, confirm_change, rebuild_index, shipped_entries
from settings import Settings
from store import Store, open_store
from store.errors import StoreError
from store.update import update

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

DEFAULT_SUITE = next(iter(SUITES.values()))
IMPORTED = SHIPPED / "imported" / "mteb.jsonl"

StoreUrl = Annotated[
    str | None,
    typer.Option("--store", help="results store (file:DIR, hf:datasets/ORG/NAME); default: the shipped results"),
]


@app.command("export")
def export_command(
    view: Annotated[
        str, typer.Option(help=f"a table of the suite; of {DEFAULT_SUITE.id}: {', '.join(DEFAULT_SUITE.view_ids)}")
    ] = "overall",
    form: Annotated[str, typer.Option("--format", help=f"one of {', '.join(FORMATS)}")] = "csv",
    origins: Annotated[
        str | None,
        typer.Option(help=f"whose numbers, separated by commas, of {', '.join(ORIGINS)}; default: those of the suite"),
    ] = None,
    suite: Annotated[str, typer.Option(help=f"one of {', '.join(SUITES)}")] = DEFAULT_SUITE.id,
    unseen: Annotated[
        str,
        typer.Option(help="leave out scores on data declared as trained on: yes, or declared (unknown ones as well)"),
    ] = "",
    zero_shot: Annotated[bool, typer.Option("--zero-shot", help="a column more in the CSV: % of unseen tasks")] = False,
    store: StoreUrl = None,
    policy: Annotated[
        str | None,
        typer.Option(help="requests store whose policy says what is not shown; default: that of KEL_REQUESTS_URL"),
    ] = None,
) -> None:
    """Print one table exactly as the page shows it, without what the policy hides."""
    try:
        wanted = None if origins is None else origins_of(origins)
        entries, checks = _known(store)
        hidden = policy_at(policy, Settings())
        listed = marked(shown(entries, hidden), alarms(checks, hidden))
        made = table(listed, view, suite_of(suite), wanted, unseen)
        sys.stdout.write(export(made, form, zero_shot=zero_shot))  # type: ignore[arg-type]
    except (ValueError, StoreError) as error:
        _stop(str(error))


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="a folder with result files")] = SHIPPED,
    store: StoreUrl = None,
) -> None:
    """Read every result file; name those that are not readable and exit 1 if there is one."""
    if store:
        try:
            results, unreadable = Reader().results(snapshot_of(_store(store)))
        except (ValueError, StoreError) as error:
            _stop(str(error))
        count = sum(len(found) for found in results.values())
    else:
        if not folder.is_dir():
            _stop(f"{folder} is not a folder")
        count, unreadable = 0, []
        for file in sorted(folder.rglob("*.json*")):
            found, why = parse_results(file.name, file.read_bytes())
            count += len(found)
            if why:
                unreadable.append(Unreadable(str(file), why))
    for broken in unreadable:
        typer.echo(f"{broken.path}: {broken.why}", err=True)
    typer.echo(f"{count} results readable, {len(unreadable)} files not")
    raise typer.Exit(1 if unreadable else 0)


@app.command()
def reindex(store: Annotated[str, typer.Argument(help="results store (file:DIR, hf:datasets/ORG/NAME)")]) -> None:
    """Make a results store's index anew from its result files."""
    try:
        revision = update(_store(store), rebuild_index)
    except (ValueError, StoreError) as error:
        _stop(str(error))
    typer.echo(f"the index of {store} is that of its result files at {revision[:12]}")


@app.command()
def confirm(
    model: Annotated[str, typer.Argument(help="organisation/name")],
    revision: Annotated[str, typer.Argument(help="its commit, 40 digits, as on the model's page")],
    store: Annotated[str, typer.Option(help="results store (file:DIR, hf:datasets/ORG/NAME)")],
) -> None:
    """Say that numbers in doubt are right: they stand as others do.

    In doubt is a model whose card shows a prompt that was not used, or an end token that was not put.
    """
    try:
        opened = _store(store)
        before = opened.head()
        after = update(opened, confirm_change(model, revision))
    except (ValueError, StoreError) as error:
        _stop(str(error))
    if after == before:
        _stop(f"{store} holds nothing in doubt of {model} at {revision}; the model's page names commits and warnings")
    typer.echo(f"{model} at {revision[:12]} is confirmed")


@app.command("import-mteb")
def import_mteb_command(
    paths: Annotated[list[Path], typer.Argument(help="MTEB's results folder, or files of JSON lines")],
    models: Annotated[Path | None, typer.Option(help="JSON lines with the models' metadata")] = None,
    output: Annotated[Path, typer.Option(help="file of JSON lines to write")] = IMPORTED,
    facts: Annotated[
        Path | None, typer.Option(help=f"write what the metadata say of training data too, for example to {FACTS.name}")
    ] = None,
) -> None:
    """Turn MTEB's results into records that say so, scored by our rules from the raw metrics."""
    for given in filter(None, (*paths, models)):
        if not given.exists():
            _stop(f"{given} is not there")
    if facts and not models:
        _stop("--facts needs the models' metadata: give --models")
    imported = import_mteb(paths, models)
    for line in imported.left_out:
        typer.echo(f"left out {line}", err=True)
    if not imported.results:
        named = ", ".join(map(str, paths))
        _stop(f"{named}: no MTEB result of one of the suites' tasks; nothing was written")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(dump_lines(imported.results))
        if facts and models:
            facts.write_bytes(dump_facts(json_lines(models, imported.left_out)))
    except OSError as error:
        _stop(f"{output} cannot be written: {error.strerror}")
    complete = ", ".join(
        f"{sum(set(suite.task_ids) <= set(result.tasks) for result in imported.results)} with all tasks of {suite.id}"
        for suite in SUITES.values()
    )
    typer.echo(f"{len(imported.results)} results ({complete}) in {output}")


def _store(url: str) -> Store:
    return open_store(url, Settings().results_token)


def _known(store: str | None) -> tuple[list[Entry], tuple[DriftCheck, ...]]:
    if store is None:
        return shipped_entries(), ()
    snapshot = snapshot_of(_store(store))
    return load_entries(snapshot, Reader()), Checks().at(snapshot)


def _stop(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
