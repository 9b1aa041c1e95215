"""Versioned file repositories: a head, files at a revision, and commits that are all or nothing.

Knows files and revisions, nothing of leaderboards. Three backends with one behaviour: `store.local` (a bare git
repository), `store.hub` (a data set repository on the Hub), `store.memory`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

Changes = Mapping[str, bytes | None]
"""Path -> new content; None deletes the file."""


class Store(Protocol):
    """One repository. Revisions are 40-hex commit ids; paths are relative, with forward slashes."""

    url: str

    def head(self) -> str:
        """The newest revision.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        ...

    def list(self, prefix: str = "", revision: str | None = None) -> dict[str, str]:
        """{path: blob id} of the files below the folder `prefix` ("" for all), at `revision` (None: the head).

        Raises:
            Unavailable, Forbidden, NotFound
        """
        ...

    def read(self, path: str, revision: str | None = None) -> bytes:
        """The content of one file at `revision` (None: the head).

        Raises:
            NotFound: there is no such file at that revision.
            Unavailable, Forbidden
        """
        ...

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        """Write all of `changes` as one commit on `parent`; returns the new revision.

        Compare-and-swap: succeeds only while `parent` is the head. Deleting a file that is not there is allowed
        and does nothing. Never retries.

        Raises:
            Conflict, OutcomeUnknown, Unavailable, Forbidden
        """
        ...


def open_store(url: str) -> Store:
    """The store at `url`: `file:DIR` (a bare git repository, made if absent), `hf:datasets/ORG/NAME`, `memory:`.

    Raises:
        ValueError: the url has another form.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "file" and rest:
        from store.local import LocalStore

        return LocalStore(Path(rest))
    if scheme == "memory":
        from store.memory import MemoryStore

        return MemoryStore()
    raise ValueError(f"{url!r} is no store; write file:DIR, hf:datasets/ORG/NAME or memory:")
