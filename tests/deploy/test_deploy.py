"""`python -m deploy` against the stand-in: from nothing to a page that answers, again, and what goes wrong."""

import re

import httpx2
import pytest
import yaml
from huggingface_hub import HfApi, parse_eval_result_entries
from pydantic import SecretStr
from typer.testing import CliRunner

from deploy import hub as deploying
from deploy import pull_request
from deploy.hub import CannotDeploy, Deployer
from deploy.plan import ROOT, Deployment, pushed_files
from leaderboard_data.benchmark import RESULTS_PATH, benchmark_file, entries
from leaderboard_data.publish import publish_change
from store import open_store
from store.update import update
from submissions.policy_store import PolicyStore
from tests.deploy.conftest import Hub
from tests.hub.repositories import Repositories
from tests.leaderboard_data.examples import measured

NAMES = [
    ("datasets", "korean-nlp/board-requests"),
    ("datasets", "korean-nlp/board-results"),
    ("spaces", "korean-nlp/board"),
]


def test_from_nothing_to_a_page_that_answers_and_once_more(hub_of_its_own: Hub) -> None:
    hub = hub_of_its_own
    looked = hub.deploy("korean-nlp", "--space", "board", "--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert "would be made: space korean-nlp/board" in looked.stdout
    assert hub.ids == set(), "--dry-run makes nothing"

    first = hub.deploy("korean-nlp", "--space", "board", KEL_REQUESTS_TOKEN="hf_the_page")
    assert first.returncode == 0, first.stderr + first.stdout
    assert hub.ids == set(NAMES)
    assert "hf_the_page" not in first.stdout + first.stderr
    assert hub.app.spaces.variables["korean-nlp/board"] == {
        "KEL_REQUESTS_URL": "hf:datasets/korean-nlp/board-requests",
        "KEL_RESULTS_URL": "hf:datasets/korean-nlp/board-results",
        "KEL_MAINTAINERS": "owner",
    }
    assert hub.app.spaces.secrets["korean-nlp/board"] == {"KEL_REQUESTS_TOKEN": "hf_the_page"}
    answering = re.search(r"the page: .* and  (http://127\.0\.0\.1:\d+)", first.stdout)
    assert answering is not None, first.stdout
    assert "리더보드" in httpx2.get(answering[1], timeout=30).text
    assert "may write korean-nlp/board-requests and korean-nlp/board-results" in first.stdout, "what is left by hand"

    heads = {name: hub.repositories.get(*name).head.oid for name in NAMES}  # type: ignore[arg-type]
    again = hub.deploy("korean-nlp", "--space", "board", KEL_REQUESTS_TOKEN="hf_the_page")
    assert again.returncode == 0, again.stderr
    assert "is there: the code" in again.stdout
    assert {name: hub.repositories.get(*name).head.oid for name in NAMES} == heads, "a second run changes nothing"  # type: ignore[arg-type]

    space = hub.repositories.get("spaces", "korean-nlp/board")
    hub.repositories.commit(space, {"old.py": b"1", "app.py": b"raise SystemExit(1)\n"}, message="m", parent=None)
    updated = hub.deploy("korean-nlp", "--space", "board", "--maintainers", "owner,somebody")
    assert updated.returncode == 0, updated.stderr
    assert "1 taken away" in updated.stdout
    assert "set: KEL_MAINTAINERS" in updated.stdout
    assert "old.py" not in space.head.files
    assert space.head.files["app.py"].path.read_bytes() == (ROOT / "app.py").read_bytes()


def test_what_goes_wrong_is_said_and_a_later_run_goes_on(hub_of_its_own: Hub) -> None:
    hub = hub_of_its_own
    stranger = hub.deploy("korean-nlp", token="hf_stranger")
    assert (stranger.returncode, hub.ids) == (1, set())
    assert "no member of korean-nlp" in stranger.stderr
    assert "hf auth login" in hub.deploy("korean-nlp", token="hf_nobody").stderr
    assert hub.deploy("korean--nlp").returncode == 2

    hub.repositories.without_plan.add("owner")
    no_plan = hub.deploy("korean-nlp", "--space", "board")
    assert no_plan.returncode == 1
    assert "Team or Enterprise" in no_plan.stderr
    assert hub.ids == set(NAMES[:2])
    hub.repositories.without_plan.clear()

    hub.app.spaces.runs = False
    waited = hub.deploy("korean-nlp", "--space", "board", "--wait", "1")
    assert waited.returncode == 1
    assert "stage BUILDING" in waited.stderr
    hub.app.spaces.runs = True

    for times, answer in ((1, 503), (1, 429)):
        hub.repositories.faults.add("refuse", "/api/spaces/korean-nlp/board/variables", status=answer, times=times)
        refused = hub.deploy("korean-nlp", "--space", "board", "--wait", "1")
        hub.repositories.faults.clear()
        assert refused.returncode == 1
        assert f"HTTP {answer}" in refused.stderr
    hub.app.spaces.variables["korean-nlp/board"]["KEL_PORT_"] = "kept"
    broken = hub.repositories.get("spaces", "korean-nlp/board")
    assert "app.py" in broken.head.files
    assert hub.deploy("korean-nlp", "--space", "board").returncode == 0
    assert hub.app.spaces.variables["korean-nlp/board"]["KEL_PORT_"] == "kept", "what others set stays"


def test_private_repositories_are_made_private(hub_of_its_own: Hub) -> None:
    hub = hub_of_its_own
    hub.app.spaces.runs = False
    made = hub.deploy("owner", "--space", "quiet", "--private", "--wait", "0", KEL_READ_TOKEN="hf_only_reads")
    assert "(private)" in made.stdout
    assert hub.app.spaces.secrets["owner/quiet"] == {"KEL_READ_TOKEN": "hf_only_reads"}
    assert "hf_only_reads" not in made.stdout + made.stderr
    assert all(hub.repositories.get(*name).private for name in hub.ids)  # type: ignore[arg-type]


def test_what_is_left_by_hand_names_the_tokens_that_lack() -> None:
    private = Deployment(organisation="owner", name="quiet", private=True)
    first, second, *_ = private.by_hand({})
    assert "may write owner/quiet-requests and nothing else" in first
    assert "may read owner/quiet-results and nothing else" in second
    again = "env KEL_REQUESTS_TOKEN=hf_... KEL_READ_TOKEN=hf_... python -m deploy owner --space quiet --private"
    assert second.endswith(again)
    (reading, *_) = private.by_hand({"KEL_REQUESTS_TOKEN": "x"})
    assert reading.endswith("env KEL_READ_TOKEN=hf_... python -m deploy owner --space quiet --private")
    both = private.by_hand({"KEL_REQUESTS_TOKEN": "x", "KEL_READ_TOKEN": "y"})
    public = Deployment(organisation="owner", name="quiet").by_hand({"KEL_REQUESTS_TOKEN": "x"})
    assert both == public
    assert "the workers' token" in both[0]


def test_what_is_pushed_runs_and_holds_nothing_of_this_machine() -> None:
    pushed = pushed_files()
    assert {"app.py", "README.md", "LICENSE", "requirements.txt", "gate/gate.py", "evaluator/doctor/sizes.yaml"} <= set(
        pushed
    )
    assert not [path for path in pushed if path.startswith(("tests/", "benchmarks/", ".")) or "__pycache__" in path]
    assert not [path for path in pushed if path.endswith((".pyc", ".git", ".log"))]


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "-a", "x" * 100, "a..b", "a--b", "a.git"])
def test_names_that_the_hub_does_not_take_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name"):
        Deployment(organisation="org", name=name)


def test_a_deployer_without_writes_looks_only(hub: Repositories) -> None:
    hub.add_user("hf_looker", "looker")
    deployer = Deployer(Deployment(organisation="looker"), HfApi(token="hf_looker"), dry=True)
    assert deployer.who() == "looker"
    told = [
        deployer.repository(deployer.deployment.space, "space"),
        deployer.requests_card(),
        deployer.benchmark(),
        deployer.variables(),
        deployer.secrets({"KEL_REQUESTS_TOKEN": "hf_x"}),
        deployer.code(),
    ]
    assert all(each.startswith("would be ") for each in told), told


def steps(deployer: Deployer) -> list[str]:
    """All that is written, as the command does it."""
    named = deployer.deployment
    deployer.who()
    return [
        deployer.repository(named.requests, "dataset"),
        deployer.repository(named.results, "dataset"),
        deployer.requests_card(),
        deployer.results_card(),
        deployer.repository(named.space, "space"),
        deployer.variables(),
        deployer.secrets({"KEL_REQUESTS_TOKEN": "hf_x"}),
        deployer.code(),
    ]


@pytest.mark.parametrize("fault", [{"kind": "refuse", "status": 500}, {"kind": "drop"}], ids=["HTTP 500", "dropped"])
def test_after_a_fault_at_any_request_the_next_run_makes_the_same(
    fault: dict[str, object], hub: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploying, "pushed_files", lambda: {name: ROOT / name for name in ("app.py", "README.md")})
    hub.faults.clear()
    hub.add_user("hf_unlucky", "unlucky")
    said: list[str] = []
    for number in range(60):
        named = Deployment(organisation="unlucky", name=f"board{number}")
        deployer = Deployer(named, HfApi(token="hf_unlucky"))
        before = hub.faults.injected
        hub.faults.add(match="/api/", skip=number, times=1, **fault)  # type: ignore[arg-type]
        try:
            steps(deployer)
        except CannotDeploy as error:
            said.append(str(error))
        came = hub.faults.injected > before
        hub.faults.clear()
        steps(deployer)
        assert all(each.startswith(("is there", "are there", "set: KEL_REQUESTS_TOKEN")) for each in steps(deployer))
        assert set(hub.get("spaces", named.space).head.files) == {".gitattributes", "app.py", "README.md"}
        if not came:
            break
    assert len(said) > 5
    assert all(each.endswith(("it goes on where it stopped", "see network, proxy and HF_ENDPOINT")) for each in said)
    assert not came, "every request was struck once"


def test_the_benchmark_names_its_tasks_and_entries_name_them() -> None:
    told = yaml.safe_load(benchmark_file())
    assert told.keys() >= {"name", "description", "evaluation_framework", "tasks"}
    ids = [task["id"] for task in told["tasks"]]
    assert len(set(ids)) == len(ids)
    assert {"ko-v1", "ko-v1_sts"} <= set(ids)
    result = measured("org/model")
    made = list(entries("results/org__model/a.json", result, dataset="org/results", page="https://board.example/"))
    assert {entry["dataset"]["task_id"] for entry in made} <= set(ids)
    parsed = {each.task_id: each for each in parse_eval_result_entries(made)}
    assert parsed["ko-v1"].dataset_id == "org/results"
    assert parsed["ko-v1"].source_url == "https://board.example/?model=org/model"
    lacking = measured("org/model", missing=("KLUE-STS",))
    assert not list(entries("results/org__model/a.json", lacking, dataset="o/r", page="https://b.example"))


def test_a_pull_request_is_opened_once_and_only_where_it_is_asked_for(
    hub: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_user("hf_pr_worker", "pr-worker")
    hub.create("datasets", "pr/requests", writers={"pr-worker"})
    hub.create("datasets", "pr/results", writers={"pr-worker"})
    model = hub.create("models", "pr/model")
    token = SecretStr("hf_pr_worker")
    update(open_store("hf:datasets/pr/results", token), publish_change(measured("pr/model"), None))
    for name, value in {
        "KEL_REQUESTS_URL": "hf:datasets/pr/requests",
        "KEL_RESULTS_URL": "hf:datasets/pr/results",
        "KEL_REQUESTS_TOKEN": "hf_pr_worker",
        "KEL_RESULTS_TOKEN": "hf_pr_worker",
        "KEL_PUBLIC_URL": "https://board.example/",
        "HF_TOKEN": "hf_pr_worker",
    }.items():
        monkeypatch.setenv(name, value)
    call = CliRunner().invoke
    printed = call(pull_request.app, ["pr/model"])
    assert printed.exit_code == 0, printed.output
    assert yaml.safe_load(printed.output)[0]["dataset"] == {"id": "pr/results", "task_id": "ko-v1"}
    assert not model.discussions, "nothing is opened unless it is asked for"

    first = call(pull_request.app, ["pr/model", "--open"])
    assert first.exit_code == 0, first.output
    assert first.output.startswith("opened: ")
    assert call(pull_request.app, ["pr/model", "--open"]).output.startswith("is there: ")
    assert model.discussions is not None
    (opened,) = model.discussions
    assert (opened.author, opened.pull_request) == ("pr-worker", True)
    assert list(model.others["refs/pr/1"][-1].files) != list(model.head.files), "main is as it was"
    proposed = model.others["refs/pr/1"][-1].files[RESULTS_PATH].path.read_text("utf-8")
    assert proposed == printed.output

    refused = call(pull_request.app, ["pr/nothing", "--open"])
    assert refused.exit_code == 1
    assert "no measured result" in refused.output
    PolicyStore(open_store("hf:datasets/pr/requests", token)).opt_out(
        "pr/model", who="maintainer", why="asked", maintainer=True
    )
    opted_out = call(pull_request.app, ["pr/model", "--open"])
    assert opted_out.exit_code == 1
    assert "opted out" in opted_out.output
    assert len(model.discussions) == 1
