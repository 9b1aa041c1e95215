"""The board that visitors see: what a background thread last read from the results store.

A visitor never waits for the store. Until it has answered for the first time, the shipped results are shown.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from evaluator.records import ModelResult
from leaderboard_data.board import chosen
from leaderboard_data.entry import DEFAULT_ORIGINS, Entry, OriginName
from leaderboard_data.load import Reader, load_entries, parse_results
from leaderboard_data.publish import replicates_path, shipped_entries, shipped_files
from leaderboard_data.significance import Evidence, Key, Replicates, evidence, load_replicates
from store import Store
from store.errors import NotFound, StoreError
from store.update import Snapshot
from store.watch import Watch

MEASURED: tuple[OriginName, ...] = ("measured",)
SHIPPED_REVISION = "shipped"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """What is known at one revision of the results store. `snapshot` None: the shipped results.

    `replicates` are those of the measured results that the board lists; `evidence` follows from them.
    """

    revision: str
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None = None
    replicates: dict[Key, Replicates] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)


class LiveBoard:
    """The current state, renewed in the background. `listeners` are called with each new state."""

    def __init__(self, store: Store, seconds: float, listeners: tuple[Callable[[State], None], ...] = ()) -> None:
        self._listeners = listeners
        self._watch = Watch(store, seconds, self._take_over)
        self._replicates: dict[str, Replicates] = {}  # by blob id
        self.store = store
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

    def result(self, entry: Entry) -> ModelResult | None:
        """The whole result behind an entry of the current state; None if its file cannot be read now."""
        snapshot = self.state.snapshot
        try:
            if snapshot is None:
                results, _ = parse_results(entry.path, shipped_files().get(entry.path, b""))
            else:
                results = self.reader.at(snapshot, entry.path)
        except StoreError as error:
            log.warning("%s is not readable: %s", entry.path, error)
            return None
        same = (entry.spec_id, entry.reference)
        return next((result for result in results if (result.spec.id, result.origin.reference) == same), None)

    def _take_over(self, snapshot: Snapshot) -> None:
        entries = tuple(load_entries(snapshot, self.reader))
        if not entries and self.state.revision == SHIPPED_REVISION:
            log.warning("%s has no results yet; showing the shipped ones", snapshot.store.url)
            return
        replicates = self._load_replicates(snapshot, entries)
        found = evidence(chosen(entries, DEFAULT_ORIGINS), replicates) if replicates else Evidence()
        self.state = State(snapshot.revision, entries, snapshot, replicates, found)
        self._tell(self.state)

    def _load_replicates(self, snapshot: Snapshot, entries: tuple[Entry, ...]) -> dict[Key, Replicates]:
        """The replicates of the measured results that the board lists; a file that is not readable is left out."""
        blobs = snapshot.list("replicates")
        found: dict[Key, Replicates] = {}
        for entry in chosen(entries, MEASURED):
            path = replicates_path(entry.path)
            if path not in blobs:
                continue
            try:
                if blobs[path] not in self._replicates:
                    self._replicates[blobs[path]] = load_replicates(snapshot.read(path))
                found[entry.key] = self._replicates[blobs[path]]
            except (ValueError, NotFound) as error:
                log.warning("left out %s: %s", path, error)
        return found

    def _tell(self, state: State) -> None:
        for listener in self._listeners:
            listener(state)
