"""What works until it is stopped: a worker, or the driver of rented ones."""

import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed


class Loop(ABC):
    """Runs until `stop`; what it holds then, it gives back or leaves to the next one."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    @abstractmethod
    def run(self, *, once: bool = False, poll_seconds: float = 30.0) -> None:
        """Work until stopped; with `once` only until there is nothing to do."""

    def stop(self) -> None:
        """Begin nothing more. May be called from a signal handler, and by any thread."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it is to end."""
        return self._stop.is_set()


def serve(workers: Sequence[Loop], *, once: bool, poll_seconds: float) -> None:
    """Run `workers`; the first SIGTERM or SIGINT lets them give back what they hold, a second one ends all at once.

    Raises:
        StoreError: one of them cannot go on; the others have been stopped.
    """

    def drain(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop()

    def stop() -> None:
        for worker in workers:
            worker.stop()

    signal.signal(signal.SIGTERM, drain)
    signal.signal(signal.SIGINT, drain)
    if len(workers) == 1:
        workers[0].run(once=once, poll_seconds=poll_seconds)
        return
    with ThreadPoolExecutor(len(workers)) as pool:
        for ended in as_completed([pool.submit(w.run, once=once, poll_seconds=poll_seconds) for w in workers]):
            if ended.exception() is not None:
                stop()
            ended.result()
