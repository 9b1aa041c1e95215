"""The board that visitors see: what a background thread last read from the results store.

A visitor never waits for the store. Until it has answered for the first time, the shipped results are shown.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from evaluator.records import ModelResult
from leaderboard_data.board import chosen, means
from leaderboard_data.entry import DEFAULT_ORIGINS, Entry, OriginName
from leaderboard_data.load import Reader, load_entries, parse_results
from leaderboard_data.publish import replicates_path, shipped_entries, shipped_files
from leaderboard_data.significance import Evidence, Key, Replicates, evidence, load_replicates
from store import Store
from store.errors import NotFound, StoreError
from store.update import Snapshot
from store.watch import Watch

MOST_WEIGHED = 1000
"""Tie groups are found among this many measured results at most, the best by average: 36 kB of memory each."""

AT_ONCE = 20
"""New replicates files that are read before the board is shown; more of them are read in the background."""

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
        self._weighing = threading.Lock()
        self._weigher: threading.Thread | None = None
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
        if self._weigher:
            self._weigher.join()
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
        state = State(snapshot.revision, entries, snapshot)
        files = self._replicates_files(state)
        if sum(blob not in self._replicates for _, blob in files.values()) <= AT_ONCE:
            self.state = self._weigh(state, files)
            self._tell(self.state)
            return
        self.state = state
        self._tell(state)
        self._weigher = threading.Thread(target=self._weigh_later, args=(state, files), name="weigh", daemon=True)
        self._weigher.start()

    def _replicates_files(self, state: State) -> dict[Key, tuple[str, str]]:
        """(path, blob id) of the replicates of the best measured results that the board lists."""
        assert state.snapshot is not None
        blobs = state.snapshot.list("replicates")
        paths = {entry.key: replicates_path(entry.path) for entry in chosen(state.entries, MEASURED)}
        averages = {entry.key: means(entry)[1] or 0.0 for entry in state.entries if entry.key in paths}
        best = sorted(paths, key=lambda key: -averages[key])[:MOST_WEIGHED]
        return {key: (paths[key], blobs[paths[key]]) for key in best if paths[key] in blobs}

    def _weigh(self, state: State, files: Mapping[Key, tuple[str, str]]) -> State:
        """The state with replicates and what follows from them; a file that is not readable is left out."""
        assert state.snapshot is not None
        found: dict[Key, Replicates] = {}
        with self._weighing:
            for key, (path, blob) in files.items():
                try:
                    if blob not in self._replicates:
                        self._replicates[blob] = load_replicates(state.snapshot.read(path))
                    found[key] = self._replicates[blob]
                except (ValueError, NotFound) as error:
                    log.warning("left out %s: %s", path, error)
        known = evidence(chosen(state.entries, DEFAULT_ORIGINS), found) if found else Evidence()
        return replace(state, replicates=found, evidence=known)

    def _weigh_later(self, state: State, files: Mapping[Key, tuple[str, str]]) -> None:
        try:
            weighed = self._weigh(state, files)
        except StoreError as error:
            log.warning("no tie groups at %s: %s", state.revision[:12], error)
            return
        if self.state is state:  # else a newer one has come in the meantime
            self.state = weighed
            self._tell(weighed)

    def _tell(self, state: State) -> None:
        for listener in self._listeners:
            listener(state)
