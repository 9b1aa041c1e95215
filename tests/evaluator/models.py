"""Small real models for the tests: seeded weights, a tokenizer trained on a few Korean sentences."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedModel, PreTrainedTokenizerFast, Qwen2Config, Qwen2Model

KOREAN = (
    "한국어 임베딩 모델을 평가합니다.",
    "오늘 아침 서울에는 비가 내렸다.",
    "은행 계좌를 개설하려면 신분증이 필요합니다.",
    "고양이가 창가에서 햇볕을 쬐고 있다.",
    "그 영화는 기대했던 것보다 훨씬 재미있었다.",
    "환자는 수술 후 빠르게 회복하고 있다.",
    "대법원은 원심 판결을 파기하고 사건을 돌려보냈다.",
    "배송이 늦어져서 고객 센터에 문의했다.",
)


def tokenizer(*, of_bytes: bool = False, **fields: Any) -> PreTrainedTokenizerFast:
    """A BPE tokenizer that puts [CLS] and [SEP] around a text; `fields` replace its special tokens.

    `of_bytes`: its pieces are made of bytes, as decoders' are: transformers reads any Qwen2 tokenizer as one of these.
    """
    bpe = Tokenizer(models.BPE(unk_token="[UNK]"))
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False) if of_bytes else pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    alphabet = pre_tokenizers.ByteLevel.alphabet() if of_bytes else []
    trainer = trainers.BpeTrainer(
        vocab_size=300 + len(alphabet), special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(KOREAN, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokens = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", **fields}
    return PreTrainedTokenizerFast(tokenizer_object=bpe, model_max_length=64, **tokens)


def bert(folder: Path, *, seed: int = 0, dtype: torch.dtype = torch.float32, **tokens: Any) -> Path:
    """A BERT of two layers as transformers saves it: no modules.json."""
    fast = tokenizer(**tokens)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(fast),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    return _save(BertModel(config), fast, folder, dtype)


def qwen2(folder: Path, *, dtype: torch.dtype = torch.float32, **tokens: Any) -> Path:
    """A decoder of two layers, padded on the left, as LLM-based embedding models are."""
    fast = tokenizer(of_bytes=True, padding_side="left", eos_token="[SEP]", **tokens)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(fast),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    return _save(Qwen2Model(config), fast, folder, dtype)


def _save(model: PreTrainedModel, fast: PreTrainedTokenizerFast, folder: Path, dtype: torch.dtype) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    model.to(dtype=dtype).save_pretrained(folder)  # type: ignore[call-arg]
    fast.save_pretrained(folder)
    return folder


def with_pooling(folder: Path, pooling: str = "mean", **config: Any) -> Path:
    """Make a saved transformer a sentence-transformers repository; `config` goes into its config file."""
    width = json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    write_json(folder / "modules.json", modules)
    write_json(folder / "1_Pooling/config.json", {"word_embedding_dimension": width, **pooling_config(pooling)})
    write_json(folder / "config_sentence_transformers.json", {"__version__": {}, **config})
    return folder


def pooling_config(pooling: str) -> dict[str, bool]:
    """The pooling part of 1_Pooling/config.json."""
    names = {"cls": "cls_token", "mean": "mean_tokens", "last": "lasttoken"}
    return {f"pooling_mode_{name}": name == names[pooling] for name in names.values()}


def static(folder: Path) -> Path:
    """A static model: an embedding a token, and their mean."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    torch.manual_seed(0)
    module = StaticEmbedding(tokenizer().backend_tokenizer, embedding_dim=16)
    SentenceTransformer(modules=[module], device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def change_weights(folder: Path, change: Any) -> None:
    """Replace every weight of a saved model by what `change` makes of it."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: change(name, value) for name, value in weights.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
