"""A store in a bare git repository on this machine's disk: the default, shared by any number of processes."""

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pygit2

from store import Changes, Commit, checked_changes, packing
from store.errors import Conflict, Forbidden, Gone, NotFound, StoreError, Unavailable

BRANCH = "refs/heads/main"
STALE_LOCK_SECONDS = 10.0
"""A lock on the branch older than this belongs to a process that was killed: git holds it for milliseconds."""

SCARCE_BYTES = 2**20
"""A write that failed with less than this left on the disk failed for want of space."""

_WRITER = ("store", "store@localhost")

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class LocalStore:
    """A bare git repository; its branch `main` is the head. Safe to share between threads and processes.

    The compare-and-swap is git's own: the branch's lock file is created exclusively, the old value compared under
    it, the new one renamed into place. A process killed at any moment leaves either the old head or the new one.
    """

    def __init__(self, folder: Path) -> None:
        """Open the repository in `folder`; make it, with one empty commit, if there is none.

        Raises:
            ValueError: `folder` is something else, a checkout for example.
            Unavailable, Forbidden: the disk is full, or does not let this user make or read it.
        """
        self.folder = folder.expanduser().absolute()
        self.url = f"file:{folder}"
        self._threads = threading.local()  # libgit2's repository objects must not be used by two threads at once
        with self._errors():
            if self.folder.exists() and not self.folder.is_dir():
                raise ValueError(f"{folder} is a file; a local store is a folder")
            if not self.folder.is_dir() or not any(self.folder.iterdir()):
                with self._errors(writing=True):
                    self._make()
            is_store = (self.folder / "HEAD").is_file() and BRANCH in self._repository.references
        if not is_store:
            raise ValueError(f"{folder} is not a local store (a bare git repository); name a new or an empty folder")

    def head(self) -> str:
        with self._errors():
            return str(self._repository.references[BRANCH].target)

    def list(self, prefix: str = "", revision: str | None = None) -> dict[str, str]:
        with self._errors():
            tree: Any = self._tree(revision)
            folder = prefix.strip("/")
            if folder:
                tree = _descend(tree, folder)
                if not isinstance(tree, pygit2.Tree):
                    return {}
            return dict(_files(tree, f"{folder}/" if folder else ""))

    def read(self, path: str, revision: str | None = None) -> bytes:
        with self._errors():
            found = _descend(self._tree(revision), path)
            if not isinstance(found, pygit2.Blob):
                raise NotFound(f"{self.url} has no file {path} at {(revision or 'the head')[:12]}")
            return found.data

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        changes = checked_changes(changes)
        with self._errors(writing=True):
            return self._committed(changes, message, parent)

    def _committed(self, changes: Changes, message: str, parent: str) -> str:
        if parent != self.head():
            raise self._conflict(parent)
        tree = self._written(self._tree(parent), _nested(changes))
        return self._moved(parent, tree, message, [pygit2.Oid(hex=parent)])

    def squash(self, message: str, parent: str) -> str:
        with self._errors(writing=True):
            if parent != self.head():
                raise self._conflict(parent)
            return self._moved(parent, self._tree(parent).id, message, [])

    def _moved(self, parent: str, tree: pygit2.Oid, message: str, parents: Any) -> str:
        """The new head, a commit of `tree`, if `parent` is the head until then."""
        repository = self._repository
        writer = pygit2.Signature(*_WRITER)
        new = repository.create_commit(None, writer, writer, message, tree, parents)
        branch = repository.references[BRANCH]
        if str(branch.target) != parent:
            raise self._conflict(parent)
        try:
            branch.set_target(new)
        except OSError as error:
            if _number(error) in (*_FULL, *_REFUSED):
                raise
            # Somebody holds the branch's lock: at work now, or killed while at it.
            self._remove_stale_lock()
            raise Unavailable(f"{self.url} is being written by another process") from error
        except pygit2.GitError as error:
            raise self._conflict(parent) from error
        packing.pack_if_many(self.folder)
        return str(new)

    def log(self, limit: int, revision: str | None = None) -> Sequence[Commit]:
        found: list[Commit] = []
        with self._errors():
            commit: pygit2.Commit | None = self._commit(revision)
            while commit is not None and len(found) < limit:
                at = datetime.fromtimestamp(commit.commit_time, UTC)
                found.append(Commit(str(commit.id), commit.message, at))
                commit = commit.parents[0] if commit.parents else None
        return found

    @contextlib.contextmanager
    def _errors(self, writing: bool = False) -> Iterator[None]:
        """Turns what the disk and libgit2 refuse into the store's errors, with what to do about it."""
        try:
            yield
        except StoreError:
            raise
        except (OSError, pygit2.GitError, KeyError, MemoryError) as error:
            number = _number(error) or (_state_of_disk(self.folder) if writing else None)
            if number in _FULL:
                text = f"{self.url}: no space left on its disk; nothing was written. Make room, then try again"
                raise Unavailable(text) from error
            if number in _REFUSED or "not owned by current user" in str(error):
                text = f"{self.url} may not be read or written by this user, or its disk is read-only"
                raise Forbidden(f"{text}; give the folder to the user who runs this, or name another one") from error
            # Another process may have packed since: the next call opens the repository anew, with the files of now.
            self._threads.__dict__.pop("repository", None)
            text = f"{self.url} cannot be read or written ({type(error).__name__}: {error})"
            raise Unavailable(f"{text}; `git fsck` in its folder says whether it is damaged") from error

    @property
    def _repository(self) -> pygit2.Repository:
        if not hasattr(self._threads, "repository"):
            self._threads.repository = pygit2.Repository(str(self.folder))
        return self._threads.repository

    def _make(self) -> None:
        """Make the repository beside its place and move it there, so that nobody sees half of it."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.folder.parent, prefix=f".{self.folder.name}-") as begun:
            new = Path(begun) / "store"
            repository = pygit2.init_repository(str(new), bare=True, initial_head="main")
            # The same first commit for everyone, whenever it is made.
            writer = pygit2.Signature(*_WRITER, time=0, offset=0)
            repository.create_commit(BRANCH, writer, writer, "Begin", repository.TreeBuilder().write(), [])
            try:
                new.rename(self.folder)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                # Another process made it first: that one counts.

    def _conflict(self, parent: str) -> Conflict:
        return Conflict(f"{self.url}: the head is {self.head()[:12]}, no longer {parent[:12]}")

    def _commit(self, revision: str | None) -> pygit2.Commit:
        wanted = revision or self.head()
        try:
            found = self._repository.get(wanted)
        except ValueError:
            found = None
        if not isinstance(found, pygit2.Commit):
            raise Gone(f"{self.url} has no revision {wanted}; look at its head")
        return found

    def _tree(self, revision: str | None) -> pygit2.Tree:
        return self._commit(revision).tree

    def _written(self, tree: pygit2.Tree | None, changes: Mapping[str, Any]) -> pygit2.Oid:
        """The id of `tree` with nested `changes` applied: name -> content, None, or the changes of a folder."""
        builder = self._repository.TreeBuilder(tree) if tree is not None else self._repository.TreeBuilder()
        for name, change in changes.items():
            old = tree[name] if tree is not None and name in tree else None
            if isinstance(change, Mapping):
                folder = self._written(old if isinstance(old, pygit2.Tree) else None, change)
                if len(self._repository[folder]):  # type: ignore[arg-type]
                    builder.insert(name, folder, pygit2.enums.FileMode.TREE)
                elif isinstance(old, pygit2.Tree):
                    builder.remove(name)
            elif change is not None:
                builder.insert(name, self._repository.create_blob(change), pygit2.enums.FileMode.BLOB)
            elif isinstance(old, pygit2.Blob):
                builder.remove(name)
        return builder.write()

    def _remove_stale_lock(self) -> None:
        """Remove the branch's lock if the process that made it was killed.

        Only one process at a time looks, under a lock that ends with its process; it looks at the age again, so
        that it cannot remove a lock made after the stale one was gone.
        """
        lock = self.folder / f"{BRANCH}.lock"
        with (self.folder / "cleaning.lock").open("w") as cleaning:
            fcntl.flock(cleaning, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > STALE_LOCK_SECONDS:
                    lock.unlink()


def _number(error: BaseException) -> int | None:
    """The system's error number; libgit2 tells it only by its words."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    return next((number for number in (*_FULL, *_REFUSED) if os.strerror(number) in str(error)), None)


def _state_of_disk(folder: Path) -> int | None:
    """Why nothing can be written there, where libgit2 did not say: its words may be those of an earlier error."""
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    if disk.f_flag & os.ST_RDONLY:
        return errno.EROFS
    if disk.f_bavail * disk.f_frsize < SCARCE_BYTES or (disk.f_files and not disk.f_favail):
        return errno.ENOSPC
    return None if os.access(folder, os.W_OK) else errno.EACCES


def _descend(tree: pygit2.Tree, path: str) -> pygit2.Object | None:
    try:
        return tree[path]
    except (KeyError, ValueError):
        return None


def _files(tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, str]]:
    """(path, blob id) of all files below `tree`."""
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", str(entry.id)


def _nested(changes: Changes) -> dict[str, Any]:
    """{"a/b": x} -> {"a": {"b": x}}."""
    nested: dict[str, Any] = {}
    for path, content in changes.items():
        *folders, name = path.split("/")
        folder = nested
        for part in folders:
            inner = folder.setdefault(part, {})
            folder = inner if isinstance(inner, dict) else folder.setdefault(part, {})
        folder[name] = content
    return nested
