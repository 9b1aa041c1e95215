"""The five tables in a real browser: the published numbers, sorting, links."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import RunningApp
from tests.leaderboard_data.test_published_board import VIEWS, exported

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TABS = {"overall": "종합", "sts": "STS", "nli": "NLI", "clustering": "Clustering", "retrieval": "Retrieval"}


def shown(page: Page) -> list[list[str]]:
    """The cells of the table that is visible, its header first."""
    panel = page.locator("[role=tabpanel].kel-panel:visible")
    expect(panel.locator("tbody tr").first).to_be_visible()
    cells: list[list[str]] = panel.evaluate(
        "panel => [...panel.querySelectorAll('tr')].map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )
    return cells


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


@pytest.mark.parametrize("view", VIEWS)
def test_each_table_shows_what_the_export_prints(view: str, app: RunningApp, visit: Visit) -> None:
    page = visit(app.url)
    open_tab(page, TABS[view])
    assert shown(page) == exported(view)


def test_a_click_on_a_header_sorts_by_value_and_again_the_other_way(app: RunningApp, visit: Visit) -> None:
    page = visit(app.url)
    open_tab(page, "STS")
    header = page.get_by_role("columnheader", name="KLUE-STS")
    for order, reverse in (("descending", True), ("ascending", False)):
        header.click()
        expect(header).to_have_attribute("aria-sort", order)
        values = [float(row[1]) for row in shown(page)[1:]]
        assert values == sorted(values, reverse=reverse)


def test_names_lead_to_the_hub(app: RunningApp, visit: Visit) -> None:
    page = visit(app.url)
    link = page.get_by_role("link", name="infloat/me5-instruct")
    expect(link).to_have_attribute("href", "https://huggingface.co/intfloat/multilingual-e5-large-instruct")


def test_the_page_fits_a_phone(app: RunningApp, visit: Visit) -> None:
    page = visit(app.url, viewport={"width": 390, "height": 844})
    shown(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
