"""The board: the page itself, what it fetches, and the API. Tables are drawn in the browser (static/board.js)."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from starlette.routing import Route

from evaluator.drift import DriftCheck
from evaluator.policy import Policy
from evaluator.suite import SUITES
from leaderboard_data.entry import Entry
from leaderboard_data.index import INDEX_PATH, MEANS_PATH, dump_index
from leaderboard_data.page.api import DEFAULT_SUITE, BoardApi
from leaderboard_data.page.assets import INDEX, MEANS, Assets, data_name
from leaderboard_data.page.first_board import FirstBoard
from leaderboard_data.page.front import FrontPage
from leaderboard_data.page.live import LiveBoard, State
from leaderboard_data.page.page_data import page_data
from leaderboard_data.page.preview import Preview
from leaderboard_data.page.routes import routes
from leaderboard_data.page.shell import Place
from leaderboard_data.page.visits import PATIENCE
from store import Store


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
    """The board of a results store: the page, what it fetches, and the API.

    What is not to be shown is told to `hide`; until then only the shipped results are shown.
    """

    def __init__(self, store: Store, refresh_seconds: float, patience_seconds: float = PATIENCE) -> None:
        self.assets = Assets()
        self.live = LiveBoard(store, refresh_seconds, (self._renew,), policy=None, patience=patience_seconds)
        self.api = BoardApi(self.live)
        self.preview = Preview(self.api)
        self._refresh_seconds = refresh_seconds
        self._renewed = 0
        self._first = FirstBoard()
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

    def endpoints(self) -> list[str]:
        """Register the public API endpoints, which are the MCP tools as well, and name them. Call it in the Blocks."""
        functions = (self.api.leaderboard, self.api.model, self.api.compare, self.api.tasks)
        for function in functions:
            gr.api(_told(function), api_name=function.__name__)
        return [function.__name__ for function in functions]

    def front(self, places: Sequence[Place], styles: Sequence[str], links: str, *, login: bool) -> Route:
        """The route of the page itself.

        Args:
            places: where scripts of other rooms draw, in the submit part.
            styles: addresses of their style sheets.
            links: HTML for the head: what else belongs to the page.
            login: whether visitors sign in.
        """
        page = FrontPage(
            self.assets,
            self._first.html,
            self.preview.tags,
            lambda: self._renewed,
            places,
            styles,
            links,
            login=login,
            refresh_seconds=self._refresh_seconds,
        )
        return page.route()

    @property
    def routes(self) -> list[Route]:
        """Routes for the web application."""
        return routes(self.api, self.assets, self.preview)

    def _renew(self, state: State) -> None:
        for bell in self._bells:
            bell(state.alarms)
        for suite in SUITES.values():
            evidence = state.evidence.get(suite.id)
            content = page_data(state.entries, state.revision, suite, evidence, state.hybrids, state.curves)
            self.assets.put(data_name(suite.id, DEFAULT_SUITE), content)
            self._first.put(suite.id, content)
        self._renewed += 1
        for name, path in ((INDEX, INDEX_PATH), (MEANS, MEANS_PATH)):
            self.assets.put_late(name, functools.partial(_index_file, state.entries, path))
