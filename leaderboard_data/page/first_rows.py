"""The first rows of the asked view as HTML, so that a page shows its table at once, with or without its script.

`FirstRows` is made of a suite's data as the browser gets it (`page_data`), whenever there is something new, and draws
what an address asks for, by the rules of static/state.js (`page.asked`), static/scores.js (`page.viewing`) and
static/cells.js (`page.first_cells`). The script draws the table again in the same place (static/table.js).
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from leaderboard_data.licenses import COMMERCIAL, allows_commercial_use
from leaderboard_data.page.asked import EXTRAS, PRECISIONS, Asked, Range, asked
from leaderboard_data.page.first_cells import Cells, escape
from leaderboard_data.page.first_extras import Extras
from leaderboard_data.page.kept import Kept
from leaderboard_data.page.placing import Flags, Floats, Numbers, borda_ranks
from leaderboard_data.page.viewing import Data, View, standing, view

FIRST = 50
"""Rows that are in the page as it is sent."""

GAIN = "hybrid"
MOST_VIEWS = 12
"""Views that are kept: of 10,000 models, one takes about two megabytes."""

ASCENDING_FIRST = ("Rank", "Model", "borda")


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """One column of the table: its published name, its head, its classes, and what draws its cells."""

    name: str
    title: str
    hint: str | None
    classes: str
    number: bool
    draw: Callable[[int], str]
    task: bool = False


class FirstRows:
    """Draws the first rows of a suite's views. Made anew for each state of the results; safe to use from any thread."""

    def __init__(self, content: bytes, *, prepare: bool = True) -> None:
        """`content`: what `page_data` gave for the suite. `prepare`: draw what a page without parameters shows."""
        self.data = Data(orjson.loads(content))
        self._chosen, self._views = Kept(MOST_VIEWS), Kept(MOST_VIEWS)
        if prepare:
            self.table({})

    def table(self, address: Mapping[str, str], language: str = "ko") -> str:
        """The HTML of the table that an address asks for; "" where it asks for something else (`page.asked.asked`).

        Args:
            address: the page's parameters by name, as they stand in its address (`page.asked.address_of`).
            language: "ko" or "en", where the address says neither.
        """
        wanted = asked(address, self.data.suite, language)
        return "" if wanted is None else self._table(wanted)

    def view(self, wanted: Asked) -> View:
        """The view behind a table, with all of its rows."""
        origins = wanted.origins
        chosen = self._chosen.get(origins, lambda: self.data.chosen(origins))
        key = wanted.view, origins, wanted.unseen, wanted.weights
        return self._views.get(key, lambda: view(self.data, wanted, chosen))

    def rows(self, wanted: Asked, made: View, extras: Extras) -> Numbers:
        """The rows of a view that the filters leave, in the order that is asked for."""
        rows = made.rows[_passing(self.data, wanted, made.rows)]
        return _sorted(self.data, wanted, made, rows, extras)

    def _table(self, wanted: Asked) -> str:
        data, made = self.data, self.view(wanted)
        cells, extras = Cells(data, made, wanted), Extras(data, wanted)
        if "borda" in wanted.columns:
            extras.borda = _borda(data, made)
        rows = self.rows(wanted, made, extras)
        columns = _columns(data, wanted, made, cells, extras)
        name, direction = wanted.sort or ("Rank", "asc")
        if name not in _names(made):
            name, direction = "Rank", "asc"
        head = "".join(_head(column, name, direction) for column in columns)
        t = cells.t
        empty = t["table"]["zeroRecords" if len(made.rows) else "emptyTable"]
        body = "".join(_row(columns, int(row), name) for row in rows[:FIRST]) or (
            f'<tr><td colspan="{len(columns)}" class="dt-empty">{escape(empty)}</td></tr>'
        )
        label = data.suite["titles"]["views"][made.id][wanted.language]
        marks = "".join(f"<span>{escape(line)}</span> " for line in _legend(t))
        wide = " data-wide" if wanted.wide else ""
        return (
            '<div class="dt-container dt-empty-footer"><div class="dt-layout-row dt-layout-table">'
            '<div class="dt-layout-cell dt-layout-full">'
            f'<table class="dataTable" data-first="{len(rows)}"{wide} aria-label="{escape(label)}">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div></div>"
            f'<div class="kel-foot"><p class="kel-marks">{marks}</p></div>'
        )


def _legend(t: Mapping[str, Any]) -> list[str]:
    return [t["legend"][name] for name in ("origin", "kind", "precision", "bar", "whisker")]


def _borda(data: Data, made: View) -> Floats:
    """The Borda rank of each row of a view that has all scores, none of them hidden; by the data's rows."""
    of = next((i for i, category in enumerate(data.suite["categories"]) if category["id"] == made.id), None)
    tasks = [i for i, c in enumerate(data.category_of) if of is None or c == of]
    rows = made.rows
    can_do = ~data.inapplicable[tasks][:, rows].any(axis=0)
    counts = rows[data.complete[rows] & ~data.lexical[rows] & can_do & ~made.hides[tasks][:, rows].any(axis=0)]
    found = np.full(data.count, np.nan)
    found[counts] = borda_ranks(data.scores[:, counts], tasks)
    return found


# --- which rows, in which order


def _passing(data: Data, wanted: Asked, rows: Numbers) -> Flags:
    """Which rows pass the filters (origins aside: they decide which row of a model is listed)."""
    entries = data.entries
    tests: list[Callable[[int], bool]] = []
    if wanted.words:
        tests.append(lambda row: all(word in data.texts[row] for word in wanted.words))
    if wanted.precisions:
        tests.append(lambda row: (entries["precision"][row] or PRECISIONS[-1]) in wanted.precisions)
    ranges = (
        ("parameters", wanted.parameters, 1e6),
        ("dimension", wanted.dimension, 1),
        ("max_tokens", wanted.tokens, 1),
    )
    for name, range_, unit in ranges:
        if range_ != (None, None):
            tests.append(_within(entries[name], range_, unit))
    if wanted.licenses:
        commercial = COMMERCIAL in wanted.licenses
        tests.append(
            lambda row: (
                _known(entries["license"][row]) in wanted.licenses
                or (commercial and allows_commercial_use(entries["license"][row]))
            )
        )
    if wanted.open:
        tests.append(lambda row: entries["open"][row] == (1 if wanted.open == "open" else 0))
    if wanted.type:
        tests.append(lambda row: _type(data, row) == wanted.type)
    if not tests:
        return np.ones(len(rows), bool)
    return np.array([all(test(row) for test in tests) for row in rows.tolist()], bool)


def _within(values: Sequence[float | None], range_: Range, unit: float) -> Callable[[int], bool]:
    low = -math.inf if range_[0] is None else range_[0]
    high = math.inf if range_[1] is None else range_[1]

    def within(row: int) -> bool:
        value = values[row]
        return value is not None and low <= value / unit <= high

    return within


def _known(text: str | None) -> str:
    return "unknown" if text is None else text


def _type(data: Data, row: int) -> str:
    llm = data.entries["llm"][row]
    return data.kinds[row] if data.kinds[row] != "dense" else "unknown" if llm is None else "llm" if llm else "encoder"


def _sorted(data: Data, wanted: Asked, made: View, rows: Numbers, extras: Extras) -> Numbers:
    """The rows by the column that is asked for; equal ones keep the view's order, and gaps come last either way."""
    name, direction = wanted.sort or ("Rank", "asc")
    column = next((each for each in made.columns if each.name == name), None)
    if column is not None:
        values = column.values[rows]
    elif name == "Model":
        return _by_text(rows, [data.names[row] for row in rows.tolist()], direction)
    elif name == GAIN:
        gains = (data.entries["hybrids"].get(str(row), {}).get(made.id, {}).get("rrf") for row in rows.tolist())
        values = np.array([gain[1] if gain else math.nan for gain in gains], np.float64)
    elif name in EXTRAS:
        found = [extras.order(row, name) for row in rows.tolist()]
        if any(isinstance(value, str) for value in found):
            return _by_text(rows, found, direction)
        values = np.array([math.nan if value is None else value for value in found], np.float64)
    else:
        if (name, direction) != ("Rank", "desc"):
            return rows
        stood = standing(made.rank[rows], made.place[rows])
        values = np.where(np.isnan(made.rank[rows]) & np.isnan(made.place[rows]), math.nan, stood)
    return rows[np.argsort(values if direction == "asc" else -values, kind="stable")]


def _by_text(rows: Numbers, texts: Sequence[str], direction: str) -> Numbers:
    """As DataTables sorts words: in lower case, by their UTF-16 units; a lone "-" counts as nothing."""
    keys = ["" if text == "-" else text.lower() for text in texts]
    order = sorted(
        range(len(rows)), key=lambda i: keys[i].encode("utf-16-be", "surrogatepass"), reverse=direction == "desc"
    )
    return rows[order]


# --- columns


def _names(made: View) -> list[str]:
    return ["Rank", "Model", *(column.name for column in made.columns), GAIN, *EXTRAS]


def _columns(data: Data, wanted: Asked, made: View, cells: Cells, extras: Extras) -> list[_Shown]:
    """The columns that are visible: rank, model, the score that the view ranks by, the others, gain and extras."""
    t, language = cells.t, wanted.language
    labels, suite = t["labels"], data.suite
    shown = []
    if "Rank" not in wanted.hide:
        title = suite["titles"]["columns"][suite["rank_column"]][language]
        hint = t["hints"]["rank"]
        shown.append(_Shown(name="Rank", title=title, hint=hint, classes="kel-c-rank", number=True, draw=cells.rank))
    model = t["model"]
    shown.append(_Shown(name="Model", title=model, hint=None, classes="kel-c-model", number=False, draw=cells.model))
    first = made.columns[made.key]
    for column in (first, *(each for each in made.columns if each is not first)):
        if column.name not in wanted.hide:
            title = column_title(suite, column.name, made.id, task=column.task is not None)
            told = (title[language] if title else column.name) + ("*" if column.weighted else "")
            hint = labels["weightedHint"] if column.weighted else labels["columnHint"].get(column.name)
            shown.append(
                _Shown(
                    name=column.name,
                    title=told,
                    hint=hint,
                    classes="kel-score",
                    number=True,
                    draw=cells.score(column),
                    task=column.task is not None,
                )
            )
    hybrids = data.entries["hybrids"]
    if hybrids and any(hybrids.get(str(row), {}).get(made.id, {}).get("rrf") for row in made.rows.tolist()):
        gain = t["gain"]
        classes = "kel-score kel-c-gain"
        shown.append(_Shown(name=GAIN, title=gain, hint=t["gainHint"], classes=classes, number=True, draw=cells.gain))
    shown += [_extra(name, t, extras) for name in EXTRAS if name in wanted.columns]
    return shown


def _extra(name: str, t: Mapping[str, Any], extras: Extras) -> _Shown:
    labels, costs = t["labels"], t["costs"]
    return _Shown(
        name=name,
        title=labels["extras"].get(name) or costs["names"][name],
        hint=labels["columnHint"].get(name) or costs["hints"].get(name),
        classes=f"kel-extra kel-c-{name}",
        number=name not in ("origin", "precision", "license", "fits", "matryoshka", "device"),
        draw=lambda row: extras.cell(row, name),
    )


def column_title(suite: Mapping[str, Any], name: str, view_id: str, *, task: bool) -> Mapping[str, str] | None:
    """How visitors read a score column's name, in both languages; None where it is its published name."""
    own = next((each for each in suite["categories"] if each["id"] == view_id), None)
    if own is not None and own["column"] == name:
        title: Mapping[str, str] = suite["titles"]["mean"]
        return title
    return None if task else suite["titles"]["columns"].get(name)


def width_of(title: str) -> str:
    """The class of a column's width, from its title's longest word (static/cells.js); Korean letters count twice."""
    longest = max(sum(2 if letter > "\u2e80" else 1 for letter in word) for word in re.split(r"[\s_/-]+", title))
    return "kel-w1" if longest <= 10 else "kel-w2" if longest <= 14 else "kel-w3"


# --- HTML


def _head(column: _Shown, sorted_by: str, direction: str) -> str:
    hint = f' title="{escape(column.hint)}"' if column.hint else ""
    number = " dt-type-numeric" if column.number else ""
    order, aria = "", ""
    if column.name == sorted_by:
        order = f" dt-ordering-{direction}"
        aria = f' aria-sort="{"ascending" if direction == "asc" else "descending"}"'
    button = (
        '<button type="button" class="kel-open kel-head" disabled aria-hidden="true"></button>' if column.task else ""
    )
    return (
        f'<th scope="col"{hint} class="{width_of(column.title)} {column.classes}{number} dt-orderable-asc'
        f' dt-orderable-desc{order}" data-name="{escape(column.name)}"{aria}><div class="dt-column-header">'
        f'<span class="dt-column-title">{escape(column.title)}</span><span class="dt-column-order"></span></div>'
        f"{button}</th>"
    )


def _row(columns: Sequence[_Shown], row: int, sorted_by: str) -> str:
    def cell(column: _Shown) -> str:
        number = " dt-type-numeric" if column.number else ""
        by = " sorting_1" if column.name == sorted_by else ""
        return f'<td class="{column.classes}{number}{by}">{column.draw(row)}</td>'

    return f"<tr>{''.join(map(cell, columns))}</tr>"
