"""What was found a moment ago: a few values, each for a while. May be shared by threads."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Keeps at most `most` values, none for longer than `seconds`.

    Args:
        clock: seconds, which never go back.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value | None:
        """The value of this key, if it is kept."""
        with self._lock:
            self._forget()
            found = self._kept.get(key)
            return found[1] if found else None

    def put(self, key: Key, value: Value) -> None:
        """Keep a value from now on; the oldest goes where there are too many."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (self._clock(), value)
            self._forget()

    def _forget(self) -> None:
        until = self._clock() - self._seconds
        for key in [key for key, (at, _) in self._kept.items() if at <= until]:
            del self._kept[key]
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
