"""A task's page and its explorer as they are served: from the store, bounded, and whatever is asked."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from evaluator.evidence.texts import dump_texts
from evaluator.spec import result_path
from evaluator.suite import KO_V1
from evaluator.tasks import discovered_tasks
from gate.routes import Routes
from leaderboard_data.load import rankings_path, samples_path
from leaderboard_data.page.api import BoardApi
from leaderboard_data.page.assets import Assets
from leaderboard_data.page.live import LiveBoard
from leaderboard_data.page.preview import Preview
from leaderboard_data.page.routes import routes
from leaderboard_data.publish import publish_change, seed
from leaderboard_data.texts import lacking_texts, texts_change, texts_path
from store.memory import MemoryStore
from store.update import Change, Snapshot, update
from tests.leaderboard_data.examples import scored
from tests.leaderboard_data.ranked import QUERIES, TASK, ranked
from tests.leaderboard_data.test_inside import TEXTS

OTHERS = {task: scored(task, 0.6) for task in KO_V1.task_ids if task != TASK}
PINNED = discovered_tasks()[TASK].data.fingerprint or ""


def texts() -> bytes:
    import dataclasses

    return dump_texts(dataclasses.replace(TEXTS, fingerprint=PINNED))


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    made = MemoryStore()
    seed(made)
    for number in range(10):
        update(made, publish_change(*ranked(f"org/model-{number}", 0.5 + number / 5, number, more=OTHERS)))
    update(made, texts_change({TASK: texts()}))
    return made


def client_of(store: MemoryStore) -> TestClient:
    live = LiveBoard(store, 3600, patience=60)
    live.refresh()
    api = BoardApi(live)
    return TestClient(Starlette(routes=routes(api, Assets(), Preview(api))))


@pytest.fixture(scope="module")
def client(store: MemoryStore) -> TestClient:
    return client_of(store)


def asked(client: TestClient, name: str, **given: Any) -> dict[str, Any]:
    answer = client.get(f"/board/api/{name}", params=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_page_tells_what_the_task_is_and_what_is_hard(client: TestClient) -> None:
    told = asked(client, "task", id=TASK)
    assert (told["licence"], told["written"], told["shown"], told["ready"]) == ("mit", "native", True, True)
    assert told["counts"] == {"query": QUERIES, "document": 200}
    assert len(told["examples"]) == 10
    assert (told["models"], told["good"]) == (10, 5)
    assert told["hardest"][0]["text"].startswith("질문")
    assert {each["model"] for each in told["measured"]} == {f"org/model-{number}" for number in range(10)}


def test_the_rows_of_a_model_add_up_to_its_cell(client: TestClient, store: MemoryStore) -> None:
    board = LiveBoard(store, 3600, patience=60)
    board.refresh()
    entry = next(e for e in board.state.entries if e.model == "org/model-3" and e.suite == "ko-v1")
    told = asked(client, "items", task=TASK, models="org/model-3")
    pages = [asked(client, "items", task=TASK, models="org/model-3", page=page) for page in range(told["pages"])]
    parts = [row["parts"][0] for page in pages for row in page["rows"]]
    assert len(parts) == QUERIES
    cell = entry.cells[KO_V1.task_ids.index(TASK)].score
    assert sum(parts) / len(parts) == pytest.approx(cell, abs=1e-8)  # as the index rounds it
    two = asked(client, "items", task=TASK, models="org/model-9,org/model-0", order="second")
    assert two["sign"]["first"] > two["sign"]["second"] == two["listed"]


def test_data_that_may_not_be_shown_is_told_without_its_texts(client: TestClient) -> None:
    told = asked(client, "task", id="PawsXPairClassification")
    assert (told["shown"], told["licence"], told["examples"]) == (False, None, [])


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("task", {}),
        ("task", {"id": "../../etc/passwd"}),
        ("task", {"id": "texts/AutoRAGRetrieval.parquet"}),
        ("task", {"id": "<script>alert(1)</script>"}),
        ("task", {"id": "x" * 20_000}),
        ("task", {"id": TASK, "suite": "../.."}),
        ("items", {}),
        ("items", {"task": TASK}),
        ("items", {"task": TASK, "models": "../../x/y"}),
        ("items", {"task": TASK, "models": "nlpai-lab/KURE-v1"}),  # reported: no samples
        ("items", {"task": TASK, "models": "org/model-1,org/model-1"}),
        ("items", {"task": TASK, "models": "org/model-1,org/model-2,org/model-3"}),
        ("items", {"task": TASK, "models": "org/model-1", "page": "-1"}),
        ("items", {"task": TASK, "models": "org/model-1", "page": "1e9"}),
        ("items", {"task": TASK, "models": "org/model-1", "page": "999999"}),
        ("items", {"task": TASK, "models": "org/model-1", "order": "__class__"}),
        ("items", {"task": "KLUE-TC", "models": "org/model-1"}),  # not of this suite
        ("items", {"task": "KLUE-STS", "models": "org/model-1"}),  # scored, and its samples do not hold it
    ],
)
def test_whatever_is_asked_the_answer_is_a_sentence(client: TestClient, name: str, given: dict[str, str]) -> None:
    answer = client.get(f"/board/api/{name}", params=given)
    if name == "items" and given.get("task") == "KLUE-STS":
        assert answer.json() == {**answer.json(), "ready": False, "rows": []}
        return
    assert answer.status_code == 404
    assert len(answer.json()["error"]) < 500


def test_the_gate_lets_them_through() -> None:
    found = Routes([], login=False)
    assert found.find("GET", "/board/api/task")
    assert found.find("GET", "/board/api/items")
    assert not found.find("POST", "/board/api/items")


def test_files_that_are_damaged_or_missing_leave_the_page() -> None:
    made = MemoryStore()
    seed(made)
    paths = []
    for number in range(3):
        result, samples, rankings = ranked(f"org/model-{number}", 1.0, number, more=OTHERS)
        update(made, publish_change(result, samples, rankings))
        paths.append(result_path(result.spec))
    damaged = {
        samples_path(paths[0]): b"no parquet",
        rankings_path(paths[1]): None,
        texts_path(discovered_tasks()[TASK]): b"!",
    }

    update(made, lambda _: Change(damaged, "damage"))
    client = client_of(made)
    told = asked(client, "task", id=TASK)
    assert told["models"] == 2
    assert told["examples"] == []
    assert asked(client, "items", task=TASK, models="org/model-0")["ready"] is False


def test_without_rankings_and_texts_values_are_told() -> None:
    made = MemoryStore()
    seed(made)
    result, samples, _ = ranked("org/model", 1.0, 1, more=OTHERS)
    update(made, publish_change(result, samples))
    told = asked(client_of(made), "items", task=TASK, models="org/model")
    assert told["ready"] is True
    assert {row["found"][0] for row in told["rows"]} == {None}
    assert told["rows"][0]["text"] is None


def test_texts_are_stored_once_and_only_those_of_the_pinned_data(store: MemoryStore) -> None:
    snapshot = Snapshot(store, store.head())
    assert lacking_texts(snapshot, [TASK, "PawsXPairClassification", "KLUE-STS", "no such task"]) == ["KLUE-STS"]
    assert texts_change({TASK: texts()})(snapshot) is None
    with pytest.raises(ValueError, match="other data"):
        texts_change({TASK: dump_texts(TEXTS)})
    with pytest.raises(ValueError, match="not the texts"):
        texts_change({"KLUE-STS": texts()})
    with pytest.raises(ValueError, match="licence"):
        texts_change({"PawsXPairClassification": texts()})
