"""A store in memory: for tests and demonstrations. Lives as long as the object; safe to share between threads."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from store import Changes, Commit, blob_id, checked_changes, in_folder
from store.errors import Conflict, Gone, NotFound


@dataclass(frozen=True)
class _Version:
    commit: Commit
    blobs: dict[str, str]


class MemoryStore:
    """Every revision's tree, and the contents by blob id."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url = "memory:"
        self._now = now
        self._lock = threading.Lock()
        self._contents: dict[str, bytes] = {}
        self._versions: dict[str, _Version] = {}
        self._order: list[str] = []
        self._made = 0
        self._append({}, "Begin")

    def head(self) -> str:
        return self._order[-1]

    def list(self, prefix: str = "", revision: str | None = None) -> dict[str, str]:
        blobs = self._version(revision).blobs
        return {path: blob for path, blob in sorted(blobs.items()) if in_folder(path, prefix)}

    def read(self, path: str, revision: str | None = None) -> bytes:
        version = self._version(revision)
        if path not in version.blobs:
            raise NotFound(f"{self.url} has no file {path} at {version.commit.revision[:12]}")
        return self._contents[version.blobs[path]]

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        changes = checked_changes(changes)
        with self._lock:
            if parent != self._order[-1]:
                raise Conflict(f"{self.url}: the head is {self._order[-1][:12]}, no longer {parent[:12]}")
            blobs = dict(self._versions[parent].blobs)
            for path, content in changes.items():
                blobs.pop(path, None)
                if content is not None:
                    blobs[path] = blob_id(content)
                    self._contents[blobs[path]] = content
            return self._append(blobs, message)

    def log(self, limit: int, revision: str | None = None) -> Sequence[Commit]:
        last = self._order.index(self._version(revision).commit.revision)
        return [self._versions[self._order[i]].commit for i in range(last, max(-1, last - limit), -1)]

    def squash(self, message: str, parent: str) -> str:
        with self._lock:
            if parent != self._order[-1]:
                raise Conflict(f"{self.url}: the head is {self._order[-1][:12]}, no longer {parent[:12]}")
            blobs = self._versions[parent].blobs
            revision = self._append(blobs, message)
            self._versions, self._order = {revision: self._versions[revision]}, [revision]
            return revision

    def _append(self, blobs: dict[str, str], message: str) -> str:
        # A revision depends on its place in the history, so that an empty commit gets one of its own.
        self._made += 1
        revision = hashlib.sha1(f"{self._made}\0{message}\0{sorted(blobs.items())}".encode()).hexdigest()
        self._versions[revision] = _Version(Commit(revision, message, self._now()), blobs)
        self._order.append(revision)
        return revision

    def _version(self, revision: str | None) -> _Version:
        try:
            return self._versions[revision or self._order[-1]]
        except KeyError:
            raise Gone(f"{self.url} has no revision {revision}; look at its head") from None
