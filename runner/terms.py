"""How a worker works: what its command line and the settings say."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a worker works.

    `lease`: how long a claim holds without a word. `beat`: the least time between renewals at a task's end; without
    one the lease is renewed when half of it is over. `retry_delay`: the wait after a failure that may pass.
    `max_parameters`: larger models are left to others; one whose size the Hub does not tell is taken.
    `tasks`: only these tasks (for trials; what the result lacks then is run when it is submitted again).
    """

    lease: timedelta = timedelta(minutes=60)
    beat: timedelta = timedelta(minutes=10)
    retry_delay: timedelta = timedelta(minutes=10)
    max_parameters: int | None = None
    datasets: Path | None = None
    tasks: tuple[str, ...] = ()
    device: str | None = None
