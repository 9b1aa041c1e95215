"""The webhook, against a small server of its own: what is told, how often, and that nothing of it disturbs the page."""

import json
import logging
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from evaluator.drift import compare
from evaluator.spec import ModelSpec
from store.memory import MemoryStore
from submissions.live import LiveQueue
from submissions.record import Failure, Status, Submission, dump_submission
from submissions.stored import Queue
from submissions.webhook import MOST_LINES, News, Webhook
from tests.attacks import Attacks
from tests.evaluator.test_drift import NOON, check
from tests.submissions.test_alarms import ALARM, HOSTILE, WEEK
from tests.submissions.test_listing import submission

LONG = 30


class Chat(ThreadingHTTPServer):
    """Keeps what it is told; `answers` are the statuses that it gives next, 200 where there is none."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers: list[int] = []

    @property
    def address(self) -> SecretStr:
        return SecretStr(f"http://127.0.0.1:{self.server_port}/hooks/s3cret")

    def next_text(self) -> str:
        told = self.told.get(timeout=LONG)
        assert set(told) == {"text"}
        return str(told["text"])


class _Handler(BaseHTTPRequestHandler):
    server: Chat

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.told.put(json.loads(body) if self.path == "/hooks/s3cret" else {"elsewhere": self.path})

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def chat() -> Iterator[Chat]:
    server = Chat()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Pauses:
    """Stands for the minute between two messages: `paused` comes after each message, `go` lets the next one go."""

    def __init__(self) -> None:
        self.paused = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self) -> bool:
        self.paused.release()
        return not self.go.acquire(timeout=LONG)


def live_queue(*listeners: Any) -> LiveQueue:
    return LiveQueue(Queue(MemoryStore(), MemoryStore()), 3600, listeners)


def spec(number: int) -> ModelSpec:
    return ModelSpec(model=f"org/model-{number}", revision="ab" * 20)


def put(live: LiveQueue, *made: Submission) -> None:
    requests = live.queue.requests
    gone = {path: None for path in requests.list() if any(s.id in path for s in made)}
    requests.commit({**gone, **{s.path: dump_submission(s) for s in made}}, "Put", requests.head())
    live.refresh()


def test_new_submissions_and_failures_are_told_once_those_of_a_minute_together(chat: Chat) -> None:
    pauses = Pauses()
    webhook = Webhook(chat.address, pauses)
    live = live_queue(lambda listing, _: webhook.tell(listing))
    put(live, submission(1), submission(2, Status.FAILED, failure=Failure(failure="internal", message="old")))
    put(live, submission(3, submitted_by="alice"))
    assert chat.next_text() == f"새 제출 · new: org/model-3@abababababab {submission(3).id} (alice)"
    assert pauses.paused.acquire(timeout=LONG)
    put(live, submission(4))
    put(live, submission(3, Status.FAILED, failure=Failure(failure="load_failed", message="no <weights>\nat all")))
    put(live, submission(1, Status.QUEUED))
    assert chat.told.empty(), "the minute is not over"
    pauses.go.release()
    first, second = chat.next_text().splitlines()
    assert first.startswith("새 제출 · new: org/model-4@")
    assert second.endswith(f"{submission(3).id}: load_failed: no &lt;weights&gt; at all")
    assert chat.told.empty()
    webhook.stop()
    pauses.go.release()


def test_an_alarm_is_told_once_and_again_when_it_is_over(chat: Chat) -> None:
    pauses = Pauses()
    webhook = Webhook(chat.address, pauses)
    old = HOSTILE.model_copy(update={"environment": "0" * 16})
    webhook.ring((old,))
    webhook.ring((old, ALARM))
    text = chat.next_text()
    assert text.startswith("점수 변동 경보 · Scores moved: ")
    assert (ALARM.environment in text, "KorSTS" in text, "\n" in text) == (True, True, False)
    assert pauses.paused.acquire(timeout=LONG)
    goes_on = compare(check(), check(0.7, NOON + 2 * WEEK), ALARM)
    webhook.ring((old, goes_on))
    webhook.ring((old, goes_on))
    webhook.ring(())
    pauses.go.release()
    over = chat.next_text().splitlines()
    assert over == [
        f"경보 끝 · alarm is over: {'0' * 16} (&lt;script&gt;alert(1)&lt;/script&gt;)",
        f"경보 끝 · alarm is over: {ALARM.environment} (cpu x86_64)",
    ]
    assert chat.told.empty()
    webhook.stop()
    pauses.go.release()


def test_an_alarm_that_begins_anew_is_another() -> None:
    news = News()
    assert news.rung(()) == []
    assert len(news.rung((ALARM,))) == 1
    anew = compare(check(), check(0.6, NOON + 2 * WEEK), ALARM)
    began, over = news.rung((anew,))
    assert (began[:8], over[:4]) == ("점수 변동 경보", "경보 끝")


def test_a_flood_is_one_short_message(chat: Chat, attacks: Attacks) -> None:
    webhook = Webhook(chat.address, lambda: True)
    live = live_queue(lambda listing, _: webhook.tell(listing))
    live.refresh()
    put(live, *(submission(number, submitted_by="<!channel> @here ‮" * 10) for number in range(500)))
    text = chat.next_text()
    assert text.splitlines()[-1] == f"… +{500 - MOST_LINES}"
    assert len(text) < 10_000
    assert not set(text) & set("<>‮")
    assert "@here" not in text
    attacks.held("the webhook", "submissions at once", 500)


def test_an_old_failure_that_is_listed_again_is_no_news() -> None:
    news = News()
    old = submission(1, Status.FAILED, failure=Failure(failure="internal", message="long ago"))
    live = live_queue()
    put(live, submission(2))
    assert news.take(live.queue.listing()) == []
    put(live, old)
    assert news.take(live.queue.listing()) == []


def test_a_webhook_that_fails_is_said_once_and_follows_no_redirect(
    chat: Chat, caplog: pytest.LogCaptureFixture, attacks: Attacks
) -> None:
    caplog.set_level(logging.WARNING, logger="submissions.webhook")
    pauses = Pauses()
    webhook = Webhook(chat.address, pauses)
    live = live_queue(lambda listing, _: webhook.tell(listing))
    live.refresh()
    chat.answers = [500, 302, 307, 200, 404]
    logged = []
    for number in range(5):
        put(live, submission(number))
        assert "new: " in chat.next_text()
        assert pauses.paused.acquire(timeout=LONG)
        logged.append(len(caplog.records))
        pauses.go.release()
    assert logged == [1, 1, 1, 1, 2]
    assert chat.told.empty(), "a redirect was followed"
    assert "status 500" in caplog.text
    assert "s3cret" not in caplog.text
    webhook.stop()
    attacks.held("the webhook", "answers that are no success", 4)


def test_nobody_at_the_other_end_does_not_disturb_the_queue(caplog: pytest.LogCaptureFixture) -> None:
    pauses = Pauses()
    server = Chat()
    server.server_close()  # its port is refused now
    webhook = Webhook(server.address, pauses)
    live = live_queue(lambda listing, _: webhook.tell(listing))
    live.refresh()
    live.queue.submit(spec(1), who="v")
    live.refresh()
    assert pauses.paused.acquire(timeout=LONG)
    assert "does not take messages (URLError)" in caplog.text
    assert len(live.submissions or ()) == 1
    webhook.stop()
    pauses.go.release()


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/s3cret",
        "http://127.0.0.1.example.com/s3cret",
        "http://127.0.0.1@example.com/s3cret",
        "ftp://127.0.0.1/s3cret",
        "file:///s3cret",
        "https:///s3cret",
        "https://[s3cret",
        "https://host:port/s3cret",
        "https://example.com/s3cret\r\nX: y",
        "s3cret",
        "",
    ],
)
def test_other_addresses_are_refused_without_being_told(address: str) -> None:
    with pytest.raises(ValueError, match="KEL_WEBHOOK_URL") as told:
        Webhook(SecretStr(address))
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("address", ["https://hooks.example/x", "http://localhost:1/x", "http://[::1]:1/x"])
def test_https_and_this_machine_are_taken(address: str) -> None:
    Webhook(SecretStr(address)).stop()
