"""`python -m deploy.pull_request MODEL`: a model's means as `.eval_results` of its repository; for maintainers.

Prints the file. With `--open` it opens a pull request with it on the model's repository, once for each content.
"""

import hashlib
from itertools import islice
from typing import Annotated

import typer
from huggingface_hub import CommitOperationAdd, HfApi

from deploy.hub import CannotDeploy, told
from evaluator.records import ModelResult, load_result
from leaderboard_data.benchmark import RESULTS_PATH, entries, entries_file
from leaderboard_data.hiding import stored_policy
from leaderboard_data.marking import marked_result
from settings import Settings
from store import open_store
from store.errors import StoreError

MOST_LOOKED_AT = 200
"""Pull requests of our own on one repository that are looked through."""

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def pull_request(
    model: Annotated[str, typer.Argument(help="ORG/NAME")],
    revision: Annotated[str, typer.Option(help="commit of the result; its first digits do")] = "",
    open_it: Annotated[bool, typer.Option("--open", help="open it; else the file is printed")] = False,
    token: Annotated[
        str | None, typer.Option(envvar="HF_TOKEN", help="of the account that opens it; default: this machine's login")
    ] = None,
) -> None:
    """Exit codes: 0 printed, opened, or opened before; 1 no result to tell of, or the Hub refused; 2 wrong command."""
    settings = Settings()
    dataset = settings.results_url.removeprefix("hf:datasets/")
    if dataset == settings.results_url or not settings.public_url:
        raise typer.BadParameter("set KEL_RESULTS_URL to hf:datasets/ORG/NAME and KEL_PUBLIC_URL to the page's address")
    try:
        path, result = the_result(settings, model, revision)
        made = list(entries(path, result, dataset=dataset, page=settings.public_url))
        if not made:
            raise CannotDeploy(f"the result of {model} has no average: it lacks tasks")
        text = entries_file(made)
        if not open_it:
            typer.echo(text, nl=False)
            return
        typer.echo(opened(HfApi(token=token), model, text))
    except (CannotDeploy, StoreError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def the_result(settings: Settings, model: str, revision: str) -> tuple[str, ModelResult]:
    """The model's newest measured result, or that of a commit, if it may be told of.

    Raises:
        CannotDeploy: there is none; or the owner opted out, or it is hidden or in doubt.
        StoreError
    """
    results = open_store(settings.results_url, settings.results_token or settings.requests_token)
    policy = stored_policy(open_store(settings.requests_url, settings.requests_token))
    if policy.opt_out_of(model) is not None or policy.hidden_of(model):
        raise CannotDeploy(f"the owner of {model} opted out, or a result of it is hidden")
    folder = f"results/{model.replace('/', '__')}/"
    found = []
    for path in results.list("results"):
        if path.lower().startswith(folder.lower()) and path.endswith(".json"):
            read = marked_result(load_result(results.read(path), path), path, policy)
            if read.origin.kind == "measured" and (read.spec.revision or "").startswith(revision):
                found.append((path, read))
    if not found:
        raise CannotDeploy(f"no measured result of {model}{f' at {revision}' if revision else ''} is in the store")
    path, result = max(found, key=lambda each: (str(each[1].evaluated_at), each[0]))
    if result.doubts:
        raise CannotDeploy(f"the result is in doubt: {', '.join(result.doubts)}; look at it, then confirm or rerun it")
    return path, result


def opened(api: HfApi, model: str, text: str) -> str:
    """Open the pull request, unless this account did so with the same content; returns where it is."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    title = f"Add evaluation results of the Korean embedding leaderboard ({digest})"
    with told(f"a pull request on {model}"):
        own = api.get_repo_discussions(model, author=api.whoami()["name"], discussion_type="pull_request")
        for each in islice(own, MOST_LOOKED_AT):
            if each.title == title:
                return f"is there: {each.url} ({each.status})"
        made = api.create_commit(
            model,
            [CommitOperationAdd(RESULTS_PATH, text.encode())],
            commit_message=title,
            commit_description="Means on the Korean embedding leaderboard; `source` links to metrics and evidence.",
            create_pr=True,
        )
    return f"opened: {made.pr_url}"


if __name__ == "__main__":
    app()
