"""What goes wrong with the stand-in, on demand: the failures that a client of the real Hub meets.

refuse         answers with an HTTP status, and `body` if there is one; nothing was done (429, 500, 503, 412, 409)
refuse_after   does what was asked, then answers with an HTTP status
drop           closes the connection without an answer; nothing was done
drop_after     does what was asked, then closes the connection without an answer
slow           waits, then answers
garble         answers 200 with `body` in place of what was asked for; nothing was done
"""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["refuse", "refuse_after", "drop", "drop_after", "slow", "garble"]


@dataclass
class Fault:
    """`times` requests go wrong whose "METHOD /path" matches the regular expression `match`, after `skip` that do not.

    `status` for refusals, `retry_after` and `seconds` (slow) in seconds, `body` of what is garbled.
    """

    kind: Kind
    match: str = "."
    times: int = 1
    skip: int = 0
    status: int = 500
    retry_after: int | None = None
    seconds: float = 0.0
    body: bytes = b""


@dataclass
class Faults:
    """The faults to come, and what was asked so far. Shared by the server's thread and the test's."""

    pending: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    injected: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: Kind, match: str = ".", **fields: Any) -> None:
        """Let requests go wrong from now on."""
        with self._lock:
            self.pending.append(Fault(kind, match, **fields))

    def clear(self) -> None:
        """Let everything go right again, and forget what was asked."""
        with self._lock:
            self.pending.clear()
            self.requests.clear()
            self.injected = 0

    def asked(self, match: str) -> int:
        """How many requests matched the regular expression."""
        with self._lock:
            return sum(1 for request in self.requests if re.search(match, request))

    def take(self, request: str) -> Fault | None:
        """The fault that this request meets."""
        with self._lock:
            self.requests.append(request)
            for fault in self.pending:
                if re.search(fault.match, request):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    if not fault.times:
                        self.pending.remove(fault)
                    self.injected += 1
                    return fault
        return None


class FaultyApp:
    """`app`, with the faults."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_"):
            await self.app(scope, receive, send)
            return
        fault = self.faults.take(f"{scope['method']} {scope['path']}")
        if fault is None:
            await self.app(scope, receive, send)
            return
        if fault.kind == "slow":
            taken_in = [message async for message in _messages(receive)]
            await asyncio.sleep(fault.seconds)
            await self.app(scope, _replay(taken_in, receive), send)
            return
        if fault.kind.endswith("_after"):
            await self.app(scope, receive, _swallow)
        else:
            # Taken in whole, so that closing the connection is not seen as a failure to send it.
            _ = [message async for message in _messages(receive)]
        if fault.kind.startswith("drop"):
            # Under uvicorn, `send` is a method of the object that holds the connection.
            send.__self__.transport.abort()  # type: ignore[attr-defined]
            while not send.__self__.disconnected:  # type: ignore[attr-defined]
                await asyncio.sleep(0)
            return
        if fault.kind == "garble":
            await Response(fault.body, media_type="application/json")(scope, receive, send)
            return
        if fault.body:
            await Response(fault.body, fault.status, media_type="application/json")(scope, receive, send)
            return
        headers = {"X-Error-Message": "on demand"}
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        answer = JSONResponse({"error": "on demand"}, status_code=fault.status, headers=headers)
        await answer(scope, receive, send)


async def _swallow(_: Message) -> None:
    """An answer that nobody gets."""


async def _messages(receive: Receive) -> AsyncIterator[Message]:
    """The messages of one request's body."""
    while True:
        message = await receive()
        yield message
        if not message.get("more_body"):
            return


def _replay(messages: list[Message], receive: Receive) -> Receive:
    """Gives `messages` first, then what comes after them."""
    ahead = list(messages)

    async def replayed() -> Message:
        return ahead.pop(0) if ahead else await receive()

    return replayed
