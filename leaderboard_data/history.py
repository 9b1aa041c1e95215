"""How a model's rank went: the board at earlier revisions of the results store."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from leaderboard_data.board import table
from leaderboard_data.entry import DEFAULT_ORIGINS
from leaderboard_data.index import INDEX_PATH, load_index
from store import Store
from store.errors import NotFound
from store.update import Snapshot

MOST = 60
"""Revisions looked back at: each costs reading one index file, once."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """A model's rank at one moment (ISO 8601). `rank` None: listed without one."""

    at: str
    revision: str
    rank: int | None
    of: int


@dataclass
class History:
    """The ranks at each revision that was read; an index that stays the same is read once."""

    _by_index: dict[str, dict[str, int | None]] = field(default_factory=dict)

    def standings(self, store: Store, revision: str, model: str) -> list[Standing]:
        """The model's ranks on the default board, oldest first, where they changed.

        Raises:
            StoreError: the store cannot be read.
        """
        found: list[Standing] = []
        for commit in reversed(store.log(MOST, revision)):
            ranks = self._ranks(Snapshot(store, commit.revision))
            if model not in ranks:
                continue
            standing = Standing(
                commit.at.isoformat(),
                commit.revision,
                ranks[model],
                sum(rank is not None for rank in ranks.values()),
            )
            if not found or (found[-1].rank, found[-1].of) != (standing.rank, standing.of):
                found.append(standing)
        return found

    def _ranks(self, snapshot: Snapshot) -> Mapping[str, int | None]:
        try:
            content = snapshot.read(INDEX_PATH)
        except NotFound:
            return {}
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._by_index:
            try:
                rows = table(load_index(content), "overall", DEFAULT_ORIGINS).rows
                self._by_index[digest] = {row.entry.model: row.rank for row in reversed(rows)}
            except ValueError as error:  # an index of another version
                log.info("no ranks at %s: %s", snapshot.revision[:12], error)
                self._by_index[digest] = {}
        return self._by_index[digest]
