"""A local store packs itself: git keeps each object in a file of its own until somebody puts them together.

As `git gc --auto` decides it: by the number of loose objects in one of their 256 folders, and by the number of packs.
"""

import contextlib
import fcntl
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pygit2

log = logging.getLogger(__name__)

LOOSE = 3000
"""About so many loose objects are packed: those of some hundred commits."""

PACKS = 20
"""With so many packs, all are put into one."""

KEPT_SECONDS = 3600.0
"""How long a pack stays whose objects are in another one too: somebody may be reading from it."""


def pack_if_many(folder: Path) -> None:
    """Pack the bare repository in `folder` if it has many loose objects. Raises nothing: what fails is tried again.

    One process at a time does it, and nobody waits for it. A pack is in its place, whole, before a loose object of it
    goes, and who does not find an object looks again at what packs there are (libgit2 and git both do): so others may
    read and write meanwhile.
    """
    try:
        if len(list((folder / "objects" / "17").glob("*"))) * 256 >= LOOSE:
            with (folder / "packing.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                pack(folder)
    except BlockingIOError:
        return
    except (OSError, pygit2.GitError, KeyError, MemoryError) as error:
        log.warning("%s is not packed: %s", folder, error)


def pack(folder: Path) -> int:
    """Put the loose objects of a bare repository into a pack, or all objects where there are many packs.

    Returns how many were packed. Packs that another one has made needless go once they are an hour old.
    """
    packs = folder / "objects" / "pack"
    loose = _loose(folder)
    _remove_needless(packs)
    before = {path.stem for path in packs.glob("*.pack")}
    repository = pygit2.Repository(str(folder))
    everything = len(before) + 1 >= PACKS
    chosen = list(repository.odb) if everything else [pygit2.Oid(hex=name) for name in loose]
    if not chosen:
        return 0
    packed = repository.pack(pack_delegate=_adding(chosen), n_threads=1)
    if everything:
        made = {path.stem for path in packs.glob("*.pack")} - before
        if len(made) == 1:
            (packs / f"{made.pop()}.replaces").write_text("\n".join(sorted(before)))
    known = pygit2.Repository(str(folder)).odb  # as somebody else finds them
    for name, path in loose.items():
        if name in known:
            path.unlink(missing_ok=True)
    return packed


def _adding(chosen: list[pygit2.Oid]) -> Callable[[pygit2.PackBuilder], None]:
    def add(builder: pygit2.PackBuilder) -> None:
        for each in chosen:
            builder.add(each)

    return add


def _loose(folder: Path) -> dict[str, Path]:
    """The loose objects: id -> file. One that is being written has another name."""
    found = (path for path in (folder / "objects").glob("[0-9a-f][0-9a-f]/*") if len(path.name) == 38)
    return {path.parent.name + path.name: path for path in found}


def _remove_needless(packs: Path) -> None:
    """Remove the packs that a newer one replaces, an hour after it was made."""
    for told in packs.glob("*.replaces"):
        if not told.with_suffix(".idx").is_file() or time.time() - told.stat().st_mtime < KEPT_SECONDS:
            continue
        for name in told.read_text().split():
            for suffix in (".idx", ".pack", ".rev", ".replaces"):
                with contextlib.suppress(OSError):
                    (packs / name).with_suffix(suffix).unlink()
        told.unlink()
