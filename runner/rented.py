"""What is known of rented jobs, and what follows from it. Pure; `runner.hub_jobs` asks the Hub.

A job says what it is for in its labels, which only the driver's token writes, so that the Hub's list of jobs is all
that a driver has to know: one that was killed has forgotten nothing. Labels are letters, digits, "-" and "_".
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from evaluator.cleaning import bounded_int
from evaluator.errors import FailureClass
from runner.flavors import Flavor
from submissions.record import Status, Submission

LIVE = frozenset({"SCHEDULING", "RUNNING"})
DAY = timedelta(days=1)
_NOTE = re.compile(r"job ([0-9A-Za-z]{1,64}) on [a-z0-9 -]+ \(at most \$(\d+\.\d\d), ")


@dataclass(frozen=True, kw_only=True)
class Rented:
    """One job as the Hub tells of it. `running`: seconds that it ran, None where the Hub does not say."""

    id: str
    stage: str
    labels: Mapping[str, str]
    created: datetime
    flavor: str = "a rented machine"
    finished: datetime | None = None
    running: float | None = None
    message: str = ""

    @property
    def live(self) -> bool:
        return self.stage in LIVE

    @property
    def key(self) -> tuple[str, str]:
        """The submission and its turn that the job is for."""
        return self.labels.get("submission", ""), self.labels.get("turn", "")

    @property
    def worker(self) -> str:
        """The name of its worker in the queue."""
        return self.labels.get("worker", "")

    @property
    def hands_back(self) -> bool:
        """Whether it publishes nothing itself: the driver takes what it leaves (`runner.handed`)."""
        return "asked" in self.labels

    @property
    def limit(self) -> float:
        """The seconds after which the Hub stops it."""
        return float(_whole(self.labels.get("seconds")))

    @property
    def ran_out(self) -> bool:
        """Whether it ended because its time was over."""
        return self.running is not None and 0 < self.limit <= self.running + 60

    @property
    def dollars(self) -> float:
        """What it cost; the most that it can cost while it is live, or where the Hub does not say how long it ran."""
        hourly = _whole(self.labels.get("cents")) / 100
        minutes = self.limit / 60 if self.live or self.running is None else -(-self.running // 60)
        return hourly * minutes / 60


def _whole(text: str | None) -> int:
    return bounded_int(int(text), 0, 10**9) or 0 if text and text.isascii() and text.isdigit() else 0


def board_label(requests_url: str) -> dict[str, str]:
    """The label by which a board's jobs are found among others of the same account."""
    return {"leaderboard": hashlib.sha256(requests_url.encode()).hexdigest()[:16]}


def labels_of(submission_id: str, turn: str, flavor: Flavor, seconds: float, worker: str) -> dict[str, str]:
    """What a job says of itself. Prices are kept in cents, rounded up."""
    cents = -(-round(flavor.dollars * 1000) // 10)
    named = {"submission": submission_id, "turn": turn, "worker": worker}
    return named | {"cents": str(cents), "seconds": str(int(seconds))}


def turn_of(submission: Submission) -> str:
    """Which of its stays in the queue this is: every transition makes another one, a note does not."""
    return str(sum(event.moves for event in submission.history))


def taken_away(submission: Submission, since: datetime) -> bool:
    """Whether a maintainer has taken a submission from its worker after a moment (`Queue.release_stuck`)."""
    back = (event for event in submission.history if event.moves and event.to_status is Status.QUEUED)
    return any(event.at >= since and event.why.startswith("taken from ") for event in back)


def note_of(job: Rented) -> str:
    """What the submission's history says of a job that was started for it."""
    most = _whole(job.labels.get("cents")) * job.limit / 360_000
    return f"job {job.id} on {job.flavor} (at most ${most:.2f}, {job.limit / 3600:.1f} hours)"


@dataclass(frozen=True)
class Noted:
    """A job as a submission's history names it: when, the most it could cost, and whether it is of the present turn."""

    at: datetime
    dollars: float
    current: bool


def noted_jobs(submission: Submission) -> dict[str, Noted]:
    """The jobs in a submission's history, by their ids."""
    found: dict[str, Noted] = {}
    current = True
    for event in reversed(submission.history):
        current = current and not event.moves
        read = _NOTE.match(event.why) if not event.moves and event.to_status is Status.QUEUED else None
        if read is not None:
            found[read[1]] = Noted(event.at, float(read[2]), current)
    return found


def spent(jobs: Iterable[Rented], submissions: Iterable[Submission], at: datetime) -> float:
    """Dollars of the day before `at`: of jobs that ended in it, the most that live ones can cost, and the most that
    those could cost which a submission's history names and the Hub does not list any more."""
    listed = {job.id: job for job in jobs}
    counted = [job.dollars for job in listed.values() if job.live or (job.finished or job.created) > at - DAY]
    gone = [
        noted.dollars
        for submission in submissions
        for job_id, noted in noted_jobs(submission).items()
        if job_id not in listed and noted.at > at - DAY
    ]
    return sum(counted) + sum(gone)


def how_it_ended(job: Rented) -> tuple[FailureClass, str]:
    """The failure of a submission whose job ended without a word."""
    if job.ran_out:
        return "timeout", f"The rented machine was stopped after {job.limit / 3600:.3g} hours, its time limit."
    if job.stage == "LOST":
        return "worker_lost", f"The Hub does not know job {job.id} any more."
    told = f": {job.message}" if job.message else ""
    return "worker_lost", f"Job {job.id} on the Hub ended ({job.stage}) without a result{told}"
