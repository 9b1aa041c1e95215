"""Results of an environment with an alarm carry a mark on the board, and lose it when the alarm is cleared."""

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.drift import DriftCheck, base_path, check_path, compare, digest_of, dump_check, environment_id
from evaluator.policy import ClearedDrift, Policy
from evaluator.records import Environment, ModelResult, Run
from evaluator.suite import KO_V1, SUITES
from leaderboard_data.__main__ import app as command
from leaderboard_data.drifting import Checks, alarms, marked
from leaderboard_data.entry import MOST_ENVIRONMENTS, entries_of, environments_of
from leaderboard_data.index import INDEX_PATH, dump_index, load_index
from leaderboard_data.page.assets import STATIC
from leaderboard_data.page.page_data import page_data
from leaderboard_data.page.view import BoardPage
from leaderboard_data.publish import publish_change, seed
from store import Store
from store.local import LocalStore
from store.memory import MemoryStore
from store.update import Snapshot, update
from tests.evaluator.test_drift import FIELDS, NOON, check
from tests.leaderboard_data.examples import entry, measured

WEEK = timedelta(days=7)
HERE = Environment(versions={"torch": "2.9.0"}, device="cpu x86_64", dtype="float32")
ELSEWHERE = HERE.model_copy(update={"versions": {"torch": "2.8.0"}})
ALARM = compare(check(), check(0.7, NOON + WEEK))
CLEARED = Policy(
    cleared=(ClearedDrift(environment=ALARM.environment, check=NOON + WEEK, who="m", at=NOON + WEEK, why="known"),)
)
ID = environment_id(HERE) or ""


def filled(store: Store) -> Store:
    seed(store)
    for name, environment in (("org/here", HERE), ("org/elsewhere", ELSEWHERE)):
        update(store, publish_change(measured(name, 0.9, environment=environment)))
    store.commit({check_path(ID): dump_check(ALARM)}, "Check", store.head())
    return store


def doubts_in(content: bytes) -> dict[str, list[str]]:
    """Model -> its doubts, in the page's data."""
    entries = json.loads(content)["entries"]
    return {entries["model"][int(row)]: doubts for row, doubts in entries["doubts"].items()}


def test_the_example_is_of_the_environment_of_the_example() -> None:
    assert ID == ALARM.environment == digest_of(FIELDS)


def test_a_result_knows_the_environments_of_its_runs() -> None:
    one, other = measured("org/a", environment=HERE), measured("org/a", environment=ELSEWHERE, at=NOON)
    assert environments_of(one) == ID
    assert environments_of(measured("org/a")) is None  # a record that does not say all of it
    runs = {**one.runs, **other.runs}
    tasks = {
        **one.tasks,
        "KLUE-STS": other.tasks["KLUE-STS"],
    }
    both = ModelResult.model_validate({**one.model_dump(by_alias=True), "runs": runs, "tasks": tasks})
    assert environments_of(both) == ",".join(sorted([ID, environment_id(ELSEWHERE) or ""]))


def test_a_result_of_many_runs_names_those_of_the_newest() -> None:
    def run(number: int) -> Run:
        versions = {"torch": f"2.{number}"}
        return Run(environment=HERE.model_copy(update={"versions": versions}), at=NOON + timedelta(days=number))

    runs = {each.id: each for each in map(run, range(MOST_ENVIRONMENTS + 20))}
    result = measured("org/a").model_copy(update={"runs": runs})
    named = (environments_of(result) or "").split(",")
    assert len(named) == MOST_ENVIRONMENTS
    assert environment_id(run(MOST_ENVIRONMENTS + 19).environment) in named
    assert environment_id(run(0).environment) not in named


def test_the_index_keeps_the_environments() -> None:
    entries = list(entries_of("results/a.json", measured("org/a", environment=HERE)))
    assert [each.environments for each in load_index(dump_index(entries)[INDEX_PATH])] == [ID for _ in SUITES]


def test_a_mark_comes_besides_the_doubts_that_are_there() -> None:
    doubted = HERE.model_copy(update={"warnings": ("end_token",)})
    entries = [
        entry(measured("org/a", environment=HERE)),
        entry(measured("org/b", environment=doubted)),
        entry(measured("org/c", environment=ELSEWHERE)),
        entry(measured("org/d")),
    ]
    assert [each.doubts for each in marked(entries, [ALARM])] == ["drift", "end_token,drift", None, None]
    assert marked(entries, []) == tuple(entries)


def test_only_the_check_that_a_maintainer_cleared_stops_ringing() -> None:
    later = compare(check(), check(0.6, NOON + 2 * WEEK), ALARM)
    silent = compare(check(), check(0.8, NOON + WEEK))
    assert alarms([ALARM, silent], Policy()) == (ALARM,)
    assert alarms([ALARM], CLEARED) == ()
    assert alarms([later], CLEARED) == (later,)
    goes_on = compare(check(), check(0.7, NOON + 2 * WEEK), ALARM)
    assert alarms([goes_on], CLEARED) == ()


def test_checks_are_read_once_without_bases_claims_and_what_cannot_be_read(caplog: pytest.LogCaptureFixture) -> None:
    store, wrong = MemoryStore(), "0" * 16
    files = {
        check_path(ID): dump_check(ALARM),
        check_path(wrong): dump_check(ALARM),
        check_path("1" * 16): b"{}",
        base_path(ALARM): dump_check(check()),
        f"drift/claims/{ID}.json": b"{}",
        "drift/README.md": b"",
    }
    store.commit(files, "Write", store.head())
    checks = Checks()
    with caplog.at_level(logging.WARNING):
        assert checks.at(Snapshot(store, store.head())) == (ALARM,)
    assert [check_path(wrong) in text or check_path("1" * 16) in text for text in caplog.messages] == [True, True]
    store.commit({"other": b""}, "Write", store.head())
    store.read = lambda *_: pytest.fail("it was read again")  # type: ignore[method-assign]
    assert checks.at(Snapshot(store, store.head())) == (ALARM,)


def test_the_board_marks_the_rows_rings_and_stops_when_the_alarm_is_cleared() -> None:
    board = BoardPage(filled(MemoryStore()), 3600)
    rung: list[tuple[DriftCheck, ...]] = []
    board.ring(rung.append)
    board.hide(Policy())
    board.live.refresh()
    assert rung[0] == ()
    assert rung[-1] == (ALARM,)
    state = board.live.state
    assert doubts_in(page_data(state.entries, state.revision, KO_V1)) == {"org/here": ["drift"]}
    assert board.api.model("org/here")["results"][0]["warnings"] == ["drift"]
    assert board.api.model("org/elsewhere")["results"][0]["warnings"] == []
    board.hide(CLEARED)
    assert rung[-1] == ()
    state = board.live.state
    assert doubts_in(page_data(state.entries, state.revision, KO_V1)) == {}
    assert board.api.model("org/here")["results"][0]["warnings"] == []


def test_a_doubtful_environment_displaces_no_row_of_another() -> None:
    store = MemoryStore()
    seed(store)
    update(store, publish_change(measured("org/a", 0.5, environment=ELSEWHERE)))
    newer = measured("org/a", 0.9, environment=HERE, revision="ab" * 20, at=NOON)
    update(store, publish_change(newer))
    board = BoardPage(store, 3600)
    board.hide(Policy())
    board.live.refresh()

    def score() -> float:
        (row,) = [row for row in board.api.leaderboard() if row["model"] == "org/a"]
        return float(row["scores"]["Average"])

    assert score() == pytest.approx(0.9)
    store.commit({check_path(ID): dump_check(ALARM)}, "Check", store.head())
    board.live.refresh()
    assert score() == pytest.approx(0.5)


def test_the_words_of_the_mark_are_there_in_both_languages() -> None:
    assert (STATIC / "table_words.js").read_text("utf-8").count('\n        "drift": ') == 2


def test_an_export_is_of_the_same_rows_as_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEL_REQUESTS_URL", f"file:{tmp_path / 'requests.git'}")
    store = LocalStore(tmp_path / "results.git")
    seed(store)
    update(store, publish_change(measured("org/a", 0.5, environment=ELSEWHERE)))
    newer = measured("org/a", 0.9, environment=HERE, revision="ab" * 20, at=NOON)
    update(store, publish_change(newer))

    def exported() -> str:
        ran = CliRunner().invoke(command, ["export", "--store", store.url])
        assert ran.exit_code == 0, ran.output
        (line,) = [line for line in ran.output.splitlines() if "org/a" in line]
        return line

    assert exported().startswith("org/a,90.00,")
    store.commit({check_path(ID): dump_check(ALARM)}, "Check", store.head())
    assert exported().startswith("org/a,50.00,")
