"""WCAG 2.2 AA, as axe-core checks it, in light and dark, and what fits a phone."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.running import RunningApp

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PLACES = {
    "table": "?origin=measured,published,imported&tab=tasks&cols=origin,license,borda&compare=BAAI/bge-m3",
    "compare": "?tab=compare&compare=nlpai-lab/KURE-v1,BAAI/bge-m3",
    "plots": "?tab=plots",
    "about": "?tab=about",
    "model": "?model=nlpai-lab/KURE-v1",
}
ARRIVE = """() => document.getAnimations()
    .filter(moving => moving.effect?.getComputedTiming().endTime !== Infinity)
    .forEach(moving => moving.finish())"""
"""Ends what is on its way, such as colours from one theme to the other: axe reads what is there at its moment."""


def settled(page: Page) -> None:
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.locator(".kel-panel:visible").get_by_text("불러오는 중…")).to_have_count(0)
    expect(page.locator(".kel-panel:visible :is(td, svg.main-svg)").first).to_be_visible()


def breaks_nothing(page: Page, part: str | None = None) -> None:
    """Run axe-core over the page, or the part of it that the selector says, in light and in dark."""
    for theme in ("light", "dark"):
        page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", theme == "dark")
        page.evaluate(ARRIVE)
        found = Axe().run(page, context=part, options={"runOnly": {"type": "tag", "values": TAGS}})
        told = [
            f"{violation['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
            for violation in found.response["violations"]
            for node in violation["nodes"][:3]
        ]
        assert not told, f"{theme}:\n" + "\n".join(told)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_on_the_board_breaks_wcag_aa(place: str, app: RunningApp, visit: Visit) -> None:
    page = visit(app.url + PLACES[place])
    settled(page)
    if place == "table":
        page.locator("summary", has_text="필터").click()
    breaks_nothing(page)


def test_the_submit_tab_breaks_nothing_either(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=submit")
    expect(page.get_by_label("모델 id")).to_be_visible()
    breaks_nothing(page)


def test_the_provenance_dialog_breaks_nothing_either(app: RunningApp, visit: Visit) -> None:
    page = visit(app.url)
    settled(page)
    page.locator(".kel-panel:visible td.kel-score").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("KLUE-STS")
    breaks_nothing(page, "dialog")


@pytest.mark.parametrize("place", PLACES)
def test_the_board_fits_a_phone(place: str, app: RunningApp, visit: Visit) -> None:
    page = visit(app.url + PLACES[place], viewport={"width": 390, "height": 844}, has_touch=True)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # A table squeezed to one character a line is a tower, not a fit.
    if place == "table":  # rank, name and the score that the rows are ranked by are there without a swipe
        cells = page.locator(".kel-panel:visible tbody tr").first.locator("td")
        for number, text in enumerate((r"^1$", r"\w", r"^\d+\.\d\d$")):
            expect(cells.nth(number)).to_have_text(re.compile(text))
            box = cells.nth(number).bounding_box()
            assert box is not None
            assert 0 <= box["x"] <= 390 - box["width"]
    tallest = "Math.max(0, ...[...document.querySelectorAll('.kel tr')].map(row => row.offsetHeight))"
    assert page.evaluate(tallest) < 400


def test_the_table_is_walked_with_the_keyboard_alone(app: RunningApp, visit: Visit) -> None:
    page = visit(app.url)
    settled(page)
    page.get_by_role("tab", name="종합", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="STS", exact=True)).to_be_focused()
    cell = page.locator(".kel-panel:visible tbody td[tabindex='0']")
    cell.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".kel-panel:visible tbody tr:nth-child(2) td:nth-child(4)")).to_be_focused()
