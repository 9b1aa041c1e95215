"""The encoder of models that read token ids: tokenising and the forward pass are separate, so that the sweep over all
texts can sort and pack between them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from evaluator.cleaning import token_limit
from evaluator.errors import EvaluationError, is_out_of_memory
from evaluator.model.direct_tokens import EDGES, DirectTokenizer
from evaluator.model.encoder import PROBE, Loaded, ModuleEncoder, Route
from evaluator.model.own_encoder import own_embeddings

PACKING_TOLERANCE = 1e-5
LEARNED_FROM = 64
UNPADDED: dict[str, Any] = {
    "text": {"padding": False, "return_attention_mask": False},
    "common": {"return_tensors": None},
}
"""What to ask of sentence-transformers' `preprocess` for lists of token ids instead of a padded tensor."""
UNDERSTOOD = {"input_ids", "attention_mask", "token_type_ids", "modality", "prompt_length", "task"}


class ReadsMoreThanTokens(Exception):
    """The model's first module reads something else than token ids: it has to be asked through its own `encode`."""


class TokenEncoder(ModuleEncoder):
    """A model whose first module reads token ids.

    Raises:
        ReadsMoreThanTokens: it is none.
    """

    _options: Mapping[str, Any] = {}  # what the forward pass takes besides features and the route

    def __init__(self, model: Any, loaded: Loaded) -> None:
        from sentence_transformers.base.modules import Transformer
        from sentence_transformers.sentence_transformer.modules import Pooling, StaticEmbedding
        from sentence_transformers.sparse_encoder.modules import MLMTransformer

        super().__init__(model, loaded)
        self._static = isinstance(model[0], StaticEmbedding)
        self.max_tokens = None if self._static else token_limit(model.max_seq_length)
        self.routed = self._takes_routes()
        self.prompt_matters = any(isinstance(module, Pooling) and not module.include_prompt for module in model)
        tokenizer = getattr(model, "tokenizer", None)
        self._pad_id: int = getattr(tokenizer, "pad_token_id", None) or 0
        self.unknown_id = _unknown_id(tokenizer)
        self._pad_left = getattr(tokenizer, "padding_side", "right") == "left"
        self._template: dict[tuple[str, Route], dict[str, Any]] = {}
        self._processing: dict[str, Any] = {}
        self._direct = DirectTokenizer(None)
        self._expect_tokens()
        if type(model[0]) in (Transformer, MLMTransformer) and not self.routed:
            self._tokenise_unpadded()
        probed = self._probe()
        self.dimension = int(probed.shape[1])
        self._info = self._describe()
        self.linear = "onednn-packed" if self._pack(probed) else None

    def _takes_routes(self) -> bool:
        """Whether queries and documents take different ways through the model."""
        from sentence_transformers.base.modules import Router

        return any(isinstance(module, Router) for module in self._model) or any(
            getattr(self._model[0], name, None) for name in ("query_length", "document_length", "query_expansion")
        )

    def _expect_tokens(self) -> None:
        """Try the way through token ids; where a module is not sentence-transformers' own, against its own `encode`.

        Raises:
            ReadsMoreThanTokens: it does not work, or gives other embeddings.
        """
        try:
            found = self.embed(self.tokenize(list(PROBE), "", None), "", None)
            own = any(not type(module).__module__.startswith("sentence_transformers.") for module in self._model)
            expected = own_embeddings(self._model, list(PROBE), "", None, None) if own else found
        except Exception as error:  # a model's own module raises anything
            if is_out_of_memory(error):
                raise
            raise ReadsMoreThanTokens from error
        close = (1e-4 if self.dtype == "float32" else 2e-2) * float(np.nanmax(np.abs(expected), initial=0.0))
        if own and not np.allclose(found, expected, rtol=0, atol=close, equal_nan=True):
            raise ReadsMoreThanTokens

    def _tokenise_unpadded(self) -> None:
        """Ask for token ids without padding, where that gives the same: a padded tensor takes twice as long."""
        expected = self.tokenize(list(PROBE), "", None)
        self._processing = {"processing_kwargs": UNPADDED}
        try:
            pairs = zip(self.tokenize(list(PROBE), "", None), expected, strict=True)
            same = all(np.array_equal(ids, padded) for ids, padded in pairs)
        except Exception:  # whatever a processor makes of it
            same = False
        if not same:
            self._processing = {}
            return
        self._direct = DirectTokenizer(self._model.tokenizer)

    def _pack(self, expected: np.ndarray) -> bool:
        """Pack the linear layers on the CPU, in float32; a model that does not take it keeps its own layers."""
        from evaluator.model import packing

        if not self.device.startswith("cpu") or self.dtype != "float32" or not packing.can_pack():
            return False
        if packing.pack_linear_layers(self._model) == 0:
            return False
        try:
            close = np.allclose(self._probe(), expected, rtol=0, atol=PACKING_TOLERANCE * np.abs(expected).max())
        except Exception:  # a model's own code raises anything: it reads a layer's weights itself, say
            close = False
        if not close:
            packing.unpack_linear_layers(self._model)
        return bool(close)

    def tokenize(self, texts: list[str], prompt: str, route: Route) -> list[np.ndarray]:
        """Token ids of each text, prompt and special tokens included, cut at `max_tokens`; (length,) int32 each.

        The first texts of each prompt and route go through sentence-transformers; from then on the tokenizer's core
        is asked itself, where it has given the same ids for them.
        """
        if not self._direct.knows((prompt, route)):
            self._learn(texts[:LEARNED_FROM], prompt, route)
        direct = self._direct.ids((prompt, route), prompt, texts)
        return self._preprocessed(texts, prompt, route) if direct is None else direct

    def _learn(self, texts: list[str], prompt: str, route: Route) -> None:
        """Find out whether the tokenizer's core gives the ids of sentence-transformers, for this prompt and route."""
        expected = self._preprocessed(texts, prompt, route)
        try:
            expected += self._preprocessed(list(EDGES), prompt, route)
        except Exception:  # a preprocessor that does not take one of these reads texts in its own manner
            expected = []
        self._direct.learn((prompt, route), prompt, [*texts, *EDGES], expected)

    def _preprocessed(self, texts: list[str], prompt: str, route: Route) -> list[np.ndarray]:
        """Token ids as sentence-transformers' `preprocess` gives them."""
        options = {**self._processing, **({"task": route} if route else {})}
        features = self._model.preprocess(texts, prompt=prompt or None, **options)
        if unknown := set(features) - UNDERSTOOD - ({"offsets"} if self._static else set()):
            raise EvaluationError(
                "load_failed", f"{self.name} reads {', '.join(sorted(unknown))} besides tokens; that is not supported."
            )
        if self._static:
            return np.split(features["input_ids"].numpy().astype(np.int32), features["offsets"].numpy()[1:])
        self._remember(features, prompt, route)
        ids = [np.asarray(row, dtype=np.int32) for row in features["input_ids"]]
        if self._processing:
            return ids
        mask = features["attention_mask"].numpy().astype(bool)
        return [row[kept] for row, kept in zip(ids, mask, strict=True)]

    def _remember(self, features: dict[str, Any], prompt: str, route: Route) -> None:
        """Keep what every batch of this prompt and route has besides its tokens.

        Raises:
            EvaluationError: load_failed, token types are marked.
        """
        if any(np.asarray(row).any() for row in features.get("token_type_ids", ())):
            raise EvaluationError("load_failed", f"{self.name} marks token types in single texts; not supported.")
        self._template[prompt, route] = {
            name: features[name] for name in ("modality", "prompt_length", "token_type_ids") if name in features
        }

    def begin(
        self,
        tokens: Sequence[np.ndarray],
        prompt: str,
        route: Route,
        task: str | None = None,  # noqa: ARG002
    ) -> Callable[[], Any]:
        """Begin the forward pass; `task` is for models' own `encode` alone.

        On the CPU the embeddings are computed here. A GPU is only told what to do, so that its next batch can be
        prepared meanwhile.
        """
        import torch

        with torch.inference_mode():
            features = self._static_batch(tokens) if self._static else self._padded_batch(tokens, prompt, route)
            return self._fetched(self._model(features, **({"task": route} if route else {}), **self._options))

    def _fetched(self, outputs: dict[str, Any]) -> Callable[[], Any]:
        """What waits for the embeddings in the last module's outputs, and gives them."""
        import torch

        embeddings = outputs["sentence_embedding"]
        if (kept := self._model.truncate_dim) is not None:
            embeddings = embeddings[:, :kept]
        embeddings = embeddings.float()
        if embeddings.device.type != "cuda":
            array: np.ndarray = embeddings.cpu().numpy()
            return lambda: array
        host = torch.empty(embeddings.shape, dtype=torch.float32, pin_memory=True)
        host.copy_(embeddings, non_blocking=True)
        copied = torch.cuda.current_stream(embeddings.device).record_event()

        def wait() -> np.ndarray:
            copied.synchronize()
            return np.array(host)

        return wait

    def _on_device(self, array: np.ndarray) -> Any:
        """A tensor on the model's device; on a GPU, without waiting for what it still computes."""
        import torch

        tensor, device = torch.from_numpy(array), self._model.device
        return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)

    def _static_batch(self, tokens: Sequence[np.ndarray]) -> dict[str, Any]:
        offsets = np.cumsum([0, *(len(ids) for ids in tokens[:-1])])
        ids = np.concatenate(tokens).astype(np.int64)
        return {"input_ids": self._on_device(ids), "offsets": self._on_device(offsets)}

    def _padded_batch(self, tokens: Sequence[np.ndarray], prompt: str, route: Route) -> dict[str, Any]:
        import torch

        lengths = np.array([len(ids) for ids in tokens])[:, None]
        longest = int(lengths.max())
        places = np.arange(longest)
        held = places >= longest - lengths if self._pad_left else places < lengths
        input_ids = np.full(held.shape, self._pad_id, dtype=np.int64)
        input_ids[held] = np.concatenate(tokens)
        features: dict[str, Any] = dict(self._template[prompt, route])
        features["input_ids"] = self._on_device(input_ids)
        features["attention_mask"] = self._on_device(held.astype(np.int64))
        if "token_type_ids" in features:
            features["token_type_ids"] = torch.zeros_like(features["input_ids"])
        return features


def _unknown_id(tokenizer: Any) -> int | None:
    """The id of the tokenizer's unknown token; None where it has none, or one that stands for something else too."""
    unknown = getattr(tokenizer, "unk_token_id", None)
    others = {getattr(tokenizer, f"{name}_token_id", None) for name in ("eos", "bos", "pad", "cls", "sep")}
    return unknown if isinstance(unknown, int) and unknown not in others else None
