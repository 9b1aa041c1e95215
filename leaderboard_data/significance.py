"""Which differences mean something: intervals of means, paired differences, and tie groups. Pure.

A result's replicates are its task scores on 1,000 bootstrap resamples (`evaluator.bootstrap`, written beside the
samples when it is published). The resamples are drawn by a generator seeded with the task, so two models that were
scored on the same pairs or queries were scored on the same resamples: the difference of their replicates is a paired
bootstrap of the difference (Efron and Tibshirani, 1993, chapter 13). It is significant at 5 % if the 95 % interval
of the difference does not hold zero. Reported results have no replicates, hence no interval and no tie group.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from evaluator.suite import KO_V1, Suite
from leaderboard_data.board import means
from leaderboard_data.entry import Entry

Key = tuple[str, str, str]
"""`Entry.key`."""

Replicates = Mapping[str, np.ndarray]
"""Task id -> (resamples,) scores."""

NEIGHBOURS = 30
"""A tie group ends where this many models in a row are told apart."""

FURTHEST = 300
"""Nor does it go on beyond this many ranks each way: all pairs of thousands of models would take minutes."""


@dataclass(frozen=True)
class Difference:
    """a - b with its 95 % interval; `significant` if the interval does not hold zero."""

    difference: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Evidence:
    """What the replicates say of a board.

    `mean_intervals`: for each result the intervals of its category means, in the suite's order, then of its average.
    `ties`: view -> result -> the best and the worst result that it is not significantly different from.
    """

    mean_intervals: Mapping[Key, tuple[tuple[float, float] | None, ...]] = field(default_factory=dict)
    ties: Mapping[str, Mapping[Key, tuple[Key, Key]]] = field(default_factory=dict)


def dump_replicates(replicates: Replicates) -> bytes:
    """The replicates file: float32 arrays by task id, in numpy's npz form without pickles."""
    sink = io.BytesIO()
    arrays: dict[str, Any] = {task: values.astype(np.float32) for task, values in sorted(replicates.items())}
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()


def load_replicates(content: bytes) -> dict[str, np.ndarray]:
    """Task id -> replicates.

    Raises:
        ValueError: it is not a replicates file.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {task: np.asarray(archive[task], dtype=np.float32) for task in archive.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"not a replicates file: {error}") from error


def interval95(values: np.ndarray) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def mean_replicates(replicates: Replicates, suite: Suite = KO_V1) -> dict[str, np.ndarray]:
    """Category id, and "overall" -> replicates of the mean; only means of which no task is missing.

    The tasks' resamples were drawn independently of each other, so adding them up by number is right.
    """
    found: dict[str, np.ndarray] = {
        category.id: np.mean([replicates[task] for task in category.task_ids], axis=0, dtype=np.float64).reshape(-1)
        for category in suite.categories
        if all(task in replicates for task in category.task_ids)
    }
    if len(found) == len(suite.categories):
        found["overall"] = np.mean([found[category.id] for category in suite.categories], axis=0)
    return found


def difference(a: np.ndarray, b: np.ndarray, observed: float) -> Difference:
    """The observed difference a - b with the interval of the paired replicates."""
    return Difference(observed, *interval95(a - b))


def evidence(entries: Sequence[Entry], replicates: Mapping[Key, Replicates], suite: Suite = KO_V1) -> Evidence:
    """Intervals and tie groups of the entries that have replicates. `entries` are those that the board lists."""
    of_means = {
        entry.key: mean_replicates(replicates[entry.key], suite) for entry in entries if entry.key in replicates
    }
    views = [*(category.id for category in suite.categories), "overall"]
    intervals = {
        key: tuple(interval95(found[view]) if view in found else None for view in views)
        for key, found in of_means.items()
    }
    with_replicates = [entry for entry in entries if entry.key in of_means and entry.complete]
    ties = {view: _ties(with_replicates, of_means, view, suite) for view in views}
    return Evidence(intervals, ties)


def _ties(
    entries: Sequence[Entry], of_means: Mapping[Key, Mapping[str, np.ndarray]], view: str, suite: Suite
) -> dict[Key, tuple[Key, Key]]:
    listed = [entry for entry in entries if view in of_means[entry.key]]
    ordered = sorted(listed, key=lambda entry: -(_mean(entry, view, suite) or 0))
    if not ordered:
        return {}
    matrix = np.stack([of_means[entry.key][view] for entry in ordered])
    return {
        entry.key: (ordered[_tied(ordered, matrix, place, -1)].key, ordered[_tied(ordered, matrix, place, 1)].key)
        for place, entry in enumerate(ordered)
    }


def _tied(ordered: Sequence[Entry], matrix: np.ndarray, place: int, step: Literal[-1, 1]) -> int:
    """The furthest place, upwards or downwards, of a result that the one at `place` is not told apart from."""
    furthest, seen = place, place
    while abs(seen - furthest) < NEIGHBOURS and abs(seen - place) < FURTHEST:
        block = [i for i in range(seen + step, seen + step * (NEIGHBOURS + 1), step) if 0 <= i < len(ordered)]
        if not block:
            break
        low, high = np.percentile(matrix[block] - matrix[place], [2.5, 97.5], axis=1)
        for i, lowest, highest in zip(block, low, high, strict=True):
            if lowest <= 0 <= highest and paired(ordered[place], ordered[i]):
                furthest = i
        seen = block[-1]
    return furthest


def paired(a: Entry, b: Entry) -> bool:
    """Whether two results were scored on the same number of pairs or queries in every task that both have."""
    return all(
        ours.n == theirs.n
        for ours, theirs in zip(a.cells, b.cells, strict=True)
        if ours.score is not None and theirs.score is not None
    )


def _mean(entry: Entry, view: str, suite: Suite) -> float | None:
    of_category, overall = means(entry, suite)
    return overall if view == "overall" else of_category[view]
