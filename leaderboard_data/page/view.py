"""The board as a Gradio component. Everything is drawn in the browser, from one file (static/board.js)."""

import functools
import html
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import Route

from evaluator.drift import DriftCheck
from evaluator.policy import Policy
from evaluator.suite import SUITES
from leaderboard_data.entry import Entry
from leaderboard_data.index import INDEX_PATH, MEANS_PATH, dump_index
from leaderboard_data.page.api import DEFAULT_SUITE, BoardApi
from leaderboard_data.page.assets import INDEX, MEANS, PREFIX, Assets, data_name
from leaderboard_data.page.first_paint import FirstPaint, placeholder
from leaderboard_data.page.live import LiveBoard, State
from leaderboard_data.page.page_data import page_data
from leaderboard_data.page.routes import routes
from leaderboard_data.page.visits import PATIENCE
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


def _index_file(entries: Sequence[Entry], path: str) -> bytes:
    return dump_index(entries)[path]


class BoardPage:
    """The board of a results store: the component, what it fetches, and the API.

    What is not to be shown is told to `hide`; until then only the shipped results are shown.
    """

    def __init__(self, store: Store, refresh_seconds: float, patience_seconds: float = PATIENCE) -> None:
        self.assets = Assets()
        self.live = LiveBoard(store, refresh_seconds, (self._renew,), policy=None, patience=patience_seconds)
        self.api = BoardApi(self.live)
        self._refresh_seconds = refresh_seconds
        self._bells: list[Callable[[tuple[DriftCheck, ...]], object]] = []

    def start(self, first: Callable[[], object] | None = None) -> None:
        """Begin to look for new results, in the background and after `first`; waits for nothing."""
        self.live.start(first)

    def hide(self, policy: Policy | None) -> None:
        """Show from now on what `policy` does not hide. None: it cannot be read, and what is shown stays."""
        if policy is not None:
            self.live.hide(policy)

    def ring(self, bell: Callable[[tuple[DriftCheck, ...]], object]) -> None:
        """Tell `bell` the alarms of drift, now and whenever something is new."""
        self._bells.append(bell)
        bell(self.live.state.alarms)

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

    def endpoints(self) -> list[str]:
        """Register the public API endpoints, which are the MCP tools as well, and name them. Call it in the Blocks."""
        functions = (self.api.leaderboard, self.api.model, self.api.compare, self.api.tasks)
        for function in functions:
            gr.api(_told(function), api_name=function.__name__)
        return [function.__name__ for function in functions]

    def first_paint(self, title: str, lines: Sequence[str], tabs: Sequence[str], links: str = "") -> Middleware:
        """Middleware for the web application, so that the board is there before Gradio's page with these words is.

        `links`: HTML for the page's head.
        """
        named = f"<title>{html.escape(title)}</title>"  # Gradio's page has none as it is sent
        head = f"{named}{links}{self.assets.head()}"
        return Middleware(FirstPaint, head=head, body=placeholder(title, lines, tabs, f"{PREFIX}/board.js"))

    @property
    def routes(self) -> list[Route]:
        """Routes for the web application."""
        return routes(self.api, self.assets)

    def _renew(self, state: State) -> None:
        for bell in self._bells:
            bell(state.alarms)
        for suite in SUITES.values():
            evidence = state.evidence.get(suite.id)
            content = page_data(state.entries, state.revision, suite, evidence, state.hybrids, state.curves)
            self.assets.put(data_name(suite.id, DEFAULT_SUITE), content)
        for name, path in ((INDEX, INDEX_PATH), (MEANS, MEANS_PATH)):
            self.assets.put_late(name, functools.partial(_index_file, state.entries, path))
