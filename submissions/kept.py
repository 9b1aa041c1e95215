"""The submissions in their store: read, and written as one commit each."""

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from evaluator import records
from evaluator.errors import NOT_READ
from evaluator.merging import lacking
from evaluator.records import ModelResult, load_result
from evaluator.spec import ModelSpec, result_path
from evaluator.suite import SUITES, tasks_of
from evaluator.task import Task
from store import Store
from store.update import Change, Snapshot, update
from submissions.files import Listing, SubmissionFiles, change_to
from submissions.layout import log_paths
from submissions.limits import Limits
from submissions.names import identity, same_name
from submissions.policy_store import PolicyStore
from submissions.record import ResultReference, Submission
from submissions.watch import Watch


class KeptSubmissions:
    """The submissions in the store `requests`; looks into `results` for what is evaluated already.

    Every verb runs again on the newer state when another process came first, and raises what the pure verb raises
    (`submissions.errors`) or what the store does (`store.errors`); then nothing was changed. May be shared by
    threads. `limits`: what may be submitted; without them everything may, as on the command line. `now` and
    `random_hex` (digits -> so many random hexadecimal digits) are its clock and its dice; `monotonic` (seconds) is what
    leases are judged by.
    """

    def __init__(
        self,
        requests: Store,
        results: Store,
        *,
        limits: Limits | None = None,
        now: Callable[[], datetime] = records.now,
        monotonic: Callable[[], float] = time.monotonic,
        random_hex: Callable[[int], str] = lambda digits: secrets.token_hex(digits // 2),
    ) -> None:
        self.requests = requests
        self.results = results
        self.limits = limits
        self._now = now
        self._random_hex = random_hex
        self._files = SubmissionFiles(requests, now)
        self.policies = PolicyStore(requests, now)
        self._watch = Watch(monotonic)

    # what there is

    def listing(self, closed: int = 200) -> Listing:
        """All open submissions and the newest `closed` closed ones. Read again only when the store has moved."""
        return self._files.listing(closed)

    def find(self, submission_id: str) -> Submission:
        """The submission of this id.

        Raises:
            UnknownSubmission
            ValueError: its file cannot be read.
        """
        return self._files.find(self._files.snapshot(), submission_id)

    def result_of(self, submission: Submission) -> ResultReference | None:
        """Where the submission's result is, if it is in the results store.

        It is there once a run for this submission is published, other than those before a maintainer asked for a
        rerun, and no task is left whose data could not be read; or, unless it is forced, when its suites lack nothing.
        """
        snapshot = Snapshot(self.results, self.results.head())
        result = _result_at(snapshot, result_path(submission.spec))
        if result is None:
            return None
        left = any(score.error and score.error.failure in NOT_READ for score in result.tasks.values())
        published = not left and bool(set(runs_of(submission, result)) - set(submission.earlier_runs))
        known = set(submission.suites) <= set(SUITES)  # else a newer version has to look
        complete = known and not submission.force and not lacking(result, tasks_of(submission.suites))
        reference = ResultReference(path=result_path(submission.spec), revision=snapshot.revision)
        return reference if published or complete else None

    def stored_result(self, spec: ModelSpec) -> ModelResult | None:
        """What the results store holds of a spec; None where there is nothing that can be read."""
        return _result_at(Snapshot(self.results, self.results.head()), result_path(spec))

    def _is_evaluated(self, spec: ModelSpec, tasks: Sequence[Task]) -> bool:
        """Whether one result of this spec, however the names in it are spelled, lacks none of `tasks`."""
        snapshot = Snapshot(self.results, self.results.head())
        path = result_path(spec)
        if not lacking(_result_at(snapshot, path), tasks):
            return True
        folder, _, file = path.rpartition("/")
        alike = (
            other
            for other in snapshot.list("results")
            if same_name(other.rpartition("/")[0], folder) and other.rpartition("/")[2][:12] == file[:12]
        )
        others = (_result_at(snapshot, other) for other in alike if other != path)
        return any(other and identity(other.spec) == identity(spec) and not lacking(other, tasks) for other in others)

    # writing, for the verbs

    def _write_new(self, make: Callable[[Snapshot], Submission]) -> Submission:
        made: list[Submission] = []

        def change(snapshot: Snapshot) -> Change:
            # One id for all tries, so that the one that was written is the one that is returned.
            made.append(make(snapshot) if not made else make(snapshot).model_copy(update={"id": made[0].id}))
            return change_to(made[-1], None)

        update(self.requests, change)
        return made[-1]

    def _write(
        self,
        submission_id: str,
        verb: Callable[[Submission, Snapshot], Submission],
        what: str | None = None,
        log: str | None = None,
    ) -> Submission:
        """Run `verb` on the stored submission and write what it returns, with the end of its log."""
        written: list[Submission] = []

        def change(snapshot: Snapshot) -> Change:
            before = self._files.find(snapshot, submission_id)
            written.append(verb(before, snapshot))
            done = change_to(written[-1], before, what)
            return done if log is None else Change({**done.files, **logged(submission_id, log)}, done.message)

        revision = update(self.requests, change)
        if len(written) == 1:
            return written[0]
        return self._files.find(self._files.snapshot(revision), submission_id)


def logged(submission_id: str, log: str) -> dict[str, bytes | None]:
    """The files to write so that `log` is the end of a submission's last run."""
    path, former = log_paths(submission_id)
    return {path: log.encode(), former: None}


def runs_of(submission: Submission, result: ModelResult | None) -> tuple[str, ...]:
    """The ids of the runs in a result that were made for a submission."""
    return tuple(run_id for run_id, run in result.runs.items() if run.submission == submission.id) if result else ()


def _result_at(snapshot: Snapshot, path: str) -> ModelResult | None:
    """The result at a path and revision of the results store; None where there is none that can be read."""
    try:
        return load_result(snapshot.read(path)) if snapshot.exists(path) else None
    except ValueError:
        return None
