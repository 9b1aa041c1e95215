"""The machines that an evaluation can have, and which of them, and how many GPUs, a model needs. Pure.

A model runs on one GPU: the evaluator shares the texts, not the model, between several. So what counts of a rented
machine is the memory of one GPU, and the disk, into which the weights are fetched; more GPUs make it faster.
"""

import re
from dataclasses import dataclass

from evaluator.spec import Precision
from submissions.record import Submission

WORKING_GIB = 6.0
"""GiB of a GPU that an evaluation needs besides the weights: activations of small batches, CUDA itself."""

SPARE = 1.2
"""The weights' memory is taken to be so much larger than counted."""

DISK_GIB = 25.0
"""GiB of disk that an evaluation needs besides the weights: the libraries with CUDA, data sets, embeddings."""

UNTOLD_GIB = 12.0
"""What a model's weights are taken for whose size the Hub does not tell."""

_BYTES: dict[Precision, int] = {"float32": 4, "float16": 2, "bfloat16": 2, "auto": 4}
_COUNT = re.compile(r"(\d{1,15}(?:\.\d{1,3})?(?:e\d{1,2})?) ([1-9]\d?)")
_ENTRY = re.compile(r"([a-z0-9][a-z0-9-]{0,40}) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Flavor:
    """A machine with a GPU: GiB of memory of one GPU, GiB of disk, US dollars an hour."""

    name: str
    gpu_gib: float
    disk_gib: float
    dollars: float


def flavors_of(text: str) -> tuple[Flavor, ...]:
    """The machines in a text `NAME GPU-GIB DISK-GIB DOLLARS, ...`, the cheapest first.

    Raises:
        ValueError: an entry has another form, or costs nothing.
    """
    found = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        read = _ENTRY.fullmatch(entry)
        if read is None or float(read[4]) <= 0:
            raise ValueError(
                f"{entry[:100]!r} is no machine; write its name, the GiB of one GPU, the GiB of its disk and the"
                " dollars of an hour, for example: l4x1 22 400 0.80"
            )
        found.append(Flavor(read[1], *(float(number) for number in read.groups()[1:])))
    return tuple(sorted(found, key=lambda flavor: flavor.dollars))


def weights_gib(submission: Submission) -> float:
    """GiB of a model's weights in the precision that is asked for; `auto` is the repository's own."""
    told, parameters = submission.metadata.weight_bytes, submission.metadata.parameters
    precision = submission.spec.precision
    if precision == "auto" and told:
        return told / 2**30
    if parameters:
        return parameters * _BYTES[precision] / 2**30
    return told / 2**30 if told else UNTOLD_GIB


def fitting(flavors: tuple[Flavor, ...], submission: Submission) -> Flavor | None:
    """The cheapest machine on which a model fits; None if there is none."""
    memory = weights_gib(submission) * SPARE + WORKING_GIB
    disk = (submission.metadata.weight_bytes or UNTOLD_GIB * 2**30) / 2**30 + DISK_GIB
    return next((f for f in flavors if f.gpu_gib >= memory and f.disk_gib >= disk), None)


def gpu_counts(text: str) -> tuple[tuple[float, int], ...]:
    """From how many parameters on how many GPUs, from a text `PARAMETERS GPUS, ...`; ascending.

    Raises:
        ValueError: an entry has another form.
    """
    found = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        read = _COUNT.fullmatch(entry)
        if read is None:
            raise ValueError(f"{entry[:100]!r} is no size with a number of GPUs; write for example: 4e9 2")
        found.append((float(read[1]), int(read[2])))
    return tuple(sorted(found))


def gpus_for(counts: tuple[tuple[float, int], ...], parameters: int | None) -> int:
    """GPUs for a model of so many parameters; 1 where the Hub does not tell."""
    return next((gpus for least, gpus in reversed(counts) if parameters and parameters >= least), 1)
