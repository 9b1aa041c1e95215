"""Sparse and multi-vector models: found by their files, and encoded as sentence-transformers' own `encode` does."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.errors import EvaluationError
from evaluator.model.encoder import Encoder
from evaluator.model.explaining import explain
from evaluator.model.loading import load_encoder
from evaluator.model.parts import looked_at
from evaluator.model.ragged_encoder import PAIR
from evaluator.model.repository import Repository
from evaluator.spec import ModelSpec, local_spec
from evaluator.tasks import discovered_tasks
from tests.evaluator.models import KOREAN, bert, colbert, pylate, sparse_routes, splade, with_pooling, write_json

TEXTS = [*KOREAN, "비", "쉼표, 마침표. 그리고, 또.", " ".join(KOREAN)]
LATE: dict[str, Callable[[Path], Path]] = {
    "colbert": colbert,
    "one whose tokens see the expansion": partial(colbert, attend=True),
    "pylate": pylate,
}


def loaded(folder: Path, **fields: Any) -> Encoder:
    return load_encoder(looked_at(local_spec(folder, **fields)).spec, "cpu")


def rows_of(encoder: Encoder, texts: list[str], side: Any) -> list[np.ndarray]:
    prompt = encoder.declared.prompts.get(side, "")
    route = side if encoder.routed else None
    return list(encoder.embed(encoder.tokenize(texts, prompt, route), prompt, route))


@pytest.mark.parametrize("name", LATE)
@pytest.mark.parametrize("side", ["query", "document"])
def test_token_vectors_are_those_of_the_models_own_encode(name: str, side: str, tmp_path: Path) -> None:
    encoder = loaded(LATE[name](tmp_path))
    found = rows_of(encoder, TEXTS, side)
    own = getattr(encoder._model, f"encode_{side}")(TEXTS, convert_to_numpy=True)  # type: ignore[attr-defined]
    for mine, expected in zip(found, own, strict=True):
        assert mine.shape == expected.shape
        np.testing.assert_allclose(mine, expected, atol=2e-6)
    if side == "query":
        assert {len(rows) for rows in found} == {56}  # filled up with mask tokens


def test_whether_tokens_see_the_expansion_changes_the_vectors(tmp_path: Path) -> None:
    plain, seen = loaded(colbert(tmp_path / "a")), loaded(colbert(tmp_path / "b", attend=True))
    one, other = (rows_of(encoder, ["비"], "query")[0] for encoder in (plain, seen))
    assert np.abs(one - other).max() > 1e-4


def test_punctuation_of_documents_is_left_out_and_that_of_queries_is_not(tmp_path: Path) -> None:
    encoder = loaded(colbert(tmp_path))
    (tokens,) = encoder.tokenize(["그 영화는 재미있었다."], "[D] ", "document")
    assert len(rows_of(encoder, ["그 영화는 재미있었다."], "document")[0]) == len(tokens) - 1


@pytest.mark.parametrize("make", [splade, sparse_routes])
@pytest.mark.parametrize("side", ["query", "document"])
def test_sparse_vectors_are_those_of_the_models_own_encode(
    make: Callable[[Path], Path], side: str, tmp_path: Path
) -> None:
    encoder = loaded(make(tmp_path))
    own = getattr(encoder._model, f"encode_{side}")(TEXTS).to_dense().numpy()  # type: ignore[attr-defined]
    for mine, expected in zip(rows_of(encoder, TEXTS, side), own, strict=True):
        assert mine.dtype == PAIR
        np.testing.assert_array_equal(mine["index"], np.flatnonzero(expected))
        np.testing.assert_allclose(mine["value"], expected[mine["index"]], atol=2e-6)


def test_only_the_most_active_dimensions_are_kept_where_the_model_says_so(tmp_path: Path) -> None:
    config = splade(tmp_path) / "config_sentence_transformers.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"max_active_dims": 7}))
    assert {len(rows) for rows in rows_of(loaded(tmp_path), TEXTS, "document")} == {7}


def test_the_kind_is_found_and_decides_what_is_applicable(tmp_path: Path) -> None:
    sparse = looked_at(local_spec(splade(tmp_path / "splade"))).spec
    late = looked_at(local_spec(pylate(tmp_path / "pylate"))).spec
    dense = looked_at(local_spec(with_pooling(bert(tmp_path / "bert")))).spec
    assert [spec.kind for spec in (sparse, late, dense)] == ["sparse", "multi_vector", "dense"]
    assert [sparse.can_do("retrieval"), late.can_do("reranking"), late.can_do("sts")] == [True, True, False]
    assert dense.id == local_spec(tmp_path / "bert").id  # the ids of dense models stay what they were


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "ColBERT"}, "multi_vector"),
        ({"similarity_fn_name": "MaxSim"}, "multi_vector"),
        ({"query_prefix": "[unused0]"}, "multi_vector"),
        ({"model_type": "SparseEncoder"}, "sparse"),
        ({"model_type": "SentenceTransformer", "similarity_fn_name": "cosine"}, "dense"),
    ],
)
def test_what_config_files_say(config: dict[str, str], expected: str, tmp_path: Path) -> None:
    with_pooling(bert(tmp_path))
    write_json(tmp_path / "config_sentence_transformers.json", config)
    assert Repository(tmp_path).vectors == expected


def test_another_type_of_model_is_refused(tmp_path: Path) -> None:
    write_json(with_pooling(bert(tmp_path)) / "config_sentence_transformers.json", {"model_type": "CrossEncoder"})
    with pytest.raises(EvaluationError, match="This is a CrossEncoder") as caught:
        looked_at(local_spec(tmp_path))
    assert caught.value.failure == "load_failed"


def test_a_model_that_was_asked_for_as_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="a sparse encoder, and was asked for as a dense embedding model"):
        load_encoder(local_spec(splade(tmp_path)), "cpu")


@pytest.mark.parametrize("settings", [{"query_length": 10**9}, {"query_length": "32"}, {"document_length": 0}])
def test_a_length_that_would_fill_the_memory_is_refused(settings: dict[str, Any], tmp_path: Path) -> None:
    config = pylate(tmp_path) / "config_sentence_transformers.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | settings))
    with pytest.raises(EvaluationError, match="it sets no length of texts"):
        loaded(tmp_path)


def test_settings_of_dense_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="takes no pooling"):
        looked_at(local_spec(splade(tmp_path), truncate_dim=8))
    with pytest.raises(ValueError, match="pooling is a setting of dense models"):
        ModelSpec(model="a/b", vectors="sparse", pooling="cls")


def test_a_projection_with_random_weights_is_refused(tmp_path: Path) -> None:
    write_json(with_pooling(bert(tmp_path)) / "config_sentence_transformers.json", {"similarity_fn_name": "MaxSim"})
    with pytest.raises(EvaluationError, match="one with random weights"):
        loaded(tmp_path)


def test_a_similarity_that_cannot_be_computed_is_refused(tmp_path: Path) -> None:
    config = splade(tmp_path) / "config_sentence_transformers.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"similarity_fn_name": "euclidean"}))
    with pytest.raises(EvaluationError, match="dot and cosine"):
        loaded(tmp_path)


def test_lengths_are_those_of_queries_and_documents(tmp_path: Path) -> None:
    encoder = loaded(colbert(tmp_path))
    assert (encoder.limit("query"), encoder.limit("document"), encoder.max_tokens) == (56, 60, 60)
    shorter = loaded(tmp_path, max_tokens=20)
    assert (shorter.limit("query"), shorter.max_tokens) == (56, 20)
    assert max(map(len, shorter.tokenize(TEXTS, "", "document"))) == 20


def test_it_is_explained(tmp_path: Path) -> None:
    told = explain(local_spec(pylate(tmp_path)), discovered_tasks().values())
    kinds = {discovered_tasks()[task_id].kind for task_id in told.prompts}
    assert (told.kind, told.loader, told.remote_code, kinds) == (
        "multi_vector",
        "sentence-transformers",
        {},
        {"retrieval", "reranking"},
    )
    assert {side: prompt.text for side, prompt in told.prompts["AutoRAGRetrieval"].items()} == {
        "query": "[Q] ",
        "document": "[D] ",
    }
