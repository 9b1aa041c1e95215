"""Texts in, vectors out: the program that runs in the environment of a recipe, with the libraries of that recipe.

It is run by its path, alone, and imports nothing of the project: its environment has torch, numpy and the recipe's
libraries, in versions of years ago. `calling` speaks to it over stdin and stdout, in frames: four bytes of length
(little endian), then JSON.

    options -> facts                                         once
    {texts, prompt, side, task} -> {rows, columns}, then rows * columns float32, little endian

Instead of facts or rows it may answer {error, message}; error is "out_of_memory" or "failed".
After an error in place of rows it goes on.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

BATCH = 32
"""Texts that go through the model at once; halved for good when they do not fit into memory."""

LIBRARIES = (
    *("torch", "numpy", "transformers", "tokenizers", "sentence-transformers", "peft", "accelerate", "llm2vec"),
    *("gritlm", "einops"),
)


class Asked(NamedTuple):
    """What a request says besides its texts."""

    prompt: str = ""
    side: str | None = None
    task: str | None = None


class Loaded(NamedTuple):
    """A model that is loaded: `embed(texts, asked)` gives (n, d) as an array or a tensor."""

    module: Any
    embed: Callable[[list, Asked], Any]
    max_tokens: int | None
    pooling: str | None
    similarity: str


def main() -> int:
    """Answer until stdin ends; what libraries print goes to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    try:
        options = read_frame(requests)
        loaded = load(options)
        encoder = Batches(loaded, options)
        write_frame(answers, facts(loaded, len(encoder.encode(["문장"], Asked())[0])))
    except Exception as error:
        write_frame(answers, told(error))
        raise
    while True:
        try:
            request = read_frame(requests)
        except EOFError:
            return 0
        try:
            rows = encoder.encode(request.pop("texts"), Asked(**request))
        except Exception as error:
            write_frame(answers, told(error))
            continue
        write_frame(answers, {"rows": len(rows), "columns": rows.shape[1]})
        answers.write(rows.tobytes())
        answers.flush()


class Batches:
    """A loaded model that is given its texts in batches, the longest first."""

    def __init__(self, loaded: Loaded, options: dict) -> None:
        self._embed = loaded.embed
        self._size = BATCH
        self._kept = options["truncate_dim"]

    def encode(self, texts: list, asked: Asked) -> Any:
        """The embeddings, (n, d) float32 in C order and little endian."""
        import numpy as np
        import torch

        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        found: list = [None] * len(texts)
        done = 0
        while done < len(order):
            chosen = order[done : done + self._size]
            try:
                with torch.no_grad():
                    rows = torch.as_tensor(self._embed([texts[index] for index in chosen], asked)).float().cpu()
            except Exception as error:
                if not is_out_of_memory(error) or len(chosen) == 1:
                    raise
                self._size = len(chosen) // 2
                torch.cuda.empty_cache()
                continue
            for index, row in zip(chosen, rows):  # noqa: B905 - Python 3.9 has no `strict`
                found[index] = row[: self._kept].numpy()
            done += len(chosen)
        return np.ascontiguousarray(np.stack(found), dtype="<f4")


def load(options: dict) -> Loaded:
    """The model that the options name, by the program that they name."""
    loaders = {
        "sentence-transformers": load_sentence_transformer,
        "llm2vec": load_llm2vec,
        "gritlm": load_gritlm,
        "nv-embed": load_nv_embed,
        "jina-v4": load_jina_v4,
    }
    loaded = loaders[options["program"]](options)
    loaded.module.eval()
    return loaded


def load_sentence_transformer(options: dict) -> Loaded:
    """A repository with modules.json, or a transformer and the pooling that was asked for."""
    library: Any = importlib.import_module("sentence_transformers")  # in the recipe's version, not in the project's
    folder, config = options["folder"], options["card"]["config"]
    trusted = {"trust_remote_code": options["trust_remote_code"]}
    if Path(folder, "modules.json").exists() or not options["pooling"]:
        more = {"model_kwargs": weights(options), "config_kwargs": config or None}
        model = library.SentenceTransformer(folder, device=options["device"], local_files_only=True, **trusted, **more)
    else:
        read = {"model_args": {**trusted, **weights(options)}, "config_args": {**trusted, **config}}
        transformer = library.models.Transformer(folder, tokenizer_args=dict(trusted), **read)
        mode = {"last": "lasttoken"}.get(options["pooling"], options["pooling"])
        pool = library.models.Pooling(transformer.get_word_embedding_dimension(), pooling_mode=mode)
        model = library.SentenceTransformer(modules=[transformer, pool], device=options["device"])
    model.default_prompt_name = None  # each request says its prompt
    if most_tokens(options):
        model.max_seq_length = most_tokens(options)
    pools = [module.get_pooling_mode_str() for module in model if type(module).__name__ == "Pooling"]
    similarity = getattr(model, "similarity_fn_name", None) or "cosine"

    def embed(texts: list, asked: Asked) -> Any:
        task = {"task": asked.task} if asked.task else {}
        return model.encode(texts, prompt=asked.prompt or None, batch_size=len(texts), show_progress_bar=False, **task)

    return Loaded(model, embed, model.max_seq_length, pools[0] if pools else None, similarity)


def load_llm2vec(options: dict) -> Loaded:
    """As the cards of LLM2Vec do: base model, MNTP adapter merged into it, the last adapter on top.

    The instruction is given beside each text, so that it is left out of the pooling.
    """
    from llm2vec import LLM2Vec
    from peft import PeftModel
    from transformers import AutoTokenizer

    models: list = [*options["bases"], {"model": options["model"], "folder": options["folder"]}]
    base, adapters = models[0], models[1:]
    wrapped = LLM2Vec.from_pretrained(base["folder"], **weights(options))
    model, tokenizer = wrapped.model, wrapped.tokenizer
    if adapters and Path(adapters[0]["folder"], "tokenizer_config.json").exists():
        tokenizer = AutoTokenizer.from_pretrained(adapters[0]["folder"])
        tokenizer.pad_token, tokenizer.padding_side = tokenizer.eos_token, "left"
    for number, adapter in enumerate(adapters, 1):
        model = PeftModel.from_pretrained(model, adapter["folder"])
        if number < len(adapters):
            model = model.merge_and_unload()
    model.config._name_or_path = base["model"]  # by which the package knows the chat template
    declared = {"pooling_mode": options["card"]["pooling"], "max_length": options["card"]["max_tokens"]}
    file = Path(options["folder"], "llm2vec_config.json")
    declared.update(json.loads(file.read_text("utf-8")) if file.exists() else {})
    if options["pooling"]:
        declared["pooling_mode"] = {"last": "last_token", "cls": "bos_token"}.get(*[options["pooling"]] * 2)
    if options["max_tokens"]:
        declared["max_length"] = declared["doc_max_length"] = options["max_tokens"]
    encoder = LLM2Vec(model, tokenizer, **{name: value for name, value in declared.items() if value is not None})
    encoder.to(options["device"])

    def embed(texts: list, asked: Asked) -> Any:
        pairs = [[asked.prompt, text] for text in texts]
        return encoder.encode(pairs, batch_size=len(pairs), show_progress_bar=False, device=options["device"])

    return Loaded(encoder, embed, encoder.max_length, encoder.pooling_mode, "cosine")


def load_gritlm(options: dict) -> Loaded:
    """As GritLM's card does; the prompt is what it calls the instruction, with its marks."""
    from gritlm import GritLM

    require_trust(options)
    model = GritLM(options["folder"], mode="embedding", device=options["device"], **weights(options))
    limit = most_tokens(options)

    def embed(texts: list, asked: Asked) -> Any:
        return model.encode(texts, batch_size=len(texts), max_length=limit, instruction=asked.prompt or "<|embed|>\n")

    return Loaded(model, embed, limit, model.pooling_method, "cosine")


def load_nv_embed(options: dict) -> Loaded:
    """As NV-Embed's card does with transformers alone; the vectors are normalised, as there."""
    import torch
    from transformers import AutoConfig, AutoModel

    require_trust(options)
    config = AutoConfig.from_pretrained(options["folder"], trust_remote_code=True)
    if getattr(config, "text_config", None) is not None:
        config.text_config._name_or_path = options["folder"]  # where its code looks for the tokenizer
    model = AutoModel.from_pretrained(options["folder"], config=config, trust_remote_code=True, **weights(options))
    model.to(options["device"])
    limit = most_tokens(options)

    def embed(texts: list, asked: Asked) -> Any:
        rows = model.encode(texts, instruction=asked.prompt, max_length=limit)
        return torch.nn.functional.normalize(rows.float(), dim=-1)

    return Loaded(model, embed, limit, "latent attention", "cosine")


def load_jina_v4(options: dict) -> Loaded:
    """As jina-embeddings-v4's card does: one vector a text, the adapter of the task, and its prompt by name."""
    import torch
    from transformers import AutoModel

    require_trust(options)
    model = AutoModel.from_pretrained(options["folder"], trust_remote_code=True, **weights(options))
    model.to(options["device"])
    limit = most_tokens(options)

    def embed(texts: list, asked: Asked) -> Any:
        rows = model.encode_text(
            texts=texts,
            task=(asked.task or "retrieval").split(".")[0],
            prompt_name="passage" if asked.side == "document" else "query",
            max_length=limit,
            batch_size=len(texts),
            **({"truncate_dim": options["truncate_dim"]} if options["truncate_dim"] else {}),
        )
        return torch.stack([row.float().cpu() for row in rows])

    return Loaded(model, embed, limit, "mean", "cosine")


def weights(options: dict) -> dict:
    """How the weights are read: the precision, and the attention that the card asks for."""
    import torch

    attention = options["card"]["attention"]
    more = {"attn_implementation": attention} if attention else {}
    return {"torch_dtype": getattr(torch, options["dtype"]), **more}


def most_tokens(options: dict) -> int | None:
    return options["max_tokens"] or options["card"]["max_tokens"]


def require_trust(options: dict) -> None:
    if not options["trust_remote_code"]:
        raise PermissionError(f"{options['program']} runs the repository's own code, which it may not")


def facts(loaded: Loaded, dimension: int) -> dict:
    """What the project wants to know of a loaded model."""
    weights = {id(each): each for each in loaded.module.parameters()}.values()
    configs = (getattr(module, "config", None) for module in loaded.module.modules())
    attention = (getattr(config, "_attn_implementation", None) for config in configs)
    return {
        "dimension": dimension,
        "max_tokens": loaded.max_tokens,
        "pooling": loaded.pooling,
        "similarity": str(getattr(loaded.similarity, "value", loaded.similarity)),
        "parameters": sum(each.numel() for each in weights),
        "memory_bytes": sum(each.numel() * each.element_size() for each in weights),
        "attention": next((name for name in attention if isinstance(name, str)), None),
        "versions": versions(),
    }


def versions() -> dict:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def told(error: Exception) -> dict:
    return {
        "error": "out_of_memory" if is_out_of_memory(error) else "failed",
        "message": f"{type(error).__name__}: {error}"[:2000],
    }


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out; on the CPU torch raises a RuntimeError of no class of its own."""
    message = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in message or "can't allocate memory" in message


def read_frame(stream: BinaryIO) -> dict:
    """The next frame's JSON.

    Raises:
        EOFError: the other side has closed.
    """
    head = stream.read(4)
    if len(head) < 4:
        raise EOFError
    return json.loads(stream.read(struct.unpack("<I", head)[0]))


def write_frame(stream: BinaryIO, message: dict) -> None:
    body = json.dumps(message).encode("ascii")
    stream.write(struct.pack("<I", len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
