"""The board as the page is sent with it: tabs, a place for the controls, the first rows of the asked view.

The script draws the same in the same places (static/board.js) and takes this away in one frame.
"""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from evaluator.suite import SUITES, Suite
from evaluator.views import Words
from leaderboard_data.page.first_rows import FirstRows
from leaderboard_data.page.shell import element, in_language, is_submitting, suite_of, waiting

PAGES = {
    "compare": Words("비교", "Compare"),
    "plots": Words("그래프", "Plots"),
    "about": Words("안내", "About"),
}
"""The tabs beside a suite's tables."""

_TABLES = Words("순위표", "Leaderboards")


def tabs_of(suite: Suite) -> dict[str, Words]:
    """The tabs of a suite's board by id, in their order."""
    return {**{view.id: view.title for view in suite.views}, **PAGES}


class FirstBoard:
    """Draws the first look of each suite's board; told by `put` whenever there is something new."""

    def __init__(self) -> None:
        self._rows: dict[str, FirstRows] = {}

    def put(self, suite_id: str, content: bytes) -> None:
        """Show from now on what `page_data` gave for the suite."""
        self._rows = {**self._rows, suite_id: FirstRows(content)}

    def html(self, address: Mapping[str, str], language: str) -> str:
        """The first look of what an address asks for, in "ko" or "en"."""
        suite = SUITES[suite_of(address)]
        tabs = tabs_of(suite)
        chosen = address.get("tab") if address.get("tab") in tabs else next(iter(tabs))
        elsewhere = bool(is_submitting(address) or address.get("model") or address.get("task"))
        links = "".join(
            _tab(tab, words, language, self._link(address, tab), selected=tab == chosen and not is_submitting(address))
            for tab, words in tabs.items()
        )
        rows = self._rows.get(suite.id)
        table = rows.table(address, language) if rows is not None else ""
        bar = "" if elsewhere or chosen in ("compare", "about") else '<div class="kel-bar"></div>'
        answer = '<section class="kel-answer"></section>' if table and address.get("pareto") == "1" else ""
        wait = "" if table or is_submitting(address) else waiting(language)
        return (
            f'<div class="kel" lang="{language}"><div role="tablist" class="kel-tabs"'
            f' aria-label="{escape(in_language(_TABLES, language))}">{links}</div>{bar}{answer}'
            f'<div role="tabpanel" class="kel-panel" id="view-{chosen}" data-view="{chosen}"'
            f' aria-labelledby="tab-{chosen}">{table}{wait}</div></div>'
        )

    def _link(self, address: Mapping[str, str], tab: str) -> str:
        kept = {name: address[name][:100] for name in ("suite", "lang", "q") if address.get(name)}
        return f"?{urlencode({**kept, 'tab': tab})}"


def _tab(tab: str, words: Words, language: str, link: str, *, selected: bool) -> str:
    chosen = {"aria-selected": "true" if selected else "false", "tabindex": "0" if selected else "-1"}
    return element("a", words, language, role="tab", id=f"tab-{tab}", href=link, **chosen)
