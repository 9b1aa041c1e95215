"""Tokens of Korean texts are counted without prompts and special tokens, and cut texts by task."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evaluator.sweep.counting import counts_of, hangul, peak_memory
from evaluator.sweep.texts import TextGroup, UniqueTexts
from evaluator.sweep.workspace import Workspace

MOST = 12
UNKNOWN = 3


def tokenize(texts: list[str], prompt: str, route: object) -> list[list[int]]:  # noqa: ARG001
    """Two special tokens and one for each character, of which "?" is unknown."""
    return [[1, *(UNKNOWN if c == "?" else 9 for c in prompt + text), 2][:MOST] for text in texts]


def encoder(**more: Any) -> Any:
    fields = {"encoding": None, "max_tokens": MOST, "routed": False, "unknown_id": UNKNOWN, "tokenize": tokenize}
    given = {**fields, **more}
    return SimpleNamespace(**{"limit": lambda _: given["max_tokens"], **given})


def test_queries_and_documents_may_be_cut_at_other_lengths(tmp_path: Path) -> None:
    """And what a query is filled up with is no token of it."""
    sides: dict[Any, list[str]] = {"query": ["가나다", "가나다라마"], "document": ["바사", "바사아자차카타파하"]}
    groups = [TextGroup(task_id="one", side=side, prompt="", route=side, texts=sides[side]) for side in sides]
    texts, workspace = swept(groups, tmp_path)
    query, document = (workspace.lengths[texts.rows["one", side]] for side in sides)
    assert document[1] > query[1] > query[0]
    limits = {"query": int(query[1]), "document": int(document[1]) + 1}
    told = encoder(limit=limits.__getitem__)
    first = counts_of(texts, workspace, told)
    assert first is not None
    assert first.cut["one"] == 1 / 4  # the longer query alone, though a document is longer
    workspace.added[texts.rows["one", "query"][1]] = 1
    filled = counts_of(texts, workspace, told)
    assert filled is not None
    assert (filled.cut["one"], filled.tokens["one"]) == (0, first.tokens["one"] - 1)


def swept(groups: list[TextGroup], folder: Path) -> tuple[UniqueTexts, Workspace]:
    """A workspace as the sweep leaves it."""
    texts = UniqueTexts(groups)
    folder.mkdir(exist_ok=True)
    workspace = Workspace(folder, len(texts), 4)
    for item in range(len(texts)):
        ids = tokenize(texts.texts(np.array([item])), texts.group_of(item).prompt, None)[0]
        workspace.lengths[item], workspace.unknown[item] = len(ids), ids.count(UNKNOWN)
    return texts, workspace


def group(task: str, side: str, prompt: str, *texts: str) -> TextGroup:
    return TextGroup(task_id=task, side=side, prompt=prompt, route=None, texts=texts)


def test_tokens_of_korean_texts_alone(tmp_path: Path) -> None:
    groups = [
        group("A", "query", "질의:", "한국어?", "가나다", "English"),
        group("A", "document", "", "한국어?", "아주 긴 한국어 문장입니다"),
        group("B", "text", "", "가나다"),
    ]
    found = counts_of(*swept(groups, tmp_path), encoder())
    assert found is not None
    assert found.korean is not None
    assert found.korean.model_dump() == {"texts": 4, "syllables": 12, "tokens": 14, "unknown": 2}
    assert found.cut == {"A": pytest.approx(2 / 5), "B": 0.0}  # "질의:English" fills all twelve, too
    assert found.tokens == {"A": 9 + 8 + 12 + 6 + 12, "B": 5}


def test_what_cannot_be_counted_is_not_told(tmp_path: Path) -> None:
    groups = [group("A", "text", "", "가나다")]
    made = swept(groups, tmp_path)
    assert counts_of(*made, encoder(encoding="own")) is None
    found = counts_of(*made, encoder(unknown_id=None, max_tokens=None))
    assert found is not None
    assert found.korean is not None
    assert (found.korean.unknown, found.cut) == (None, {"A": None})
    english = counts_of(*swept([group("A", "text", "", "none")], tmp_path / "english"), encoder())
    assert english is not None
    assert english.korean is None


def test_a_text_is_korean_if_half_of_it_is() -> None:
    assert hangul("가 나 다") == 3
    assert hangul("가ab") == 0
    assert hangul("가a") == 1
    assert hangul("") == 0


def test_memory_is_a_number_of_bytes() -> None:
    assert peak_memory("cpu")["peak_bytes"] > 10 * 2**20
