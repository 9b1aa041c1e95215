"""A model's files: fetched at one commit, and what they declare, read before any weight is loaded."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from evaluator.errors import EvaluationError
from evaluator.spec import ModelSpec

NOT_NEEDED = ("onnx/*", "openvino/*", "*.onnx", "*.gguf", "*.msgpack", "*.h5", "*.ot", "*.tflite", "*.mlmodel")
"""Files of other runtimes; weights in two formats are read from safetensors alone."""


@contextmanager
def _hub_failures(spec: ModelSpec) -> Iterator[None]:
    """Map what the Hub client raises to `EvaluationError`."""
    from httpx2 import HTTPError  # what huggingface_hub 2 speaks through, and lets through
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise EvaluationError(
            "gated",
            f"{spec.model} is gated: ask its authors for access with the account of this worker, "
            "or submit a model that anyone may download.",
        ) from error
    except RevisionNotFoundError as error:
        raise EvaluationError(
            "not_found", f"{spec.model} has no revision {spec.revision}; look up the commit on its Hub page."
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise EvaluationError(
            "not_found", f"There is no public model {spec.model} on the Hub; check the id, or make it public."
        ) from error
    except (HTTPError, HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise EvaluationError(
            "hub_unavailable",
            f"The Hub could not be reached to fetch {spec.model}. The model is not at fault: try again.",
        ) from error


def resolve_revision(spec: ModelSpec, revision: str | None = None) -> ModelSpec:
    """`spec` with the commit that a branch or tag (None: the default branch) points to now.

    Raises:
        EvaluationError: not_found, gated, hub_unavailable.
    """
    from huggingface_hub import HfApi

    with _hub_failures(spec):
        commit = HfApi().model_info(spec.model, revision=revision).sha
    return ModelSpec.model_validate({**spec.model_dump(), "revision": commit})


def fetch(spec: ModelSpec) -> Path:
    """The folder with the model's files: the local one, or a download of the pinned commit into the Hub's cache.

    Raises:
        EvaluationError: not_found (also a local folder that changed since its revision was taken), gated,
            hub_unavailable.
    """
    if spec.source == "local":
        if spec.folder is None or not spec.folder.is_dir():
            raise EvaluationError("not_found", f"The folder of {spec.model} is not on this machine.")
        from evaluator.spec import folder_revision

        if spec.revision is not None and folder_revision(spec.folder) != spec.revision:
            raise EvaluationError(
                "not_found", f"The folder of {spec.model} has changed since it was submitted; submit it again."
            )
        return spec.folder
    if spec.revision is None:
        raise EvaluationError("not_found", f"{spec.model} has to be pinned to a commit before it is evaluated.")
    from huggingface_hub import HfApi, snapshot_download

    with _hub_failures(spec):
        names = HfApi().list_repo_files(spec.model, revision=spec.revision)
        ignored = list(NOT_NEEDED)
        if any(name.endswith(".safetensors") for name in names):
            ignored.append("*.bin")
        return Path(snapshot_download(spec.model, revision=spec.revision, ignore_patterns=ignored))


@dataclass(frozen=True)
class Repository:
    """What a model's folder declares. Everything here is read from small JSON files; nothing is guessed."""

    folder: Path

    def read(self, name: str) -> Any:
        """The JSON file `name`, or None where there is none.

        Raises:
            EvaluationError: load_failed, it is not JSON.
        """
        path = self.folder / name
        if not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise EvaluationError(
                "load_failed", f"{name} of the model is not valid JSON; repair it in the repository."
            ) from error

    @cached_property
    def modules(self) -> list[Mapping[str, Any]] | None:
        """modules.json, which makes a folder a sentence-transformers model."""
        return self.read("modules.json")

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """config.json of the transformer, wherever the modules put it; empty for a model without one."""
        for module in self.modules or []:
            if (found := self.read(f"{module.get('path', '')}/config.json".lstrip("/"))) and "model_type" in found:
                return found
        return self.read("config.json") or {}

    @cached_property
    def sentence_transformers(self) -> Mapping[str, Any]:
        """config_sentence_transformers.json, or nothing."""
        return self.read("config_sentence_transformers.json") or {}

    @property
    def architecture(self) -> str | None:
        """The transformer's class, e.g. "XLMRobertaModel"."""
        return next(iter(self.config.get("architectures") or []), None) or self.config.get("model_type")

    @property
    def is_decoder(self) -> bool:
        """Whether the transformer is a decoder architecture: an LLM-based embedding model.

        It is, if transformers has a causal but no masked language model of its type (BERT has both), or if its class
        is one for causal language modelling.
        """
        if (self.architecture or "").endswith("ForCausalLM"):
            return True
        from transformers.models.auto.modeling_auto import (
            MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL,
        )
        from transformers.models.auto.modeling_auto import (
            MODEL_FOR_MASKED_LM_MAPPING_NAMES as MASKED,
        )

        model_type = self.config.get("model_type")
        return model_type in CAUSAL and model_type not in MASKED

    @property
    def checkpoint_dtype(self) -> str:
        """The precision of the stored weights, as config.json tells it; float32 where it does not."""
        text = self.config.get("text_config") or {}
        for declared in (self.config, text):
            dtype = declared.get("dtype") or declared.get("torch_dtype")
            if isinstance(dtype, str):
                return dtype.removeprefix("torch.")
        return "float32"

    @property
    def declared_pooling(self) -> tuple[str, str] | None:
        """The pooling mode and the file that names it, for a folder without modules.json."""
        config = self.read("1_Pooling/config.json") or {}
        names = {"cls_token": "cls", "mean_tokens": "mean", "lasttoken": "last"}
        for key, pooling in names.items():
            if config.get(f"pooling_mode_{key}"):
                return pooling, "1_Pooling/config.json"
        if (mode := config.get("pooling_mode")) in ("cls", "mean", "lasttoken"):
            return ("last" if mode == "lasttoken" else mode), "1_Pooling/config.json"
        return None

    @cached_property
    def card(self) -> str:
        """README.md as text, or nothing."""
        path = self.folder / "README.md"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    @property
    def license(self) -> str | None:
        """The licence in the model card's front matter."""
        import yaml

        if not self.card.startswith("---"):
            return None
        try:
            front = yaml.safe_load(self.card.split("---", 2)[1])
        except yaml.YAMLError:
            return None
        license_ = front.get("license") if isinstance(front, dict) else None
        return license_ if isinstance(license_, str) else None

    def refuse_what_is_not_dense(self) -> None:
        """Refuse sparse, multi-vector and cross encoders, which give no single vector a text.

        Raises:
            EvaluationError: load_failed.
        """
        types = " ".join(str(module.get("type", "")) for module in self.modules or [])
        declared = self.sentence_transformers.get("model_type", "SentenceTransformer")
        sparse = "sparse_encoder" in types or "SparseEncoder" in declared
        if sparse or declared != "SentenceTransformer":
            what = "a sparse encoder" if sparse else f"a {declared}"
            raise EvaluationError(
                "load_failed",
                f"This is {what}, not a dense embedding model. The leaderboard compares models that give one vector "
                "a text.",
            )
