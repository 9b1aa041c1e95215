"""How long a submission still waits, from what finished evaluations took. Pure.

An evaluation's seconds are taken as proportional to the model's parameters. The rate is the median of finished
evaluations of models of a similar size (within a factor of four), of all sizes where fewer than three are alike.
It is an estimate: machines, precisions and lengths differ, and the page says from how many evaluations it comes.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from submissions.order import claim_order
from submissions.record import Status, Submission

ALIKE = 4.0
"""Models whose parameters differ by no more than this factor are of a similar size."""

ENOUGH = 3
"""With so many models of a similar size, others are not looked at."""


@dataclass(frozen=True)
class Place:
    """Where a queued submission stands. `seconds` until a worker takes it, None where nothing was measured yet.

    `number` counts from 1 among `of`; `measured`: how many evaluations the seconds come from; `workers`: how many were
    seen at work.
    """

    number: int
    of: int
    seconds: float | None
    measured: int
    workers: int


def took(submission: Submission) -> float | None:
    """Seconds from the last claim to the end of a finished submission; None where its history does not tell."""
    if submission.status is not Status.FINISHED:
        return None
    ended = submission.entered
    begun = [event.at for event in submission.history if event.to_status is Status.RUNNING and event.moves]
    seconds = (ended.at - begun[-1]).total_seconds() if ended and begun else 0.0
    return seconds if seconds > 0 else None


class Speeds:
    """What finished evaluations took."""

    def __init__(self, submissions: Iterable[Submission]) -> None:
        known = ((submission, took(submission)) for submission in submissions)
        self._seconds = [(submission.metadata.parameters, seconds) for submission, seconds in known if seconds]

    def of(self, submission: Submission) -> tuple[float | None, int]:
        """Seconds that an evaluation of this model takes, and from how many others that comes; None from none."""
        size = submission.metadata.parameters
        sized = [(parameters, seconds) for parameters, seconds in self._seconds if parameters]
        if not size or not sized:
            every = [seconds for _, seconds in self._seconds]
            return (median(every), len(every)) if every else (None, 0)
        alike = [(of, seconds) for of, seconds in sized if abs(math.log(of / size)) <= math.log(ALIKE)]
        taken = alike if len(alike) >= ENOUGH else sized
        return median(seconds / of for of, seconds in taken) * size, len(taken)


def place_of(submission: Submission, submissions: Sequence[Submission], at: datetime) -> Place | None:
    """Where a queued submission stands at a moment (UTC); None of one that is not queued."""
    if submission.status is not Status.QUEUED:
        return None
    waiting = sorted((s for s in submissions if s.status is Status.QUEUED), key=claim_order)
    running = [s for s in submissions if s.status is Status.RUNNING]
    ids = [s.id for s in waiting]
    if submission.id not in ids:
        return None
    number = ids.index(submission.id) + 1
    speeds = Speeds(submissions)
    told = [speeds.of(s) for s in waiting[: number - 1]]
    left = [_left(s, speeds, at) for s in running]
    everything = [seconds for seconds, _ in told] + left
    _, measured = speeds.of(submission)
    known = [seconds for seconds in everything if seconds is not None]
    seconds = sum(known) / max(1, len(running)) if measured and len(known) == len(everything) else None
    return Place(number, len(waiting), seconds, measured, len(running))


def _left(submission: Submission, speeds: Speeds, at: datetime) -> float | None:
    """Seconds that a running one still takes."""
    whole, _ = speeds.of(submission)
    begun = submission.entered
    return None if whole is None else max(0.0, whole - (at - begun.at).total_seconds() if begun else whole)
