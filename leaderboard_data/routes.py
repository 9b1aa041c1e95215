"""The addresses below /board/ that the page fetches: files (`assets`), and answers of the API as JSON. Read only."""

import logging
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from leaderboard_data.api import BoardApi
from leaderboard_data.assets import PREFIX, Assets

log = logging.getLogger(__name__)


def routes(api: BoardApi, assets: Assets) -> list[Route]:
    """The routes for the web application; the files come last."""
    answers: dict[str, Callable[[Request], Any]] = {
        "model": lambda request: _model(api, request),
        "compare": lambda request: {
            **api.compare(_given(request, "models")),
            "figures": api.figures(_given(request, "models")),
        },
        "tasks": lambda _: api.tasks(),
    }
    return [
        *(Route(f"/{PREFIX}/api/{name}", _json(answer)) for name, answer in answers.items()),
        Route(f"/{PREFIX}/badge/{{model:path}}.svg", _badge(api)),
        assets.route(),
    ]


def _given(request: Request, name: str) -> str:
    return request.query_params.get(name, "")[:1000]


def _model(api: BoardApi, request: Request) -> dict[str, Any]:
    model = _given(request, "id")
    return {
        **api.model(model),
        "history": api.history(model),
        "snippets": api.snippets(model, f"{_address(request)}?model={model}"),
    }


def _address(request: Request) -> str:
    """The page's own address as the visitor sees it, also behind a proxy that ends TLS."""
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip()
    host = request.headers.get("x-forwarded-host") or request.headers.get("host") or request.url.netloc
    return f"{'https' if scheme == 'https' else 'http'}://{host.split(',')[0].strip()}/"


def _json(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def respond(request: Request) -> Response:
        try:
            content = await run_in_threadpool(answer, request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        return JSONResponse(content, headers={"Cache-Control": "no-cache"})

    return respond


def _badge(api: BoardApi) -> Callable[[Request], Any]:
    async def respond(request: Request) -> Response:
        svg = await run_in_threadpool(api.badge, request.path_params["model"])
        headers = {"Cache-Control": "max-age=300", "Content-Security-Policy": "default-src 'none'; style-src 'none'"}
        return Response(svg, media_type="image/svg+xml", headers=headers)

    return respond
