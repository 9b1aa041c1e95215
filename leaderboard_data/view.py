"""The board as a Gradio component. Everything is drawn in the browser, from one file (static/board.js)."""

import functools
import html
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import Route

from leaderboard_data.api import BoardApi
from leaderboard_data.assets import DATA, INDEX, PREFIX, Assets
from leaderboard_data.first_paint import FirstPaint, placeholder
from leaderboard_data.index import dump_index
from leaderboard_data.live import LiveBoard, State
from leaderboard_data.page_data import page_data
from leaderboard_data.routes import routes
from store import Store

_SCRIPT = f'import(new URL("{PREFIX}/board.js", document.baseURI))'


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its refusals as Gradio errors, whose text reaches the caller."""

    @functools.wraps(function)
    def answer(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except ValueError as error:
            raise gr.Error(str(error)) from error

    return answer


class BoardPage:
    """The board of a results store: the component, what it fetches, and the API."""

    def __init__(self, store: Store, refresh_seconds: float) -> None:
        self.assets = Assets()
        self.live = LiveBoard(store, refresh_seconds, (self._renew,))
        self.api = BoardApi(self.live)
        self._refresh_seconds = refresh_seconds

    def start(self) -> None:
        """Begin to look for new results."""
        self.live.start()

    def tab(self) -> gr.HTML:
        """The tables, comparison, plots, notes and model pages; new results come in without a reload."""
        return gr.HTML(
            html_template='<div class="kel-host" aria-busy="true">불러오는 중… Loading…</div>',
            js_on_load=f"{_SCRIPT}.then(b => b.mount(element, props))",
            apply_default_css=False,
            refresh_seconds=self._refresh_seconds,
        )

    def follow(self, board: gr.Tab, form: gr.Tab) -> None:
        """Keep in the page's address which of the two tabs is open: `?tab=submit` is the form's."""
        for tab, submitting in ((board, "false"), (form, "true")):
            tab.select(None, js=f"() => {{ {_SCRIPT}.then(b => b.opened({submitting})); }}")

    def endpoints(self) -> None:
        """Register the public API endpoints, which are the MCP tools as well. Call it within the Blocks."""
        for function in (self.api.leaderboard, self.api.model, self.api.compare, self.api.tasks):
            gr.api(_told(function), api_name=function.__name__)

    def first_paint(self, title: str, lines: Sequence[str], tabs: Sequence[str]) -> Middleware:
        """Middleware for the web application, so that the board is there before Gradio's page with these words is."""
        head = f"<title>{html.escape(title)}</title>{self.assets.head()}"  # Gradio's page has no title as it is sent
        return Middleware(FirstPaint, head=head, body=placeholder(title, lines, tabs, f"{PREFIX}/board.js"))

    @property
    def routes(self) -> list[Route]:
        """Routes for the web application."""
        return routes(self.api, self.assets)

    def _renew(self, state: State) -> None:
        self.assets.put(DATA, page_data(state.entries, state.revision, state.evidence))
        self.assets.put(INDEX, dump_index(state.entries))
