"""The real page asked over plain HTTP for what it must not give."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from settings import Space
from tests.attacks import Attacks
from tests.browser.running import ROOT, RunningApp

SIGN_IN = {
    "SYSTEM": "spaces",
    "SPACE_ID": "org/board",
    "OAUTH_CLIENT_ID": "board",
    "OAUTH_CLIENT_SECRET": "secret",
    "OAUTH_SCOPES": "openid profile",
    "OPENID_PROVIDER_URL": "http://127.0.0.1:1",
}


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=app.url, timeout=30) as opened:
        yield opened


def test_what_the_page_needs_is_there(client: httpx.Client) -> None:
    for path in ("/", "/config", "/robots.txt", "/gradio_api/info", "/gradio_api/openapi.json", "/?a=b"):
        assert client.get(path).status_code == 200, path
    assert client.head("/").status_code == 200
    assert "text/html" in client.get("/gradio_api/mcp/", headers={"Accept": "text/html"}).headers["content-type"]


def test_gradios_other_routes_are_not(client: httpx.Client, attacks: Attacks) -> None:
    reads = (
        *("file=/etc/passwd", "file=settings.py", "proxy=https://x.hf.space/", "upload_progress?upload_id=1", "runs"),
        *("user", "token", "deep_link?session_hash=x", "vibe-code", "dev/reload", "custom_component/a/b/c/d.js"),
    )
    writes = ("component_server", "upload", "process_recording", "stream/1", "vibe-edit", "run-history/connect")
    for path in reads:
        assert client.get(f"/gradio_api/{path}").status_code == 404, path
    for path in (*writes, "call/on_submit", "run/on_submit", "call/_check_login_status"):
        assert client.post(f"/gradio_api/{path}", json={"data": []}).status_code == 404, path
    many = [("files", (f"{number}.bin", b"x" * 100_000)) for number in range(50)]
    assert client.post("/gradio_api/upload", files=many).status_code == 404
    for path in ("/monitoring", "/monitoring/summary", "/login/huggingface", "/docs", "/theme.css", "/assets/index.js"):
        assert client.get(path).status_code == 404, path
    attacks.held("the page", "a route of Gradio that the page does not need", len(reads) + len(writes) + 10)


def test_large_bodies_are_not_parsed(app: RunningApp, client: httpx.Client, attacks: Attacks) -> None:
    large = {"data": ["x" * 1_000_000], "fn_index": 0, "session_hash": "large"}
    for path in ("/gradio_api/queue/join", "/gradio_api/call/model", "/gradio_api/mcp/"):
        assert client.post(path, json=large).status_code == 413
    with socket.create_connection(("127.0.0.1", httpx.URL(app.url).port or 0)) as connection:
        connection.settimeout(30)
        head = "POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 100_000_000:
                connection.sendall(b"10000\r\n" + b"[" * 65536 + b"\r\n")
                sent += 65536
    assert sent < 100_000_000, "it was read to its end"
    deep = b'{"data": ' + b"[" * 50_000 + b"}"
    assert client.post("/gradio_api/queue/join", content=deep, headers={"Content-Type": "application/json"}).is_error
    assert client.get("/").status_code == 200
    attacks.held("the page", "a body larger than the limit, told, in chunks or with a false length", 5)


def test_programs_may_read_other_sites_may_not_call(client: httpx.Client, attacks: Attacks) -> None:
    asked = {"data": ["ko-v1"]}
    event = client.post("/gradio_api/call/tasks", json=asked).json()["event_id"]
    assert "KLUE" in client.get(f"/gradio_api/call/tasks/{event}").text
    origins = ("https://evil.example", "null", f"http://localhost:{client.base_url.port}x", "http://127.0.0.1:1")
    for origin in origins:
        for path in ("call/tasks", "queue/join", "mcp/", "run/tasks"):
            answer = client.post(f"/gradio_api/{path}", json=asked, headers={"Origin": origin})
            assert answer.status_code == 403
            assert not [name for name in answer.headers if name.startswith("access-control")]
    evil = {"Host": "evil.example", "Origin": "http://evil.example"}  # a name that points to this machine
    assert client.post("/gradio_api/call/tasks", json=asked, headers=evil).status_code == 403
    for path in ("/", "/config", "/gradio_api/info"):
        answer = client.get(path, headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
    data = client.get("/board/board.json", headers={"Origin": "https://reader.example"})
    assert data.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in data.headers
    attacks.held("the page", "a request that writes with the headers of another site", len(origins) * 4 + 1)


def test_a_space_with_stores_that_it_loses_does_not_start() -> None:
    environment = {**os.environ, **SIGN_IN, "KEL_REQUESTS_URL": "hf:datasets/org/requests"}
    ran = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 2, ran.stderr
    (sentence,) = [line for line in ran.stderr.splitlines() if line]
    assert "set KEL_RESULTS_URL to hf:datasets/ORG/NAME" in sentence


def test_no_sign_in_is_pretended(attacks: Attacks) -> None:
    """Gradio's stand-in for a missing Hub signs its cookies with a key that anyone can compute."""
    without = [{key: value for key, value in SIGN_IN.items() if key != name} for name in SIGN_IN]
    for given in [*without, {**SIGN_IN, "OAUTH_CLIENT_SECRET": ""}, {**SIGN_IN, "SYSTEM": "linux"}]:
        assert Space(**{name.lower(): value for name, value in given.items()}).lacks_for_login, given  # type: ignore[arg-type]
    assert not Space(**{name.lower(): value for name, value in SIGN_IN.items()}).lacks_for_login  # type: ignore[arg-type]
    environment = {**os.environ, **SIGN_IN, "OAUTH_CLIENT_SECRET": "", "KEL_LOGIN": "true"}
    ran = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 2, ran.stderr
    (sentence,) = [line for line in ran.stderr.splitlines() if line]
    assert "KEL_LOGIN=true" in sentence
    assert "missing: OAUTH_CLIENT_SECRET." in sentence
    attacks.held("the page", "a start with a sign-in that would be pretended", len(SIGN_IN) + 3)
