"""The stand-in of the Hub as a command: `python -m tests.hub`. Prints what page and worker need to use it."""

import shlex
import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from evaluator.suite import KO_V1
from tests.hub.app import HubApp
from tests.hub.repositories import Repositories

PAGE_TOKEN, WORKER_TOKEN = "hf_page_may_write_requests", "hf_worker_may_write_both"
RENTER_TOKEN = "hf_renter_may_start_jobs"
ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("gate", "store", "evaluator", "submissions", "leaderboard_data", "runner", "desk")


def project_files() -> dict[str, bytes | Path | None]:
    """The project as a Space holds it: path -> file."""
    rooms = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()]
    files = [*ROOT.glob("*.py"), *ROOT.glob("requirements*.txt"), *rooms]
    return {str(path.relative_to(ROOT)): path for path in files if "__pycache__" not in path.parts}


def fill(repositories: Repositories, models: list[str], datasets: Path | None) -> None:
    """The leaderboard's two repositories, two tokens, a visitor, a maintainer; models and data sets from folders."""
    repositories.add_user(PAGE_TOKEN, "page")
    repositories.add_user(WORKER_TOKEN, "worker")
    repositories.add_user("hf_visitor", "visitor")
    repositories.add_user("hf_maintainer", "maintainer")
    repositories.create("datasets", "leaderboard/requests", writers={"page", "worker"})
    repositories.create("datasets", "leaderboard/results", writers={"worker"})
    repositories.add_user(RENTER_TOKEN, "renter", orgs=("leaderboard",))
    space = repositories.create("spaces", "leaderboard/page", writers={"renter"})
    repositories.commit(space, project_files(), message="the project", parent=None)
    for model in models:
        repo_id, _, folder = model.partition("=")
        repositories.add_folder("models", repo_id, Path(folder).expanduser().resolve())
    pinned = {task.data.path: task.data.revision for task in KO_V1.tasks}
    if datasets is not None:
        for data in sorted(path for path in datasets.glob("*/*") if path.is_dir()):
            repo_id = f"{data.parent.name}/{data.name}"
            repositories.add_folder("datasets", repo_id, data.resolve(), oid=pinned.get(repo_id))


def environment(url: str, home: Path) -> dict[str, dict[str, str]]:
    """The variables of the page's process, of the worker's, and of a driver of rented machines."""
    both = {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "KEL_REQUESTS_URL": "hf:datasets/leaderboard/requests",
        "KEL_RESULTS_URL": "hf:datasets/leaderboard/results",
    }
    login = {
        "SYSTEM": "spaces",
        "SPACE_ID": "leaderboard/page",
        "OAUTH_CLIENT_ID": "page",
        "OAUTH_CLIENT_SECRET": "page-secret",
        "OAUTH_SCOPES": "openid profile",
        "OPENID_PROVIDER_URL": url,
        "KEL_LOGIN": "true",
        "KEL_HOST": "127.0.0.1",
        "KEL_MAINTAINERS": "maintainer",
    }
    return {
        "page": both | login | {"KEL_REQUESTS_TOKEN": PAGE_TOKEN},
        "worker": both
        | {"KEL_REQUESTS_TOKEN": WORKER_TOKEN, "KEL_RESULTS_TOKEN": WORKER_TOKEN}
        | {"KEL_REFERENCE_MODEL": ""},  # this Hub has no such model
        "driver": both
        | {"KEL_REQUESTS_TOKEN": WORKER_TOKEN, "KEL_RESULTS_TOKEN": WORKER_TOKEN}
        | {"KEL_JOBS_NAMESPACE": "leaderboard", "KEL_JOBS_TOKEN": RENTER_TOKEN, "KEL_JOBS_SPACE": "leaderboard/page"}
        | {"KEL_JOBS_BUCKET": "leaderboard/left", "KEL_JOBS_DOLLARS_PER_DAY": "10"},
    }


def main(
    port: Annotated[int, typer.Option(help="port on 127.0.0.1")] = 8801,
    model: Annotated[list[str] | None, typer.Option(help="organisation/name=FOLDER; may be repeated")] = None,
    datasets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="folder of data sets in Hub layout")
    ] = None,
) -> None:
    """Serve an empty Hub with the leaderboard's two repositories until stopped; nothing is kept."""
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        repositories = Repositories(Path(folder))
        fill(repositories, model or [], datasets)
        home = Path(folder) / "home"
        repositories.jobs.variables = {"HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1"}
        programs = {"page": "app.py", "worker": "worker.py", "driver": "worker.py --hf-jobs"}
        for process, program in programs.items():
            command = f"python {program}"
            variables = environment(url, home / process)[process]
            print(f"# the {process}, in a terminal of its own:")
            print("env", *(f"{name}={shlex.quote(value)}" for name, value in variables.items()), command, flush=True)
        uvicorn.run(
            HubApp(repositories).app,
            host="127.0.0.1",
            port=port,
            log_level="warning",
            lifespan="off",
            ws="none",
            date_header=False,
        )


if __name__ == "__main__":
    typer.run(main)
