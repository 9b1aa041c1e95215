"""ModelSpec -> encoder: sentence-transformers where the repository has its modules, else Transformers + pooling."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evaluator.encoder import Encoder
from evaluator.errors import EvaluationError
from evaluator.repository import Repository, fetch
from evaluator.spec import ModelSpec

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "float16", "bfloat16")
POOLING_MODULE_NAMES = {"mean": "mean", "cls": "cls", "last": "lasttoken"}


def load_encoder(spec: ModelSpec, device: str) -> Encoder:
    """The model, on `device`, in the precision and with the pooling that its spec and its repository say.

    Raises:
        EvaluationError: not_found, gated, load_failed, needs_remote_code, out_of_memory, bad_embeddings,
            hub_unavailable.
    """
    bound_primitive_cache()
    folder = fetch(spec)
    repository = Repository(folder)
    repository.refuse_what_is_not_dense()
    dtype = resolve_precision(spec, repository, device)
    loader = resolve_loader(spec, repository)
    with _load_failures(spec, folder):
        if loader == "sentence-transformers":
            model, pooling, source = _sentence_transformer(spec, folder, dtype, device)
        else:
            model, pooling, source = _transformer(spec, repository, dtype, device)
        _set_max_tokens(model, spec, repository)
        _ensure_padding_token(model)
        return Encoder(
            model,
            name=spec.model,
            device=device,
            dtype=dtype,
            loader=loader,
            pooling=pooling,
            pooling_source=source,
            repository=repository,
        )


def bound_primitive_cache() -> None:
    """Keep few of the kernels that oneDNN compiles for each shape of batch on the CPU.

    It keeps 1,024 of them by default, some 2 MB a shape, and a sweep has hundreds of shapes: over a gigabyte. A batch
    uses the same few kernels in every layer, so that a small cache costs no time. oneDNN reads this when it is first
    used; a value that the user has set stays.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")


def resolve_loader(spec: ModelSpec, repository: Repository) -> Literal["sentence-transformers", "transformers"]:
    """sentence-transformers if the repository has modules.json, otherwise Transformers.

    Raises:
        EvaluationError: load_failed, the loader asked for cannot read the repository.
    """
    if repository.modules is None and not repository.config:
        raise EvaluationError(
            "load_failed", f"{spec.model} holds neither modules.json nor config.json: it is not a model to load."
        )
    if spec.loader == "sentence-transformers" and repository.modules is None:
        raise EvaluationError(
            "load_failed",
            f"{spec.model} has no modules.json, so sentence-transformers would guess its pooling. "
            "Use the loader transformers and name the pooling.",
        )
    if spec.loader != "auto":
        return spec.loader
    return "transformers" if repository.modules is None else "sentence-transformers"


def resolve_precision(spec: ModelSpec, repository: Repository, device: str) -> str:
    """float32 for encoders, the checkpoint's own precision for decoders, or what the spec asks for.

    Raises:
        EvaluationError: load_failed, the device cannot compute in that precision.
    """
    import torch

    wanted = spec.precision
    if wanted == "auto":
        own = repository.checkpoint_dtype
        wanted = own if repository.is_decoder and own in ("float16", "bfloat16") else "float32"  # type: ignore[assignment]
    if (
        wanted == "bfloat16"
        and device.startswith("cuda")
        and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        raise EvaluationError(
            "load_failed",
            f"{device} ({torch.cuda.get_device_name(device)}) cannot compute in bfloat16; "
            "use float16 or float32, or another device.",
        )
    return str(wanted)


def resolve_pooling(spec: ModelSpec, repository: Repository) -> tuple[str, str]:
    """The pooling of a repository without modules.json, and where it was found."""
    if spec.pooling != "auto":
        return spec.pooling, "asked for"
    if declared := repository.declared_pooling:
        return declared
    if "FlagEmbedding" in repository.card:
        return "cls", "the model card documents FlagEmbedding, which takes the CLS token"
    if repository.is_decoder:
        return "last", "nothing declared: a decoder sees the whole text only at its last token"
    return "mean", "nothing declared: sentence-transformers' default for encoders"


def _dtype(name: str) -> "torch.dtype":
    import torch

    dtype: torch.dtype = getattr(torch, name)
    return dtype


def _sentence_transformer(spec: ModelSpec, folder: Path, dtype: str, device: str) -> tuple[Any, str | None, str]:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    if spec.pooling != "auto":
        raise EvaluationError(
            "load_failed",
            f"{spec.model} brings its own pooling in modules.json; leave the pooling at auto, "
            "or use the loader transformers.",
        )
    model = SentenceTransformer(
        str(folder),
        device=device,
        trust_remote_code=spec.trust_remote_code,
        local_files_only=True,
        model_kwargs={"dtype": _dtype(dtype)},
    )
    modes = [module.pooling_mode for module in model if isinstance(module, Pooling)]
    pooling = modes[0] if modes else None
    return model, "+".join(pooling) if isinstance(pooling, (tuple, list)) else pooling, "modules.json"


def _transformer(spec: ModelSpec, repository: Repository, dtype: str, device: str) -> tuple[Any, str, str]:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    shared = {"trust_remote_code": spec.trust_remote_code, "local_files_only": True}
    pooling, source = resolve_pooling(spec, repository)
    transformer = Transformer(
        str(repository.folder),
        model_kwargs={**shared, "dtype": _dtype(dtype)},
        processor_kwargs=dict(shared),
        config_kwargs=dict(shared),
    )
    pool = Pooling(transformer.get_embedding_dimension(), POOLING_MODULE_NAMES[pooling])
    return SentenceTransformer(modules=[transformer, pool], device=device), pooling, source


def _set_max_tokens(model: Any, spec: ModelSpec, repository: Repository) -> None:
    """Cut texts at the spec's number of tokens."""
    if spec.max_tokens is None:
        return
    positions = repository.config.get("max_position_embeddings")
    if isinstance(positions, int) and spec.max_tokens > positions:
        raise EvaluationError(
            "load_failed", f"{spec.model} has {positions} positions; it cannot read {spec.max_tokens} tokens."
        )
    model.max_seq_length = spec.max_tokens


def _ensure_padding_token(model: Any) -> None:
    """Let a tokenizer without a padding token pad with its end token: the attention mask hides it.

    Raises:
        EvaluationError: load_failed, it has neither.
    """
    tokenizer = getattr(model, "tokenizer", None)
    if tokenizer is None or not hasattr(tokenizer, "pad_token") or tokenizer.pad_token is not None:
        return
    if tokenizer.eos_token is None:
        raise EvaluationError(
            "load_failed",
            "The tokenizer has neither a padding nor an end token, so texts cannot be batched; "
            "set pad_token in tokenizer_config.json.",
        )
    tokenizer.pad_token = tokenizer.eos_token


@contextmanager
def _load_failures(spec: ModelSpec, folder: Path) -> Iterator[None]:
    """Map whatever loading raises: transformers, safetensors and a model's own code raise anything."""
    import torch

    try:
        yield
    except EvaluationError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise EvaluationError("out_of_memory", f"{spec.model} does not fit into the memory of this device.") from error
    except Exception as error:
        text = _one_line(error, folder, spec)
        if "trust_remote_code" in text:
            raise EvaluationError(
                "needs_remote_code",
                f"{spec.model} runs code from its repository, which is refused by default. A maintainer who has read "
                "that code can allow it for one commit (--trust-remote-code with the commit's 40 digits).",
            ) from error
        raise EvaluationError(
            "load_failed",
            f"{spec.model} could not be loaded ({type(error).__name__}: {text}). "
            "Check that it loads with sentence-transformers or transformers from a fresh download.",
        ) from error


def _one_line(error: Exception, folder: Path, spec: ModelSpec) -> str:
    """The first lines of an error's text, without paths of this machine."""
    text = " ".join(str(error).split()).replace(str(folder), spec.model)
    return re.sub(r"(?<![\w:/])/(?:[\w.@+-]+/)+[\w.@+-]*", "...", text)[:300]
