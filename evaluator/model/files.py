"""Which files of a repository are fetched: those that a loader reads, not what a training or another runtime left.

The same decision counts a submission's weights before it is queued and says what a worker downloads.
"""

import re
from collections.abc import Iterable
from fnmatch import translate

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")

_FOLDERS = ("onnx", "openvino", "coreml", "*.mlpackage", "original", "checkpoint-*", "global_step*", "runs")
_FILES = (
    *("*.onnx", "*.onnx_data", "*.gguf", "*.ggml", "*.msgpack", "*.h5", "*.ot", "*.tflite", "*.mlmodel"),
    *("consolidated*.safetensors", "*.ckpt", "*.ckpt-*", "*.ckpt.*", "events.out.tfevents.*"),
    *("training_args.bin", "optimizer.bin", "optimizer.pt", "scheduler.pt", "rng_state*.pth", "random_states_*.pkl"),
)
_LEFT_OVER_FOLDER, _LEFT_OVER_FILE = (re.compile("|".join(map(translate, names))) for names in (_FOLDERS, _FILES))

_SAFE = (".safetensors", ".safetensors.index.json")
_WEIGHT_FILE = re.compile(r"(?:pytorch_)?(?P<what>.+?)(?:-\d+-of-\d+)?\.(?:safetensors|bin)(?:\.index\.json)?")


def needed(names: Iterable[str]) -> list[str]:
    """The files to fetch out of all of a repository's, by their paths, in their order.

    Each folder is looked at by itself: sentence-transformers keeps the weights of each module in the module's folder,
    and these may be in another format than their neighbours'. Where a folder has the same weights as safetensors and
    for PyTorch, the safetensors are read.
    """
    kept = [name for name in names if not _is_left_over(name)]
    safe = {_weights_of(name) for name in kept if name.endswith(_SAFE)} - {None}
    return [name for name in kept if name.endswith(_SAFE) or _weights_of(name) not in safe]


def is_weights(name: str) -> bool:
    """Whether a file holds weights, by its name."""
    return name.endswith(WEIGHTS)


def _is_left_over(name: str) -> bool:
    """Whether a file is of another runtime, of the training, or the weights as their authors had them before."""
    *folders, file = name.split("/")
    return _LEFT_OVER_FILE.fullmatch(file) is not None or any(map(_LEFT_OVER_FOLDER.fullmatch, folders))


def _weights_of(name: str) -> tuple[str, str] | None:
    """Folder and name of the weights that a file is, or is a part or the index of; None where it is no such file."""
    folder, _, file = name.rpartition("/")
    found = _WEIGHT_FILE.fullmatch(file)
    return (folder, found["what"]) if found else None
