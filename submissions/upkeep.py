"""What keeps the requests store in order for years: its layout, and a log that does not grow without an end.

An idle worker does it (`Upkeep`), or a maintainer: `python -m submissions upkeep`. Only the requests store is squashed:
of it nobody names an older revision, while the log of the results store is the history of ranks, and submissions name
the revisions that held their results.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from evaluator import records
from store import Commit, Repository
from store.update import MARK, Change, Snapshot, update
from submissions.layout import UPKEEP_PATH, UpkeepState, closed_paths, dump_state, log_paths, state_at

MOVED_AT_ONCE = 200
"""Files of the former layout that one commit moves."""

FEWEST_COMMITS = 500
"""A shorter log is not worth squashing."""

KEPT_MARKS = 100
"""Update-Ids of the last commits that a squashed history keeps: whoever waits for a lost answer still finds his own."""

LOOK_SECONDS = 3600.0
"""Between two looks of an idle worker."""


class Upkeep:
    """The upkeep of the store `requests`. `every`: between two squashings; None: never. `fewest`: a log with fewer
    commits is left as it is.

    `now` (UTC) and `monotonic` (seconds) are its clocks.
    """

    def __init__(
        self,
        requests: Repository,
        *,
        every: timedelta | None,
        monotonic: Callable[[], float],
        now: Callable[[], datetime] = records.now,
        fewest: int | None = None,
    ) -> None:
        self._fewest = FEWEST_COMMITS if fewest is None else fewest
        self._requests = requests
        self._every = every
        self._monotonic = monotonic
        self._now = now
        self._not_before = 0.0

    def when_idle(self) -> str:
        """One step, if an hour has passed since there was nothing to do; what was done, "" for nothing.

        Raises:
            StoreError
        """
        if self._monotonic() < self._not_before:
            return ""
        done = self.step()
        if not done:
            self._not_before = self._monotonic() + LOOK_SECONDS
        return done

    def step(self) -> str:
        """Move some files of the former layout, or squash the log if that is due; what was done, "" for nothing.

        Raises:
            StoreError
        """
        snapshot = Snapshot(self._requests, self._requests.head())
        state = state_at(snapshot)
        if state.layout < 2:
            update(self._requests, _move_some)
            return "moved files into folders by month"
        if self._every is None or not self._is_due(state):
            return ""
        commits = self._requests.log(self._fewest, snapshot.revision)
        if len(commits) < self._fewest:
            return ""
        return self._squash(commits)

    def _is_due(self, state: UpkeepState) -> bool:
        return self._every is not None and (state.squashed_at is None or self._now() - state.squashed_at >= self._every)

    def _squash(self, commits: Sequence[Commit]) -> str:
        """First the date is written, so that of two idle workers one goes on; then the log is squashed."""
        first: list[bool] = []

        def change(snapshot: Snapshot) -> Change | None:
            state = state_at(snapshot)
            first.append(self._is_due(state))
            if not first[-1]:
                return None
            told = state.model_copy(update={"squashed_at": self._now()})
            return Change({UPKEEP_PATH: dump_state(told)}, "Squash the history from here")

        head = update(self._requests, change)
        if not first[-1]:
            return ""
        newest = self._requests.log(KEPT_MARKS, head)
        marks = [line for commit in newest for line in commit.message.splitlines() if line.startswith(MARK)]
        told = f"The files of {head[:12]}, without the history before"
        self._requests.squash("\n".join([told, "", *marks]), head)
        return f"squashed {len(commits)} commits or more"


def _move_some(snapshot: Snapshot) -> Change:
    """Some files to where they belong by their month; where none is left, that the store has the layout."""
    files: dict[str, bytes | None] = {}
    for room, places in (("closed", closed_paths), ("logs", log_paths)):
        for path in snapshot.list(room):
            name = path.removeprefix(f"{room}/")
            if "/" in name or len(files) >= 2 * MOVED_AT_ONCE:
                continue
            new, former = places(name.rpartition(".")[0])
            if former == path and new != path:
                files |= {new: snapshot.read(path), path: None}
    if files:
        return Change(files, f"Move {len(files) // 2} files into folders by month")
    told = state_at(snapshot).model_copy(update={"layout": 2})
    return Change({UPKEEP_PATH: dump_state(told)}, "All files are in folders by month")
