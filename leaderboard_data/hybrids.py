"""What each model gains from the best lexical row: `hybrids.parquet`, one row a fusion of a task or of a category.

It follows from the rankings in `runs/` and is written in the commit that publishes one of them. A model is fused with
one lexical model a category: the one with the highest mean over the category's tasks that all of them have. Which one
that is, is looked up in the scores; how the two are fused is not (`evaluator.evidence.fusion`).
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from evaluator.evidence.bootstrap import percentiles
from evaluator.evidence.fusion import METHODS, Hybrid, Method, NotPaired, hybrids, samples_of
from evaluator.evidence.rankings import Found, Rankings, load_rankings
from evaluator.kinds import ranking_kind_of
from evaluator.suite import SUITES, Category, MissingMetric, ScoreRule, Suite
from evaluator.task import Task
from evaluator.tasks import discovered_tasks
from leaderboard_data.cell_file import CellFile
from leaderboard_data.entry import Entry
from leaderboard_data.load import rankings_path
from store.update import Snapshot

HYBRIDS_PATH = "hybrids.parquet"
MOST_ROWS = 400_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HybridCell:
    """The fusion of one result with a lexical one: of a suite's task, or the mean of its category (`item`).

    `score` and `gain` (over the result alone) are -1..1 and -2..2, each with its 95 % interval.
    """

    path: str
    spec_id: str
    suite: str
    item: str
    baseline: str
    method: str
    score: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


def _wrong(cell: HybridCell) -> str | None:
    numbers = (cell.score, cell.low, cell.high, cell.gain, cell.gain_low, cell.gain_high)
    return None if all(abs(number) <= 2 for number in numbers) else "a row holds a number that is no score"  # nor NaN


HYBRID_FILE = CellFile(
    HYBRIDS_PATH, HybridCell, MOST_ROWS, _wrong, lambda cell: cell.suite in SUITES and cell.method in METHODS
)
"""Cells of a suite or a method that is not known here are left out."""

_DIGITS = 8


def renewed_hybrids(snapshot: Snapshot, entries: Sequence[Entry], changed: Mapping[str, Rankings] | None) -> bytes:
    """The file's content once the rankings of the results at the paths in `changed` are these; `entries` are all.

    With None, or where a lexical result changes, all are made anew: a second for each hundred queries of each model.
    """
    lexical = _newest_lexical(entries)
    known = None if changed is None or set(changed) & {e.path for e in lexical} else HYBRID_FILE.stored(snapshot)
    new = changed or {}

    def rankings_of(entry: Entry) -> Rankings:
        return new[entry.path] if entry.path in new else stored_rankings(snapshot, entry.path)

    baselines = {entry.model: found for entry in lexical if (found := rankings_of(entry))}
    dense = {e.path: e for e in entries if e.origin == "measured" and not e.lexical and not e.keep_duplicates}
    kept = [cell for cell in known or () if cell.path in dense and cell.path not in new]
    made = [entry for path, entry in dense.items() if known is None or path in new] if baselines else []
    bests = Baselines(baselines)
    return HYBRID_FILE.dump([*kept, *(cell for entry in made for cell in bests.cells(entry, rankings_of(entry)))])


def stored_rankings(snapshot: Snapshot, path: str) -> Rankings:
    """The rankings of the result stored at `path`; none where there are none that can be read."""
    name = rankings_path(path)
    if not snapshot.exists(name):
        return {}
    try:
        return load_rankings(snapshot.read(name), name)
    except ValueError as error:
        log.warning("left out %s", error)
        return {}


def _newest_lexical(entries: Iterable[Entry]) -> list[Entry]:
    """Of each lexical model the result that was computed last."""
    newest: dict[str, Entry] = {}
    for entry in sorted((e for e in entries if e.lexical and e.origin == "measured"), key=lambda e: e.at or ""):
        newest[entry.model] = entry
    return list(newest.values())


class Baselines:
    """The lexical models' rankings, by model and task, and the fusions of others with the best of them."""

    def __init__(self, rankings: Mapping[str, Rankings]) -> None:
        self._rankings = rankings
        self._best = {
            (suite.id, category.id): self._best_of(category)
            for suite in SUITES.values()
            for category in suite.categories
        }

    def cells(self, entry: Entry, rankings: Rankings) -> Iterator[HybridCell]:
        """The fusions of one result by each method, in each suite: of its tasks, and of categories it has whole."""
        made: dict[tuple[str, str, str, Method], Hybrid | None] = {}
        for suite in SUITES.values():
            for category in suite.categories:
                best = self._best[suite.id, category.id]
                if best is None:
                    continue
                for method in METHODS:
                    found: dict[str, Hybrid] = {}
                    for task_id in category.task_ids:
                        key = (task_id, category.rule.id, best, method)
                        if key not in made:
                            mine, theirs = rankings.get(task_id), self._rankings[best].get(task_id)
                            made[key] = None
                            if mine is not None and theirs is not None:
                                task = discovered_tasks()[task_id]
                                made[key] = _hybrid(task, category.rule, mine, theirs, method)
                        if (hybrid := made[key]) is not None:
                            found[task_id] = hybrid
                    whole = _mean_of(suite, category, found)
                    for item, hybrid in {**found, **({category.id: whole} if whole else {})}.items():
                        yield _cell(entry, suite, item, best, method, hybrid)

    def _best_of(self, category: Category) -> str | None:
        known = discovered_tasks()
        tasks = [task for each in category.task_ids if ranking_kind_of(task := known[each])]
        scores = {
            model: {t.id: score for t in tasks if (score := _score(category.rule, found.get(t.id))) is not None}
            for model, found in self._rankings.items()
        }
        scores = {model: of_model for model, of_model in scores.items() if of_model}
        if not scores:
            return None
        shared = set.intersection(*(set(of_model) for of_model in scores.values()))

        def standing(model: str) -> tuple[float, int, str]:
            return fmean(scores[model][task] for task in shared) if shared else 0.0, len(scores[model]), model

        return max(scores, key=standing)


def fused_means(suite: Suite, one: Rankings, other: Rankings) -> dict[str, dict[str, list[float]]]:
    """The fusions of two results' rankings: id of a task, or of a category that both have whole -> method -> score, its
    interval's ends, gain over the better of the two, its interval's ends."""
    known, told = discovered_tasks(), dict[str, dict[str, list[float]]]()
    for category in suite.categories:
        for method in METHODS:
            over: list[dict[str, Hybrid]] = [{}, {}]  # the same fusions, each over one of the two alone
            for task_id in category.task_ids:
                if task_id in one and task_id in other:
                    for side, (mine, theirs) in enumerate(((one, other), (other, one))):
                        hybrid = _hybrid(known[task_id], category.rule, mine[task_id], theirs[task_id], method)
                        over[side] |= {task_id: hybrid} if hybrid else {}
            wholes = [_mean_of(suite, category, found) for found in over]
            for side, whole in enumerate(wholes):
                over[side] |= {category.id: whole} if whole else {}
            for item in over[0]:
                better = min((over[0][item], over[1][item]), key=lambda hybrid: hybrid.gain)
                told.setdefault(item, {})[method] = _numbers(better)
    return told


def _hybrid(
    task: Task, rule: ScoreRule, mine: Sequence[Found], theirs: Sequence[Found], method: Method
) -> Hybrid | None:
    try:
        return hybrids(task, mine, theirs, (rule,), method).get(rule.id)
    except NotPaired as error:
        log.warning("no fusion of two results of %s: %s", task.id, error)
        return None


def _numbers(hybrid: Hybrid) -> list[float]:
    numbers = (hybrid.score, *percentiles(hybrid.scores), hybrid.gain, *percentiles(hybrid.gains))
    return [round(float(value), _DIGITS) for value in numbers]


def _score(rule: ScoreRule, found: Sequence[Found] | None) -> float | None:
    if not found:
        return None
    samples = samples_of(found)
    try:
        return rule.score({name: float(samples[name].mean()) for name in rule.metrics if name in samples})
    except MissingMetric:
        return None


def _mean_of(suite: Suite, category: Category, found: Mapping[str, Hybrid]) -> Hybrid | None:
    """The mean of a category's fusions, as the suite averages its tasks; None where one is missing."""

    def mean(values: Sequence[Any], weights: Sequence[float]) -> Any:
        return np.average(np.stack([np.asarray(value) for value in values]), axis=0, weights=weights)

    parts: dict[str, Any] = {
        name: suite.means({task: getattr(hybrid, name) for task, hybrid in found.items()}, mean).get(category.id)
        for name in ("score", "gain", "scores", "gains")
    }
    if parts["score"] is None:
        return None
    return Hybrid(float(parts["score"]), float(parts["gain"]), parts["scores"], parts["gains"])


def _cell(entry: Entry, suite: Suite, item: str, best: str, method: Method, hybrid: Hybrid) -> HybridCell:
    return HybridCell(entry.path, entry.spec_id, suite.id, item, best, method, *_numbers(hybrid))
