"""A local store on a disk that is full, read-only or somebody else's: a sentence, nothing lost, no traceback."""

import contextlib
import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ConfigLevel

from store.errors import Forbidden, StoreError, Unavailable
from store.local import LocalStore
from tests.attacks import Attacks

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534

VERBS = [
    ["-m", "submissions", "list"],
    ["-m", "submissions", "submit", "{model}"],
    ["-m", "leaderboard_data", "reindex", "{results}"],
    ["worker.py", "--once"],
    ["worker.py", "status"],
    ["app.py"],
]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting a disk is not permitted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def filled(place: Path) -> None:
    """Leave no byte on the disk."""
    with contextlib.suppress(OSError), (place / "rubbish").open("wb", buffering=0) as file:
        while True:
            file.write(os.urandom(4096))


def test_a_full_disk_says_so_and_loses_nothing(small_disk: Path, attacks: Attacks) -> None:
    store = LocalStore(small_disk / "store.git")
    head = store.commit({"a": b"1"}, "one", store.head())
    filled(small_disk)
    for size in (10, 100_000):
        with pytest.raises(Unavailable, match="no space left"):
            store.commit({"b": os.urandom(size)}, "two", head)
    with pytest.raises(Unavailable, match="no space left"):
        LocalStore(small_disk / "other.git")
    assert store.head() == head
    assert store.read("a") == b"1"
    (small_disk / "rubbish").unlink()
    assert store.commit({"b": b"2"}, "two", head) == store.head()
    attacks.held("the stores", "a full disk", 3)


def test_a_read_only_disk_says_so_and_is_read(small_disk: Path, attacks: Attacks) -> None:
    store = LocalStore(small_disk / "store.git")
    head = store.commit({"a": b"1"}, "one", store.head())
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Forbidden, match="read-only"):
        store.commit({"b": b"2"}, "two", head)
    with pytest.raises(Forbidden, match="read-only"):
        LocalStore(small_disk / "other.git")
    assert LocalStore(small_disk / "store.git").read("a") == b"1"
    attacks.held("the stores", "a read-only disk", 2)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_whatever_the_disk_refuses_is_an_error_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, attacks: Attacks
) -> None:
    store = LocalStore(tmp_path / "store.git")
    head = store.head()

    def refuse(*_: object, **__: object) -> None:
        # As libgit2 tells it: in words alone.
        raise (OSError if number != errno.EIO else pygit2.GitError)(f"failed to write: {os.strerror(number)}")

    for method in ("create_blob", "create_commit", "TreeBuilder", "get"):
        with monkeypatch.context() as patched:
            patched.setattr(pygit2.Repository, method, refuse)
            with pytest.raises(StoreError) as told:
                store.commit({"a": b"1"}, "one", head)
        assert isinstance(told.value, Forbidden) == (number in (errno.EROFS, errno.EACCES))
    assert store.head() == head
    attacks.held("the stores", "a disk that refuses", 4)


def run(place: Path, model: Path, *, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "KEL_REQUESTS_URL": f"file:{place}/requests.git",
        "KEL_RESULTS_URL": f"file:{place}/results.git",
        "KEL_WORK_DIR": f"{place}/work",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    given = [part.format(model=model, results=f"file:{place}/results.git") for part in arguments]
    return subprocess.run(
        [sys.executable, *given],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("arguments", VERBS, ids=lambda arguments: " ".join(arguments[:3]))
def test_the_command_lines_print_a_sentence(small_disk: Path, arguments: list[str], attacks: Attacks) -> None:
    model = small_disk / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    filled(small_disk)
    ran = run(small_disk, model, arguments=arguments)
    assert ran.returncode in (1, 2), ran
    assert "no space left" in ran.stderr
    assert "Traceback" not in ran.stderr
    attacks.held("the stores", "a command line on a full disk")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_the_folder_of_somebody_else_is_said_so(mode: int, attacks: Attacks) -> None:
    with tempfile.TemporaryDirectory() as place:  # below a folder that everybody may enter
        Path(place).chmod(0o755)
        folder = Path(place) / "store.git"
        LocalStore(folder)
        folder.chmod(mode)
        child = os.fork()
        if child == 0:
            code = 1
            with contextlib.suppress(BaseException):
                for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG):  # not those of root's home
                    pygit2.settings.search_path[level] = place
                os.setuid(NOBODY)
                try:
                    store = LocalStore(folder)
                    store.commit({"a": b"1"}, "one", store.head())
                except Forbidden as error:
                    code = 0 if "may not be read or written by this user" in str(error) else 2
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    attacks.held("the stores", "the store of another user")
