"""Alarms of drift where people meet them: the feed, the desk, the policy that clears them, the command."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.drift import check_path, compare, digest_of, dump_check
from evaluator.policy import (
    MOST_CLEARED,
    MOST_NAMES,
    POLICY_BYTES,
    ClearedDrift,
    HiddenResult,
    OptOut,
    Policy,
    dump_policy,
    load_policy,
)
from store.local import LocalStore
from submissions import policy as verbs
from submissions.__main__ import app
from submissions.alarms import told
from submissions.errors import QueueError
from submissions.feed import Wanted, feed
from submissions.live import LiveQueue
from tests.evaluator.test_drift import FIELDS, NOON, check
from tests.submissions.test_feed import ADDRESS, ATOM, closed, live, read, titles

__all__ = ["live"]
WEEK = timedelta(days=7)
ALARM = compare(check(), check(0.7, NOON + WEEK))
HOSTILE_FIELDS = FIELDS | {"device": "<script>alert(1)</script>\x07"}
HOSTILE = ALARM.model_copy(
    update={"fields": HOSTILE_FIELDS, "environment": digest_of(HOSTILE_FIELDS), "worker": "<b>\x00"}
)
TITLE = "점수 변동 경보: cpu x86_64"


def test_the_feed_tells_an_alarm_among_the_results_by_the_day_it_began() -> None:
    old = closed(1)  # two days before
    root = read(feed([old], Policy(), Wanted(), ADDRESS, [ALARM]))
    entries = root.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == [TITLE, "평가 완료: org/model-1"]
    assert "KorSTS" in entries[0].findtext(f"{ATOM}summary", "")
    assert root.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated") == "2026-12-05T12:00:00+00:00"


def test_an_alarm_that_goes_on_is_the_same_entry_and_one_that_begins_anew_another() -> None:
    def name(alarm: object) -> str:
        return read(feed([], Policy(), Wanted(), ADDRESS, [alarm])).findtext(f"{ATOM}entry/{ATOM}id", "")  # type: ignore[list-item]

    goes_on = compare(check(), check(0.7, NOON + 2 * WEEK), ALARM)
    anew = compare(check(), check(0.6, NOON + 2 * WEEK), ALARM)
    assert name(goes_on) == name(ALARM) != name(anew)


@pytest.mark.parametrize("wanted", [Wanted(person="w"), Wanted(organisation="org"), Wanted(state="FAILED")])
def test_a_feed_that_chooses_has_no_alarms(wanted: Wanted) -> None:
    assert titles(feed([], Policy(), wanted, ADDRESS, [ALARM])) == []


def test_what_a_file_of_a_check_holds_breaks_neither_feed_nor_desk() -> None:
    text = feed([], Policy(), Wanted(), ADDRESS, [HOSTILE])
    assert not set("".join(read(text).itertext())) & {"\x00", "\x07"}
    assert [alarm["environment"] for alarm in told([HOSTILE])] == [HOSTILE.environment]


def test_the_queue_tells_the_alarms_that_it_was_last_given(live: LiveQueue) -> None:
    def told() -> list[str]:
        made = live.feed(Wanted(), ADDRESS)
        assert made is not None
        return titles(made.content.decode())

    assert TITLE not in told()
    live.ring((ALARM,))
    assert TITLE in told()
    live.ring(())
    assert TITLE not in told()


def test_the_desk_is_told_what_moved_and_where() -> None:
    (alarm,) = told([ALARM])
    assert alarm["environment"] == ALARM.environment
    assert "KorSTS" in alarm["ko"]
    assert "KorSTS" in alarm["en"]


def test_clearing_is_of_one_alarm_and_the_newest_of_its_environment_stays() -> None:
    first = verbs.clear_drift(Policy(), ALARM.environment, NOON, who="m", at=NOON, why="new torch")
    assert first.clears(ALARM.environment, NOON)
    assert not first.clears(ALARM.environment, NOON + WEEK)
    assert not first.clears("0" * 16, NOON)
    second = verbs.clear_drift(first, ALARM.environment, NOON + WEEK, who="m", at=NOON, why="newer torch")
    assert [each.check for each in second.cleared] == [NOON + WEEK]
    assert load_policy(dump_policy(second)) == second


@pytest.mark.parametrize("why", ["", " ", "twice", "x" * 1001])
def test_a_clearing_that_is_refused_says_why(why: str) -> None:
    policy = verbs.clear_drift(Policy(), ALARM.environment, NOON, who="m", at=NOON, why="known")
    with pytest.raises(QueueError) as refused:
        verbs.clear_drift(policy, ALARM.environment, NOON, who="m", at=NOON, why=why)
    assert refused.value.english.isascii()
    assert any("가" <= letter <= "힣" for letter in refused.value.korean)


def test_a_full_policy_can_be_read_and_the_oldest_clearing_goes() -> None:
    longest = {"who": "𝕏" * 300, "at": NOON, "why": "𝕏" * 1000}
    cleared = tuple(ClearedDrift(environment=f"{number:016x}", check=NOON, **longest) for number in range(MOST_CLEARED))
    full = Policy(
        opted_out=tuple(OptOut(name=f"org/{number:080}", **longest) for number in range(MOST_NAMES)),
        hidden=tuple(HiddenResult(model="a/b", result="results/" + "x" * 400, **longest) for _ in range(MOST_NAMES)),
        cleared=cleared,
    )
    assert len(dump_policy(full)) <= POLICY_BYTES
    more = verbs.clear_drift(full, "f" * 16, NOON, who="m", at=NOON, why="one more")
    assert len(more.cleared) == MOST_CLEARED
    assert not more.clears(f"{0:016x}", NOON)
    assert more.clears("f" * 16, NOON)


VERBS: list[Callable[[Policy], Policy]] = [
    lambda policy: verbs.opt_out(policy, "new", who="m", at=NOON, maintainer=True),
    lambda policy: verbs.opt_in(policy, "org", maintainer=True),
    lambda policy: verbs.hide(policy, "a/b", "99999999", who="m", at=NOON, why="?"),
    lambda policy: verbs.unhide(policy, "a/b", "01234567"),
    lambda policy: verbs.clear_drift(policy, "f" * 16, NOON, who="m", at=NOON, why="known"),
]


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_changes_one_section_and_keeps_the_others(verb: Callable[[Policy], Policy]) -> None:
    before = Policy(
        opted_out=(OptOut(name="org", who="m", at=NOON),),
        hidden=(HiddenResult(model="a/b", result="01234567", who="m", at=NOON),),
        cleared=(ClearedDrift(environment="0" * 16, check=NOON, who="m", at=NOON),),
    )
    after = verb(before)
    changed = [name for name in Policy.model_fields if getattr(after, name) != getattr(before, name)]
    assert len(changed) == 1
    assert load_policy(dump_policy(after)) == after


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    monkeypatch.setenv("KEL_REQUESTS_URL", f"file:{tmp_path / 'requests.git'}")
    monkeypatch.setenv("KEL_RESULTS_URL", f"file:{tmp_path / 'results.git'}")
    return LocalStore(tmp_path / "results.git")


def test_the_command_clears_the_alarm_that_stands_in_the_results_store(stores: LocalStore) -> None:
    silent = check(0.8, fields=FIELDS | {"torch": "3"}, environment=digest_of(FIELDS | {"torch": "3"}))
    files = {check_path(each.environment): dump_check(each) for each in (ALARM, silent)}
    stores.commit(files, "Checks", stores.head())

    def run(*arguments: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, list(arguments))
        return ran.exit_code, ran.output

    for environment, said in ((silent.environment, "no alarm"), ("0" * 16, "no check"), ("../x", "no check")):
        code, output = run("clear-drift", environment, "--why", "because")
        assert code == 1
        assert said in output
    assert run("clear-drift", ALARM.environment, "--why", "torch 2.9.1 mends a kernel", "--by", "alice")[0] == 0
    code, output = run("policy")
    (cleared,) = load_policy(output.encode()).cleared
    assert (cleared.environment, cleared.check, cleared.who) == (ALARM.environment, ALARM.since, "alice")
    assert run("clear-drift", ALARM.environment, "--why", "again")[0] == 1
