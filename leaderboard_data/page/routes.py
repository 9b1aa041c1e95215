"""The addresses below /board/ that the page fetches: files (`assets`), and answers of the API as JSON. Read only."""

import logging
import re
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gate.address import page_address
from leaderboard_data.hiding import NotShown
from leaderboard_data.page.api import DEFAULT_SUITE, BoardApi
from leaderboard_data.page.assets import PREFIX, Assets
from leaderboard_data.page.preview import Preview

log = logging.getLogger(__name__)


def routes(api: BoardApi, assets: Assets, preview: Preview) -> list[Route]:
    """The routes for the web application; the files come last."""
    answers: dict[str, Callable[[Request], Any]] = {
        "model": lambda request: _model(api, request),
        "compare": lambda request: api.compare(_given(request, "models"), _suite(request)),
        "fusion": lambda request: api.fusion(_given(request, "models"), _suite(request)),
        "tasks": lambda request: api.tasks(_suite(request)),
        "task": lambda request: api.task(_given(request, "id"), _suite(request)),
        "items": lambda request: api.items(
            _given(request, "task"),
            _given(request, "models"),
            _suite(request),
            _given(request, "order") or "first",
            _page(request),
        ),
    }
    return [
        *(Route(f"/{PREFIX}/api/{name}", _json(answer)) for name, answer in answers.items()),
        Route(f"/{PREFIX}/badge/{{model:path}}.svg", _badge(api)),
        preview.route(),
        assets.route(),
    ]


def _given(request: Request, name: str) -> str:
    return request.query_params.get(name, "")[:1000]


def _page(request: Request) -> int:
    """The number of a page.

    Raises:
        ValueError: it is none.
    """
    given = _given(request, "page") or "0"
    if not re.fullmatch(r"[0-9]{1,6}", given):
        raise ValueError("page is a number, 0 the first")
    return int(given)


def _suite(request: Request) -> str:
    return _given(request, "suite") or DEFAULT_SUITE


def _model(api: BoardApi, request: Request) -> dict[str, Any]:
    model, suite = _given(request, "id"), _suite(request)
    address = f"{page_address(request)}?model={model}" + (f"&suite={suite}" if suite != DEFAULT_SUITE else "")
    return {
        **api.model(model, suite),
        "history": api.history(model, suite),
        "snippets": api.snippets(model, address, suite),
    }


def _json(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def respond(request: Request) -> Response:
        try:
            content = await run_in_threadpool(answer, request)
        except NotShown as error:
            return JSONResponse({"error": str(error), "reason": error.reason}, status_code=404)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        return JSONResponse(content, headers={"Cache-Control": "no-cache"})

    return respond


def _badge(api: BoardApi) -> Callable[[Request], Any]:
    async def respond(request: Request) -> Response:
        try:
            svg = await run_in_threadpool(api.badge, request.path_params["model"], _suite(request))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        headers = {"Cache-Control": "max-age=300", "Content-Security-Policy": "default-src 'none'; style-src 'none'"}
        return Response(svg, media_type="image/svg+xml", headers=headers)

    return respond
