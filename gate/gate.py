"""The gate: ASGI middleware around the whole web application, Gradio's own middleware included.

Each request is held against the allow list, against who asks, against the limits of body and streams; then it goes on
without its `Origin`, so that Gradio grants no foreign site anything: what is for everybody is granted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gate import body
from gate.origins import Headers, Origins
from gate.routes import Route, Routes
from gate.streams import Seats

SENTENCES = {
    400: "잘못된 요청입니다. · The request is malformed.",
    403: "이 페이지에서 보낸 요청만 받습니다. 페이지를 직접 열어 주세요."
    " · Only requests from this page itself are taken; open the page.",
    404: "없는 주소입니다. · There is nothing at this address.",
    408: "요청이 너무 느립니다. 다시 보내 주세요. · The request came too slowly; send it again.",
    413: "요청이 너무 큽니다. · The request is too large.",
    429: "연결이 너무 많습니다. 열린 탭을 닫거나 잠시 뒤에 다시 해 주세요."
    " · Too many open connections; close some, or try again in a while.",
}


@dataclass(frozen=True)
class Limits:
    """What one request, and all of them together, may take. Sizes in bytes, times in seconds."""

    body_bytes: int = 64_000
    body_seconds: float = 15.0
    streams: int = 1000
    streams_per_address: int = 100


class Gate:
    """ASGI application around another.

    Args:
        app: the application.
        routes: what is answered.
        origins: whose requests may write.
        limits: of bodies and streams.
        headers: response headers for every answer that is passed on.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Routes,
        origins: Origins,
        limits: Limits,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self._app = app
        self._routes = routes
        self._origins = origins
        self._limits = limits
        self._headers = list(headers)
        self.seats = Seats(limits.streams, limits.streams_per_address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:  # the page has no web sockets
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = scope["headers"]
        route = self._routes.find(scope["method"], scope["path"])
        if route is None:
            await _refuse(404, scope, receive, send)
        elif route.writes and self._origins.foreign(headers):
            await _refuse(403, scope, receive, send)
        else:
            try:
                content = await body.read(receive, headers, self._limits.body_bytes, self._limits.body_seconds)
            except body.Refused as error:
                await _refuse(error.status, scope, receive, send)
            except body.Gone:
                return
            else:
                await self._seated(route, scope, body.again(content, receive), send)

    async def _seated(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        if not route.streams:
            await self._pass(scope, receive, send)
            return
        address = self._origins.address(scope["headers"], (scope.get("client") or ("",))[0])
        if not self.seats.take(address):
            await _refuse(429, scope, receive, send)
            return
        try:
            await self._pass(scope, receive, send)
        finally:
            self.seats.leave(address)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        added = list(self._headers)
        if scope["path"].startswith("/board/"):  # the published data, for everybody, without cookies
            added.append((b"access-control-allow-origin", b"*"))

        async def told(message: Message) -> None:
            if added and message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *added]}
            await send(message)

        kept = [header for header in scope["headers"] if header[0].lower() != b"origin"]
        await self._app({**scope, "headers": kept}, receive, told)


async def _refuse(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that says what is wrong. Where a body may still come, the connection ends with it."""
    headers = {"Connection": "close"} if status in (408, 413) else {}
    await JSONResponse({"detail": SENTENCES[status]}, status, headers)(scope, receive, send)
