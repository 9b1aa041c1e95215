"""Looks at a store's head in the background, so that nobody who only reads has to wait for the store."""

import logging
import threading
from collections.abc import Callable

from store import Store
from store.errors import StoreError, asked_to_wait
from store.update import Snapshot

log = logging.getLogger(__name__)


class Watch:
    """Calls `changed` with a snapshot of the head, once for each new revision that it sees.

    While the store does not answer, or `changed` raises whatever it may, the last revision stays and the next look
    tries again: nothing ends the watching but `stop`. Between two looks lie `seconds`, or what the store asks for.
    """

    def __init__(self, store: Store, seconds: float, changed: Callable[[Snapshot], None]) -> None:
        self.revision: str | None = None
        self._store = store
        self._seconds = seconds
        self._changed = changed
        self._asked = 0.0  # seconds that the store asked to wait
        self._first: Callable[[], object] | None = None
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {store.url}", daemon=True)

    def start(self, first: Callable[[], object] | None = None) -> None:
        """Look from now on, in the background; `first` is done there before the first look. Waits for nothing."""
        self._first = first
        self._thread.start()

    def stop(self) -> None:
        """End the background thread."""
        self._stop.set()

    def look(self) -> bool:
        """Look now. True if there was a new revision and `changed` took it over."""
        with self._looking:
            self._asked = 0.0
            try:
                revision = self._store.head()
                if revision == self.revision:
                    return False
                self._changed(Snapshot(self._store, revision))
            except StoreError as error:
                self._asked = asked_to_wait(error)
                log.warning("%s: %s; staying at %s", self._store.url, error, (self.revision or "nothing")[:12])
                return False
            except Exception:
                log.exception("%s: staying at %s", self._store.url, (self.revision or "nothing")[:12])
                return False
            self.revision = revision
            return True

    def _run(self) -> None:
        if self._first is not None:
            try:
                self._first()
            except Exception:
                log.exception("%s: before the first look", self._store.url)
        self.look()
        while not self._stop.wait(max(self._seconds, self._asked)):
            self.look()
