"""What a model's files declare, read before any weight is loaded."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from evaluator.cleaning import LARGEST_LENGTH, SHORT, bounded_int, clean_text
from evaluator.errors import EvaluationError
from evaluator.model.decoders import DECODERS
from evaluator.model.front_matter import FrontMatter, front_matter
from evaluator.model.prompts import Declared
from evaluator.spec import Vectors

LARGEST_JSON = 64 * 2**20
"""Bytes of a JSON file that is read; the largest honest ones are indexes of weights, of some megabytes."""

_MATRYOSHKA = re.compile(r"(?i:matryoshka)|마트료시카|마트로시카|\bMRL\b")

LARGEST_CARD = 2**20
"""Bytes of a card that are looked at."""

LONGEST_FOLDER = 200
SPARSE_MODULES = frozenset({"MLMTransformer", "SpladePooling", "SparseAutoEncoder", "SparseStaticEmbedding"})
LATE_MODULES = frozenset({"MultiVectorMask", "HierarchicalTokenPooling"})
"""Modules that only sparse encoders have, and only multi-vector ones, in sentence-transformers."""

LATE_TYPES = frozenset({"MultiVectorEncoder", "ColBERT"})
"""What multi-vector models are called in config_sentence_transformers.json: by sentence-transformers, by PyLate."""

LATE_KEYS = frozenset(
    {"query_prefix", "document_prefix", "attend_to_expansion_tokens", "do_query_expansion", "skiplist_words"}
)
"""Settings that only PyLate writes into config_sentence_transformers.json."""

VECTORS_IN_WORDS: Mapping[str, str] = {
    "dense": "a dense embedding model",
    "sparse": "a sparse encoder",
    "multi_vector": "a multi-vector (late interaction) model",
}

ROUTERS = ("Router", "Asym")
"""sentence-transformers' module with several ways through it, under its present and its former name."""


@dataclass(frozen=True)
class Module:
    """A module of sentence-transformers: its class, its folder within the repository, and where that is said."""

    type: str
    folder: PurePosixPath
    said_in: str

    @property
    def kind(self) -> str:
        """The name of the class, e.g. "Pooling"."""
        return self.type.rpartition(".")[2]


@dataclass(frozen=True)
class Repository:
    """What a model's folder declares, read from small JSON files; nothing is guessed.

    A stranger wrote these files. What decides how the model is loaded has the shape that it must have, or is refused as
    `load_failed`; what only informs (card, licence, architecture) is cleaned, or None.
    """

    folder: Path

    def read(self, name: str) -> Any:
        """The JSON file `name`, or None where there is none.

        Raises:
            EvaluationError: load_failed, it is not JSON, is nested too deeply, or is larger than 64 MB.
        """
        path, shown = self.folder / name, clean_text(name, SHORT)
        if not path.is_file():
            return None
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_JSON + 1)
            if len(content) > LARGEST_JSON:
                raise EvaluationError("load_failed", f"{shown} of the model is too large for what it holds.")
            return json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise EvaluationError(
                "load_failed", f"{shown} of the model is not valid JSON; repair it in the repository."
            ) from error

    def read_object(self, name: str) -> Mapping[str, Any]:
        """The JSON object in the file `name`; empty where there is no such file.

        Raises:
            EvaluationError: load_failed, as `read`, or it holds something else.
        """
        found = self.read(name)
        if found is not None and not isinstance(found, dict):
            raise EvaluationError(
                "load_failed", f"{clean_text(name, SHORT)} of the model is no JSON object; repair it in the repository."
            )
        return found or {}

    @cached_property
    def modules(self) -> list[Mapping[str, Any]] | None:
        """modules.json, which makes a folder a sentence-transformers model: objects with texts as type and path.

        Raises:
            EvaluationError: load_failed, it is something else.
        """
        modules = self.read("modules.json")
        if modules is not None and not (
            isinstance(modules, list)
            and 0 < len(modules) <= 100
            and all(isinstance(module, dict) for module in modules)
            and all(isinstance(module.get(key), str) for module in modules for key in ("type", "path"))
        ):
            raise EvaluationError(
                "load_failed",
                "modules.json of the model is no list of modules with type and path; save it again with "
                "sentence-transformers.",
            )
        return modules

    @cached_property
    def transformer_folders(self) -> list[Path]:
        """Where a transformer, or an adapter to one, may lie: the folder itself, and those of its modules within it."""
        named = dict.fromkeys([PurePosixPath(""), *(module.folder for module in self.all_modules)])
        return [self.folder / folder for folder in named if _is_inside(folder)]

    @cached_property
    def all_modules(self) -> tuple[Module, ...]:
        """The modules in their order, each router followed by those on its routes.

        Raises:
            EvaluationError: load_failed, as `modules` and `read_object`.
        """
        found: list[Module] = []
        for number, entry in enumerate(self.modules or []):
            module = Module(entry["type"], PurePosixPath(entry["path"]), f"modules.json, {number}")
            found.append(module)
            if module.kind in ROUTERS:
                found += self._on_routes(module)
        return tuple(found)

    def _on_routes(self, router: Module) -> Iterator[Module]:
        """The modules that a router's config names, the first hundred."""
        config = self.read_of(router, "router_config.json") or self.read_of(router, "config.json")
        types = config.get("types")
        for name, type_ in list(types.items())[:100] if isinstance(types, dict) else ():
            if isinstance(type_, str):
                yield Module(type_, router.folder / name, f"router_config.json, {clean_text(name, SHORT)}")

    def read_of(self, module: Module, name: str) -> Mapping[str, Any]:
        """The JSON object in a file of a module's folder; empty where the folder leaves the repository.

        Raises:
            EvaluationError: load_failed, as `read_object`.
        """
        return self.read_object(str(module.folder / name)) if _is_inside(module.folder) else {}

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """config.json of the first transformer, wherever the modules put it; empty for a model without one."""
        for module in self.all_modules:
            found = self.read_of(module, "config.json")
            if "model_type" in found:
                return found
        return self.read_object("config.json")

    @cached_property
    def sentence_transformers(self) -> Mapping[str, Any]:
        """config_sentence_transformers.json, or nothing."""
        return self.read_object("config_sentence_transformers.json")

    @property
    def architecture(self) -> str | None:
        """The transformer's class, e.g. "XLMRobertaModel"; cleaned, None where it is no text."""
        classes = self.config.get("architectures")
        first = classes[:1] if isinstance(classes, list) else classes
        return clean_text(first, SHORT) or clean_text(self.config.get("model_type"), SHORT)

    @property
    def is_decoder(self) -> bool:
        """Whether the transformer is a decoder architecture: an LLM-based embedding model.

        It is, if transformers has a causal but no masked language model of its type (BERT has both), or if its class
        is one for causal language modelling.
        """
        if (self.architecture or "").endswith("ForCausalLM"):
            return True
        model_type = self.config.get("model_type")
        return isinstance(model_type, str) and model_type in DECODERS

    @property
    def checkpoint_dtype(self) -> str:
        """The precision of the stored weights, as config.json tells it; float32 where it does not."""
        text = self.config.get("text_config")
        for declared in (self.config, text if isinstance(text, dict) else {}):
            dtype = declared.get("dtype") or declared.get("torch_dtype")
            if isinstance(dtype, str):
                return dtype.removeprefix("torch.")
        return "float32"

    @property
    def declared_pooling(self) -> tuple[str, str] | None:
        """The pooling mode and the file that names it, for a folder without modules.json."""
        config = self.read_object("1_Pooling/config.json")
        names = {"cls_token": "cls", "mean_tokens": "mean", "lasttoken": "last"}
        for key, pooling in names.items():
            if config.get(f"pooling_mode_{key}"):
                return pooling, "1_Pooling/config.json"
        if (mode := config.get("pooling_mode")) in ("cls", "mean", "lasttoken"):
            return ("last" if mode == "lasttoken" else mode), "1_Pooling/config.json"
        return None

    @property
    def declared_prompts(self) -> Declared:
        """The prompts in config_sentence_transformers.json, and the name of the default one."""
        declared = self.sentence_transformers.get("prompts")
        named = declared.items() if isinstance(declared, dict) else ()
        prompts = {str(name): text for name, text in named if isinstance(text, str)}
        for side in ("query", "document"):  # PyLate's way to say it; sentence-transformers composes them so
            if isinstance(prefix := self.sentence_transformers.get(f"{side}_prefix"), str):
                prompts[side] = prefix + prompts.get(side, "").removeprefix(prefix)
        default = self.sentence_transformers.get("default_prompt_name")
        return Declared(prompts, default if isinstance(default, str) else None)

    @property
    def declared_truncation(self) -> int | None:
        """How many dimensions config_sentence_transformers.json keeps of each embedding; None: all."""
        return bounded_int(self.sentence_transformers.get("truncate_dim"), 1, LARGEST_LENGTH)

    @cached_property
    def card(self) -> str:
        """README.md as text, its first megabyte; or nothing."""
        path = self.folder / "README.md"
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(LARGEST_CARD).decode("utf-8", errors="replace")

    @cached_property
    def claims_matryoshka(self) -> bool:
        """Whether the card speaks of Matryoshka representation learning: then its vectors are meant to be cut."""
        return _MATRYOSHKA.search(self.card) is not None

    @cached_property
    def front(self) -> FrontMatter:
        """What the model card's front matter says."""
        return front_matter(self.card)

    @property
    def vectors(self) -> Vectors:
        """What the model gives a text, as its files say: config_sentence_transformers.json, modules.json, and for
        ColBERT models without either their architecture.

        Raises:
            EvaluationError: load_failed, they say that it is something else than an embedding model.
        """
        declared = self.sentence_transformers
        kind = declared.get("model_type")
        if kind is not None and not isinstance(kind, str):
            raise EvaluationError("load_failed", "model_type in config_sentence_transformers.json is no text.")
        named = {module.kind for module in self.all_modules}
        if kind == "SparseEncoder" or (kind not in LATE_TYPES and named & SPARSE_MODULES):
            return "sparse"
        similarity = declared.get("similarity_fn_name")
        late = isinstance(similarity, str) and similarity.lower() in ("maxsim", "meanmaxsim")
        if kind in LATE_TYPES or late or named & LATE_MODULES or LATE_KEYS & declared.keys():
            return "multi_vector"
        if self.modules is None and self.architecture == "HF_ColBERT":
            return "multi_vector"
        if kind not in (None, "SentenceTransformer"):
            raise EvaluationError(
                "load_failed",
                f"This is a {clean_text(kind, SHORT) or 'model of no known type'}, not an embedding model. The "
                "leaderboard compares models that make vectors of texts: dense, sparse or multi-vector ones.",
            )
        return "dense"

    def refuse_other_vectors(self, wanted: Vectors) -> None:
        """Refuse a model that gives other vectors than its spec says.

        Raises:
            EvaluationError: load_failed; also as `vectors`.
        """
        if (found := self.vectors) != wanted:
            raise EvaluationError(
                "load_failed",
                f"This is {VECTORS_IN_WORDS[found]}, and was asked for as {VECTORS_IN_WORDS[wanted]}; submit it again.",
            )


def _is_inside(folder: PurePosixPath) -> bool:
    """Whether a module's folder may be within the repository that names it."""
    shown = str(folder)
    return not folder.is_absolute() and ".." not in folder.parts and len(shown) <= LONGEST_FOLDER and "\0" not in shown
