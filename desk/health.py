"""Health at a glance, for maintainers: who works, what waits, what fails, what is left. Pure but for `disk_of`."""

import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from store import Commit
from submissions.record import Status, Submission

STEP = 10**8
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIZES = ((200_000_000, "<0.2B"), (1_000_000_000, "<1B"), (4_000_000_000, "<4B"))
"""Size classes: parameters below so many, and what the class is called."""


def size_class(parameters: int | None) -> str:
    """The size class of a model; `?` where the Hub did not say."""
    if parameters is None:
        return "?"
    return next((name for most, name in SIZES if parameters < most), ">=4B")


def health(submissions: Sequence[Submission], commits: Sequence[Commit], quota: int, at: datetime) -> dict[str, Any]:
    """What there is to see at a moment (UTC). `commits`: the requests store's newest, `quota` of them if there are.

    A worker is seen when it holds a lease, or made a transition within the last hour.
    """
    waiting = [s for s in submissions if s.status is Status.QUEUED]
    failed = [s for s in submissions if s.status is Status.FAILED and s.entered and at - s.entered.at <= DAY]
    oldest = min((s for s in submissions if s.status is Status.PENDING), key=lambda s: s.submitted_at, default=None)
    made = sum(1 for commit in commits if at - commit.at <= HOUR)
    return {
        "workers": _workers(submissions, at),
        "queued": dict(Counter(size_class(s.metadata.parameters) for s in waiting)),
        "failures": dict(Counter(s.failure.failure for s in failed if s.failure)),
        "pending": sum(s.status is Status.PENDING for s in submissions),
        "oldest": oldest and {"id": oldest.id, "model": oldest.spec.model, "at": oldest.submitted_at.isoformat()},
        "commits": {"made": made, "left": max(0, quota - made) if quota else None},
    }


def _workers(submissions: Sequence[Submission], at: datetime) -> list[dict[str, Any]]:
    seen: dict[str, dict[str, Any]] = {}
    for submission in sorted(submissions, key=lambda s: s.id):
        if submission.lease and submission.status is Status.RUNNING:
            seen[submission.lease.worker] = {
                "name": submission.lease.worker,
                "runs": {"id": submission.id, "model": submission.spec.model},
                "until": submission.lease.until.isoformat(),
                "overdue": submission.lease.until < at,
            }
        for event in submission.history:
            by_worker = event.moves and Status.RUNNING in (event.to_status, event.from_status)
            if by_worker and at - event.at <= HOUR and event.to_status is not Status.QUEUED:
                seen.setdefault(event.who, {"name": event.who, "runs": None, "until": None, "overdue": False})
    return list(seen.values())


def disk_of(url: str) -> dict[str, int] | None:
    """Bytes of the disk that a local store is on; None of a store elsewhere, or of one that cannot be looked at.

    To 100 MB, as it is shown: while it reads the same, the answer is the same.
    """
    kind, _, folder = url.partition(":")
    if kind != "file":
        return None
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return {"free": usage.free // STEP * STEP, "total": usage.total // STEP * STEP}
