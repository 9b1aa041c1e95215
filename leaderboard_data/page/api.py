"""What programs may ask of the board; the page's own requests, the API endpoints and the MCP tools are these."""

from collections.abc import Mapping, Sequence
from typing import Any

from evaluator.suite import OVERALL, SUITES, OriginName, Suite, suite_of
from leaderboard_data.board import Row, Table, means, table
from leaderboard_data.compare import MOST, compare
from leaderboard_data.declared import Declared, declared_by_all
from leaderboard_data.details import model_details
from leaderboard_data.entry import ORIGINS, origins_of
from leaderboard_data.export import as_records
from leaderboard_data.hiding import refuse_hidden
from leaderboard_data.history import History
from leaderboard_data.page import card
from leaderboard_data.page.fusions import Fusions
from leaderboard_data.page.inside import Inside
from leaderboard_data.page.live import LiveBoard, State

LONGEST_ID = 200
DEFAULT_SUITE = next(iter(SUITES))
"""The suite of a question that names none, and of the page without `?suite=`."""


class BoardApi:
    """Questions to the current state of a live board. Raises ValueError, with a sentence, for a wrong question."""

    def __init__(self, live: LiveBoard) -> None:
        self._live = live
        self._fusions = Fusions(live)
        self._inside = Inside(live)
        self._history = History(live.store, live.state.policy)
        self._made: tuple[State, dict[tuple[str, str, tuple[OriginName, ...], str], Table]] = (live.state, {})
        self._everything: tuple[State, Mapping[str, Declared]] | None = None

    @property
    def state(self) -> State:
        """What the board shows now."""
        return self._live.state

    def table(self, view: str, suite: Suite, origins: Sequence[OriginName] | None = None, unseen: str = "") -> Table:
        """A table of what is shown now, made once for each state. `origins` None: those that its suite opens with.

        Raises:
            ValueError: there is no such view, or no such choice of unseen data.
        """
        return self._table(view, suite, origins, unseen)

    def leaderboard(
        self, view: str = OVERALL, origins: str = "", suite: str = DEFAULT_SUITE, unseen: str = ""
    ) -> list[dict[str, Any]]:
        """The rows of one table of the Korean embedding leaderboard, best first. Scores are 0..1.

        Args:
            view: overall, a category (of ko-v1: sts, nli, clustering, retrieval) or tasks (all of them).
            origins: whose numbers, separated by commas: measured (by this board), published (the earlier
                published board), imported (from MTEB's public results). Empty: those that the suite opens with.
            suite: the set of tasks and rules by which the models are compared: ko-v1 (nine tasks), ko-v2 (the wider
                set) or mteb-kor-v2 (as MTEB's own board has it).
            unseen: empty for all scores; yes leaves out scores on data that the model, or one that it was made of, was
                trained on as far as that is declared; declared leaves out those of models that declare nothing too.

        Returns:
            One object a row: name, model id, revision, precision, origin, rank (none without all scores), scores, odd
            (which of them contradict the model's others), zero_shot (percentage of tasks whose data is not declared as
            trained on) and training, a state by column.
        """
        asked = suite_of(str(suite))
        return as_records(self._table(str(view), asked, origins_of(str(origins)) if origins else None, str(unseen)))

    def model(self, model: str, suite: str = DEFAULT_SUITE) -> dict[str, Any]:
        """Everything known of one model: results by origin and revision, metrics, prompts, data, ranks, corrections,
        and who declares what it was trained on.

        Args:
            model: id on the Hugging Face Hub, as organisation/name, for example nlpai-lab/KURE-v1.
            suite: the suite whose scores and ranks are meant.

        Returns:
            The model's ranks, and its results with every metric and how each can be repeated.
        """
        asked = suite_of(str(suite))
        state = self._live.state
        found = model_details(
            state.entries,
            _model_id(model),
            self._live.visit(),
            lambda view: self._table(view, asked),
            asked,
            state.policy,
            self._declared(state),
        )
        if found is None:
            refuse_hidden(_model_id(model), state.policy)
            raise ValueError(f"{_model_id(model)!r} is not on the board; `leaderboard` lists the models")
        return found

    def compare(self, models: str, suite: str = DEFAULT_SUITE) -> dict[str, Any]:
        """Two to four models side by side: scores, and the difference of each pair with its 95 % interval.

        Args:
            models: model ids separated by commas, for example nlpai-lab/KURE-v1,BAAI/bge-m3.
            suite: the suite whose tasks are compared.

        Returns:
            Models, and a row for each task, category and the average.
        """
        ids = [part.strip() for part in str(models).split(",") if part.strip()]
        state = self._live.state
        known = {entry.model for entry in state.entries}
        for model in ids[: MOST + 1]:
            if model not in known:
                refuse_hidden(model, state.policy)
        return compare(state.entries, ids, state.replicates, suite_of(str(suite)))

    def tasks(self, suite: str = DEFAULT_SUITE) -> list[dict[str, Any]]:
        """The tasks of a suite: data set, split, pinned revision, kind, and how the score is computed.

        Args:
            suite: the suite's id, for example ko-v1.
        """
        return task_list(suite_of(str(suite)))

    def history(self, model: str, suite: str = DEFAULT_SUITE) -> list[dict[str, Any]]:
        """The model's rank over time, where it changed, as far as the store has told."""
        state = self._live.state
        if state.snapshot is None:
            return []
        if state.policy != self._history.policy:
            self._history = History(self._live.store, state.policy)
        found = self._history.standings(state.revision, _model_id(model), suite_of(suite), self._live.patience / 2)
        return [standing.__dict__ for standing in found]

    def snippets(self, model: str, address: str, suite: str = DEFAULT_SUITE) -> dict[str, str]:
        """YAML for the model's card, of the result that the board lists. `address` is the model's page."""
        asked = suite_of(suite)
        entry = next((row.entry for row in self._rows(asked) if row.entry.model == _model_id(model)), None)
        if entry is None:
            return {}
        return {
            "model_index": card.model_index(entry, address, asked),
            "eval_results": card.eval_results(entry, address, asked),
        }

    def badge(self, model: str, suite: str = DEFAULT_SUITE) -> str:
        """An SVG with the model's rank and average."""
        asked = suite_of(suite)
        row = next((row for row in self._rows(asked) if row.entry.model == _model_id(model)), None)
        return card.badge(row.rank if row else None, means(row.entry, asked)[1] if row else None)

    def fusion(self, models: str, suite: str = DEFAULT_SUITE) -> dict[str, Any]:
        """Two models together: what the fusion of their rankings scores (`leaderboard_data.page.fusions`)."""
        ids = [part.strip() for part in str(models).split(",") if part.strip()]
        for model in ids[:2]:
            refuse_hidden(model, self._live.state.policy)
        return self._fusions.of(ids, suite_of(str(suite)))

    def task(self, task: str, suite: str = DEFAULT_SUITE) -> dict[str, Any]:
        """A task's page: what it is, examples, hardest and suspect items (`leaderboard_data.page.inside`)."""
        return self._inside.task(str(task)[:LONGEST_ID], suite_of(str(suite)))

    def items(
        self, task: str, models: str, suite: str = DEFAULT_SUITE, order: str = "first", page: int = 0
    ) -> dict[str, Any]:
        """One page of a task's items as one model did them, or two (`leaderboard_data.page.inside`)."""
        ids = [part.strip() for part in str(models).split(",") if part.strip()]
        for model in ids[:2]:
            refuse_hidden(model, self._live.state.policy)
        return self._inside.items(str(task)[:LONGEST_ID], ids, suite_of(str(suite)), str(order), page)

    def _rows(self, suite: Suite) -> list[Row]:
        """A suite's board as it opens, and below it the models that only others report."""
        rows = self._table(OVERALL, suite).rows
        listed = {row.entry.model for row in rows}
        return [*rows, *(row for row in self._table(OVERALL, suite, ORIGINS).rows if row.entry.model not in listed)]

    def _declared(self, state: State) -> Mapping[str, Declared]:
        """Everything that is declared of training data, put together once for each state."""
        if self._everything is None or self._everything[0] is not state:
            self._everything = state, declared_by_all(entry for entry in state.entries if entry.declared is not None)
        return self._everything[1]

    def _table(self, view: str, suite: Suite, origins: Sequence[OriginName] | None = None, unseen: str = "") -> Table:
        """A table of the current state, made once for each state. `origins` None: those that its suite opens with."""
        state, made = self._made
        if state is not self._live.state:
            state, made = self._live.state, {}
            self._made = state, made
        origins = suite.origins if origins is None else origins
        key = (view, suite.id, tuple(origins), unseen)
        if key not in made:
            made[key] = table(state.entries, view, suite, origins, unseen)
        return made[key]


def task_list(suite: Suite) -> list[dict[str, Any]]:
    """A suite's tasks as plain values."""
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
            "score": category.rule.description,
        }
        for category in suite.categories
        for task in (suite.task(task_id) for task_id in category.task_ids)
    ]


def _model_id(model: str) -> str:
    return str(model)[:LONGEST_ID]
