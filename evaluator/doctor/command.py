"""`python -m evaluator doctor`: the command line over the checks."""

import json
from pathlib import Path
from typing import Annotated

import typer

from evaluator.doctor.hub import Right
from evaluator.options import chosen_tasks
from evaluator.tasks import discovered_tasks


def examine(
    hub: Annotated[bool, typer.Option("--hub", help="read every task's data from the Hub")] = False,
    datasets: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="read it from local copies in Hub layout instead"),
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option(help="only these tasks; default: all that are not run on request alone"),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, or several: cuda:0,cuda:1")] = None,
    work_dir: Annotated[
        Path, typer.Option(envvar="KEL_WORK_DIR", file_okay=False, help="the folder whose disk is looked at")
    ] = Path(".data/work"),
    requests: Annotated[str, typer.Option(envvar="KEL_REQUESTS_URL", help="store of the submissions")] = "",
    results: Annotated[str, typer.Option(envvar="KEL_RESULTS_URL", help="store of the results")] = "",
    requests_token: Annotated[
        str | None, typer.Option(envvar="KEL_REQUESTS_TOKEN", help="better in the environment", show_default=False)
    ] = None,
    results_token: Annotated[
        str | None, typer.Option(envvar="KEL_RESULTS_TOKEN", help="better in the environment", show_default=False)
    ] = None,
    read_token: Annotated[
        str | None, typer.Option(envvar="KEL_READ_TOKEN", help="better in the environment", show_default=False)
    ] = None,
    models_token: Annotated[
        str | None, typer.Option(envvar="KEL_MODELS_TOKEN", help="better in the environment", show_default=False)
    ] = None,
    patch: Annotated[
        Path, typer.Option(dir_okay=False, help="where the patch of the task files goes, if there is one")
    ] = Path("pins.patch"),
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
) -> None:
    """Look whether evaluations can run: tokens, rights, disk, memory, GPU; with --hub or --datasets every task's data.

    What the Hub gives that is not pinned goes into a patch: read it, then `git apply pins.patch`.

    Exit codes: 0 nothing to do, 1 something failed and it says what to do, 2 the command is wrong, 3 only data differs.
    """
    from evaluator.doctor.data import look_at
    from evaluator.doctor.patch import patch_of
    from evaluator.doctor.report import all_but_data, exit_code
    from evaluator.evidence.writing import write_atomically

    if hub and datasets is not None:
        raise typer.BadParameter("--hub reads from the Hub and --datasets from copies; give one of them")
    given = [
        Right("KEL_REQUESTS_TOKEN", requests_token or None, requests),
        Right("KEL_RESULTS_TOKEN", results_token or None, results, large=True),
        *([Right("KEL_READ_TOKEN", read_token, results, reads=True, large=True)] if read_token else []),
        Right("KEL_MODELS_TOKEN", models_token or None, reads=True),
    ]

    def tell(lines: list[str]) -> None:
        if not as_json:
            print("\n".join(lines), flush=True)

    checks = all_but_data(given, work_dir, device)
    for check in checks:
        tell(check.lines())
    found = []
    chosen = chosen_tasks(tasks, None) if tasks else [t for t in discovered_tasks().values() if not t.on_request]
    for task in chosen if hub or datasets is not None else ():
        check, read = look_at(task, datasets)
        checks.append(check)
        tell(check.lines())
        if read is not None:
            found.append(read)
            tell([f"        {side}: {' | '.join(texts)}" for side, texts in read.first.items()])
    pinned = patch_of(found)
    if pinned:
        write_atomically(patch, pinned.encode())
        tell([f"written: {patch}; read it, then: git apply {patch}"])
    code = exit_code(checks)
    if as_json:
        told = {"exit_code": code, "checks": [c.as_json() for c in checks], "patch": str(patch) if pinned else None}
        print(json.dumps(told, ensure_ascii=False))
    else:
        said = {0: "nothing to do", 1: "something failed: see the lines with ->", 3: "data differs: see above"}
        print(said[code])
    raise typer.Exit(code)
