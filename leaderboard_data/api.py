"""What programs may ask of the board; the page's own requests, the API endpoints and the MCP tools are these."""

from collections.abc import Sequence
from typing import Any

from evaluator.suite import KO_V1, SCORE_RULES
from leaderboard_data import card
from leaderboard_data.board import VIEWS, Row, Table, table
from leaderboard_data.compare import compare
from leaderboard_data.details import model_details
from leaderboard_data.entry import DEFAULT_ORIGINS, ORIGINS, OriginName
from leaderboard_data.export import as_records
from leaderboard_data.figures import bars, radar
from leaderboard_data.history import History
from leaderboard_data.live import LiveBoard, State
from store.errors import StoreError

LONGEST_ID = 200


class BoardApi:
    """Questions to the current state of a live board. Raises ValueError, with a sentence, for a wrong question."""

    def __init__(self, live: LiveBoard) -> None:
        self._live = live
        self._history = History()
        self._made: tuple[State, dict[tuple[str, tuple[OriginName, ...]], Table]] = (live.state, {})

    def leaderboard(self, view: str = "overall", origins: str = ",".join(DEFAULT_ORIGINS)) -> list[dict[str, Any]]:
        """The rows of one table of the Korean embedding leaderboard, best first. Scores are 0..1.

        Args:
            view: overall, sts, nli, clustering, retrieval or tasks (all nine).
            origins: whose numbers, separated by commas: measured (by this board), published (the earlier
                published board), imported (from MTEB's public results).

        Returns:
            One object a row: name, model id, revision, precision, origin, rank (none without all scores), scores.
        """
        wanted = [part.strip() for part in str(origins).split(",")]
        if unknown := sorted(set(wanted) - set(ORIGINS)):
            raise ValueError(f"there is no origin {', '.join(unknown)[:100]}; the origins: {', '.join(ORIGINS)}")
        if view not in VIEWS:
            raise ValueError(f"there is no view {str(view)[:100]!r}; the views: {', '.join(VIEWS)}")
        return as_records(self._table(view, [origin for origin in ORIGINS if origin in wanted]))

    def model(self, model: str) -> dict[str, Any]:
        """Everything known of one model: its results by origin and revision, metrics, prompts, data, ranks.

        Args:
            model: id on the Hugging Face Hub, as organisation/name, for example nlpai-lab/KURE-v1.

        Returns:
            The model's ranks, and its results with every metric and how each can be repeated.
        """
        found = model_details(self._live.state.entries, _model_id(model), self._live.result, self._table)
        if found is None:
            raise ValueError(f"{_model_id(model)!r} is not on the board; `leaderboard` lists the models")
        return found

    def compare(self, models: str) -> dict[str, Any]:
        """Two to four models side by side: scores, and the difference of each pair with its 95 % interval.

        Args:
            models: model ids separated by commas, for example nlpai-lab/KURE-v1,BAAI/bge-m3.

        Returns:
            Models, and a row for each task, category and the average.
        """
        ids = [part.strip() for part in str(models).split(",") if part.strip()]
        return compare(self._live.state.entries, ids, self._live.state.replicates)

    def tasks(self) -> list[dict[str, Any]]:
        """The nine tasks of the suite: data set, split, pinned revision, kind, and how the score is computed."""
        return task_list()

    def history(self, model: str) -> list[dict[str, Any]]:
        """The model's rank over time, where it changed; empty if the store does not tell."""
        state = self._live.state
        if state.snapshot is None:
            return []
        try:
            found = self._history.standings(self._live.store, state.revision, _model_id(model))
        except StoreError:
            return []
        return [standing.__dict__ for standing in found]

    def snippets(self, model: str, address: str) -> dict[str, str]:
        """YAML for the model's card, of the result that the board lists. `address` is the model's page."""
        entry = next((row.entry for row in self._rows() if row.entry.model == _model_id(model)), None)
        if entry is None:
            return {}
        return {"model_index": card.model_index(entry, address), "eval_results": card.eval_results(entry, address)}

    def badge(self, model: str) -> str:
        """An SVG with the model's rank and average."""
        row = next((row for row in self._rows() if row.entry.model == _model_id(model)), None)
        return card.badge(row.rank if row else None, row.values[-1] if row else None)

    def figures(self, models: str) -> dict[str, Any]:
        """Radar and bars of a comparison."""
        compared = self.compare(models)
        return {"radar": radar(compared), "bars": bars(compared)}

    def _rows(self) -> list[Row]:
        """The default board, and below it the models that only others report."""
        rows = self._table("overall").rows
        listed = {row.entry.model for row in rows}
        return [*rows, *(row for row in self._table("overall", ORIGINS).rows if row.entry.model not in listed)]

    def _table(self, view: str, origins: Sequence[OriginName] = DEFAULT_ORIGINS) -> Table:
        """A table of the current state, made once for each state."""
        state, made = self._made
        if state is not self._live.state:
            state, made = self._live.state, {}
            self._made = state, made
        key = (view, tuple(origins))
        if key not in made:
            made[key] = table(state.entries, view, origins)  # type: ignore[arg-type]
        return made[key]


def task_list() -> list[dict[str, Any]]:
    """The suite's tasks as plain values."""
    return [
        {
            "id": task.id,
            "column": task.column,
            "category": category.id,
            "type": task.type,
            "dataset": task.data.path,
            "config": task.data.config,
            "splits": list(task.data.splits),
            "revision": task.data.revision,
            "score": (SCORE_RULES[task.type].__doc__ or "").strip(),
        }
        for category in KO_V1.categories
        for task in (KO_V1.task(task_id) for task_id in category.task_ids)
    ]


def _model_id(model: str) -> str:
    return str(model)[:LONGEST_ID]
