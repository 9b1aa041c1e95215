"""The columns beside the scores in the first rows, as static/cells.js and costs.js show and sort them."""

import math
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, reduce
from operator import add
from typing import Any

from leaderboard_data.page.asked import Asked
from leaderboard_data.page.first_cells import GAP, escape, percent, whole, words
from leaderboard_data.page.placing import Floats
from leaderboard_data.page.viewing import Data

OF_DEVICE = ("speed", "suite_seconds", "peak")
WORDS = ("fits", "matryoshka", "device")
"""Extra columns that hold words, not numbers."""

INDEXES = (("pgvector", 2000, 0), ("pgvector (halfvec)", 4000, 2000), ("Elasticsearch", 4096, 0), ("Milvus", 32768, 0))


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def compact(number: int) -> str:
    """A number of parameters: 568M, 7.6B, 14B."""
    if number >= 1e9:
        digits = Decimal(1) if number >= 1e10 else Decimal("0.1")
        return f"{Decimal(number / 1e9).quantize(digits, ROUND_HALF_UP)}B"
    return f"{whole(number / 1e6)}M" if number >= 1e6 else f"{number:,}"


class Extras:
    """The values of the columns beside the scores, as text and as what rows are sorted by (static/costs.js)."""

    def __init__(self, data: Data, asked: Asked) -> None:
        self.data, self.entries = data, data.entries
        self.t = words()[asked.language]
        self.borda: Floats | None = None
        self._asked = asked.device

    @cached_property
    def device(self) -> str | None:
        """The device whose values stand in an order: the visitor's choice, else that of most rows."""
        devices = self.data.devices
        return self._asked if self._asked in devices else next(iter(devices), None)

    def value(self, row: int, name: str) -> Any:
        """A row's value as the script keeps it; None where there is none."""
        costs = self.entries["costs"].get(str(row), {})
        if name == "borda":
            rank = math.nan if self.borda is None else float(self.borda[row])
            return None if math.isnan(rank) else int(rank)
        if name == "origin":
            return self.data.origins[self.entries["origin"][row]]
        if name == "zero_shot":
            return self.entries["training"]["zero_shot"][self.data.seen_of[row]]
        if name in ("storage", "fits"):
            if self.data.kinds[row] != "dense":
                return None  # a sparse vector's dimensions are words, and a late-interaction model has many vectors
            dimension = self.entries["dimension"][row]
            if dimension is None or name == "storage":
                return dimension and dimension * 4
            return [index for index, most, above in INDEXES if above < dimension <= most]
        if name == "cut":
            cut = [share for share in costs.get("cut") or () if share is not None]
            return reduce(add, cut, 0.0) / len(cut) if cut else None
        if name == "peak":
            return costs["peak"] / 1e6 if costs.get("peak") is not None else None
        of_costs = {"syllable_tokens": "tokens", "unknown": "unknown", "device": "device", "suite_seconds": "seconds"}
        return costs.get(of_costs[name]) if name in of_costs else self.entries[name][row]

    def order(self, row: int, name: str) -> Any:
        """What a row is sorted by: a number, None for none; or a word, "" for none."""
        if name in WORDS:
            return self.text(row, name) or ""
        if name in OF_DEVICE and self.data.measured_on(row) != self.device:
            return None
        value = self.value(row, name)
        return (value or "") if name in ("origin", "precision", "license") else value

    def text(self, row: int, name: str) -> str | None:
        """A cost as text, not escaped."""
        t, value = self.t["costs"], self.value(row, name)
        if value is None or name == "device":
            return value  # type: ignore[no-any-return]
        if name == "fits":
            return ", ".join(value) or str(t["none"])
        if name == "matryoshka":
            return str(t["claims"][value])
        if name in ("unknown", "cut"):
            return percent(value)
        return _plain(whole(value * 10) / 10) if value < 100 else f"{whole(value):,}"

    def cell(self, row: int, name: str) -> str:
        value = self.value(row, name)
        if name == "origin":
            return escape(self.t["labels"]["origin"][value])
        if value is None:
            return GAP
        if name in self.t["costs"]["names"] or name in OF_DEVICE:
            text = escape(self.text(row, name))
            if name not in OF_DEVICE:
                return text
            device = escape(self.data.measured_on(row) or self.t["costs"]["unknownDevice"])
            return f'{text}<small class="kel-device" data-label="{device}"></small>'
        if name == "parameters":
            return compact(value)
        return f"{value:,}" if isinstance(value, int) else escape(value)
