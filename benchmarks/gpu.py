"""What a GPU can do at best, and a decoder of an LLM's size with random weights to measure on it.

    python -m benchmarks.gpu FOLDER --tokenizer MODEL_FOLDER [--size 4b]

writes such a model for `python -m benchmarks.suite --model FOLDER --device cuda:0 --precision bfloat16`. Its numbers
say nothing of quality, only of speed: the shapes are those of Qwen3, the tokenizer that of a model at hand.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

SIZES = {
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 8},
    "0.6b": {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16},
    "4b": {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32},
}
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def matmul_tflops(device: str, dtype_name: str, size: int = 8192) -> float:
    """The best rate of a square matrix product in this precision, TFLOP/s: 2 n^3 operations over its time."""
    import torch

    dtype = getattr(torch, dtype_name)
    left = torch.randn(size, size, device=device, dtype=dtype)
    right = torch.randn(size, size, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(20):
        torch.cuda.synchronize(device)
        started = time.perf_counter()
        left @ right
        torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e12


def body_parameters(model: Path) -> int:
    """Parameters that every token is multiplied with: those of matrices, the token embeddings left out."""
    from safetensors import safe_open

    total = 0
    for path in sorted(model.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 - not a mapping
                shape = file.get_slice(name).get_shape()
                if len(shape) == 2 and "embed" not in name:
                    total += shape[0] * shape[1]
    return total


def make_decoder(folder: Path, tokenizer: Path, size: str) -> None:
    """Write a Qwen3 with random bfloat16 weights, last-token pooling and the tokenizer of another model."""
    import torch
    from transformers import Qwen3Config, Qwen3Model

    from tests.evaluator.models import with_pooling

    vocabulary = len(json.loads((tokenizer / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"])
    config = Qwen3Config.from_dict({**SIZES[size], "vocab_size": vocabulary, "num_key_value_heads": 8, "head_dim": 128})
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen3Model._from_config(config, dtype=torch.bfloat16)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        if (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, folder / name)
    with_pooling(folder, "last")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--size", choices=sorted(SIZES), default="4b")
    arguments = parser.parse_args()
    make_decoder(arguments.folder, arguments.tokenizer, arguments.size)
    print(f"{arguments.folder}: {body_parameters(arguments.folder):,} parameters that multiply each token")


if __name__ == "__main__":
    main()
