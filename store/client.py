"""huggingface_hub's HTTP client as a store needs it: it never waits for ever, and does not try again by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.utils import disable_progress_bars, hf_raise_for_status

from store import answers

TIMEOUT = httpx2.Timeout(60.0, connect=10.0)  # seconds; a commit with many files takes the Hub a while


class OnlyTry(httpx2.TransportError):
    """A request that failed and is not to be tried again; its cause says how."""


_trying_once = ContextVar("_trying_once", default=False)


@contextmanager
def one_try() -> Iterator[None]:
    """Inside, huggingface_hub does not repeat a request that got no answer: it would, five times, sleeping between."""
    token = _trying_once.set(True)
    try:
        yield
    finally:
        _trying_once.reset(token)


class _Client(httpx2.Client):
    """A client whose failures, inside `one_try`, are of a sort that huggingface_hub does not know."""

    def send(self, request: httpx2.Request, **fields: Any) -> httpx2.Response:
        try:
            return super().send(request, **fields)
        except httpx2.TransportError as error:
            if _trying_once.get() and not isinstance(error, OnlyTry):
                raise OnlyTry(str(error), request=request) from error
            raise


@cache
def never_wait_for_ever() -> None:
    """Give huggingface_hub a client with a timeout, and without its sleeping through failures of the server.

    It is the client of the whole process. `store.update` decides about waiting; it knows for how long it may. Nor are
    bars of progress drawn, which would fill a worker's log.
    """

    def refuse_to_wait(response: httpx2.Response) -> None:
        if response.status_code == 429 or response.status_code >= 500:
            hf_raise_for_status(answers.short(response))

    disable_progress_bars()
    set_client_factory(
        lambda: _Client(timeout=TIMEOUT, follow_redirects=True, event_hooks={"response": [refuse_to_wait]})
    )
