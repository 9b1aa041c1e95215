"""Checks of a model that run now: one a person, and a few of all together. Each makes requests to the Hub."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from submissions.errors import StillChecking


class Turns:
    """Who is having a model checked in this process. Holds at most `at_once` names, and those of maintainers."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._checking: set[str] = set()

    @contextmanager
    def of(self, who: str, *, maintainer: bool = False) -> Iterator[None]:
        """The turn of `who`, until the block ends. A maintainer does not wait for others.

        Raises:
            StillChecking: an earlier check of `who` runs, or too many of others do.
        """
        name = who.casefold()
        with self._lock:
            if name in self._checking:
                raise StillChecking(
                    "앞서 제출한 모델을 아직 확인하고 있습니다. 끝난 뒤에 다시 제출해 주세요.",
                    "A model is being checked for you already; submit again when that is done.",
                )
            if len(self._checking) >= self._at_once and not maintainer:
                raise StillChecking(
                    "지금 확인 중인 모델이 많습니다. 잠시 뒤에 다시 제출해 주세요.",
                    "Many models are being checked now; submit again in a while.",
                )
            self._checking.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._checking.discard(name)
