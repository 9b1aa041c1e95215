"""What the numbers depend on besides the model and the data: libraries, device, precision, seed."""

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.evidence.bootstrap import SEED
from evaluator.records import CardExample, Environment

if TYPE_CHECKING:
    from evaluator.model.encoder import Encoder
    from evaluator.model.explaining import Explanation
    from evaluator.model.prompts import Prompt

LIBRARIES = (
    "torch",
    "sentence-transformers",
    "transformers",
    "tokenizers",
    "datasets",
    "scikit-learn",
    "scipy",
    "numpy",
)


def environment_of(
    encoder: "Encoder",
    batch_tokens: int,
    devices: Sequence[str],
    prompts: Mapping[str, Mapping[str, "Prompt"]],
    encode_tasks: Mapping[str, Mapping[str, str]],
    unused_prompts: Sequence[str],
    explanation: "Explanation",
    card_example: CardExample,
    warnings: Sequence[str],
) -> Environment:
    """The environment of an evaluation, resolved from the spec's "auto" values; `warnings` besides those explained."""
    recipe = encoder.loaded.recipe
    return Environment(
        versions={**versions(), **encoder.versions},
        device=",".join(device_name(device) for device in devices),
        dtype=encoder.dtype,
        attention=encoder.attention,
        linear=encoder.linear,
        batch_tokens=batch_tokens,
        loader=encoder.loaded.loader,
        pooling=encoder.loaded.pooling,
        pooling_source=encoder.loaded.pooling_source,
        similarity=encoder.similarity,
        max_tokens=encoder.max_tokens,
        prompts={task_id: {side: prompt.text for side, prompt in sides.items()} for task_id, sides in prompts.items()},
        prompt_sources={
            task_id: named
            for task_id, sides in prompts.items()
            if (named := {side: prompt.source for side, prompt in sides.items() if prompt.source})
        },
        unused_prompts=tuple(unused_prompts),
        truncate_dim=encoder.truncate_dim,
        precision_source=explanation.precision_source,
        warnings=tuple(
            sorted({*(warning.code for warning in explanation.with_example(card_example).warnings), *warnings})
        ),
        seed=SEED,
        encoding=encoder.encoding,
        parts=dict(encoder.loaded.composition.spec.parts),
        recipe=recipe.name if recipe is not None else None,
        lock=recipe.lock_digest if recipe is not None else None,
        encode_tasks={task_id: dict(sides) for task_id, sides in encode_tasks.items() if sides},
        card_example=card_example,
    )


def versions() -> dict[str, str]:
    """Python and the libraries that the numbers depend on."""
    return {"python": platform.python_version(), **versions_of(LIBRARIES)}


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """The installed versions of some libraries."""
    return {name: importlib.metadata.version(name) for name in names}


SOURCES = Path(__file__).resolve().parents[1]
"""The folder of the evaluator, whose sources decide its numbers."""


@cache
def code_digest() -> str:
    """16 hexadecimal digits of the SHA-256 of the names and contents of the evaluator's source files."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*.py")):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(SOURCES).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


@cache
def project_commit() -> str | None:
    """The commit of the git checkout that holds the sources; None where there is none that can be read."""
    import pygit2

    try:
        return str(pygit2.Repository(str(SOURCES.parent)).head.target)
    except (pygit2.GitError, KeyError, OSError):
        return None


def device_name(device: str) -> str:
    """A device with what it is, e.g. "cuda:0 NVIDIA H100" or "cpu x86_64"."""
    if device.startswith("cuda"):
        import torch

        return f"{device} {torch.cuda.get_device_name(device)}"
    return f"{device} {platform.machine()}"
