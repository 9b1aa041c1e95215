"""What the policy hides is nowhere on the board, and comes back; without a policy nothing changes, not by a byte."""

import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from typer.testing import CliRunner

from evaluator.evidence.samples import dump_samples
from evaluator.policy import POLICY_PATH, HiddenResult, OptOut, Policy, dump_policy
from evaluator.spec import result_path
from evaluator.suite import KO_V1
from leaderboard_data.__main__ import app as command
from leaderboard_data.entry import ORIGINS
from leaderboard_data.hiding import policy_at, shown
from leaderboard_data.page.live import SHIPPED_REVISION, LiveBoard
from leaderboard_data.page.page_data import page_data
from leaderboard_data.page.view import BoardPage
from leaderboard_data.publish import publish_change, seed, shipped_entries
from leaderboard_data.training import marked_training
from settings import Settings
from store import Store
from store.local import LocalStore
from store.memory import MemoryStore
from store.update import update
from tests.leaderboard_data.examples import measured, pair_samples

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MODEL, OTHER = "Hidden-Org/secret-model", "org/other"
RESULT = measured(MODEL, 0.9)
VIEWS = KO_V1.view_ids


def opted_out(*names: str) -> Policy:
    return Policy(opted_out=tuple(OptOut(name=name, who="owner", at=NOON) for name in names))


def hidden(result: str) -> Policy:
    return Policy(hidden=(HiddenResult(model=MODEL.lower(), result=result, who="m", at=NOON, why="doubtful"),))


HIDING = {
    "the organisation is opted out": opted_out("hidden-org"),
    "the model is opted out": opted_out(MODEL.upper()),
    "the result is hidden by its path": hidden(result_path(RESULT.spec)),
    "the result is hidden by its spec": hidden(RESULT.spec.id[:8]),
}


def filled(store: Store) -> Store:
    seed(store)
    for quality, result in ((0.5, RESULT), (0.6, measured(OTHER, 0.8))):
        update(store, publish_change(result, dump_samples({"KLUE-STS": pair_samples(quality)})))
    return store


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return filled(LocalStore(tmp_path_factory.mktemp("hiding") / "results.git"))


@pytest.fixture(scope="module")
def board(results: Store) -> Iterator[BoardPage]:
    page = BoardPage(results, 3600, patience_seconds=30)
    page.hide(Policy())
    page.live.refresh()
    yield page
    page.live.stop()


def hide(board: BoardPage, policy: Policy) -> None:
    board.hide(policy)
    board.live.refresh()  # what it takes to tell the ranks apart is read in the background


def rows_of(content: bytes) -> str:
    return str(pq.read_table(io.BytesIO(content)).to_pylist())


def everything(board: BoardPage) -> dict[str, str]:
    """All that the page, its addresses and its endpoints tell of the board: what was asked -> the answer."""
    with TestClient(Starlette(routes=board.routes)) as client:
        told = {
            name: rows_of(client.get(f"/board/{name}").content) for name in ("leaderboard.parquet", "means.parquet")
        }
        addresses = (
            *(name for name in board.assets._files if name.startswith("board") and name.endswith(".json")),
            f"api/compare?models={OTHER},nlpai-lab/KURE-v1",
            f"api/model?id={OTHER}",
            "api/tasks",
        )
        told |= {address: client.get(f"/board/{address}").text for address in addresses}
    api = board.api
    told |= {f"leaderboard {view}": json.dumps(api.leaderboard(view, ",".join(ORIGINS))) for view in VIEWS}
    told["evidence"] = str((board.live.state.evidence, list(board.live.state.replicates)))
    return told


def asked_for(board: BoardPage) -> dict[str, tuple[int, str]]:
    """The answers to who asks for the model by its name."""
    with TestClient(Starlette(routes=board.routes)) as client:
        answers = {
            address: client.get(f"/board/{address}")
            for address in (
                f"api/model?id={MODEL}",
                f"api/compare?models={MODEL},{OTHER}",
                f"badge/{MODEL}.svg",
                "badge/no/body.svg",
            )
        }
        return {address: (answer.status_code, answer.text) for address, answer in answers.items()}


@pytest.mark.parametrize("why", HIDING)
def test_what_is_hidden_is_nowhere_and_comes_back(board: BoardPage, results: Store, why: str) -> None:
    before, asked_before = everything(board), asked_for(board)
    for place, told in before.items():
        assert "secret-model" in told or place.startswith("api/"), place
    assert asked_before[f"api/model?id={MODEL}"][0] == 200
    hide(board, HIDING[why])
    with_hidden = everything(board)
    for place, told in with_hidden.items():
        assert "secret-model" not in told, place
        assert "Hidden-Org" not in told, place
    assert with_hidden["board.json"].count(OTHER) == before["board.json"].count(OTHER)
    assert json.loads(with_hidden[f"api/model?id={OTHER}"])["ranks"]["overall"]["rank"] == 1
    refused = asked_for(board)
    status, text = refused[f"api/model?id={MODEL}"]
    assert status == 404
    assert ("소유자의 요청으로" in text and "The owner of this model asked" in text) == ("opted out" in why)
    assert json.loads(text)["reason"] == ("opted_out" if "opted out" in why else "hidden")
    assert refused[f"api/compare?models={MODEL},{OTHER}"][0] == 404
    assert refused[f"badge/{MODEL}.svg"] == refused["badge/no/body.svg"], "as one that there never was"
    assert board.api.history(MODEL) == []
    assert board.api.snippets(MODEL, "https://board.example/") == {}
    assert result_path(RESULT.spec) in results.list("results"), "nothing is deleted"
    hide(board, Policy())
    assert everything(board) == before
    assert asked_for(board) == asked_before


def test_earlier_boards_in_a_models_history_do_not_count_it(board: BoardPage) -> None:
    def history() -> list[int]:
        deadline = time.monotonic() + 30
        while not (found := board.api.history(OTHER)) and time.monotonic() < deadline:
            time.sleep(0.01)
        return [standing["rank"] for standing in found][-1:]

    hide(board, opted_out("hidden-org"))
    assert history() == [1]
    hide(board, Policy())
    assert history() == [2]


def test_the_export_leaves_out_what_the_policy_hides(results: Store, tmp_path: Path) -> None:
    def exported(*arguments: str, **environment: str) -> str:
        every = ",".join(ORIGINS)
        ran = CliRunner(env=environment).invoke(
            command, ["export", "--store", results.url, "--origins", every, *arguments]
        )
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    requests = LocalStore(tmp_path / "requests.git")
    plain = exported(KEL_REQUESTS_URL=f"file:{tmp_path}/none.git")
    assert MODEL in plain
    assert not (tmp_path / "none.git").exists()
    assert exported("--policy", requests.url) == plain
    requests.commit({POLICY_PATH: dump_policy(opted_out("hidden-org"))}, "Opt out", requests.head())
    for form in ("csv", "json"):
        for view in VIEWS:
            told = exported("--view", view, "--format", form, KEL_REQUESTS_URL=requests.url)
            assert "secret-model" not in told
            assert OTHER in told
    requests.commit({POLICY_PATH: b"{"}, "Damage", requests.head())
    with pytest.raises(ValueError, match=POLICY_PATH):
        policy_at(requests.url, Settings())
    with pytest.raises(ValueError, match="no folder"):
        policy_at(f"file:{tmp_path}/mistyped.git", Settings())


def test_without_a_policy_the_published_board_is_the_same_to_the_byte() -> None:
    entries = marked_training(shipped_entries())
    assert shown(shipped_entries(), Policy()) == entries
    assert shown(shipped_entries(), opted_out("nobody-here")) == entries
    page = BoardPage(MemoryStore(), 3600)
    page.live._tell(page.live.state)  # as `start` does before it has read anything
    for policy in (None, Policy(), opted_out("nobody-here")):
        page.hide(policy)
        assert page.assets._files["board.json"].content == page_data(entries, SHIPPED_REVISION, KO_V1)
    page.hide(opted_out("nlpai-lab"))
    assert b"nlpai-lab" not in page.assets._files["board.json"].content, "one of the nine may leave too"


def test_until_the_policy_is_known_nothing_but_the_shipped_results_is_shown(results: Store) -> None:
    told: list[int] = []
    live = LiveBoard(results, 3600, (lambda state: told.append(len(state.entries)),), policy=None)
    live.refresh()
    assert live.state.revision == SHIPPED_REVISION
    live.hide(opted_out("hidden-org"))
    assert live.state.revision == results.head()
    assert {OTHER} == {entry.model for entry in live.state.entries} - {entry.model for entry in shipped_entries()}
    assert told


def test_hiding_a_second_time_the_same_changes_nothing(board: BoardPage) -> None:
    state = board.live.state
    board.hide(Policy())
    board.hide(None)
    assert board.live.state is state
