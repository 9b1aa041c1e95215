"""What was computed is worth waiting for a store that does not answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from runner.lease import Lease
from runner.logs import Say
from store.errors import Conflict, OutcomeUnknown, Unavailable, asked_to_wait
from submissions.errors import LeaseLost

PATIENCE = timedelta(hours=2)
"""How long a worker tries to write what it computed: the Hub counts commits by the hour."""

SHORTEST_PAUSE, LONGEST_PAUSE = 5.0, 120.0
"""Seconds between two tries; more where the store asks for it."""

T = TypeVar("T")


def kept_trying(
    write: Callable[[], T],
    lease: Lease,
    *,
    clock: Callable[[], float],
    wait: Callable[[float], object],
    stopped: Callable[[], bool],
    say: Say,
) -> T:
    """`write()`, tried again for `PATIENCE` if the store does not answer.

    The lease is renewed meanwhile, if its store answers. A worker that is `stopped` does not wait: its result is in the
    work folder, and its lease will run out. `clock`: monotonic seconds; `wait` may wake early.

    Raises:
        StoreError: the last one.
        LeaseLost: somebody else has taken over meanwhile.
    """
    deadline = clock() + PATIENCE.total_seconds()
    pause = SHORTEST_PAUSE
    while True:
        try:
            return write()
        except (Unavailable, Conflict, OutcomeUnknown) as error:
            seconds = max(pause, asked_to_wait(error))
            if clock() + seconds > deadline or stopped():
                raise
            say("store_unavailable", error=str(error), seconds=seconds)
            wait(seconds)
            pause = min(2 * pause, LONGEST_PAUSE)
        lease.hear({})
        if lease.lost:
            raise LeaseLost(lease.submission)
