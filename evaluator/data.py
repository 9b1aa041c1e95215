"""A task's data set, pinned: from the Hub, or from a local copy in Hub layout; checked against its fingerprint.

A local copy is a folder `<datasets>/<owner>/<name>` as a clone of the Hub repository looks: a README.md whose
`configs` name the data files. Both ways go through `datasets.load_dataset`, so that a copy that works here works
there. Rows stay in the Arrow files (memory mapped); only what a kind asks for is read.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evaluator.errors import DISK_FULL, EvaluationError, TaskError, is_disk_full
from evaluator.records import DataProvenance
from evaluator.task import Task

if TYPE_CHECKING:
    from datasets import Dataset

Number = TypeVar("Number", int, float)

log = logging.getLogger(__name__)


@contextmanager
def _readable(task: Task) -> Iterator[None]:
    """Map whatever `datasets` and the Hub client raise to `TaskError`."""
    from datasets.exceptions import DatasetsError
    from httpx2 import HTTPError  # what huggingface_hub 2 speaks through, and lets through
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    source = f"data set {task.data.path} of task {task.id}"
    try:
        yield
    except GatedRepoError as error:
        raise TaskError("data_unavailable", f"The {source} asks for permission on the Hub.") from error
    except RepositoryNotFoundError as error:
        raise TaskError("data_unavailable", f"The {source} is not on the Hub.") from error
    except (DatasetsError, FileNotFoundError) as error:
        if is_disk_full(error):
            raise EvaluationError("disk_full", DISK_FULL) from error
        raise TaskError("data_unavailable", f"The {source} could not be found or read.") from error
    except (HTTPError, HfHubHTTPError, OSError) as error:
        if is_disk_full(error):
            raise EvaluationError("disk_full", DISK_FULL) from error
        raise TaskError(
            "hub_unavailable", f"The {source} could not be downloaded; try again when the Hub can be reached."
        ) from error
    except ValueError as error:
        raise TaskError("data_unavailable", f"The {source} has not the expected config or split.") from error


class TaskData:
    """The data set of one task, read from where `datasets` says: None is the Hub at the pinned commit.

    `cache` is a folder for the Arrow files made of a local copy; it has to live as long as the rows are used. It must
    be fresh: the cache of `datasets` knows a local copy by its README alone, and would give the old rows of a copy
    whose data files have changed. What comes from the Hub is cached by its commit, in the usual place.
    """

    def __init__(self, task: Task, datasets: Path | None, cache: Path | None = None) -> None:
        if datasets is not None and cache is None:
            raise ValueError("a local copy needs a fresh folder for its Arrow files")
        self.task = task
        self._datasets = datasets
        self._cache = str(cache) if datasets is not None else None

    @property
    def _path(self) -> str:
        if self._datasets is None:
            return self.task.data.path
        folder = self._datasets / self.task.data.path
        if not folder.is_dir():
            raise TaskError(
                "data_unavailable",
                f"The local copy of the data sets has no {self.task.data.path}, which task {self.task.id} needs.",
            )
        return str(folder.resolve())

    @property
    def _revision(self) -> str | None:
        return self.task.data.revision if self._datasets is None else None

    def configs(self) -> list[str]:
        """The names of the data set's configs.

        Raises:
            TaskError: data_unavailable.
        """
        from datasets import get_dataset_config_names

        path = self._path
        with _readable(self.task):
            return list(get_dataset_config_names(path, revision=self._revision))

    def splits(self, config: str | None) -> list[str]:
        """The names of a config's splits.

        Raises:
            TaskError: data_unavailable.
        """
        from datasets import get_dataset_split_names

        path = self._path
        with _readable(self.task):
            return list(get_dataset_split_names(path, config, revision=self._revision))

    def split(self, config: str | None, split: str) -> "Dataset":
        """The rows of one split.

        Raises:
            TaskError: data_unavailable; also where the split is empty.
        """
        from datasets import Dataset, load_dataset

        path = self._path
        with _readable(self.task):
            rows = load_dataset(path, config, split=split, revision=self._revision, cache_dir=self._cache)
        if not isinstance(rows, Dataset) or len(rows) == 0:
            raise TaskError("data_unavailable", f"The split {split} of {self.task.data.path} has no rows.")
        return rows

    def rows(self) -> "Dataset":
        """The rows of the task's splits, joined in their order.

        Raises:
            TaskError: data_unavailable.
        """
        from datasets import concatenate_datasets

        parts = [self.split(self.task.data.config, split) for split in self.task.data.splits]
        return parts[0] if len(parts) == 1 else concatenate_datasets(parts)

    def columns(self) -> dict[str, list[Any]]:
        """The task's fields as lists, by the kind's names for them; a dot in `Task.fields` reaches into a struct.

        Raises:
            TaskError: data_unavailable; a column is not there, or one of its values is missing.
        """
        rows = self.rows()
        return {name: self.column(rows, path) for name, path in self.task.fields.items()}

    def column(self, rows: "Dataset", path: str, *, whole: bool = True) -> list[Any]:
        """One column's values; a dot in `path` reaches into a struct.

        Raises:
            TaskError: data_unavailable; it is not there, or (`whole`) one of its values is missing.
        """
        first, *inner = path.split(".")
        if first not in rows.column_names:
            raise self.unexpected(f"no column {first!r}; its columns are {', '.join(rows.column_names)}")
        values: list[Any] = list(rows[first])
        for name in inner:
            if any(value is None or name not in value for value in values):
                raise self.unexpected(f"no {name!r} in column {first!r}")
            values = [value[name] for value in values]
        if len(values) == 1 and isinstance(values[0], list):
            values = values[0]  # how older data sets of MTEB hold all pairs: one row of lists
        if any(isinstance(value, list) for value in values):
            raise self.unexpected(f"several rows of lists in column {path!r}, where one row of lists can be read")
        if whole and any(value is None for value in values):
            raise self.unexpected(f"a row without a value in column {path!r}")
        return values

    def names(self, rows: "Dataset", path: str) -> list[str]:
        """One column's labels as strings: a class's name where the column has named classes, whatever its number is.

        Raises:
            TaskError: data_unavailable; the column is not there, or a label is missing or withheld.
        """
        from datasets import ClassLabel

        values, feature = self.column(rows, path), rows.features[path.split(".")[0]]
        if not isinstance(feature, ClassLabel):
            return [str(value) for value in values]
        if any(value < 0 for value in values):  # how `datasets` marks a label that is withheld
            raise self.unexpected(f"rows without a label in column {path!r}")
        return [feature.int2str(value) for value in values]

    def numbers(self, values: Sequence[Any], number: Callable[[Any], Number]) -> list[Number]:
        """Values as numbers of one type: `int` or `float`.

        Raises:
            TaskError: data_unavailable, a value is none.
        """
        try:
            return [number(value) for value in values]
        except (TypeError, ValueError) as error:
            raise self.unexpected(f"a value that is no number where it has to be one: {error}") from error

    def unexpected(self, what: str) -> TaskError:
        """The error for rows that are not as the task needs them."""
        return TaskError("data_unavailable", f"The data set {self.task.data.path} of task {self.task.id} has {what}.")


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def line(row: Sequence[object]) -> bytes:
    """A row as one line of JSON: what all fingerprints are made of."""
    return _as_json(row).encode() + b"\n"


def digest(row: Sequence[object]) -> bytes:
    """The SHA-256 of one row, 32 bytes."""
    return hashlib.sha256(line(row)).digest()


def fingerprint_of(*columns: Sequence[object]) -> str:
    """The SHA-256 of a table given as columns of equal length, where the order of its rows matters to the score."""
    whole = hashlib.sha256()
    for row in zip(*columns, strict=True):
        whole.update(line(row))
    return whole.hexdigest()


def unordered_fingerprint(*tables: Iterable[Sequence[object]]) -> str:
    """The SHA-256 of tables whose rows may come in any order: over the sorted digests of each table's rows.

    A row that is there twice counts twice. 32 bytes a row are held, so a corpus may have millions of them.
    """
    whole = hashlib.sha256()
    for table in tables:
        digests = sorted(digest(row) for row in table)
        whole.update(len(digests).to_bytes(8, "big"))
        whole.update(b"".join(digests))
    return whole.hexdigest()


def provenance(task: Task, fingerprint: str, datasets: Path | None) -> DataProvenance:
    """Where a task's rows came from. A local copy must be the known one; on the Hub the commit is the pin, and
    rows that are not the known ones are a warning in the log.

    Raises:
        TaskError: data_unavailable, the local copy is another.
    """
    known = known_fingerprints(task, local=datasets is not None)
    if datasets is not None and known and fingerprint not in known:
        raise TaskError(
            "data_unavailable",
            f"The data set {task.data.path} is not the one that task {task.id} is pinned to: its fingerprint is "
            f"{fingerprint[:16]}..., not {known[0][:16]}.... Scores on other data cannot be compared.",
        )
    found = DataProvenance(
        path=task.data.path,
        config=task.data.config,
        split="+".join(task.data.splits),
        revision=task.data.revision,
        fingerprint=fingerprint,
    )
    if is_other(task, found, local=datasets is not None):
        log.warning(
            "%s: the rows of %s at %s have the fingerprint %s, not the known %s; it is scored, with a mark",
            *(task.id, found.path, found.revision, fingerprint, known[0]),
        )
    return found


def known_fingerprints(task: Task, *, local: bool) -> tuple[str, ...]:
    """The fingerprints of the known rows, today's first; none means that nobody has read the task's data yet.

    Former ones count too: a result that was measured before fingerprints changed is on the same rows.
    """
    data = task.data
    known = (data.fingerprint, data.copy_fingerprint if local else None)
    # What was taken before is of the pinned rows, or, where only a copy is known, of the copy.
    former = data.former if local or data.fingerprint else ()
    return *(each for each in known if each), *former


def is_other(task: Task, data: DataProvenance | None, *, local: bool) -> bool:
    """Whether a task's rows are known and these are not them: a mark on the result (`other_data`)."""
    known = known_fingerprints(task, local=local)
    return bool(known) and data is not None and data.fingerprint not in known


def character_count(texts: Iterable[str]) -> int:
    """The number of characters of all texts, as MTEB's descriptive statistics count them."""
    return sum(len(text) for text in texts)
