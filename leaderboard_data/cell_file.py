"""A parquet file that follows from the results and has one row a cell: `curves.parquet`, `hybrids.parquet`."""

import io
import logging
from collections.abc import Callable, Iterable
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.reading import INDEX_BYTES, reading
from evaluator.reading import table as read_table
from store.errors import NotFound
from store.update import Snapshot

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Cell = TypeVar("Cell", bound="DataclassInstance")

_KINDS: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int32(), float: pa.float64()}

log = logging.getLogger(__name__)


class CellFile(Generic[Cell]):
    """The file at `path` of a results store: a column for each field of the dataclass `kind`, all text or numbers.

    `most_rows` are read at most. `wrong` says of a cell that was read what is wrong with it, None for nothing.
    `is_known` tells those that this version of the board can show: others are left out.
    """

    def __init__(
        self,
        path: str,
        kind: type[Cell],
        most_rows: int,
        wrong: Callable[[Cell], str | None],
        is_known: Callable[[Cell], bool],
    ) -> None:
        self.path = path
        self._kind = kind
        self._most_rows = most_rows
        self._wrong = wrong
        self._is_known = is_known
        self._names = tuple(field.name for field in fields(kind))
        self._schema = pa.schema([(field.name, _KINDS[field.type]) for field in fields(kind)])

    def dump(self, cells: Iterable[Cell]) -> bytes:
        """The file's content. The same cells, in any order, give the same bytes."""
        ordered = sorted(cells, key=astuple)
        columns = {name: [getattr(cell, name) for cell in ordered] for name in self._names}
        sink = io.BytesIO()
        pq.write_table(pa.table(columns, schema=self._schema), sink, compression="zstd")
        return sink.getvalue()

    def load(self, content: bytes) -> list[Cell]:
        """The cells in a file's content that are known here.

        Raises:
            ValueError: (BadFile) it is no such file, or a number in it is none that it can be.
        """
        with reading(self.path, content, INDEX_BYTES):
            read = read_table(content, self._most_rows)
            if read.schema.remove_metadata() != self._schema:
                raise ValueError("it has other columns than this version of the board writes")
            rows = zip(*(read[name].to_pylist() for name in self._names), strict=True)
            cells = [self._kind(*values) for values in rows]
            for cell in cells:
                if None in astuple(cell):
                    raise ValueError("a row lacks something")
                if (wrong := self._wrong(cell)) is not None:
                    raise ValueError(wrong)
            return [cell for cell in cells if self._is_known(cell)]

    def stored(self, snapshot: Snapshot) -> list[Cell] | None:
        """The cells that a store holds; None where there are none that can be read."""
        try:
            return self.load(snapshot.read(self.path))
        except NotFound:
            return None
        except ValueError as error:
            log.warning("left out %s", error)
            return None
