"""Which differences mean something: paired differences, and tie groups. Pure.

A result's replicates are its task scores on 1,000 bootstrap resamples (`evaluator.evidence.bootstrap`, written beside
the samples when it is published). The resamples are drawn by a generator seeded with the task, so two models that were
scored on the same pairs or queries were scored on the same resamples: the difference of their replicates is a paired
bootstrap of the difference (Efron and Tibshirani, 1993, chapter 13). It is significant at 5 % if the 95 % interval
of the difference does not hold zero. Reported results have no replicates, hence no interval and no tie group.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from evaluator.evidence.bootstrap import RESAMPLES, Replicates, mean_replicates, percentiles
from evaluator.reading import REPLICATES_BYTES, reading, vectors
from evaluator.schema1 import RULE_OF_TASK
from evaluator.suite import OVERALL, Suite
from leaderboard_data.board import means
from leaderboard_data.entry import SLACK, Entry

_KEY = re.compile(r"(?P<task>[A-Za-z0-9][\w.-]{0,199})(/(?P<rule>\w{1,100}))?")

Key = tuple[str, str, str]
"""`Entry.key`."""

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
    """What the replicates say of a suite's board.

    `ties`: view -> result -> the best and the worst result that it is not significantly different from.
    """

    ties: Mapping[str, Mapping[Key, tuple[Key, Key]]] = field(default_factory=dict)


def dump_replicates(replicates: Replicates) -> bytes:
    """The replicates file: float32 arrays by "task/rule", in numpy's npz form without pickles."""
    sink = io.BytesIO()
    arrays: dict[str, Any] = {
        f"{task}/{rule}": values.astype(np.float32) for (task, rule), values in sorted(replicates.items())
    }
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()


def load_replicates(content: bytes, name: str = "the replicates file") -> dict[tuple[str, str], np.ndarray]:
    """(task id, rule id) -> replicates. Files that came with results of schema 1 name no rule: it is ko-v1's.

    Raises:
        ValueError: (BadFile) it is not a replicates file, or holds something other than 1,000 scores from -1 to 1 for
            each key. `name` is for the error.
    """
    with reading(name, content, REPLICATES_BYTES):
        found = {_named(key): values.astype(np.float32) for key, values in vectors(content, RESAMPLES).items()}
        for (task, rule), values in found.items():
            if np.abs(values).max() > 1 + SLACK:
                raise ValueError(f"{task}/{rule} has scores that do not lie between -1 and 1")
        return found


def _named(key: str) -> tuple[str, str]:
    named = _KEY.fullmatch(key)
    if named is None or (named["rule"] is None and named["task"] not in RULE_OF_TASK):
        raise ValueError(f"{key[:100]} is not the name of a task with a rule")
    return named["task"], named["rule"] or RULE_OF_TASK[named["task"]]


def difference(a: np.ndarray, b: np.ndarray, observed: float) -> Difference:
    """The observed difference a - b with the interval of the paired replicates."""
    return Difference(observed, *percentiles(a - b))


def evidence(entries: Sequence[Entry], replicates: Mapping[Key, Replicates], suite: Suite) -> Evidence:
    """Tie groups of the entries that have replicates. `entries` are those that the suite's board lists."""
    of_means = {
        entry.key: mean_replicates(suite, replicates[entry.key]) for entry in entries if entry.key in replicates
    }
    views = [*(category.id for category in suite.categories), OVERALL]
    with_replicates = [entry for entry in entries if entry.key in of_means and entry.complete]
    return Evidence({view: _ties(with_replicates, of_means, view, suite) for view in views})


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
    return overall if view == OVERALL else of_category[view]
