"""Tokenizers that are only a SentencePiece model, as many older Korean repositories have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import LlamaConfig, LlamaModel, XLMRobertaConfig, XLMRobertaModel
from transformers.convert_slow_tokenizer import import_protobuf

from evaluator.model.loading import load_encoder
from evaluator.spec import local_spec
from tests.evaluator import models

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
UNIGRAM, BPE = 1, 2
SPECIAL = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def sentencepiece_model(path: Path, model_type: int, special: list[tuple[str, int]]) -> int:
    """Write a SentencePiece model of the words and letters of a few Korean sentences; returns its number of pieces."""
    model = import_protobuf().ModelProto()
    words = [word for text in models.KOREAN for word in text.split()]
    pieces = sorted({piece for word in words for piece in (f"▁{word}", f"▁{word[0]}", *word)} | {"▁"})
    for piece, kind in special:
        model.pieces.add(piece=piece, score=0.0, type=kind)
    for rank, piece in enumerate(sorted(pieces, key=len, reverse=True)):
        model.pieces.add(piece=piece, score=-1.0 - rank / 10, type=NORMAL)
    model.trainer_spec.model_type = model_type
    model.trainer_spec.unk_id = 0
    model.normalizer_spec.name = "identity"
    path.write_bytes(model.SerializeToString())
    return len(model.pieces)


def xlm_roberta(folder: Path) -> Path:
    folder.mkdir()
    pieces = sentencepiece_model(folder / "sentencepiece.bpe.model", UNIGRAM, SPECIAL)
    config = {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 64}
    models.write_json(folder / "tokenizer_config.json", config)
    XLMRobertaModel(XLMRobertaConfig(vocab_size=pieces + 2, max_position_embeddings=66, **SMALL)).save_pretrained(
        folder
    )
    return models.with_pooling(folder)


def llama(folder: Path) -> Path:
    folder.mkdir()
    special = [*SPECIAL, *((f"<0x{byte:02X}>", BYTE) for byte in range(256))]
    pieces = sentencepiece_model(folder / "tokenizer.model", BPE, special)
    config = {"tokenizer_class": "LlamaTokenizer", "model_max_length": 64, "pad_token": "</s>"}
    models.write_json(folder / "tokenizer_config.json", config)
    sizes = {**SMALL, "num_key_value_heads": 2, "max_position_embeddings": 64}
    LlamaModel(LlamaConfig(vocab_size=pieces + 2, **sizes)).save_pretrained(folder)
    return models.with_pooling(folder, "last")


@pytest.mark.parametrize("make", [xlm_roberta, llama], ids=lambda make: make.__name__)
def test_a_sentencepiece_model_without_tokenizer_json(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    folder = make(tmp_path / "model")
    assert not (folder / "tokenizer.json").exists()
    reference = SentenceTransformer(str(folder), device="cpu")
    pieces = reference.tokenizer.tokenize(models.KOREAN[0])
    assert "".join(pieces).replace("▁", " ").strip() == models.KOREAN[0]
    assert len(pieces) < len(models.KOREAN[0])
    encoder = load_encoder(local_spec(folder, precision="float32"), "cpu")
    ours = encoder.embed(encoder.tokenize(list(models.KOREAN), "", None), "", None)
    np.testing.assert_allclose(ours, reference.encode(list(models.KOREAN)), atol=1e-5)
