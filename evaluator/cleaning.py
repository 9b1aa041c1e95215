"""What strangers wrote, cleaned and bounded where it enters: texts that are shown, and numbers that are stored.

Model cards, the Hub's answers, configs and notes pass here once; inside the house they are trusted. Nothing here
escapes for HTML: whatever shows a text does that.
"""

import unicodedata

SHORT = 100
"""Characters of a licence or the name of an architecture."""

LARGEST = 2**53 - 1
"""The largest whole number that JSON readers keep exactly."""

LARGEST_LENGTH = 2**31 - 1
"""The largest number of tokens or dimensions that is one; the index stores 32 bits."""

_MARKS_IN_A_ROW = 4
_LOOKED_AT = 20
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Control, format (bidirectional overrides and isolates, zero width, BOM, tags), surrogates, private use."""

_UNSEEN = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x2800, 0x3164, 0xFFA0, *range(0xE0000, 0xE1000)})
"""Letters and marks that show nothing: fillers, the braille blank, tags and the further variation selectors."""


def clean_text(value: object, limit: int, *, lines: bool = False) -> str | None:
    """`value` as one line of at most `limit` characters that shows what it holds; None where nothing is left.

    A list is its texts, joined by commas; whatever else is no text is None. The text is in Unicode's form NFC, without
    characters that show nothing or turn the direction, white space is single blanks, and marks do not pile up. What is
    too long ends in "…", cut between characters as people see them. With `lines`, line breaks stay, two in a row at
    most. Only the first characters of a very long text are looked at, so that it costs no time.
    """
    if isinstance(value, list | tuple):
        value = ", ".join(item[: limit + 1] for item in value[: limit + 1] if isinstance(item, str))
    if not isinstance(value, str):
        return None
    looked_at = value[: limit * _LOOKED_AT]
    text = unicodedata.normalize("NFC", _seen(unicodedata.normalize("NFC", looked_at)))
    if lines:
        text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip("\n")
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
    else:
        text = " ".join(text.split())
    return _cut(text, limit, more=len(value) > len(looked_at)) or None


def bounded_int(value: object, low: int, high: int) -> int | None:
    """`value` as a whole number from `low` to `high`; None if it is none, or lies outside."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():  # NaN and infinities are none either
        return None
    return int(value) if low <= value <= high else None


def token_limit(value: object) -> int | None:
    """The largest number of tokens that a model reads; None for no limit.

    Tokenizers without one tell 1e30, as transformers stores it.
    """
    return bounded_int(value, 1, LARGEST_LENGTH)


def _seen(text: str) -> str:
    """`text` without the characters that nobody sees; white space and line breaks stay."""
    kept: list[str] = []
    marks = 0
    for character in text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n"):
        category = unicodedata.category(character)
        if character.isspace():
            kept.append(character if character == "\n" else " ")
            continue
        if category in _UNSEEN_CATEGORIES or ord(character) in _UNSEEN or _is_no_character(character):
            continue
        marks = marks + 1 if category.startswith("M") else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _is_no_character(character: str) -> bool:
    code = ord(character)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _cut(text: str, limit: int, *, more: bool) -> str:
    """At most `limit` characters of `text`; `more` says that it went on."""
    if len(text) <= limit and not (more and text):
        return text
    end = min(len(text), limit - 1)
    while end > 0 and end < len(text) and _goes_on(text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def _goes_on(character: str) -> bool:
    """Whether a character belongs to the one before it: a mark, or the colour of an emoji's skin."""
    return unicodedata.category(character).startswith("M") or "\U0001f3fb" <= character <= "\U0001f3ff"
