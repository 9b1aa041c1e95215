"""Looks at a store's head in the background, so that nobody who only reads has to wait for the store."""

import logging
import threading
from collections.abc import Callable

from store import Store
from store.errors import StoreError
from store.update import Snapshot

log = logging.getLogger(__name__)


class Watch:
    """Calls `changed` with a snapshot of the head, once for each new revision that it sees.

    While the store does not answer, or `changed` meets a store error, the last revision stays and the next look
    tries again. `seconds` lie between two looks.
    """

    def __init__(self, store: Store, seconds: float, changed: Callable[[Snapshot], None]) -> None:
        self.revision: str | None = None
        self._store = store
        self._seconds = seconds
        self._changed = changed
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {store.url}", daemon=True)

    def start(self) -> None:
        """Look once, then go on in the background."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """End the background thread."""
        self._stop.set()

    def look(self) -> bool:
        """Look now. True if there was a new revision and `changed` took it over."""
        with self._looking:
            try:
                revision = self._store.head()
                if revision == self.revision:
                    return False
                self._changed(Snapshot(self._store, revision))
            except StoreError as error:
                log.warning("%s: %s; staying at %s", self._store.url, error, (self.revision or "nothing")[:12])
                return False
            self.revision = revision
            return True

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self.look()
