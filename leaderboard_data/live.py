"""The board that visitors see: what a background thread last read from the results store.

A visitor never waits for the store. Until it has answered for the first time, the shipped results are shown.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from leaderboard_data.entry import Entry
from leaderboard_data.load import Reader, load_entries
from leaderboard_data.publish import shipped_entries
from store import Store
from store.errors import StoreError
from store.update import Snapshot

SHIPPED_REVISION = "shipped"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """What is known at one revision of the results store. `snapshot` None: the shipped results."""

    revision: str
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None = None


class LiveBoard:
    """The current state, and the thread that renews it. `listeners` are called with each new state."""

    def __init__(self, store: Store, seconds: float, listeners: tuple[Callable[[State], None], ...] = ()) -> None:
        self._store = store
        self._seconds = seconds
        self._listeners = listeners
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="results", daemon=True)
        self.reader = Reader()
        self.state = State(SHIPPED_REVISION, tuple(shipped_entries()))

    def start(self) -> None:
        """Read the store once (the shipped results stay where it does not answer), then go on in the background."""
        self._tell(self.state)
        self.refresh()
        self._thread.start()

    def stop(self) -> None:
        """End the background thread."""
        self._stop.set()

    def refresh(self) -> bool:
        """Take over the store's head, if it is another one than before. True if there was something new."""
        try:
            revision = self._store.head()
            if revision == self.state.revision:
                return False
            snapshot = Snapshot(self._store, revision)
            state = State(revision, tuple(load_entries(snapshot, self.reader)), snapshot)
        except StoreError as error:
            log.warning("%s: %s; the board stays at %s", self._store.url, error, self.state.revision[:12])
            return False
        if not state.entries and self.state.revision == SHIPPED_REVISION:
            log.warning("%s has no results yet; showing the shipped ones", self._store.url)
            return False
        self.state = state
        self._tell(state)
        return True

    def _tell(self, state: State) -> None:
        for listener in self._listeners:
            listener(state)

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self.refresh()
