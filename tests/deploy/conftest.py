"""A stand-in of the Hub for each test, which runs the Spaces that are made on it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.plan import ROOT
from tests.hub.app import HubApp
from tests.hub.repositories import Repositories
from tests.hub.server import serving
from tests.ports import free_port


class Hub:
    """A stand-in of its own, that runs Spaces."""

    def __init__(self, url: str, app: HubApp) -> None:
        self.url, self.app, self.repositories = url, app, app.repositories

    def deploy(self, *arguments: str, token: str = "hf_owner", **more: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        environment = {**kept, "HF_ENDPOINT": self.url, "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": token, **more}
        command = [sys.executable, "-m", "deploy", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False
        )

    @property
    def ids(self) -> set[tuple[str, str]]:
        return set(self.repositories._repositories)


@pytest.fixture
def hub_of_its_own(tmp_path: Path) -> Iterator[Hub]:
    repositories = Repositories(tmp_path)
    repositories.add_user("hf_owner", "owner", orgs=("korean-nlp",))
    repositories.add_user("hf_stranger", "stranger")
    repositories.add_user("hf_the_page", "the-page")
    app = HubApp(repositories)
    with serving(app.app, free_port()) as url:
        try:
            yield Hub(url, app)
        finally:
            app.spaces.end()
