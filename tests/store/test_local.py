"""The local store between real processes, and after one of them was killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.errors import Conflict, Unavailable
from store.local import BRANCH, STALE_LOCK_SECONDS, LocalStore
from store.update import Change, Snapshot, update

ROOT = Path(__file__).resolve().parents[2]

# Commits straight onto the head it read, as often as it can; prints the parents on which it won.
RACER = """
import sys
from pathlib import Path
from store.errors import Conflict, Unavailable
from store.local import LocalStore
store, me = LocalStore(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for turn in range(150):
    head = store.head()
    try:
        store.commit({f"{me}/{turn}": me.encode(), "last": f"{me} {turn}".encode()}, f"{me} {turn}", head)
    except (Conflict, Unavailable):
        print("lost", head)
    else:
        print("won", head)
"""

ADDER = """
import sys
from pathlib import Path
from store.local import LocalStore
from store.update import Change, update
store = LocalStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(25):
    update(store, lambda s: Change({"count": str(int(s.read("count")) + 1).encode()}, "one more"), tries=10_000)
"""


def run_together(code: str, folder: Path, processes: int) -> list[str]:
    """Start the processes, let them all go at once, and return what each printed."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder), f"racer{number}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outputs = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        outputs.append(process.communicate(timeout=120)[0])
        assert process.returncode == 0
    return outputs


def test_two_processes_never_both_win_the_same_parent(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store.git")
    lines = [line.split() for output in run_together(RACER, store.folder, 3) for line in output.splitlines()]
    won = [head for outcome, head in lines if outcome == "won"]
    lost = [head for outcome, head in lines if outcome == "lost"]
    assert len(won) + len(lost) == 450
    assert lost, "the processes did not run at the same time"
    assert len(set(won)) == len(won)
    assert len(store.log(1000)) == len(won) + 1
    assert len(store.list()) == len(won) + 1  # each winner's own file, and "last"


def test_no_process_overwrites_anothers_update(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store.git")
    store.commit({"count": b"0"}, "begin", store.head())
    run_together(ADDER, store.folder, 3)
    assert store.read("count") == b"75"


def test_processes_that_make_the_store_at_once_agree_on_its_beginning(tmp_path: Path) -> None:
    code = "print('ready', flush=True); import sys; from pathlib import Path; from store.local import LocalStore\n"
    code += "sys.stdin.readline(); print(LocalStore(Path(sys.argv[1])).head())"
    heads = run_together(code, tmp_path / "store.git", 4)
    assert len(set(heads)) == 1


def test_the_lock_of_a_killed_process_is_removed_once_it_is_old(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store.git")
    lock = store.folder / f"{BRANCH}.lock"
    lock.touch()
    with pytest.raises(Unavailable, match="another process"):
        store.commit({"a": b"1"}, "one", store.head())
    assert lock.exists(), "a young lock may belong to somebody at work"
    long_ago = time.time() - STALE_LOCK_SECONDS - 1
    os.utime(lock, (long_ago, long_ago))

    update(store, lambda _: Change({"a": b"1"}, "one"), sleep=lambda _: None)

    assert store.read("a") == b"1"
    assert not lock.exists()


def test_a_second_opening_sees_what_the_first_wrote(tmp_path: Path) -> None:
    first, second = LocalStore(tmp_path / "store.git"), LocalStore(tmp_path / "store.git")
    head = first.commit({"a": b"1"}, "one", first.head())
    assert second.head() == head
    assert Snapshot(second, head).read("a") == b"1"
    with pytest.raises(Conflict):
        second.commit({"a": b"2"}, "two", second.log(2)[1].revision)


def test_a_folder_with_something_else_in_it_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="not a local store"):
        LocalStore(tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        LocalStore(tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_git_itself_reads_and_checks_the_repository(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store.git")
    head = store.commit({"open/a.json": b"{}", "b/c/d": b"1"}, "Submit a", store.head())
    store.commit({"b/c/d": None}, "Remove it", head)
    git = ["git", "-C", str(store.folder)]
    subprocess.run([*git, "fsck", "--strict"], check=True, capture_output=True)
    files = subprocess.run([*git, "ls-tree", "-r", "--name-only", "main"], check=True, capture_output=True, text=True)
    assert files.stdout.split() == ["open/a.json"]
