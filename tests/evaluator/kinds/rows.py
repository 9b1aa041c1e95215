"""What the tests of the kinds share: embeddings in memory, and a resample as counts."""

import numpy as np


class Rows:
    """Embeddings held in memory."""

    def __init__(self, rows: list[list[float]] | np.ndarray) -> None:
        self._rows = np.asarray(rows, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, start: int, stop: int) -> np.ndarray:
        return self._rows[start:stop]


def counts_of(drawn: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(drawn, minlength=count)[None, :]
