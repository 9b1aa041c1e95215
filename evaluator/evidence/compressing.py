"""The same embeddings in fewer bytes: cut to their first dimensions, and stored as int8 or as one bit a dimension.

The codes are those of sentence-transformers' `quantize_embeddings`; what they stand for is scored. Nothing is encoded
again, and nothing larger than a slice is held.

- **Lengths**: the first d values, as `truncate_dim` cuts them: they are not scaled to length 1 again.
- **int8**: 256 steps of equal size in each dimension, between the smallest and the largest value that a calibration
  sample has there (`calibration`); values beyond are clipped. A code stands for the middle of its step, as engines that
  quantise decode it, so that dimensions with small values are not made larger than they are.
- **binary**: 1 where a value is above 0, else -1. The cosine of two such vectors is 1 - 2 * (their Hamming
  distance) / d, so their order is that of the Hamming distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from evaluator.kinds import Embedded

Precision = Literal["float32", "int8", "binary", "binary_rescored"]
"""How a vector is stored. "binary_rescored": found by the Hamming distance of the bits, and the first 100 then put in
order by the float32 vectors, which lie beside the index."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
LENGTHS = (1024, 768, 512, 256, 128, 64)
"""Dimensions that vectors are cut to, besides the model's own number."""

RESCORED = 100
"""Documents of a query that are found by their bits and put in order by float32 vectors."""

CALIBRATION_TEXTS = 10_000
"""Vectors, evenly spaced over a task's documents (or texts), whose ranges int8 is calibrated on; or all, if fewer."""

_BITS = {"float32": 32, "int8": 8, "binary": 1, "binary_rescored": 1}


@dataclass(frozen=True, order=True)
class Setting:
    """How vectors are stored: their dimensions, and the precision of each."""

    dimension: int
    precision: Precision

    @property
    def bytes(self) -> int:
        """Bytes of one vector in the index; float32 vectors for rescoring are not counted."""
        return -(-self.dimension * _BITS[self.precision] // 8)


def settings(dimension: int, precisions: Sequence[Precision], lengths: Sequence[int] = LENGTHS) -> list[Setting]:
    """The settings for vectors of `dimension` values, full float32 first: at its own and each smaller length."""
    used = [dimension, *(length for length in lengths if length < dimension)]
    return [Setting(length, precision) for length in used for precision in precisions]


def calibration(embedded: Embedded) -> np.ndarray:
    """The smallest and the largest value of each dimension in the calibration sample, (2, d) float32."""
    step = max(1, len(embedded) // CALIBRATION_TEXTS)
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    for start in range(0, len(embedded), 4096 * step):
        rows = embedded.rows(start, min(start + 4096 * step, len(embedded)))[::step]
        low = rows.min(axis=0) if low is None else np.minimum(low, rows.min(axis=0))
        high = rows.max(axis=0) if high is None else np.maximum(high, rows.max(axis=0))
    return np.stack([low, high]).astype(np.float32)  # type: ignore[list-item]  # there is at least one row


def stored(rows: np.ndarray, setting: Setting, ranges: np.ndarray) -> np.ndarray:
    """What vectors (n, D) are worth as `setting` stores them, (n, d) float32; `ranges` as `calibration` gives them."""
    rows = rows[:, : setting.dimension]
    if setting.precision == "float32":
        return rows
    from sentence_transformers.util.quantization import quantize_embeddings

    if setting.precision == "int8":
        ranges = ranges[:, : setting.dimension]
        codes = quantize_embeddings(rows, "int8", ranges=ranges)
        steps = (ranges[1] - ranges[0]) / 255
        decoded: np.ndarray = ranges[0] + (np.asarray(codes, dtype=np.float32) + 128.5) * steps
        return decoded
    bits = np.unpackbits(np.asarray(quantize_embeddings(rows, "ubinary")), axis=-1, count=setting.dimension)
    return bits.astype(np.float32) * 2 - 1


class Stored:
    """One side's embeddings as a setting stores them, in slices."""

    def __init__(self, embedded: Embedded, setting: Setting, ranges: np.ndarray) -> None:
        self._embedded = embedded
        self._setting = setting
        self._ranges = ranges

    def __len__(self) -> int:
        return len(self._embedded)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """(stop - start, d) float32."""
        return stored(self._embedded.rows(start, stop), self._setting, self._ranges)
