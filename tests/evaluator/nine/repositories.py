"""The nine models of the published board as they lie on the Hub, in miniature: same files and layout, tiny weights.

What could not be looked up (no Hub from here) is marked UNSURE: it is as the authors' other models are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from tests.evaluator import models
from tests.evaluator.models import write_json

E5_FAQ = """
## FAQ
**1. Do I need to add the prefix "query: " and "passage: " to input texts?**
Yes, this is how the model is trained. Use "query: " for symmetric tasks.
"""
INSTRUCT = """
def get_detailed_instruct(task_description: str, query: str) -> str:
    return f'Instruct: {task_description}\\nQuery: {query}'
"""


@dataclass(frozen=True)
class Nine:
    """One of the nine: its id, how its repository is made, and what `explain` has to say of it.

    `recipe` is the environment of other libraries' versions that it runs in. `adapters` are the bases of its adapters,
    the topmost first; `others` makes those repositories.
    `prompts`: side -> the text before it, for KLUE-STS ("text") and Ko-StrategyQA ("query", "document").
    """

    model: str
    make: Callable[[Path], Path]
    loader: str
    precision: str
    pooling: str
    prompts: tuple[str, str, str] = ("", "", "")
    card: str | None = None
    remote_code: tuple[str, ...] = ()
    recipe: str | None = None
    adapters: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    others: Mapping[str, Callable[[Path], Path]] = field(default_factory=dict)


def sentence_transformers(
    folder: Path, pooling: str, card: str, *, decoder: bool = False, config: dict[str, Any] | None = None, **st: Any
) -> Path:
    """Transformer, Pooling, Normalize, as all of the nine but LLM2Vec are saved."""
    made = models.with_pooling((models.qwen2 if decoder else models.bert)(folder), pooling, **st)
    modules = json.loads((made / "modules.json").read_text())
    normalize = {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
    write_json(made / "modules.json", [*modules, normalize])
    write_json(made / "sentence_bert_config.json", {"max_seq_length": 64, "do_lower_case": False})
    read = json.loads((made / "config.json").read_text())
    write_json(made / "config.json", {**read, **(config or {})})
    (made / "README.md").write_text(f"---\nlanguage: ko\nlicense: mit\n---\n# {folder.name}\n{card}", encoding="utf-8")
    return made


OWN_QWEN = """
from transformers import Qwen2Config, Qwen2ForCausalLM as Stock, Qwen2Model as StockModel


class Qwen2Model(StockModel):
    def forward(self, input_ids=None, attention_mask=None, is_causal=None, **options):
        mask = attention_mask[:, None, None, :].bool().expand(-1, 1, attention_mask.shape[1], -1)
        return super().forward(input_ids=input_ids, attention_mask={"full_attention": mask}, **options)


class Qwen2ForCausalLM(Stock):
    pass
"""
"""Its model reads texts in both directions, as the real one does; the stock class would not."""

OWN_TOKENIZER = """
from transformers import Qwen2TokenizerFast as Stock


class Qwen2Tokenizer(Stock):
    pass


class Qwen2TokenizerFast(Stock):
    pass
"""


def gte_qwen2(folder: Path) -> Path:
    auto_map = {"AutoModel": "modeling_qwen.Qwen2Model", "AutoModelForCausalLM": "modeling_qwen.Qwen2ForCausalLM"}
    prompt = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
    made = sentence_transformers(
        folder,
        "last",
        INSTRUCT,
        decoder=True,
        config={"auto_map": auto_map, "architectures": ["Qwen2ForCausalLM"]},
        prompts={"query": prompt},
    )
    tokenizer = json.loads((made / "tokenizer_config.json").read_text())
    own = {"AutoTokenizer": ["tokenization_qwen.Qwen2Tokenizer", "tokenization_qwen.Qwen2TokenizerFast"]}
    write_json(made / "tokenizer_config.json", {**tokenizer, "auto_map": own, "add_eos_token": True})
    (made / "modeling_qwen.py").write_text(OWN_QWEN)
    (made / "tokenization_qwen.py").write_text(OWN_TOKENIZER)
    return made


LLAMA, MNTP = "meta-llama/Meta-Llama-3-8B-Instruct", "McGill-NLP/LLM2Vec-Meta-Llama-3-8B-Instruct-mntp"
LLM2VEC_CARD = """---
license: mit
---
# LLM2Vec
l2v.encode([[instruction, q] for q in queries])
"""


def _lora(folder: Path, seed: int) -> None:
    """A LoRA adapter of two layers of the tiny Llama, as peft saves it, with weights that are not zero."""
    projections = {"q_proj": (32, 32), "k_proj": (32, 16), "v_proj": (32, 16), "o_proj": (32, 32)}
    projections |= {"gate_proj": (32, 64), "up_proj": (32, 64), "down_proj": (64, 32)}
    random = torch.Generator().manual_seed(seed)
    weights = {}
    for layer in range(2):
        for name, (inside, outside) in projections.items():
            part = "self_attn" if name[0] in "qkvo" else "mlp"
            key = f"base_model.model.layers.{layer}.{part}.{name}"
            weights[f"{key}.lora_A.weight"] = 0.3 * torch.randn(4, inside, generator=random)
            weights[f"{key}.lora_B.weight"] = 0.3 * torch.randn(outside, 4, generator=random)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {"base_model_name_or_path": LLAMA, "peft_type": "LORA", "r": 4, "lora_alpha": 8, "lora_dropout": 0.05}
    write_json(folder / "adapter_config.json", {**config, "bias": "none", "target_modules": list(projections)})


def llm2vec(folder: Path) -> Path:
    _lora(folder, seed=2)
    (folder / "README.md").write_text(LLM2VEC_CARD)
    return folder


def llm2vec_mntp(folder: Path) -> Path:
    """The adapter below it: with the base's tokenizer and a configuration that names its bidirectional class."""
    llama = models.llama(folder)
    (llama / "model.safetensors").unlink()
    config = json.loads((llama / "config.json").read_text())
    auto_map = {"AutoModel": "modeling_llama_encoder.LlamaEncoderModel"}
    write_json(llama / "config.json", {**config, "_name_or_path": LLAMA, "auto_map": auto_map})
    (llama / "modeling_llama_encoder.py").write_text(
        "from llm2vec.models import LlamaBiModel\n\n\nclass LlamaEncoderModel(LlamaBiModel):\n    pass\n"
    )
    _lora(llama, seed=1)
    return llama


WEB = "Retrieve text based on user query."
STS = "Retrieve semantically similar text."

ST = "sentence-transformers"

NINE = (
    Nine("nlpai-lab/KURE-v1", lambda f: sentence_transformers(f, "cls", ""), ST, "float32", "cls"),
    Nine("dragonkue/BGE-m3-ko", lambda f: sentence_transformers(f, "cls", ""), ST, "float32", "cls"),
    Nine("BAAI/bge-m3", lambda f: sentence_transformers(f, "cls", ""), ST, "float32", "cls"),
    Nine(  # UNSURE: mean pooling
        "upskyy/bge-m3-korean",
        lambda f: sentence_transformers(f, "mean", ""),
        ST,
        "float32",
        "mean",
    ),
    Nine(
        "nlpai-lab/KoE5",
        lambda f: sentence_transformers(f, "mean", E5_FAQ),
        ST,
        "float32",
        "mean",
        ("query: ", "query: ", "passage: "),
        "e5",
    ),
    Nine(
        "intfloat/multilingual-e5-large-instruct",
        lambda f: sentence_transformers(f, "mean", INSTRUCT),
        ST,
        "float32",
        "mean",
        (f"Instruct: {STS}\nQuery: ", f"Instruct: {WEB}\nQuery: ", ""),
        "e5-instruct-multilingual",
    ),
    Nine(
        "Alibaba-NLP/gte-Qwen2-7B-instruct",
        gte_qwen2,
        ST,
        "bfloat16",
        "last",
        (f"Instruct: {STS}\nQuery: ", f"Instruct: {WEB}\nQuery: ", ""),
        "alibaba-nlp-gte-qwen1-5",
        (
            "config.json, AutoModel",
            "config.json, AutoModelForCausalLM",
            "tokenizer_config.json, AutoTokenizer",
        ),
        recipe="transformers-4.51",
        warnings=("remote_code",),
    ),
    Nine(  # UNSURE: the names of the prompts that its repository declares
        "BAAI/bge-multilingual-gemma2",
        lambda f: sentence_transformers(
            f, "last", "", decoder=True, prompts={"web_search_query": f"<instruct>{WEB}\n<query>", "sts_query": "x"}
        ),
        ST,
        "bfloat16",
        "last",
        (f"<instruct>{STS}\n<query>", f"<instruct>{WEB}\n<query>", ""),
        "bge-multilingual-gemma2",
        warnings=("unused_prompts",),
    ),
    Nine(
        "McGill-NLP/LLM2Vec-Meta-Llama-3-8B-Instruct-mntp-supervised",
        llm2vec,
        "llm2vec",
        "bfloat16",
        "mean",
        ("Retrieve semantically similar text:", "Retrieve text based on user query:", ""),
        "llm2vec",
        recipe="llm2vec",
        adapters=(MNTP, LLAMA),
        others={MNTP: llm2vec_mntp, LLAMA: models.llama},
    ),
)
