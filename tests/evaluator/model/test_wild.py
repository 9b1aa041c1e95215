"""Repositories as people upload them: modules and files of many kinds give sentence-transformers' embeddings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Router, Transformer
from sentence_transformers.sentence_transformer.modules import (
    LayerNorm,
    Pooling,
    StaticEmbedding,
    WeightedLayerPooling,
)
from transformers import AutoModel

from evaluator.model.encoder import Encoder, Route
from evaluator.model.explaining import Explanation, explain
from evaluator.model.loading import load_encoder
from evaluator.spec import local_spec
from evaluator.suite import KO_V1
from tests.evaluator import models

TEXTS = [*models.KOREAN, "짧다", "아주 긴 문장입니다. " * 30, "emoji 😀 english 섞인 글"]
WIDTH = 32
"""Of the models in `tests.evaluator.models`."""


def load(folder: Path, **fields: object) -> Encoder:
    return load_encoder(local_spec(folder, **fields), "cpu")


def told(folder: Path, **fields: object) -> Explanation:
    return explain(local_spec(folder, **fields), KO_V1.tasks)


def embed(encoder: Encoder, route: Route = None) -> np.ndarray:
    return encoder.embed(encoder.tokenize(TEXTS, "", route), "", route)


def transformer(folder: Path, *, seed: int = 0, **config: Any) -> Transformer:
    return Transformer(str(models.bert(folder, seed=seed)), config_kwargs=config)


def saved(folder: Path, *modules: torch.nn.Module, **fields: Any) -> Path:
    torch.manual_seed(0)
    model = SentenceTransformer(modules=list(modules), device="cpu", **fields)
    model.save_pretrained(str(folder / "saved"), create_model_card=False)
    return folder / "saved"


def for_pytorch(weights: Path) -> None:
    """Weights in safetensors become the older pytorch_model.bin."""
    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    weights.unlink()


def dense_with_tanh_and_normalize(folder: Path) -> Path:
    dense = Dense(WIDTH, 16, activation_function=torch.nn.Tanh())
    return saved(folder, transformer(folder / "bert"), Pooling(WIDTH, "mean"), dense, Normalize())


def two_poolings(folder: Path) -> Path:
    return saved(folder, transformer(folder / "bert"), Pooling(WIDTH, ("mean", "max")))


def layer_norm(folder: Path) -> Path:
    return saved(folder, transformer(folder / "bert"), Pooling(WIDTH, "cls"), LayerNorm(WIDTH))


def weighted_layers(folder: Path) -> Path:
    layers = WeightedLayerPooling(WIDTH, num_hidden_layers=2, layer_start=1)
    return saved(folder, transformer(folder / "bert", output_hidden_states=True), layers, Pooling(WIDTH, "mean"))


def dense_for_pytorch_beside_safetensors(folder: Path) -> Path:
    made = models.with_dense(models.with_pooling(models.bert(folder / "bert")))
    for_pytorch(made / "2_Dense/model.safetensors")
    return made


def weights_for_pytorch(folder: Path) -> Path:
    made = models.with_pooling(models.bert(folder / "bert"))
    for_pytorch(made / "model.safetensors")
    return made


def sharded_weights(folder: Path) -> Path:
    made = models.with_pooling(models.bert(folder / "bert"))
    model = AutoModel.from_pretrained(made)
    (made / "model.safetensors").unlink()
    model.save_pretrained(made, max_shard_size="20KB")
    assert len(list(made.glob("model-*.safetensors"))) > 2
    assert not (made / "model.safetensors").exists()
    return made


def half_precision(folder: Path) -> Path:
    return models.with_pooling(models.bert(folder / "bert", dtype=torch.float16))


def bfloat16_precision(folder: Path) -> Path:
    return models.with_pooling(models.bert(folder / "bert", dtype=torch.bfloat16))


def vocabulary_without_fast_tokenizer(folder: Path) -> Path:
    """The files that BERT had before there were fast tokenizers."""
    made = models.with_pooling(models.bert(folder / "bert"))
    (made / "tokenizer.json").unlink()
    words = [word for text in models.KOREAN for word in text.split()]
    pieces = {piece for word in words for piece in (word[:1], f"##{word[-1:]}", word)}
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(pieces)]
    (made / "vocab.txt").write_text("\n".join(vocabulary[:200]), encoding="utf-8")
    config = {"tokenizer_class": "BertTokenizer", "model_max_length": 64, "do_lower_case": False}
    models.write_json(made / "tokenizer_config.json", config)
    return made


def no_limit_of_tokens(folder: Path) -> Path:
    """No file names a length: what the positions allow."""
    made = models.with_pooling(models.bert(folder / "bert"))
    models.write_json(
        made / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")},
        },
    )
    return made


def fewer_dimensions(folder: Path) -> Path:
    return saved(folder, transformer(folder / "bert"), Pooling(WIDTH, "mean"), Normalize(), truncate_dim=8)


MAKERS: tuple[Callable[[Path], Path], ...] = (
    dense_with_tanh_and_normalize,
    two_poolings,
    layer_norm,
    weighted_layers,
    dense_for_pytorch_beside_safetensors,
    weights_for_pytorch,
    sharded_weights,
    half_precision,
    bfloat16_precision,
    vocabulary_without_fast_tokenizer,
    no_limit_of_tokens,
    fewer_dimensions,
)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_embeddings_equal_sentence_transformers(make: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = make(tmp_path)
    reference = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    encoder, explained = load(folder), told(folder)
    np.testing.assert_allclose(embed(encoder), reference.encode(TEXTS), atol=1e-5)
    assert explained.precision == encoder.dtype
    assert explained.pooling == encoder.loaded.pooling
    assert explained.max_tokens == encoder.max_tokens == 64
    assert explained.truncate_dim == encoder.truncate_dim
    assert explained.warnings == ()


def test_fewer_dimensions_of_the_spec_win_over_the_repositorys(tmp_path: Path) -> None:
    folder = fewer_dimensions(tmp_path)
    reference = SentenceTransformer(str(folder), device="cpu", truncate_dim=20)
    np.testing.assert_allclose(embed(load(folder, truncate_dim=20)), reference.encode(TEXTS), atol=1e-5)
    assert load(folder).dimension == told(folder).truncate_dim == 8
    assert told(folder, truncate_dim=20).truncate_dim == 20


def two_models(folder: Path) -> Path:
    """A model for queries, another for documents."""
    queries = [transformer(folder / "query"), Pooling(WIDTH, "mean")]
    documents = [transformer(folder / "document", seed=1), Pooling(WIDTH, "cls")]
    return saved(folder, Router.for_query_document(queries, documents), Normalize())


def two_layers_on_one_model(folder: Path) -> Path:
    layers = Router.for_query_document([Dense(WIDTH, 16)], [Dense(WIDTH, 16)])
    return saved(folder, transformer(folder / "bert"), Pooling(WIDTH, "mean"), layers)


@pytest.mark.parametrize("make", [two_models, two_layers_on_one_model], ids=lambda make: make.__name__)
def test_queries_and_documents_go_their_own_ways(make: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = make(tmp_path)
    reference, encoder, explained = SentenceTransformer(str(folder), device="cpu"), load(folder), told(folder)
    assert encoder.routed
    queries, documents = embed(encoder, "query"), embed(encoder, "document")
    np.testing.assert_allclose(queries, reference.encode_query(TEXTS), atol=1e-5)
    np.testing.assert_allclose(documents, reference.encode_document(TEXTS), atol=1e-5)
    assert np.abs(queries - documents).max() > 1e-2
    assert explained.architecture == encoder.repository.architecture == "BertModel"
    assert (explained.max_tokens, explained.warnings) == (64, ())


def test_code_on_a_route_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    folder = two_models(tmp_path)
    config = {"types": {"query_0_Own": "modeling_own.Own"}, "structure": {"query": ["query_0_Own"]}}
    models.write_json(folder / "router_config.json", config)
    assert told(folder).remote_code == {"router_config.json, query_0_Own": "modeling_own.Own"}


@pytest.mark.parametrize("path", ["../outside", "/", "a" * 5000, "outside\0"])
def test_a_module_elsewhere_is_told_but_not_read(path: str, tmp_path: Path) -> None:
    folder = models.bert(tmp_path / "bert")
    models.write_json(tmp_path / "outside/sentence_bert_config.json", {"max_seq_length": 7})
    models.write_json(folder / "modules.json", [{"idx": 0, "name": "0", "path": path, "type": "modeling_own.Own"}])
    explained = told(folder)
    assert explained.remote_code == {"modules.json, 0": "modeling_own.Own"}
    assert explained.max_tokens == 64


def test_a_static_embedding_with_a_layer_on_it(tmp_path: Path) -> None:
    static = StaticEmbedding(models.tokenizer().backend_tokenizer, embedding_dim=WIDTH)
    folder = saved(tmp_path, static, Dense(WIDTH, 16), Normalize())
    reference, encoder = SentenceTransformer(str(folder), device="cpu"), load(folder)
    np.testing.assert_allclose(embed(encoder), reference.encode(TEXTS), atol=1e-5)
    assert told(folder).max_tokens is encoder.max_tokens is None
