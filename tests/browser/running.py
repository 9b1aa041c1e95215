"""`python app.py` as a process of its own over temporary stores, for tests and benchmarks."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from store import Store, open_store
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@dataclass
class RunningApp:
    """`python app.py` as a process of its own, with the stores it shows."""

    url: str
    results_url: str
    requests_url: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def results(self) -> Store:
        return open_store(self.results_url)

    @property
    def requests(self) -> Store:
        return open_store(self.requests_url)

    def wait_for_results(self) -> None:
        """Return when the page shows what the results store holds now."""
        revision = self.results.head()
        _wait(lambda: _revision(self.url) == revision, self.process, self.log)


@contextlib.contextmanager
def running_app(
    folder: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    program: Sequence[str] = ("app.py",),
    **settings: object,
) -> Iterator[RunningApp]:
    """The page over stores in `folder`; `settings` by their names. Ends the process, and only that one.

    `environment`: variables that are not the project's settings. `program`: what Python runs.
    """
    port = free_port()
    values = {
        "results_url": f"file:{folder}/results.git",
        "requests_url": f"file:{folder}/requests.git",
        "refresh_seconds": 0.5,
        "patience_seconds": 30,  # a busy machine may stand still for a second
        "host": "127.0.0.1",  # a Space's is not
        "port": port,
        **settings,
    }
    variables = {**os.environ, **environment, **{f"KEL_{name.upper()}": str(value) for name, value in values.items()}}
    log = folder / "app.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, *program], cwd=ROOT, env=variables, stdout=sink, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        # The page answers before it has read its stores. A local one is soon filled and shown; the Hub takes its time.
        local = str(values["results_url"]).startswith("file:")
        _wait(lambda: _revision(url) != "shipped" or not local, process, log)
        yield RunningApp(url, str(values["results_url"]), str(values["requests_url"]), log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _revision(url: str) -> str:
    """The revision of the results store that the page shows."""
    return str(json.loads(_get(f"{url}board/board.json"))["revision"])


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body


def _wait(until: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if until():
                return
        time.sleep(0.1)
    raise AssertionError(f"the page did not start, or does not show what is stored:\n{log.read_text('utf-8')[-4000:]}")
