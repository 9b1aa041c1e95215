"""Only commits that a model's owner has published may be submitted; each is recorded with the Hub's date."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluator import records
from submissions import checks
from submissions.checks import CheckFailed, check_model
from tests.attacks import Attacks
from tests.hub.repositories import Repositories

LONG_AGO = datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)


def test_a_commit_of_the_default_branch_is_taken_with_its_date(hub: Repositories, minilm_folder: Path) -> None:
    repository = hub.add_folder("models", "commits/history", minilm_folder)
    old = hub.commit(repository, {"a.txt": b"1"}, message="old", parent=None, date=LONG_AGO)
    for number in range(120):  # three pages
        hub.commit(repository, {"a.txt": b"%d" % number}, message=f"{number}", parent=None)
    assert check_model("commits/history", old.oid).metadata.committed_at == LONG_AGO
    assert check_model("commits/history", old.oid[:8]).revision == old.oid
    newest = check_model("commits/history")
    assert newest.revision == repository.head.oid
    assert newest.metadata.committed_at == repository.head.date.replace(microsecond=0)


def test_commits_that_nobody_merged_are_refused(hub: Repositories, minilm_folder: Path, attacks: Attacks) -> None:
    repository = hub.add_folder("models", "commits/unmerged", minilm_folder)
    hub.add_folder("models", "commits/other", minilm_folder)
    stranger = hub.commit(
        repository, {"model.safetensors": None}, message="mine", parent=None, reference="refs/pr/1", date=LONG_AGO
    )
    stranger = hub.commit(
        repository, {"pytorch_model.bin": b"mine"}, message="mine", parent=None, reference="refs/pr/1", date=LONG_AGO
    )
    branch = hub.commit(repository, {"b.txt": b"1"}, message="wip", parent=None, reference="wip")
    refused = ["refs/pr/1", "refs/pr/7", stranger.oid, stranger.oid[:7], branch.oid, "wip"]
    for revision in refused:
        with pytest.raises(CheckFailed, match="not in the history of the default branch") as error:
            check_model("commits/unmerged", revision)
        assert "병합된 뒤에 제출하거나" in error.value.korean
    allowed = check_model("commits/unmerged", stranger.oid, any_commit=True)
    assert (allowed.revision, allowed.metadata.committed_at) == (stranger.oid, LONG_AGO)
    assert check_model("commits/unmerged", "refs/pr/1", any_commit=True).revision == stranger.oid
    attacks.held("the page", "commits of pull requests and branches that nobody merged", len(refused))


def test_the_history_is_read_to_a_bound(
    hub: Repositories, minilm_folder: Path, monkeypatch: pytest.MonkeyPatch, attacks: Attacks
) -> None:
    repository = hub.add_folder("models", "commits/long", minilm_folder)
    old = repository.head
    for number in range(160):
        hub.commit(repository, {"a.txt": b"%d" % number}, message=f"{number}", parent=None)
    monkeypatch.setattr(checks, "HISTORY_PAGES", 3)
    with pytest.raises(CheckFailed, match="its newest 150 commits"):
        check_model("commits/long", old.oid)
    assert check_model("commits/long", old.oid, any_commit=True).revision == old.oid
    attacks.held("the page", "commits deeper in a history than is looked")


def test_a_date_of_the_future_or_none_at_all_gives_no_model_a_row_for_ever(attacks: Attacks) -> None:
    now = records.now()
    future = ["9999-12-31T23:59:59.000Z", (now + timedelta(days=1)).isoformat(), "9999-12-31T23:59:59-14:00"]
    for date in future:
        told = checks._moment(date)
        assert told is None or now <= told <= records.now()
    none: list[object] = [
        None,
        7,
        "",
        "yesterday",
        {"$date": 1},
        "2026-13-40T00:00:00Z",
        ["2026"],
        "0001-01-01T00:00:00+14:00",
    ]
    for odd in none:
        assert checks._moment(odd) is None
    attacks.held("the page", "dates of commits that are of the future or none", len(future) + len(none))


@pytest.mark.parametrize("answer", [{"error": "x"}, None, 7, [None, 7, "x", {}, {"id": 5}], [{"id": None, "date": 1}]])
def test_an_odd_log_is_no_history(
    answer: object, hub: Repositories, minilm_folder: Path, monkeypatch: pytest.MonkeyPatch, attacks: Attacks
) -> None:
    if ("models", "commits/odd") not in hub._repositories:
        hub.add_folder("models", "commits/odd", minilm_folder)

    class Answer:
        links: dict[str, dict[str, str]] = {}
        status_code = 200

        def json(self) -> object:
            return answer

    class Session:
        def get(self, *_: object, **__: object) -> Answer:
            return Answer()

    monkeypatch.setattr(checks, "get_session", Session)
    monkeypatch.setattr(checks, "hf_raise_for_status", lambda _: None)
    with pytest.raises(CheckFailed, match="not in the history"):
        check_model("commits/odd")
    assert check_model("commits/odd", any_commit=True).metadata.committed_at is None
    attacks.held("the page", "odd answers of the Hub on a model's commits")
