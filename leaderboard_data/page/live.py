"""The board that visitors see: what a background thread last read from the results store.

A visitor never waits for the store. Until it has answered for the first time, the shipped results are shown.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from evaluator.drift import DriftCheck
from evaluator.evidence.bootstrap import Replicates
from evaluator.policy import Policy
from evaluator.records import ModelResult
from evaluator.suite import SUITES, OriginName
from leaderboard_data.board import chosen, means
from leaderboard_data.curves import CURVE_FILE, CurveCell
from leaderboard_data.details import ReadResult
from leaderboard_data.drifting import Checks, alarms, marked
from leaderboard_data.entry import Entry
from leaderboard_data.hiding import shown
from leaderboard_data.hybrids import HYBRID_FILE, HybridCell
from leaderboard_data.load import (
    RANKINGS_FOLDER,
    RESULTS_FOLDER,
    SAMPLES_FOLDER,
    Reader,
    load_entries,
    parse_results,
    replicates_path,
)
from leaderboard_data.marking import marked_result
from leaderboard_data.page.visits import PATIENCE, Reads, Visit
from leaderboard_data.publish import shipped_entries, shipped_files
from leaderboard_data.significance import Evidence, Key, evidence, load_replicates
from leaderboard_data.texts import TEXTS_FOLDER
from store import Store
from store.errors import NotFound, StoreError
from store.update import Snapshot
from store.watch import Watch

MOST_WEIGHED = 1000
"""Tie groups of a suite are found among this many measured results at most, the best by average: 4 kB a task each."""

AT_ONCE = 20
"""New replicates files that are read before the board is shown; more of them are read in the background."""

REPLICATES_FOLDER = "replicates"
MEASURED: tuple[OriginName, ...] = ("measured",)
SHIPPED_REVISION = "shipped"

log = logging.getLogger(__name__)

_NOTHING_HIDDEN = Policy()


@dataclass(frozen=True)
class State:
    """What is known at one revision of the results store. `snapshot` None: the shipped results. `files` are the
    result files there, path -> blob id. `entries` are those that `policy` does not hide, with its marks. `alarms` are
    the drift checks that ring and that `policy` does not clear; results of their environments are in doubt.

    `replicates` are those of the measured results that the boards list; `evidence`, by suite id, follows from them.
    `hybrids` are the fusions with lexical models, `curves` what results score with smaller vectors.
    """

    revision: str
    entries: tuple[Entry, ...]
    snapshot: Snapshot | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    replicates: dict[Key, Replicates] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    policy: Policy = _NOTHING_HIDDEN
    alarms: tuple[DriftCheck, ...] = ()
    hybrids: tuple[HybridCell, ...] = ()
    curves: tuple[CurveCell, ...] = ()


@dataclass(frozen=True)
class _Known:
    snapshot: Snapshot
    entries: tuple[Entry, ...]
    checks: tuple[DriftCheck, ...]
    hybrids: tuple[HybridCell, ...]
    curves: tuple[CurveCell, ...]


class LiveBoard:
    """The current state, renewed in the background. `listeners` are called with each new state.

    `policy`: what is not shown, until `hide` says otherwise. None: it is not known yet, and until it is, nothing is
    shown but the shipped results. `patience`: seconds that a visitor waits for files that were not read yet.
    """

    def __init__(
        self,
        store: Store,
        seconds: float,
        listeners: tuple[Callable[[State], None], ...] = (),
        policy: Policy | None = _NOTHING_HIDDEN,
        patience: float = PATIENCE,
    ) -> None:
        self._listeners = listeners
        self._watch = Watch(store, seconds, self._take_over)
        self._replicates: dict[str, Replicates] = {}  # by blob id
        self._weighing = threading.Lock()
        self._weigher: threading.Thread | None = None
        self._reads: Reads[tuple[ModelResult, ...]] = Reads(patience)
        self.patience = patience
        self.store = store
        self.reader = Reader()
        self._policy = policy
        self._known: _Known | None = None  # what was last read, shown or not
        self._checks = Checks()
        self._showing = threading.Lock()
        self.state = self._shipped()

    def start(self, first: Callable[[], object] | None = None) -> None:
        """Tell the shipped results; read the store from now on in the background, after `first`. Waits for nothing."""
        self._tell(self.state)
        self._watch.start(first)

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

    def hide(self, policy: Policy) -> None:
        """Show from now on what `policy` does not hide, as it wants it shown. Asks the store for nothing."""
        with self._showing:
            if policy == self._policy:
                return
            self._policy = policy
            if self._known is None:
                self.state = self._shipped()
                self._tell(self.state)
            else:
                self._show(self._known, policy, at_once=0)

    def visit(self) -> ReadResult:
        """For one visitor: the whole result behind an entry of the current state, with the policy's marks; None if its
        file cannot be read now.

        A visit reads few files and waits for at most a second; what is read is kept by what is in the file.
        """
        visit = self._reads.visit()
        return lambda entry: self._result(entry, visit)

    def _result(self, entry: Entry, visit: Visit[tuple[ModelResult, ...]]) -> ModelResult | None:
        state, path = self.state, entry.path
        snapshot = state.snapshot
        if snapshot is None:
            results = visit.get((SHIPPED_REVISION, path), lambda: parse_results(path, shipped_files()[path])[0])
        else:
            blob = state.files.get(path)
            if blob is None:
                return None
            # Not through the snapshot: it keeps for good what it has read.
            results = visit.get(blob, lambda: parse_results(path, self.store.read(path, snapshot.revision))[0])
        same = (entry.spec_id, entry.reference)
        found = next((each for each in results or () if (each.spec.id, each.origin.reference) == same), None)
        return found and marked_result(found, path, state.policy)

    def _take_over(self, snapshot: Snapshot) -> None:
        entries = tuple(load_entries(snapshot, self.reader))
        if not entries and self.state.revision == SHIPPED_REVISION:
            log.warning("%s has no results yet; showing the shipped ones", snapshot.store.url)
            return
        for folder in (RESULTS_FOLDER, REPLICATES_FOLDER, RANKINGS_FOLDER, SAMPLES_FOLDER, TEXTS_FOLDER):
            snapshot.list(folder)  # kept: to hide something later asks for nothing
        checks, hybrids = self._checks.at(snapshot), tuple(HYBRID_FILE.stored(snapshot) or ())
        curves = tuple(CURVE_FILE.stored(snapshot) or ())
        with self._showing:
            self._known = _Known(snapshot, entries, checks, hybrids, curves)
            if self._policy is None:
                log.info("the results at %s are shown once the policy is known", snapshot.revision[:12])
            else:
                self._show(self._known, self._policy, at_once=AT_ONCE)

    def _shipped(self) -> State:
        policy = self._policy or _NOTHING_HIDDEN
        return State(SHIPPED_REVISION, shown(shipped_entries(), policy), policy=policy)

    def _show(self, known: _Known, policy: Policy, *, at_once: int) -> None:
        """Show what is known: at once, if no more than `at_once` new replicates files belong to it."""
        snapshot, ringing = known.snapshot, alarms(known.checks, policy)
        entries = marked(shown(known.entries, policy), ringing)
        files_there = snapshot.list(RESULTS_FOLDER)
        state = State(
            snapshot.revision,
            entries,
            snapshot,
            files_there,
            policy=policy,
            alarms=ringing,
            hybrids=known.hybrids,
            curves=known.curves,
        )
        files = self._replicates_files(state)
        if sum(blob not in self._replicates for _, blob in files.values()) <= at_once:
            self.state = self._weigh(state, files)
            self._tell(self.state)
            return
        self.state = state
        self._tell(state)
        self._weigher = threading.Thread(target=self._weigh_later, args=(state, files), name="weigh", daemon=True)
        self._weigher.start()

    def _replicates_files(self, state: State) -> dict[Key, tuple[str, str]]:
        """(path, blob id) of the replicates of the best measured results that each suite's board lists."""
        assert state.snapshot is not None
        blobs = state.snapshot.list(REPLICATES_FOLDER)
        found: dict[Key, tuple[str, str]] = {}
        for suite in SUITES.values():
            listed = [(means(entry, suite)[1] or 0.0, entry) for entry in chosen(state.entries, MEASURED, suite)]
            for _, entry in sorted(listed, key=lambda pair: -pair[0])[:MOST_WEIGHED]:
                path = replicates_path(entry.path)
                if path in blobs:
                    found[entry.key] = (path, blobs[path])
        return found

    def _weigh(self, state: State, files: Mapping[Key, tuple[str, str]]) -> State:
        """The state with replicates and what follows from them; a file that is not readable is left out."""
        assert state.snapshot is not None
        found: dict[Key, Replicates] = {}
        with self._weighing:
            for key, (path, blob) in files.items():
                try:
                    if blob not in self._replicates:
                        self._replicates[blob] = load_replicates(state.snapshot.read(path), path)
                    found[key] = self._replicates[blob]
                except (ValueError, NotFound) as error:
                    log.warning("left out %s", error)
            self._replicates = {blob: held for _, blob in files.values() if (held := self._replicates.get(blob))}
        known = {
            suite.id: evidence(chosen(state.entries, suite.origins, suite), found, suite) for suite in SUITES.values()
        }
        return replace(state, replicates=found, evidence=known if found else {})

    def _weigh_later(self, state: State, files: Mapping[Key, tuple[str, str]]) -> None:
        try:
            weighed = self._weigh(state, files)
        except StoreError as error:
            log.warning("no tie groups at %s: %s", state.revision[:12], error)
            return
        except Exception:
            log.exception("no tie groups at %s", state.revision[:12])
            return
        if self.state is state:  # else a newer one has come in the meantime
            self.state = weighed
            self._tell(weighed)

    def _tell(self, state: State) -> None:
        for listener in self._listeners:
            listener(state)
