"""Submission: one request to evaluate one ModelSpec, its state and its history.

            approve (b)            claim (d)            finish (f)
PENDING ───────────────> QUEUED ───────────────> RUNNING ───────────────> FINISHED
   │ reject (c)             ^  ^                   │  │ fail (g)
   │                        │  └─── reclaim (e) ───┘  └──────────────────> FAILED
   v                        └──────────── retry (h) ───────────────────────┘
REJECTED      withdraw (i): PENDING or QUEUED -> WITHDRAWN

The arrows are in `submissions.queue`; what each means is in docs/design.md.
"""

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from evaluator.errors import FailureClass
from evaluator.records import Record, Utc
from evaluator.spec import ModelSpec


class Status(StrEnum):
    """Where a submission stands."""

    PENDING = "PENDING"  # waits for a maintainer
    QUEUED = "QUEUED"  # approved; waits for a worker
    RUNNING = "RUNNING"  # a worker holds its lease
    FINISHED = "FINISHED"  # the result is in the results repository
    FAILED = "FAILED"  # ended without a result; says why
    REJECTED = "REJECTED"  # a maintainer said no; says why
    WITHDRAWN = "WITHDRAWN"  # taken back by who submitted it, or by a maintainer


OPEN = frozenset({Status.PENDING, Status.QUEUED, Status.RUNNING})
"""States in which something is still to happen; such submissions are in `open/`, all others in `closed/`."""


class Lease(Record):
    """A worker's right to evaluate. `nonce` is unique to the claim, so that no two claims are the same bytes."""

    worker: str
    nonce: str
    until: Utc
    progress: dict[str, float | int | str | None] = {}


class Failure(Record):
    """Why an evaluation ended without a result, for the submitter to act on."""

    failure: FailureClass = Field(alias="class")
    message: str
    retriable: bool = False


class ResultReference(Record):
    """Where the result is: its path in the results repository, and the revision that first held it."""

    path: str
    revision: str


class Event(Record):
    """One transition: when, by whom, from which state to which, and why."""

    at: Utc
    who: str
    from_status: Status | None = Field(default=None, alias="from")
    to_status: Status = Field(alias="to")
    why: str = ""


class ModelMetadata(Record):
    """What the Hub said of the model when it was submitted; None where it did not say."""

    architecture: str | None = None
    parameters: int | None = None
    license: str | None = None
    weight_bytes: int | None = None
    gated: bool | None = None
    likes: int | None = None


class Submission(Record):
    """One request. Its identity is `spec.id`; `id` only names the file and sorts by time.

    `priority`: larger goes first. `attempt` counts the claims since it was queued by a person; a lease given back
    does not count. `not_before`: a retry waits until then. `force`: evaluate although a result exists.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    id: Annotated[str, Field(pattern=r"^\d{8}T\d{6}Z-[0-9a-f]{6}$")]
    spec: ModelSpec
    status: Status
    submitted_by: str
    submitted_at: Utc
    note: Annotated[str, Field(max_length=1000)] = ""
    metadata: ModelMetadata = ModelMetadata()
    priority: int = 0
    attempt: int = 0
    not_before: Utc | None = None
    force: bool = False
    lease: Lease | None = None
    failure: Failure | None = None
    result: ResultReference | None = None
    history: tuple[Event, ...] = ()

    @property
    def path(self) -> str:
        """The file that holds it: open/<id>.json while something is still to happen, closed/<id>.json after."""
        return f"{'open' if self.status in OPEN else 'closed'}/{self.id}.json"


def dump_submission(submission: Submission) -> bytes:
    """The submission file's content: JSON, UTF-8, fields at their defaults left out."""
    content = submission.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return (json.dumps({"schema": submission.schema_version, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def load_submission(content: bytes) -> Submission:
    """The record in a submission file's content.

    Raises:
        ValueError: it is not JSON, or not a submission of a schema known here; the text says which field.
    """
    return Submission.model_validate_json(content)
