"""A worker with a token for it comments on what it finished: once a commit, only where it is wanted, and harmlessly."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from pydantic import SecretStr, ValidationError

from evaluator.records import Environment, ModelResult
from evaluator.spec import ModelSpec, result_path
from leaderboard_data.publish import publish_change
from runner.comment import CLOSED, OPEN, Comments
from runner.work import Worker
from settings import Settings
from store.memory import MemoryStore
from store.update import update
from submissions.record import ResultReference, Status, Submission
from submissions.stored import Queue
from tests.hub.faults import Faults
from tests.hub.repositories import Discussion, Repositories, Repository
from tests.leaderboard_data.examples import measured
from tests.runner.conftest import queued, spec
from worker import comments

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
PAGE = "https://board.example"
TEXT = r"평균 {average} ({model}, {commit}, {suite}) {nothing}\n{link}\n{numbers}"


class Board:
    """A queue, a repository for its model on the Hub, and workers that comment."""

    def __init__(self, hub: Repositories, name: str) -> None:
        self.queue = Queue(MemoryStore(), MemoryStore())
        self.model = f"comments/{name}"
        self.repository: Repository = hub.create("models", self.model)
        self.said: list[dict[str, Any]] = []
        self.at = NOON

    def comments(self, token: str = "hf_commenting") -> Comments:
        return Comments(
            self.queue,
            SecretStr(token),
            text=TEXT,
            public_url=PAGE,
            say=lambda event, **fields: self.said.append({"event": event, **fields}),
            now=lambda: self.at,
        )

    def finished(self, result: ModelResult | None = None, model: str = "") -> Submission:
        """A submission whose result is published: as `work` leaves it."""
        result = result or measured(model or self.model, 0.5)
        made = self.queue.submit(result.spec, who="visitor", force=True, maintainer=True)
        self.queue.approve(made.id, who="m")
        held = self.queue.claim("w", timedelta(hours=1))
        assert held is not None
        assert held.lease is not None
        revision = update(self.queue.results, publish_change(result))
        reference = ResultReference(path=result_path(result.spec), revision=revision)
        return self.queue.finish(held.id, nonce=held.lease.nonce, result=reference)

    @property
    def there(self) -> list[Discussion]:
        assert self.repository.discussions is not None
        return self.repository.discussions

    @property
    def kept(self) -> dict[str, str]:
        """What the requests store holds of comments: folder -> outcome."""
        paths = self.queue.requests.list("comments")
        found = {path: json.loads(self.queue.requests.read(path)) for path in paths}
        return {path.rpartition("/")[0]: record.get("outcome", "") for path, record in found.items()}

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.said]


@pytest.fixture
def board(hub: Repositories, faults: Faults, request: pytest.FixtureRequest) -> Board:
    hub.add_user("hf_commenting", "board-bot")
    faults.clear()
    return Board(hub, hashlib.sha256(request.node.name.encode()).hexdigest()[:12])


def test_a_finished_result_is_told_once_with_its_numbers_and_the_link(board: Board) -> None:
    submission = board.finished()
    board.comments()(submission)
    (told,) = board.there
    assert (told.author, told.pull_request) == ("board-bot", False)
    assert told.title == "한국어 임베딩 리더보드 결과 · Korean embedding leaderboard (0123456789ab)"
    first, link, *numbers, _, mark = told.text.split("\n")
    assert first == f"평균 50.00 ({board.model}, 0123456789ab, ko-v1) {{nothing}}"
    assert link == f"{PAGE}/?model={board.model}"
    assert len(numbers) == 4
    assert all(line.startswith("- ") and line.endswith(": 50.00") for line in numbers)
    assert mark == f"`korean-embedding-leaderboard {board.model}@{submission.spec.revision}`"
    assert board.kept == {CLOSED: "made"}
    assert board.said == [
        {
            "event": "comment",
            "submission": submission.id,
            "model": board.model,
            "outcome": "made",
            "told": f"{board.comments()._api.endpoint}/{board.model}/discussions/1",
        }
    ]
    board.comments()(submission)
    board.comments()(board.finished())
    assert len(board.there) == 1, "another result of the same commit says nothing new"
    board.comments()(board.finished(measured(board.model, 0.6, revision="c" * 40)))
    assert len(board.there) == 2, "another commit is another thing"


def doubted() -> Environment:
    return Environment(dtype="float32", warnings=("end_token",))


UNFIT: dict[str, Callable[[Board], Submission]] = {
    "opted out": lambda board: board.finished(),
    "hidden": lambda board: board.finished(),
    "in doubt": lambda board: board.finished(measured(board.model, 0.5, environment=doubted())),
    "a task is missing": lambda board: board.finished(measured(board.model, 0.5, missing=("STS17",))),
    "a task failed": lambda board: board.finished(measured(board.model, 0.5, failed=("STS17",))),
    "local": lambda board: board.finished(
        measured(board.model, 0.5, spec=ModelSpec(model=board.model, revision="d" * 40, source="local"))
    ),
    "not finished": lambda board: queued(board.queue, board.model),
}


@pytest.mark.parametrize("why", UNFIT)
def test_what_is_not_to_be_told_is_not(board: Board, faults: Faults, why: str) -> None:
    submission = UNFIT[why](board)
    if why == "opted out":
        board.queue.policies.opt_out("Comments", who="owner", owns=["comments"])
    if why == "hidden":
        board.queue.policies.hide(board.model.upper(), "01234567", who="m", why="looked odd")
    board.comments()(submission)
    assert board.there == []
    assert board.kept == {}
    assert board.events == ["no_comment"], board.said
    assert faults.asked("discussions") == 0


def test_a_doubt_that_a_maintainer_ended_does_not_stand_in_the_way(board: Board) -> None:
    submission = UNFIT["in doubt"](board)
    board.queue.policies.confirm(board.model, submission.spec.id[:8], ["end_token"], who="m", why="right")
    board.comments()(submission)
    assert len(board.there) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after", "match": "POST .*/discussions"},
        {"kind": "refuse_after", "match": "POST .*/discussions", "status": 502},
        {"kind": "drop", "match": "GET .*/discussions/1"},
        {"kind": "garble", "match": "GET .*/discussions/1", "body": b"[]"},
    ],
)
def test_after_a_lost_answer_the_comment_is_found_and_not_made_again(
    board: Board, faults: Faults, fault: dict[str, Any]
) -> None:
    submission = board.finished()
    faults.add(**fault)
    board.comments()(submission)
    assert faults.injected == 1
    assert len(board.there) == 1
    assert board.kept == {CLOSED: "made"}, board.said
    assert faults.asked("POST .*/discussions") == 1


@pytest.mark.parametrize(
    "fault", [{"kind": "drop"}, {"kind": "refuse", "status": 429}, {"kind": "refuse", "status": 503}]
)
def test_what_was_not_made_is_made_later_by_whoever_works_then(
    board: Board, faults: Faults, fault: dict[str, Any], hub: Repositories
) -> None:
    faults.add(match="POST .*/discussions", **fault)
    board.comments()(board.finished())
    assert board.there == []
    assert board.events == ["comment_waits"], board.said
    assert board.kept == {OPEN: ""}
    hub.create("models", f"{board.model}-2")
    board.at += timedelta(minutes=50)
    board.comments()(board.finished(model=f"{board.model}-2"))
    assert board.there == [], "whoever meant to make it may still be about to"
    board.at += timedelta(minutes=11)
    board.comments()(board.finished(measured(f"{board.model}-2", 0.5, revision="c" * 40)))
    assert len(board.there) == 1
    assert board.kept == {CLOSED: "made"}


def test_a_worker_that_died_after_the_comment_leaves_no_second_one(board: Board, faults: Faults) -> None:
    submission = board.finished()
    for match in ("POST .*/discussions", "GET .*/discussions", "GET .*/whoami"):
        faults.add("drop_after", match, times=9)
    board.comments()(submission)
    assert len(board.there) == 1
    assert board.kept == {OPEN: ""}
    assert board.events == ["comment_failed"], board.said
    faults.clear()
    board.at += timedelta(hours=2)
    board.comments()(submission)
    assert len(board.there) == 1
    assert board.kept == {CLOSED: "made"}
    assert faults.asked("POST .*/discussions") == 0


def test_an_owner_who_opts_out_meanwhile_is_not_told_later(board: Board, faults: Faults) -> None:
    submission = board.finished()
    faults.add("drop", "POST .*/discussions")
    board.comments()(submission)
    board.queue.policies.opt_out(board.model, who="owner", owns=["comments"])
    board.at += timedelta(hours=2)
    board.comments()(submission)
    assert board.there == []
    assert board.kept == {CLOSED: "refused"}


def test_of_many_workers_one_comments(board: Board, faults: Faults) -> None:
    submission = board.finished()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: board.comments()(submission), range(8)))
    assert len(board.there) == 1
    assert faults.asked("POST .*/discussions") == 1
    assert board.events == ["comment"]


def test_only_a_comment_of_ours_on_this_commit_counts_as_made(board: Board, faults: Faults) -> None:
    submission = board.finished()
    mark = f"`korean-embedding-leaderboard {board.model}@{submission.spec.revision}`"
    board.there.extend(Discussion("board-bot", f"older {n}", f"text\n\n{mark[:-5]}{n:04}`", NOON) for n in range(25))
    board.there.append(Discussion("a-stranger", "me too", mark, NOON))
    board.there.append(Discussion("board-bot", "a change", mark, NOON, pull_request=True))
    faults.add("drop", "POST .*/discussions")
    board.comments()(submission)
    assert board.events == ["comment_waits"], "none of these is it"
    board.at += timedelta(hours=2)
    board.comments()(submission)
    assert len(board.there) == 28
    board.there.insert(0, Discussion("board-bot", "renamed", "x", NOON))
    assert board.kept == {CLOSED: "made"}


def test_a_repository_without_discussions_is_asked_once(board: Board, faults: Faults) -> None:
    submission = board.finished()
    board.repository.discussions = None
    board.comments()(submission)
    board.at += timedelta(hours=2)
    board.comments()(submission)
    assert board.kept == {CLOSED: "refused"}
    assert faults.asked("POST .*/discussions") == 1
    assert board.said[0]["told"] == "the Hub answered HTTP 403"


def test_with_a_wrong_token_it_waits_for_a_right_one(board: Board) -> None:
    submission = board.finished()
    board.comments(token="hf_mistyped")(submission)
    assert (board.there, board.kept) == ([], {OPEN: ""})
    assert "hf_mistyped" not in str(board.said)
    board.at += timedelta(hours=2)
    board.comments()(submission)
    assert len(board.there) == 1


def test_a_damaged_intention_is_named_and_left_out(board: Board) -> None:
    requests = board.queue.requests
    requests.commit({f"{OPEN}/damaged.json": b"{"}, "Damage", requests.head())
    board.comments()(board.finished())
    assert len(board.there) == 1
    assert board.events == ["comment", "unreadable"]


def test_a_worker_comments_after_it_finished_and_no_trouble_with_that_is_the_submissions(
    board: Board, faults: Faults, make_worker: Callable[..., Worker], queue: Queue, hub: Repositories
) -> None:
    board.queue = queue
    for name in ("one", "two"):
        hub.create("models", f"{board.model}-{name}")
    ids = [queued(queue, f"{board.model}-{name}").id for name in ("one", "two")]
    faults.add("refuse", "discussions|whoami", times=2, status=500)
    make_worker(finished=board.comments()).run(once=True)
    assert [queue.find(each).status for each in ids] == [Status.FINISHED] * 2
    told = [len(hub.get("models", f"{board.model}-{name}").discussions or []) for name in ("one", "two")]
    assert sorted(told) == [0, 1]
    assert board.events[-1] == "comment"


def test_the_settings_turn_it_on_and_name_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(MemoryStore(), MemoryStore())
    assert comments(queue, Settings(), "w")(queued(queue, spec().model)) is None, "off by default"
    with pytest.raises(typer.BadParameter, match="KEL_PUBLIC_URL"):
        comments(queue, Settings(comment_token=SecretStr("hf_x")), "w")
    on = Settings(comment_token=SecretStr("hf_x"), public_url="https://board.example/")
    assert isinstance(comments(queue, on, "w"), Comments)
    assert "hf_x" in on.secrets()
    monkeypatch.setenv("KEL_COMMENT_TEXT", "{avarage}")
    with pytest.raises(ValidationError, match=r"there is no \{avarage\}; the fields: model, commit"):
        Settings()
    monkeypatch.setenv("KEL_COMMENT_TEXT", "x" * 2001)
    with pytest.raises(ValidationError):
        Settings()
