"""What a repository's configs may choose: checked before transformers or sentence-transformers read them.

A config is data, but the libraries let it choose code (classes by their dotted path, kernels and code from other
repositories, backends of quantisation), files (by their path) and how pickles are read. Each such choice has an allow
list here. What a config may not choose is refused with a sentence; nothing is dropped in silence, for that would give
other embeddings than the authors'. A trusted repository may run its own code, at its own commit, and nothing else.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from evaluator.cleaning import SHORT, clean_text
from evaluator.errors import EvaluationError, FailureClass
from evaluator.model.allowed import (
    ACTIVATION,
    ADAPTER_OPTIONS,
    ADAPTERS,
    ATTENTION,
    EXPERTS,
    IGNORED_FILES,
    KERNELS,
    LOADED,
    METHOD,
    NOT_OF_A_CONFIG,
    OPTIONS,
    QUANTISED,
    TASKS_OF,
    TOKENIZER,
    UNSAFE,
    is_length,
    known_module,
)
from evaluator.model.download import refuse_gguf_alone
from evaluator.model.parts import texts_of
from evaluator.model.repository import Repository

LARGEST_TEXT = 10_000
"""Characters of a prompt."""

_MODULES_DEEP = 5
_FILES = 100


@dataclass(frozen=True)
class Vetting:
    """Checks one repository; `trusted` for a commit whose own code may run, and that of the repositories in `code`.

    `runs` False: nothing loads what an `auto_map` names.
    """

    repository: Repository
    model: str
    trusted: bool
    code: Collection[str] = ()
    runs: bool = True

    def check(self) -> None:
        """Refuse a repository whose configs choose what they may not.

        Raises:
            EvaluationError: needs_remote_code, it asks for its own code, or for that of another repository;
                load_failed, for whatever else.
        """
        refuse_gguf_alone(path.name for path in self.repository.folder.rglob("*"))
        self._sentence_transformers()
        self._folder("")
        for module in self.repository.modules or ():
            self._module(module["type"], module["path"], deep=0)

    def _refuse(self, what: str, failure: FailureClass = "load_failed") -> EvaluationError:
        return EvaluationError(failure, f"{self.model}: {what}")

    def _own_code(self, what: str) -> EvaluationError:
        return self._refuse(
            f"{what}, so it runs code from its repository, which is refused by default. A maintainer who has read that "
            "code can allow it for one commit (--trust-remote-code with the commit's 40 digits).",
            "needs_remote_code",
        )

    # modules of sentence-transformers

    def _module(self, type_: object, path: object, *, deep: int) -> None:
        """One module: its class, its folder, and what its own config chooses."""
        named = _shown(type_)
        known = known_module(type_) if isinstance(type_, str) else None
        if known is None or not isinstance(type_, str):
            if not self.trusted or not isinstance(type_, str):
                raise self._own_code(f"a module is {named}, none of sentence-transformers' own modules")
            self._elsewhere(type_)
        folder = self._inside(path)
        self._folder(folder)
        if known is None:
            return
        if known == "Dense":
            function = self.repository.read_object(_join(folder, "config.json")).get("activation_function")
            if not (function is None or (isinstance(function, str) and ACTIVATION.fullmatch(function)) or self.trusted):
                raise self._refuse(
                    f"its module Dense names the activation function {_shown(function)}; only those of torch.nn can "
                    "be used, for example torch.nn.modules.activation.Tanh."
                )
        if known == "WordEmbeddings":
            tokenizer = self.repository.read_object(_join(folder, "wordembedding_config.json")).get("tokenizer_class")
            if not (isinstance(tokenizer, str) and TOKENIZER.fullmatch(tokenizer)) and not self.trusted:
                raise self._own_code(f"its word embeddings name the tokenizer {_shown(tokenizer)}")
        if known in ("Router", "Asym"):
            self._router(folder, deep)

    def _router(self, folder: str, deep: int) -> None:
        config = self.repository.read_object(_join(folder, "router_config.json")) or self.repository.read_object(
            _join(folder, "config.json")
        )
        types = config.get("types")
        if not isinstance(types, dict) or len(types) > 100 or deep >= _MODULES_DEEP:
            raise self._refuse("the config of its router cannot be read; save it again with sentence-transformers.")
        for name, type_ in types.items():
            self._inside(name)
            self._module(type_, _join(folder, name), deep=deep + 1)

    def _inside(self, path: object) -> str:
        """`path`, if it names a folder within the repository; a symbolic link may not lead out either."""
        root = self.repository.folder.resolve()
        if (
            isinstance(path, str)
            and len(path) < 500
            and "\0" not in path
            and not path.startswith(("/", "~"))
            and not PureWindowsPath(path).anchor
            and ".." not in PureWindowsPath(path).parts
            and (root / path).resolve().is_relative_to(root)
        ):
            return path
        raise self._refuse(f"the module path {_shown(path)} leaves the repository; it must name a folder within it.")

    # config files

    def _folder(self, folder: str) -> None:
        """All config files in a folder of the repository, whatever loads them."""
        place = self.repository.folder / folder
        if not place.is_dir():
            return
        names = sorted(path.name for path in place.iterdir())
        configs = [name for name in names if LOADED.fullmatch(name)]
        if len(configs) > _FILES:
            raise self._refuse(f"it holds more than {_FILES} config files in one folder.")
        for name in configs:
            self._config(_join(folder, name), name)
        for name in names:
            if name.endswith(".index.json"):
                self._index(_join(folder, name))

    def _config(self, path: str, name: str) -> None:
        self._inside_or_blob(path)
        config = self.repository.read_object(path)
        if name == "adapter_config.json":
            self._adapter(config, path)
        for key, value in _entries(config):
            self._entry(key, value, name)
        if name.startswith("sentence_") and name.endswith("_config.json"):
            self._transformer_options(config, name)
        if name == "tokenizer_config.json":
            self._tokenizer(config)

    def _entry(self, key: str, value: Any, name: str) -> None:
        """One key of a config, at any depth."""
        where = f"({_shown(key)} in {_shown(name)})"
        if key == "auto_map" and value and self.runs:
            if not self.trusted:
                raise self._own_code(f"{name} has an auto_map")
            for reference in texts_of(value):
                self._elsewhere(reference)
        elif "attn_implementation" in key and not _all_in(value, ATTENTION):
            raise self._refuse(
                f"it asks for the attention {_shown(value)} {where}; a kernel from the Hub is code. "
                f"Use one of {', '.join(sorted(ATTENTION))}."
            )
        elif "experts_implementation" in key and not _all_in(value, EXPERTS):
            raise self._refuse(f"it asks for the experts {_shown(value)} {where}; use one of {', '.join(EXPERTS)}.")
        elif key in KERNELS and value:
            raise self._refuse(f"it asks for kernels from the Hub {where}, which are code; remove that.")
        elif key == "gguf_file" and value:
            raise self._refuse(f"it asks for a GGUF file {where}; submit the model with safetensors weights.")
        elif not is_length(key, value):
            raise self._refuse(f"it sets no length of texts {where}: give a whole number of tokens, at most 100,000.")
        elif key in QUANTISED and value:
            method = value.get("quant_method") if isinstance(value, dict) else value
            raise self._refuse(
                f"its weights are quantised ({_shown(method)}), which needs a library that workers do not have. "
                "Submit the model that they were made from."
            )

    def _elsewhere(self, reference: str) -> None:
        """A reference to code in another repository: one that is pinned with the model."""
        owner, elsewhere, _ = reference.partition("--")
        if elsewhere and owner.lower() not in {each.lower() for each in self.code}:
            raise self._own_code(
                f"its code lies in another repository ({_shown(reference)}) that is pinned to no commit"
            )

    def _adapter(self, config: Mapping[str, Any], path: str) -> None:
        """An adapter of a kind that changes weights, with the options of it that choose nothing but numbers."""
        if config.get("peft_type") not in ADAPTERS:
            raise self._refuse(
                f"it is an adapter of the kind {_shown(config.get('peft_type'))}; those that can be put on are "
                f"{', '.join(sorted(ADAPTERS))}. Submit the merged model."
            )
        for key, value in config.items():
            if key not in ADAPTER_OPTIONS and value not in (None, False, [], {}, "megatron.core"):
                raise self._refuse(f"adapter_config.json sets {_shown(key)}, which is not supported: remove it.")
        folder = (self.repository.folder / path).parent
        if not any((folder / name).is_file() for name in ("adapter_model.safetensors", "adapter_model.bin")):
            raise self._refuse("it is an adapter without weights (adapter_model.safetensors).")

    def _transformer_options(self, config: Mapping[str, Any], name: str) -> None:
        """What sentence-transformers hands to transformers, from sentence_bert_config.json and its former names."""
        known = TASKS_OF[self.repository.vectors]
        if (task := config.get("transformer_task", known[0])) not in known:
            raise self._refuse(f"{name} asks for the task {_shown(task)}; this model's is {' or '.join(known)}.")
        if (elsewhere := config.get("tokenizer_name_or_path")) is not None:
            raise self._refuse(
                f"{name} takes its tokenizer from {_shown(elsewhere)}. Save the tokenizer in the model's repository."
            )
        modalities = config.get("modality_config") or {}
        for entry in modalities.values() if isinstance(modalities, dict) else [None]:
            method = entry.get("method") if isinstance(entry, dict) else None
            if not isinstance(method, str) or not METHOD.fullmatch(method):
                raise self._refuse(f"{name} calls the method {_shown(method)} of the model; that is not supported.")
        for key in (*OPTIONS, "config_kwargs", "config_args"):
            options = config.get(key)
            if options is None:
                continue
            if not isinstance(options, dict):
                raise self._refuse(f"{key} in {name} is no JSON object.")
            for option in set(options) - {"trust_remote_code"}:  # which sentence-transformers takes out itself
                allowed = (
                    option in OPTIONS[key]
                    if key in OPTIONS
                    else option not in NOT_OF_A_CONFIG and not option.startswith("_")
                )
                if not allowed and not (self.trusted and key in OPTIONS and option not in NOT_OF_A_CONFIG | UNSAFE):
                    raise self._refuse(f"{name} sets the option {_shown(option)} ({key}), which a config may not.")

    def _tokenizer(self, config: Mapping[str, Any]) -> None:
        if config.get("init_inputs"):
            raise self._refuse("tokenizer_config.json has init_inputs; save the tokenizer again with transformers.")
        for key, value in config.items():
            outside = isinstance(value, str) and (len(PurePosixPath(value).parts) > 1 or "\\" in value)
            if key.endswith("_file") and key not in IGNORED_FILES and outside:
                raise self._refuse(f"tokenizer_config.json names the file {_shown(value)} ({_shown(key)}).")

    def _index(self, path: str) -> None:
        """An index of weights: its files lie beside it."""
        self._inside_or_blob(path)
        files = self.repository.read_object(path).get("weight_map")
        named = list(files.values()) if isinstance(files, dict) else [] if files is None else [files]
        for name in named:
            if not isinstance(name, str) or name in ("", ".", "..") or {"/", "\\", "\0"} & set(name):
                raise self._refuse(f"{_shown(path)} names the weights {_shown(name)}, which do not lie beside it.")

    def _sentence_transformers(self) -> None:
        """The prompts are texts of some length that can be encoded; they are not changed: they decide embeddings."""
        config = self.repository.sentence_transformers
        prompts = config.get("prompts")
        if prompts is not None and not isinstance(prompts, dict):
            raise self._refuse("prompts in config_sentence_transformers.json is no object of texts.")
        default = config.get("default_prompt_name")
        for text in [*(prompts or {}), *(prompts or {}).values(), default]:
            if text is not None and not _is_prompt(text):
                raise self._refuse(
                    f"the prompt {_shown(text)} in config_sentence_transformers.json is no text of at most "
                    f"{LARGEST_TEXT:,} characters."
                )

    def _inside_or_blob(self, path: str) -> None:
        """A file may be a link into the folder, or into the Hub's cache that the folder is part of."""
        root = self.repository.folder.resolve()
        places = [root, root.parents[1] / "blobs"] if root.parent.name == "snapshots" else [root]
        target = (self.repository.folder / path).resolve()
        if not any(target.is_relative_to(place) for place in places):
            raise self._refuse(f"the file {_shown(path)} is a link that leaves the repository.")


def vet(repository: Repository, model: str, *, trusted: bool, code: Collection[str] = (), runs: bool = True) -> None:
    """Refuse a repository whose configs choose code or files that they may not.

    `code`: other repositories whose code may run, too, where the model is `trusted`. `runs` False: code that an
    `auto_map` names is not loaded, as in a recipe whose package has it.

    Raises:
        EvaluationError: needs_remote_code, load_failed.
    """
    Vetting(repository, model, trusted, code, runs).check()


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key and value of nested JSON, at any depth."""
    waiting: list[Any] = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value.items()
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _all_in(value: Any, allowed: frozenset[str]) -> bool:
    """Whether a choice, or each in an object of choices by part of the model, is one of `allowed`, or none."""
    choices = value.values() if isinstance(value, dict) else [value]
    return all(choice is None or (isinstance(choice, str) and choice in allowed) for choice in choices)


def _is_prompt(text: object) -> bool:
    if not isinstance(text, str) or len(text) > LARGEST_TEXT:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _shown(value: object) -> str:
    """What a config holds, for a sentence: short, on one line."""
    return repr(clean_text(value if isinstance(value, str) else type(value).__name__, SHORT) or "")
