"""What answers "/": the document for the asked address, compressed and kept while the board's state is the same."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gate.address import page_address
from leaderboard_data.page.asked import address_of
from leaderboard_data.page.assets import Asset, Assets, answered
from leaderboard_data.page.kept import Kept
from leaderboard_data.page.shell import (
    Place,
    document,
    head,
    header,
    is_submitting,
    language_of,
    suite_of,
)

REMEMBERED = "kel-lang"
"""The cookie with the language that a visitor chose last."""

MOST_KEPT = 200
"""Documents that are kept: those of the addresses asked for last."""

LONGEST = 2000
"""Letters of an address's query that are read."""

QUALITY = 4
"""Of the compression: some 2 ms for 100 kB; a document is made anew for each address and state."""

Render = Callable[[Mapping[str, str], str], str]
"""From the address's parameters and the language to HTML."""

Tags = Callable[[Mapping[str, str], str, str], str]
"""From the address's parameters, the language and the page's own address to HTML for the head."""


class FrontPage:
    """The page itself.

    Args:
        assets: the board's files, whose styles stand in the document.
        board: makes the tabs and the first rows.
        tags: makes the title and what link previews read.
        revision: what the board shows now; documents of another one are made anew.
        places: those of the submit part.
        styles: addresses of style sheets of other rooms.
        links: HTML for the head: what else belongs to the page.
        login: whether visitors sign in.
        refresh_seconds: after which the script looks for new results.
    """

    def __init__(
        self,
        assets: Assets,
        board: Render,
        tags: Tags,
        revision: Callable[[], object],
        places: Sequence[Place],
        styles: Sequence[str],
        links: str,
        *,
        login: bool,
        refresh_seconds: float,
    ) -> None:
        self._assets = assets
        self._board = board
        self._tags = tags
        self._revision = revision
        self._places = places
        self._styles = styles
        self._links = links
        self._login = login
        self._refresh_seconds = refresh_seconds
        self._kept = Kept(MOST_KEPT)

    def route(self) -> Route:
        """The route for the web application; it has to come before Gradio's own."""
        return Route("/", self._answer, methods=["GET", "HEAD"])

    async def _answer(self, request: Request) -> Response:
        given = address_of(request.url.query) if len(request.url.query) <= LONGEST else {}
        language = language_of(given, request.cookies.get(REMEMBERED))
        made = await run_in_threadpool(self._made, given, language, page_address(request))
        return answered(made, request, {"Vary": "Accept-Encoding, Cookie"})

    def _made(self, given: Mapping[str, str], language: str, address: str) -> Asset:
        key = (self._revision(), tuple(sorted(given.items())), language, address)
        return self._kept.get(key, lambda: self._rendered(given, language, address))

    def _rendered(self, given: Mapping[str, str], language: str, address: str) -> Asset:
        content = self._document(given, language, address).encode()
        compressed = brotli.compress(content, quality=QUALITY, mode=brotli.MODE_TEXT)
        return Asset(content, compressed, "text/html", f'"{hashlib.sha256(content).hexdigest()[:32]}"')

    def _document(self, given: Mapping[str, str], language: str, address: str) -> str:
        head_html = head(
            self._tags(given, language, address) + self._links,
            self._assets.styles(),
            [*self._assets.style_links(), *self._styles],
            suite_of(given),
            self._assets.modules(),
        )
        return document(
            head_html,
            header(given, language, login=self._login),
            self._board(given, language),
            self._places,
            language,
            submitting=is_submitting(given),
            refresh_seconds=self._refresh_seconds,
        )
