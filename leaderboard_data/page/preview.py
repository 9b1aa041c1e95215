"""What a link to the page shows where it is pasted: title, description and image of the view that the address asks for.

Nothing that an address says is repeated: only what the board knows of the suite, the models and the task that it names.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from threading import Lock

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evaluator.records import percent
from leaderboard_data.board import Row, Table
from leaderboard_data.page.api import BoardApi
from leaderboard_data.page.assets import PREFIX
from leaderboard_data.page.drawing import HEIGHT, WIDTH, Bar, Picture, Strip, draw, has_hangul
from leaderboard_data.page.kept import Kept
from leaderboard_data.page.linked import Linked, linked
from leaderboard_data.page.live import State
from leaderboard_data.page.shell import INTRODUCTION, TITLE, in_language

MOST_KEPT = 200
"""Images that are kept, of some 20 kB each: those of the addresses asked for last, of one state of the board."""

AT_ONCE = 2
"""Images that are drawn at a time, in threads of their own."""

WAITING = 30
"""Who may wait for an image; more are told to come again."""

LONGEST = 4000
"""Letters of an address's query that are read."""

NAME = f"{PREFIX}/preview.png"

log = logging.getLogger(__name__)

_WORDS = {
    "ko": {
        "overall": "종합", "tasks": "전체 과제", "compare": "모델 비교", "plots": "그래프", "about": "안내",
        "submit": "모델 제출", "place": "{rank}위", "of": "모델 {count}개 중 {rank}위", "models": "모델 {count}개",
        "filtered": "조건에 맞는 모델 {count}개", "unranked": "순위 없음",
        "tied": "통계적으로 {low}–{high}위와 구분되지 않음",
    },
    "en": {
        "overall": "Overall", "tasks": "All tasks", "compare": "Models compared", "plots": "Plots", "about": "About",
        "submit": "Submit a model", "place": "#{rank}", "of": "Rank {rank} of {count} models",
        "models": "{count} models",
        "filtered": "{count} models match", "unranked": "No rank", "tied": "not told apart from ranks {low}–{high}",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What is told of one view: a title, a sentence, and the picture."""

    title: str
    description: str
    picture: Picture


class Preview:
    """Tags and images of link previews, of what the board shows now."""

    def __init__(self, api: BoardApi) -> None:
        self._api = api
        self._lock = Lock()
        self._kept = Kept(MOST_KEPT)
        self._kept_of: State | None = None
        self._limiter = anyio.CapacityLimiter(AT_ONCE)
        self._waiting = 0

    def tags(self, given: Mapping[str, str], language: str, address: str) -> str:
        """HTML for the page's head: the title, the description, and what link previews read.

        Args:
            given: the parameters of the page's address.
            language: "ko" or "en".
            address: the page's own address, with a slash at its end. Previews take only whole addresses.
        """
        view = linked(given, language)
        told = self.told(view)
        image = f"{address}{NAME}{view.query(filters=True)}"
        named = {
            "og:type": "website",
            "og:site_name": in_language(TITLE, language),
            "og:title": told.title,
            "og:description": told.description,
            "og:url": f"{address}{view.query(filters=True)}",
            "og:locale": "en_US" if language == "en" else "ko_KR",
            "og:image": image,
            "og:image:type": "image/png",
            "og:image:width": str(WIDTH),
            "og:image:height": str(HEIGHT),
            "og:image:alt": told.description,
        }
        cards = {
            "description": told.description,
            "twitter:card": "summary_large_image",
            "twitter:title": told.title,
            "twitter:description": told.description,
            "twitter:image": image,
        }
        return "".join(
            [
                f"<title>{escape(told.title)}</title>",
                f'<link rel="canonical" href="{escape(address + view.query(filters=False))}">',
                *(f'<meta name="{name}" content="{escape(text)}">' for name, text in cards.items()),
                *(f'<meta property="{name}" content="{escape(text)}">' for name, text in named.items()),
            ]
        )

    def route(self) -> Route:
        """The route of the images."""
        return Route(f"/{NAME}", self._answer, methods=["GET", "HEAD"])

    def told(self, view: Linked) -> Told:
        """What is told of a view of the board as it is now."""
        table = self._api.table(view.view, view.suite, view.origins, view.unseen)
        if view.model:
            whole = self._api.table("overall", view.suite, view.origins, view.unseen)
            row = next((row for row in whole.rows if row.entry.model == view.model), None)
            if row is not None:
                return self._model(view, whole, row)
        if view.task:
            return self._rows(view, self._api.table("tasks", view.suite, view.origins, view.unseen), view.task)
        if view.tab == "compare" and view.compared:
            return self._compared(view, table)
        return self._rows(view, table)

    def image(self, view: Linked) -> bytes:
        """The PNG of a view, drawn once for each state of the board."""
        state = self._api.state
        drawn_in = view if has_hangul() else linked(view.given, "en")
        key = f"{drawn_in.language}{drawn_in.query(filters=True)}"
        with self._lock:
            if self._kept_of is not state:
                self._kept_of, self._kept = state, Kept(MOST_KEPT)
            kept = self._kept
        return kept.get(key, lambda: draw(self.told(drawn_in).picture))

    async def _answer(self, request: Request) -> Response:
        if len(request.url.query) > LONGEST:
            return Response("the address is too long", status_code=414)
        if self._waiting >= WAITING:
            return Response("many images are being drawn; ask again", status_code=503, headers={"Retry-After": "5"})
        given = dict(request.query_params)
        self._waiting += 1
        try:
            view = linked(given, given.get("lang", "ko"))
            png = await anyio.to_thread.run_sync(self.image, view, limiter=self._limiter)
        finally:
            self._waiting -= 1
        return Response(png, media_type="image/png", headers={"Cache-Control": "public, max-age=300"})

    def _rows(self, view: Linked, table: Table, task: str = "") -> Told:
        """The first rows of the asked table, by its own order, or by the scores of one task."""
        words = _WORDS[view.language]
        column = view.suite.task(task).column if task else table.sorted_by
        at = table.columns.index(column)
        held = [row for row in table.rows if row.values[at] is not None]
        if task:
            held.sort(key=lambda row: -(row.values[at] or 0))
        listed = [row for row in held if view.passes(row.entry)]
        places = (
            [str(number) for number, _ in enumerate(held, 1)]
            if task
            else ["–" if r.rank is None else str(r.rank) for r in held]
        )
        place_of = {row.entry.key: place for row, place in zip(held, places, strict=True)}
        bars = tuple(Bar(place_of[row.entry.key], row.entry.name, row.values[at] or 0) for row in listed)
        category = view.suite.category(view.tab)
        label = task or (in_language(category.title, view.language) if category else words[view.tab])
        filtered = len(listed) < len(held)
        counted = words["filtered" if filtered else "models"].format(count=len(listed))
        best = " · ".join(f"{bar.rank}. {bar.name} {percent(bar.score)}" for bar in bars[:3])
        title, suite = in_language(TITLE, view.language), in_language(view.suite.title, view.language)
        plain = not view.given or set(view.given) <= {"suite"}
        told = f"{in_language(INTRODUCTION, view.language)} {counted}" if plain else f"{suite}: {counted}"
        shown = _read(view, column)
        subtitle = f"{shown} · {counted}" if plain else f"{suite} · {shown} · {counted}"
        return Told(
            title if plain else f"{label} · {title}",
            f"{told}. {best}".strip(),
            Picture(title, suite if plain else label, subtitle, bars),
        )

    def _compared(self, view: Linked, table: Table) -> Told:
        words = _WORDS[view.language]
        at = table.columns.index(table.sorted_by)
        known = {row.entry.model: row for row in reversed(table.rows)}
        rows = [known[model] for model in view.compared if model in known]
        bars = tuple(
            Bar("–" if row.rank is None else str(row.rank), row.entry.name, row.values[at] or 0)
            for row in rows
            if row.values[at] is not None
        )
        names = " · ".join(row.entry.name.rpartition("/")[2] for row in rows)
        title = in_language(TITLE, view.language)
        scores = " · ".join(f"{bar.name} {percent(bar.score)}" for bar in bars)
        suite = in_language(view.suite.title, view.language)
        return Told(
            f"{names} · {words['compare']}" if names else f"{words['compare']} · {title}",
            f"{suite}: {scores}".rstrip(": "),
            Picture(title, words["compare"], f"{suite} · {_read(view, table.sorted_by)}", bars),
        )

    def _model(self, view: Linked, table: Table, row: Row) -> Told:
        words = _WORDS[view.language]
        ranked = sum(other.rank is not None for other in table.rows)
        place = words["unranked"] if row.rank is None else words["of"].format(rank=row.rank, count=ranked)
        average = row.values[table.columns.index(table.sorted_by)]
        scores = [f"{_read(view, table.sorted_by)} {percent(average)}"] if average is not None else []
        tied = self._tied(view, table, row)
        told = " · ".join([place, *scores, *([words["tied"].format(low=tied[0], high=tied[1])] if tied else [])])
        strips = []
        for at, column in enumerate(table.columns):
            value = row.values[at]
            held = [other.values[at] for other in table.rows if other.values[at] is not None]
            if value is not None:
                rank = 1 + sum(round(other or 0, 12) > round(value, 12) for other in held)
                others = tuple(number for number in held if number is not None)
                strips.append(Strip(_read(view, column), value, words["place"].format(rank=rank), others))
        title, suite = in_language(TITLE, view.language), in_language(view.suite.title, view.language)
        return Told(
            f"{row.entry.name} · {title}",
            f"{suite}: {told}",
            Picture(f"{title} · {suite}", row.entry.name, told, strips=tuple(strips)),
        )

    def _tied(self, view: Linked, table: Table, row: Row) -> tuple[int, int] | None:
        """The best and the worst rank of the models that a row is not told apart from, where that is known."""
        evidence = self._api.state.evidence.get(view.suite.id)
        found = evidence.ties.get("overall", {}).get(row.entry.key) if evidence and not view.unseen else None
        if found is None:
            return None
        rank_of = {other.entry.key: other.rank for other in table.rows}
        low, high = (rank_of.get(key) or row.rank for key in found)
        return (low, high) if low is not None and high is not None and low != high else None


def _read(view: Linked, column: str) -> str:
    """How visitors read a column; tasks keep their published names."""
    title: str = view.suite.titles()["columns"].get(column, {}).get(view.language, column)
    return title
