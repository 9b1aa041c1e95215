"""The web server, with patience that ends: for a request's head, and for a client that does not read its answer."""

import asyncio
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""A connection is dropped if the head of its request is not here after this time."""
READ_SECONDS = 30.0
"""A connection is dropped if its client takes less than `READ_BYTES` of a waiting answer in this time."""
READ_BYTES = 16_384
KEEP_ALIVE_SECONDS = 5
CONNECTIONS = 3000
"""Beyond this many connections at once, uvicorn answers 503."""


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with limits of time that it lacks."""

    _head_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._end_head()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._end_read()
        self._watch_reading(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._end_read()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        self._end_read()
        super().connection_lost(exc)

    def _watch_reading(self, waiting: int) -> None:
        def look() -> None:
            now = self.transport.get_write_buffer_size()
            if waiting - now < READ_BYTES:
                self.transport.abort()
            else:
                self._watch_reading(now)

        self._read_timer = self.loop.call_later(READ_SECONDS, look)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_read(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None


def config(app: ASGIApp, host: str, port: int, **options: Any) -> uvicorn.Config:
    """How the page is served. The X-Forwarded headers are read by the gate, not by uvicorn."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=PatientProtocol,
        ws="none",
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=2,
        limit_concurrency=CONNECTIONS,
        **options,
    )


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Ends the process with status 1 where the address cannot be listened on."""
    uvicorn.Server(config(app, host, port)).run()
