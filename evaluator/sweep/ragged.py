"""What texts have any number of rows of: a store on disk that a killed run goes on with, and one side of a task in it.

Each share of the work appends to a file of its own, `rows-<share>.bin`; `starts.i64`, `counts.i32` and `shares.u8` say
of each text where its rows are. Nothing of the files is held in memory: rows are read where they are asked for.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from evaluator.errors import DISK_FULL, EvaluationError, is_disk_full


class RaggedStore:
    """Rows of the type `item` for each of some texts, in `folder`. `array` opens one of the workspace's arrays."""

    def __init__(
        self,
        folder: Path,
        texts: int,
        item: np.dtype,
        share: int,
        array: Callable[[str, type, tuple[int, ...]], np.ndarray],
    ) -> None:
        self.item = item
        self._folder = folder
        self._share = share
        self.starts = array("starts.i64", np.int64, (texts,))
        self.counts = array("counts.i32", np.int32, (texts,))
        self.shares = array("shares.u8", np.uint8, (texts,))
        self._end: int | None = None
        self._files: dict[int, int] = {}

    def append(self, items: np.ndarray, rows: Sequence[np.ndarray], done: np.ndarray) -> None:
        """Write the rows of some texts behind those that are `done`; what a killed run left behind them is cut off.

        Raises:
            EvaluationError: disk_full.
        """
        counts = np.array([len(each) for each in rows], dtype=np.int64)
        try:
            file = self._file(self._share)
            if self._end is None:
                own = done.astype(bool) & (self.shares == self._share)
                self._end = int((self.starts[own] + self.counts[own]).max(initial=0))
                os.ftruncate(file, self._end * self.item.itemsize)
            content = b"".join(np.ascontiguousarray(each).tobytes() for each in rows)
            written = 0
            while written < len(content):
                written += os.pwrite(file, content[written:], self._end * self.item.itemsize + written)
        except OSError as error:
            if is_disk_full(error):
                raise EvaluationError("disk_full", DISK_FULL) from error
            raise
        self.starts[items] = self._end + np.cumsum(counts) - counts
        self.counts[items] = counts
        self.shares[items] = self._share
        self._end += int(counts.sum())

    def rows(self, number: int) -> np.ndarray:
        """The rows of a text, (n,) of `item`."""
        count = int(self.counts[number])
        found = np.empty(count, dtype=self.item)
        if count:
            content = memoryview(found.view(np.uint8).reshape(-1))  # type: ignore[arg-type]
            start, file = int(self.starts[number]) * self.item.itemsize, self._file(int(self.shares[number]))
            if os.preadv(file, [content], start) != content.nbytes:
                raise EvaluationError("internal", "What was encoded cannot be read again from the work folder.")
        return found

    def _file(self, share: int) -> int:
        if share not in self._files:
            self._files[share] = os.open(self._folder / f"rows-{share}.bin", os.O_RDWR | os.O_CREAT, 0o644)
        return self._files[share]

    def __del__(self) -> None:
        for file in getattr(self, "_files", {}).values():
            os.close(file)


class RaggedRows:
    """One side of one task, in the order of its texts."""

    def __init__(self, store: RaggedStore, numbers: np.ndarray) -> None:
        self._store = store
        self._numbers = numbers
        self.item = store.item

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def counts(self) -> np.ndarray:
        """How many rows each text has, (texts,) int32."""
        return np.asarray(self._store.counts[self._numbers])

    def of(self, place: int) -> np.ndarray:
        """The rows of one text."""
        return self._store.rows(int(self._numbers[place]))

    def pieces(self, most: int, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
        """Ranges of texts, one after another, that have at most `most` rows together; a text with more is alone."""
        held = np.cumsum(self.counts[start:stop], dtype=np.int64)
        first, before = 0, 0
        while first < len(held):
            last = max(first + 1, int(np.searchsorted(held, before + most, side="right")))
            yield start + first, start + last
            first, before = last, int(held[last - 1])

    def together(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """All rows of some texts behind one another, and where each text's end, (texts,)."""
        rows = [self.of(place) for place in range(start, stop)]
        ends = np.cumsum([len(each) for each in rows], dtype=np.int64)
        return (np.concatenate(rows) if rows else np.empty(0, dtype=self.item)), ends
