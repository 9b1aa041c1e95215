"""Two to four models side by side: differences per task, and which of them mean something. Pure."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from evaluator.evidence.bootstrap import Replicates, mean_replicates
from evaluator.suite import OVERALL, Suite
from leaderboard_data.board import all_means, chosen, means
from leaderboard_data.entry import ORIGINS, Entry
from leaderboard_data.significance import Difference, Key, difference, paired

MOST = 4


def compare(
    entries: Sequence[Entry], models: Sequence[str], replicates: Mapping[Key, Replicates], suite: Suite
) -> dict[str, Any]:
    """The models' scores by task, category and average, and the difference of each pair of them.

    Of each model the best known result is taken (measured, then published, then imported). A difference has an
    interval only where both results were measured here on the same pairs or queries.

    Raises:
        ValueError: fewer than two or more than four models, or one that is not known.
    """
    these = picked(entries, models, suite)
    lines = [
        *((task.id, task.column, "task") for task in suite.tasks),
        *((category.id, category.mean_column, "category") for category in suite.categories),
        *((average.id, average.column, "average") for average in suite.averages),
    ]
    scores = [_scores(entry, suite) for entry in these]
    resampled = [_resampled(replicates.get(entry.key, {}), suite) for entry in these]
    return {
        "models": [
            {
                "model": entry.model,
                "name": entry.name,
                "origin": entry.origin,
                "precision": entry.precision,
                "kind": entry.kind,
            }
            for entry in these
        ],
        "rows": [
            {
                "id": name,
                "column": column,
                "kind": kind,
                "scores": [score[name] for score in scores],
                "differences": [
                    _difference(these, scores, resampled, name, a, b) for a, b in combinations(range(len(these)), 2)
                ],
            }
            for name, column, kind in lines
        ],
        "pairs": list(combinations(range(len(these)), 2)),
    }


def picked(entries: Sequence[Entry], models: Sequence[str], suite: Suite) -> list[Entry]:
    """The best known result of each of 2 to 4 models.

    Raises:
        ValueError: fewer or more models, or one that is not known.
    """
    wanted = list(dict.fromkeys(models))
    if not 2 <= len(wanted) <= MOST:
        raise ValueError(f"give 2 to {MOST} different models, not {len(wanted)}")
    listed = {entry.model: entry for entry in reversed(chosen(entries, ORIGINS, suite))}
    if unknown := [model for model in wanted if model not in listed]:
        raise ValueError(f"not on the board: {', '.join(unknown)[:300]}")
    return [listed[model] for model in wanted]


def _scores(entry: Entry, suite: Suite) -> dict[str, float | None]:
    of_category, overall = means(entry, suite)
    more = all_means(entry, suite)
    of_task = {task: cell.score for task, cell in zip(suite.task_ids, entry.cells, strict=True)}
    return {**dict.fromkeys(suite.mean_ids), **of_task, **more, **of_category, OVERALL: overall}


def _resampled(replicates: Replicates, suite: Suite) -> dict[str, np.ndarray]:
    of_tasks = {
        task_id: replicates[task_id, rule.id]
        for task_id, rule in suite.rules.items()
        if (task_id, rule.id) in replicates
    }
    return {**of_tasks, **mean_replicates(suite, replicates)}


def _difference(
    picked: Sequence[Entry],
    scores: Sequence[Mapping[str, float | None]],
    resampled: Sequence[Mapping[str, np.ndarray]],
    name: str,
    a: int,
    b: int,
) -> dict[str, Any] | None:
    ours, theirs = scores[a][name], scores[b][name]
    if ours is None or theirs is None:
        return None
    if name not in resampled[a] or name not in resampled[b] or not paired(picked[a], picked[b]):
        return {"difference": ours - theirs, "interval95": None, "significant": None}
    found: Difference = difference(resampled[a][name], resampled[b][name], ours - theirs)
    return {
        "difference": found.difference,
        "interval95": [found.low, found.high],
        "significant": found.significant,
    }
