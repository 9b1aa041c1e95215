"""How many jobs may be rented at once, on which machines, for how long, and for how many dollars a day."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evaluator import records
from runner.flavors import Flavor, fitting
from runner.hub_jobs import HubJobs, Order
from runner.logs import Say
from runner.orders import SETUP_SECONDS
from runner.rented import Rented, labels_of, spent, turn_of
from store.errors import OutcomeUnknown, StoreError
from submissions.record import Submission

SHORTEST = 3600.0
"""Seconds that an evaluation is given at least."""

SPARE = 3.0
"""An evaluation is given so many times what it is estimated to take."""

SETTLED_SECONDS = 300.0
"""After this the Hub's list of jobs tells every job that was started before."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What may be rented. `flavors`: the machines there are, the cheapest first; `flavor`: this one for all.

    `most`: jobs at once. `dollars`: the most that the jobs of any 24 hours may cost. `seconds`: the longest evaluation.
    `estimate`: the seconds that an evaluation of a submission is expected to take, None where nobody knows.
    `most_parameters`: larger models are left to others.
    """

    flavors: tuple[Flavor, ...]
    flavor: Flavor | None = None
    most: int = 1
    dollars: float = 0.0
    seconds: float = 86400.0
    estimate: Callable[[Submission], float | None] = lambda _: None
    most_parameters: int | None = None

    def machine(self, submission: Submission) -> Flavor | None:
        """The machine for a submission; None if it fits on none, or is left to others."""
        parameters = submission.metadata.parameters
        if self.most_parameters and parameters and parameters > self.most_parameters:
            return None
        return fitting(self.flavors if self.flavor is None else (self.flavor,), submission)

    def time(self, submission: Submission) -> float:
        """Seconds that its job may take, setting up included. One that ran out of time gets twice as many."""
        estimate = self.estimate(submission)
        if estimate is None:  # an hour, and one more for each billion of parameters
            estimate = (3600.0 + 3600.0 * (submission.metadata.parameters or 10**9) / 1e9) / SPARE
        again = 2.0 if submission.failure is not None and submission.failure.failure == "timeout" else 1.0
        return min(max(SPARE * estimate, SHORTEST) * again, self.seconds) + SETUP_SECONDS


class Budget:
    """The jobs that there are, and whether another one may be rented. Safe to share between threads."""

    def __init__(
        self,
        hub: HubJobs,
        contract: Contract,
        say: Say,
        *,
        now: Callable[[], datetime] = records.now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hub = hub
        self.contract = contract
        self._say = say
        self.now, self._clock = now, clock
        self._lock = threading.RLock()
        self._started: dict[str, tuple[float, Rented]] = {}
        self._unsure: dict[tuple[str, str], float] = {}
        self._prices: dict[str, tuple[float, float]] = {}
        self._said: set[str] = set()

    def jobs(self) -> list[Rented]:
        """All of the board's jobs, the oldest first: what the Hub lists, and what was started a moment ago.

        Raises:
            StoreError
        """
        listed = {job.id: job for job in self.hub.jobs()}
        with self._lock:
            recent = self._clock() - SETTLED_SECONDS
            self._started = {k: each for k, each in self._started.items() if each[0] > recent and k not in listed}
            self._unsure = {key: at for key, at in self._unsure.items() if at > recent}
            own = [job for _, job in self._started.values()]
        return sorted([*listed.values(), *own], key=lambda job: (job.created, job.id))

    def settled(self, key: tuple[str, str]) -> bool:
        """Whether the Hub's list would tell of a job for this submission and turn whose start had a lost answer."""
        return key not in self._unsure

    def nothing_unsure(self, submission_id: str) -> bool:
        """As `settled`, for a submission in any of its turns."""
        return all(of != submission_id for of, _ in self._unsure)

    def allows(
        self, submission: Submission, jobs: Sequence[Rented], submissions: Sequence[Submission]
    ) -> Flavor | None:
        """The machine that may be rented for a submission now; None: say why, once.

        `jobs`: those that there are; `submissions`: those whose histories may name others.
        """
        flavor = self.contract.machine(submission)
        if flavor is None:
            self._once("no_machine", submission=submission.id, model=submission.spec.model)
            return None
        if sum(job.live for job in jobs) >= self.contract.most:
            return None
        flavor = self._priced(flavor)
        most = flavor.dollars * self.contract.time(submission) / 3600
        dollars = spent(jobs, submissions, self.now())
        if dollars + most > self.contract.dollars:
            told = {"spent": round(dollars, 2), "needed": round(most, 2), "a_day": self.contract.dollars}
            self._once("no_dollars", submission=submission.id, **told)
            return None
        self._said.discard(f"no_dollars {submission.id}")
        return flavor

    def rent(
        self,
        submission: Submission,
        submissions: Sequence[Submission],
        order: Callable[[Flavor, dict[str, str], float], Order],
        **more: str,
    ) -> Rented | None:
        """Rent a machine for a submission, if it may be; of the threads of a driver one at a time.

        `order` makes the order of a machine, labels and seconds; `more`: labels besides.

        Raises:
            OutcomeUnknown: it may run; `settled` says so until the list tells.
            StoreError
        """
        with self._lock:
            flavor = self.allows(submission, self.jobs(), submissions)
            if flavor is None:
                return None
            seconds = self.contract.time(submission)
            turn, worker = turn_of(submission), f"hf-job-{secrets.token_hex(8)}"
            labels = labels_of(submission.id, turn, flavor, seconds, worker) | more
            try:
                job = self.hub.start(order(flavor, labels, seconds))
            except OutcomeUnknown:
                self._unsure[submission.id, turn] = self._clock()
                raise
            self._started[job.id] = self._clock(), job
        told = {"job": job.id, "flavor": flavor.name, "seconds": int(seconds), "url": self.hub.url(job.id)}
        self._say("rented", submission=submission.id, **told)
        return job

    def _priced(self, flavor: Flavor) -> Flavor:
        """The machine at the Hub's price, where that is higher than the settings'. Asked once an hour."""
        known = self._prices.get(flavor.name)
        if known is None or self._clock() > known[0] + 3600:
            try:
                price = self.hub.price(flavor.name) or flavor.dollars
            except StoreError:
                price = flavor.dollars
            known = self._prices[flavor.name] = self._clock(), price
            if abs(price - flavor.dollars) > 0.005:
                self._once("other_price", flavor=flavor.name, settings=flavor.dollars, hub=price)
        return Flavor(flavor.name, flavor.gpu_gib, flavor.disk_gib, max(known[1], flavor.dollars))

    def _once(self, event: str, **told: object) -> None:
        key = f"{event} {told.get('submission', told.get('flavor'))}"
        if key not in self._said:
            self._said.add(key)
            self._say(event, **told)
