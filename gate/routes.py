"""Which addresses are answered: what the page, gradio_client and MCP clients need. All else is 404.

Gradio serves more than that, to anyone: its own front end, uploads, a proxy, component servers, files, recordings,
the saving of deep links. A route that is not named here does not exist, also when a new version of Gradio brings it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

API = "/gradio_api"

_READ = (
    r"/",
    r"/config/?",
    r"/(robots\.txt|favicon\.ico)",
    r"/feed\.atom",
    r"/(board|submissions|desk)/.+",
    rf"{API}/(info/?|openapi\.json|app_id/?|startup-events|queue/status|mcp/schema)",
)
_SIGN_IN = (r"/login/(huggingface|callback)",)
_SIGN_OUT = (r"/logout",)
_MCP = rf"{API}/mcp(/|/http/?)?"


@dataclass(frozen=True)
class Route:
    """An address that is answered. `writes`: only to the page's own origins; `streams`: it stays open."""

    pattern: re.Pattern[str]
    methods: frozenset[str]
    writes: bool = False
    streams: bool = False


def _one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


class Routes:
    """The allow list.

    Args:
        public: names of the API's endpoints that programs may call.
        login: whether visitors sign in.
    """

    def __init__(self, public: Iterable[str], *, login: bool) -> None:
        name = "(" + "|".join(map(re.escape, public)) + ")"
        event = "[0-9A-Za-z]{1,64}"
        read = frozenset({"GET", "HEAD"})
        streams = (
            rf"{API}/queue/data",
            rf"{API}/heartbeat/{event}",
            rf"{API}/call/(v2/)?{name}/{event}",
            rf"{API}/mcp/sse",
            _MCP,
        )
        writes = (
            rf"{API}/queue/join",
            rf"{API}/(call|call/v2|run|api)/{name}/?",
            rf"{API}/(cancel|reset/?)",
            rf"{API}/mcp/messages/?",
            r"/desk/(act|policy|look|submit|change)",
            _MCP,
        )
        self._routes = [
            Route(_one_of((*_READ, *_SIGN_IN) if login else _READ), read),
            Route(_one_of(streams), read, streams=True),
            Route(_one_of(writes), frozenset({"POST"}), writes=True),
            *([Route(_one_of(_SIGN_OUT), read, writes=True)] if login else []),
        ]

    def find(self, method: str, path: str) -> Route | None:
        """The route of a request, or None where nothing is answered. `path` is decoded."""
        for route in self._routes:
            if method in route.methods and route.pattern.fullmatch(path):
                return route
        return None
