"""What the browser fetches beside the page itself: the data, DataTables (from itables), our script and style.

Kept in memory, compressed once, and answered with an ETag: a visitor who has a file is told so in a few bytes, and
fifty visitors at once cost no compression. Served from our own origin; the page asks no other host.
"""

import hashlib
import importlib.util
import mimetypes
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
PREFIX = "board"
DATA = "board.json"
INDEX = "leaderboard.parquet"
MEANS = "means.parquet"
PLOTLY = "plotly.min.js"

STYLES = ("tokens", "base", "shell", "controls", "table", "training", "model", "task", "plots", "wayin", "print")
"""Our style sheets, in the order in which later rules win: tokens first, then what all share, then a part each."""

_IMPORTED = re.compile(r' from "\./([\w.]+)"')

_REVALIDATE = "no-cache"  # keep it, but ask each time; the answer is 304 while it is the same


def itables_folder() -> Path:
    """Where the installed itables keeps its bundle of DataTables. It is not imported, only its files are used.

    Raises:
        FileNotFoundError: this version of itables lays its files out otherwise.
    """
    spec = importlib.util.find_spec("itables")
    folder = Path(spec.origin).parent / "html" if spec and spec.origin else Path("itables")
    if not (folder / "dt_bundle.js").is_file():
        raise FileNotFoundError("the installed itables has no html/dt_bundle.js; install itables~=2.9.1")
    return folder


def plotly_script() -> Path:
    """Plotly's script as its Python package ships it. The package is not imported.

    Raises:
        FileNotFoundError: this version of plotly lays its files out otherwise.
    """
    spec = importlib.util.find_spec("plotly")
    script = Path(spec.origin).parent / "package_data" / PLOTLY if spec and spec.origin else Path(PLOTLY)
    if not script.is_file():
        raise FileNotFoundError(f"the installed plotly has no package_data/{PLOTLY}; install plotly~=7.1")
    return script


def needed_by(name: str) -> list[str]:
    """The names of a script of ours and of all that it imports, directly or not, without what it fetches later."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        script = waiting.pop()
        if script not in found:
            found.append(script)
            waiting += _IMPORTED.findall((STATIC / script).read_text("utf-8"))
    return sorted(found)


def data_name(suite_id: str, default: str) -> str:
    """The name of a suite's data: `board.json` for the suite that the page opens with, `board-<id>.json` for others."""
    return DATA if suite_id == default else f"board-{suite_id}.json"


@dataclass(frozen=True)
class Asset:
    """One file as it is served."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str


def asset(name: str, content: bytes) -> Asset:
    """`content` ready to be served under `name`."""
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Quality 5 takes 30 ms for a megabyte, 11 takes two seconds for two thirds of the size.
    compressed = brotli.compress(content, quality=5, mode=brotli.MODE_TEXT)
    return Asset(content, compressed, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def answered(file: Asset, request: Request, headers: Mapping[str, str]) -> Response:
    """The file, compressed where the browser reads that; 304 for who has it already."""
    told = {"ETag": file.etag, "Cache-Control": _REVALIDATE, **headers}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=told)
    if "br" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, media_type=file.media_type, headers={**told, "Content-Encoding": "br"})
    return Response(file.content, media_type=file.media_type, headers=told)


class Assets:
    """Files by name, replaced as a whole; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, Asset] = {}
        for path in sorted(STATIC.iterdir()):
            self.put(path.name, path.read_bytes())
        for name in ("dt_bundle.js", "dt_bundle.css"):
            self.put(name, (itables_folder() / name).read_bytes())
        self._modules = needed_by("board.js")
        self._late: dict[str, Callable[[], bytes]] = {PLOTLY: plotly_script().read_bytes}

    def put(self, name: str, content: bytes) -> None:
        """Serve `content` as `name` from now on."""
        made = asset(name, content)
        with self._lock:
            self._files = {**self._files, name: made}

    def put_late(self, name: str, make: Callable[[], bytes]) -> None:
        """Serve what `make` gives as `name` from now on; it is made when it is first asked for."""
        with self._lock:
            self._late = {**self._late, name: make}
            self._files = {other: file for other, file in self._files.items() if other != name}

    def route(self) -> Route:
        """The route that serves them, for the web application."""
        return Route(f"/{PREFIX}/{{name}}", self._answer, methods=["GET", "HEAD"])

    def styles(self) -> str:
        """The text of our style sheets, for the document itself: the first rows wait for no other answer."""
        return "\n".join(self._files[f"{name}.css"].content.decode() for name in STYLES)

    def style_links(self) -> list[str]:
        """Addresses of the style sheets that a library brings."""
        return [f"{PREFIX}/dt_bundle.css"]

    def modules(self) -> list[str]:
        """Addresses of the scripts that are fetched before they are asked for: what the tables need, and DataTables."""
        return [f"{PREFIX}/{name}" for name in ("dt_bundle.js", *self._modules)]

    async def _answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        make = self._late.get(name)
        if make is not None and name not in self._files:  # what most visitors never ask for
            made = await run_in_threadpool(lambda: asset(name, make()))
            with self._lock:
                if self._late[name] is make:  # else it was replaced while it was made
                    self._files = {**self._files, name: made}
        file = self._files.get(name)
        if file is None:
            return Response("not found", status_code=404)
        return answered(file, request, {"Vary": "Accept-Encoding"})
