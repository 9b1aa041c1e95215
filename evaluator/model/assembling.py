"""One folder to load a model from that lies in several repositories: its adapters' base below, other code beside it."""

import json
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from evaluator.cleaning import SHORT, clean_text
from evaluator.errors import EvaluationError
from evaluator.model.parts import CODE_SIGN, Composition, Layer
from evaluator.model.repository import Repository

_WEIGHTS = re.compile(r"(?:pytorch_model|model|adapter_model)\b.*\.(?:safetensors|bin)(?:\.index\.json)?")
_WITH_CODE = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")


def assemble(composition: Composition) -> Repository:
    """All of a model but its adapters in one folder, of links; it is gone when nothing refers to what is returned.

    It is the model's own folder where that is all. Else the whole model at the bottom of the stack, and over it each
    adapter's other files: its tokenizer, its modules, its configuration. References to code in other repositories name
    the files that lie beside them here. The card is the model's own.

    Raises:
        EvaluationError: load_failed, two repositories bring different code under one name.
    """
    if len(composition.layers) == 1 and not composition.code:
        return composition.top
    temporary = tempfile.mkdtemp(prefix="assembled-")
    # The name of the folder is that of the package that transformers makes of its code.
    repository = Repository(Path(temporary, f"model_{(composition.spec.revision or 'local')[:12]}"))
    weakref.finalize(repository, shutil.rmtree, temporary, ignore_errors=True)
    place = repository.folder
    place.mkdir()
    for layer in reversed(composition.layers):
        _lay(layer, place, card=layer is composition.layers[0])
    for folder in [place, *(path for path in place.rglob("*") if path.is_dir())]:
        _bring_code(composition, folder, [*_WITH_CODE, *(["modules.json"] if folder == place else [])])
    return repository


def _lay(layer: Layer, place: Path, *, card: bool) -> None:
    """Links to a layer's files, over those that are there; an adapter's weights are put on later."""
    root, adapter = layer.repository.folder, layer.adapter_folder
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        of_adapter = path.parent == adapter and (path.name == "adapter_config.json" or _WEIGHTS.fullmatch(path.name))
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not of_adapter and not hidden and (card or path != root / "README.md"):
            _link(path, place / relative, instead=True)


def _link(path: Path, place: Path, *, instead: bool) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        if not instead and place.read_bytes() != path.read_bytes():
            raise EvaluationError(
                "load_failed",
                f"Two of the model's repositories bring code of their own as {clean_text(place.name, SHORT)}; "
                "put all of the code into one repository.",
            )
        place.unlink()
    place.symlink_to(path.resolve())


def _bring_code(composition: Composition, folder: Path, names: Iterable[str]) -> None:
    """Let references in a folder's configs name the code beside them, which is put there."""
    rewritten = False
    for name in names:
        path = folder / name
        if path.is_file():
            before = json.loads(path.read_text("utf-8"))
            after = _beside(before)
            if after != before:
                path.unlink()
                path.write_text(json.dumps(after), encoding="utf-8")
                rewritten = True
    if rewritten:
        for layer in (*composition.code, *composition.layers):
            for path in sorted(layer.repository.folder.glob("*.py")):
                if not (layer in composition.layers and (folder / path.name).is_symlink()):
                    _link(path, folder / path.name, instead=False)


def _beside(config: Any) -> Any:
    """A config whose references to code in other repositories name it as if it lay beside."""
    if isinstance(config, Mapping):
        return {key: _local(value) if key in ("auto_map", "type") else value for key, value in config.items()}
    return [_beside(each) for each in config] if isinstance(config, list) else config


def _local(reference: Any) -> Any:
    if isinstance(reference, str):
        return reference.partition(CODE_SIGN)[2] or reference
    if isinstance(reference, Mapping):
        return {key: _local(value) for key, value in reference.items()}
    return [_local(each) for each in reference] if isinstance(reference, list) else reference


def put_on(model: Any, composition: Composition) -> Any:
    """Put the stack's adapters on a transformer, the lowest first: all but the topmost are merged into its weights.

    Returns the model, which is changed in place.

    Raises:
        EvaluationError: load_failed, an adapter's weights do not fit on it, or are not there.
    """
    from peft import PeftConfig, PeftModel

    adapters = list(reversed(composition.adapters))
    for layer in adapters:
        folder = str(layer.adapter_folder)
        config = PeftConfig.from_pretrained(folder)
        config.inference_mode = True
        wrapped = PeftModel(model, config)
        loaded = wrapped.load_adapter(folder, "default", is_trainable=False)
        unfit = [*loaded.unexpected_keys, *(key for key in loaded.missing_keys if "default" in key)]
        if unfit:
            raise EvaluationError(
                "load_failed",
                f"{layer.spec.model}: {len(unfit)} of the adapter's weights do not fit on its base model "
                f"({clean_text(unfit[0], SHORT)}). Submit the merged model.",
            )
        model = wrapped.base_model.model if layer is adapters[-1] else wrapped.merge_and_unload()
    return model
