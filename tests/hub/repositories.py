"""What the stand-in stores: repositories of models, data sets and Spaces, each a line of commits."""

import hashlib
import itertools
import json
import secrets
import struct
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tests.hub.errors import HubError
from tests.hub.faults import Faults
from tests.hub.machines import Jobs

Kind = Literal["models", "datasets", "spaces"]


@dataclass(frozen=True)
class Blob:
    """One file's content on disk. `oid` is git's blob id, as the real Hub's ETag of a regular file is.

    `sha256`: of a large file, whose `oid` is that of its pointer; None for a regular one.
    """

    path: Path
    oid: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True)
class Commit:
    oid: str
    message: str
    date: datetime
    files: Mapping[str, Blob]


@dataclass(frozen=True)
class Discussion:
    """A discussion, or a pull request, that somebody opened, with what he wrote."""

    author: str
    title: str
    text: str
    at: datetime
    pull_request: bool = False


@dataclass
class Repository:
    """`gated`: reading files needs a token of `readers`. `writers`: user names that may commit.

    `commits` are those of main, the oldest first; `others` those of other references, each with its whole history.
    `discussions` are in the order in which they were opened; None where the owner has switched them off.
    """

    kind: Kind
    id: str
    commits: list[Commit]
    gated: bool = False
    private: bool = False
    likes: int = 0
    readers: set[str] = field(default_factory=set)
    writers: set[str] = field(default_factory=set)
    others: dict[str, list[Commit]] = field(default_factory=dict)
    discussions: list[Discussion] | None = field(default_factory=list)

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def at(self, revision: str) -> Commit:
        """The commit that `revision` names: main, another reference, or at least seven digits of a commit's id.

        Raises:
            HubError: 404 RevisionNotFound.
        """
        return self.history(revision)[-1]

    def history(self, revision: str) -> list[Commit]:
        """The commits up to the one that `revision` names, the oldest first. A commit of any reference has an id.

        Raises:
            HubError: 404 RevisionNotFound.
        """
        lines = dict.fromkeys(("main", "HEAD", "refs/heads/main"), self.commits) | self.others
        if revision in lines:
            return lines[revision]
        for line in lines.values():
            for number in range(len(line), 0, -1):
                if len(revision) >= 7 and line[number - 1].oid.startswith(revision):
                    return line[:number]
        raise HubError(404, "RevisionNotFound", f"Invalid rev id: {revision}")


@dataclass(frozen=True)
class User:
    """`role` is that of the token: "read", "write", or "fineGrained"."""

    name: str
    orgs: tuple[str, ...] = ()
    role: str = "fineGrained"


@dataclass(frozen=True)
class Large:
    """A large file that was uploaded before, named by its SHA-256."""

    sha256: str


class LargeObjects:
    """The storage of large files, by SHA-256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._secret = secrets.token_hex(16)

    def keep(self, content: bytes) -> None:
        self.path(hashlib.sha256(content).hexdigest()).write_bytes(content)

    def path(self, sha256: str) -> Path:
        return self._folder / f"sha256-{sha256}"

    def size(self, sha256: str) -> int | None:
        """Bytes of what is there; None: nothing is."""
        path = self.path(sha256)
        return path.stat().st_size if path.exists() else None

    def __contains__(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def signature(self, sha256: str) -> str:
        """What makes an address of the storage a valid one."""
        return hashlib.sha256(f"{self._secret} {sha256}".encode()).hexdigest()

    def blob(self, sha256: str) -> Blob:
        """The file in a repository that points there.

        Raises:
            HubError: 400, nothing was uploaded.
        """
        size = self.size(sha256)
        if size is None:
            raise HubError(400, None, "LFS pointer pointed to a file that does not exist")
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
        oid = hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
        return Blob(self.path(sha256), oid, size, sha256)


class Repositories:
    """Everything on this Hub. Head check and commit are one critical section."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="kel-hub-"))
        self.large = LargeObjects(self.folder)
        self.users: dict[str, User] = {}
        self.without_plan: set[str] = set()
        """Users whose plan has no Gradio Space."""
        self.faults = Faults()
        self.jobs = Jobs(self.folder)
        self._repositories: dict[tuple[Kind, str], Repository] = {}
        self._lock = threading.Lock()
        self._counter = itertools.count()

    def add_user(self, token: str, name: str, orgs: tuple[str, ...] = (), role: str = "fineGrained") -> None:
        self.users[token] = User(name, orgs, role)

    def create(self, kind: Kind, repo_id: str, **fields: Any) -> Repository:
        """A new repository with one first commit, as the real Hub makes it.

        Raises:
            HubError: 409, it is there already.
        """
        with self._lock:
            if (kind, repo_id) in self._repositories:
                raise HubError(409, None, "You already created this repo")
            readme = self._blob(b"") if kind == "models" else self._blob(b"---\n{}\n---\n")
            repository = Repository(
                kind, repo_id, [self._commit({".gitattributes": readme}, "initial commit")], **fields
            )  # type: ignore[arg-type]
            self._repositories[kind, repo_id] = repository
            return repository

    def get(self, kind: Kind, repo_id: str) -> Repository:
        """The repository of this id.

        Raises:
            HubError: 404 RepoNotFound.
        """
        repository = self._repositories.get((kind, repo_id))
        if repository is None:
            raise HubError(404, "RepoNotFound", "Repository not found")
        return repository

    def add_folder(
        self, kind: Kind, repo_id: str, folder: Path, *, oid: str | None = None, **fields: Any
    ) -> Repository:
        """A repository whose second commit, `oid` if given, holds the files of `folder` (not copied)."""
        repository = self.create(kind, repo_id, **fields)
        files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        self.commit(repository, files, message=f"upload {repo_id}", parent=None, oid=oid)
        return repository

    def commit(
        self,
        repository: Repository,
        changes: Mapping[str, bytes | Path | Large | None],
        *,
        message: str,
        parent: str | None,
        oid: str | None = None,
        reference: str | None = None,
        date: datetime | None = None,
    ) -> Commit:
        """Write `changes` on the head; None deletes a file, or a folder if the path ends in a slash.

        `oid`: the commit's id, for a copy of a repository that is pinned to it elsewhere. `reference`: a branch, tag or
        pull request ("refs/pr/1") that the commit is on instead of main; it begins at main. `date`: as its author says.

        Raises:
            HubError: 412 if `parent` is given and not the head; 404 EntryNotFound for a deletion of nothing.
        """
        blobs = {path: None if content is None else self._blob(content) for path, content in changes.items()}
        with self._lock:
            if parent is not None and not repository.head.oid.startswith(parent):
                raise HubError(412, None, "A commit has happened since. Please refresh and try again.")
            line = repository.commits
            if reference is not None:
                line = repository.others.setdefault(reference, list(repository.commits))
            files = dict(line[-1].files)
            for path, blob in blobs.items():
                if blob is not None:
                    files[path] = blob
                    continue
                gone = [name for name in files if name == path or (path.endswith("/") and name.startswith(path))]
                if not gone:
                    raise HubError(404, "EntryNotFound", f"{path} does not exist")
                for name in gone:
                    del files[name]
            commit = self._commit(files, message, oid, date)
            line.append(commit)
            return commit

    def squash(self, repository: Repository, message: str) -> Commit:
        """One commit with the files of the head in the place of all of main; the ids of the others are unknown then."""
        with self._lock:
            commit = self._commit(repository.head.files, message)
            repository.commits = [commit]
            return commit

    def _commit(
        self, files: Mapping[str, Blob], message: str, oid: str | None = None, date: datetime | None = None
    ) -> Commit:
        oid = oid or hashlib.sha1(f"{next(self._counter)} {self.folder} {message}".encode()).hexdigest()
        return Commit(oid, message, date or datetime.now(UTC), files)

    def _blob(self, content: bytes | Path | Large) -> Blob:
        if isinstance(content, Large):
            return self.large.blob(content.sha256)
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        digest = hashlib.sha1(b"blob %d\0" % size)
        if isinstance(content, Path):
            with content.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
            return Blob(content.resolve(), digest.hexdigest(), size)
        digest.update(content)
        path = self.folder / digest.hexdigest()
        if not path.exists():
            path.write_bytes(content)
        return Blob(path, digest.hexdigest(), size)


def safetensors_parameters(path: Path) -> dict[str, int]:
    """{dtype: number of parameters} from the header of a safetensors file, as the Hub shows it."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    counts: dict[str, int] = {}
    for name, tensor in header.items():
        if name != "__metadata__":
            parameters = 1
            for dimension in tensor["shape"]:
                parameters *= dimension
            counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + parameters
    return counts
