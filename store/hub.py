"""A store in a data set repository on the Hub. The only module that knows HTTP codes and that writes there.

What huggingface_hub does, and what this module therefore does about it (tests/store/test_hub.py has each):

- `create_commit(parent_commit=...)` is a compare-and-swap on the whole repository: 412 if the head moved, 409 while
  another commit is in progress. Nothing else of the client is one (`upload_folder` may make several commits).
- A commit whose files all equal what is there is not sent, and answers with the head as if it had been: a commit of
  additions alone is looked up before it counts.
- Deleting a file that is not there fails the whole commit: such deletions are left out.
- Its client waits for ever, sleeps through rate limits and repeats what got no answer: `store.client` does none of it.
- Parquet, npz and what else is large goes to the Hub's storage first, through Xet (hf_xet, with errors of its own) or,
  without hf_xet, through LFS; the commit then names it by its SHA-256. So `commit` uploads first: what fails there was
  certainly not written (`store.uploads`). hf_xet alone tries again by itself, for six minutes at most: content that is
  named by its hash, and that nobody sees before the commit.
- It takes any answer for what it hopes for: every answer is bounded and checked in `store.answers`, and whatever else
  its own parsing raises becomes an error of the store in `_errors`.
"""

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status
from pydantic import SecretStr

from store import Changes, Commit, answers, blob_id, checked_changes, in_folder, uploads
from store.client import OnlyTry, never_wait_for_ever, one_try
from store.errors import Conflict, Forbidden, Gone, NotFound, OutcomeUnknown, StoreError, Unavailable

BRANCH = "main"
CACHED_BYTES = 128 * 2**20
CACHED_LISTINGS = 32
PATHS_AT_ONCE = 500  # names in one question whether there are such files
Answer = TypeVar("Answer")

OWN_FILES = frozenset({".gitattributes"})
"""Files that the Hub itself puts into every repository: not part of the store."""


@dataclass(frozen=True)
class _Blob:
    """What a tree says of a file. `sha256` only where the content is in LFS; `id` is then that of its pointer."""

    id: str
    sha256: str | None

    def fits(self, content: bytes) -> bool:
        if self.sha256 is not None:
            return hashlib.sha256(content).hexdigest() == self.sha256
        return blob_id(content) == self.id


class HubStore:
    """The data set repository `repo_id`. Safe to share between threads; keeps blobs and listings in memory, bounded."""

    def __init__(self, repo_id: str, token: SecretStr | None = None) -> None:
        """`token` is used for this store alone; without one the Hub is asked anonymously."""
        never_wait_for_ever()
        self.url = f"hf:datasets/{repo_id}"
        self._repo_id = repo_id
        # False: not the login that this machine may have.
        self._token: str | bool = token.get_secret_value() if token is not None else False
        self._api = HfApi(token=self._token)
        self._contents = answers.Kept(CACHED_BYTES)
        self._listings: OrderedDict[tuple[str, str], dict[str, _Blob]] = OrderedDict()
        self._lock = threading.Lock()

    def head(self) -> str:
        with self._errors():
            refs = answers.REFS.validate_json(self._get(self._api_url("refs"))[0])
        for branch in refs.branches:
            if branch.name == BRANCH:
                return branch.target
        raise NotFound(f"{self.url} has no branch {BRANCH}; is the repository empty?")

    def list(self, prefix: str = "", revision: str | None = None) -> dict[str, str]:
        tree = self._tree(prefix.strip("/"), revision or self.head())
        return {path: blob.id for path, blob in tree.items()}

    def read(self, path: str, revision: str | None = None) -> bytes:
        revision = revision or self.head()
        blob = self._known(path, revision)
        if blob is not None:
            content = self._contents.get(blob.id)
            if content is not None:
                return content
        url = f"{constants.ENDPOINT}/datasets/{self._repo_id}/resolve/{revision}/{quote(path)}"
        with self._errors(f"has no file {path} at {revision[:12]}"):
            content, _ = self._get(url, answers.FILE_BYTES)
        if blob is not None:
            if not blob.fits(content):
                raise Unavailable(f"{self.url}: {path} arrived damaged")
            self._contents.put(blob.id, content)
        return content

    def commit(self, changes: Changes, message: str, parent: str) -> str:
        changes = checked_changes(changes)
        operations: Any = [
            CommitOperationAdd(path, content) for path, content in changes.items() if content is not None
        ]
        deletions = self._there([path for path, content in changes.items() if content is None], parent)
        operations += [CommitOperationDelete(path, is_folder=False) for path in deletions]
        if not operations:
            return self._nothing_to_write(parent)
        with self._errors(), one_try():
            self._upload([each for each in operations if isinstance(each, CommitOperationAdd)])
        title, _, description = message.partition("\n")
        with self._errors(writing=True), one_try():
            done = self._api.create_commit(
                self._repo_id,
                operations,
                commit_message=title,
                commit_description=description.strip("\n"),
                repo_type="dataset",
                revision=BRANCH,
                parent_commit=parent,
            )
            if not answers.COMMIT_ID.fullmatch(done.oid):
                raise ValueError("the Hub names no commit")
        if not deletions:
            self._check_written(done.oid, message, parent)
        return done.oid

    def squash(self, message: str, parent: str) -> str:
        self._nothing_to_write(parent)  # what the Hub squashes is its head, whichever that is
        with self._errors(writing=True), one_try():
            self._api.super_squash_history(self._repo_id, branch=BRANCH, commit_message=message, repo_type="dataset")
        return self.head()

    def log(self, limit: int, revision: str | None = None) -> Sequence[Commit]:
        path = f"commits/{quote(revision or BRANCH, safe='')}"
        entries = list(islice(self._pages(path, answers.LOG.validate_json), limit))
        if any(not answers.FIRST_YEAR <= entry.date.year <= answers.LAST_YEAR for entry in entries):
            raise Unavailable(f"{self.url}: the Hub dates a commit outside of this time")
        return [
            Commit(entry.id, "\n\n".join(part for part in (entry.title, entry.message) if part), entry.date)
            for entry in entries
        ]

    def _upload(self, additions: Sequence[CommitOperationAdd]) -> None:
        """Ask the Hub which files are large, and upload those; nothing of it is seen before a commit names it.

        Raises:
            StoreError, HfHubHTTPError, httpx2.HTTPError
        """
        if not additions:
            return
        try:
            self._api.preupload_lfs_files(
                self._repo_id, additions, repo_type="dataset", revision=BRANCH, free_memory=False
            )
        except (HfHubHTTPError, httpx2.HTTPError):
            raise
        except (OSError, RuntimeError, ValueError) as error:
            raise uploads.error_of(error, self.url) from error

    def _nothing_to_write(self, parent: str) -> str:
        """The head, if it is `parent`."""
        if (head := self.head()) != parent:
            raise Conflict(f"{self.url}: the head is {head[:12]}, no longer {parent[:12]}")
        return head

    def _check_written(self, revision: str, message: str, parent: str) -> None:
        """Nothing, if `revision` is the commit that was just made.

        Raises:
            Conflict: it is somebody else's: the client found our files there already, and sent nothing.
            OutcomeUnknown: the Hub does not tell.
        """
        if revision == parent:
            return
        try:
            newest = self.log(1, revision)[0]
        except StoreError as error:
            raise OutcomeUnknown(f"{self.url}: a commit may have been written; {error}") from error
        if newest.message.split() != message.split():
            raise Conflict(f"{self.url}: the head is {revision[:12]}, no longer {parent[:12]}")

    def _there(self, paths: Sequence[str], revision: str) -> Sequence[str]:
        """Those of `paths` that are files at a commit: asked for by name, for their folders may hold thousands."""
        known = {path for path in paths if self._known(path, revision)}
        unknown = [path for path in paths if path not in known and not self._is_listed(path, revision)]
        for begin in range(0, len(unknown), PATHS_AT_ONCE):
            form = {"paths": unknown[begin : begin + PATHS_AT_ONCE], "expand": False}
            url = self._api_url(f"paths-info/{quote(revision, safe='')}")
            with self._errors("has no such revision"):
                content, _ = self._get(url, method="POST", data=form)
                known |= {entry.path for entry in answers.TREE.validate_json(content) if entry.type == "file"}
        return [path for path in paths if path in known]

    def _is_listed(self, path: str, revision: str) -> bool:
        """Whether a folder above `path` was listed at a commit, so that it is known what is there."""
        parts = path.split("/")
        with self._lock:
            return any((revision, "/".join(parts[:depth])) in self._listings for depth in range(len(parts)))

    def _tree(self, folder: str, revision: str) -> dict[str, _Blob]:
        """Path -> blob of all files below `folder` at a commit."""
        with self._lock:
            known = self._listings.get((revision, folder))
        if known is not None:
            return known
        path = f"tree/{quote(revision, safe='')}" + (f"/{quote(folder)}" if folder else "")
        try:
            entries = list(self._pages(f"{path}?recursive=true&expand=false", answers.TREE.validate_json))
        except _NoSuchFolder:
            entries = []
        tree = {
            entry.path: _Blob(entry.oid, entry.lfs.oid if entry.lfs else None)
            for entry in entries
            if entry.type == "file" and entry.path not in OWN_FILES and in_folder(entry.path, folder)
        }
        with self._lock:
            self._listings[revision, folder] = tree
            while len(self._listings) > CACHED_LISTINGS:
                self._listings.popitem(last=False)
        return tree

    def _known(self, path: str, revision: str) -> _Blob | None:
        """What a listing of a folder above `path` said of it, if there was one."""
        parts = path.split("/")
        for depth in range(len(parts)):
            with self._lock:
                listing = self._listings.get((revision, "/".join(parts[:depth])))
            if listing is not None and path in listing:
                return listing[path]
        return None

    def _api_url(self, path: str) -> str:
        return f"{constants.ENDPOINT}/api/datasets/{self._repo_id}/{path}"

    def _pages(self, path: str, read: Callable[[bytes], Sequence[Answer]]) -> Iterator[Answer]:
        """The entries of all pages of an answer of the repository's API, each page as `read` takes it in.

        The token goes only to addresses of this API, whatever the Hub names as the next page.
        """
        url = self._api_url(path)
        for _ in range(answers.PAGES):
            with self._errors(f"has no revision or folder {path}"):
                content, following = self._get(url)
                entries = read(content)
                if following is not None and not following.startswith(f"{constants.ENDPOINT}/api/"):
                    raise ValueError("the next page is elsewhere")
            yield from entries
            if following is None:
                return
            url = following
        raise Unavailable(f"{self.url}: the Hub's listing has no end")

    def _get(
        self, url: str, most: int = answers.ANSWER_BYTES, method: str = "GET", **sent: Any
    ) -> tuple[bytes, str | None]:
        """The body of an answer, of at most so many bytes, and the address of the next page if there is one."""
        with get_session().stream(method, url, headers=build_hf_headers(token=self._token), **sent) as response:
            if response.is_error:
                hf_raise_for_status(answers.short(response))
            content = answers.body(response, most)
            return content, response.links.get("next", {}).get("url")

    @contextmanager
    def _errors(self, absent: str = "", writing: bool = False) -> Iterator[None]:
        """Turns what the client raises into the store's errors. `absent`: what a missing entry means."""
        try:
            yield
        except EntryNotFoundError as error:
            if writing:  # a file to delete was there at the parent: the head has moved
                raise Conflict(f"{self.url}: the head has moved") from error
            raise _NoSuchFolder(f"{self.url} {absent}") from error
        except RevisionNotFoundError as error:
            raise Gone(f"{self.url} {absent or 'has no such revision'}; look at its head") from error
        except HfHubHTTPError as error:
            raise self._from_status(error, writing) from error
        except httpx2.HTTPError as error:
            raise self._from_transport(error) from error
        except StoreError:
            raise
        except Exception as error:  # the client takes an answer of another shape for one of its own
            sort = OutcomeUnknown if writing else Unavailable
            raise sort(f"{self.url}: the Hub's answer cannot be read ({type(error).__name__})") from error

    def _from_status(self, error: HfHubHTTPError, writing: bool) -> StoreError:
        status = error.response.status_code
        answer = f"{self.url}: the Hub answered HTTP {status}"
        if status in (409, 412) and writing:
            return Conflict(f"{answer}: the head has moved")
        if status == 403:
            return Forbidden(f"{answer}; the token needs the right to {'write' if writing else 'read'} this repository")
        if isinstance(error, RepositoryNotFoundError) and (status == 404 or self._token is not False):
            return NotFound(f"{answer}; make the repository, or check its name and the token")
        if status == 401:
            return Forbidden(f"{answer}; the token is missing, wrong, or has expired")
        if status == 404:
            return NotFound(answer)
        if status in (408, 429) or status >= 500:
            # A server error after the commit was sent leaves open whether it was made. 429 is said before that.
            if status != 429 and _is_commit(error.response.request):
                return OutcomeUnknown(answer)
            return Unavailable(answer, uploads.retry_after(error.response))
        return Unavailable(answer)

    def _from_transport(self, error: httpx2.HTTPError) -> StoreError:
        if isinstance(error, OnlyTry) and isinstance(error.__cause__, httpx2.HTTPError):
            error = error.__cause__
        answer = f"{self.url}: {type(error).__name__} while talking to the Hub"
        never_sent = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
        try:
            lost = not never_sent and _is_commit(error.request)
        except RuntimeError:  # the error does not know its request
            lost = not never_sent
        return OutcomeUnknown(answer) if lost else Unavailable(answer)


class _NoSuchFolder(NotFound):
    """A file or folder is not there, at a revision that is."""


def _is_commit(request: httpx2.Request) -> bool:
    return request.method == "POST" and re.search("/(commit|super-squash)/", request.url.path) is not None
