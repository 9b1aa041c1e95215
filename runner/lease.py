"""A worker's hold on one submission while it is evaluated: renewed by what the evaluation tells."""

from collections.abc import Callable
from datetime import timedelta

from runner.events import Event, progress_of
from runner.logs import Say
from store.errors import StoreError, asked_to_wait
from submissions.errors import LeaseLost
from submissions.record import Submission
from submissions.stored import Queue


class Lease:
    """The lease that `submission` was claimed with. `lost` says that somebody else has taken over.

    `length`: how long it holds without a word. `beat`: the least time between renewals at a task's end; without one it
    is renewed when half of it is over. `clock` is monotonic, seconds.
    """

    def __init__(
        self,
        queue: Queue,
        submission: Submission,
        *,
        length: timedelta,
        beat: timedelta,
        clock: Callable[[], float],
        say: Say,
    ) -> None:
        assert submission.lease is not None
        self.nonce = submission.lease.nonce
        self.lost = False
        self._queue = queue
        self.submission = submission
        self._length, self._beat = length, beat
        self._clock = clock
        self._say = say
        self._renewed = clock()
        self._not_before = self._renewed
        self._progress: dict[str, float | int | str | None] = {"tasks_done": 0}

    def hear(self, event: Event) -> None:
        """Take in one event, and renew the lease: at a task's end, or when half of it is over."""
        at_task_end = event.get("event") == "task"
        if at_task_end:
            self._progress["tasks_done"] = int(self._progress["tasks_done"] or 0) + 1
        if event.get("event") in ("task", "progress"):
            self._progress |= progress_of(event)
        if self._clock() < self._not_before:
            return
        silent = self._clock() - self._renewed
        if silent >= self._length.total_seconds() / 2 or (at_task_end and silent >= self._beat.total_seconds()):
            self._renew()

    def _renew(self) -> None:
        try:
            self._queue.beat(self.submission.id, nonce=self.nonce, lease=self._length, progress=dict(self._progress))
        except LeaseLost:
            self.lost = True
        except StoreError as error:
            # The evaluation goes on, also where the store refuses: what it computes is kept, and a worker with a right
            # token publishes it. A later event tries again, until somebody else has taken over.
            self._say("not_renewed", submission=self.submission.id, error=str(error))
            self._not_before = self._clock() + max(self._length.total_seconds() / 10, asked_to_wait(error))
        else:
            self._renewed = self._clock()
            self._say("renewed", submission=self.submission.id, progress=dict(self._progress))
