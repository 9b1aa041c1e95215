"""What the page's address asks of a table: the same fields, bounds and defaults as static/state.js, read by the server.

Whatever an address says is hostile until it is read here. What is not understood is the default, as in the browser; a
browser test reads the same addresses with both. Lengths count UTF-16 units and numbers are read as JavaScript reads
them, because the browser does so.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from leaderboard_data.page.shell import is_submitting

Range = tuple[float | None, float | None]

ORIGINS = ("measured", "published", "imported")
PRECISIONS = ("float32", "float16", "bfloat16", "unknown")
COSTS = ("storage", "fits", "matryoshka", "syllable_tokens", "unknown", "cut", "device", "suite_seconds", "peak")
EXTRAS = (
    *("origin", "precision", "parameters", "dimension", "max_tokens", "license", "speed", "borda", "zero_shot"),
    *COSTS,
)
WIDE = ("parameters", "dimension", "max_tokens", "license")
"""Columns that are shown unasked where the window is wide enough."""

PAGES = ("compare", "plots", "about")
"""Values of `tab` that ask for no table, beside those of the submit part."""

KINDS = ("llm", "encoder", "sparse", "multi_vector", "lexical", "unknown")

MOST_COMPARED = 4

_BLANK = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What JavaScript takes for white space, for a character class."""

_BLANKS = re.compile(f"[{_BLANK}]+")
_ENDS = re.compile(f"^[{_BLANK}]+|[{_BLANK}]+$")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_POWER_OF_TWO = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_SORT = re.compile(r"([A-Za-z0-9_() -]{1,40})\.(asc|desc)")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an address asks for. Ranges are (from, to), None where nothing bounds; `wide`: it names no columns."""

    view: str
    language: str
    words: tuple[str, ...]
    origins: tuple[str, ...]
    precisions: tuple[str, ...]
    parameters: Range
    dimension: Range
    tokens: Range
    licenses: tuple[str, ...]
    open: str
    type: str
    unseen: str
    weights: tuple[float, ...]
    sort: tuple[str, str] | None
    columns: tuple[str, ...]
    wide: bool
    hide: tuple[str, ...]
    compare: tuple[str, ...]
    device: str


def address_of(query: str) -> dict[str, str]:
    """A query string's parameters as the browser reads them: of a name that is given twice, the first."""
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        given.setdefault(name, value)
    return given


def asked(address: Mapping[str, str], suite: Mapping[str, Any], language: str = "ko") -> Asked | None:
    """What an address asks of a suite (its description in the page's data); None where it asks for no table.

    Args:
        language: "ko" or "en", where the address says neither.
    """
    views = [view["id"] for view in suite["views"]]
    tab = address.get("tab", "overall")
    if is_submitting(address) or address.get("model") or address.get("task") or tab in PAGES:
        return None
    weights = [category["weight"] for category in suite["categories"]]
    columns = listed(address["cols"], EXTRAS) if "cols" in address else WIDE
    return Asked(
        view=tab if tab in views else "overall",
        language=_one(address.get("lang"), ("ko", "en"), language),
        words=tuple(filter(None, _BLANKS.split(_text(address.get("q", ""), 100).lower()))),
        origins=listed(address["origin"], ORIGINS) if "origin" in address else tuple(suite["origins"]),
        precisions=listed(address.get("precision", ""), PRECISIONS),
        parameters=range_of(address.get("params", "")),
        dimension=range_of(address.get("dim", "")),
        tokens=range_of(address.get("tokens", "")),
        licenses=listed(address.get("license", "")),
        open=_one(address.get("open"), ("open", "closed"), ""),
        type=_one(address.get("type"), KINDS, ""),
        unseen=_one(address.get("unseen"), ("yes", "declared"), ""),
        weights=_weights(address.get("w"), weights),
        sort=_sort(address.get("sort", "")),
        columns=columns,
        wide="cols" not in address,
        hide=listed(address.get("hide", "")),
        compare=listed(address.get("compare", ""), most=MOST_COMPARED),
        device=_text(address.get("device", ""), 100),
    )


def number(text: str) -> float:
    """What JavaScript's `Number(text)` is: 0 for blanks, NaN for what is no number."""
    text = _ENDS.sub("", text)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _POWER_OF_TWO.fullmatch(text):
        try:
            return float(int(text, 0))
        except OverflowError:
            return math.inf
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)


def _one(text: str | None, allowed: Sequence[str], initial: str) -> str:
    return text if text is not None and text in allowed else initial


def _text(text: str, longest: int) -> str:
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * longest]
    return unicodedata.normalize("NFC", units.decode("utf-16-le", "replace"))


def listed(text: str, allowed: Sequence[str] | None = None, most: int = 50) -> tuple[str, ...]:
    """The parts of a list with commas, each once; `allowed` None: all of at most 200 letters."""
    parts = dict.fromkeys(text.split(","))
    kept = [part for part in parts if (part in allowed if allowed else part and _units(part) <= 200)]
    return tuple(kept[:most])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def range_of(text: str) -> Range:
    """The ends of "low-high"; None where nothing, or no number from 0 on, stands."""
    low, high, *_ = [*text.split("-"), "", ""]
    return _amount(low), _amount(high)


def _amount(text: str) -> float | None:
    value = number(text)
    return value if text != "" and math.isfinite(value) and value >= 0 else None


def _weights(text: str | None, usual: Sequence[float]) -> tuple[float, ...]:
    if text is None or text.count(",") != len(usual) - 1:
        return tuple(usual)
    given = tuple(number(part) for part in text.split(","))
    valid = all(0 <= weight <= 5 for weight in given) and any(given)
    return given if valid else tuple(usual)


def _sort(text: str) -> tuple[str, str] | None:
    found = _SORT.fullmatch(text)
    return (found[1], found[2]) if found else None
