"""The Spaces of the stand-in: variables, secrets, and a stage; a Space's code is run by the stand-in itself."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.hub.repositories import Repository
from tests.ports import free_port


class Running:
    """A Space's code at one commit, with its variables and secrets, as a process on 127.0.0.1."""

    def __init__(self, repository: Repository, environment: dict[str, str], hub: str) -> None:
        self.commit = repository.head.oid
        self.environment = environment
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="space-")
        code = Path(self._folder.name, "code")
        for path, blob in repository.head.files.items():
            (code / path).parent.mkdir(parents=True, exist_ok=True)
            (code / path).write_bytes(blob.path.read_bytes())
        of_the_hub = {
            "SYSTEM": "spaces",
            "SPACE_ID": repository.id,
            "OAUTH_CLIENT_ID": "space",
            "OAUTH_CLIENT_SECRET": "space-secret",
            "OAUTH_SCOPES": "openid profile",
            "OPENID_PROVIDER_URL": hub,
            "HF_ENDPOINT": hub,
            "HF_HOME": str(Path(self._folder.name, "hf")),
            "KEL_HOST": "127.0.0.1",  # a real Space's container is reached from outside
            "KEL_PORT": str(self.port),
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.log = Path(self._folder.name, "log")
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=code,
                env={**kept, "GRADIO_ANALYTICS_ENABLED": "False", **environment, **of_the_hub},
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stage(self) -> str:
        if self.process.poll() is not None:
            return "RUNTIME_ERROR"
        try:
            return "RUNNING" if httpx2.get(f"{self.host}/robots.txt", timeout=5).status_code == 200 else "APP_STARTING"
        except httpx2.HTTPError:
            return "APP_STARTING"

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()


class Spaces:
    """`writable` gives the repository that a request is about, if it may be written."""

    def __init__(self, writable: Callable[[Request], Repository]) -> None:
        self._writable = writable
        self.variables: dict[str, dict[str, str]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.running: dict[str, Running] = {}
        self.runs = True
        """Whether Spaces are run when somebody asks for their stage; else they are built for ever."""
        space = "/api/{kind}/{org}/{name}"
        self.routes = [
            Route(f"{space}/variables", self.show(self.variables, tell=True), methods=["GET"]),
            Route(f"{space}/variables", self.set(self.variables, tell=True), methods=["POST"]),
            Route(f"{space}/secrets", self.show(self.secrets, tell=False), methods=["GET"]),
            Route(f"{space}/secrets", self.set(self.secrets, tell=False), methods=["POST"]),
            Route(f"{space}/runtime", self.runtime),
        ]

    def show(self, kept: dict[str, dict[str, str]], *, tell: bool) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return JSONResponse(_told(kept.get(self._writable(request).id, {}), tell=tell))

        return answer

    def set(self, kept: dict[str, dict[str, str]], *, tell: bool) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            given = await request.json()
            values = kept.setdefault(self._writable(request).id, {})
            values[given["key"]] = given["value"]
            return JSONResponse(_told(values, tell=tell))

        return answer

    async def runtime(self, request: Request) -> Response:
        """The stage; what has changed since the code was started starts anew."""
        repository = self._writable(request)
        if "app.py" not in repository.head.files:
            return JSONResponse({"stage": "NO_APP_FILE", "hardware": {"current": None, "requested": "cpu-basic"}})
        if not self.runs:
            return JSONResponse({"stage": "BUILDING", "hardware": {"current": None, "requested": "cpu-basic"}})
        environment = {**self.variables.get(repository.id, {}), **self.secrets.get(repository.id, {})}
        running = self.running.get(repository.id)
        if running is not None and (running.commit, running.environment) != (repository.head.oid, environment):
            running.end()
            running = None
        if running is None:
            hub = str(request.base_url).rstrip("/")
            running = self.running[repository.id] = Running(repository, environment, hub)
        return JSONResponse({"stage": running.stage, "hardware": {"current": "cpu-basic", "requested": "cpu-basic"}})

    def host(self, repository: Repository) -> str | None:
        """Where a Space answers, while it runs."""
        running = self.running.get(repository.id)
        return running.host if running is not None else None

    def end(self) -> None:
        """End every Space that runs."""
        for running in self.running.values():
            running.end()
        self.running.clear()


def _told(values: dict[str, str], *, tell: bool) -> dict[str, dict[str, str]]:
    """As the Hub tells variables with their values, and secrets without."""
    return {name: {"key": name} | ({"value": value} if tell else {}) for name, value in values.items()}
