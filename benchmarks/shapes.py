"""Models of the common architectures with random weights, to measure speed on: their numbers say nothing of quality.

    python -m benchmarks.shapes FOLDER --shape modernbert|qwen3|xlm-roberta --datasets DIR

Each has a tokenizer of its architecture's kind, trained on all texts of the local data sets, so that texts become about
as many tokens as they do with published models: WordPiece for ModernBERT, BPE over bytes for Qwen3, and Unigram with
SentencePiece's normalisation for XLM-RoBERTa, with up to 250,000 pieces. `minilm` is no random model: give its folder.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SHAPES = ("minilm", "modernbert", "qwen3", "xlm-roberta")
MAX_TOKENS = 512
SIZES: dict[str, dict[str, Any]] = {
    "modernbert": {
        "hidden_size": 384,
        "intermediate_size": 576,
        "num_hidden_layers": 12,
        "num_attention_heads": 6,
        "vocab_size": 30_000,
    },
    "qwen3": {
        "hidden_size": 512,
        "intermediate_size": 1536,
        "num_hidden_layers": 10,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 64,
        "vocab_size": 18_500,
    },
    "xlm-roberta": {
        "hidden_size": 384,
        "intermediate_size": 1536,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "vocab_size": 250_002,
    },
}


def local_texts(datasets: Path) -> list[str]:
    """Every text of the Parquet files in a folder, each once, in a fixed order."""
    import pyarrow.parquet as pq

    found: dict[str, None] = {}
    for path in sorted(datasets.rglob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            found.update(dict.fromkeys(_strings(row)))
    return list(found)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _word_piece(texts: list[str], pieces: int) -> Any:
    from tokenizers import BertWordPieceTokenizer
    from transformers import PreTrainedTokenizerFast

    trained = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    trained.train_from_iterator(texts, vocab_size=pieces, show_progress=False)
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    ids = [(name, trained.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    return PreTrainedTokenizerFast(
        tokenizer_object=_around(trained._tokenizer, "[CLS] $A [SEP]", ids), model_max_length=MAX_TOKENS, **names
    )


def _byte_bpe(texts: list[str], pieces: int) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=pieces,
            special_tokens=["<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    end = "<|endoftext|>"
    return PreTrainedTokenizerFast(
        tokenizer_object=_around(bpe, f"$A {end}", [(end, bpe.get_vocab()[end])]),
        model_max_length=MAX_TOKENS,
        padding_side="left",
        eos_token=end,
        pad_token=end,
    )


def _around(tokenizer: Any, single: str, special: list[tuple[str, int]]) -> Any:
    from tokenizers import processors

    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=special)
    return tokenizer


def _unigram(texts: list[str], pieces: int) -> Any:
    import sentencepiece
    from transformers import AutoTokenizer

    from tests.evaluator.models import write_json

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sentencepiece.bpe")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_prefix=str(path),
            vocab_size=pieces - 2,
            hard_vocab_limit=False,
            character_coverage=0.9995,
            max_sentencepiece_length=16,
            input_sentence_size=len(texts),
            num_threads=2,
            minloglevel=2,
        )
        write_json(
            Path(folder, "tokenizer_config.json"),
            {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": MAX_TOKENS},
        )
        write_json(Path(folder, "config.json"), {"model_type": "xlm-roberta"})
        Path(folder, "sentencepiece.bpe.vocab").unlink()
        return AutoTokenizer.from_pretrained(folder)


def make(shape: str, folder: Path, datasets: Path) -> Path:
    """Write the shape's model, a sentence-transformers folder in float32, unless it is there already."""
    import torch
    import transformers

    from tests.evaluator.models import with_pooling

    if (folder / "modules.json").is_file():
        return folder
    sizes, texts = dict(SIZES[shape]), local_texts(datasets)
    tokenizer = {"modernbert": _word_piece, "qwen3": _byte_bpe, "xlm-roberta": _unigram}[shape](
        texts, sizes["vocab_size"]
    )
    sizes["vocab_size"] = len(tokenizer)
    sizes["pad_token_id"] = tokenizer.pad_token_id
    torch.manual_seed(0)
    if shape == "modernbert":
        tokens = {name: getattr(tokenizer, name) for name in ("cls_token_id", "sep_token_id")}
        ends = {"bos_token_id": tokens["cls_token_id"], "eos_token_id": tokens["sep_token_id"]}
        model: Any = transformers.ModernBertModel(transformers.ModernBertConfig(**sizes, **tokens, **ends))
    elif shape == "qwen3":
        model = transformers.Qwen3Model(transformers.Qwen3Config(**sizes, max_position_embeddings=MAX_TOKENS))
    else:
        model = transformers.XLMRobertaModel(
            transformers.XLMRobertaConfig(**sizes, max_position_embeddings=MAX_TOKENS + 2)
        )
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return with_pooling(folder, "last" if shape == "qwen3" else "mean")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", choices=SHAPES[1:], required=True)
    parser.add_argument("--datasets", type=Path, required=True)
    arguments = parser.parse_args()
    make(arguments.shape, arguments.folder, arguments.datasets)


if __name__ == "__main__":
    main()
