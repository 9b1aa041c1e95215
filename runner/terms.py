"""How a worker works, as its command line and the settings say, and which submissions it takes."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from evaluator.suite import SUITES
from runner.asked import asked_of
from submissions.record import Submission


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a worker works.

    `lease`: how long a claim holds without a word. `beat`: the least time between renewals at a task's end; without
    one the lease is renewed when half of it is over. `retry_delay`: the wait after a failure that may pass.
    `max_parameters`: larger models are left to others; one whose size the Hub does not tell is taken.
    `only`: the id of the one submission that it takes.
    `tasks`: only these tasks (for trials; what the result lacks then is run when it is submitted again).
    """

    lease: timedelta = timedelta(minutes=60)
    beat: timedelta = timedelta(minutes=10)
    retry_delay: timedelta = timedelta(minutes=10)
    max_parameters: int | None = None
    datasets: Path | None = None
    tasks: tuple[str, ...] = ()
    device: str | None = None
    only: str | None = None

    def accept(self, submission: Submission) -> bool:
        """Whether a worker on these terms takes a submission; newer workers know suites that it does not."""
        if self.only not in (None, submission.id) or not set(submission.suites) <= set(SUITES):
            return False
        if not asked_of(submission, self.tasks):
            return False
        limit, parameters = self.max_parameters, submission.metadata.parameters
        return limit is None or parameters is None or parameters <= limit
