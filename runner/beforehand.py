"""What a worker looks at before its first claim: tokens, rights, disk, memory and GPU."""

import typer
from pydantic import SecretStr

from evaluator.doctor.hub import Right
from evaluator.doctor.report import before_work
from runner.logs import Say
from settings import Settings


def end_unless_well(settings: Settings, device: str | None, say: Say) -> None:
    """Look at tokens, rights, disk, memory and GPU before the first claim; a line for what is not as it should be.

    Raises:
        typer.Exit: 1, something failed: claimed submissions would only fail with it. Each line says what to do.
    """
    rights = [
        Right("KEL_REQUESTS_TOKEN", plain(settings.requests_token), settings.requests_url),
        Right("KEL_RESULTS_TOKEN", plain(settings.results_token), settings.results_url),
        Right("KEL_MODELS_TOKEN", plain(settings.models_token), reads=True),
    ]
    checks = before_work(rights, settings.work_dir, device)
    for check in checks:
        if check.verdict == "failed" or check.advice:
            say("check", name=check.name, verdict=check.verdict, told=check.told, advice=check.advice)
    if failed := [check for check in checks if check.verdict == "failed"]:
        for check in failed:
            typer.echo("\n".join(check.lines()), err=True)
        typer.echo("nothing was claimed; python -m evaluator doctor looks again", err=True)
        raise typer.Exit(1)


def plain(token: SecretStr | None) -> str | None:
    """A token's value, where there is one."""
    return token.get_secret_value() if token is not None else None
