"""`python -m deploy ORG`: the leaderboard on the Hub. A second run updates what the first one made."""

from collections.abc import Callable
from typing import Annotated

import typer
from huggingface_hub import HfApi

from deploy.hub import CannotDeploy, Deployer
from deploy.plan import Deployment

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def deploy(
    organisation: Annotated[str, typer.Argument(metavar="ORG", help="an organisation of yours, or your own user name")],
    space: Annotated[str, typer.Option(help="the Space's name; the data sets' begin with it")] = Deployment.name,
    private: Annotated[bool, typer.Option("--private", help="make what is missing private")] = False,
    maintainers: Annotated[str, typer.Option(help="user names that may approve; default: yours")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only look, and say what would be done")] = False,
    wait: Annotated[float, typer.Option(min=0, help="seconds until the page has to answer")] = 900.0,
    token: Annotated[
        str | None,
        typer.Option(envvar="HF_TOKEN", help="that may create repositories of ORG; default: this machine's login"),
    ] = None,
    page_token: Annotated[
        str | None,
        typer.Option(envvar="KEL_REQUESTS_TOKEN", help="the page's own; better in the environment", show_default=False),
    ] = None,
    read_token: Annotated[
        str | None,
        typer.Option(
            envvar="KEL_READ_TOKEN", help="with which the page reads private results; as above", show_default=False
        ),
    ] = None,
) -> None:
    """Make the two data set repositories and the Space, set its variables and secrets, push the code, and wait for it.

    Exit codes: 0 it answers (or --dry-run told), 1 a step failed and says what to do; run it again, it goes on.
    """
    try:
        named = Deployment(organisation=organisation, name=space, private=private, maintainers=maintainers)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    deployer = Deployer(named, HfApi(token=token), dry=dry_run)
    given = {"KEL_REQUESTS_TOKEN": page_token, "KEL_READ_TOKEN": read_token}
    secrets = {name: value for name, value in given.items() if value}
    try:
        user = deployer.who()
        if not maintainers:
            named = Deployment(organisation=organisation, name=space, private=private, maintainers=user)
            deployer.deployment = named
        steps: list[Callable[[], str]] = [
            lambda: deployer.repository(named.requests, "dataset"),
            lambda: deployer.repository(named.results, "dataset"),
            deployer.requests_card,
            deployer.results_card,
            deployer.benchmark,
            lambda: deployer.repository(named.space, "space"),
            deployer.variables,
            lambda: deployer.secrets(secrets),
            deployer.code,
        ]
        for step in steps:
            typer.echo(step())
        if not dry_run:
            typer.echo("waiting for the page ...")
            typer.echo(f"the page:  https://huggingface.co/spaces/{named.space}  and  {deployer.answers(wait)}")
    except CannotDeploy as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"requests:  https://huggingface.co/datasets/{named.requests}")
    typer.echo(f"results:   https://huggingface.co/datasets/{named.results}")
    typer.echo("left by hand:")
    for number, step_by_hand in enumerate(named.by_hand(secrets), 1):
        typer.echo(f"  {number}. {step_by_hand}")


if __name__ == "__main__":
    app()
