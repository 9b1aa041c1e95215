"""Slow clients at the server itself, and what a flood of sessions and events leaves behind in Gradio."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

import gate.serving
from gate.serving import config
from tests.attacks import Attacks
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
LARGE = b"x" * 20_000_000


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """The port at which the application is served."""
    port = free_port()
    server = uvicorn.Server(config(app, "127.0.0.1", port))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait(lambda: server.started)
        yield port
    finally:
        server.should_exit = True
        thread.join()


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Large:
    """Answers with more than any buffer holds. `ended`: how many of its answers ended, read or not."""

    def __init__(self) -> None:
        self.ended = 0

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        small = scope["path"] == "/small"
        content = b"x" if small else LARGE
        length = (b"content-length", str(len(content)).encode())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [length]})
            await send({"type": "http.response.body", "body": content, "more_body": not small})
            if not small:
                await send({"type": "http.response.body", "body": b""})
        finally:
            self.ended += 1


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Large, int]]:
    monkeypatch.setattr(gate.serving, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(gate.serving, "READ_SECONDS", 0.3)
    app = Large()
    with served(app) as port:
        yield app, port


def closed_by_the_server(connection: socket.socket) -> bool:
    connection.settimeout(20)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_a_head_that_does_not_come_is_not_waited_for(large: tuple[Large, int], attacks: Attacks) -> None:
    _, port = large
    answered = b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n"
    begun = (b"", b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: ", answered + b"GET / HTTP/1.1\r\n")
    for head in begun:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head)
            assert closed_by_the_server(connection), head
    with socket.create_connection(("127.0.0.1", port)) as connection, contextlib.suppress(ConnectionError):
        began = time.monotonic()
        connection.sendall(b"GET / HTTP/1.1\r\n")
        while time.monotonic() - began < 20:
            connection.sendall(b"A: b\r\n")  # a little now and then does not help
            time.sleep(0.05)
    assert time.monotonic() - began < 20
    attacks.held("the page", "a request's head that comes slowly or not at all", len(begun) + 1)


def test_an_answer_that_nobody_reads_is_dropped(large: tuple[Large, int], attacks: Attacks) -> None:
    app, port = large
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    try:
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wait(lambda: app.ended == len(connections))
    finally:
        for connection in connections:
            connection.close()
    assert len(httpx.get(f"http://127.0.0.1:{port}/").content) == len(LARGE)
    attacks.held("the page", "a large answer that is not read", len(connections))


def test_a_slow_reader_who_goes_on_reading_is_served(large: tuple[Large, int]) -> None:
    _, port = large
    read = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(20)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while part := connection.recv(200_000):
            read += len(part)
            time.sleep(0.005)
    assert read > len(LARGE)


def test_sessions_and_unread_events_are_bounded(attacks: Attacks) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.gate.flood"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["greedy"] == [200] * 50 + [503] * 20
    assert found["others"] == [200] * 200
    assert found["most"] <= 60
    assert max(found["messages"], found["sessions with events"]) <= 61
    assert found["states"] <= 5
    assert found["analytics"] <= 100
    assert found["visitor"] == [200, 1]
    assert found["last"] == 1
    assert found["reader"] == [20] * 8  # who reads is not bounded
    attacks.held("the page", "an event whose answer is never read", 270)
