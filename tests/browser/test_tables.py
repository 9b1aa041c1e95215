"""The five tables in a real browser: the published numbers, sorting, new results without a reload."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.leaderboard_data.examples import measured
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


def test_a_new_result_appears_without_a_restart_or_a_reload(tmp_path: Path, visit: Visit) -> None:
    with running_app(tmp_path) as app:
        page = visit(app.url)
        assert len(shown(page)) == 10
        page.evaluate("window.notReloaded = true")
        result = measured("new-org/new-model", 0.9)
        update(app.results, publish_change(result))
        expect(page.get_by_role("link", name="new-org/new-model")).to_be_visible()
        assert shown(page)[1] == ["new-org/new-model", *["90.00"] * 5, "1"]
        assert page.evaluate("window.notReloaded")


def test_a_hostile_label_stays_text(tmp_path: Path, visit: Visit) -> None:
    with running_app(tmp_path) as app:
        label = '<img src=x onerror="document.title=`hacked`"> 한국어'
        result = measured("org/hostile", 0.9)
        result = result.model_copy(update={"origin": result.origin.model_copy(update={"label": label})})
        update(app.results, publish_change(result))
        page = visit(app.url)
        expect(page.get_by_role("link", name=label)).to_be_visible()
        assert page.title() == "한국어 임베딩 리더보드"


def test_the_page_fits_a_phone(app: RunningApp, visit: Visit) -> None:
    page = visit(app.url, viewport={"width": 390, "height": 844})
    shown(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
