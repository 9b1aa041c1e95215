"""What a spec leaves open, chosen by what the repository declares: loader, precision, pooling."""

from typing import Literal

from evaluator.errors import EvaluationError
from evaluator.model.repository import Repository
from evaluator.spec import ModelSpec


def resolve_loader(spec: ModelSpec, repository: Repository) -> Literal["sentence-transformers", "transformers"]:
    """sentence-transformers if the repository has modules.json or the model is no dense one, otherwise Transformers.

    Raises:
        EvaluationError: load_failed, the loader asked for cannot read the repository.
    """
    if spec.vectors != "dense":
        return "sentence-transformers"  # which reads its own files, PyLate's and Stanford's
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


def wanted_precision(spec: ModelSpec, repository: Repository) -> tuple[str, str]:
    """The precision, and why: what the spec asks for; for decoders the checkpoint's own 16-bit type, and bfloat16 where
    the checkpoint has 32; float32 for encoders."""
    if spec.precision != "auto":
        return spec.precision, "asked for"
    own = repository.checkpoint_dtype
    if not repository.is_decoder:
        return "float32", "an encoder"
    if own in ("float16", "bfloat16"):
        return own, "a decoder, in the checkpoint's own type"
    return "bfloat16", f"a decoder whose checkpoint is in {own}"


def resolve_precision(spec: ModelSpec, repository: Repository, device: str) -> str:
    """`wanted_precision` on a device: float16 where a decoder's float32 checkpoint meets one without bfloat16.

    Raises:
        EvaluationError: load_failed, the device cannot compute in that precision.
    """
    import torch

    wanted, _ = wanted_precision(spec, repository)
    lacks_bfloat16 = device.startswith("cuda") and not torch.cuda.is_bf16_supported(including_emulation=False)
    if wanted == "bfloat16" and lacks_bfloat16 and spec.precision == "auto" and repository.checkpoint_dtype != wanted:
        return "float16"
    if wanted == "bfloat16" and lacks_bfloat16:
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
