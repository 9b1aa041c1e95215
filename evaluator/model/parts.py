"""What a model is made of besides its own repository: the base models of adapters, and code of other repositories.

An adapter (`adapter_config.json`) names the model below it, which may be an adapter again; an `auto_map`, or a module
of sentence-transformers, may name its code as `org/repo--module.Class`. Each such repository is pinned to a commit, in
the spec's `parts`, and nothing is loaded from any other.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from evaluator.cleaning import SHORT, clean_text
from evaluator.errors import EvaluationError, FailureClass
from evaluator.model.allowed import PYLATE_DENSE
from evaluator.model.cards import card_of
from evaluator.model.download import fetch, fetch_code, fetch_small, resolve_revision
from evaluator.model.repository import VECTORS_IN_WORDS, Repository
from evaluator.spec import ModelSpec, valid_model_id

DEEPEST = 5
"""Adapters that may lie on top of one another."""

CODE_SIGN = "--"
"""What stands between a repository and a module in a reference to code elsewhere."""


@dataclass(frozen=True)
class Layer:
    """One repository of the stack: the model itself on top, then what each adapter is put on."""

    spec: ModelSpec
    repository: Repository

    @property
    def adapter_folder(self) -> Path | None:
        """Where adapter_config.json lies: beside the transformer; None for a whole model."""
        return next((place for place in self.repository.transformer_folders if is_adapter(place)), None)

    @property
    def adapter_config(self) -> str | None:
        """The path of adapter_config.json within the repository."""
        folder = self.adapter_folder
        return None if folder is None else str(folder.relative_to(self.repository.folder) / "adapter_config.json")


@dataclass(frozen=True)
class Composition:
    """A model's repositories: `layers` from itself down to a whole model, and the `code` of others.

    `spec` is the model's, with the commits of all of them as its `parts`, and with its kind of `vectors`.
    """

    spec: ModelSpec
    layers: tuple[Layer, ...]
    code: tuple[Layer, ...]

    @property
    def top(self) -> Repository:
        return self.layers[0].repository

    @property
    def whole(self) -> bool:
        """Whether all of it may be read: the stack ends in a whole model."""
        return self.layers[-1].adapter_folder is None

    @property
    def adapters(self) -> tuple[Layer, ...]:
        """Those layers that are adapters, the topmost first."""
        return tuple(layer for layer in self.layers if layer.adapter_folder is not None)


Fetch = Callable[[ModelSpec], Path]
Pin = Callable[[ModelSpec], ModelSpec]


def is_adapter(folder: Path) -> bool:
    """Whether an adapter lies in this folder."""
    return (folder / "adapter_config.json").is_file()


def compose(
    spec: ModelSpec, *, whole: Fetch, code: Fetch | None, pin: Pin | None = None, gated_base: bool = False
) -> Composition:
    """Follow a model's repositories, fetched with `whole` and, for other repositories' code, with `code` if given.

    `pin` finds the commit of one that the spec does not name. `gated_base`: stop above a base that may not be read.

    Raises:
        EvaluationError: load_failed, an adapter's base is none that can be fetched; load_failed or needs_remote_code,
            a base or code is not pinned and `pin` is None; and whatever the functions raise.
    """
    parts: dict[str, str] = {}

    def part(model: str, failure: FailureClass) -> ModelSpec:
        named = {each.lower(): (each, commit) for each, commit in {**spec.parts, **parts}.items()}
        known = named.get(model.lower())
        if known is not None:
            found = ModelSpec(model=known[0], revision=known[1])
        elif pin is not None:
            found = pin(ModelSpec(model=model))
        else:
            raise EvaluationError(
                failure, f"{spec.model} is made of {model}, which is pinned to no commit; submit it again."
            )
        parts[found.model] = found.revision or ""
        return found

    layers = [Layer(spec, Repository(whole(spec)))]
    while (base := base_of(layers[-1])) is not None:
        if len(layers) > DEEPEST or base.lower() in {layer.spec.model.lower() for layer in layers}:
            raise EvaluationError("load_failed", f"{spec.model}: its adapters lie on top of one another without end.")
        below = part(base, "load_failed")
        try:
            layers.append(Layer(below, Repository(whole(below))))
        except EvaluationError as error:
            if not (gated_base and error.failure == "gated"):
                raise
            break
    foreign: list[Layer] = []
    if code is not None:
        own = {layer.spec.model.lower() for layer in layers}
        named = dict.fromkeys(model for layer in layers for model in code_repositories(layer.repository))
        pinned = [part(model, "needs_remote_code") for model in named if model.lower() not in own]
        foreign = [Layer(each, Repository(code(each))) for each in pinned]
    return Composition(_with_vectors(spec, layers[0].repository, parts), tuple(layers), tuple(foreign))


def _with_vectors(spec: ModelSpec, repository: Repository, parts: dict[str, str]) -> ModelSpec:
    """The spec with its parts, and with the vectors that the repository says.

    Raises:
        EvaluationError: load_failed, a setting is for models that give other vectors.
    """
    fields = {name: getattr(spec, name) for name in spec.model_fields_set}
    try:
        return ModelSpec.model_validate({**fields, "parts": parts, "vectors": repository.vectors})
    except ValueError as error:
        raise EvaluationError(
            "load_failed",
            f"{spec.model} is {VECTORS_IN_WORDS[repository.vectors]}: it takes no pooling, no truncation of "
            "dimensions, no task for its encode and no loader of its own. Leave these at their defaults.",
        ) from error


def fetched(spec: ModelSpec, *, cache: Path | None = None, max_bytes: int | None = None) -> Composition:
    """All repositories of a model, whole.

    Raises:
        EvaluationError: as `compose` and `fetch`; too_large, all of them together.
    """
    left = [max_bytes]

    def whole(each: ModelSpec) -> Path:
        folder = fetch(each, cache=cache, max_bytes=left[0])
        if left[0] is not None:
            left[0] = max(0, left[0] - sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))
        return folder

    return compose(spec, whole=whole, code=partial(fetch_code, cache=cache) if spec.trust_remote_code else None)


def looked_at(spec: ModelSpec, *, cache: Path | None = None, token: Literal[False] | None = None) -> Composition:
    """The small files of all repositories of a model; those that the spec does not pin are pinned to their newest.

    `cache` and `token`: as `fetch_small`. A base that may not be read is pinned, and missing in `layers`.

    Raises:
        EvaluationError: as `compose` and `fetch_small`.
    """
    return compose(
        spec,
        whole=partial(fetch_small, cache=cache, token=token),
        code=partial(fetch_code, cache=cache, token=token),
        pin=partial(resolve_revision, token=token),
        gated_base=True,
    )


def base_of(layer: Layer) -> str | None:
    """The model that this one is put on; None for a whole model.

    Raises:
        EvaluationError: load_failed, it names none on the Hub.
    """
    if layer.adapter_config is None:
        return None
    named = layer.repository.read_object(layer.adapter_config).get("base_model_name_or_path")
    card = card_of(layer.spec.model)
    base = named if card is None else card.bases.get(layer.spec.model, named)
    try:
        return valid_model_id(base if isinstance(base, str) else "")
    except ValueError as error:
        raise EvaluationError(
            "load_failed",
            f"{layer.spec.model} is an adapter to {clean_text(base, SHORT) or 'nothing'!r}, which is no model on the "
            "Hub. Write the id of its base model into adapter_config.json, or submit the merged model.",
        ) from error


def code_repositories(repository: Repository) -> Iterator[str]:
    """The other repositories whose code a repository names, in valid references."""
    for reference in code_references(repository):
        owner = reference.partition(CODE_SIGN)[0]
        if CODE_SIGN in reference:
            try:
                yield valid_model_id(owner)
            except ValueError as error:
                raise EvaluationError(
                    "load_failed",
                    f"The code {clean_text(reference, SHORT)!r} is in no repository of the Hub; "
                    "write it as organisation/name--module.Class.",
                ) from error


def code_references(repository: Repository) -> Iterator[str]:
    """Every class of a repository that is none of the libraries': "module.Class", or "org/repo--module.Class"."""
    for folder in repository.transformer_folders:
        for name in ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json"):
            path = folder / name
            if path.is_file():
                declared = repository.read_object(str(path.relative_to(repository.folder))).get("auto_map")
                yield from texts_of(declared)
    for module in repository.all_modules:
        if not is_of_a_library(module.type):
            yield module.type


def is_of_a_library(type_: str) -> bool:
    """Whether a module's class is none that the repository brings: PyLate's is read as sentence-transformers' own."""
    return type_.startswith("sentence_transformers.") or type_ == PYLATE_DENSE


def texts_of(value: Any) -> Iterator[str]:
    """Every text in nested JSON, keys aside."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
