"""Progress of an evaluation, for people (a bar) and for programs (JSON lines)."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol, TextIO

Phase = Literal["load", "data", "encode", "score", "curves"]


class Progress(Protocol):
    """What an evaluation tells while it runs."""

    def phase(self, phase: Phase, task: str | None = None) -> None:
        """A phase has begun, for one task or for all."""
        ...

    def tokens(self, done: int, total: int, task: str | None) -> None:
        """So many of the tokens (without padding) are encoded; `task` is the one that the last batch began with.

        `total` is an estimate until the last texts are tokenised.
        """
        ...

    def task(self, task: str, score: float | None) -> None:
        """A task is finished; None: it has no score."""
        ...


class Silent:
    """Tells nothing."""

    def phase(self, phase: Phase, task: str | None = None) -> None: ...

    def tokens(self, done: int, total: int, task: str | None) -> None: ...

    def task(self, task: str, score: float | None) -> None: ...


MESSAGE_LENGTH = 1000
"""Characters of a failure's message that are told."""


def descriptor_stream(descriptor: int) -> TextIO:
    """The stream of a descriptor that this process was given; processes that it starts do not get it.

    Raises:
        OSError: there is no such descriptor, or it cannot be written.
    """
    os.set_inheritable(descriptor, False)
    return open(descriptor, "w", encoding="utf-8", errors="replace")


class JsonLines:
    """One JSON object a line on stderr, or on another stream. Token counts come at most once a second."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._started: tuple[float, int] | None = None
        self._told: float | None = None

    def emit(self, **event: Any) -> None:
        """Write one event."""
        self._stream.write(json.dumps(event, ensure_ascii=False) + "\n")
        self._stream.flush()

    def phase(self, phase: Phase, task: str | None = None) -> None:
        self._progress(phase, task, None, None, None)

    def tokens(self, done: int, total: int, task: str | None) -> None:
        now = self._clock()
        if self._started is None:
            self._started = (now, done)
        if done < total and self._told is not None and now - self._told < 1:
            return
        self._told = now
        elapsed, since = now - self._started[0], done - self._started[1]
        self._progress("encode", task, done, total, since / elapsed if elapsed > 0 and since > 0 else None)

    def _progress(
        self, phase: Phase, task: str | None, done: int | None, total: int | None, rate: float | None
    ) -> None:
        remaining = (total - done) / rate if rate and done is not None and total is not None else None
        self.emit(
            event="progress",
            phase=phase,
            task=task,
            tokens_done=done,
            tokens_total=total,
            tokens_per_second=round(rate, 1) if rate else None,
            remaining_seconds=round(remaining, 1) if remaining is not None else None,
        )

    def task(self, task: str, score: float | None) -> None:
        self.emit(event="task", task=task, score=score)

    def failed(self, failure: str, message: str) -> None:
        """The evaluation ends without a result."""
        self.emit(event="failed", **{"class": failure}, message=message[:MESSAGE_LENGTH])


class Bar:
    """A bar on a terminal, plain lines elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from tqdm import tqdm

        self._stream = stream if stream is not None else sys.stderr
        self._bar = tqdm(
            total=None, unit="tok", unit_scale=True, file=self._stream, disable=not self._stream.isatty(), leave=False
        )

    def phase(self, phase: Phase, task: str | None = None) -> None:
        text = {
            "load": "loading the model",
            "data": "reading",
            "encode": "encoding",
            "score": "scoring",
            "curves": "scoring smaller vectors of",
        }[phase]
        self._say(f"{text} {task}" if task else text)

    def tokens(self, done: int, total: int, task: str | None) -> None:
        self._bar.total = total
        self._bar.set_description(f"encoding {task}" if task else "encoding", refresh=False)
        self._bar.update(done - self._bar.n)

    def task(self, task: str, score: float | None) -> None: ...

    def _say(self, text: str) -> None:
        if self._bar.disable:
            self._stream.write(text + "\n")
            self._stream.flush()
        else:
            self._bar.set_description(text)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


class Clock:
    """Seconds by phase."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        self._tell.phase(phase)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] = round(time.perf_counter() - started, 3)
