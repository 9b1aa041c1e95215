"""A loaded model: texts in, embeddings out. What the sweep and the result need to know of it, whatever computes it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evaluator.cleaning import LARGEST, LARGEST_LENGTH, bounded_int
from evaluator.errors import EvaluationError
from evaluator.model.prompts import Declared
from evaluator.records import ModelInfo

if TYPE_CHECKING:
    from evaluator.model.parts import Composition
    from evaluator.model.recipes import Recipe
    from evaluator.model.repository import Repository

Route = Literal["query", "document"] | None
"""Which way through the model a text takes, for models that treat queries and documents differently."""

Prepared = np.ndarray | str
"""A text that is ready for the model: its token ids, or itself. Its length decides which batch it is put into."""

Rows = Sequence[np.ndarray]
"""What a model makes of some texts, in their order: of each its vector, or its rows (`Encoder.item`)."""

PROBE = ("한국어 임베딩 모델을 평가합니다.", "어제는 비가 많이 왔다.")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """How a model was loaded: what a result tells of it besides its embeddings.

    `repository` holds what its repositories declare together, `composition` which they are. `recipe`: the environment
    that it runs in, where that is not ours, and `environments` where it lies.
    """

    name: str
    device: str
    dtype: str
    loader: str
    pooling: str | None
    pooling_source: str | None
    repository: "Repository"
    composition: "Composition"
    recipe: "Recipe | None" = None
    environments: Path | None = None


class Encoder(ABC):
    """A dense embedding model on one device.

    `dimension` of its embeddings; `max_tokens` it reads of a text (None: no limit); `similarity` is its own similarity
    function; `declared` are the prompts of its repository. `routed`: queries and documents take different ways through
    it; `prompt_matters`: a batch may hold texts of one prompt only. `encoding` is "own" where texts go through the
    model's own `encode`. `linear` says how linear layers are computed where that is not PyTorch's own way. `unknown_id`
    is the token that stands for what the tokenizer does not know, None where it has none. `item`: the type of one row
    of the models that give a text any number of rows (`evaluator.model.ragged_encoder`), None where it has one vector.
    """

    item: np.dtype | None = None

    linear: str | None = None
    unknown_id: int | None = None
    encoding: str | None = None
    max_tokens: int | None
    dimension: int
    declared: Declared
    truncate_dim: int | None
    similarity: str
    routed: bool
    prompt_matters: bool
    _info: ModelInfo

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.name = loaded.name
        self.device = loaded.device
        self.dtype = loaded.dtype
        self.repository = loaded.repository

    @abstractmethod
    def tokenize(self, texts: list[str], prompt: str, route: Route) -> Sequence[Prepared]:
        """Each text ready for the model, with its prompt; one that is longer costs more.

        Raises:
            EvaluationError: load_failed, the model reads more than tokens.
        """

    @abstractmethod
    def begin(self, tokens: Sequence[Any], prompt: str, route: Route, task: str | None = None) -> Callable[[], Any]:
        """Begin to encode what `tokenize` gave for this prompt and route; `task` is for the model's own `encode`.

        The function returned waits for the embeddings, (n, dimension) float32, or `Rows`. Memory is taken, and an
        out-of-memory raised, here.
        """

    def embed(self, tokens: Sequence[Any], prompt: str, route: Route, task: str | None = None) -> Any:
        """Embeddings of what `tokenize` gave for this prompt and route, (n, dimension) float32, or `Rows`."""
        return self.begin(tokens, prompt, route, task)()

    def _probe(self) -> np.ndarray:
        """The embeddings of two sentences, (2, dimension) float32.

        Raises:
            EvaluationError: bad_embeddings, load_failed.
        """
        embeddings: np.ndarray = self.embed(self.tokenize(list(PROBE), "", None), "", None)
        if embeddings.ndim != 2 or len(embeddings) != len(PROBE):
            raise EvaluationError("bad_embeddings", f"{self.name} does not give one vector a text.")
        if not np.isfinite(embeddings).all():
            raise EvaluationError(
                "bad_embeddings",
                f"{self.name} gives NaN or infinite values in {self.dtype}; its weights may be damaged, "
                "or it may need another precision.",
            )
        if np.allclose(embeddings[0], embeddings[1], rtol=0, atol=1e-6 * np.abs(embeddings).max()):
            raise EvaluationError(
                "bad_embeddings",
                f"{self.name} gives the same vector for different texts; check its weights and pooling, "
                "and whether its tokenizer knows Korean.",
            )
        return embeddings

    def info(self) -> ModelInfo:
        """What the result says of the model."""
        return self._info

    def limit(self, route: Route) -> int | None:  # noqa: ARG002
        """How many tokens it reads of a text that takes this way; None: any number."""
        return self.max_tokens

    @property
    def values_per_token(self) -> int:
        """The values that a batch holds of each token at a time: a few layers' activations, some 40 hidden vectors."""
        return 40 * self.dimension

    def close(self) -> None:
        """Let go of what it holds besides memory."""
        return

    @property
    def attention(self) -> str | None:
        """The attention implementation that the model computes with, e.g. "sdpa"; None where it does not tell."""
        return None

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that it runs on, where they are not this process's."""
        return {}

    def _facts(self, parameters: int | None, memory_bytes: int | None) -> ModelInfo:
        return ModelInfo(
            parameters=bounded_int(parameters, 0, LARGEST),
            embedding_dimension=bounded_int(self.dimension, 0, LARGEST_LENGTH),
            max_tokens=self.max_tokens,
            license=self.repository.front.license,
            architecture=self.repository.architecture,
            memory_bytes=memory_bytes,
            llm_based=self.repository.is_decoder,
            open_weights=True,
            datasets=self.repository.front.datasets,
            base_models=self.repository.front.base_models,
            matryoshka=self.repository.claims_matryoshka,
        )


class TextEncoder(Encoder):
    """A model of which only texts go in and vectors come out.

    Texts stay as they are: their length in characters decides which batch they are put into.
    """

    encoding = "own"
    routed = True
    prompt_matters = True

    def tokenize(self, texts: list[str], prompt: str, route: Route) -> list[str]:  # noqa: ARG002
        """The texts themselves."""
        return texts


class ModuleEncoder(Encoder):
    """A model of sentence-transformers in this process."""

    def __init__(self, model: Any, loaded: Loaded) -> None:
        super().__init__(loaded)
        self._model = model.eval()
        # vetted texts
        self.declared = Declared({key: text or "" for key, text in model.prompts.items()}, model.default_prompt_name)
        self.truncate_dim = getattr(model, "truncate_dim", None)
        self.similarity = model.similarity_fn_name

    def _describe(self) -> ModelInfo:
        import torch

        weights = {id(parameter): parameter for parameter in self._model.parameters()}.values()
        return self._facts(
            sum(weight.numel() for weight in weights),
            sum(weight.numel() * weight.element_size() for weight in weights if torch.is_tensor(weight)),
        )

    def _hidden(self) -> int:
        """The width of the transformer; that of the embeddings where it does not tell."""
        config = getattr(getattr(self._model, "transformers_model", None), "config", None)
        hidden = getattr(config, "hidden_size", None)
        return hidden if isinstance(hidden, int) else self.dimension

    @property
    def attention(self) -> str | None:
        """The attention implementation that transformers chose."""
        transformer = getattr(self._model, "transformers_model", None)
        return getattr(getattr(transformer, "config", None), "_attn_implementation", None)
