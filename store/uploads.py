"""What the Hub's clients raise while they upload large files, and how long the Hub asks to wait, as the store's errors.

Everything here happens before a commit names the files, so nothing of it leaves a commit in doubt.
"""

import re
from collections.abc import Iterator

import httpx2
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import parse_ratelimit_headers

from store.client import OnlyTry
from store.errors import Forbidden, NotFound, StoreError, Unavailable

RATE_LIMIT_SECONDS = 120.0
"""How long to wait after a 429 that does not say: the Hub counts in windows of five minutes."""

LONGEST_RATE_LIMIT = 900.0
"""Seconds: what an answer may ask for at most. Whoever waits looks again after that."""

_STATUS = re.compile(r"HTTP status (?:client|server) error \((\d{3})\b")
"""How hf_xet tells a status: only in the text of its `ConnectionError`."""

_OF_THE_HUB, _LFS = "/xet-write-token/", "/info/lfs/objects/"
"""In an address: it is the Hub that answered, and judged our token. Elsewhere it is the storage, which has tokens and
signed addresses of its own."""


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds to wait, as Retry-After or the rate limit's window say, bounded; for a 429 that says neither, minutes.

    None: the answer is no rate limit and asks for nothing.
    """
    asked = _asked(response)
    if asked is not None:
        return min(asked, LONGEST_RATE_LIMIT)
    return RATE_LIMIT_SECONDS if response.status_code == 429 else None


def _asked(response: httpx2.Response) -> float | None:
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    limit = parse_ratelimit_headers(response.headers)
    return float(limit.reset_in_seconds) if limit is not None and limit.remaining == 0 else None


def error_of(error: Exception, url: str) -> StoreError:
    """The store's error for what an upload raised. `url` names the store.

    hf_xet raises `ConnectionError`, `TimeoutError`, `OSError`, `RuntimeError`, `ValueError` and its own
    `XetAuthenticationError` (a `PermissionError`); huggingface_hub's upload through LFS a `RuntimeError` whose cause is
    the failure, and a `ValueError` for an answer of another shape.
    """
    for cause in _causes(error):
        if isinstance(cause, HfHubHTTPError):
            path = cause.response.request.url.path
            judged = _LFS in path and (cause.response.status_code != 404 or path.endswith("/batch"))
            who = "the Hub" if _LFS in path else "its storage"
            return _by_status(cause.response.status_code, who, url, retry_after(cause.response), judged)
        if isinstance(cause, httpx2.HTTPError) and not isinstance(cause, OnlyTry):
            return Unavailable(f"{url}: {type(cause).__name__} while uploading a large file; nothing was written")
    told = _STATUS.search(str(error))
    if told is not None:
        of_the_hub = _OF_THE_HUB in str(error)
        return _by_status(int(told[1]), "the Hub" if of_the_hub else "its content store", url, None, of_the_hub)
    if isinstance(error, PermissionError):
        return Forbidden(
            f"{url}: the Hub refuses to take large files ({type(error).__name__}); the token is missing,"
            " wrong, has expired, or lacks the right to write this repository"
        )
    return Unavailable(f"{url}: {type(error).__name__} while uploading a large file; nothing was written")


def _by_status(status: int, who: str, url: str, wait: float | None, judged: bool) -> StoreError:
    """`judged`: it was our token that was judged, not one of the storage's own, which ends by itself."""
    answer = f"{url}: {who} answered HTTP {status} to the upload of a large file; nothing was written"
    if judged and status in (401, 403):
        return Forbidden(f"{answer}; the token has expired, is wrong, or lacks the right to write this repository")
    if judged and status == 404:
        return NotFound(f"{answer}; is the repository there, and may the token see it?")
    if status == 429:
        return Unavailable(answer, RATE_LIMIT_SECONDS if wait is None else wait)
    return Unavailable(answer, wait)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, at most ten."""
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
