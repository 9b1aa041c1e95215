"""What maintainers confirm and correct is on the board, in the exports and in the answers, and can be taken back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.policy import POLICY_PATH, ConfirmedResult, Correction, Policy, dump_policy
from evaluator.records import Environment, ModelInfo, ModelResult
from evaluator.spec import result_path
from leaderboard_data.__main__ import app as command
from leaderboard_data.hiding import shown
from leaderboard_data.load import load_entries
from leaderboard_data.marking import marked, marked_result
from leaderboard_data.page.view import BoardPage
from leaderboard_data.publish import publish_change, seed
from leaderboard_data.training import marked_training
from store.local import LocalStore
from store.memory import MemoryStore
from store.update import Snapshot, update
from submissions.live import LiveQueue
from submissions.stored import Queue
from tests.leaderboard_data.examples import entry, measured
from tests.leaderboard_data.test_hiding import everything, hide, opted_out

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MODEL, OTHER = "nlpai-lab/KURE-v1", "org/other"


def in_doubt(*warnings: str, model: str = MODEL, score: float = 0.99) -> ModelResult:
    environment = Environment(dtype="float32", warnings=("ties", *warnings), max_tokens=512)
    made = measured(model, score, environment=environment)
    return made.model_copy(update={"model": ModelInfo(license="other", parameters=5)})


DOUBTED = in_doubt("end_token", "prompt_not_used")
PATH = result_path(DOUBTED.spec)


def confirmed(*doubts: str, result: str = PATH, model: str = MODEL) -> Policy:
    return Policy(
        confirmed=(ConfirmedResult(model=model, result=result, doubts=doubts, who="m", at=NOON, why="computed anew"),)
    )


def corrected(model: str = MODEL, **fields: object) -> Policy:
    return Policy(corrected=(Correction(model=model, who="bob", at=NOON, why="as its card says", **fields),))


@pytest.fixture(scope="module")
def board() -> Iterator[BoardPage]:
    results = MemoryStore()
    seed(results)
    for result in (DOUBTED, in_doubt("end_token", model=OTHER, score=0.5)):
        update(results, publish_change(result))
    page = BoardPage(results, 3600, patience_seconds=30)
    page.hide(Policy())
    page.live.refresh()
    yield page
    page.live.stop()


def row_of(board: BoardPage, model: str = MODEL) -> dict[str, object]:
    return next(row for row in board.api.leaderboard() if row["model"] == model)


def column(board: BoardPage, name: str, model: str = MODEL) -> list[object]:
    """What the page's tables have of all rows of a model."""
    entries = json.loads(board.assets._files["board.json"].content)["entries"]
    return [value for value, of in zip(entries[name], entries["model"], strict=True) if of == model]


@pytest.mark.parametrize("result", [PATH, DOUBTED.spec.id[:8]])
def test_a_confirmed_result_stands_as_others_do_until_it_is_taken_back(board: BoardPage, result: str) -> None:
    before = everything(board)
    assert (row_of(board)["origin"], row_of(board, OTHER)["origin"]) == ("published", "measured")
    hide(board, confirmed("end_token", result=result))
    assert row_of(board)["origin"] == "published", "another doubt is left"
    assert [each["confirmed"] for each in board.api.model(MODEL)["results"] if each["file"] == PATH] == [["end_token"]]
    hide(board, confirmed("end_token", "prompt_not_used", result=result))
    assert (row_of(board)["origin"], row_of(board)["rank"]) == ("measured", 1)
    first = board.api.model(MODEL)["results"][0]
    assert (first["file"], first["confirmed"]) == (PATH, ["end_token", "prompt_not_used"])
    assert first["confirmations"] == [
        {
            "doubts": ["end_token", "prompt_not_used"],
            "who": "m",
            "at": "2026-11-28T12:00:00+00:00",
            "why": "computed anew",
        }
    ]
    assert first["warnings"] == ["end_token", "prompt_not_used", "ties"], "what was measured is told all the same"
    doubts = json.loads(board.assets._files["board.json"].content)["entries"]["doubts"]
    assert list(doubts.values()) == [["end_token"]], "that of the other model"
    hide(board, Policy())
    assert everything(board) == before


def test_a_confirmation_is_of_one_result_and_of_the_doubts_that_it_names() -> None:
    other = in_doubt("end_token", model=OTHER)
    assert marked(entry(DOUBTED, PATH), confirmed("card_differs")).doubts == "end_token,prompt_not_used"
    for policy in (confirmed("end_token"), confirmed("end_token", model=OTHER, result="results/else.json")):
        assert marked(entry(other, result_path(other.spec)), policy) == entry(other, result_path(other.spec))
        assert marked_result(other, result_path(other.spec), policy) is other
    anew = in_doubt("end_token", "card_differs")
    assert marked(entry(anew, PATH), confirmed("end_token")).doubts == "card_differs", "a later run's other warning"
    assert marked_result(DOUBTED, PATH, confirmed("end_token")).doubts == ("prompt_not_used",)


def test_corrected_metadata_are_shown_everywhere_until_they_are_taken_back(board: BoardPage) -> None:
    before = everything(board)
    told = {
        "license": "mit",
        "parameters": 568_000_000,
        "embedding_dimension": 0,
        "max_tokens": 8192,
        "llm_based": False,
        "open_weights": True,
    }
    hide(board, corrected(MODEL.upper(), **told))
    for name, value in (("license", "mit"), ("parameters", 568_000_000), ("dimension", 0), ("max_tokens", 8192)):
        assert set(column(board, name)) == {value}, "in each of its results"
    assert (set(column(board, "llm")), set(column(board, "open"))) == ({0}, {1})
    assert column(board, "license", OTHER) == ["other"]
    answer = board.api.model(MODEL)
    assert all(result["info"].items() >= told.items() for result in answer["results"])
    assert answer["corrections"] == [
        {"fields": told, "who": "bob", "at": "2026-11-28T12:00:00+00:00", "why": "as its card says"}
    ]
    assert answer["results"][0]["environment"].get("max_tokens") in (None, 512), "what a run used stays"
    assert board.api.model(OTHER)["corrections"] == []
    changed = everything(board)
    assert "'license': 'mit'" in changed["leaderboard.parquet"]
    for place, answer_now in changed.items():
        assert (answer_now == before[place]) == (not place.startswith(("board", "leaderboard.parquet"))), place
    hide(board, corrected(license="mit"))
    assert 5 in column(board, "parameters"), "what no correction names is as it was found"
    hide(board, Policy())
    assert everything(board) == before


def test_a_policy_written_while_the_page_runs_takes_effect_at_its_next_look(board: BoardPage) -> None:
    queue = Queue(MemoryStore(), board.live.store)
    live = LiveQueue(queue, 3600, (lambda _, policy: board.hide(policy),))
    live.refresh()
    queue.policies.confirm(MODEL, PATH, ["end_token", "prompt_not_used"], who="m", why="right")
    queue.policies.correct(OTHER, {"license": "apache-2.0"}, who="m", why="its card")
    live.refresh()
    assert row_of(board)["origin"] == "measured"
    assert column(board, "license", OTHER) == ["apache-2.0"]
    queue.policies.unconfirm(MODEL, PATH, who="m")
    queue.policies.uncorrect(OTHER, who="m")
    live.refresh()
    assert row_of(board)["origin"] == "published"
    assert column(board, "license", OTHER) == ["other"]


def test_the_shipped_rows_are_corrected_too_while_the_store_does_not_answer() -> None:
    page = BoardPage(MemoryStore(), 3600)
    page.hide(corrected(license="corrected-licence"))
    assert set(column(page, "license")) == {"corrected-licence"}


def test_hidden_and_corrected_at_once_is_hidden(board: BoardPage) -> None:
    entries = load_entries(Snapshot(board.live.store, board.live.store.head()), board.live.reader)
    policy = opted_out("nlpai-lab").model_copy(update={"corrected": corrected(license="mit").corrected})
    assert [each for each in shown(entries, policy) if each.model == MODEL] == []
    assert shown(entries, Policy()) == marked_training(entries)


def test_the_export_ranks_what_is_confirmed(tmp_path: Path) -> None:
    results, requests = LocalStore(tmp_path / "results.git"), LocalStore(tmp_path / "requests.git")
    seed(results)
    update(results, publish_change(DOUBTED))

    def first_row() -> dict[str, object]:
        arguments = ["export", "--store", results.url, "--policy", requests.url, "--format", "json"]
        ran = CliRunner().invoke(command, arguments)
        assert ran.exit_code == 0, ran.output
        return next(row for row in json.loads(ran.stdout) if row["model"] == MODEL)

    assert first_row()["origin"] == "published"
    content = dump_policy(confirmed("end_token", "prompt_not_used"))
    requests.commit({POLICY_PATH: content}, "Confirm", requests.head())
    assert (first_row()["origin"], first_row()["rank"]) == ("measured", 1)


def test_the_index_that_visitors_fetch_has_no_doubt_that_is_confirmed(board: BoardPage) -> None:
    hide(board, confirmed("end_token", "prompt_not_used"))
    assert "prompt_not_used" not in everything(board)["leaderboard.parquet"]
    hide(board, Policy())
    assert "prompt_not_used" in everything(board)["leaderboard.parquet"]
