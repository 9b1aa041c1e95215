"""The board before Gradio: its scripts, styles and place are in the page as it is first sent.

Gradio puts `head` and all components into the page with its own front end, which takes a second to start. The board
needs none of it: it is drawn at once into a placeholder, and moves into Gradio's tab when that is there.
"""

import html
import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_THEME = re.compile(r'"theme_hash":\s*"([0-9a-f]+)"')
_BODY = re.compile(r"<body[^>]*>")


def placeholder(title: str, lines: Sequence[str], tabs: Sequence[str], script: str) -> str:
    """HTML that stands where Gradio's page will be: its title, the lines below it, the names of its tabs, the board.

    `script` is the address of what draws the board; it comes after the place it draws into, and runs as soon as it is
    loaded. The placeholder is removed when Gradio's page is there (static/board.js), and hides that until then
    (static/shell.css).
    """
    told = " ".join(html.escape(line) for line in lines)
    names = "".join(f"<span>{html.escape(name)}</span>" for name in tabs)
    return (
        "<script>{const theme = new URLSearchParams(location.search).get('__theme');"
        "if (theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches))"
        " document.body.classList.add('dark');}</script>"
        f'<div id="kel-first"><h1>{html.escape(title)}</h1><p>{told}</p>'
        f'<div class="kel-first-tabs" aria-hidden="true">{names}</div>'
        '<div class="kel-host" aria-busy="true">불러오는 중… Loading…</div></div>'
        f'<script type="module" async src="{html.escape(script)}"></script>'
    )


def _path(scope: Scope) -> str:
    """The path within the application: some proxies take the prefix they serve it under off, others leave it on."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class FirstPaint:
    """ASGI middleware that adds to the HTML of the page at "/": `head` at the end of <head>, `body` first in <body>."""

    def __init__(self, app: ASGIApp, head: str, body: str) -> None:
        self._app = app
        self._head = head
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or _path(scope) != "/":
            await self._app(scope, receive, send)
            return
        started: Message | None = None
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                if not headers.get(b"content-type", b"").startswith(b"text/html") or b"content-encoding" in headers:
                    await send(message)
                else:
                    started = message
            elif started is None:
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    page = self._with_board(b"".join(parts).decode()).encode()
                    length = (b"content-length", str(len(page)).encode())
                    kept = [header for header in started["headers"] if header[0] != b"content-length"]
                    await send({**started, "headers": [*kept, length]})
                    await send({"type": "http.response.body", "body": page})

        await self._app(scope, receive, collect)

    def _with_board(self, page: str) -> str:
        """The page with the board in it; as it is where it is not laid out as Gradio's are."""
        body, end = _BODY.search(page), page.find("</head>")
        if body is None or not 0 <= end < body.start():
            return page
        theme = _THEME.search(page)
        version = f"?v={theme[1]}" if theme else ""
        style = f'<link rel="stylesheet" href="theme.css{version}">'
        return f"{page[:end]}{style}{self._head}{page[end : body.end()]}{self._body}{page[body.end() :]}"
