"""The board that visitors see: what a background thread last read from the results store.

A visitor never waits for the store. Until it has answered for the first time, the shipped results are shown.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from leaderboard_data.entry import Entry
from leaderboard_data.load import Reader, load_entries
from leaderboard_data.publish import shipped_entries
from store import Store
from store.update import Snapshot
from store.watch import Watch

SHIPPED_REVISION = "shipped"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """What is known at one revision of the results store. `snapshot` None: the shipped results."""

    revision: str
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None = None


class LiveBoard:
    """The current state, renewed in the background. `listeners` are called with each new state."""

    def __init__(self, store: Store, seconds: float, listeners: tuple[Callable[[State], None], ...] = ()) -> None:
        self._listeners = listeners
        self._watch = Watch(store, seconds, self._take_over)
        self.reader = Reader()
        self.state = State(SHIPPED_REVISION, tuple(shipped_entries()))

    def start(self) -> None:
        """Read the store once (the shipped results stay where it does not answer), then go on in the background."""
        self._tell(self.state)
        self._watch.start()

    def stop(self) -> None:
        """End the background thread."""
        self._watch.stop()

    def refresh(self) -> bool:
        """Take over the store's head, if it is another one than before. True if there was something new."""
        before = self.state
        self._watch.look()
        return self.state is not before

    def _take_over(self, snapshot: Snapshot) -> None:
        entries = tuple(load_entries(snapshot, self.reader))
        if not entries and self.state.revision == SHIPPED_REVISION:
            log.warning("%s has no results yet; showing the shipped ones", snapshot.store.url)
            return
        self.state = State(snapshot.revision, entries, snapshot)
        self._tell(self.state)

    def _tell(self, state: State) -> None:
        for listener in self._listeners:
            listener(state)
