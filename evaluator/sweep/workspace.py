"""Where an evaluation keeps its embeddings while it runs, so that a killed one goes on where it stopped.

A folder holds, for one model, one set of texts and one environment: `plan.json` (what it is for), `embeddings.f32` (one
row a unique text; or the files of `evaluator.sweep.ragged`), `lengths.i32` (its tokens), `unknown.i32` (those standing
for what the tokenizer does not know), `done.u8` (1 once its embedding is written) and `spent.f64` (the seconds that
encoding took so far). The arrays are memory maps: what a killed process wrote into them stays, since the pages belong
to the kernel. A row counts only when its flag is set, which happens after its embedding is written; a batch that was
cut off is computed again.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.errors import DISK_FULL, EvaluationError, is_disk_full
from evaluator.sweep.ragged import RaggedRows, RaggedStore


class Workspace:
    """The arrays of one evaluation, opened or made in `folder`. `texts` rows of `dimension` float32.

    With `item`, a text has any number of rows of that type instead, in `ragged`, where this process is `share`, and
    `added` says how many of a text's tokens are none of its own: those that a query is filled up with.
    """

    ragged: RaggedStore | None = None

    def __init__(self, folder: Path, texts: int, dimension: int, item: np.dtype | None = None, share: int = 0) -> None:
        self.folder = folder
        self.texts = texts
        self.dimension = dimension
        if item is None:
            self.embeddings = self._array("embeddings.f32", np.float32, (texts, dimension))
            self.added = np.zeros(texts, dtype=np.int32)
        else:
            self.ragged = RaggedStore(folder, texts, item, share, self._array)
            self.added = self._array("added.i32", np.int32, (texts,))
        self.lengths = self._array("lengths.i32", np.int32, (texts,))
        self.unknown = self._array("unknown.i32", np.int32, (texts,))
        self.done = self._array("done.u8", np.uint8, (texts,))
        self._spent = self._array("spent.f64", np.float64, (1,))

    def _array(self, name: str, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
        path = self.folder / name
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if not path.is_file() or path.stat().st_size != size:
            # A hole would be filled while rows are written, and a full disk then is a SIGBUS in the middle of the run.
            try:
                with path.open("wb") as file:
                    if hasattr(os, "posix_fallocate") and size:
                        os.posix_fallocate(file.fileno(), 0, size)
                    else:
                        file.truncate(size)
            except OSError as error:
                path.unlink(missing_ok=True)  # half of it would take the room that another evaluation has
                if is_disk_full(error):
                    raise EvaluationError("disk_full", DISK_FULL) from error
                raise
        return np.memmap(path, dtype=dtype, mode="r+", shape=shape)

    def side(self, numbers: np.ndarray) -> "EmbeddingRows | RaggedRows":
        """The embeddings of the texts with these numbers, in this order."""
        return RaggedRows(self.ragged, numbers) if self.ragged is not None else EmbeddingRows(self.embeddings, numbers)

    def batch_tokens(self, wanted: int) -> int:
        """The token budget of this folder: `wanted`, or what an earlier run took, so that batches stay the same."""
        written = self.folder / "batch_tokens"
        if written.is_file():
            return int(written.read_text(encoding="utf-8"))
        temporary = written.with_suffix(".part")
        temporary.write_text(str(wanted), encoding="utf-8")
        temporary.replace(written)
        return wanted

    @property
    def spent(self) -> float:
        """Seconds of encoding up to the last batch, those of killed runs included."""
        return float(self._spent[0])

    @spent.setter
    def spent(self, seconds: float) -> None:
        self._spent[0] = seconds

    def write(self, items: np.ndarray, embeddings: Any) -> None:
        """Store the embeddings of some texts (an array, or `Rows`), then say that they are there."""
        if self.ragged is not None:
            self.ragged.append(items, embeddings, self.done)
        else:
            self.embeddings[items] = embeddings
        self.done[items] = 1


def plan_folder(work_dir: Path, plan: Mapping[str, object]) -> Path:
    """The folder in `work_dir` for exactly this plan, made if it is not there.

    A run resumes only where everything agrees that the embeddings depend on; a changed model, text, prompt, library
    version or device kind has another folder.
    """
    content = json.dumps(plan, sort_keys=True, ensure_ascii=False, indent=1)
    folder = work_dir / hashlib.sha256(content.encode()).hexdigest()[:24]
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "plan.json"
    if not written.is_file():
        temporary = folder / "plan.json.part"
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(written)
    return folder


class EmbeddingRows:
    """The embeddings of one side of one task, read from the workspace in slices."""

    def __init__(self, matrix: np.ndarray, rows: np.ndarray) -> None:
        self._matrix = matrix
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """(stop - start, d) float32."""
        return np.asarray(self._matrix[self._rows[start:stop]])
