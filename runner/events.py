"""What an evaluation tells while it runs: read from its pipes as fast as it comes, in bounded memory, and cleaned.

Events have a pipe of their own; whatever is in the log is log. A model's code may write to both, so that an event is
only what this module makes of a line: known names, tasks of the job, numbers and texts within bounds.
"""

import json
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, Self, get_args

from evaluator.cleaning import bounded_int, clean_text
from evaluator.errors import FAILURE_CLASSES
from evaluator.progress import MESSAGE_LENGTH, Phase
from runner.bounds import bounded_float
from runner.logs import KEPT_LENGTH, KEPT_LINES

Event = Mapping[str, Any]

EVENT_BYTES = 8192
"""A longer line of the pipe of events is none: a failure's message of 1,000 characters fits."""

LOG_BYTES = 4 * KEPT_LENGTH
"""Bytes of a line of the log that are looked at."""

ONLY_A_WORKER_KNOWS = frozenset({"worker_lost", "timeout"})
CHILD_FAILURES = frozenset(FAILURE_CLASSES) - ONLY_A_WORKER_KNOWS
"""Failure classes that are taken from an evaluation; any other that it names is `internal`."""

PHASES: tuple[str, ...] = get_args(Phase)
PROGRESS = ("phase", "task", "tokens_done", "tokens_total", "tokens_per_second", "remaining_seconds", "score")
"""What the events `progress` and `task` hold besides their name."""

_LARGEST = 10**15
_CHUNK = 1 << 16
_LAST_WORDS_SECONDS = 2.0


def parse_event(line: bytes, tasks: Collection[str]) -> Event | None:
    """The event in a line of the pipe, cleaned and bounded; None if it is none. `tasks` are the ids of the job's."""
    if len(line) > EVENT_BYTES:
        return None
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    match told.get("event"):
        case "progress":
            return {"event": "progress", **_progress(told, tasks)}
        case "task" if _of(told.get("task"), tasks) is not None:
            return {"event": "task", "task": told["task"], "score": bounded_float(told.get("score"), -1.0, 1.0)}
        case "failed":
            message = clean_text(told.get("message"), MESSAGE_LENGTH) or "The evaluation gave no reason."
            return {"event": "failed", "class": failure_class(told.get("class")), "message": message}
        case _:
            return None


def failure_class(told: object) -> str:
    """The class that an evaluation names, if it is one that it can know; `internal` if not."""
    return told if isinstance(told, str) and told in CHILD_FAILURES else "internal"


def progress_of(event: Event) -> dict[str, float | int | str | None]:
    """What the lease keeps of an event `progress` or `task`: known names alone."""
    return {name: event[name] for name in PROGRESS if event.get(name) is not None}


def _progress(told: Mapping[str, Any], tasks: Collection[str]) -> dict[str, Any]:
    return {
        "phase": _of(told.get("phase"), PHASES),
        "task": _of(told.get("task"), tasks),
        "tokens_done": bounded_int(told.get("tokens_done"), 0, _LARGEST),
        "tokens_total": bounded_int(told.get("tokens_total"), 0, _LARGEST),
        "tokens_per_second": bounded_float(told.get("tokens_per_second"), 0.0, _LARGEST),
        "remaining_seconds": bounded_float(told.get("remaining_seconds"), 0.0, _LARGEST),
    }


def _of(value: object, known: Collection[str]) -> str | None:
    return value if isinstance(value, str) and value in known else None


class Lines:
    """Bytes as they come -> lines. Of a line longer than `limit` bytes, `limit` + 1 are kept and the rest dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._line = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that end in `data`, without their line ends; each step of a progress bar is a line."""
        *ended, begun = data.replace(b"\r", b"\n").split(b"\n")
        lines = []
        for part in ended:
            lines.append(self._line + part[: self._limit + 1 - len(self._line)])
            self._line = b""
        self._line += begun[: self._limit + 1 - len(self._line)]
        return lines

    def rest(self) -> bytes:
        """The last line, which has no end."""
        return self._line


class Inbox:
    """Events on their way to the listener, in order. Each task ends once; of progress that waits, the latest stays.

    So it never holds more than a few events, however many come.
    """

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._seen: set[tuple[str, str | None]] = set()

    def put(self, event: Event) -> None:
        if event["event"] == "progress":
            if self._waiting and self._waiting[-1]["event"] == "progress":
                self._waiting.pop()
        else:
            key = event["event"], event.get("task")
            if key in self._seen:
                return
            self._seen.add(key)
        self._waiting.append(event)

    def take(self) -> Event | None:
        return self._waiting.popleft() if self._waiting else None

    def __len__(self) -> int:
        return len(self._waiting)


class ChildOutput:
    """Reads a child's log and its events in a thread of its own, until both are closed. Use it in `with`.

    `log` and `events` are descriptors of the pipes; `tasks` the ids of the job's tasks.
    """

    def __init__(self, log: int, events: int, tasks: Collection[str]) -> None:
        self._log, self._events, self._tasks = log, events, tasks
        self._tail: deque[bytes] = deque(maxlen=KEPT_LINES)
        self._inbox = Inbox()
        self._changed = threading.Condition()
        self._closing: float | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Read what is left, for two seconds at most: a process that the child left behind may hold the pipes open."""
        self._closing = time.monotonic() + _LAST_WORDS_SECONDS
        self._thread.join()

    @property
    def ended(self) -> bool:
        """Whether nobody can write to the pipes any more, and all is read."""
        return self._ended

    def next_event(self, seconds: float) -> Event | None:
        """The next event; None if none comes in time, or ever."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._inbox) > 0 or self._ended, seconds)
            return self._inbox.take()

    def log_lines(self) -> list[str]:
        """The last lines of the log, as they are."""
        return [line.decode("utf-8", errors="replace") for line in list(self._tail)]

    def _read(self) -> None:
        lines = {self._log: Lines(LOG_BYTES), self._events: Lines(EVENT_BYTES)}
        try:
            with selectors.DefaultSelector() as selector:
                for descriptor in lines:
                    selector.register(descriptor, selectors.EVENT_READ)
                while selector.get_map():
                    ready = selector.select(0.1)
                    if self._closing is not None and (not ready or time.monotonic() > self._closing):
                        break
                    for key, _ in ready:
                        data = os.read(key.fd, _CHUNK)
                        if not data:
                            selector.unregister(key.fd)
                        self._keep(key.fd, lines[key.fd].feed(data))
            self._keep(self._log, [lines[self._log].rest()])
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _keep(self, descriptor: int, lines: list[bytes]) -> None:
        if descriptor == self._log:
            self._tail.extend(line for line in lines[-10 * KEPT_LINES :] if line.strip())
            return
        with self._changed:
            for line in lines:
                if (event := parse_event(line, self._tasks)) is not None:
                    self._inbox.put(event)
            self._changed.notify_all()
