"""ModelSpec -> encoder: sentence-transformers where the repository has its modules, else Transformers + pooling."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.cleaning import clean_text
from evaluator.errors import EvaluationError
from evaluator.model.assembling import assemble, put_on
from evaluator.model.cards import card_of
from evaluator.model.choices import resolve_loader, resolve_pooling, resolve_precision
from evaluator.model.encoder import Encoder, Loaded
from evaluator.model.own_encoder import OwnEncoder
from evaluator.model.parts import Composition, fetched
from evaluator.model.ragged_encoder import MultiVectorEncoding, SparseEncoding
from evaluator.model.recipes import Recipe, environments_folder, recipe_of
from evaluator.model.repository import LATE_TYPES, Repository
from evaluator.model.token_encoder import ReadsMoreThanTokens, TokenEncoder
from evaluator.model.vetting import vet
from evaluator.spec import ModelSpec

if TYPE_CHECKING:
    import torch

POOLING_MODULE_NAMES = {"mean": "mean", "cls": "cls", "last": "lasttoken"}


def load_encoder(spec: ModelSpec, device: str, *, environments: Path | None = None) -> Encoder:
    """The model, on `device`, in the precision and with the pooling that its spec and its repository say.

    `environments`: where those of recipes are, or are built (None: in the user's cache).

    Raises:
        EvaluationError: not_found, gated, load_failed, needs_remote_code, out_of_memory, bad_embeddings,
            hub_unavailable.
    """
    bound_primitive_cache()
    composition, recipe = fetched(spec), recipe_of(spec)
    trusted, runs = spec.trust_remote_code, recipe is None or recipe.own_code
    for layer in composition.layers:
        layer.repository.refuse_other_vectors(spec.vectors if layer is composition.layers[0] else "dense")
        vet(layer.repository, layer.spec.model, trusted=trusted, code=composition.spec.parts, runs=runs)
    repository = assemble(composition)
    folder = repository.folder
    dtype = resolve_precision(spec, repository, device)
    if recipe is not None:
        if spec.vectors != "dense":
            raise EvaluationError("load_failed", f"{spec.model}: only dense models run in a recipe's environment.")
        return _in_recipe(recipe, spec, composition, repository, dtype, device, environments)
    loader = resolve_loader(spec, repository)
    with _load_failures(spec, folder):
        if loader == "sentence-transformers":
            model, pooling, source = _sentence_transformer(spec, folder, dtype, device)
        else:
            model, pooling, source = _transformer(spec, repository, dtype, device)
        if composition.adapters:
            _adapt(model, composition)
        _set_max_tokens(model, spec, repository)
        _set_truncation(model, spec)
        _ensure_padding_token(model)
        loaded = Loaded(
            name=spec.model,
            device=device,
            dtype=dtype,
            loader=loader,
            pooling=pooling,
            pooling_source=source,
            repository=repository,
            composition=composition,
        )
        return _encoder(spec, model, loaded)


def _in_recipe(
    recipe: Recipe,
    spec: ModelSpec,
    composition: Composition,
    repository: Repository,
    dtype: str,
    device: str,
    environments: Path | None,
) -> Encoder:
    """The model in the environment of its recipe."""
    from huggingface_hub import constants

    from evaluator.model.recipe_encoder import recipe_encoder
    from evaluator.model.recipes.environments import build

    pooling, source = (spec.pooling, "asked for") if spec.pooling != "auto" else (recipe.pooling, "recipe")
    loaded = Loaded(
        name=spec.model,
        device=device,
        dtype=dtype,
        loader=recipe.program,
        pooling=pooling,
        pooling_source=source if pooling else None,
        repository=repository,
        composition=composition,
        recipe=recipe,
        environments=environments,
    )
    python = build(recipe, environments or environments_folder(), offline=constants.HF_HUB_OFFLINE)
    return recipe_encoder(recipe, python, spec, composition, loaded)


def _encoder(spec: ModelSpec, model: Any, loaded: Loaded) -> Encoder:
    """Through token ids where the model reads those; else, or where its `encode` takes a task, as it encodes itself."""
    if spec.vectors != "dense":
        return (SparseEncoding if spec.vectors == "sparse" else MultiVectorEncoding)(model, loaded)
    card = card_of(spec.model)
    if spec.encode_task or (spec.encode_task is None and card is not None and card.encode_task):
        return OwnEncoder(model, loaded)
    try:
        return TokenEncoder(model, loaded)
    except ReadsMoreThanTokens:
        return OwnEncoder(model, loaded)


def bound_primitive_cache() -> None:
    """Keep few of the kernels that oneDNN compiles for each shape of batch on the CPU.

    It keeps 1,024 of them by default, some 2 MB a shape, and a sweep has hundreds of shapes: over a gigabyte. A batch
    uses the same few kernels in every layer, so that a small cache costs no time. oneDNN reads this when it is first
    used; a value that the user has set stays.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")


def _dtype(name: str) -> "torch.dtype":
    import torch

    dtype: torch.dtype = getattr(torch, name)
    return dtype


def _sentence_transformer(spec: ModelSpec, folder: Path, dtype: str, device: str) -> tuple[Any, str | None, str]:
    from sentence_transformers import MultiVectorEncoder, SentenceTransformer, SparseEncoder
    from sentence_transformers.sentence_transformer.modules import Pooling

    if spec.pooling != "auto":
        raise EvaluationError(
            "load_failed",
            f"{spec.model} brings its own pooling in modules.json; leave the pooling at auto, "
            "or use the loader transformers.",
        )
    model_class = {"dense": SentenceTransformer, "sparse": SparseEncoder, "multi_vector": MultiVectorEncoder}
    model = model_class[spec.vectors](
        str(folder),
        device=device,
        trust_remote_code=spec.trust_remote_code,
        local_files_only=True,
        model_kwargs={"dtype": _dtype(dtype)},
    )
    if spec.vectors == "multi_vector":
        refuse_random_projection(spec, folder)
    modes = [module.pooling_mode for module in model if isinstance(module, Pooling)]
    pooling = modes[0] if modes else None
    return model, "+".join(pooling) if isinstance(pooling, (tuple, list)) else pooling, "modules.json"


def refuse_random_projection(spec: ModelSpec, folder: Path) -> None:
    """Refuse a multi-vector model that sentence-transformers would give a projection with random weights.

    Raises:
        EvaluationError: load_failed.
    """
    repository = Repository(folder)
    saved_as_such = repository.sentence_transformers.get("model_type") in LATE_TYPES
    projects = any(module.kind == "Dense" for module in repository.all_modules)
    if repository.modules is not None and not saved_as_such and not projects:
        raise EvaluationError(
            "load_failed",
            f"{spec.model} has no projection of its tokens' vectors (a module Dense), so one with random weights would "
            "be made. Save the model again with sentence-transformers' MultiVectorEncoder.",
        )


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


def _adapt(model: Any, composition: Composition) -> None:
    """Put the model's adapters on its transformer."""
    transformer = model[0]
    name = next((name for name, module in transformer.named_children() if hasattr(module, "config")), None)
    if name is None:
        raise EvaluationError(
            "load_failed",
            f"{composition.spec.model} is an adapter, but its first module is no transformer to put it on.",
        )
    setattr(transformer, name, put_on(getattr(transformer, name), composition))
    model.to(model.device)


def _set_max_tokens(model: Any, spec: ModelSpec, repository: Repository) -> None:
    """Cut texts at the spec's number of tokens."""
    if spec.max_tokens is None:
        return
    positions = repository.config.get("max_position_embeddings")
    if isinstance(positions, int) and spec.max_tokens > positions:
        raise EvaluationError(
            "load_failed", f"{spec.model} has {positions} positions; it cannot read {spec.max_tokens} tokens."
        )
    if spec.vectors == "multi_vector" and getattr(model[0], "document_length", None) is not None:
        model[0].document_length = spec.max_tokens  # queries have a length of their own
    else:
        model.max_seq_length = spec.max_tokens


def _set_truncation(model: Any, spec: ModelSpec) -> None:
    """Keep the spec's number of dimensions, as sentence-transformers' `truncate_dim` does."""
    if spec.truncate_dim is None:
        return
    model.truncate_dim = None  # the repository's own, which the spec's replaces
    dimension = model.get_embedding_dimension()
    if dimension is not None and spec.truncate_dim > dimension:
        raise EvaluationError(
            "load_failed", f"{spec.model} has {dimension} dimensions; it cannot keep {spec.truncate_dim}."
        )
    model.truncate_dim = spec.truncate_dim


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
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # of tokenizers, in Rust
            raise
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


def _one_line(error: BaseException, folder: Path, spec: ModelSpec) -> str:
    """The beginning of an error's text on one line, without paths of this machine: a stranger wrote parts of it."""
    text = (clean_text(str(error), 1000) or "").replace(str(folder), spec.model)
    return clean_text(re.sub(r"(?<![\w:/])/(?:[\w.@+-]+/)+[\w.@+-]*", "...", text), 300) or ""


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Without the progress bars of transformers, datasets and the Hub client: ours tells what goes on."""
    import datasets
    import huggingface_hub.utils
    import transformers

    datasets.disable_progress_bars()
    huggingface_hub.utils.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    yield
