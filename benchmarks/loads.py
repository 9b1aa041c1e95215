"""What page loads leave behind in the server: `python -m benchmarks.loads` (--loads 10000).

A load is what a browser's is: the page, its configuration, a heartbeat, an event for each handler that runs at the
start (as the page's configuration lists them), and the stream that gives their answers. Printed: the server's memory
after the start, after each tenth of the loads, and what event streams take that are opened and never read (--unread).
The first 400 loads fill what is bounded (`KEL_SESSIONS`). Exits with 1 if the loads took more than 50 MB.
"""

import asyncio
import secrets
import socket
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import typer

from tests.browser.running import RunningApp, running_app

GROWTH_MB = 50
AT_ONCE = 16


def memory_mb(app: RunningApp) -> float:
    """Resident memory of the server's process, in MB."""
    return float(psutil.Process(app.process.pid).memory_info().rss) / 1e6


def load_handlers(configuration: dict[str, Any]) -> list[int]:
    """The handlers that run when the page is loaded."""
    return [
        entry["id"]
        for entry in configuration["dependencies"]
        if entry["backend_fn"] and any(target[1] == "load" for target in entry["targets"])
    ]


async def load(client: httpx.AsyncClient) -> None:
    """One visitor's page load; he leaves when everything is there."""
    session = secrets.token_hex(6)
    (await client.get("/")).raise_for_status()
    configuration = (await client.get("/config")).raise_for_status().json()
    async with client.stream("GET", f"/gradio_api/heartbeat/{session}") as heartbeat:
        heartbeat.raise_for_status()
        joined = False
        for handler in load_handlers(configuration):
            body = {"data": [], "fn_index": handler, "session_hash": session}
            (await client.post("/gradio_api/queue/join", json=body)).raise_for_status()
            joined = True
        if joined:
            (await client.get("/gradio_api/queue/data", params={"session_hash": session})).raise_for_status()


async def loads(url: str, count: int) -> None:
    """`count` page loads, some at once."""
    left = iter(range(count))

    async def visitor() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            for _ in left:
                await load(client)

    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))


def unread(app: RunningApp, count: int) -> float:
    """The memory, in MB, that `count` event streams take which are asked for and never read."""
    before = memory_mb(app)
    url = httpx.URL(app.url)
    connections = []
    with httpx.Client(base_url=app.url, timeout=60) as client:
        handler = load_handlers(client.get("/config").json())[:1]
        for number in range(count):
            session = f"unread{number}"
            for one in handler:
                client.post("/gradio_api/queue/join", json={"data": [], "fn_index": one, "session_hash": session})
            connection = socket.create_connection((url.host, url.port or 0))
            connection.sendall(
                f"GET /gradio_api/queue/data?session_hash={session} HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode()
            )
            connections.append(connection)
    time.sleep(2)
    after = memory_mb(app)
    for connection in connections:
        connection.close()
    return after - before


def main(
    loads_: Annotated[int, typer.Option("--loads", help="how many page loads")] = 10_000,
    streams: Annotated[int, typer.Option("--unread", help="how many unread event streams, after the loads")] = 500,
) -> None:
    """Print what page loads and unread event streams do to the server's memory."""
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder)) as app:
        started = memory_mb(app)
        print(f"after the start: {started:.0f} MB", flush=True)
        began = time.monotonic()
        for tenth in range(1, 11):
            asyncio.run(loads(app.url, loads_ // 10))
            print(f"{loads_ // 10 * tenth:6} loads: {memory_mb(app):.0f} MB", flush=True)
        grown = memory_mb(app) - started
        print(f"{loads_} page loads in {time.monotonic() - began:.0f} s: {grown:+.0f} MB")
        print(f"{streams} unread event streams: {unread(app, streams):+.0f} MB")
    raise SystemExit(1 if grown > GROWTH_MB else 0)


if __name__ == "__main__":
    typer.run(main)
