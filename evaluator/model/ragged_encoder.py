"""The encoders of models that give a text any number of rows: a vector for each of its tokens, or the few dimensions
that are not 0. Both are sentence-transformers' own models, asked as their `encode` asks them."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from evaluator.cleaning import token_limit
from evaluator.errors import EvaluationError
from evaluator.model.encoder import PROBE, Loaded, Route, Rows
from evaluator.model.token_encoder import UNDERSTOOD, TokenEncoder

PAIR = np.dtype([("index", np.int32), ("value", np.float32)])
"""One dimension of a sparse vector that is not 0."""

EXPANSION = "query_expansion_positions"
"""The feature in which sentence-transformers marks the mask tokens that a query is filled up with."""


class RaggedEncoder(TokenEncoder):
    """A model whose `embed` gives a sequence of arrays, one a text: its rows, (n,) of the type `item`."""

    item: np.dtype

    def _expect_tokens(self) -> None:
        """Nothing to try: `encode` of these models goes the same way, token ids first."""

    @abstractmethod
    def _rows(self, outputs: dict[str, Any]) -> list[np.ndarray]:
        """Each text's rows, from what the last module gave."""

    @abstractmethod
    def _matrix(self, rows: Rows) -> np.ndarray:
        """The rows of some texts as one matrix, (n, dimension) float32, to compare and to count dimensions."""

    def _fetched(self, outputs: dict[str, Any]) -> Callable[[], Rows]:
        rows = self._rows(outputs)
        return lambda: rows

    def _probe(self) -> np.ndarray:
        """What it makes of two sentences as documents, as a matrix; they are tried as queries, too.

        Raises:
            EvaluationError: bad_embeddings, load_failed.
        """
        probed: list[np.ndarray] = []
        for route in ("query", "document") if self.routed else (None,):
            tokens = self.tokenize(list(PROBE), "", route)  # type: ignore[arg-type]
            probed = list(self.embed(tokens, "", route))  # type: ignore[arg-type]
            values = [self._matrix([rows]) for rows in probed]
            if not all(np.isfinite(each).all() for each in values):
                raise EvaluationError(
                    "bad_embeddings",
                    f"{self.name} gives NaN or infinite values in {self.dtype}; its weights may be damaged, "
                    "or it may need another precision.",
                )
            if not all(len(rows) for rows in probed):
                raise EvaluationError(
                    "bad_embeddings", f"{self.name} gives a Korean sentence no vector at all; check its tokenizer."
                )
        first, second = (self._matrix([rows]) for rows in probed)
        if first.shape == second.shape and np.allclose(first, second, rtol=0, atol=1e-6 * np.abs(first).max()):
            raise EvaluationError(
                "bad_embeddings",
                f"{self.name} gives the same vectors for different texts; check its weights, "
                "and whether its tokenizer knows Korean.",
            )
        return self._matrix(probed)


class SparseEncoding(RaggedEncoder):
    """A `SparseEncoder`: of each text the dimensions that are not 0, in ascending order, as `PAIR`s."""

    item = PAIR

    def __init__(self, model: Any, loaded: Loaded) -> None:
        if model.similarity_fn_name not in ("dot", "cosine"):
            raise EvaluationError(
                "load_failed",
                f"{loaded.name} compares its sparse vectors by {model.similarity_fn_name}; "
                "dot and cosine can be computed.",
            )
        self._most_active: int | None = model.max_active_dims
        self._options = {} if self._most_active is None else {"max_active_dims": self._most_active}
        super().__init__(model, loaded)

    def _rows(self, outputs: dict[str, Any]) -> list[np.ndarray]:
        from sentence_transformers.util import select_max_active_dims

        vectors = outputs["sentence_embedding"]
        if self._most_active is not None:
            vectors = select_max_active_dims(vectors, max_active_dims=self._most_active)
        places = vectors.nonzero()
        texts, index = places[:, 0].cpu().numpy(), places[:, 1].cpu().numpy()
        pairs = np.empty(len(index), dtype=PAIR)
        pairs["index"], pairs["value"] = index, vectors[places[:, 0], places[:, 1]].float().cpu().numpy()
        self._size = int(vectors.shape[1])
        return np.split(pairs, np.searchsorted(texts, np.arange(1, vectors.shape[0])))

    def _matrix(self, rows: Rows) -> np.ndarray:
        matrix = np.zeros((len(rows), self._size), dtype=np.float32)
        for number, pairs in enumerate(rows):
            matrix[number, pairs["index"]] = pairs["value"]
        return matrix

    @property
    def values_per_token(self) -> int:
        """The masked language model's logits of each token, some four times over, besides the transformer's own."""
        return 40 * self._hidden() + 4 * self.dimension


class MultiVectorEncoding(RaggedEncoder):
    """A `MultiVectorEncoder`: of each text the vectors of its tokens, those left out that are not to be compared.

    A query may be filled up with mask tokens, whose vectors count although no other token attends to them. They are
    held as negative ids: -1 - id.
    """

    def __init__(self, model: Any, loaded: Loaded) -> None:
        self._expands = getattr(model[0], "query_expansion", None)
        super().__init__(model, loaded)
        self.item = np.dtype((np.float32, (self.dimension,)))
        self.max_tokens = self.limit("document")
        self._info = self._describe()

    def limit(self, route: Route) -> int | None:
        """The length of queries, or of documents, at which they are cut."""
        first, whole = self._model[0], token_limit(self._model.max_seq_length)
        if route == "query" and self._expands is not None:
            own = self._expands["length"]
            if self._expands["strategy"] != "fixed":
                own = max(own, getattr(first, "query_length", None) or whole or own)
            return token_limit(own)
        own = getattr(first, f"{route or 'document'}_length", None)
        return token_limit(own) if own else whole

    def _takes_routes(self) -> bool:
        return True

    def _preprocessed(self, texts: list[str], prompt: str, route: Route) -> list[np.ndarray]:
        features = self._model.preprocess(texts, prompt=prompt or None, **({"task": route} if route else {}))
        if unknown := set(features) - UNDERSTOOD - {EXPANSION}:
            raise EvaluationError(
                "load_failed", f"{self.name} reads {', '.join(sorted(unknown))} besides tokens; that is not supported."
            )
        self._remember(features, prompt, route)
        ids = features["input_ids"].numpy().astype(np.int32)
        kept = features["attention_mask"].numpy().astype(bool)
        if EXPANSION in features:
            filled = features[EXPANSION].numpy().astype(bool)
            ids, kept = np.where(filled, -1 - ids, ids), kept | filled
        return [row[of_row] for row, of_row in zip(ids, kept, strict=True)]

    def _padded_batch(self, tokens: Sequence[np.ndarray], prompt: str, route: Route) -> dict[str, Any]:
        import torch

        features = super()._padded_batch([np.where(ids < 0, -1 - ids, ids) for ids in tokens], prompt, route)
        if self._expands is None or route != "query":
            return features
        filled = np.zeros(tuple(features["input_ids"].shape), dtype=bool)
        for row, ids in zip(filled, tokens, strict=True):
            part = row[len(row) - len(ids) :] if self._pad_left else row[: len(ids)]
            part[:] = ids < 0
        features[EXPANSION] = self._on_device(filled)
        if not self._expands["attend"]:
            seen = features["attention_mask"]
            features["attention_mask"] = torch.where(features[EXPANSION], torch.zeros_like(seen), seen)
        return features

    def _rows(self, outputs: dict[str, Any]) -> list[np.ndarray]:
        vectors, kept = outputs["token_embeddings"], outputs["attention_mask"].bool()
        found = vectors[kept].float().cpu().numpy()
        return np.split(found, np.cumsum(kept.sum(dim=1).cpu().numpy())[:-1])

    def _matrix(self, rows: Rows) -> np.ndarray:
        return np.concatenate(list(rows))

    @property
    def values_per_token(self) -> int:
        """Those of the transformer, which is wider than its vectors."""
        return 40 * max(self._hidden(), self.dimension)
