"""The server's first rows: the board's own tables, within bounds, with nothing in them that is markup."""

import csv
import io
import math
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from evaluator.policy import Policy
from evaluator.suite import KO_V1, SUITES
from leaderboard_data.board import table
from leaderboard_data.entry import ORIGINS
from leaderboard_data.export import export
from leaderboard_data.hiding import shown
from leaderboard_data.page.asked import address_of, asked, number
from leaderboard_data.page.first_rows import FIRST, FirstRows
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import shipped_entries

ENTRIES = shown(shipped_entries(), Policy())
ALL = {"origin": ",".join(ORIGINS)}
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
VOID = {"input"}


class Read(HTMLParser):
    """The cells' texts by row, and all elements with their attributes; fails where they are not closed in order."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.names: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(markup)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            if tag == "th":
                self.names.append(dict(attrs)["data-name"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "tr" in self._open:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def first() -> dict[str, FirstRows]:
    return {suite.id: FirstRows(page_data(ENTRIES, "r", suite)) for suite in SUITES.values()}


@pytest.mark.parametrize("unseen", ["", "yes", "declared"])
@pytest.mark.parametrize(("suite", "view"), [(suite.id, view) for suite in SUITES.values() for view in suite.view_ids])
def test_the_first_rows_are_what_the_export_prints(
    suite: str, view: str, unseen: str, first: dict[str, FirstRows]
) -> None:
    read = Read(first[suite].table({**ALL, "tab": view, "unseen": unseen, "cols": ""}))
    made = table(ENTRIES, view, SUITES[suite], ORIGINS, unseen)
    lines = list(csv.reader(io.StringIO(export(made, "csv"))))
    named = [SUITES[suite].rank_column if name == "Rank" else name for name in read.names]
    order = [lines[0].index(name) for name in named]
    expected = [[line[i] or "–" for i in order] for line in lines[1:]]
    assert read.rows[1:] == expected[:FIRST]
    assert min(len(expected), FIRST) == len(read.rows) - 1


def test_equal_rows_keep_the_views_order_and_gaps_come_last_either_way(first: dict[str, FirstRows]) -> None:
    for direction in ("asc", "desc"):
        rows = Read(first["ko-v1"].table({**ALL, "sort": f"NLI_Average.{direction}"})).rows[1:]
        values = [row[4] for row in rows]
        known = [float(value) for value in values if value != "–"]
        assert known == sorted(known, reverse=direction == "desc")
        assert values[: len(known)] == [f"{value:.2f}" for value in known]


def test_nothing_that_a_result_says_is_markup() -> None:
    told = {"label": HOSTILE, "license": HOSTILE, "doubts": f"card_differs,{HOSTILE}", "precision": HOSTILE}
    cells = [replace(ENTRIES[0].cells[0], score=None, failure=HOSTILE, odd=HOSTILE) for _ in KO_V1.task_ids]
    entry = replace(next(e for e in ENTRIES if e.suite == KO_V1.id), model=f"org/{HOSTILE}", cells=tuple(cells), **told)  # type: ignore[arg-type]
    markup = FirstRows(page_data([entry], "r", KO_V1)).table(
        {**ALL, "tab": "tasks", "cols": "license,origin,precision", "compare": f"org/{HOSTILE}", "device": HOSTILE}
    )
    read = Read(markup)
    assert {tag for tag, _ in read.elements} <= {
        *("div", "table", "thead", "tbody", "tr", "th", "td", "span", "a", "i", "small", "button", "input", "p")
    }
    allowed = {"class", "scope", "title", "style", "type", "role", "href", "target", "rel", "checked", "disabled"}
    names = {name for _, given in read.elements for name in given if not name.startswith(("data-", "aria-"))}
    assert names <= allowed
    assert HOSTILE in read.rows[1]
    assert all(
        (given["href"] or "").startswith("https://huggingface.co/") for tag, given in read.elements if tag == "a"
    )


@pytest.mark.parametrize("query", ["tab=compare", "tab=plots", "tab=about", "tab=submit", "submission=1", "model=a/b"])
def test_what_is_no_table_has_no_rows(query: str, first: dict[str, FirstRows]) -> None:
    assert first["ko-v1"].table(address_of(query)) == ""


def test_the_visitors_language_is_that_of_the_address_else_the_given_one(first: dict[str, FirstRows]) -> None:
    rows = first["ko-v1"]
    assert ">순위<" in rows.table({})
    assert ">Rank<" in rows.table({}, "en")
    assert ">순위<" in rows.table({"lang": "ko"}, "en")


def test_a_table_without_rows_says_so(first: dict[str, FirstRows]) -> None:
    assert "조건에 맞는 모델이 없습니다" in first["ko-v1"].table({"q": "there is none"})
    assert "There are no results" in first["ko-v1"].table({"origin": "x"}, "en")


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 0), (" \u00a0", 0), ("1e3", 1000), (".5", 0.5), ("0x10", 16), ("0b11", 3), ("-0x1", None), ("1_0", None),
     ("١", None), ("Infinity", math.inf), ("0x" + "f" * 400, math.inf), ("1e999", math.inf), ("nan", None)],
)  # fmt: skip
def test_numbers_are_read_as_javascript_reads_them(text: str, value: float | None) -> None:
    assert math.isnan(number(text)) if value is None else number(text) == value


def test_an_address_is_bounded() -> None:
    long = ",".join(f"n{i}" for i in range(10_000))
    read = asked({"q": "é" * 9999, "hide": long, "compare": long, "license": long, "w": "9,9,9,9"}, KO_V1.description())
    assert read is not None
    assert (len(read.words[0]), len(read.hide), len(read.compare), len(read.licenses)) == (100, 50, 4, 50)
    assert read.weights == (1.0, 1.0, 1.0, 1.0)
