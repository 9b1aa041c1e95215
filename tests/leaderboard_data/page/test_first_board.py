"""The board's first look: tabs that lead somewhere, and the asked table where a table is asked for."""

import re

import pytest

from evaluator.suite import SUITES
from leaderboard_data.page.assets import STATIC
from leaderboard_data.page.first_board import PAGES, FirstBoard, tabs_of
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import shipped_entries


@pytest.fixture(scope="module")
def board() -> FirstBoard:
    made = FirstBoard()
    for suite in SUITES.values():
        made.put(suite.id, page_data(shipped_entries(), "revision", suite))
    return made


def selected(html: str) -> list[str]:
    return re.findall(r'id="tab-([\w-]+)"[^>]*aria-selected="true"', html)


def test_the_published_nine_are_in_the_page_as_it_is_sent(board: FirstBoard) -> None:
    html = board.html({}, "ko")
    assert 'data-first="9"' in html
    assert html.index("KURE-v1") < html.index("bge-m3") < html.index("me5-instruct")
    assert "67.58" in html
    assert selected(html) == ["overall"]
    assert "불러오는" not in html


def test_each_suite_has_its_own_tabs_which_keep_suite_and_language(board: FirstBoard) -> None:
    for suite in SUITES.values():
        html = board.html({"suite": suite.id, "lang": "en", "tab": "plots"}, "en")
        assert re.findall(r'id="tab-([\w-]+)"', html) == list(tabs_of(suite))
        assert html.count(f"suite={suite.id}&amp;lang=en&amp;tab=") == len(tabs_of(suite))
        assert selected(html) == ["plots"]
        assert "data-first" not in html
        assert PAGES["plots"].en in html


@pytest.mark.parametrize(
    "address", [{"model": "BAAI/bge-m3"}, {"task": "KLUE-STS"}, {"tab": "about"}, {"tab": "compare"}, {"tab": "submit"}]
)
def test_where_something_else_is_asked_for_no_table_is_drawn(board: FirstBoard, address: dict[str, str]) -> None:
    assert "<table" not in board.html(address, "ko")


def test_nothing_that_an_address_says_is_markup(board: FirstBoard) -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    names = ("suite", "tab", "lang", "q", "sort", "cols", "hide", "compare", "license", "origin", "w", "device", "on")
    for name in names:
        assert "<img" not in board.html({name: hostile}, "ko")
    assert "<img" not in board.html(dict.fromkeys(names, hostile), "ko")


def test_a_board_that_knows_nothing_yet_says_so() -> None:
    assert "불러오는 중" in FirstBoard().html({}, "ko")


def test_the_script_names_these_tabs_alike() -> None:
    labels = (STATIC / "labels.js").read_text("utf-8")
    for tab, words in PAGES.items():
        assert [labels.count(f'{tab}: "{each}"') for each in (words.ko, words.en)] == [1, 1]
