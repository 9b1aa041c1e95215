"""A slow or broken Hub: the page is there at once, visitors cost it little, and it renews once the Hub is well."""

import itertools
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from leaderboard_data.page.api import BoardApi
from leaderboard_data.page.live import SHIPPED_REVISION, LiveBoard
from leaderboard_data.page.visits import AT_ONCE, FILES, Reads
from leaderboard_data.publish import publish_change, seed
from store.hub import HubStore
from store.update import update
from submissions.live import NOTHING_YET, LiveQueue
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.browser.running import running_app
from tests.hub.faults import Faults
from tests.hub.repositories import Repositories
from tests.leaderboard_data.examples import measured
from tests.store.test_answers import MALFORMED

TOKEN = "hf_slowtests_secret"
MODEL = "nlpai-lab/KURE-v1"
_numbers = itertools.count()


@pytest.fixture
def store(hub: Repositories, faults: Faults) -> HubStore:
    hub.add_user(TOKEN, "slow-tests")
    name = f"slow-tests/results-{next(_numbers)}"
    hub.create("datasets", name, writers={"slow-tests"})
    store = HubStore(name, SecretStr(TOKEN))
    seed(store)
    for number in range(5):
        update(store, publish_change(measured(f"org/name{number}", 0.5 + number / 100)))
    faults.clear()
    return HubStore(name, SecretStr(TOKEN))


def test_a_model_page_is_read_once_and_its_history_in_the_background(
    store: HubStore, faults: Faults, attacks: Attacks
) -> None:
    live = LiveBoard(store, 3600, patience=60)
    live.refresh()
    api = BoardApi(live)
    faults.clear()
    for _ in range(20):
        found = api.model(MODEL)
        api.history(MODEL)
    deadline = time.monotonic() + 30
    while len(api.history("org/name0")) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(result["readable"] for result in found["results"])
    assert faults.asked("GET .*/resolve/.*/results/") == len(found["results"]) <= FILES
    assert faults.asked("GET .*/commits/") == 1
    revisions = len(store.log(60))
    assert faults.asked(r"GET .*/resolve/.*/leaderboard.parquet") <= revisions
    update(store, publish_change(measured("org/one-more", 0.9)))
    live.refresh()
    faults.clear()
    while len(api.history("org/one-more")) < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert faults.asked(r"GET .*/resolve/.*/leaderboard.parquet") == 1, "only the new revision is read"
    attacks.held("the page", "a model page asked for again", 20)


def test_a_visitor_does_not_wait_for_a_hub_that_does_not_answer(
    store: HubStore, faults: Faults, attacks: Attacks
) -> None:
    live = LiveBoard(store, 3600)
    live.refresh()
    api = BoardApi(live)
    faults.add("slow", "GET ", times=10_000, seconds=8)

    def visit(number: int) -> tuple[float, bool]:
        began = time.monotonic()
        found = api.model(f"org/name{number % 5}")
        api.history(f"org/name{number % 5}")
        return time.monotonic() - began, found["results"][0]["readable"]

    with ThreadPoolExecutor(50) as visitors:
        told = list(visitors.map(visit, range(50)))
    assert max(seconds for seconds, _ in told) < 6
    assert not any(readable for _, readable in told)
    assert faults.asked("GET .*/resolve/.*/results/") <= AT_ONCE + 5
    faults.clear()
    attacks.held("the page", "visitors of model pages while the Hub hangs", 50)


def test_what_a_reading_raises_stays_in_it(attacks: Attacks) -> None:
    reads: Reads[str] = Reads()

    def broken() -> str:
        raise RecursionError

    assert reads.visit().get("a", broken) is None
    assert reads.visit().get("a", lambda: "well") == "well"
    assert reads.visit().get("a", broken) == "well"
    visit = reads.visit()
    assert [visit.get(number, lambda: None) for number in range(FILES + 5)] == [None] * (FILES + 5)
    attacks.held("the page", "a file that cannot be read, for a visitor", FILES + 1)


def test_start_waits_for_nothing_and_the_board_renews_once_the_hub_is_well(
    store: HubStore, hub: Repositories, faults: Faults, attacks: Attacks
) -> None:
    hub.create("datasets", f"{store._repo_id}-requests", writers={"slow-tests"})
    requests = HubStore(f"{store._repo_id}-requests", SecretStr(TOKEN))
    for answer in MALFORMED.values():
        faults.add("garble", "GET ", times=2, body=answer)
    shown: list[str] = []
    live = LiveBoard(store, 0.01, (lambda state: shown.append(state.revision),))
    queue = LiveQueue(Queue(requests, store), 0.01)
    began = time.monotonic()
    live.start()
    queue.start()
    assert shown[0] == SHIPPED_REVISION
    assert time.monotonic() - began < 5
    deadline = time.monotonic() + 60
    while (live.state.snapshot is None or queue.page() is NOTHING_YET["ko"]) and time.monotonic() < deadline:
        time.sleep(0.01)
    live.stop()
    queue.stop()
    assert "org/name4" in {entry.model for entry in live.state.entries}
    assert queue.page() is not NOTHING_YET["ko"]
    attacks.held("the page", "a malformed answer of the Hub while it starts", 2 * len(MALFORMED))


def test_the_page_answers_while_the_hub_takes_a_second_for_everything(
    store: HubStore, hub: Repositories, faults: Faults, tmp_path: Path, attacks: Attacks
) -> None:
    hub.create("datasets", f"{store._repo_id}-requests", writers={"slow-tests"})
    faults.add("slow", "(GET|POST) /(api/)?datasets/", times=100_000, seconds=1)
    with running_app(
        tmp_path,
        requests_url=f"hf:datasets/{store._repo_id}-requests",
        results_url=store.url,
        requests_token=TOKEN,
        patience_seconds=1,
    ) as app:

        def seconds(path: str) -> float:
            began = time.monotonic()
            with urllib.request.urlopen(f"{app.url}{path}", timeout=60) as answer:
                answer.read()
            return time.monotonic() - began

        seconds("")
        app.wait_for_results()
        with ThreadPoolExecutor(50) as visitors:
            pages = [visitors.submit(seconds, f"board/api/model?id=org/name{number % 5}") for number in range(50)]
            front = [seconds("") for _ in range(5)]
            waited = [page.result() for page in pages]
    assert max(front) < 5, front
    assert max(waited) < 15, waited
    assert faults.asked("GET .*/resolve/.*/results/org__") <= 5
    attacks.held("the page", "50 model pages at once on a slow Hub", 50)
