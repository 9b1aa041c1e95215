"""Small real models for the tests: seeded weights, a tokenizer trained on a few Korean sentences."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2Model,
    T5Config,
    T5EncoderModel,
)

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


def _small(fast: Any) -> BertConfig:
    """Two layers for this tokenizer's vocabulary."""
    return BertConfig(
        vocab_size=len(fast),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )


def bert(folder: Path, *, seed: int = 0, dtype: torch.dtype = torch.float32, **tokens: Any) -> Path:
    """A BERT of two layers as transformers saves it: no modules.json."""
    fast = tokenizer(**tokens)
    torch.manual_seed(seed)
    config = _small(fast)
    return _save(BertModel(config), fast, folder, dtype)


DECODER: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}
"""The sizes of the small decoders."""


def qwen2(folder: Path, *, dtype: torch.dtype = torch.float32, **tokens: Any) -> Path:
    """A decoder of two layers, padded on the left, as LLM-based embedding models are."""
    fast = tokenizer(of_bytes=True, padding_side="left", eos_token="[SEP]", **tokens)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(fast),
        **DECODER,
    )
    return _save(Qwen2Model(config), fast, folder, dtype)


def llama(folder: Path) -> Path:
    """A Llama of two layers in bfloat16, with a tokenizer of bytes."""
    fast = tokenizer(of_bytes=True, eos_token="[SEP]")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        **DECODER,
    )
    return _save(LlamaModel(config), fast, folder, torch.bfloat16)


def t5(folder: Path) -> Path:
    """An encoder-decoder of two layers without a limit of positions."""
    fast = tokenizer(eos_token="[SEP]")
    torch.manual_seed(0)
    config = T5Config(vocab_size=len(fast), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0)
    return _save(T5EncoderModel(config), fast, folder, torch.float32)


def _save(model: PreTrainedModel, fast: PreTrainedTokenizerFast, folder: Path, dtype: torch.dtype) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    model.to(dtype=dtype).save_pretrained(folder)  # type: ignore[call-arg]
    fast.save_pretrained(folder)
    return folder


def with_pooling(folder: Path, pooling: str = "mean", **config: Any) -> Path:
    """Make a saved transformer a sentence-transformers repository; `config` goes into its config file."""
    config_json = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width = config_json.get("hidden_size") or config_json["d_model"]
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


def with_dense(folder: Path, *, width: int = 16) -> Path:
    """Add a Dense module with an activation of torch to a sentence-transformers repository."""
    from sentence_transformers.base.modules import Dense

    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    inside = json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    torch.manual_seed(0)
    (folder / "2_Dense").mkdir()
    Dense(inside, width).save(str(folder / "2_Dense"))
    dense = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.base.modules.dense.Dense"}
    write_json(folder / "modules.json", [*modules, dense])
    return folder


def static(folder: Path) -> Path:
    """A static model: an embedding a token, and their mean."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    torch.manual_seed(0)
    module = StaticEmbedding(tokenizer().backend_tokenizer, embedding_dim=16)
    SentenceTransformer(modules=[module], device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


RAW_TEXTS = '''
import zlib

import torch
from sentence_transformers.base.modules import InputModule


class NGramHasher(InputModule):
    """Counts the n-grams of characters of a text in hashed buckets, and projects the counts."""

    config_keys = ["buckets", "dimension", "longest"]

    def __init__(self, buckets, dimension, longest):
        super().__init__()
        self.buckets, self.dimension, self.longest = buckets, dimension, longest
        self.projection = torch.nn.Linear(buckets, dimension, bias=False)

    def preprocess(self, inputs, prompt=None, **kwargs):
        return {"texts": [(prompt or "") + text for text in inputs]}

    def forward(self, features, **kwargs):
        counts = torch.stack([self.counts(text) for text in features["texts"]])
        weight = self.projection.weight
        features["sentence_embedding"] = self.projection(counts.to(weight.device, weight.dtype))
        return features

    def counts(self, text):
        lengths = range(1, self.longest + 1)
        found = [text[at : at + length] for length in lengths for at in range(len(text) - length + 1)]
        buckets = torch.tensor([zlib.crc32(gram.encode()) % self.buckets for gram in found], dtype=torch.long)
        return torch.bincount(buckets, minlength=self.buckets)

    def get_embedding_dimension(self):
        return self.dimension

    def save(self, output_path, *args, safe_serialization=True, **kwargs):
        self.save_config(output_path)
        self.save_torch_weights(output_path, safe_serialization=safe_serialization)

    @classmethod
    def load(cls, model_name_or_path, subfolder="", **kwargs):
        places = ("token", "cache_folder", "revision", "local_files_only")
        where = {name: kwargs[name] for name in places if name in kwargs}
        model = cls(**cls.load_config(model_name_or_path, subfolder=subfolder, **where))
        return cls.load_torch_weights(model_name_or_path, subfolder=subfolder, model=model, **where)
'''


def raw_texts(folder: Path) -> Path:
    """A sentence-transformers model whose only module is code of its own, and reads texts instead of token ids."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "modeling_ngrams.py").write_text(RAW_TEXTS, encoding="utf-8")
    write_json(folder / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": "modeling_ngrams.NGramHasher"}])
    write_json(folder / "config.json", {"buckets": 2048, "dimension": 64, "longest": 3})
    write_json(folder / "config_sentence_transformers.json", {"__version__": {}})
    weight = torch.randn(64, 2048, generator=torch.Generator().manual_seed(0))
    save_file({"projection.weight": weight}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


OWN_CODE = {
    "modeling_own.py": """
from transformers import BertModel
from .configuration_own import OwnConfig

class OwnModel(BertModel):
    config_class = OwnConfig
""",
    "configuration_own.py": """
from transformers import BertConfig

class OwnConfig(BertConfig):
    model_type = "own-bert"
""",
}
"""Code that a repository may bring: a BERT under another name."""


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


def splade(folder: Path, *, seed: int = 0) -> Path:
    """A `SparseEncoder` of two layers with its masked language model's head, as sentence-transformers saves it."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.sparse_encoder.modules import MLMTransformer, SpladePooling
    from transformers import BertForMaskedLM

    fast = tokenizer(mask_token="[MASK]")
    torch.manual_seed(seed)
    small = _small(fast)
    with TemporaryDirectory() as bare:
        place = _save(BertForMaskedLM(small), fast, Path(bare) / "masked", torch.float32)
        model = SparseEncoder(modules=[MLMTransformer(str(place)), SpladePooling()], device="cpu")
        model.save_pretrained(str(folder))
    return folder


def sparse_routes(folder: Path, *, seed: int = 0) -> Path:
    """A `SparseEncoder` whose queries are looked up in a table of weights, and whose documents are read by a model."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Router
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding

    with TemporaryDirectory() as whole:
        documents = SparseEncoder(str(splade(Path(whole) / "splade", seed=seed)), device="cpu")
        fast = documents.tokenizer
        torch.manual_seed(seed)
        queries = SparseStaticEmbedding(fast, weight=torch.rand(len(fast)), frozen=True)
        read: list[Any] = [documents[0], documents[1]]
        router = Router.for_query_document(query_modules=[queries], document_modules=read)
        SparseEncoder(modules=[router], similarity_fn_name="dot", device="cpu").save_pretrained(str(folder))
    return folder


def colbert(folder: Path, *, seed: int = 0, attend: bool = False, length: int = 56) -> Path:
    """A ColBERT of two layers as sentence-transformers saves it: queries filled up with mask tokens, punctuation of
    documents left out, vectors of eight dimensions."""
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    with TemporaryDirectory() as bare:
        place = bert(Path(bare) / "bert", seed=seed, mask_token="[MASK]")
        transformer = Transformer(
            str(place),
            document_length=60,
            query_expansion={"strategy": "fixed", "attend": attend, "length": length},
        )
        where = "token_embeddings"
        torch.manual_seed(seed)
        dense = Dense(32, 8, bias=False, activation_function=torch.nn.Identity(), module_input_name=where)
        modules = [transformer, dense, MultiVectorMask(skiplist_words=[".", ","]), Normalize(module_input_name=where)]
        prompts = {"query": "[Q] ", "document": "[D] "}
        MultiVectorEncoder(modules=modules, prompts=prompts, device="cpu").save_pretrained(str(folder))
    return folder


def pylate(folder: Path, *, seed: int = 0) -> Path:
    """The same as PyLate saves it: the projection under its own name, and its settings beside the prompts."""
    colbert(folder, seed=seed)
    modules = json.loads((folder / "modules.json").read_text())[:2]
    modules[0]["type"] = "sentence_transformers.models.Transformer"
    modules[1]["type"] = "pylate.models.Dense.Dense"
    (folder / "modules.json").write_text(json.dumps(modules))
    dense = folder / modules[1]["path"] / "config.json"
    kept = ("in_features", "out_features", "bias", "activation_function")
    dense.write_text(json.dumps({key: value for key, value in json.loads(dense.read_text()).items() if key in kept}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 60, "do_lower_case": False}))
    settings = {
        "__version__": {"sentence_transformers": "4.0.2", "transformers": "4.48.2", "pytorch": "2.5.1"},
        "prompts": {},
        "default_prompt_name": None,
        "similarity_fn_name": "MaxSim",
        "query_prefix": "[Q] ",
        "document_prefix": "[D] ",
        "query_length": 56,
        "document_length": 60,
        "attend_to_expansion_tokens": False,
        "skiplist_words": [".", ","],
    }
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    return folder
