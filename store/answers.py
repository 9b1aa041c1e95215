"""What the Hub answers, taken in with bounds and checked, so that nothing else of an answer reaches the house."""

import re
import threading
import time
from collections import OrderedDict
from typing import Annotated

import httpx2
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

ANSWER_BYTES = 32 * 2**20
"""Of one answer of the API; a page of a listing has a thousand entries."""

ERROR_BYTES = 2**16
"""Of an answer that says what went wrong."""

FILE_BYTES = 256 * 2**20
"""Of one file."""

ANSWER_SECONDS = 300.0
"""For one answer as a whole; each part of it has the client's own limit."""

PAGES = 1000
"""Of one listing or log."""

FIRST_YEAR, LAST_YEAR = 1970, 2200

COMMIT_ID = re.compile(r"[0-9a-f]{40}")

CommitId = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
BlobId = CommitId


class Branch(BaseModel):
    name: str
    target: CommitId = Field(alias="targetCommit")


class Refs(BaseModel):
    """The answer of `refs`."""

    branches: list[Branch]


class LargeFile(BaseModel):
    oid: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TreeEntry(BaseModel):
    """One entry of `tree`."""

    type: str
    path: Annotated[str, Field(max_length=2000)]
    oid: BlobId
    lfs: LargeFile | None = None


class LogEntry(BaseModel):
    """One entry of `commits`."""

    id: CommitId
    title: str
    message: str | None = None
    date: AwareDatetime


REFS = TypeAdapter(Refs)
TREE = TypeAdapter(list[TreeEntry])
LOG = TypeAdapter(list[LogEntry])


def body(response: httpx2.Response, most: int) -> bytes:
    """The body of a response that is being streamed.

    Raises:
        ValueError: it has more than `most` bytes, or takes longer than ANSWER_SECONDS.
        httpx2.HTTPError: it does not arrive.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    found = bytearray()
    for part in response.iter_bytes():
        found += part
        if len(found) > most:
            raise ValueError(f"more than {most:,} bytes")
        if time.monotonic() > deadline:
            raise ValueError(f"more than {ANSWER_SECONDS:.0f} seconds")
    return bytes(found)


def short(response: httpx2.Response) -> httpx2.Response:
    """The beginning of a refusal that is being streamed, as a response that can be read as a whole."""
    found = bytearray()
    for part in response.iter_bytes():
        found += part
        if len(found) > ERROR_BYTES:
            break
    of_the_body = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in of_the_body]
    content = bytes(found[:ERROR_BYTES])
    return httpx2.Response(response.status_code, headers=headers, content=content, request=response.request)


class Kept:
    """Contents by blob id, up to so many bytes; what was not used for longest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, blob: str) -> bytes | None:
        with self._lock:
            if blob in self._kept:
                self._kept.move_to_end(blob)
            return self._kept.get(blob)

    def put(self, blob: str, content: bytes) -> None:
        with self._lock:
            if blob not in self._kept:
                self._kept[blob] = content
                self._size += len(content)
            while self._size > self._limit:
                self._size -= len(self._kept.popitem(last=False)[1])
