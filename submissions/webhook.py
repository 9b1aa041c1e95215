"""Tells the maintainers' chat of new submissions, failures and alarms of drift: messages to a webhook such as Slack's.

One thread sends. Whatever the other end does, neither the page nor the queue waits for it.
"""

import ipaddress
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import SecretStr

from evaluator.cleaning import clean_text
from evaluator.drift import DriftCheck, in_words
from submissions.files import Listing
from submissions.record import OPEN, Status, Submission
from submissions.words import DRIFT_TITLE, said

PAUSE = 60.0
"""Seconds between two messages, at least; what happens in between goes together."""

TIMEOUT = 5.0
"""Seconds that one step of sending may take."""

MOST_LINES = 30
"""Events in a message; of more, only their number is told."""

log = logging.getLogger(__name__)


class News:
    """What is new from one listing to the next: submissions that were made, and those that failed. So with alarms."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Status, int]] | None = None
        self._ringing: dict[tuple[str, datetime], str] | None = None

    def take(self, listing: Listing) -> list[str]:
        """A line for each event since the last listing; none for the first one, which is what was there before."""
        seen, self._seen = self._seen, {s.id: (s.status, len(s.history)) for s in listing.submissions}
        if seen is None:
            return []
        lines = []
        newest = max(seen, default="")
        for submission in reversed(listing.submissions):  # the listing is newest first
            before = seen.get(submission.id)
            if before == self._seen[submission.id]:
                continue
            if before is None and submission.status in OPEN:
                lines.append(f"새 제출 · new: {_named(submission)} ({_said(submission.submitted_by, 100)})")
            elif submission.status is Status.FAILED and submission.failure is not None:
                if before is None and submission.id < newest:
                    continue  # an old one, listed again because a newer one was queued again
                failure = submission.failure
                lines.append(f"실패 · failed: {_named(submission)}: {failure.failure}: {_said(failure.message, 300)}")
        return lines

    def rung(self, alarms: Sequence[DriftCheck]) -> list[str]:
        """A line for each alarm that began since the last call, and for each that is over; none for the first call.

        One that goes on is told once; one that begins anew in the same environment is another (as in the feed).
        """
        before = self._ringing
        self._ringing = {(each.environment, each.since or each.at): _environment(each) for each in alarms}
        if before is None:
            return []
        began = [
            f"{said(DRIFT_TITLE, 'ko')} · {said(DRIFT_TITLE, 'en')}: {_said(' · '.join(in_words(each)), 1000)}"
            for each in alarms
            if (each.environment, each.since or each.at) not in before
        ]
        over = [name for alarm, name in before.items() if alarm not in self._ringing]
        return [*began, *(f"경보 끝 · alarm is over: {name}" for name in over)]


def _environment(alarm: DriftCheck) -> str:
    return f"{alarm.environment} ({_said(alarm.fields.get('device', '–'), 100)})"


def _named(submission: Submission) -> str:
    return f"{submission.spec.model}@{(submission.spec.revision or '')[:12]} {submission.id}"


def _said(text: str, limit: int) -> str:
    """What a stranger wrote, in one line that calls nobody and links nowhere in the chat."""
    cleaned = clean_text(text, limit) or ""
    return cleaned.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "＠")


class Webhook:
    """Sends what is new to an address. `pause` waits between two messages; it returns True to end."""

    def __init__(self, address: SecretStr, pause: Callable[[], bool] | None = None) -> None:
        """
        Raises:
            ValueError: the address is neither https nor http on this machine; the text does not tell it.
        """
        self._address = address.get_secret_value()
        self._opener = urllib.request.build_opener(_NoRedirect(), *_handlers(self._address))
        self._news = News()
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._ringing = threading.Lock()
        self._something = threading.Event()
        self._stop = threading.Event()
        self._pause = pause or (lambda: self._stop.wait(PAUSE))
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def tell(self, listing: Listing) -> None:
        """Send, soon, what is new in this listing; waits for nothing. Not to be called by two threads at once."""
        self._soon(self._news.take(listing))

    def ring(self, alarms: Sequence[DriftCheck]) -> None:
        """Send, soon, which alarms are new among these and which are over; any thread may call it, and waits for
        nothing. The first call tells what was there before: it sends nothing."""
        with self._ringing:
            self._soon(self._news.rung(alarms))

    def _soon(self, lines: list[str]) -> None:
        if lines:
            with self._lock:
                self._lines += lines
                del self._lines[1000:]
            self._something.set()

    def stop(self) -> None:
        """End the thread; what waits is not sent."""
        self._stop.set()
        self._something.set()

    def _run(self) -> None:
        while True:
            self._something.wait()
            if self._stop.is_set():
                return
            with self._lock:
                lines, self._lines = self._lines, []
                self._something.clear()
            more = [f"… +{len(lines) - MOST_LINES}"] if len(lines) > MOST_LINES else []
            self._send("\n".join([*lines[:MOST_LINES], *more]))
            if self._pause():
                return

    def _send(self, text: str) -> None:
        request = urllib.request.Request(
            self._address,
            json.dumps({"text": text}, ensure_ascii=False).encode(),
            {"Content-Type": "application/json; charset=utf-8", "User-Agent": "korean-embedding-leaderboard"},
        )
        try:
            self._opener.open(request, timeout=TIMEOUT).close()
            self._failing = False
        except Exception as error:  # of whatever kind: the message is lost, and nothing else
            if not self._failing:  # said once, until a message gets through again
                what = f"status {error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
                log.warning("the webhook does not take messages (%s); see KEL_WEBHOOK_URL", what)
            self._failing = True
            if isinstance(error, urllib.error.HTTPError):
                error.close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an error: what is sent goes to the address that was set, or nowhere."""

    def redirect_request(self, *_: object) -> None:
        return None


def _handlers(address: str) -> list[urllib.request.BaseHandler]:
    """What the address needs beside the usual: one on this machine is asked without a proxy.

    Raises:
        ValueError
    """
    refused = ValueError("KEL_WEBHOOK_URL has to begin with https://, or with http:// and an address of this machine")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise refused from None
    if not host or not address.isascii() or not address.isprintable() or " " in address:
        raise refused
    if parts.scheme == "http" and _is_loopback(host):
        return [urllib.request.ProxyHandler({})]
    if parts.scheme != "https":
        raise refused
    return []


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
