"""The five tables in a real browser: the published numbers, sorting, links."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.running import RunningApp
from tests.leaderboard_data.test_published_board import VIEWS, exported

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TABS = {"overall": "종합", "sts": "STS", "nli": "NLI", "clustering": "군집화", "retrieval": "검색"}


ROWS = """panel => {
    const told = new URLSearchParams(location.search).has('cols');
    const unasked = told ? [] : ['parameters', 'dimension', 'max_tokens', 'license'];
    const { names } = document.querySelector('.kel-host').board.table().shown(true);
    const rank = document.querySelector('.kel-host').board.data.suite.rank_column;
    const order = names.map(name => name === rank ? 'Rank' : name).filter(name => !unasked.includes(name));
    const head = [...panel.querySelectorAll('thead th')].map(cell => cell.dataset.name);
    const texts = row => [...row.cells].map(cell => cell.textContent.trim());
    const rows = [...panel.querySelectorAll('tbody tr')].map(texts);
    return [names.slice(0, order.length), ...rows.map(row => order.map(name => row[head.indexOf(name)]))];
}"""


def shown(page: Page) -> list[list[str]]:
    """The cells of the table that is visible, its published names first: the exports' columns in their order.

    What the page shows unasked on a wide screen (size, dimension, tokens, licence) is left out unless asked for.
    """
    panel = page.locator("[role=tabpanel].kel-panel:visible")
    expect(panel.locator("tbody tr").first).to_be_visible()
    cells: list[list[str]] = panel.evaluate(ROWS)
    return cells


def cell(page: Page, name: str, row: int = 0) -> Locator:
    """The cell of a row of the table that is visible, in the column of this published name."""
    panel = page.locator("[role=tabpanel].kel-panel:visible")
    place = panel.evaluate("(panel, name) => panel.querySelector(`th[data-name='${name}']`).cellIndex", name)
    return panel.locator("tbody tr").nth(row).locator("td").nth(place)


def head(page: Page, name: str) -> Locator:
    """The head of the column of this published name, in the table that is visible."""
    return page.locator(f"[role=tabpanel].kel-panel:visible th[data-name='{name}']")


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
