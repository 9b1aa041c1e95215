"""Recipes: models that only work with the library versions that their cards name, and how these are called.

A file `NAME.yaml` here says which models, which libraries and which program; `NAME.lock` beside it holds each package
of the resolution with its hash. `environments` builds the environment, `calling` runs `program` in it.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from evaluator.errors import EvaluationError
from evaluator.spec import ModelId, ModelSpec, RecipeName

FOLDER = Path(__file__).parent

ProgramName = Literal["sentence-transformers", "llm2vec", "gritlm", "nv-embed", "jina-v4"]

NEEDS_REMOTE_CODE: frozenset[ProgramName] = frozenset({"gritlm", "nv-embed", "jina-v4"})
"""Programs that work with the repository's own code alone."""

_EXACT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*==[0-9][A-Za-z0-9.+!]*")


def _exact(requirement: str) -> str:
    if not _EXACT.fullmatch(requirement):
        raise ValueError(f"{requirement!r} is not of the form name==version, with the name in lower case and hyphens")
    return requirement


Exact = Annotated[str, AfterValidator(_exact)]


def environments_folder() -> Path:
    """Where environments are kept if nobody says: in the user's cache."""
    return Path.home() / ".cache" / "korean-embedding-leaderboard" / "environments"


class Recipe(BaseModel):
    """The environment of some models, and the program that calls them.

    `source` is where the requirement is documented. `requirements` are resolved with all that they require; those of
    `alone` are installed without it, because embedding needs none of it. `builds` names the packages that there is
    only source of. `torch` None: the installed one. `pooling`, `max_tokens`, `attention` (transformers'
    `attn_implementation`) and `config` (values put over config.json's) are what the card calls the model with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: RecipeName
    source: str
    models: tuple[ModelId, ...]
    note: str = ""
    program: ProgramName
    requirements: tuple[Exact, ...]
    alone: tuple[Exact, ...] = ()
    builds: tuple[str, ...] = ()
    torch: str | None = None
    pooling: str | None = None
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    attention: str | None = None
    config: Mapping[str, bool | int | str] = {}
    folder: Path = FOLDER

    @property
    def own_code(self) -> bool:
        """Whether the code that the repository brings (its `auto_map`) is what runs; LLM2Vec's is in its package."""
        return self.program != "llm2vec"

    @property
    def lock_file(self) -> Path:
        return self.folder / f"{self.name}.lock"

    @property
    def lock_digest(self) -> str:
        """SHA-256 of the lock file, 64 hexadecimal digits."""
        return hashlib.sha256(self.lock_file.read_bytes()).hexdigest()


@cache
def recipes() -> Mapping[str, Recipe]:
    """Name -> recipe.

    Raises:
        ValueError: a file is not a recipe, or two name the same model.
    """
    found: dict[str, Recipe] = {}
    of_model: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        recipe = read_recipe(path)
        for model in map(str.lower, recipe.models):
            if model in of_model:
                raise ValueError(f"{model} is in {path.name} and in {of_model[model]}.yaml")
            of_model[model] = recipe.name
        found[recipe.name] = recipe
    return MappingProxyType(found)


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file; its lock lies beside it.

    Raises:
        ValueError: the file is not a recipe.
    """
    try:
        fields = yaml.safe_load(path.read_text("utf-8"))
        return Recipe.model_validate({**fields, "name": path.name.removesuffix(".yaml"), "folder": path.parent})
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name} is not a recipe: {error}") from error


def recipe_of(spec: ModelSpec) -> Recipe | None:
    """The recipe that a spec names, else the one that is known for its model; None: the evaluator's own libraries.

    Raises:
        EvaluationError: load_failed, there is no recipe of that name.
    """
    if spec.recipe == "none":
        return None
    if spec.recipe is not None and spec.recipe not in recipes():
        raise EvaluationError(
            "load_failed", f"There is no recipe {spec.recipe}; use one of {', '.join(recipes())}, or none."
        )
    if spec.recipe is not None:
        return recipes()[spec.recipe]
    model = spec.model.lower()
    return next((recipe for recipe in recipes().values() if model in map(str.lower, recipe.models)), None)
