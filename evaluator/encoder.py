"""A loaded model: texts -> token ids -> embeddings. Tokenising and the forward pass are separate, so that the sweep
over all texts can sort and pack between them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evaluator.errors import EvaluationError
from evaluator.records import ModelInfo

if TYPE_CHECKING:
    from evaluator.repository import Repository

Route = Literal["query", "document"] | None
"""Which way through the model a text takes, for models that treat queries and documents differently."""

PROBE = ("한국어 임베딩 모델을 평가합니다.", "어제는 비가 많이 왔다.")
PACKING_TOLERANCE = 1e-5
UNPADDED: dict[str, Any] = {
    "text": {"padding": False, "return_attention_mask": False},
    "common": {"return_tensors": None},
}
"""What to ask of sentence-transformers' `preprocess` for lists of token ids instead of a padded tensor."""
UNDERSTOOD = {"input_ids", "attention_mask", "token_type_ids", "modality", "prompt_length", "task"}


class Encoder:
    """A dense embedding model on one device.

    `dimension` of its embeddings; `max_tokens` it reads of a text (None: no limit); `similarity` is its own similarity
    function; `prompts` are those that its repository declares. `linear` says how linear layers are computed where that
    is not PyTorch's own way.
    """

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        device: str,
        dtype: str,
        loader: str,
        pooling: str | None,
        pooling_source: str | None,
        repository: "Repository",
    ) -> None:
        from sentence_transformers.base.modules import Router, Transformer
        from sentence_transformers.sentence_transformer.modules import Pooling, StaticEmbedding

        self._model = model.eval()
        self.name = name
        self.device = device
        self.dtype = dtype
        self.loader = loader
        self.pooling = pooling
        self.pooling_source = pooling_source
        self._repository = repository
        self._static = isinstance(model[0], StaticEmbedding)
        self.prompts: dict[str, str] = {key: text or "" for key, text in model.prompts.items()}
        self.default_prompt: str | None = self.prompts.get(model.default_prompt_name or "")
        self.similarity: str = model.similarity_fn_name
        longest = None if self._static else model.max_seq_length
        self.max_tokens: int | None = int(longest) if longest else None
        self.routed = any(isinstance(module, Router) for module in model) or any(
            getattr(model[0], name, None) for name in ("query_length", "document_length", "query_expansion")
        )
        self.prompt_matters = any(isinstance(module, Pooling) and not module.include_prompt for module in model)
        tokenizer = getattr(model, "tokenizer", None)
        self._pad_id: int = getattr(tokenizer, "pad_token_id", None) or 0
        self._pad_left = getattr(tokenizer, "padding_side", "right") == "left"
        self._template: dict[tuple[str, Route], dict[str, Any]] = {}
        self._processing: dict[str, Any] = {}
        if type(model[0]) is Transformer and not self.routed:
            self._tokenise_unpadded()
        probed = self._probe()
        self.dimension = int(probed.shape[1])
        self._info = self._describe()
        self.linear = "onednn-packed" if self._pack(probed) else None

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

    def _pack(self, expected: np.ndarray) -> bool:
        """Pack the linear layers on the CPU, in float32; a model that does not take it keeps its own layers."""
        from evaluator import packing

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

    def _probe(self) -> np.ndarray:
        """The embeddings of two sentences, (2, dimension) float32.

        Raises:
            EvaluationError: bad_embeddings, load_failed.
        """
        embeddings = self.embed(self.tokenize(list(PROBE), "", None), "", None)
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

    def tokenize(self, texts: list[str], prompt: str, route: Route) -> list[np.ndarray]:
        """Token ids of each text, prompt and special tokens included, cut at `max_tokens`; (length,) int32 each.

        Raises:
            EvaluationError: load_failed, the model reads more than tokens.
        """
        options = {**self._processing, **({"task": route} if route else {})}
        features = self._model.preprocess(texts, prompt=prompt or None, **options)
        if unknown := set(features) - UNDERSTOOD - ({"offsets"} if self._static else set()):
            raise EvaluationError(
                "load_failed", f"{self.name} reads {', '.join(sorted(unknown))} besides tokens; that is not supported."
            )
        if self._static:
            return np.split(features["input_ids"].numpy().astype(np.int32), features["offsets"].numpy()[1:])
        if any(np.asarray(row).any() for row in features.get("token_type_ids", ())):
            raise EvaluationError("load_failed", f"{self.name} marks token types in single texts; not supported.")
        self._template[prompt, route] = {
            name: features[name] for name in ("modality", "prompt_length", "token_type_ids") if name in features
        }
        ids = [np.asarray(row, dtype=np.int32) for row in features["input_ids"]]
        if self._processing:
            return ids
        mask = features["attention_mask"].numpy().astype(bool)
        return [row[kept] for row, kept in zip(ids, mask, strict=True)]

    def embed(self, tokens: Sequence[np.ndarray], prompt: str, route: Route) -> np.ndarray:
        """Embeddings of token ids that `tokenize` gave for this prompt and route, (n, dimension) float32."""
        return self.begin(tokens, prompt, route)()

    def begin(self, tokens: Sequence[np.ndarray], prompt: str, route: Route) -> Callable[[], np.ndarray]:
        """Begin the forward pass; the function returned waits for the embeddings, (n, dimension) float32.

        On the CPU they are computed here. A GPU is only told what to do, so that its next batch can be prepared
        meanwhile; memory is taken here, and an out-of-memory raised here.
        """
        import torch

        with torch.inference_mode():
            features = self._static_batch(tokens) if self._static else self._padded_batch(tokens, prompt, route)
            embeddings = self._model(features, **({"task": route} if route else {}))["sentence_embedding"]
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

        longest = max(len(ids) for ids in tokens)
        input_ids = np.full((len(tokens), longest), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(tokens), longest), dtype=np.int64)
        for row, ids in enumerate(tokens):
            place = slice(longest - len(ids), longest) if self._pad_left else slice(0, len(ids))
            input_ids[row, place] = ids
            mask[row, place] = 1
        features: dict[str, Any] = dict(self._template[prompt, route])
        features["input_ids"] = self._on_device(input_ids)
        features["attention_mask"] = self._on_device(mask)
        if "token_type_ids" in features:
            features["token_type_ids"] = torch.zeros_like(features["input_ids"])
        return features

    def info(self) -> ModelInfo:
        """What the result says of the model."""
        return self._info

    def _describe(self) -> ModelInfo:
        import torch

        weights = {id(parameter): parameter for parameter in self._model.parameters()}.values()
        return ModelInfo(
            parameters=sum(weight.numel() for weight in weights),
            embedding_dimension=self.dimension,
            max_tokens=self.max_tokens,
            license=self._repository.license,
            architecture=self._repository.architecture,
            memory_bytes=sum(weight.numel() * weight.element_size() for weight in weights if torch.is_tensor(weight)),
            llm_based=self._repository.is_decoder,
            open_weights=True,
        )

    @property
    def attention(self) -> str | None:
        """The attention implementation that transformers chose, e.g. "sdpa"."""
        transformer = getattr(self._model, "transformers_model", None)
        return getattr(getattr(transformer, "config", None), "_attn_implementation", None)
