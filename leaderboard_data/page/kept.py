"""What was made last for visitors, kept so that the next one who asks the same gets it at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Kept:
    """The values that were asked for last, at most `most`; safe to use from any thread.

    Who asks for what is being made waits for it: fifty visitors at once cost one making. What fails is not kept.
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made by `make` where it is not kept.

        Raises:
            whatever `make` raises; also for those who waited for it.
        """
        with self._lock:
            known = self._held.get(key)
            if known is None:
                future: Future[T] = Future()
                self._held[key] = future
                while len(self._held) > self._most:
                    self._held.popitem(last=False)
            else:
                self._held.move_to_end(key)
        if known is not None:
            found: T = known.result()
            return found
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                if self._held.get(key) is future:
                    del self._held[key]
            future.set_exception(error)
            raise
        future.set_result(made)
        return made
