"""What an index takes is written where it is drawn: twice for the board, in the report on own data, in the docs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import evaluator.own
import leaderboard_data.page
from leaderboard_data.page.first_extras import INDEXES

STATIC = Path(leaderboard_data.page.__path__[0], "static")
SIZES = Path(evaluator.own.__path__[0], "sizes.js")
DOCS = Path(__file__).resolve().parents[3] / "docs/evaluation.md"


def indexes_in(script: Path) -> list[list[Any]]:
    """The rows of the array INDEXES in a script."""
    found = re.search(r"^const INDEXES = (\[.*?^\]);", script.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None, script
    quoted = re.sub(r"(\w+):", r'"\1":', found[1])
    rows: list[list[Any]] = json.loads(re.sub(r",(\s*\])", r"\1", quoted))
    return rows


def test_the_board_writes_the_same_limits_in_its_first_rows_and_in_the_browser() -> None:
    rows = [(name, most, above[0] if above else 0) for name, most, *above in indexes_in(STATIC / "costs.js")]
    assert tuple(rows) == INDEXES


def test_the_report_on_own_data_has_the_boards_limits() -> None:
    of_float32 = [
        (name, by_form["float32"], above[0] if above else 0)
        for name, by_form, *above in indexes_in(SIZES)
        if "float32" in by_form
    ]
    assert tuple(of_float32) == INDEXES


@pytest.mark.parametrize("script", [STATIC / "table_words.js", SIZES, DOCS], ids=lambda path: path.name)
def test_what_is_said_of_them_names_every_limit(script: Path) -> None:
    forms = [limit for _, by_form, *_ in indexes_in(SIZES) for limit in by_form.values()]
    limits = {most for _, most, _ in INDEXES} if script.name == "table_words.js" else set(forms)
    text = script.read_text("utf-8")
    said = re.findall(r'"?fits(?:Hint)?"?:\s*"([^"]*\d[^"]*)"', text) if script.suffix == ".js" else [text]
    assert len(said) == (2 if script.suffix == ".js" else 1), "one a language"
    for each in said:
        numbers = {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", each)}
        assert numbers == limits if script.suffix == ".js" else limits <= numbers
