"""The cells of the first rows as HTML: elements, classes and texts as static/cells.js, bars.js and hybrid.js make them.

The script draws them again in their place, so whatever differs would be seen to jump; a browser test compares each
cell. Texts come from the script's own file (static/table_words.js).
"""

import html
import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

import numpy as np

from leaderboard_data.page.asked import Asked
from leaderboard_data.page.assets import STATIC
from leaderboard_data.page.placing import Floats
from leaderboard_data.page.viewing import Column, Data, View

HUB = "https://huggingface.co/"
GAP = "–"
Words = Mapping[str, Any]


@cache
def words() -> Mapping[str, Words]:
    """The tables' texts, {language: texts}: the JSON in static/table_words.js."""
    script = (STATIC / "table_words.js").read_text("utf-8")
    found: Mapping[str, Words] = json.loads(script.partition(" TABLE_WORDS = ")[2].rstrip().removesuffix(";"))
    return found


def escape(text: object) -> str:
    return html.escape(str(text))


def percent(value: float) -> str:
    """Two decimals, as static/scores.js rounds them."""
    hundredths = math.floor(whole(abs(value) * 1e10) / 1e8 + 0.5)
    return f"{'-' if value < 0 and hundredths else ''}{hundredths // 100}.{hundredths % 100:02d}"


def signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{percent(value)}"


def whole(value: float) -> int:
    return math.floor(value + 0.5)


def hub_address(model: str) -> str:
    return HUB + "/".join(quote(part, safe="!*'()") for part in model.split("/"))


class Scale:
    """Where a column's bars begin and end: from a little below its lowest tenth to its best (static/bars.js)."""

    def __init__(self, values: Floats) -> None:
        known = np.sort(values[~np.isnan(values)])
        self.best = float(known[-1]) if len(known) else math.nan
        low = float(known[len(known) // 10]) if len(known) else math.nan
        self.low = min(low - 0.25 * (self.best - low), self.best - 1)

    def share(self, value: float) -> int:
        return min(100, max(0, whole((100 * (value - self.low)) / (self.best - self.low))))

    def bar(self, value: float, interval: Sequence[float] | None) -> str:
        top = " kel-top" if value == self.best else ""
        whisker = ""
        if interval:
            low, high = interval
            whisker = (
                f'<small class="kel-ci kel-whisker" data-low="{percent(low)}" data-high="{percent(high)}"'
                f' style="--from:{self.share(low)}%;--to:{self.share(high)}%"></small>'
            )
        return f'<i class="kel-scale{top}" style="--w:{self.share(value)}%">{whisker}</i>'


def _mark(name: str, text: str) -> str:
    return f'<i class="{name}" role="img" aria-label="{text}" title="{text}"></i>' if text else ""


def _quiet(name: str, value: str, label: str, hint: str) -> str:
    return f'<i class="{name}" data-{name[4:]}="{value}" data-label="{escape(label)}" title="{escape(hint)}"></i>'


class Cells:
    """Draws the cells of one view in one language, as it is asked for."""

    def __init__(self, data: Data, made: View, asked: Asked) -> None:
        self.data, self.made, self.asked = data, made, asked
        self.t = words()[asked.language]
        self.labels = self.t["labels"]
        self.entries = data.entries
        self.states = data.suite["tasks"]

    # rank and model

    def rank(self, row: int) -> str:
        rank, place = self.made.rank[row], self.made.place[row]
        if math.isnan(rank):
            if math.isnan(place):
                return GAP
            told = escape(self.t["place"].replace("{place}", str(int(place))))
            return f'<span class="kel-place" title="{told}">({int(place)})</span>'
        tie = ""
        rows = self.made.ties.get(str(row))
        if rows is not None:
            first, last = (int(rank if math.isnan(self.made.rank[each]) else self.made.rank[each]) for each in rows)
            if first != last:
                tie = (
                    f'<small class="kel-ci" data-low="{first}" data-high="{last}"'
                    f' title="{escape(self.labels["tieHint"])}"></small>'
                )
        return f'<span class="kel-rank">{int(rank)}</span>{tie}'

    def model(self, row: int) -> str:
        entries, t, labels = self.entries, self.t, self.labels
        name, model = self.data.names[row], entries["model"][row]
        organisation, slash, own = name.partition("/") if not name.startswith("/") else ("", "", name)
        own = own if slash else name
        lexical = bool(self.data.lexical[row])
        if entries["local"][row] or lexical:
            named = f'<span class="kel-name">{escape(own)}</span>'
        else:
            named = (
                f'<a class="kel-name" href="{escape(hub_address(model))}" target="_blank" rel="noopener noreferrer"'
                f' aria-label="{escape(name)}">{escape(own)}</a>'
            )
        llm = entries["llm"][row]
        vectors = self.data.kinds[row]
        kind = vectors if vectors != "dense" else None if llm is None else "llm" if llm else "encoder"
        marks = _quiet("kel-kind", kind, t["kind"][kind], t["kindHint"][kind]) if kind else ""
        origin = self.data.origins[entries["origin"][row]]
        marks += _quiet("kel-origin", origin, t["origin"][origin], labels["originHint"][origin])
        precision = entries["precision"][row]
        if precision in t["precision"]:
            hint = t["precisionHint"].replace("{precision}", precision)
            marks += _quiet("kel-precision", precision, t["precision"][precision], hint)
        doubts = entries["doubts"].get(str(row), ())
        marks += _mark("kel-doubt", escape(" ".join(labels["warning"].get(code, code) for code in doubts)))
        checked = " checked" if model in self.asked.compare else ""
        above = f'<span class="kel-org">{escape(organisation)}/</span>' if slash else ""
        return (
            f'<span class="kel-model"><input type="checkbox" data-compare="{escape(model)}"{checked}'
            f' aria-label="{escape(labels["compareWith"])} {escape(name)}"><span class="kel-names">{above}{marks}'
            f'{named}</span><button type="button" class="kel-open" data-model="{escape(model)}"'
            f' aria-label="{escape(labels["openModel"])} {escape(name)}" title="{escape(labels["openModel"])}">'
            "</button></span>"
        )

    # scores

    def score(self, column: Column) -> Callable[[int], str]:
        """What draws a score column's cells."""
        data, entries, t = self.data, self.entries, self.t
        scale = Scale(column.values[self.made.rows])
        within = self._within(column)
        seen_as: dict[str, str] = {}
        odd = self.labels["odd"]
        inapplicable = [column.task] if column.task is not None else self._of_category(column)

        def draw(row: int) -> str:
            key = str(row)
            if inapplicable and data.inapplicable[inapplicable, row].all():
                hint = escape(t["notApplicableHint"])
                return f'<span class="kel-gap" title="{hint}">{escape(t["notApplicable"])}</span>'
            value = float(column.values[row])
            missing = math.isnan(value)
            task = str(column.task)
            marks = _mark("kel-odd", escape(odd.get(entries["odd"].get(key, {}).get(task), "")))
            if not missing or self.made.hides[within, row].any():
                seen = data.seen[data.seen_of[row]]
                if seen not in seen_as:
                    seen_as[seen] = self._seen(column, within, seen)
                marks += seen_as[seen]
            if missing:
                failure = entries["failures"].get(key, {}).get(task)
                gap = f'<span class="kel-gap" title="{escape(failure)}">{GAP}</span>' if failure else GAP
                return gap + marks
            interval = self._interval(column, key)
            told = ""
            if interval:
                low, high = map(percent, interval)
                told = f' title="{escape(t["interval"].replace("{low}", low).replace("{high}", high))}"'
            best = ' class="kel-best"' if value == scale.best else ""
            return f"<span{best}{told}>{percent(value)}</span>{marks}{scale.bar(value, interval)}"

        return draw

    def _of_category(self, column: Column) -> list[int]:
        if column.mean is None or column.mean >= len(self.data.weights):
            return []
        return [i for i, c in enumerate(self.data.category_of) if c == column.mean]

    def _within(self, column: Column) -> list[int]:
        """The numbers of the tasks that a column's score is made of."""
        if column.task is not None:
            return [column.task]
        weights = self.asked.weights if column.mean is None else self.data.weights
        counted = [i for i, c in enumerate(self.data.category_of) if weights[c] > 0]
        return self._of_category(column) or counted

    def _seen(self, column: Column, within: Sequence[int], seen: str) -> str:
        t = self.t["training"]
        states = [seen[i] for i in within if i < len(seen)]
        if column.task is not None:
            told = t["states"].get(states[0]) if states else None
            return "" if told is None or states[0] == "n" else self._seen_mark(states[0], told)
        known = [state for state in states if state in "di"]
        if known:
            text = t["ofMean"].replace("{n}", str(len(known))).replace("{of}", str(len(within)))
            return self._seen_mark("d" if "d" in known else "i", text)
        return self._seen_mark("?", t["states"]["?"]) if "?" in states else ""

    def _seen_mark(self, state: str, text: str) -> str:
        told = escape(text)
        return f'<i class="kel-seen" data-seen="{state}" role="img" aria-label="{told}" title="{told}"></i>'

    def _interval(self, column: Column, key: str) -> Sequence[float] | None:
        if column.task is not None:
            low, high = (self.entries[end].get(key) for end in ("low", "high"))
            return None if low is None or low[column.task] is None else (low[column.task], high[column.task])
        if column.mean is None:
            return None
        intervals = self.entries["mean_intervals"].get(key)
        found: Sequence[float] | None = intervals[column.mean] if intervals else None
        return found

    def gain(self, row: int) -> str:
        """What a row gains from fusion with BM25."""
        gain = self.entries["hybrids"].get(str(row), {}).get(self.made.id, {}).get("rrf")
        if not gain:
            return GAP
        low, high = signed(gain[2]), signed(gain[3])
        return f'<span>{signed(gain[1])}</span><small class="kel-ci" data-low="{low}" data-high="{high}"></small>'
