"""The board's place and scripts are in the page as it is first sent; nothing else that is served changes."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from leaderboard_data.page.first_paint import FirstPaint, placeholder

PAGE = '<html><head><title>한글</title></head><body style="x"><main></main></body>{"theme_hash": "0a1b"}</html>'


async def answer(request: Request) -> Response:
    if "json" in request.query_params:
        return JSONResponse({"page": PAGE})
    if "parts" in request.query_params:
        return StreamingResponse(iter([PAGE[:40], PAGE[40:]]), media_type="text/html")
    return HTMLResponse("no body here" if "other" in request.query_params else PAGE)


def client(root_path: str = "") -> TestClient:
    painted = Middleware(FirstPaint, head="<link board>", body="<div board></div>")
    application = Starlette(routes=[Route("/", answer), Route("/more", answer)], middleware=[painted])
    return TestClient(application, root_path=root_path)


def test_head_and_body_are_put_in_where_the_page_has_them() -> None:
    for query in ("", "?parts"):
        answered = client().get(f"/{query}")
        assert answered.text == (
            '<html><head><title>한글</title><link rel="stylesheet" href="theme.css?v=0a1b"><link board></head>'
            '<body style="x"><div board></div><main></main></body>{"theme_hash": "0a1b"}</html>'
        )
        if not query:
            assert int(answered.headers["content-length"]) == len(answered.content)


def test_a_page_under_a_prefix_has_it_too() -> None:
    for path in ("/", "/board/"):  # a proxy that takes the prefix off, and one that leaves it on
        assert "<div board></div>" in client("/board").get(path).text
    assert client("/board").get("/board/more").text == PAGE


def test_all_else_is_served_as_it_is() -> None:
    assert client().get("/?json").json() == {"page": PAGE}
    assert client().get("/?other").text == "no body here"
    assert client().get("/more").text == PAGE
    assert client().head("/").headers["content-type"].startswith("text/html")


def test_what_stands_there_first_is_text_not_markup() -> None:
    made = placeholder("<b>제목</b>", ["1 < 2"], ["<i>"], 'a".js')
    assert "&lt;b&gt;제목&lt;/b&gt;" in made
    assert "1 &lt; 2" in made
    assert "<span>&lt;i&gt;</span>" in made
    assert 'src="a&quot;.js"' in made
