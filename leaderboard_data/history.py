"""How a model's rank went: the board at earlier revisions of the results store.

Read in the background, each revision once, when somebody first asks at a new revision. Who asks waits for it only a
moment, and is told what is known so far.
"""

import hashlib
import logging
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.policy import Policy
from evaluator.suite import OVERALL, SUITES, Suite
from leaderboard_data.board import table
from leaderboard_data.hiding import shown
from leaderboard_data.index import INDEX_PATH, load_index
from store import Commit, Store
from store.errors import NotFound, asked_to_wait

MOST = 60
"""Revisions looked back at: each costs reading one index file, once."""

WAITING = 4
"""Visitors who wait at a time; others are told at once what is known."""

AGAIN = 30.0
"""Seconds between two tries at a store that does not answer."""

log = logging.getLogger(__name__)

Ranks = Mapping[str, int | None]
NOTHING: Mapping[str, Ranks] = {}


@dataclass(frozen=True)
class Standing:
    """A model's rank at one moment (ISO 8601). `rank` None: listed without one."""

    at: str
    revision: str
    rank: int | None
    of: int


class History:
    """The ranks at each revision of a store's log; what was read is kept as long as it is among the newest.

    What `policy` hides now had no rank ever: it is left out of earlier boards too.
    """

    def __init__(self, store: Store, policy: Policy) -> None:
        self.policy = policy
        self._store = store
        self._lock = threading.Lock()
        self._log: Sequence[Commit] = ()
        self._read: dict[str, str] = {}  # revision -> digest of its index, "" where it has none
        self._ranks: dict[str, Mapping[str, Ranks]] = {"": NOTHING}  # digest -> suite id -> model -> rank
        self._complete = ""  # the revision whose past is known as a whole
        self._idle = threading.Event()
        self._not_before = 0.0
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._idle.set()

    def standings(self, revision: str, model: str, suite: Suite, patience: float) -> list[Standing]:
        """The model's ranks on a suite's board with the default origins, oldest first, where they changed.

        As far as they are known: what is not known of the revisions up to `revision` is read in the background, for
        which this waits at most `patience` seconds.
        """
        self._begin(revision)
        if not self._idle.is_set() and self._waiting.acquire(blocking=False):
            try:
                self._idle.wait(patience)
            finally:
                self._waiting.release()
        with self._lock:
            known = [
                (commit, self._ranks[self._read[commit.revision]].get(suite.id, {}))
                for commit in reversed(self._log)
                if commit.revision in self._read
            ]
        found: list[Standing] = []
        for commit, ranks in known:
            if model not in ranks:
                continue
            of = sum(rank is not None for rank in ranks.values())
            if not found or (found[-1].rank, found[-1].of) != (ranks[model], of):
                found.append(Standing(commit.at.isoformat(), commit.revision, ranks[model], of))
        return found

    def _begin(self, revision: str) -> None:
        """Read in the background what is not known up to `revision`, if nobody does."""
        with self._lock:
            if revision == self._complete or not self._idle.is_set() or time.monotonic() < self._not_before:
                return
            self._idle.clear()
        threading.Thread(target=self._run, args=(revision,), name="history", daemon=True).start()

    def _run(self, revision: str) -> None:
        try:
            commits = self._store.log(MOST, revision)
            with self._lock:
                self._log = commits
                self._read = {
                    each.revision: self._read[each.revision] for each in commits if each.revision in self._read
                }
                kept = {"", *self._read.values()}
                self._ranks = {digest: ranks for digest, ranks in self._ranks.items() if digest in kept}
            for commit in commits:
                if commit.revision not in self._read:
                    digest, ranks = self._ranks_at(commit.revision)
                    with self._lock:
                        self._ranks[digest] = ranks
                        self._read[commit.revision] = digest
            self._complete = revision
        except Exception as error:
            self._not_before = time.monotonic() + max(AGAIN, asked_to_wait(error))
            log.warning("no history up to %s: %s", revision[:12], error)
        finally:
            self._idle.set()

    def _ranks_at(self, revision: str) -> tuple[str, Mapping[str, Ranks]]:
        """The digest of the index at a revision, and each suite's ranks by it."""
        try:
            content = self._store.read(INDEX_PATH, revision)
        except NotFound:
            return "", NOTHING
        digest = hashlib.sha256(content).hexdigest()
        if digest in self._ranks:
            return digest, self._ranks[digest]
        try:
            entries = shown(load_index(content), self.policy)
        except ValueError as error:  # an index of another version
            log.info("no ranks at %s: %s", revision[:12], error)
            return digest, NOTHING
        return digest, {
            suite.id: {sys.intern(row.entry.model): row.rank for row in reversed(table(entries, OVERALL, suite).rows)}
            for suite in SUITES.values()
        }
