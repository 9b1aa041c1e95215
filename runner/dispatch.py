"""The driver of rented machines: one job on Hugging Face Jobs for each waiting model.

A job is an ordinary worker that may take one submission. The driver holds no lease and publishes nothing; it starts
jobs, cancels those that nobody needs, and says in the queue how those ended that could not say it themselves. It
remembers nothing that the Hub's list of jobs and the queue do not tell, so that one that was killed is followed by
another. Submissions whose code may run are `runner.handed`'s.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from runner.budget import SETTLED_SECONDS, Budget
from runner.flavors import Flavor
from runner.hub_jobs import Order
from runner.logs import LogTail, Redaction, Say
from runner.loop import Loop
from runner.orders import Orders
from runner.rented import Rented, how_it_ended, note_of, noted_jobs, taken_away, turn_of
from runner.terms import Terms
from store.errors import Conflict, NotFound, OutcomeUnknown, StoreError, Unavailable
from submissions.errors import LeaseLost, NotInThisState, PolicyUnreadable
from submissions.order import claim_order
from submissions.record import OPEN, Status, Submission
from submissions.stored import Queue

GRACE_SECONDS = 300.0
"""How long a job may go on whose submission is not its any more: it may be about to end by itself."""


class Dispatcher(Loop):
    """Rents a machine for each submission that waits, within a `budget`. `name`: the driver's, in the queue.

    `terms`: of the jobs' workers; the driver uses lease and delay. `clock`: monotonic seconds.
    `secrets` are taken out of what jobs logged. `say` gets a line for each deed. `finished` is told, as a worker's is,
    of each submission that the driver itself finishes: one whose job published its result and ended before it said so.
    Once stopped it starts no more jobs; those that are under way go on, and whoever drives next finds them.
    """

    def __init__(
        self,
        queue: Queue,
        budget: Budget,
        orders: Orders,
        *,
        name: str,
        terms: Terms,
        say: Say,
        secrets: list[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        finished: Callable[[Submission], object] = lambda _: None,
    ) -> None:
        super().__init__()
        self.queue, self.budget, self.orders = queue, budget, orders
        self.name, self.terms = name, terms
        self._say = say
        self._secrets = secrets or []
        self._clock = clock
        self._since: dict[str, float] = {}
        self._finished = finished

    def run(self, *, once: bool = False, poll_seconds: float = 30.0) -> None:
        """Work until stopped; with `once` until no job is live and none may be started.

        Raises:
            Forbidden, NotFound: what waiting does not help against; a Hub that does not answer is waited for.
        """
        while not self.stopping:
            busy = True
            wait = poll_seconds
            try:
                busy = self.step()
            except (Unavailable, Conflict, OutcomeUnknown) as error:
                self._say("store_unavailable", error=str(error))
                wait = max(wait, getattr(error, "retry_after", None) or 0.0)
            if once and not busy:
                return
            self._stop.wait(wait)

    def step(self) -> bool:
        """Look once at all jobs and submissions, and do what is due; False if no job is live and none was started.

        Raises:
            StoreError
        """
        for reclaimed in self.queue.reclaim_expired(self.name):
            self._say("reclaimed", submission=reclaimed.id, status=reclaimed.status.value)
            if reclaimed.status is Status.FINISHED:
                self._finished(reclaimed)
        jobs = self.budget.jobs()  # before the queue, so that it holds whatever an ended job wrote there
        submissions = {s.id: s for s in self.queue.listing().submissions}
        for job in jobs:
            submission = submissions.get(job.key[0])
            if job.live:
                self._cancel_if_unwanted(job, submission, jobs)
            elif submission is not None and not job.hands_back:
                self._tell_end(job, submission, jobs)
        waiting = [s for s in submissions.values() if s.status is Status.QUEUED]
        for submission in waiting:
            self._note(submission, jobs)
            self._tell_lost(submission, jobs)
        started = self._start_next(sorted(waiting, key=claim_order), jobs, list(submissions.values()))
        return started or any(job.live for job in jobs)

    # jobs that nobody needs

    def _cancel_if_unwanted(self, job: Rented, submission: Submission | None, jobs: list[Rented]) -> None:
        if self._is_wanted(job, submission, jobs):
            self._since.pop(job.id, None)
            return
        if (submission is not None and _needs_none(submission, job)) or self._stood(job.id) >= GRACE_SECONDS:
            with suppress(NotFound):
                self.budget.hub.cancel(job.id)
            self._say("canceled", submission=job.key[0], job=job.id)

    def _is_wanted(self, job: Rented, submission: Submission | None, jobs: list[Rented]) -> bool:
        """Whether a live job's submission is still its to evaluate; of two jobs for one turn it is the older one's."""
        if submission is None or submission.status not in OPEN:
            return False
        if submission.status is Status.RUNNING and not job.hands_back:
            return submission.lease is not None and submission.lease.worker == job.worker
        first = next(other for other in jobs if other.live and other.key == job.key)
        stands = not taken_away(submission, job.created) if job.hands_back else turn_of(submission) == job.key[1]
        return first.id == job.id and stands

    def _stood(self, key: str) -> float:
        """Seconds since this driver first saw what `key` names."""
        return self._clock() - self._since.setdefault(key, self._clock())

    # jobs that ended

    def _tell_end(self, job: Rented, submission: Submission, jobs: list[Rented]) -> None:
        """Close or put back a submission whose job ended without doing so."""
        if submission.status is Status.RUNNING and submission.lease and submission.lease.worker == job.worker:
            self._end(submission, submission.lease.nonce, job)
            return
        of_turn = submission.status is Status.QUEUED and turn_of(submission) == job.key[1]
        if of_turn and not any(other.live and other.key == job.key for other in jobs):
            self._claim_and_end(submission, job)

    def _claim_and_end(self, submission: Submission, job: Rented) -> None:
        """Count the attempt of a job that ended before its worker claimed the submission, or that was lost."""
        turn = turn_of(submission)
        worker = job.worker or self.name
        claimed = self.queue.claim(
            worker, self.terms.lease, lambda s: s.id == submission.id and turn_of(s) == turn
        )  # a kill after this leaves the lease of a job that ended: the next driver goes on above
        if claimed is not None and claimed.lease is not None:
            self._end(claimed, claimed.lease.nonce, job)

    def _end(self, submission: Submission, nonce: str, job: Rented) -> None:
        try:
            if published := self.queue.result_of(submission):
                ended = self.queue.finish(submission.id, nonce=nonce, result=published)
            else:
                failure, message = how_it_ended(job)
                ended = self.queue.fail(
                    submission.id,
                    nonce=nonce,
                    failure=failure,
                    message=message,
                    delay=self.terms.retry_delay,
                    log=self._log(job),
                )
        except (LeaseLost, NotInThisState):
            return  # its worker, or another driver, was quicker
        self._say("ended", submission=ended.id, status=ended.status.value, job=job.id, stage=job.stage)
        if ended.status is Status.FINISHED:
            self._finished(ended)

    def _log(self, job: Rented) -> str | None:
        """The end of the job's log; None where the Hub does not give it."""
        tail = LogTail(Redaction({}, self._secrets))
        try:
            for line in self.budget.hub.log(job.id):
                tail.add(line)
        except StoreError as error:
            self._say("no_log", job=job.id, error=str(error))
        return tail.text() or None

    def _note(self, submission: Submission, jobs: list[Rented]) -> None:
        """Say in the queue which job is under way for a submission: also for one whose driver could not."""
        key = submission.id, turn_of(submission)
        noted = noted_jobs(submission)
        for job in jobs:
            if job.live and job.key == key and job.id not in noted:
                self._write_note(submission, job)

    def _write_note(self, submission: Submission, job: Rented) -> None:
        try:
            self.queue.note(submission.id, who=self.name, why=note_of(job))
        except NotInThisState:
            return  # its worker has claimed it meanwhile

    def _tell_lost(self, submission: Submission, jobs: list[Rented]) -> None:
        """Put back a submission whose job was started and is in the Hub's list no more: it counts as an attempt."""
        key = submission.id, turn_of(submission)
        if any(job.key == key for job in jobs):
            return
        listed = {job.id for job in jobs}
        for job_id, noted in noted_jobs(submission).items():
            if noted.current and job_id not in listed and self._stood(job_id) >= SETTLED_SECONDS:
                lost = Rented(id=job_id, stage="LOST", labels={}, created=noted.at)
                self._claim_and_end(submission, lost)
                return

    # new jobs

    def _start_next(self, waiting: list[Submission], jobs: list[Rented], submissions: list[Submission]) -> bool:
        """Start what may be started, in the order of the queue; nothing goes before one that waits for dollars."""
        started = False
        for submission in waiting:
            if self.stopping or not self._may_start(submission, jobs):
                continue
            job = self._rent(submission, submissions)
            if job is None:
                if self.budget.contract.machine(submission) is None:
                    continue
                break
            jobs.append(job)
            started = True
            self._write_note(submission, job)
        return started

    def _rent(self, submission: Submission, submissions: list[Submission]) -> Rented | None:
        commit = self.budget.hub.code_commit(self.orders.space)

        def order(flavor: Flavor, labels: dict[str, str], seconds: float) -> Order:
            return self.orders.worker(submission.id, commit=commit, flavor=flavor, seconds=seconds, labels=labels)

        return self.budget.rent(submission, submissions, order)

    def _may_start(self, submission: Submission, jobs: list[Rented]) -> bool:
        """Whether a submission is one for a new job of this kind."""
        key = submission.id, turn_of(submission)
        if submission.spec.trust_remote_code or submission.spec.source != "hub":
            return False
        if not self.terms.accept(submission) or not self.budget.settled(key):
            return False
        if submission.not_before is not None and submission.not_before > self.budget.now():
            return False
        if any(job.key == key for job in jobs) or any(noted.current for noted in noted_jobs(submission).values()):
            return False  # the one that there is, or was, decides first
        try:
            return self.queue.policies.current().opt_out_of(submission.spec.model) is None
        except PolicyUnreadable:
            return False


def _needs_none(submission: Submission, job: Rented) -> bool:
    """Whether an unwanted job may be ended at once: it was taken back, or an older job is for the same turn."""
    second = submission.status is Status.QUEUED and job.key == (submission.id, turn_of(submission))
    return submission.status is Status.WITHDRAWN or second or (job.hands_back and taken_away(submission, job.created))
