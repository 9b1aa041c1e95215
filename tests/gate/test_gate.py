"""The gate around a small application: who gets in, with what, and what is answered to whom."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from gate import body
from gate.gate import Gate, Limits
from gate.origins import Origins
from gate.routes import Routes
from gate.streams import Seats
from tests.attacks import Attacks

PUBLIC = ("leaderboard", "model")
READ, WRITE, STREAM = "/config", "/gradio_api/queue/join", "/gradio_api/queue/data"


async def echo(request: Request) -> Response:
    return PlainTextResponse(f"{request.headers.get('origin')} {len(await request.body())}")


def gated(origins: Origins | None = None, limits: Limits | None = None, login: bool = True) -> Gate:
    generous = Middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    everything = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "POST", "PUT"])], middleware=[generous])
    return Gate(everything, Routes(PUBLIC, login=login), origins or Origins(), limits or Limits())


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(gated(), base_url="https://board.example") as opened:
        yield opened


OWN: tuple[dict[str, str], ...] = (
    {},  # a program
    {"Origin": "https://board.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://BOARD.example:443"},  # a browser that knows no Sec-Fetch-Site
    {"Sec-Fetch-Site": "none"},
)
FOREIGN = (
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://board.example.evil.example"},
    {"Origin": "https://board.example:8443"},
    {"Origin": "https://board.example@evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://["},
    {"Origin": "file://board.example"},
    {"Origin": "https://board.example", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "Cross-Site"},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "Sec-Fetch-Site": "same-origin"},
)


@pytest.mark.parametrize("headers", OWN)
def test_the_page_and_programs_may_write(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post(WRITE, headers=headers, content=b"x")
    assert (answer.status_code, answer.text) == (200, "None 1")
    assert "access-control-allow-credentials" not in answer.headers


def test_other_sites_may_not(client: TestClient, attacks: Attacks) -> None:
    paths = (WRITE, "/gradio_api/call/model", "/gradio_api/run/model", "/gradio_api/mcp", "/gradio_api/cancel")
    for headers in FOREIGN:
        for path in paths:
            answer = client.post(path, headers=headers, content=b"x")
            assert answer.status_code == 403, (path, headers)
            assert "페이지" in answer.json()["detail"]
        assert client.get("/logout", headers=headers).status_code == 403
    attacks.held("the page", "a request that writes with the headers of another site", len(FOREIGN) * (len(paths) + 1))


def test_no_site_is_told_that_it_may_read_with_cookies(client: TestClient, attacks: Attacks) -> None:
    origins = ("https://evil.example", "null", "https://board.example", "http://localhost:1")
    for origin in origins:
        for path in (READ, STREAM, "/", "/gradio_api/info", "/board/board.json"):
            answer = client.get(path, headers={"Origin": origin})
            granted = {name: value for name, value in answer.headers.items() if name.startswith("access-control")}
            assert granted == ({"access-control-allow-origin": "*"} if path.startswith("/board/") else {}), path
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}
        told = client.options(WRITE, headers=asked)
        assert told.status_code == 404
        assert not [name for name in told.headers if name.startswith("access-control")]
    attacks.held("the page", "a foreign origin asks to read answers with cookies", len(origins) * 6)


def test_behind_proxies_the_visitors_host_is_the_pages_own() -> None:
    inside = "10.0.0.7:7860"
    forwarded = [(b"host", inside.encode()), (b"x-forwarded-host", b"org-board.hf.space, 10.0.0.7")]
    own = [*forwarded, (b"origin", b"https://org-board.hf.space")]
    assert not Origins(proxies=1).foreign(own)
    assert Origins(proxies=0).foreign(own)
    assert not Origins(["org-board.hf.space", "board.example"]).foreign([(b"host", b"x"), own[-1]])
    assert Origins(["org-board.hf.space"], proxies=1).foreign([*forwarded, (b"origin", b"https://huggingface.co")])


def test_a_name_that_was_made_to_point_to_this_machine_is_not_the_page(attacks: Attacks) -> None:
    local = Origins(local=True)
    for host in ("localhost:7860", "127.0.0.1:7860", "[::1]:7860", "127.0.0.1"):
        assert not local.foreign([(b"host", host.encode()), (b"origin", f"http://{host}".encode())]), host
    rebound = ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example:7860")
    for host in rebound:
        assert local.foreign([(b"host", host.encode()), (b"origin", f"http://{host}".encode())]), host
    attacks.held("the page", "a foreign name that points to the loopback address", len(rebound))


def test_addresses_are_what_the_nearest_proxy_saw(attacks: Attacks) -> None:
    given = [(b"x-forwarded-for", b"1.1.1.1, 2.2.2.2"), (b"x-forwarded-for", b"3.3.3.3")]
    assert Origins(proxies=0).address(given, "9.9.9.9") == "9.9.9.9"
    assert Origins(proxies=1).address(given, "9.9.9.9") == "3.3.3.3"
    assert Origins(proxies=2).address(given, "9.9.9.9") == "2.2.2.2"
    assert Origins(proxies=9).address(given, "9.9.9.9") == "1.1.1.1"
    assert Origins(proxies=1).address([], "9.9.9.9") == "9.9.9.9"
    network = {Origins().address([], f"2001:db8::{number:x}") for number in range(1, 100)}
    assert len(network) == 1
    attacks.held("the page", "an address of one's own making, to be counted as another visitor", 100)


REFUSED = (
    ("POST", "/gradio_api/upload"),
    ("GET", "/gradio_api/upload_progress"),
    ("GET", "/gradio_api/proxy=https://x.hf.space/"),
    ("HEAD", "/gradio_api/proxy=https://x.hf.space/"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/component_server/"),
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("GET", "/gradio_api/file/etc/passwd"),
    ("POST", "/gradio_api/stream/1"),
    ("GET", "/gradio_api/stream/a/1/2/playlist.m3u8"),
    ("GET", "/gradio_api/custom_component/a/client/component/x.js"),
    ("GET", "/gradio_api/deep_link"),
    ("GET", "/gradio_api/runs"),
    ("POST", "/gradio_api/run-history/connect"),
    ("GET", "/gradio_api/token"),
    ("GET", "/gradio_api/user"),
    ("GET", "/gradio_api/dev/reload"),
    ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/vibe-edit"),
    ("GET", "/gradio_api/vibe-code"),
    ("GET", "/gradio_api/profiling/traces"),
    ("GET", "/monitoring"),
    ("GET", "/monitoring/summary"),
    ("POST", "/login"),
    ("POST", "/gradio_api/call/_check_login_status"),
    ("POST", "/gradio_api/call/v2/_check_login_status"),
    ("POST", "/gradio_api/run/_check_login_status"),
    ("POST", "/gradio_api/api/handle"),
    ("POST", "/gradio_api/call/on_submit"),
    ("POST", "/gradio_api/call/model/../on_submit"),
    ("POST", "/gradio_api/call/model\n"),
    ("GET", "/gradio_api/queue/join"),
    ("PUT", "/gradio_api/queue/join"),
    ("DELETE", "/"),
    ("PATCH", "/config"),
    ("TRACE", "/"),
    ("OPTIONS", "/"),
    ("GET", "//"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/gradio_api/heartbeat/" + "a" * 65),
)


def test_what_is_not_on_the_list_is_not_there(client: TestClient, attacks: Attacks) -> None:
    routes = Routes(PUBLIC, login=True)
    for method, path in REFUSED:
        assert routes.find(method, path) is None, (method, path)
    assert client.post("/gradio_api/upload").status_code == 404
    assert Routes(PUBLIC, login=False).find("GET", "/login/huggingface") is None
    attacks.held("the page", "a route of Gradio that the page does not need", len(REFUSED))


def test_a_body_over_the_limit_is_refused_before_it_is_parsed(client: TestClient, attacks: Attacks) -> None:
    def parts(count: int) -> Iterator[bytes]:
        yield from (b"x" * 1000 for _ in range(count))

    assert client.post(WRITE, content=b"x" * 64_000).text == "None 64000"
    assert client.post(WRITE, content=parts(64)).text == "None 64000"
    for answer in (
        client.post(WRITE, content=b"x" * 64_001),
        client.post(WRITE, content=parts(65)),  # no length is told
        client.post(WRITE, content=b"x", headers={"Content-Length": "9" * 40}),
        client.request("GET", READ, content=b"x" * 64_001),
        client.request("GET", STREAM, content=parts(10_000)),
    ):
        assert answer.status_code == 413
        assert answer.headers["connection"] == "close"
    for odd in ("-1", "1e3", "", "0x10", "٣"):
        with pytest.raises(body.Refused):
            asyncio.run(body.read(_never, [(b"content-length", odd.encode())], 10, 1))
    attacks.held("the page", "a body larger than the limit, told, in chunks or with a false length", 10)


async def _never() -> dict[str, object]:
    await asyncio.sleep(60)
    raise AssertionError


def test_a_body_that_does_not_come_is_not_waited_for(attacks: Attacks) -> None:
    with pytest.raises(body.Refused) as refused:
        asyncio.run(body.read(_never, [], 10, 0.01))
    assert refused.value.status == 408

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    with pytest.raises(body.Gone):
        asyncio.run(body.read(gone, [], 10, 1))
    attacks.held("the page", "a body that comes slowly or not at all", 2)


def test_streams_have_places_for_each_address_and_for_all(attacks: Attacks) -> None:
    seats = Seats(total=5, each=2)
    assert [seats.take("a") for _ in range(4)] == [True, True, False, False]
    assert [seats.take(name) for name in ("b", "c", "d", "e")] == [True, True, True, False]
    seats.leave("a")
    assert seats.take("e")
    assert seats.count == 5

    opened = 0

    async def attempt() -> list[int]:
        statuses: list[int] = []
        ended = asyncio.Event()

        async def endless(_scope: object, _receive: object, _send: object) -> None:
            nonlocal opened
            opened += 1
            await ended.wait()

        gate = Gate(endless, Routes(PUBLIC, login=False), Origins(), Limits(streams=50, streams_per_address=10))

        async def nothing() -> dict[str, object]:
            return {"type": "http.request"}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])  # type: ignore[arg-type]

        def stream(number: int) -> asyncio.Task[None]:
            scope = {"type": "http", "method": "GET", "path": STREAM, "headers": [], "client": (f"10.0.0.{number}", 1)}
            return asyncio.ensure_future(gate(scope, nothing, send))  # type: ignore[arg-type]

        tasks = [stream(number) for number in range(20) for _ in range(20)]
        await asyncio.sleep(0.05)
        assert gate.seats.count == 50
        ended.set()
        await asyncio.gather(*tasks)
        assert gate.seats.count == 0
        return statuses

    statuses = asyncio.run(attempt())
    assert (opened, statuses) == (50, [429] * 350)
    attacks.held("the page", "an event stream beyond the places of an address or of all", 350)


def test_web_sockets_are_closed() -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(gated()({"type": "websocket", "path": "/", "headers": []}, _never, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]
