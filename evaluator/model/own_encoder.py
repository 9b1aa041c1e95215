"""The encoder of models that are asked through their own `encode`: what reads something else than token ids."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evaluator.cleaning import token_limit
from evaluator.model.encoder import Loaded, ModuleEncoder, Route, TextEncoder


class OwnEncoder(TextEncoder, ModuleEncoder):
    """A model of sentence-transformers through its own `encode`, `encode_query` and `encode_document`."""

    def __init__(self, model: Any, loaded: Loaded) -> None:
        super().__init__(model, loaded)
        self.max_tokens = token_limit(getattr(model, "max_seq_length", None))
        self.dimension = int(self._probe().shape[1])
        self._info = self._describe()

    def begin(
        self, tokens: Sequence[str], prompt: str, route: Route, task: str | None = None
    ) -> Callable[[], np.ndarray]:
        """Encode the texts, and wait for it."""
        embeddings = own_embeddings(self._model, list(tokens), prompt, route, task)
        return lambda: embeddings


def own_embeddings(model: Any, texts: list[str], prompt: str, route: Route, task: str | None) -> np.ndarray:
    """What a model of sentence-transformers makes of texts by itself, (n, dimension) float32.

    `prompt` "" means none, whatever the model's default is. A `task` names what its `encode` takes under that name;
    without one, queries and documents go through `encode_query` and `encode_document`, as in MTEB.
    """
    options: dict[str, Any] = {"prompt": prompt, "batch_size": len(texts), "show_progress_bar": False}
    if task is not None:
        return np.asarray(model.encode(texts, task=task, **options), dtype=np.float32)
    encode = {"query": model.encode_query, "document": model.encode_document, None: model.encode}[route]
    return np.asarray(encode(texts, **options), dtype=np.float32)
