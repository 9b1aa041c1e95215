"""Files appear whole or not at all."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`: a reader, or a kill at any time, sees the old file or the new one, never a part.

    Holds within one file system; the folder is made where it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_by_task(
    found: Mapping[str, T],
    path: Path,
    *,
    load: Callable[[bytes], Mapping[str, T]],
    dump: Callable[[Mapping[str, T]], bytes],
    onto: bool,
) -> None:
    """Write a file of values by task id; with `onto`, tasks that are in it already and not in `found` stay.

    Raises:
        ValueError: `onto`, and the file is not one that `load` reads.
    """
    if onto and path.is_file():
        found = {**load(path.read_bytes()), **found}
    write_atomically(path, dump(found))
