"""A request's body, whole and small, before anything parses it."""

import asyncio

from starlette.types import Message, Receive

from gate.origins import Headers, values


class Refused(Exception):
    """The body is not taken. `status` is the HTTP status to answer with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Gone(Exception):
    """The client went away before its body was here."""


async def read(receive: Receive, headers: Headers, limit: int, seconds: float) -> bytes:
    """The body, if it is of at most `limit` bytes and here within `seconds`.

    What the header says is refused at once, what comes without a length is counted as it comes.
    Raises Refused (413, 408, or 400 for a length that is no number), Gone.
    """
    for told in values(headers, b"content-length"):
        if not (told.isascii() and told.isdigit()):
            raise Refused(400)
        if len(told) > 12 or int(told) > limit:
            raise Refused(413)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                body += message.get("body", b"")
                if len(body) > limit:
                    raise Refused(413)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise Refused(408) from None


def again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives this body as one message, and then what else comes."""
    first: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def given() -> Message:
        nonlocal first
        if first is not None:
            message, first = first, None
            return message
        return await receive()

    return given
