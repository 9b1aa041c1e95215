"""Lexical models: terms, the formula, and what their commits say."""

import importlib.metadata
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.errors import EvaluationError
from evaluator.merging import applicable
from evaluator.model import lexical
from evaluator.model.lexical import K1, MODELS, B, Index, lexical_of, lexical_spec
from evaluator.spec import ModelSpec
from evaluator.suite import KO_V1

REVISIONS = {
    "lexical/bm25-word": "1aea758cda9915491a05fb9e8471b1af5b400fe7",
    "lexical/bm25-bigram": "1f078aeb7e25f3da7ac1f679998653805966e4f4",
    "lexical/bm25-morpheme": "81c89040a9428b0e74fa773a69c4d54b4eab9cb6",
}
"""Changed on purpose only: another commit is another model, and its row has to be computed anew."""


def test_a_commit_changes_only_on_purpose() -> None:
    assert {name: model.revision for name, model in MODELS.items()} == REVISIONS


def test_the_libraries_are_those_that_the_requirements_pin() -> None:
    text = Path("evaluator/requirements.txt").read_text("utf-8")
    for model in MODELS.values():
        for name, version in model.libraries.items():
            assert f"\n{name}=={version}\n" in f"\n{text}\n"
            assert importlib.metadata.version(name) == version


def terms_of(how: lexical.Terms, text: str) -> list[str]:
    (found,) = how([text])
    return found


def test_terms() -> None:
    assert terms_of(lexical.words, "ＧＰＴ-4, 서울시의  한_글!") == ["gpt", "4", "서울시의", "한_글"]
    assert terms_of(lexical.words_and_bigrams, "서울시 A") == ["서울시", "a", "서울", "울시", "a"]
    assert terms_of(lexical.words_and_bigrams, "!?") == []
    found = terms_of(lexical.morphemes, "서울시의 아름다운 GPT를 보았다.")
    assert found == ["서울시", "아름답", "gpt", "보"]


def reference(documents: Sequence[Sequence[str]], query: Sequence[str]) -> list[float]:
    """BM25 as its formula says, a document at a time."""
    mean = sum(map(len, documents)) / len(documents)
    within = Counter(term for document in documents for term in set(document))
    scores = []
    for document in documents:
        counts = Counter(document)
        score = 0.0
        for term in query:
            idf = math.log(1 + (len(documents) - within[term] + 0.5) / (within[term] + 0.5))
            length = K1 * (1 - B + B * len(document) / mean) if mean else K1
            score += idf * counts[term] / (counts[term] + length)
        scores.append(score)
    return scores


TEXTS = st.lists(st.text("가나다라 ab", max_size=25), min_size=1, max_size=12)


@settings(max_examples=80, deadline=None)
@given(TEXTS, TEXTS)
@pytest.mark.parametrize("how", [lexical.words, lexical.words_and_bigrams])
def test_scores_are_those_of_the_formula(how: lexical.Terms, documents: list[str], queries: list[str]) -> None:
    held = list(how(documents))
    for scores, query in zip(Index(how, documents).scores(queries), how(queries), strict=True):
        assert scores == pytest.approx(reference(held, query), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_equal_texts_tie_wherever_they_lie(documents: list[str]) -> None:
    doubled = [*documents, *documents]
    (scores,) = Index(lexical.words_and_bigrams, doubled).scores(["가나 ab 가나"])
    assert np.array_equal(scores[: len(documents)], scores[len(documents) :])


def test_a_lexical_model_is_named_by_its_id_alone() -> None:
    spec = lexical_spec("lexical/bm25-word")
    assert lexical_of(spec).revision == spec.revision == REVISIONS["lexical/bm25-word"]
    with pytest.raises(ValueError, match="bm25-word"):
        lexical_spec("lexical/other")
    with pytest.raises(ValueError, match="cannot be had"):
        lexical_spec("lexical/bm25-word", "main")
    with pytest.raises(ValueError, match="own lexical ones"):
        ModelSpec(model="Lexical/bm25-word", revision="0" * 40)
    with pytest.raises(ValueError, match="own lexical ones"):
        ModelSpec(model="org/bm25-word", source="lexical")
    with pytest.raises(ValueError, match="no settings, so max_tokens"):
        ModelSpec(model="lexical/bm25-word", source="lexical", max_tokens=3)


def test_another_commit_or_other_libraries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    former = ModelSpec(model="lexical/bm25-word", source="lexical", revision="0" * 40)
    with pytest.raises(EvaluationError, match="submit it anew") as refused:
        lexical_of(former)
    assert refused.value.failure == "not_found"
    monkeypatch.setattr(lexical, "_installed", lambda _: "0.1")
    with pytest.raises(EvaluationError, match=r"this machine has 0\.1") as other:
        lexical_of(lexical_spec("lexical/bm25-word"))
    assert other.value.failure == "load_failed"


def test_only_what_ranks_is_applicable() -> None:
    spec = lexical_spec("lexical/bm25-bigram")
    assert [task.id for task in applicable(spec, KO_V1.tasks)] == ["Ko-StrategyQA", "AutoRAGRetrieval"]
    assert applicable(ModelSpec(model="org/model"), KO_V1.tasks) == KO_V1.tasks
