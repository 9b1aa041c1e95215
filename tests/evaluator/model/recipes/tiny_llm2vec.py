"""Run by the Python of the recipe llm2vec: a small LLM2Vec on disk, and what the package itself makes of texts.

`python tiny_llm2vec.py FOLDER TEXTS` makes FOLDER/base, FOLDER/mntp and FOLDER/supervised as the three repositories
of a published LLM2Vec are, with random weights, and FOLDER/package.npy and FOLDER/direct.npy: the vectors of the
instruction and texts in TEXTS (JSON), by the package called as its README does, and computed here from the last hidden
states.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from llm2vec import LLM2Vec
from llm2vec.models import LlamaBiModel
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaModel, PreTrainedTokenizerFast

CHAT = "meta-llama/Llama-2-7b-chat-hf"
"""A base model whose chat template the package puts around each text."""


def tokenizer(texts: list) -> PreTrainedTokenizerFast:
    """Words by their pieces, with a begin token, as Llama has it."""
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    bpe.train_from_iterator([*texts, "[INST] [/INST]"], trainer)
    bpe.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    names = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, unk_token="<unk>", bos_token="<s>", eos_token="</s>", model_input_names=names
    )


def adapter(model: torch.nn.Module, folder: Path, base: Path) -> None:
    """Save a LoRA adapter whose both factors are random."""
    config = LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"])
    adapted = get_peft_model(model, config)
    for name, weight in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    adapted.peft_config["default"].base_model_name_or_path = str(base)
    adapted.save_pretrained(str(folder))
    adapted.unload()


def main(folder: Path, instruction: str, texts: list) -> None:
    torch.manual_seed(0)
    fast = tokenizer(texts)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=2,
    )
    base, mntp, supervised = folder / "base", folder / "mntp", folder / "supervised"
    LlamaModel(config).save_pretrained(base)
    adapter(LlamaBiModel.from_pretrained(base), mntp, base)
    config.save_pretrained(mntp)
    written = json.loads((mntp / "config.json").read_text())
    (mntp / "config.json").write_text(json.dumps({**written, "_name_or_path": CHAT}))
    for each in (base, mntp):
        fast.save_pretrained(each)
    adapter(LlamaBiModel.from_pretrained(base), supervised, mntp)

    encoder = LLM2Vec.from_pretrained(str(mntp), peft_model_name_or_path=str(supervised), torch_dtype=torch.float32)
    pairs = [[instruction, text] for text in texts]
    np.save(folder / "package.npy", encoder.encode(pairs, show_progress_bar=False, device="cpu").numpy())
    direct = []
    for text in texts:
        ids = encoder.tokenizer(f"[INST] {instruction} {text} [/INST]", return_tensors="pt")
        pooled = len(encoder.tokenizer(f"{text} [/INST]", add_special_tokens=False)["input_ids"])
        with torch.no_grad():
            direct.append(encoder.model(**ids).last_hidden_state[0, -pooled:].mean(dim=0).numpy())
    np.save(folder / "direct.npy", np.stack(direct))


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    main(Path(sys.argv[1]), given["instruction"], given["texts"])
