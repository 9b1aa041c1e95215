"""What visitors make the page read from the store: few files at a time, each once, and nobody waits for long."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Files that are read at a time for all visitors together."""

WAITING = 12
"""Visitors who wait for a file; more are soon told that it cannot be read now. Each waits in a thread of the web
server, which has forty, and answers everything else from the others."""

IN_LINE = 0.25
"""Seconds that one more visitor waits to be among them."""

PATIENCE = 1.0
"""Seconds that one visit waits, for all its files together, unless the settings say otherwise."""

FILES = 6
"""Files that one visit reads anew: a model's, in three precisions, and those of the sources that report of it."""

KEPT = 2000
"""Answers that are kept; those that were not asked for longest go first."""

Held = TypeVar("Held")


class _Reading(Generic[Held]):
    def __init__(self) -> None:
        self.done = threading.Event()
        self.found: Held | None = None


class Reads(Generic[Held]):
    """Values by key, each read once by a thread of its own while its visitor waits, and kept. Safe to share.

    `patience`: seconds that one visit waits, for all its files together. `most`: values that are kept.
    """

    def __init__(self, patience: float = PATIENCE, most: int = KEPT) -> None:
        self.patience = patience
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Held] = OrderedDict()
        self._begun: dict[Hashable, _Reading[Held]] = {}
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._running = threading.BoundedSemaphore(AT_ONCE)

    def visit(self) -> "Visit[Held]":
        """What one visitor may ask of it."""
        return Visit(self)

    def kept(self, key: Hashable) -> Held | None:
        """The value, if it is known."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def read(self, key: Hashable, read: Callable[[], Held | None], until: float) -> Held | None:
        """The value that `read` gives; None if it is not there by `until` (of the monotonic clock), or many wait."""
        if not self._waiting.acquire(timeout=min(IN_LINE, _until(until))):
            return None
        try:
            begun = self._begun.get(key) or self._begin(key, read, until)
            return begun.found if begun is not None and begun.done.wait(_until(until)) else None
        finally:
            self._waiting.release()

    def _begin(self, key: Hashable, read: Callable[[], Held | None], until: float) -> _Reading[Held] | None:
        """The reading of `key`, begun if nobody has; None if others are being read until then."""
        if not self._running.acquire(timeout=_until(until)):
            return None
        with self._lock:
            if key in self._begun:
                self._running.release()
                return self._begun[key]
            begun = self._begun[key] = _Reading()
        threading.Thread(target=self._run, args=(key, read, begun), name="read for visitors", daemon=True).start()
        return begun

    def _run(self, key: Hashable, read: Callable[[], Held | None], begun: _Reading[Held]) -> None:
        try:
            begun.found = read()
        except Exception as error:
            log.warning("%s is not readable: %s", key, error)
        with self._lock:
            if begun.found is not None:
                self._kept[key] = begun.found
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            del self._begun[key]
        self._running.release()
        begun.done.set()


class Visit(Generic[Held]):
    """One visitor's share: so many files, and so long for all of them."""

    def __init__(self, reads: Reads[Held]) -> None:
        self._reads = reads
        self._left = FILES
        self._until = time.monotonic() + reads.patience

    def get(self, key: Hashable, read: Callable[[], Held | None]) -> Held | None:
        """The value of `key`; None if it cannot be read now, or this visit has read enough."""
        found = self._reads.kept(key)
        if found is not None:
            return found
        if not self._left:
            return None
        self._left -= 1
        return self._reads.read(key, read, self._until)


def _until(moment: float) -> float:
    return max(0.0, moment - time.monotonic())
