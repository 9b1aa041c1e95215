"""How long a submission stood unchanged before an observer's own clock.

Machines' clocks differ, and the dates of a local store's commits are its writers'. So nobody compares a time that
another machine wrote with its own: an observer remembers when it first saw a submission as it is, by a clock that only
counts forward, and a lease is over when it stood for its length without a renewal. Whoever starts anew begins to count
anew; that delays a reclaim by at most one lease.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

from submissions.record import Submission

_Mark = tuple[object, ...]


class Watch:
    """One observer. `monotonic`: seconds, never set back. May be shared by threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: dict[str, tuple[_Mark, float]] = {}
        self._lock = threading.Lock()

    def stood(self, submissions: Iterable[Submission]) -> dict[str, timedelta]:
        """How long this observer has seen each of `submissions` (all open ones) as it is now; by id."""
        with self._lock:
            at = self._monotonic()
            seen = {}
            for submission in submissions:
                mark = _mark(submission)
                known = self._seen.get(submission.id)
                seen[submission.id] = known if known is not None and known[0] == mark else (mark, at)
            self._seen = seen
            return {submission_id: timedelta(seconds=at - since) for submission_id, (_, since) in seen.items()}


def _mark(submission: Submission) -> _Mark:
    """What every claim, renewal and transition changes; another priority does not."""
    lease = submission.lease
    return (
        sum(event.moves for event in submission.history),
        lease and lease.nonce,
        lease and lease.renewals,
        lease and lease.until,
    )
