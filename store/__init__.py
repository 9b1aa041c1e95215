"""Versioned file repositories: a head, files at a revision, and commits that are all or nothing.

Knows files and revisions, nothing of leaderboards. Three backends with one behaviour: `store.local` (a bare git
repository), `store.hub` (a data set repository on the Hub), `store.memory`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

_HUB_REPOSITORY = re.compile(r"datasets/[\w][\w.-]*/[\w][\w.-]*", re.ASCII)

Changes = Mapping[str, bytes | None]
"""Path -> new content; None deletes the file."""


@dataclass(frozen=True)
class Commit:
    """One entry of a store's log. `at` is UTC."""

    revision: str
    message: str
    at: datetime


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

        A folder that is not there has no files. Equal blob ids mean equal content.

        Raises:
            Unavailable (Gone: no such revision), Forbidden, NotFound
        """
        ...

    def read(self, path: str, revision: str | None = None) -> bytes:
        """The content of one file at `revision` (None: the head).

        Raises:
            NotFound: there is no such file at that revision.
            Unavailable (Gone: no such revision), Forbidden
        """
        ...

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        """Write all of `changes` as one commit on `parent`; returns the new revision.

        Compare-and-swap: succeeds only while `parent` is the head. Deleting a file that is not there is allowed
        and does nothing. Never retries.

        Raises:
            Conflict, OutcomeUnknown, Unavailable, Forbidden
            ValueError: a path is not a relative file path, or there are no changes.
        """
        ...

    def log(self, limit: int, revision: str | None = None) -> Sequence[Commit]:
        """The newest `limit` commits up to `revision` (None: the head), newest first.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        ...


class Repository(Store, Protocol):
    """A store whose past can be given up."""

    def squash(self, message: str, parent: str) -> str:
        """Put one commit with the files of the head in the place of the whole log; returns its revision.

        Only while `parent` is the head; on the Hub a commit that comes in the same second may be among what is
        squashed, with its files. Reading at an earlier revision is `Gone` from then on, soon or late.

        Raises:
            Conflict, OutcomeUnknown, Unavailable, Forbidden
        """
        ...


def blob_id(content: bytes) -> str:
    """Git's id of a file's content: SHA-1 over the header `blob <size>` and the content.

    The id that `Store.list` gives, except for files that the Hub keeps in LFS (`pointer_id`).
    """
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def pointer_id(content: bytes) -> str:
    """The blob id of a file that the Hub keeps in LFS: git's id of the pointer that stands for it there.

    The pointer's text is that of git-lfs, version 1 of its specification.
    """
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    return blob_id(pointer.encode())


def in_folder(path: str, prefix: str) -> bool:
    """Whether the file `path` lies below the folder `prefix`; every file lies below ""."""
    return not prefix or path.startswith(prefix.rstrip("/") + "/")


def checked_changes(changes: Changes) -> Changes:
    """`changes` itself, if every path can be a file's in every backend.

    Raises:
        ValueError: no changes, or a path that is empty, absolute, has empty, `.`, `..` or `.git` parts, backslashes
            or control characters, or is both a file and a folder of these changes.
    """
    if not changes:
        raise ValueError("a commit needs at least one changed file")
    written = {path for path, content in changes.items() if content is not None}
    for path in changes:
        parts = path.split("/")
        if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts) or not path.isprintable():
            raise ValueError(f"{path!r} cannot be a file's path in a store")
        if "\\" in path:
            raise ValueError(f"{path!r} cannot be a file's path in a store; write it with forward slashes")
        if any("/".join(parts[:i]) in written for i in range(1, len(parts))) and path in written:
            raise ValueError(f"{path!r} lies below a file of the same commit")
    return changes


def open_store(url: str, token: SecretStr | None = None) -> Repository:
    """The store at `url`: `file:DIR` (a bare git repository, made if absent), `hf:datasets/ORG/NAME`, `memory:`.

    `token`: what the Hub asks for; other stores need none.

    Raises:
        ValueError: the url has another form.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "file" and rest:
        from store.local import LocalStore

        return LocalStore(Path(rest))
    if scheme == "hf" and _HUB_REPOSITORY.fullmatch(rest):
        from store.hub import HubStore

        return HubStore(rest.removeprefix("datasets/"), token)
    if url == "memory:":
        from store.memory import MemoryStore

        return MemoryStore()
    raise ValueError(f"{url!r} is no store; write file:DIR, hf:datasets/ORG/NAME or memory:")
