"""Evaluations of models with code of their own, on rented machines without a token that writes.

The driver is their worker: it claims, follows the job, vouches for what it left as for what a child process left, and
publishes. A driver that was killed leaves the job running; who claims the submission next takes it up again.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from evaluator.cleaning import clean_text
from evaluator.errors import FailureClass
from evaluator.evidence.writing import write_atomically
from evaluator.progress import MESSAGE_LENGTH
from runner.budget import Budget
from runner.child import Job, Outcome, kept_result
from runner.events import Event, Inbox, failure_class, parse_event
from runner.flavors import Flavor
from runner.handing import EVENT, OUTCOME, RANKINGS, RESULT, SAMPLES, asked_text
from runner.hub_jobs import Order
from runner.left import RANKINGS_BYTES, RESULT_BYTES, SAMPLES_BYTES, Refused
from runner.logs import LogTail, Redaction, Say
from runner.orders import SETUP_SECONDS, Orders
from runner.rented import Rented, how_it_ended
from runner.vouch import parse_result
from store.errors import NotFound, OutcomeUnknown, StoreError, Unavailable
from submissions.record import Submission

T = TypeVar("T")

OUTCOME_BYTES = 2 * 2**20
LOST_LOOKS = 3
"""Looks in a row at which the Hub does not know a job, or its files, before it is given up."""

LOOK_SECONDS = 10.0
"""How old the list of jobs may be by which a submission is claimed; before a machine is rented it is read anew."""

PATIENCE = 600.0
"""Seconds in which a Hub that does not answer is asked again for what a job left."""


@dataclass(kw_only=True)
class HandedBack:
    """Evaluates jobs on rented machines; the same contract as `runner.child.ChildProcess`.

    `submissions`: all that the queue lists. `ending`: whether the driver is to stop, after which a job is left running;
    one whose lease is lost is cancelled. `poll`: seconds between looks. `wait` may wake early.
    """

    budget: Budget
    orders: Orders
    submissions: Callable[[], list[Submission]]
    ending: Callable[[], bool]
    say: Say
    secrets: list[str] = field(default_factory=list)
    poll: float = 20.0
    wait: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _taken: set[str] = field(default_factory=set)

    def __call__(self, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> Outcome:
        """Evaluate `job` on a machine: one that does so already, or one that is rented now."""
        if kept := kept_result(job):
            return kept
        try:
            asked = asked_text(job)
        except ValueError as error:
            return Outcome(failure=("internal", f"It cannot be evaluated: {error}."))
        rented = self._found_or_rented(job, asked, on_event, stopped)
        if isinstance(rented, Outcome):
            return rented
        inbox, missing = Inbox(), 0
        while True:
            if stopped():
                return self._stopped(rented)
            try:
                rented, missing = self.budget.hub.job(rented.id), 0
                for event in self._events(rented, job, inbox):
                    on_event(event)
            except NotFound:
                missing += 1
            except StoreError as error:
                self.say("store_unavailable", error=str(error))
            if not rented.live:
                return self._ended(rented, job, on_event, stopped)
            if missing >= LOST_LOOKS:
                return Outcome(failure=("worker_lost", f"The Hub does not know job {rented.id} any more."))
            self._pause(on_event, stopped)

    def has_one(self, submission_id: str, jobs: list[Rented]) -> bool:
        """Whether a machine works for a submission, or has worked and nobody has taken what it left."""
        return any(self._is_for(job, submission_id) for job in jobs)

    def _is_for(self, rented: Rented, submission_id: str) -> bool:
        untaken = "taken" not in rented.labels and rented.id not in self._taken
        of_it = rented.hands_back and rented.key[0] == submission_id
        return of_it and untaken and (rented.live or rented.stage == "COMPLETED")

    def _found_or_rented(
        self, job: Job, asked: str, on_event: Callable[[Event], None], stopped: Callable[[], bool]
    ) -> Rented | Outcome:
        """The newest job that was asked the same, or a new one as soon as one may be rented."""
        digest = hashlib.sha256(asked.encode()).hexdigest()[:32]

        def order(flavor: Flavor, labels: dict[str, str], seconds: float) -> Order:
            return self.orders.handing(asked, commit=commit, flavor=flavor, seconds=seconds, labels=labels)

        while not stopped():
            try:
                for rented in reversed(self.budget.jobs()):
                    if self._is_for(rented, job.name) and rented.labels.get("asked") == digest:
                        self.say("taken_up", submission=job.name, job=rented.id)
                        return rented
                submissions = self.submissions()
                wanted = next((s for s in submissions if s.id == job.name), None)
                if wanted is not None and self.budget.nothing_unsure(job.name):
                    commit = self.budget.hub.code_commit(self.orders.space)
                    if started := self.budget.rent(wanted, submissions, order, asked=digest):
                        return started
            except (Unavailable, OutcomeUnknown) as error:
                self.say("store_unavailable", error=str(error))
            except StoreError as error:
                return Outcome(failure=("worker_lost", f"No machine could be rented: {error}"))
            self._pause(on_event, stopped)
        return Outcome()

    def _stopped(self, rented: Rented) -> Outcome:
        if not self.ending():
            self._quietly(lambda: self.budget.hub.cancel(rented.id))
            self.say("canceled", submission=rented.key[0], job=rented.id)
        return Outcome()

    def _events(self, rented: Rented, job: Job, inbox: Inbox) -> list[Event]:
        """What the log tells that it has not told before, bounded as a child's events are."""
        for line in self.budget.hub.log(rented.id):
            if line.startswith(EVENT) and (event := parse_event(line[len(EVENT) :].encode(), job.tasks)):
                inbox.put(event)
        found = []
        while (event := inbox.take()) is not None:
            found.append(event)
        return found

    def _ended(
        self, rented: Rented, job: Job, on_event: Callable[[Event], None], stopped: Callable[[], bool]
    ) -> Outcome:
        """What a job left, taken once."""

        def kept_reading(name: str, limit: int) -> bytes:
            return self._kept_trying(
                lambda: self.budget.hub.file(self.orders.bucket, f"{rented.worker}/{name}", limit), on_event, stopped
            )

        content = b""
        try:
            outcome, content = self._read(rented, job, kept_reading)
        except NotFound:
            log = self._kept_log(rented)
            outcome = Outcome(failure=how_it_ended(rented), log=log)
        except (Refused, ValueError) as error:
            told = str(error) if isinstance(error, Refused) else "What the job left cannot be read, or is too large."
            outcome = Outcome(failure=("internal", told))
        except StoreError as error:
            outcome = Outcome() if stopped() else Outcome(failure=("hub_unavailable", str(error)))
        if outcome.result is not None:
            job.folder.mkdir(parents=True, exist_ok=True)
            if outcome.samples is not None:
                write_atomically(job.samples_file, outcome.samples)
            if outcome.rankings is not None:
                write_atomically(job.rankings_file, outcome.rankings)
            write_atomically(job.result_file, content)
        if outcome.result is not None or outcome.failure is not None:
            self._taken.add(rented.id)
            self._quietly(lambda: self.budget.hub.mark(rented, taken="yes"))
        return outcome

    def _read(self, rented: Rented, job: Job, read: Callable[[str, int], bytes]) -> tuple[Outcome, bytes]:
        """The outcome, and the result file's content as it is.

        Raises:
            NotFound: it left nothing, or not all.
            Refused, ValueError: what it left is none.
            StoreError
        """
        told = _told(read(OUTCOME, OUTCOME_BYTES))
        tail = LogTail(Redaction({}, self.secrets))
        for line in str(told.get("log") or "").splitlines():
            tail.add(line)
        if failure := _failure(told.get("failure"), rented):
            return Outcome(failure=(failure[0], tail.redact(failure[1])), log=tail.text()), b""
        content = read(RESULT, RESULT_BYTES)
        result = parse_result(content, job)
        samples = read(SAMPLES, SAMPLES_BYTES) if told.get("samples") is True else None
        rankings = read(RANKINGS, RANKINGS_BYTES) if told.get("rankings") is True else None
        return Outcome(result=result, samples=samples, rankings=rankings, log=tail.text()), content

    def _kept_log(self, rented: Rented) -> str:
        tail = LogTail(Redaction({}, self.secrets))
        lines: list[str] = []
        self._quietly(lambda: lines.extend(self.budget.hub.log(rented.id)))
        for line in lines:
            tail.add(line)
        return tail.text()

    def _kept_trying(self, read: Callable[[], T], on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> T:
        """`read()`, tried again while the Hub does not answer, and a little while a file is not there yet.

        Raises:
            StoreError: the last one.
        """
        deadline, missing = self.clock() + PATIENCE, 0
        while True:
            try:
                return read()
            except NotFound:
                missing += 1
                if missing >= LOST_LOOKS or stopped():
                    raise
            except Unavailable:
                if self.clock() > deadline or stopped():
                    raise
            self._pause(on_event, stopped)

    def _quietly(self, do: Callable[[], object]) -> None:
        try:
            do()
        except StoreError as error:
            self.say("store_unavailable", error=str(error))

    def _pause(self, on_event: Callable[[Event], None], stopped: Callable[[], bool]) -> None:
        """Wait for the next look, and let the lease be renewed meanwhile."""
        until = self.clock() + self.poll
        while self.clock() < until and not stopped():
            on_event({})
            self.wait(min(1.0, self.poll))


def _told(content: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused("What the job told of its end cannot be read.") from error
    if not isinstance(told, dict):
        raise Refused("What the job told of its end cannot be read.")
    return told


def _failure(given: Any, rented: Rented) -> tuple[FailureClass, str] | None:
    """The failure that a job tells; that its time was over is believed where it ran for so long."""
    if given is None:
        return None
    name, message = given if isinstance(given, list) and len(given) == 2 else (None, None)
    told = clean_text(message, MESSAGE_LENGTH) or "The evaluation gave no reason."
    if name == "timeout" and (rented.running or 0.0) >= rented.limit - 2 * SETUP_SECONDS:
        return "timeout", told
    return failure_class(name), told  # type: ignore[return-value]


@dataclass
class MachineRoom:
    """In place of a disk's room: which submissions are claimed to be evaluated on rented machines, and handed back."""

    handed: HandedBack
    _looked: tuple[float, list[Rented]] | None = None

    def has(self, submission: Submission, say: Say) -> bool:
        """Whether its code may run, and a machine works for it or may be rented now."""
        del say
        if not submission.spec.trust_remote_code or submission.spec.source != "hub" or not self.handed.orders.bucket:
            return False
        if self._looked is None or self.handed.clock() > self._looked[0] + LOOK_SECONDS:
            self._looked = self.handed.clock(), self.handed.budget.jobs()
        jobs = self._looked[1]
        if self.handed.has_one(submission.id, jobs):
            return True
        return self.handed.budget.allows(submission, jobs, self.handed.submissions()) is not None

    def hear(self, submission: Submission, failure: FailureClass) -> None:
        """A failure changes nothing: the next machine is another one."""
