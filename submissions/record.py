"""Submission: one request to evaluate one ModelSpec, its state and its history.

             ask (j)                approve (b)            claim (d)            finish (f)
WAITING <─────────────── PENDING ───────────────> QUEUED ───────────────> RUNNING ───────────────> FINISHED
   │ ───────────────────> │   ^                    ^ ^ ^                   │   │ fail (g)               │
   │        answer (j)    │   │ retry (h)          │ │ └── back (e) ───────┘   └──────────> FAILED      │
   │      reject (c)      v   │                    │ └────── retry (h) ────────────────────────┘        │
   └─────────────────> REJECTED                    └──────── rerun (k) ─────────────────────────────────┘

withdraw (i): PENDING, WAITING or QUEUED -> WITHDRAWN

The arrows are in `submissions.transitions`; what each means is in docs/design.md.
"""

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from evaluator.bounds import Count, Finite, Name, Place, Told, Utc, Whole
from evaluator.errors import FailureClass
from evaluator.reading import SUBMISSION_BYTES, reading
from evaluator.records import Record
from evaluator.spec import ModelSpec
from submissions.layout import month_folder


class Status(StrEnum):
    """Where a submission stands."""

    PENDING = "PENDING"  # waits for a maintainer
    WAITING = "WAITING"  # a maintainer asked its submitter something; waits for the answer
    QUEUED = "QUEUED"  # approved; waits for a worker
    RUNNING = "RUNNING"  # a worker holds its lease
    FINISHED = "FINISHED"  # the result is in the results repository
    FAILED = "FAILED"  # ended without a result; says why
    REJECTED = "REJECTED"  # a maintainer said no; says why
    WITHDRAWN = "WITHDRAWN"  # taken back by who submitted it, or by a maintainer


UNDECIDED = frozenset({Status.PENDING, Status.WAITING})
"""States before a maintainer's approval, in which a submission may still be changed."""

OPEN = UNDECIDED | {Status.QUEUED, Status.RUNNING}
"""States in which something is still to happen; such submissions are in `open/`, all others in `closed/<month>/`."""


class Lease(Record):
    """A worker's right to evaluate. `nonce` is unique to the claim, so that no two claims are the same bytes.

    It holds while it is renewed: another takes it only after seeing it stand for `seconds` (and a margin) with the
    same number of `renewals` (`submissions.watch`). `until` is for people: the end by the worker's own clock. Leases of
    earlier versions do not tell their length.
    """

    worker: Name
    nonce: Name
    until: Utc
    seconds: Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)] | None = None
    renewals: Annotated[int, Field(ge=0, le=10**9)] = 0
    progress: Annotated[dict[Name, Finite | Whole | Name | None], Field(max_length=100)] = {}


class Failure(Record):
    """Why an evaluation ended without a result, for the submitter to act on."""

    failure: FailureClass = Field(alias="class")
    message: Told
    retriable: bool = False


class ResultReference(Record):
    """Where the result is: its path in the results repository, and the revision that first held it."""

    path: Place
    revision: Name


SuiteId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]


class Event(Record):
    """One deed: when, by whom, from which state to which, and why. A change or a wish leaves the state as it is."""

    at: Utc
    who: Name
    from_status: Status | None = Field(default=None, alias="from")
    to_status: Status = Field(alias="to")
    why: Told = ""

    @property
    def moves(self) -> bool:
        """Whether it led to another state."""
        return self.from_status is not self.to_status


class ModelMetadata(Record):
    """What the Hub said of the model when it was submitted; None where it did not say.

    `committed_at` is when the spec's commit was made.
    """

    architecture: Name | None = None
    parameters: Count | None = None
    license: Name | None = None
    weight_bytes: Count | None = None
    gated: bool | None = None
    likes: Whole | None = None
    committed_at: Utc | None = None


TrainingSet = Annotated[str, Field(max_length=200)]


class Submission(Record):
    """One request. Its identity is its spec (`submissions.names.identity`); `id` only names the file and sorts by time.

    `priority`: larger goes first, and within it what is `own`: submitted by the model's owner. `attempt` counts the
    claims since it was queued by a person; a lease given back does not count. `not_before`: a retry waits until then.
    `force`: evaluate although a result exists. `suites`: the ids of the suites it was submitted for; none named, the
    first suite of the board. `training`: data sets or tasks that, as its submitter says, the model was trained on.
    `retry_asked`: why its submitter wants another try; empty where nobody asked. `earlier_runs`: the ids of the runs
    that it published before a maintainer asked for another one; they do not finish it again.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    id: Annotated[str, Field(pattern=r"^\d{8}T\d{6}Z-[0-9a-f]{6}$")]
    spec: ModelSpec
    status: Status
    submitted_by: Name
    submitted_at: Utc
    note: Annotated[str, Field(max_length=1000)] = ""
    metadata: ModelMetadata = ModelMetadata()
    priority: Whole = 0
    attempt: Whole = 0
    not_before: Utc | None = None
    force: bool = False
    suites: Annotated[tuple[SuiteId, ...], Field(max_length=10)] = ()
    own: bool = False
    training: Annotated[tuple[TrainingSet, ...], Field(max_length=100)] = ()
    retry_asked: Annotated[str, Field(max_length=1000)] = ""
    earlier_runs: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    lease: Lease | None = None
    failure: Failure | None = None
    result: ResultReference | None = None
    history: Annotated[tuple[Event, ...], Field(max_length=10_000)] = ()

    @property
    def path(self) -> str:
        """The file that holds it: open/<id>.json while something is still to happen, closed/<month>/<id>.json after."""
        return f"open/{self.id}.json" if self.status in OPEN else f"{month_folder('closed', self.id)}/{self.id}.json"

    @property
    def entered(self) -> Event | None:
        """The transition that brought it into its state; None if its history does not tell."""
        return next((event for event in reversed(self.history) if event.moves), None)


def dump_submission(submission: Submission) -> bytes:
    """The submission file's content: JSON, UTF-8, fields at their defaults left out."""
    content = submission.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return (json.dumps({"schema": submission.schema_version, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def load_submission(content: bytes, name: str = "the submission file") -> Submission:
    """The record in a submission file's content. `name` is for the error.

    Raises:
        ValueError: (BadFile) it is too large, not JSON, or no submission of a schema known here; the text says which
            field.
    """
    with reading(name, content, SUBMISSION_BYTES):
        return Submission.model_validate_json(content)
