"""Work folders stay while they are of use, and only they are ever removed."""

import fcntl
from pathlib import Path

from runner.folders import LOCK, folder_of, remove_others


def test_folders_of_specs_that_are_no_longer_open_are_removed(tmp_path: Path) -> None:
    for spec_id in ("a" * 64, "b" * 64):
        (folder_of(tmp_path, spec_id) / "work").mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    (tmp_path / "README").touch()
    assert remove_others(tmp_path, ["a" * 64], older_than=0) == [folder_of(tmp_path, "b" * 64)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README", "a" * 16, "notes"]


def test_a_folder_in_which_an_evaluation_is_at_work_stays(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "c" * 64)
    folder.mkdir()
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_others(tmp_path, [], older_than=0) == []
    assert remove_others(tmp_path, [], older_than=0) == [folder]


def test_a_work_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    assert remove_others(tmp_path / "nothing", []) == []


def test_a_young_folder_stays(tmp_path: Path) -> None:
    folder_of(tmp_path, "d" * 64).mkdir()
    assert remove_others(tmp_path, []) == []
