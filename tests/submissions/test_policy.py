"""Opting out and hiding: who may, what is kept of it, and that no submission of an opted-out model gets anywhere."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.cleaning import SHORT
from evaluator.policy import (
    MOST_DOUBTS,
    MOST_NAMES,
    POLICY_BYTES,
    POLICY_PATH,
    ConfirmedResult,
    Correction,
    HiddenResult,
    OptOut,
    Policy,
    dump_policy,
    load_policy,
)
from evaluator.reading import BadFile
from evaluator.records import dump_result
from evaluator.spec import ModelSpec
from store import open_store
from store.memory import MemoryStore
from submissions import policy as verbs
from submissions.__main__ import app
from submissions.errors import NotTheOwner, OptedOut, PolicyUnreadable, QueueError
from submissions.known_results import refuse_unknown
from submissions.live import LiveQueue
from submissions.record import Status
from submissions.routes import QUEUE
from submissions.stored import Queue
from submissions.words import OPTED_OUT, said
from tests.attacks import Attacks
from tests.leaderboard_data.examples import kept_result, reported
from tests.submissions.test_live_queue import shown

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATH = "results/org__name/abababababab-01234567.json"


def opted_out(*names: str) -> Policy:
    policy = Policy()
    for name in names:
        policy = verbs.opt_out(policy, name, who="m", at=NOON, maintainer=True)
    return policy


def spec(name: str) -> ModelSpec:
    return ModelSpec(model=name, revision="ab" * 20)


def test_an_organisation_keeps_all_its_models_away_a_model_only_itself_in_any_case() -> None:
    policy = opted_out("Org", "else/One")
    for model in ("org/a", "ORG/b", "Else/one"):
        assert policy.opt_out_of(model) is not None
        assert policy.hides(model, PATH, "f" * 64)
    for model in ("organisation/a", "else/two", "or/g"):
        assert policy.opt_out_of(model) is None
        assert not policy.hides(model, PATH, "f" * 64)


@pytest.mark.parametrize("result", [PATH, "01234567", "01234567" + "0" * 56])
def test_a_hidden_result_is_one_of_its_model_alone(result: str) -> None:
    policy = verbs.hide(Policy(), "org/name", result, who="m", at=NOON, why="doubtful")
    spec_id = "01234567" + "0" * 56
    assert policy.hides("Org/Name", PATH, spec_id)
    assert not policy.hides("org/name", PATH.replace("-0123", "-9999"), "9" * 64)
    assert not policy.hides("org/other", PATH, spec_id)
    assert policy.opt_out_of("org/name") is None
    assert verbs.unhide(policy, "ORG/name", result) == Policy()


def test_only_owner_or_maintainer_opts_out_and_in() -> None:
    for name, owns in (("alice", ["Alice"]), ("alice/model", ["alice"]), ("Team/model", ["alice", "team"])):
        made = verbs.opt_out(Policy(), name, who="alice", at=NOON, why="not yet", owns=owns)
        assert made.opted_out == (OptOut(name=name, who="alice", at=NOON, why="not yet"),)
        assert verbs.opt_in(made, name.upper(), owns=owns) == Policy()
        with pytest.raises(NotTheOwner):
            verbs.opt_in(made, name, owns=["mallory"])
    for name in ("team", "team/model", "alice2/model"):
        with pytest.raises(NotTheOwner):
            verbs.opt_out(Policy(), name, who="alice", at=NOON, owns=["alice"])


@pytest.mark.parametrize(
    "refused",
    [
        lambda policy: verbs.opt_out(policy, "ORG", who="x", at=NOON, maintainer=True),
        lambda policy: verbs.opt_out(policy, "<b>", who="x", at=NOON, maintainer=True),
        lambda policy: verbs.opt_out(policy, "a/b/c", who="x", at=NOON, maintainer=True),
        lambda policy: verbs.opt_out(policy, "new", who="x", at=NOON, why="x" * 1001, maintainer=True),
        lambda policy: verbs.opt_in(policy, "org/model", maintainer=True),
        lambda policy: verbs.opt_in(policy, "stranger", maintainer=True),
        lambda policy: verbs.hide(policy, "org/name", PATH, who="x", at=NOON, why=" "),
        lambda policy: verbs.hide(policy, "org/name", "0123", who="x", at=NOON, why="short"),
        lambda policy: verbs.hide(policy, "org", PATH, who="x", at=NOON, why="no model"),
        lambda policy: verbs.hide(policy, "seen/name", "01234567", who="x", at=NOON, why="twice"),
        lambda policy: verbs.unhide(policy, "org/name", PATH),
        lambda policy: verbs.confirm(policy, "org/name", PATH, ["end_token"], who="x", at=NOON, why=" "),
        lambda policy: verbs.confirm(policy, "org/name", PATH, [], who="x", at=NOON, why="none named"),
        lambda policy: verbs.confirm(policy, "org/name", PATH, ["ties"], who="x", at=NOON, why="no doubt"),
        lambda policy: verbs.confirm(policy, "org/name", "0123", ["end_token"], who="x", at=NOON, why="short"),
        lambda policy: verbs.confirm(policy, "seen/name", "01234567", ["end_token"], who="x", at=NOON, why="twice"),
        lambda policy: verbs.unconfirm(policy, "org/name", PATH),
        lambda policy: verbs.correct(policy, "org/name", {"license": "mit"}, who="x", at=NOON, why=""),
        lambda policy: verbs.correct(policy, "org/name", {}, who="x", at=NOON, why="nothing"),
        lambda policy: verbs.correct(policy, "org", {"license": "mit"}, who="x", at=NOON, why="no model"),
        lambda policy: verbs.correct(policy, "org/name", {"license": "\u200b"}, who="x", at=NOON, why="unseen"),
        lambda policy: verbs.correct(policy, "org/name", {"who": "root"}, who="x", at=NOON, why="no field"),
        lambda policy: verbs.correct(policy, "org/name", {"parameters": -1}, who="x", at=NOON, why="negative"),
        lambda policy: verbs.correct(policy, "org/name", {"max_tokens": 2**31}, who="x", at=NOON, why="32 bits"),
        lambda policy: verbs.uncorrect(policy, "org/name"),
        lambda policy: verbs.uncorrect(policy, "seen/name", ["license"]),
    ],
)
def test_what_is_refused_is_told_in_both_languages(refused: Callable[[Policy], Policy]) -> None:
    policy = verbs.hide(opted_out("org"), "Seen/name", "01234567", who="m", at=NOON, why="doubtful")
    policy = verbs.confirm(policy, "Seen/name", "01234567", ["end_token"], who="m", at=NOON, why="right")
    policy = verbs.correct(policy, "Seen/name", {"parameters": 7}, who="m", at=NOON, why="counted")
    with pytest.raises(QueueError) as told:
        refused(policy)
    assert any("가" <= letter <= "힣" for letter in told.value.korean)
    assert told.value.english.isascii()


def test_a_result_is_confirmed_doubt_by_doubt_and_taken_back_as_a_whole() -> None:
    first = verbs.confirm(Policy(), "org/name", PATH, ["end_token", "end_token"], who="a", at=NOON, why="looked")
    both = verbs.confirm(first, "ORG/name", PATH, ["card_differs", "end_token"], who="b", at=NOON, why="computed")
    assert [(each.who, each.doubts) for each in both.confirmations_of("Org/Name", PATH, "f" * 64)] == [
        ("a", ("end_token",)),
        ("b", ("card_differs",)),
    ]
    assert both.confirmations_of("org/name", "results/else.json", "f" * 64) == ()
    assert both.confirmations_of("org/other", PATH, "f" * 64) == ()
    assert not both.hides("org/name", PATH, "f" * 64)
    assert verbs.unconfirm(both, "org/NAME", PATH) == Policy()


def test_a_later_correction_takes_over_the_fields_that_it_names() -> None:
    first = verbs.correct(
        Policy(), "org/name", {"license": " m\u200bit ", "parameters": 7}, who="a", at=NOON, why="card"
    )
    assert [each.fields for each in first.corrections_of("ORG/name")] == [{"license": "mit", "parameters": 7}]
    second = verbs.correct(
        first, "Org/name", {"license": "apache-2.0", "open_weights": False}, who="b", at=NOON, why="c"
    )
    assert [(each.who, each.fields) for each in second.corrections_of("org/name")] == [
        ("a", {"parameters": 7}),
        ("b", {"license": "apache-2.0", "open_weights": False}),
    ]
    third = verbs.correct(second, "org/name", {"parameters": 0}, who="c", at=NOON, why="d")
    assert [each.who for each in third.corrections_of("org/name")] == ["b", "c"], "of the first one nothing is left"
    assert third.corrections_of("org/other") == ()
    assert verbs.uncorrect(third, "ORG/NAME", ["license", "open_weights"]).corrected == third.corrected[1:]
    assert verbs.uncorrect(third, "org/name") == Policy()


def test_no_verb_drops_what_another_one_wrote() -> None:
    policy = verbs.hide(opted_out("org"), "else/name", "01234567", who="m", at=NOON, why="doubtful")
    policy = verbs.confirm(policy, "else/name", PATH, ["end_token"], who="m", at=NOON, why="right")
    policy = verbs.correct(policy, "else/name", {"license": "mit"}, who="m", at=NOON, why="card")
    assert len(policy.by_name) == len(policy.by_model) == 1  # looked up before: a copy must not keep that
    more = verbs.opt_out(policy, "other", who="m", at=NOON, maintainer=True)
    more = verbs.hide(more, "third/name", "01234567", who="m", at=NOON, why="doubtful")
    assert (more.confirmed, more.corrected) == (policy.confirmed, policy.corrected)
    assert more.opt_out_of("other/model") is not None
    assert more.hides("third/name", PATH, "01234567" + "0" * 56)
    back = verbs.unhide(verbs.opt_in(more, "other", maintainer=True), "third/name", "01234567")
    assert back == policy
    assert load_policy(dump_policy(back)) == policy


def test_a_file_of_the_former_code_is_read_and_without_marks_written_as_it_wrote_it() -> None:
    former = """{
 "schema": 1,
 "opted_out": [
  {
   "name": "org",
   "who": "m",
   "at": "2026-11-24T12:00:00Z",
   "why": "소유자의 전자우편"
  }
 ],
 "hidden": [
  {
   "model": "else/name",
   "result": "01234567",
   "who": "m",
   "at": "2026-11-24T12:00:00Z",
   "why": "수상함"
  }
 ]
}
""".encode()
    assert dump_policy(load_policy(former)) == former
    marked = verbs.correct(load_policy(former), "else/name", {"license": "mit"}, who="m", at=NOON, why="card")
    assert dump_policy(verbs.uncorrect(marked, "else/name")) == former


def test_one_owner_cannot_fill_the_policy_and_a_full_one_can_be_read(attacks: Attacks) -> None:
    policy = Policy()
    for number in range(verbs.MOST_OF_ONE_OWNER):
        policy = verbs.opt_out(policy, f"mallory/model{number}", who="mallory", at=NOON, owns=["mallory"])
    with pytest.raises(QueueError):
        verbs.opt_out(policy, "mallory/one-more", who="mallory", at=NOON, owns=["mallory"])
    assert verbs.opt_out(policy, "mallory", who="mallory", at=NOON, owns=["mallory"]).opt_out_of("mallory/one-more")
    longest = {"who": "𝕏" * 300, "at": NOON, "why": "𝕏" * 1000}
    full = Policy(
        opted_out=tuple(OptOut(name=f"org/{number:080}", **longest) for number in range(MOST_NAMES)),
        hidden=tuple(HiddenResult(model="a/b", result="results/" + "x" * 400, **longest) for _ in range(MOST_NAMES)),
        confirmed=tuple(
            ConfirmedResult(model="a/b", result="results/" + "x" * 400, doubts=["d" * 40] * MOST_DOUBTS, **longest)
            for _ in range(MOST_NAMES)
        ),
        corrected=tuple(
            Correction(
                model=f"org/{number:080}",
                license="𝕏" * SHORT,
                parameters=2**53,
                embedding_dimension=2**31 - 1,
                max_tokens=2**31 - 1,
                llm_based=False,
                open_weights=False,
                **longest,
            )
            for number in range(MOST_NAMES)
        ),
    )
    content = dump_policy(full)
    assert len(content) <= POLICY_BYTES
    assert len(load_policy(content).hidden) == MOST_NAMES
    with pytest.raises(QueueError):
        verbs.opt_out(full, "one-more", who="m", at=NOON, maintainer=True)
    with pytest.raises(QueueError):
        verbs.confirm(full, "one/more", PATH, ["end_token"], who="m", at=NOON, why="x")
    with pytest.raises(QueueError):
        verbs.correct(full, "one/more", {"license": "mit"}, who="m", at=NOON, why="x")
    attacks.held("the policy", "opt-outs of one owner, one by one", verbs.MOST_OF_ONE_OWNER + 1)


DAMAGED = [b"", b"[]", b"{", b'{"opted_out": "all"}', b'{"schema": 2}', b"\xff", b"[" * 10_000, b'{"who": 1}', b"NaN"]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(BadFile, match=POLICY_PATH):
        load_policy(content)


@pytest.fixture
def queue() -> Queue:
    return Queue(MemoryStore(), MemoryStore(), now=lambda: NOON)


def test_each_verb_is_one_commit_with_the_persons_name(queue: Queue) -> None:
    policies = queue.policies
    policies.opt_out("org", who="alice\nUpdate-Id: x", owns=["ORG"])
    policies.hide("else/name", "01234567", who="maintainer", why="too good")
    policies.unhide("else/name", "01234567", who="maintainer")
    assert policies.opt_in("org", who="alice", owns=["org"]) == Policy()
    titles = [commit.message.splitlines()[0] for commit in reversed(queue.requests.log(4))]
    assert titles == [
        "Opt out org (by alice Update-Id: x)",
        "Hide 01234567 of else/name (by maintainer)",
        "Show 01234567 of else/name (by maintainer)",
        "Opt in org (by alice)",
    ]
    assert load_policy(queue.requests.read(POLICY_PATH)) == Policy()


def test_an_opted_out_model_is_neither_submitted_nor_approved_nor_claimed(queue: Queue) -> None:
    waiting = queue.submit(spec("org/waiting"), who="visitor")
    pending = queue.submit(spec("org/pending"), who="visitor")
    other = queue.submit(spec("else/other"), who="visitor")
    failed = queue.submit(spec("org/failed"), who="visitor")
    queue.approve(failed.id, who="m")
    lease = queue.claim("w", HOUR).lease  # type: ignore[union-attr]
    queue.fail(failed.id, nonce=lease.nonce, failure="load_failed", message="no weights")  # type: ignore[union-attr]
    queue.approve(waiting.id, who="m", priority=9)
    queue.approve(other.id, who="m")
    queue.policies.opt_out("ORG", who="Alice", owns=["org"])
    for refused in (
        lambda: queue.submit(spec("org/new"), who="m", force=True, maintainer=True),
        lambda: queue.approve(pending.id, who="m"),
        lambda: queue.retry(failed.id, who="m"),
    ):
        with pytest.raises(OptedOut, match="Alice asked at 2026-11-24 21:00 KST"):
            refused()
    assert queue.claim("w", HOUR).id == other.id  # type: ignore[union-attr]
    assert queue.claim("w", HOUR) is None
    live = LiveQueue(queue, 3600)
    live.refresh()
    page = shown(live).get(f"/{QUEUE}").text
    assert page.count(said(OPTED_OUT, "ko")) == 2  # the waiting and the pending one
    assert "org/failed" not in page
    assert "번째" not in page, "it has no place among those that workers take"
    queue.policies.opt_in("org", who="m", maintainer=True)
    assert queue.claim("w", HOUR).id == waiting.id  # type: ignore[union-attr]


@pytest.mark.parametrize("content", DAMAGED[1:])
def test_with_a_damaged_policy_nothing_is_submitted_or_claimed_and_the_last_good_one_stays(
    queue: Queue, content: bytes, attacks: Attacks
) -> None:
    told: list[Policy | None] = []
    waiting = queue.submit(spec("else/waiting"), who="visitor")
    queue.approve(waiting.id, who="m")
    known = queue.policies.opt_out("org", who="a", owns=["org"])
    live = LiveQueue(queue, 3600, (lambda _, policy: told.append(policy),))
    live.refresh()
    queue.requests.commit({POLICY_PATH: content}, "Damage", queue.requests.head())
    live.refresh()
    assert told == [known, known]
    with pytest.raises(PolicyUnreadable):
        queue.submit(spec("else/new"), who="visitor")
    assert queue.claim("w", HOUR) is None
    assert queue.find(waiting.id).status is Status.QUEUED
    new = LiveQueue(queue, 3600, (lambda _, policy: told.append(policy),))
    new.refresh()
    assert told[-1] is None
    attacks.held("the policy", "damaged policy files", 1)


def test_the_command_line_keeps_and_prints_the_policy(tmp_path: Path) -> None:
    stores = {"KEL_REQUESTS_URL": f"file:{tmp_path}/requests.git", "KEL_RESULTS_URL": f"file:{tmp_path}/results.git"}

    def command(*arguments: str, fails: bool = False) -> str:
        ran = CliRunner(env=stores).invoke(app, [*arguments])
        assert (ran.exit_code != 0) == fails, ran.output
        return ran.stderr if fails else ran.stdout

    assert "--why" in command("hide", "org/name", PATH, fails=True)
    assert "no result of else/name" in command("hide", "else/name", "01234567", "--why", "수상함", fails=True)
    _, result = kept_result(open_store(stores["KEL_RESULTS_URL"]), spec("Else/name"))
    absent = ("confirm", "else/name", "01234567", "--doubt", "end_token", "--why", "맞음")
    assert "no result '01234567'" in command(*absent, fails=True)
    assert "no result of else/nme" in command("correct", "else/nme", "--license", "mit", "--why", "카드", fails=True)
    command("opt-out", "org", "--why", "소유자의 전자우편", "--by", "bob")
    command("hide", "else/name", result, "--why", "수상함", "--by", "bob")
    kept = json.loads(command("policy"))
    assert [(each["name"], each["who"], each["why"]) for each in kept["opted_out"]] == [
        ("org", "bob", "소유자의 전자우편")
    ]
    assert kept["hidden"][0]["result"] == result
    command("confirm", "else/name", result, "--doubt", "end_token", "--doubt", "other_data", "--why", "맞음")
    fields = ("--license", "mit", "--parameters", "7", "--dimension", "8", "--max-tokens", "9", "--encoder")
    command("correct", "else/name", *fields, "--closed-weights", "--why", "카드", "--by", "bob")
    kept = json.loads(command("policy"))
    assert kept["confirmed"][0]["doubts"] == ["end_token", "other_data"]
    assert kept["corrected"][0] | {"at": ""} == {
        "model": "else/name",
        "license": "mit",
        "parameters": 7,
        "embedding_dimension": 8,
        "max_tokens": 9,
        "llm_based": False,
        "open_weights": False,
        "who": "bob",
        "at": "",
        "why": "카드",
    }
    assert "end_token" in command("confirm", "else/name", result, "--doubt", "x", "--why", "맞음", fails=True)
    command("uncorrect", "else/name", "--field", "license")
    assert "license" not in json.loads(command("policy"))["corrected"][0]
    command("uncorrect", "else/name")
    command("unconfirm", "else/name", result)
    command("unhide", "else/name", result)
    command("opt-in", "ORG")
    assert json.loads(command("policy")) == {"schema": 1}
    assert "is not opted out" in command("opt-in", "org", fails=True)


def test_a_result_is_known_by_path_or_id_in_any_case_of_its_name_also_among_several_in_one_file() -> None:
    store = MemoryStore()
    path, spec_id = kept_result(store, spec("Org/Name"))
    several = b"".join(
        json.dumps(json.loads(dump_result(reported(name)))).encode() + b"\n" for name in ("else/one", "else/two")
    )
    files = {"results/imported/all.jsonl": several + b"{", "results/org__name/damaged.json": b"org/name {"}
    store.commit(dict(files), "Add results", store.head())
    listed = reported("else/two").spec.id
    for model, result in (
        ("org/name", None),
        ("ORG/NAME", path),
        ("org/name", spec_id[:8]),
        (" Org/Name ", spec_id),
        ("else/TWO", None),
        ("else/two", "results/imported/all.jsonl"),
        ("else/two", listed[:12]),
        ("no name", "x"),
    ):
        refuse_unknown(store, model, result)
    for model, result, refusal in (
        ("org/nam", None, "no result of org/nam;"),
        ("else/three", listed[:8], "no result of else/three;"),
        ("else/one", path, "no result 'results/Org__Name"),
        ("org/name", spec_id[:8] + "f" * 56, "no result '"),
        ("org/name", "results/org__name/damaged.json", "no result 'results/org__name/damaged.json' of org/name;"),
    ):
        with pytest.raises(QueueError, match=refusal):
            refuse_unknown(store, model, result)
