"""Sparse and late-interaction rows: marked, ranked in retrieval, without a rank overall, and found by the filter."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_board import ready
from tests.browser.test_lexical import OTHERS, TASKS
from tests.browser.test_tables import shown
from tests.leaderboard_data.ranked import ranked

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("kinds"), refresh_seconds=0.5) as running:
        for made in (
            ranked("org/late", 3.4, 1, TASKS, vectors="multi_vector"),
            ranked("org/dense", 2.6, 2, TASKS, OTHERS),
            ranked("org/sparse", 1.9, 3, TASKS, vectors="sparse"),
        ):
            update(running.results, publish_change(*made))
        running.wait_for_results()
        yield running


def test_they_rank_in_retrieval_alone(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured"))
    rows = shown(page)
    assert [(row[0], row[4]) for row in rows[1:]] == [("org/late", "1"), ("org/dense", "2"), ("org/sparse", "3")]
    marks = page.locator(".kel-kind")
    assert [mark.get_attribute("data-label") for mark in marks.all()] == ["다중 벡터", "희소"]
    page = ready(visit(f"{app.url}?tab=overall&origin=measured"))
    found = {row[0]: row for row in shown(page)[1:]}
    assert [found[name][-1] for name in ("org/dense", "org/late", "org/sparse")] == ["1", "–", "–"]
    assert found["org/late"][1:4] == ["해당 없음"] * 3


def test_the_filter_knows_the_kinds(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured&type=sparse"))
    assert [row[0] for row in shown(page)[1:]] == ["org/sparse"]
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured&type=multi_vector"))
    assert [row[0] for row in shown(page)[1:]] == ["org/late"]
