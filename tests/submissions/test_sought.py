"""What somebody looks for in the queue."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from store.memory import MemoryStore
from submissions.live import MOST_SEARCHES, LiveQueue
from submissions.record import Status, dump_submission
from submissions.routes import QUEUE, routes
from submissions.sought import Sought, sought
from submissions.stored import Queue
from tests.submissions.test_listing import submission


def test_words_names_and_states_narrow_down() -> None:
    one = submission(1, Status.RUNNING, submitted_by="Alice")
    assert Sought().takes(one)
    assert sought({"q": "ORG model-1"}).takes(one)
    assert sought({"q": "ali"}).takes(one)
    assert sought({"q": one.id[-6:]}).takes(one)
    assert not sought({"q": "model-2"}).takes(one)
    assert sought({"person": "aLICE", "organisation": "Org", "state": "running"}).takes(one)
    assert not sought({"person": "ali"}).takes(one)
    assert sought({"state": "open"}).takes(one)
    assert not sought({"state": "closed"}).takes(one)
    with pytest.raises(ValueError, match="PENDING"):
        sought({"state": "rumoured"})
    assert len(sought({"q": "한" * 10_000}).words[0]) == 200


@pytest.fixture
def client() -> TestClient:
    store = MemoryStore()
    made = [submission(n, Status.QUEUED if n % 2 else Status.PENDING, submitted_by=f"p{n}") for n in range(40)]
    store.commit({s.path: dump_submission(s) for s in made}, "some", store.head())
    live = LiveQueue(Queue(store, MemoryStore()), 3600)
    live.refresh()
    return TestClient(Starlette(routes=routes(live)))


def rows(page: str) -> int:
    return page.count("data-submission=")


def test_the_queue_is_searched_and_a_place_is_counted_among_all(client: TestClient) -> None:
    assert rows(client.get(f"/{QUEUE}").text) == 40
    found = client.get(f"/{QUEUE}", params={"q": "org/model-39"}).text
    assert rows(found) == 1
    assert "20번째" in found
    assert rows(client.get(f"/{QUEUE}", params={"state": "PENDING"}).text) == 20
    assert rows(client.get(f"/{QUEUE}", params={"q": "no such model"}).text) == 0
    assert client.get(f"/{QUEUE}", params={"state": "rumoured"}).status_code == 400
    assert client.get(f"/{QUEUE}", params={"page": "9", "q": "p1"}).status_code == 404


def test_many_searches_are_not_kept(client: TestClient) -> None:
    for number in range(3 * MOST_SEARCHES):
        assert client.get(f"/{QUEUE}", params={"q": f"p{number}"}).status_code == 200
    assert rows(client.get(f"/{QUEUE}").text) == 40
    assert rows(client.get(f"/{QUEUE}", params={"person": "p7"}).text) == 1
