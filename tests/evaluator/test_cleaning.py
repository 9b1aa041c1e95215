"""Texts and numbers of strangers, cleaned where they enter."""

import math
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.cleaning import bounded_int, clean_text, token_limit
from tests.attacks import Attacks

INVISIBLE = (
    *(chr(code) for code in range(0x00, 0x20) if not chr(code).isspace()),
    *(chr(code) for code in range(0x7F, 0xA0) if not chr(code).isspace()),
    *(chr(code) for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))),
    *(chr(code) for code in (0xFEFF, 0x00AD, 0x061C, 0x180E, 0x3164, 0x115F, 0xFFA0, 0x2800, 0x034F)),
    *(chr(code) for code in (0xD800, 0xDFFF, 0xE000, 0xF8FF, 0xF0000, 0x10FFFD, 0xFDD0, 0xFFFE, 0xFFFF)),
    *(chr(code) for code in range(0xE0000, 0xE0200)),
)


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("apache-2.0", "apache-2.0"),
        ("한국어 라이선스 (비상업)", "한국어 라이선스 (비상업)"),
        (unicodedata.normalize("NFD", "한국어"), "한국어"),
        ("웃음 😀👍🏽 ok", "웃음 😀👍🏽 ok"),
        ("  two\t lines\r\nof\u2028text \u00a0 ", "two lines of text"),
        (["mit", "apache-2.0"], "mit, apache-2.0"),
        (["mit", 3, {"a": 1}, "other"], "mit, other"),
        ([], None),
        ("", None),
        (" \u200b\u202e ", None),
        ({"name": "mit"}, None),
        (3, None),
        (True, None),
        (None, None),
    ],
)
def test_what_a_text_becomes(value: object, cleaned: str | None) -> None:
    assert clean_text(value, 100) == cleaned


def test_what_nobody_sees_is_removed(attacks: Attacks) -> None:
    for character in INVISIBLE:
        assert clean_text(f"m{character}it", 100) == "mit", hex(ord(character))
    attacks.held("the page", "a character that shows nothing or turns the direction of text", len(INVISIBLE))


def test_long_texts_are_cut_between_characters(attacks: Attacks) -> None:
    assert clean_text("x" * 3_000_000, 100) == "x" * 99 + "…"
    assert clean_text(["mit"] * 3_000_000, 20) == "mit, mit, mit, mit,…"
    assert clean_text("가" * 100, 100) == "가" * 100
    assert clean_text("ab👍🏽cdef", 4) == "ab…"  # not the hand without its colour
    assert clean_text("abc\u0e01\u0e34\u0e48def", 6) == "abc…"  # nor the Thai letter without its marks
    assert clean_text("z" + "\u0301" * 500, 50) == "ź" + "\u0301" * 4
    assert clean_text("\u202e" * 3_000_000 + "mit", 100) is None
    attacks.held("the page", "a licence of megabytes, or of piled up marks", 4)


def test_notes_keep_their_lines() -> None:
    assert clean_text(" 첫 줄 \r\n\n\n\n둘째\u202e  줄\n", 100, lines=True) == "첫 줄\n\n둘째 줄"


@settings(max_examples=500, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60), st.integers(2, 40), st.booleans())
def test_any_text_is_short_printable_and_stays_as_it_is(text: str, limit: int, lines: bool) -> None:
    cleaned = clean_text(text, limit, lines=lines)
    if cleaned is None:
        return
    assert 0 < len(cleaned) <= limit
    assert not set(cleaned) & set(INVISIBLE)
    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean_text(cleaned, limit, lines=lines) == cleaned


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (512, 512),
        (512.0, 512),
        (-1, None),
        (1001, None),
        (0.5, None),
        (True, None),
        ("512", None),
        ([512], None),
        (None, None),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        (1e300, None),
        (10**400, None),
    ],
)
def test_what_a_number_becomes(value: object, number: int | None) -> None:
    assert bounded_int(value, 0, 1000) == number


def test_no_limit_of_tokens_is_none() -> None:
    assert [token_limit(value) for value in (512, 1e30, int(1e30), 2**63, 0, -1, None)] == [512, *[None] * 6]
