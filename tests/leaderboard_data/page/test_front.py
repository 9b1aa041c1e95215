"""The document at "/": whole without scripts, in one language, safe with any address, kept until there is news."""

import re
from collections.abc import Mapping

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from evaluator.suite import SUITES
from leaderboard_data.page.assets import STATIC, Assets
from leaderboard_data.page.front import LONGEST, MOST_KEPT, REMEMBERED, FrontPage
from leaderboard_data.page.shell import Place, waiting

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
HANGUL = re.compile("[가-힣]")


class Page:
    """The front page over a board that counts how often it is drawn."""

    def __init__(self, *, login: bool = False) -> None:
        self.revision = 0
        self.drawn: list[dict[str, str]] = []
        front = FrontPage(
            Assets(),
            self._board,
            lambda _given, language, address: f"<title>{language} {address}</title>",
            lambda: self.revision,
            [Place("kel-form", "desk/form.js", waiting=True), Place("kel-desk", "desk/maintain.js")],
            ["desk/form.css"],
            "<link rel=feed>",
            login=login,
            refresh_seconds=7,
        )
        self.client = TestClient(Starlette(routes=[front.route(), Route("/other", lambda _: None)]))

    def _board(self, given: Mapping[str, str], language: str) -> str:
        self.drawn.append(dict(given))
        return f"<table>{self.revision}</table>{waiting(language)}"

    def get(self, query: str = "", **headers: str) -> str:
        answer = self.client.get(f"/{query}", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        return answer.text


def without_the_other_language(text: str) -> str:
    return re.sub(r' data-(ko|en|labels)="[^"]*"', "", text)


def test_it_has_everything_that_the_first_look_needs() -> None:
    text = Page().get()
    assert text.startswith('<!doctype html><html lang="ko"><head>')
    for part in ("<title>ko http://testserver/</title>", "<link rel=feed>", "--kel-page: #ffffff", "desk/form.css"):
        assert part in text.split("</head>")[0], part
    for part in (
        "<table>0</table>",
        'data-script="desk/form.js"',
        '<section id="kel-submit" hidden>',
        'data-refresh="7"',
    ):
        assert part in text.split("</head>")[1], part
    assert 'href="board/board.json"' in text
    assert "kel-login" not in re.sub("<style>.*</style>", "", text, flags=re.DOTALL)
    assert "kel-login" in Page(login=True).get()


def test_a_language_at_a_time() -> None:
    english = without_the_other_language(Page().get("?lang=en")).split("</style>")[1]
    assert HANGUL.findall(re.sub('<a class="kel-button kel-language".*?</a>', "", english)) == []
    page = Page()
    assert page.get(**{"Cookie": f"{REMEMBERED}=en"}).startswith('<!doctype html><html lang="en">')
    assert page.get("?lang=ko", **{"Cookie": f"{REMEMBERED}=en"}).startswith('<!doctype html><html lang="ko">')
    assert page.get("?lang=xx", **{"Cookie": f"{REMEMBERED}=<b>"}).startswith('<!doctype html><html lang="ko">')


@pytest.mark.parametrize("query", ["?tab=submit", "?tab=desk", "?submission=x"])
def test_the_submit_part_is_open_where_the_address_says_so(query: str) -> None:
    assert '<section id="kel-submit">' in Page().get(query)


def test_the_suite_of_the_address_is_chosen_and_fetched() -> None:
    first, other, *_ = SUITES
    text = Page().get(f"?suite={other}")
    assert f'href="board/board-{other}.json"' in text
    assert re.search(rf'<option value="{other}" selected=""', text)
    assert re.search(rf'<option value="{first}" selected=""', Page().get("?suite=nothing"))


@pytest.mark.parametrize("name", ["q", "lang", "tab", "suite", "submission", "__theme", "unknown"])
def test_no_address_writes_markup(name: str) -> None:
    page = Page()
    answer = page.client.get("/", params={name: HOSTILE, "tab": HOSTILE, "lang": HOSTILE})
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert page.client.get("/", params={"q": "x" * (LONGEST + 1)}).status_code == 200
    assert page.drawn[-1] == {}, "an address that is too long says nothing"


def test_it_is_kept_until_the_board_has_news_and_then_made_anew() -> None:
    page = Page()
    first = page.client.get("/?tab=sts")
    assert page.client.get("/?tab=sts").text == first.text
    assert len(page.drawn) == 1
    again = page.client.get("/?tab=sts", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    page.revision = 1
    assert "<table>1</table>" in page.get("?tab=sts")
    assert {"Cookie", "Accept-Encoding"} <= {each.strip() for each in first.headers["vary"].split(",")}


def test_no_number_of_addresses_fills_the_memory() -> None:
    page = Page()
    for number in range(MOST_KEPT + 5):
        page.get(f"?q={number}")
    page.get("?q=0")
    assert len(page.drawn) == MOST_KEPT + 6
    page.get(f"?q={MOST_KEPT}")
    assert len(page.drawn) == MOST_KEPT + 6


def test_what_the_tables_need_is_fetched_early_and_nothing_else() -> None:
    early = {address.removeprefix("board/") for address in Assets().modules()}
    assert {"board.js", "table.js", "cells.js", "scores.js", "state.js", "dt_bundle.js"} <= early
    assert not early & {"plots.js", "compare.js", "model.js", "task.js", "about.js", "provenance.js"}
    assert all((STATIC / name).is_file() for name in early - {"dt_bundle.js"})
