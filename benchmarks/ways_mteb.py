"""The ways of `benchmarks.ways` on MTEB's leaderboard, as far as they go there (`benchmarks.mteb_board` runs it).

There is no filter by licence, no view of two models, nothing behind a number and no form: each way ends where the
board has nothing more to show, and says so in its last step.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from benchmarks.ways import Walk

BENCHMARK = re.compile(r"MTEB\(kor, v\d\)")
MODEL = "KURE-v1"


def _korean(walk: "Walk", url: str) -> Page:
    """The Korean benchmark: open the group of the languages, choose. MTEB 2.26.24 opens `MTEB(kor, v1)`."""
    page = walk.page
    walk.open(url)
    walk.click(page.get_by_role("button", name=re.compile("^Language-specific")).first, "Language-specific")
    walk.click(page.get_by_role("button", name=re.compile("^Korean")).first, "Korean")
    expect(page.get_by_role("heading", name=BENCHMARK)).to_be_visible()
    return page


def _open_tab(walk: "Walk", name: str) -> None:
    """A tab; those that the width does not hold are behind three dots."""
    tab = walk.page.get_by_role("tab", name=name, exact=True)
    if not tab.is_visible():
        walk.click(walk.page.locator(".overflow-menu > button"), "…")
        tab = walk.page.locator(".overflow-dropdown button", has_text=name)
    walk.click(tab, name)


def find(walk: "Walk", url: str) -> None:
    """The table of models under a billion parameters. Licences are on each model's card, on the Hub."""
    page = _korean(walk, url)
    first = page.locator("table tbody tr:visible").first
    before = first.inner_text()
    walk.click(page.get_by_role("button", name=re.compile("^Advanced Model Filters")), "Advanced Model Filters")
    walk.click(page.get_by_label("<1B"), "<1B")
    expect(first).not_to_have_text(before, use_inner_text=True)
    walk.steps.append("licences: not here, a page of the Hub for each model")
    walk.answer(first)


def compare(walk: "Walk", url: str) -> None:
    """The table of all tasks, where one looks for the two rows."""
    page = _korean(walk, url)
    _open_tab(walk, "Performance per task")
    walk.steps.append("two rows of the table, by eye; no interval")
    walk.answer(page.locator("table:visible tbody tr", has_text=MODEL).first)


def why(walk: "Walk", url: str) -> None:
    """The score of the task, and what the task is; nothing tells how this score was made."""
    page = _korean(walk, url)
    _open_tab(walk, "Performance per task")
    expect(page.locator("table:visible tbody tr", has_text=MODEL).first).to_be_visible()
    _open_tab(walk, "Task information")
    walk.steps.append("the task's metric and a link to its data; no run, prompt or item")
    walk.answer(page.locator("table:visible tbody tr", has_text="KLUE-STS").first)


MTEB_WAYS: "dict[str, Callable[[Walk, str], None]]" = {"find": find, "compare": compare, "why": why}
