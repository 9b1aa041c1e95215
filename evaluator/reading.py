"""The one reader of record files: bounded, and whatever a file holds, the outcome is what was asked or `BadFile`.

Every kind of file is read inside `reading`, with the most bytes that a file of its kind may have. JSON goes through
pydantic, which bounds its depth and the length of its numbers; `vectors` reads numpy's npz and `table` parquet without
unfolding more than they are told. What the values mean is checked by whoever asked.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import from_json

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MEBIBYTE = 2**20
RESULT_BYTES = 8 * MEBIBYTE
"""Of a result file, or of one line of a file of several."""

RESULTS_BYTES = 64 * MEBIBYTE
"""Of a file of several results."""

SUBMISSION_BYTES = 4 * MEBIBYTE
REPLICATES_BYTES = 8 * MEBIBYTE
SAMPLES_BYTES = 128 * MEBIBYTE
RANKINGS_BYTES = 64 * MEBIBYTE
CURVES_BYTES = 16 * MEBIBYTE
INDEX_BYTES = 64 * MEBIBYTE

TEXT_LENGTH = 4000
"""Bytes of one text in a table."""

CELLS = 40_000_000
"""Rows times columns of a table: eight bytes each."""

_NPY_HEADER = re.compile(rb"\{'descr': '<f([48])', 'fortran_order': False, 'shape': \((\d{1,9}),\), \} *\n")
_MEMBERS = 2000


class BadFile(ValueError):
    """A record file that is not read. `name` says which, `why` what is wrong with it, in one line of printable text."""

    def __init__(self, name: str, why: str) -> None:
        shown = "".join(character if character.isprintable() else " " for character in why[:1000])
        self.name = name
        self.why = " ".join(shown.split())[:300]
        super().__init__(f"{name}: {self.why}")


@contextmanager
def reading(name: str, content: bytes, most: int) -> Iterator[None]:
    """Inside, whatever goes wrong with `content` becomes BadFile; one larger than `most` bytes is not looked at.

    Raises:
        BadFile
    """
    if len(content) > most:
        raise BadFile(name, f"{len(content):,} bytes; no more than {most:,} are read")
    try:
        yield
    except BadFile:
        raise
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part)[:60] for part in first["loc"])
        raise BadFile(name, f"{where}: {first['msg']}" if where else first["msg"]) from None
    except Exception as error:  # the libraries below raise a dozen kinds for a damaged file
        raise BadFile(name, str(error) or type(error).__name__) from error


def json_value(content: bytes) -> Any:
    """The value of a JSON text; neither NaN nor Infinity, and at most 200 levels deep.

    Raises:
        ValueError
    """
    return from_json(content, allow_inf_nan=False)


def vectors(content: bytes, length: int) -> "dict[str, np.ndarray]":
    """The vectors in numpy's npz form by name: finite float32 or float64, each of `length` numbers.

    Nothing is unfolded before the archive's directory, each array's header and their sizes are what they have to be.

    Raises:
        ValueError, and what zipfile raises for a damaged archive: call it inside `reading`.
    """
    import numpy as np

    found: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > _MEMBERS:
            raise ValueError(f"{len(members)} arrays; no more than {_MEMBERS} are read")
        for member in members:
            if member.file_size > length * 8 + 1024:
                raise ValueError(f"{member.filename[:100]} unfolds to {member.file_size:,} bytes")
            with archive.open(member) as file:
                unfolded = file.read(length * 8 + 1025)
            header_end = 10 + int.from_bytes(unfolded[8:10], "little")
            header = _NPY_HEADER.fullmatch(unfolded[10:header_end])
            if unfolded[:8] != b"\x93NUMPY\x01\x00" or header is None or int(header[2]) != length:
                raise ValueError(f"{member.filename[:100]} is not a vector of {length} floats")
            values = np.frombuffer(unfolded[header_end:], dtype=f"<f{header[1].decode()}")
            if len(values) != length or not np.isfinite(values).all():
                raise ValueError(f"{member.filename[:100]} does not hold {length} finite numbers")
            found[member.filename.removesuffix(".npy")] = values
    return found


def table(content: bytes, rows: int) -> "pa.Table":
    """A parquet file's table, of at most `rows` rows and texts of at most 4,000 bytes.

    Texts are read as a dictionary first: a long one that is said a million times is refused before it is repeated.

    Raises:
        ValueError, and what Arrow raises for a damaged file: call it inside `reading`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    limits = {"thrift_string_size_limit": 16 * MEBIBYTE, "thrift_container_size_limit": 1_000_000}
    kept = pa.BufferReader(content)
    told = pq.ParquetFile(kept, **limits)
    if told.metadata.num_rows > rows or told.metadata.num_rows * told.metadata.num_columns > CELLS:
        raise ValueError(f"{told.metadata.num_rows:,} rows of {told.metadata.num_columns} columns are too many")
    texts = [field.name for field in told.schema_arrow if pa.types.is_string(field.type)]
    others = [field.name for field in told.schema_arrow if not _is_plain(field.type)]
    if others:
        raise ValueError(f"the column {others[0][:100]} is of a type that no record has")
    kept.seek(0)
    found = pq.ParquetFile(kept, metadata=told.metadata, read_dictionary=texts, **limits).read(use_threads=False)
    if found.num_rows != told.metadata.num_rows:
        raise ValueError("it has another number of rows than it says")
    for name in texts:
        place = found.schema.get_field_index(name)
        column = found.column(place)
        for chunk in column.chunks:
            words = chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk
            if (pc.max(pc.binary_length(words)).as_py() or 0) > TEXT_LENGTH:
                raise ValueError(f"the column {name[:100]} has a text of more than {TEXT_LENGTH} bytes")
        found = found.set_column(place, name, column.cast(pa.string()))
    found.validate(full=True)
    return found.replace_schema_metadata(told.schema_arrow.metadata)


def _is_plain(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    tests = (pa.types.is_string, pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean)
    return any(test(kind) for test in tests)
