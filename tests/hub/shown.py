"""What the stand-in tells of files, folders and models, as the Hub's API does."""

import json
from typing import Any

import yaml

from tests.hub.repositories import Blob, Commit, safetensors_parameters


def file_entry(path: str, blob: Blob) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "oid": blob.oid, "size": blob.size}
    if blob.sha256 is not None:
        entry["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": 127 + len(str(blob.size))}
    return entry


def tree_entries(files: dict[str, Blob], prefix: str, recursive: bool) -> list[dict[str, Any]]:
    """Files, and folders as the Hub lists them, below `prefix`."""
    entries: dict[str, dict[str, Any]] = {}
    for path, blob in files.items():
        parts = path.removeprefix(prefix).split("/")
        for depth in range(1, len(parts) if recursive else min(2, len(parts))):
            folder = prefix + "/".join(parts[:depth])
            entries.setdefault(folder, {"type": "directory", "path": folder, "oid": "0" * 40, "size": 0})
        if recursive or len(parts) == 1:
            entries[path] = file_entry(path, blob)
    return list(entries.values())


def card_data(commit: Commit) -> dict[str, Any]:
    """The YAML between the first two lines of dashes of README.md; empty if there is none."""
    blob = commit.files.get("README.md")
    if blob is None:
        return {}
    parts = blob.path.read_text(encoding="utf-8").split("---\n")
    try:
        loaded = yaml.safe_load(parts[1]) if len(parts) >= 3 and not parts[0].strip() else None
    except (yaml.YAMLError, RecursionError):
        loaded = None
    return loaded if isinstance(loaded, dict) else {}


def model_metadata(commit: Commit) -> dict[str, Any]:
    """What the Hub reads from a model's own files: `config` and `safetensors`."""
    metadata: dict[str, Any] = {}
    if config := commit.files.get("config.json"):
        try:
            parsed = json.loads(config.path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):  # the Hub shows a model whose configuration it cannot read, too
            parsed = {}
        if isinstance(parsed, dict):
            metadata["config"] = {key: parsed[key] for key in ("architectures", "model_type") if key in parsed}
    parameters: dict[str, int] = {}
    for path, blob in commit.files.items():
        if path.endswith(".safetensors") and "/" not in path:
            for dtype, count in safetensors_parameters(blob.path).items():
                parameters[dtype] = parameters.get(dtype, 0) + count
    if parameters:
        metadata["safetensors"] = {"parameters": parameters, "total": sum(parameters.values())}
    return metadata
