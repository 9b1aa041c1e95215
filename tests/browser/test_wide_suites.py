"""ko-v2 and MTEB's own board on the page: the browser computes what the export prints, and says what is odd."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from evaluator.suite import suite_of
from leaderboard_data.board import table
from leaderboard_data.export import export
from leaderboard_data.publish import shipped_entries
from tests.browser.running import RunningApp
from tests.browser.test_board import ready
from tests.browser.test_tables import head, shown

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.mark.parametrize(
    ("suite_id", "view"),
    [("ko-v2", "overall"), ("ko-v2", "sts"), ("mteb-kor-v2", "overall"), ("mteb-kor-v2", "retrieval")],
)
def test_the_browser_computes_what_the_export_prints(suite_id: str, view: str, app: RunningApp, visit: Visit) -> None:
    suite = suite_of(suite_id)
    page = ready(visit(f"{app.url}?suite={suite_id}&tab={view}"))
    lines = list(csv.reader(io.StringIO(export(table(shipped_entries(), view, suite), "csv"))))
    place = lines[0].index(suite.rank_column)
    name, first = lines[0].index("Model"), 3 if suite.as_mteb else 1  # MTEB's order: rank, model, zero-shot
    columns = [name, *range(first, first + len(lines[0]) - (3 if suite.as_mteb else 2)), place]
    expected = [[line[i] or "–" for i in columns] for line in lines]
    rows = shown(page)
    assert rows == expected[: len(rows)]
    assert len(rows) == min(51, len(expected))  # a page of the table


def test_the_switch_is_first_on_the_page_and_each_suite_opens_with_its_own_origins(
    app: RunningApp, visit: Visit
) -> None:
    page = ready(visit(app.url))
    expect(page.locator("header select").first).to_have_class("kel-suite")
    expect(page.locator("input[name=origin]:checked")).to_have_count(2)
    page.get_by_label("과제 모음").select_option(label=suite_of("ko-v2").title.ko)
    expect(page).to_have_url(re.compile(r"\?suite=ko-v2$"))
    expect(page.locator("input[name=origin]:checked")).to_have_count(3)
    page.get_by_label("과제 모음").select_option(label=suite_of("mteb-kor-v2").title.ko)
    expect(page.locator("input[name=origin]:checked")).to_have_count(1)
    expect(head(page, "Rank")).to_contain_text("Borda 순위")


def test_a_score_that_contradicts_its_neighbours_is_marked_on_the_cell_and_in_its_dialog(
    app: RunningApp, visit: Visit
) -> None:
    page = ready(visit(f"{app.url}?suite=mteb-kor-v2&tab=reranking&lang=en&q=bge-multilingual-gemma2"))
    cell = page.locator(".kel-panel:visible tbody td:has(.kel-odd)").first
    expect(cell).to_contain_text("36.76")
    cell.click()
    expect(page.get_by_role("dialog")).to_contain_text("far below the retrieval score")


def test_a_score_of_other_data_is_a_gap_that_says_so(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?suite=ko-v2&tab=retrieval&lang=en&q=bge-large-en-v1.5"))
    page.locator(".kel-panel:visible tbody tr").first.locator("td").nth(
        head(page, "Belebele").evaluate("cell => cell.cellIndex")
    ).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("this board's task is pinned to 979a211276fa")
    expect(dialog).to_contain_text("75b399394a98")
