"""An owner opts out while people look: the open table, the model's page, the feed; and what maintainers are told."""

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evaluator.spec import ModelSpec
from leaderboard_data.publish import publish_change
from store.memory import MemoryStore
from store.update import update
from submissions.feed import LINK
from submissions.record import Status, dump_submission
from submissions.stored import Queue
from tests.browser.running import RunningApp, running_app
from tests.browser.test_tables import shown
from tests.leaderboard_data.examples import measured
from tests.submissions.test_listing import submission
from tests.submissions.test_webhook import Chat, chat  # noqa: F401 (a fixture)

pytestmark = pytest.mark.browser
MODEL = "asked-not/to-be-shown"


def got(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode())


def waited_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def app(tmp_path: Path, chat: Chat) -> Iterator[RunningApp]:  # noqa: F811
    """Ended after the pages that are open in it."""
    with running_app(tmp_path, webhook_url=chat.address.get_secret_value()) as running:
        yield running


def test_an_opted_out_model_leaves_the_open_page_and_comes_back(
    app: RunningApp,
    visit: Callable[..., Page],
    chat: Chat,  # noqa: F811
) -> None:
    queue = Queue(app.requests, MemoryStore())
    finished = submission(1, Status.FINISHED, spec=ModelSpec(model=MODEL, revision="ab" * 20))
    queue.requests.commit({finished.path: dump_submission(finished)}, "Finish", queue.requests.head())
    update(app.results, publish_change(measured(MODEL, 0.9)))
    app.wait_for_results()

    def feed() -> str:
        return got(f"{app.url}feed.atom")

    board = visit(app.url)
    row = board.locator("table").get_by_text(MODEL).first
    expect(row).to_be_visible()
    assert LINK in got(app.url)
    waited_until(lambda: MODEL in feed())

    queue.policies.opt_out("Asked-Not", who="asked-not", owns=["asked-not"])
    expect(row).to_have_count(0)
    assert len(shown(board)) == 1 + 9
    waited_until(lambda: MODEL not in feed())
    model = visit(f"{app.url}?model={MODEL}")
    expect(model.get_by_role("alert")).to_have_text(re.compile("소유자의 요청으로 이 리더보드에 표시하지 않습니다"))
    model.goto(f"{app.url}?model={MODEL}&lang=en")
    expect(model.get_by_role("alert")).to_have_text(re.compile("the owner of this model asked not to show it"))

    queue.submit(ModelSpec(model="org/next", revision="ab" * 20), who="alice")
    assert "new: org/next@" in chat.next_text()
    queue.policies.opt_in("asked-not", who="maintainer", maintainer=True)
    expect(row).to_be_visible()
