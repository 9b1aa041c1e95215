"""What the numbers depend on besides the model and the data: libraries, device, precision, seed."""

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evaluator.bootstrap import SEED
from evaluator.records import Environment

if TYPE_CHECKING:
    from evaluator.encoder import Encoder

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
    encoder: "Encoder", batch_tokens: int, devices: Sequence[str], prompts: Mapping[str, Mapping[str, str]]
) -> Environment:
    """The environment of an evaluation, resolved from the spec's "auto" values."""
    return Environment(
        versions=versions(),
        device=",".join(device_name(device) for device in devices),
        dtype=encoder.dtype,
        attention=encoder.attention,
        linear=encoder.linear,
        batch_tokens=batch_tokens,
        loader=encoder.loader,
        pooling=encoder.pooling,
        pooling_source=encoder.pooling_source,
        similarity=encoder.similarity,
        max_tokens=encoder.max_tokens,
        prompts={task_id: dict(sides) for task_id, sides in prompts.items()},
        seed=SEED,
    )


def versions() -> dict[str, str]:
    """Python and the libraries that the numbers depend on."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in LIBRARIES}}


def device_name(device: str) -> str:
    """A device with what it is, e.g. "cuda:0 NVIDIA H100" or "cpu x86_64"."""
    if device.startswith("cuda"):
        import torch

        return f"{device} {torch.cuda.get_device_name(device)}"
    return f"{device} {platform.machine()}"


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Without the progress bars of transformers, datasets and the Hub client: ours tells what goes on."""
    import datasets
    import huggingface_hub.utils
    import transformers

    datasets.disable_progress_bars()
    huggingface_hub.utils.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    yield
