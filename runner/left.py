"""What an evaluation left in its folder: opened only where it is a regular file, and never more than a bound is read.

The folder belongs to a process that runs a model: a link, a pipe or a device may lie where a file should.
"""

import contextlib
import os
import shutil
import stat
from pathlib import Path

RESULT_BYTES = 20 * 2**20
SAMPLES_BYTES = 500 * 2**20
RANKINGS_BYTES = 64 * 2**20
CURVES_BYTES = 16 * 2**20


class Refused(ValueError):
    """What an evaluation left cannot be published; the text is the sentence that says why."""


def read_regular(path: Path, limit: int, what: str) -> bytes:
    """The content of a file, of at most `limit` bytes. `what` names it in the sentences.

    Raises:
        FileNotFoundError: nothing is there.
        Refused: it is no regular file with one name, or larger, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:  # a link (ELOOP), a socket (ENXIO), no permission
        raise Refused(f"The evaluation's {what} is no file that can be read.") from error
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
            raise Refused(f"The evaluation's {what} is no regular file.")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1) if about.st_size <= limit else b""
    finally:
        os.close(descriptor)
    if about.st_size > limit or len(content) > limit:
        raise Refused(f"The evaluation's {what} is larger than {limit // 2**20} MiB.")
    return content


def remove(path: Path) -> None:
    """Remove whatever lies at `path`, without following a link; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
