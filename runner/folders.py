"""The evaluations' folders: one a spec, kept while an evaluation of it may go on, removed afterwards."""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Collection
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{16}")
LOCK = "lock"
"""The file in each folder that an evaluation holds locked as long as it lives (`runner.jail`)."""


def folder_of(work_dir: Path, spec_id: str) -> Path:
    """The folder for evaluations of the spec with this id."""
    return work_dir.absolute() / spec_id[:16]


def remove_others(work_dir: Path, spec_ids: Collection[str], *, older_than: float = 3600.0) -> list[Path]:
    """Remove the folders of all specs but these, unless an evaluation is at work in them; returns what is gone.

    A worker that was killed after it had finished leaves such a folder. Anything else in `work_dir` stays, and what
    changed less than `older_than` seconds ago: another worker may just have begun there.
    """
    oldest_kept = time.time() - older_than
    kept = {folder_of(work_dir, spec_id) for spec_id in spec_ids}
    gone = []
    for folder in sorted(work_dir.absolute().glob("*")) if work_dir.is_dir() else []:
        if folder in kept or not folder.is_dir() or not _NAME.fullmatch(folder.name):
            continue
        if folder.stat().st_mtime > oldest_kept or _in_use(folder):
            continue
        shutil.rmtree(folder, ignore_errors=True)
        gone.append(folder)
    return gone


def _in_use(folder: Path) -> bool:
    try:  # an evaluation may have put something else in the lock's place: a pipe would be waited for
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
