"""The comparison: bars that are the API's numbers, what the page says of chance, its links, and what it asks for."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import RunningApp, running_app
from tests.browser.test_board import publish_measured

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TWO = "org/first,org/second"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Three measured models: two that are almost alike, and one that is clearly below them."""
    with running_app(tmp_path_factory.mktemp("compare"), refresh_seconds=0.5) as running:
        for number, (model, score) in enumerate((("org/first", 0.8001), ("org/second", 0.8), ("org/third", 0.6))):
            publish_measured(running, model, score, own=number)
        running.wait_for_results()
        yield running


def bars(page: Page) -> dict[str, list[tuple[float, list[float], str]]]:
    """Of each line of the table, what its bars show: the difference, the ends of the whisker, whether it is sure."""
    expect(page.locator("tr[data-line] .kel-dbar").first).to_be_visible()
    read = """rows => rows.map(row => [row.dataset.line, [...row.querySelectorAll('.kel-dbar')].map(({dataset}) =>
        [+dataset.difference, dataset.interval ? dataset.interval.split(' ').map(Number) : [], dataset.sure])])"""
    return {
        line: [(value, ends, sure) for value, ends, sure in found]
        for line, found in page.locator("tr[data-line]").evaluate_all(read)
    }


@pytest.mark.parametrize("models", [TWO, f"{TWO},org/third", "org/first,BAAI/bge-m3"])
def test_the_bars_are_the_differences_of_the_api(models: str, app: RunningApp, visit: Visit) -> None:
    compared = httpx.get(f"{app.url}board/api/compare", params={"models": models}, timeout=30).json()
    page = visit(f"{app.url}?tab=compare&compare={models}")
    drawn = bars(page)
    sure = {None: "untested", True: "yes", False: "no"}
    assert drawn == {
        row["id"]: [
            (d["difference"], d["interval95"] or [], sure[d["significant"]])
            for d in row["differences"]
            if d is not None
        ]
        for row in compared["rows"]
    }
    # the rectangle reaches from zero, in the middle, to the side of the sign, in proportion
    widths = page.locator("tr[data-line] .kel-dbar").evaluate_all(
        "all => all.map(bar => [+bar.dataset.difference, +bar.querySelector('rect').getAttribute('width'),"
        " +bar.querySelector('rect').getAttribute('x')])"
    )
    (largest, widest, _) = max(widths, key=lambda each: abs(each[0]))
    for value, width, x in widths:
        assert width == pytest.approx(widest * abs(value / largest), abs=1e-6)
        assert x == pytest.approx(50 if value > 0 else 50 - width, abs=1e-6)


def test_what_chance_may_explain_is_grey_and_said(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=compare&compare={TWO},org/third")
    overall = page.locator("tr[data-line=overall] td.kel-difference")
    expect(overall.nth(0)).to_contain_text("구분되지 않음")
    expect(overall.nth(1)).to_contain_text("org/first 우세")
    fills = page.locator("tr[data-line=overall] .kel-dbar rect").evaluate_all(
        "all => all.map(each => getComputedStyle(each).fill)"
    )
    assert fills[0] != fills[1]
    page.goto(f"{app.url}?tab=compare&compare=org/first,BAAI/bge-m3")
    expect(page.locator("tr[data-line=overall]")).to_contain_text("구간 없음")


def test_a_task_leads_to_what_only_one_finds(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=compare&compare={TWO}")
    page.locator(".kel-only").get_by_role("link", name="KLUE-STS").click()
    expect(page.get_by_role("heading", name="KLUE-STS")).to_be_visible()
    expect(page).to_have_url(re.compile(r"look=org%2Ffirst%2Corg%2Fsecond"))


def test_with_less_than_two_models_the_page_says_what_to_do(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=compare")
    empty = page.locator(".kel-empty")
    expect(empty).to_contain_text("2~4개")
    page.get_by_label("모델 추가").fill("no/body")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="no/body")).to_be_visible()
    page.get_by_label("모델 추가").fill("org/first")
    page.keyboard.press("Enter")
    expect(empty).to_contain_text("org/first 하나")
    page.get_by_label("모델 추가").fill("org/second")
    page.keyboard.press("Enter")
    expect(page.locator(".kel-compare")).to_contain_text("KLUE-STS")
    expect(page.get_by_role("img", name=re.compile("분류별 모습.*first: .*second: "))).to_be_visible()
