"""Ranks over whole columns of scores, in the order of operations of static/scores.js; NaN where there is none. Pure."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def rounded(values: Floats) -> Floats:
    """Numbers as ranks compare them: JavaScript's `Math.round` of ten more digits."""
    return np.floor(values * 1e10 + 0.5)


def ranks(scores: Floats) -> Floats:
    """Rank 1 is the highest; equal scores share one; NaN where there is no score."""
    known = ~np.isnan(scores)
    values = np.sort(rounded(scores[known]))
    found = np.full(len(scores), np.nan)
    found[known] = 1 + len(values) - np.searchsorted(values, rounded(scores[known]), side="right")
    return found


def mteb_ranks(scores: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """The ranks of MTEB's board (`leaderboard_data.ranking.borda_ranks`) of rows by their scores [task, row]."""
    count = scores.shape[1]
    points = np.zeros(count)
    for group in groups:
        total, held = np.zeros(count), np.zeros(count)
        for i in group:
            there = ~np.isnan(scores[i])
            total = np.where(there, total + scores[i], total)
            held += there
        known = held > 0
        of = rounded(total[known] / held[known])
        ordered = np.sort(of)
        above = len(ordered) - np.searchsorted(ordered, of, side="right")
        equal = np.searchsorted(ordered, of, side="right") - np.searchsorted(ordered, of, side="left")
        points[known] += count - 1 - (above + (equal + 1) / 2)
    return ranks(points)


def borda_ranks(scores: Floats, tasks: Sequence[int]) -> Floats:
    """The ranks of rows by a point in each task for each row below, and half a point for each beside; [task, row]."""
    points = np.zeros(scores.shape[1])
    for i in tasks:
        known = ~np.isnan(scores[i])
        values = scores[i, known]
        ordered = np.sort(values)
        below = np.searchsorted(ordered, values, side="left")
        beside = np.searchsorted(ordered, values, side="right") - below - 1
        points[known] += below + beside / 2
    return ranks(points)
