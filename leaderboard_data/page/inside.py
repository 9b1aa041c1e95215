"""Behind the numbers of a live board: a task's page, and which of its items a model gets wrong.

Samples, rankings and texts are read when somebody opens such a page, by a few threads for all visitors together, and
kept, bounded, by what is in the files. A visitor does not wait for long: what is not there yet is told as not `ready`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from evaluator.evidence.items import Items, items_of
from evaluator.evidence.rankings import load_rankings
from evaluator.evidence.samples import load_samples
from evaluator.evidence.texts import Texts, load_texts, may_be_shown
from evaluator.suite import Suite, rules_of
from evaluator.task import Task
from evaluator.tasks import discovered_tasks
from leaderboard_data.board import chosen
from leaderboard_data.entry import Entry
from leaderboard_data.exploring import Looked, difficulty_told, examples_told, explored, task_told
from leaderboard_data.inside import Difficulty, difficulty
from leaderboard_data.load import RANKINGS_FOLDER, SAMPLES_FOLDER, rankings_path, samples_path
from leaderboard_data.page.live import MEASURED, LiveBoard, State
from leaderboard_data.page.visits import Reads
from leaderboard_data.texts import TEXTS_FOLDER, texts_path

MOST_MODELS = 40
"""Models that say together which items are hard: the best by the task's score."""

MOST_LISTED = 500
"""Models that a visitor may choose from, the best; any other is in the address (`look`)."""

KEPT_TEXTS, KEPT_LOOKED, KEPT_TOGETHER = 6, 64, 64
ORDERS = ("first", "second")


class Inside:
    """What is behind the numbers of a live board."""

    def __init__(self, live: LiveBoard) -> None:
        self._live = live
        self._texts: Reads[Texts] = Reads(live.patience, KEPT_TEXTS)
        self._looked: Reads[Looked] = Reads(live.patience, KEPT_LOOKED)
        self._together: Reads[tuple[Difficulty | None]] = Reads(live.patience, KEPT_TOGETHER)

    def task(self, task_id: str, suite: Suite) -> dict[str, Any]:
        """A task's page: what it is, examples, and what the measured models together say of its items.

        Raises:
            ValueError: there is no such task.
        """
        task, state = task_of(task_id), self._live.state
        rule = suite.rules.get(task.id) or next(iter(rules_of(task.id)), None)
        told = task_told(task, rule)
        asked = self._asked(task, suite, state)
        texts, texts_ready = self._texts_of(task, state)
        held, ready = None, True
        if asked and rule is not None:
            key = (task.id, rule.id, *(blob for _, blob in asked))
            one = self._together.visit().get(key, lambda: (self._difficulty(task, suite, asked),))
            held, ready = (one[0], True) if one else (None, False)
        return {
            **told,
            "counts": dict(texts.counts) if texts else {},
            "examples": examples_told(texts) if texts else [],
            **difficulty_told(held, texts),
            "measured": [
                {"model": entry.model, "name": entry.name}
                for entry, _ in self._asked(task, suite, state, everyone=True)[:MOST_LISTED]
            ],
            "ready": ready and texts_ready,
        }

    def items(self, task_id: str, models: Sequence[str], suite: Suite, order: str, page: int) -> dict[str, Any]:
        """One page of a task's items as one model did them, or two (`leaderboard_data.exploring.explored`).

        Raises:
            ValueError: there is no such task, model, order or page; the models are not comparable.
        """
        task, state = task_of(task_id), self._live.state
        if order not in ORDERS:
            raise ValueError(f"there is no order {order[:40]!r}; the orders: {', '.join(ORDERS)}")
        if not 1 <= len(models) <= 2 or len(set(models)) < len(models):
            raise ValueError("give one model, or two different ones")
        if task.id not in suite.rules:
            raise ValueError(f"{task.id} is not a task of {suite.id}")
        known = {entry.model: (entry, blob) for entry, blob in self._asked(task, suite, state, everyone=True)}
        if unknown := [model for model in models if model not in known]:
            raise ValueError(f"no values behind the score are stored of {', '.join(unknown)[:300]}")
        told = {"task": task.id, "models": [{"model": m, "name": known[m][0].name} for m in models]}
        visit = self._looked.visit()
        held = [visit.get(*self._look(task, suite, *known[model])) for model in models]
        texts, texts_ready = self._texts_of(task, state)
        looked = [each for each in held if each is not None]
        if len(looked) < len(models) or not texts_ready:
            return {**told, "rows": [], "ready": False}
        return {**told, **explored(task, looked, texts, order=order, page=page), "ready": True}

    def _asked(self, task: Task, suite: Suite, state: State, *, everyone: bool = False) -> list[tuple[Entry, str]]:
        """The listed measured results with a score of the task and with samples, best first; (entry, blob id) each.

        Without `everyone`: those that say together what is hard.
        """
        if state.snapshot is None or task.id not in suite.rules:
            return []
        place = suite.task_ids.index(task.id)
        blobs = state.snapshot.list(SAMPLES_FOLDER)
        scored = [(entry, entry.cells[place].score) for entry in chosen(state.entries, MEASURED, suite)]
        ordered = sorted(((e, s) for e, s in scored if s is not None), key=lambda pair: (-pair[1], pair[0].model))
        there = [(e, blobs[samples_path(e.path)]) for e, _ in ordered if samples_path(e.path) in blobs]
        return there if everyone else [(e, blob) for e, blob in there if not e.lexical][:MOST_MODELS]

    def _difficulty(self, task: Task, suite: Suite, asked: Sequence[tuple[Entry, str]]) -> Difficulty | None:
        found: list[Items] = []
        for entry, _ in asked:
            try:
                held = load_samples(self._read(samples_path(entry.path)))
                found.append(items_of(task, held[task.id], suite.rules[task.id]))
            except (ValueError, KeyError):  # a damaged file is told by the log of whoever opens it alone
                continue
        return difficulty(found)

    def _look(self, task: Task, suite: Suite, entry: Entry, blob: str) -> tuple[tuple[str, ...], Callable[[], Looked]]:
        rule = suite.rules[task.id]
        state = self._live.state
        assert state.snapshot is not None
        ranks = state.snapshot.list(RANKINGS_FOLDER).get(rankings_path(entry.path))

        def look() -> Looked:
            samples = load_samples(self._read(samples_path(entry.path)))[task.id]
            found = load_rankings(self._read(rankings_path(entry.path))).get(task.id, []) if ranks else []
            return Looked(items_of(task, samples, rule), samples, {each.query: each for each in found})

        return (task.id, rule.id, blob, ranks or ""), look

    def _texts_of(self, task: Task, state: State) -> tuple[Texts | None, bool]:
        """The texts of a task, and whether they are known: None where there are none to show."""
        if state.snapshot is None or not may_be_shown(task):
            return None, True
        blob = state.snapshot.list(TEXTS_FOLDER).get(texts_path(task))
        if blob is None:
            return None, True
        path = texts_path(task)
        found = self._texts.visit().get(blob, lambda: load_texts(self._read(path), path))
        if found is not None and (found.task, found.revision) != (task.id, task.data.revision):
            return None, True
        return found, found is not None

    def _read(self, path: str) -> bytes:
        """A file's content. Not through the snapshot: it keeps for good what it has read."""
        snapshot = self._live.state.snapshot
        assert snapshot is not None
        return self._live.store.read(path, snapshot.revision)


def task_of(task_id: str) -> Task:
    """The task of this id.

    Raises:
        ValueError: there is none.
    """
    known = discovered_tasks()
    if task_id not in known:
        raise ValueError(f"there is no task {task_id[:100]!r}; `tasks` lists them")
    return known[task_id]
