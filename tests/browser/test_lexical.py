"""Lexical rows: at their place in the retrieval table, without a rank, and what other models gain from them."""

import csv
import io
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from evaluator.suite import KO_V1
from leaderboard_data.board import table
from leaderboard_data.entry import ORIGINS
from leaderboard_data.export import export
from leaderboard_data.load import Reader, load_entries, snapshot_of
from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_board import ALL, ready
from tests.browser.test_tables import shown
from tests.leaderboard_data.examples import scored
from tests.leaderboard_data.ranked import ranked

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TASKS = KO_V1.category("retrieval").task_ids  # type: ignore[union-attr]
OTHERS = {task: scored(task, 0.6) for task in KO_V1.task_ids if task not in TASKS}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("lexical"), refresh_seconds=0.5) as running:
        for result, samples, rankings in (
            ranked("org/better", 2.6, 1, TASKS, OTHERS),
            ranked("org/worse", 1.2, 2, TASKS, OTHERS),
            ranked("lexical/bm25-bigram", 2.0, 3, TASKS),
            ranked("lexical/bm25-word", 1.0, 4, TASKS),
        ):
            update(running.results, publish_change(result, samples, rankings))
        running.wait_for_results()
        yield running


def test_a_lexical_row_has_a_place_and_no_rank(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured"))
    rows = shown(page)
    assert [row[0] for row in rows[1:]] == ["org/better", "lexical/bm25-bigram", "org/worse", "lexical/bm25-word"]
    assert [row[4] for row in rows[1:]] == ["1", "(2)", "2", "(3)"]
    expect(page.locator(".kel-kind[data-kind=lexical]").first).to_have_attribute("data-label", "어휘 검색")
    expect(page.get_by_role("columnheader", name="+ BM25")).to_be_visible()
    gain = page.locator("tbody tr", has_text="org/worse").locator("td.kel-c-gain")
    expect(gain).to_contain_text("+")
    page.locator("tbody tr", has_text="org/worse").locator("td.kel-score").nth(1).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("BM25와 합치면")
    expect(dialog).to_contain_text("lexical/bm25-bigram")
    expect(dialog).to_contain_text("RRF (k = 60)")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="STS").click()
    expect(page.locator("tbody").first).to_contain_text("org/better")
    assert not any("lexical/" in row[0] for row in shown(page))
    page.get_by_role("tab", name="전체").first.click()
    (row,) = (row for row in shown(page) if row[0] == "lexical/bm25-bigram")
    assert row[1:4] == ["해당 없음"] * 3
    assert row[-1] == "–"


@pytest.mark.parametrize("view", ["overall", "retrieval", "sts"])
def test_the_browser_computes_what_the_export_prints(view: str, app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?{ALL}&tab={view}&q=org/"))
    entries = load_entries(snapshot_of(app.results), Reader())
    made = table(entries, view, KO_V1, ORIGINS)
    expected = {row[0]: row for row in csv.reader(io.StringIO(export(made, "csv")))}
    rows = [row[: len(expected["Model"])] for row in shown(page)]
    assert [row for row in rows if row[0].startswith("org/")] == [expected["org/better"], expected["org/worse"]]


def test_two_models_together(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured"))
    page.goto(f"{app.url}?tab=compare&compare=org/better,org/worse")
    together = page.locator(".kel-together")
    expect(together).to_contain_text("AutoRAGRetrieval")
    expect(together).to_contain_text("RRF (k = 60)")
    assert together.locator("tbody tr").count() == 3  # two tasks, and their mean
