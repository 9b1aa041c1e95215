"""Two models together: what the fusion of their stored rankings scores, for a visitor who compares them.

It is computed when somebody asks, by a few threads for all visitors together, and kept by what is in the two files.
"""

from typing import Any

from evaluator.evidence.fusion import METHODS
from evaluator.evidence.rankings import Rankings, load_rankings
from evaluator.suite import Suite
from leaderboard_data.compare import picked
from leaderboard_data.entry import Entry
from leaderboard_data.hybrids import fused_means
from leaderboard_data.load import RANKINGS_FOLDER, rankings_path
from leaderboard_data.page.live import LiveBoard
from leaderboard_data.page.visits import Reads

Fused = dict[str, dict[str, list[float]]]
"""Id of a task or category -> method -> score, its interval's ends, gain over the better one, its interval's ends."""


class Fusions:
    """Fusions of pairs of models of a live board."""

    def __init__(self, live: LiveBoard) -> None:
        self._live = live
        self._reads: Reads[Fused] = Reads(live.patience)

    def of(self, models: list[str], suite: Suite) -> dict[str, Any]:
        """`models` (two of them), `rows` (see `Fused`), and whether that is `ready`: a visitor does not wait for long.

        `rows` is empty where one of the two has no stored rankings, or they share no task.

        Raises:
            ValueError: they are not two different models on the board.
        """
        state = self._live.state
        if len(set(models)) != 2:
            raise ValueError("give two different models")
        one, other = picked(state.entries, models, suite)
        told: dict[str, Any] = {"models": [one.name, other.name], "methods": list(METHODS)}
        blobs = state.snapshot.list(RANKINGS_FOLDER) if state.snapshot is not None else {}
        held = [blobs.get(rankings_path(entry.path)) for entry in (one, other)]
        if None in held or (one.origin, other.origin) != ("measured", "measured"):
            return {**told, "rows": {}, "ready": True}
        found = self._reads.visit().get(
            (*held, suite.id), lambda: fused_means(suite, self._rankings(one), self._rankings(other))
        )
        return {**told, "rows": found or {}, "ready": found is not None}

    def _rankings(self, entry: Entry) -> Rankings:
        snapshot = self._live.state.snapshot
        assert snapshot is not None
        path = rankings_path(entry.path)
        return load_rankings(self._live.store.read(path, snapshot.revision), path)
