"""The encoder of models that run in the environment of their recipe, behind a program of their own."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from evaluator.errors import EvaluationError
from evaluator.model.encoder import Loaded, Route, TextEncoder
from evaluator.model.parts import Composition
from evaluator.model.recipes import Recipe
from evaluator.model.recipes.calling import Program
from evaluator.spec import ModelSpec


class RecipeEncoder(TextEncoder):
    """A model behind the program of its recipe."""

    def __init__(self, program: Program, spec: ModelSpec, loaded: Loaded) -> None:
        super().__init__(loaded)
        self._program = program
        self._ends = weakref.finalize(self, program.close)
        facts = program.facts
        self.declared = loaded.repository.declared_prompts
        self.truncate_dim = spec.truncate_dim
        self.similarity = facts.similarity
        self.max_tokens = facts.max_tokens
        self.dimension = facts.dimension
        if spec.truncate_dim is not None and self.dimension < spec.truncate_dim:
            self.close()
            raise EvaluationError(
                "load_failed", f"{spec.model} has {self.dimension} dimensions; it cannot keep {spec.truncate_dim}."
            )
        self._probe()
        self._info = self._facts(facts.parameters, facts.memory_bytes)

    def begin(
        self, tokens: Sequence[str], prompt: str, route: Route, task: str | None = None
    ) -> Callable[[], np.ndarray]:
        """Ask the program, and wait for it."""
        embeddings = self._program.encode(tokens, prompt, route, task)
        return lambda: embeddings

    def close(self) -> None:
        """End the program."""
        self._ends()

    @property
    def attention(self) -> str | None:
        """The attention implementation that the program tells."""
        return self._program.facts.attention

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the recipe's environment."""
        return self._program.facts.versions


def recipe_encoder(
    recipe: Recipe, python: Path, spec: ModelSpec, composition: Composition, loaded: Loaded
) -> RecipeEncoder:
    """The model in the environment that `python` belongs to.

    Raises:
        EvaluationError: as `Program`; load_failed, its adapters are for another program.
    """
    adapters = composition.adapters
    stacked = recipe.program == "llm2vec"
    if adapters and not stacked:
        raise EvaluationError(
            "load_failed", f"{spec.model} is an adapter, which the recipe {recipe.name} cannot put on its base model."
        )
    below = reversed(composition.layers[1:])
    program = Program(
        recipe,
        python,
        composition.top.folder if stacked else loaded.repository.folder,
        model=spec.model,
        bases=[(layer.spec.model, layer.repository.folder) for layer in below] if stacked else [],
        device=loaded.device,
        dtype=loaded.dtype,
        max_tokens=spec.max_tokens,
        pooling=None if spec.pooling == "auto" else spec.pooling,
        truncate_dim=spec.truncate_dim,
        trust_remote_code=spec.trust_remote_code,
    )
    return RecipeEncoder(program, spec, loaded)
