"""Drift: whether the same model still scores the same where results are computed.

A reference model is run again from time to time, and its scores are compared with those of its first run, the base.
These are the words alone: `runner.reference` runs the model, `leaderboard_data.drifting` marks what an alarm is about.
"""

import hashlib
import json
import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evaluator.bounds import Finite, Name, Utc
from evaluator.reading import MEBIBYTE, reading
from evaluator.records import Environment, Record
from evaluator.spec import ModelId

FOLDER = "drift"
"""Where the results store holds the checks, one file an environment; the bases and the claims lie below it."""

CHECK_BYTES = MEBIBYTE // 4

REFERENCE_TASKS = ("KLUE-STS", "KorSTS", "STS17")
"""What the reference model is run on: quick, and scored by correlations, which move no further than the embeddings.
Average precisions and clusterings jump where pairs tie or a text changes its cluster, and would ring false alarms."""

DECIDING = ("torch", "sentence-transformers", "transformers", "tokenizers", "numpy", "scipy")
"""The libraries whose versions decide the numbers of `REFERENCE_TASKS`. Python, datasets (fingerprints tell which rows
were read) and scikit-learn (no reference task uses it) do not."""

TOLERANCE = 1e-4
"""How far a score (0..1) may move in single precision."""

TOLERANCE_16_BIT = 2e-3
"""How far it may move in 16 bit."""

DRIFT = "drift"
"""The code of the doubt that results of an environment with an alarm carry."""

_NOISE = 1e-12

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Score = Annotated[Finite, Field(ge=-1, le=1)]


def environment_fields(environment: Environment) -> dict[str, str] | None:
    """What decides the numbers, in words: versions, the kind of each device, the precision.

    A record holds no instruction set of a processor, so none is among them. None: it does not say all of it.
    """
    if environment.device is None or environment.dtype is None or "torch" not in environment.versions:
        return None
    kinds = {re.sub(r"^(\w+):\d+", r"\1", device.strip()) for device in environment.device.split(",")}
    versions = {name: environment.versions[name] for name in DECIDING if name in environment.versions}
    return {**versions, "device": ", ".join(sorted(kinds)), "dtype": environment.dtype}


def environment_id(environment: Environment) -> str | None:
    """16 hexadecimal digits: SHA-256 of what decides the numbers; None where the record does not say all of it."""
    fields = environment_fields(environment)
    return None if fields is None else digest_of(fields)


def digest_of(value: object) -> str:
    """16 hexadecimal digits: SHA-256 of a value as canonical JSON."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


class DriftCheck(Record):
    """One run of the reference model, and how it compares with the base.

    `environment` is the id of `fields`. `scores` are by task, by the first suite's rules; `data` names each task's data
    revision and version. `base_environment` and `base_at` say which run it is compared with: None for the base itself.
    `largest` is the largest difference, `moved` are the tasks beyond the `tolerance`. `since` is the date of the check
    in which this alarm began: as long as the scores stay where they are, it is the same alarm.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    environment: Id
    fields: Annotated[dict[Name, Name], Field(max_length=20)]
    model: ModelId
    revision: Name
    precision: Name
    at: Utc
    worker: Name
    scores: Annotated[dict[Name, Score], Field(min_length=1, max_length=100)]
    data: Annotated[dict[Name, Name], Field(max_length=100)]
    base_environment: Id | None = None
    base_at: Utc | None = None
    tolerance: Finite = TOLERANCE
    largest: Finite | None = None
    moved: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    since: Utc | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if digest_of(self.fields) != self.environment:
            raise ValueError("the environment is not the one that its fields say")
        if set(self.data) != set(self.scores) or not set(self.moved) <= set(self.scores):
            raise ValueError("its tasks are not the same everywhere")
        if bool(self.moved) != (self.since is not None):
            raise ValueError("an alarm says since when, and nothing else does")
        return self

    @property
    def alarm(self) -> bool:
        """Whether a score moved by more than the tolerance."""
        return bool(self.moved)

    @property
    def base_id(self) -> str:
        """The same for all checks that may be compared: of one commit, precision, and state of the tasks."""
        return digest_of([self.model, self.revision, self.precision, self.data])


def tolerance_of(precision: str) -> float:
    """How far a score may move in this precision."""
    return TOLERANCE if precision == "float32" else TOLERANCE_16_BIT


def compare(base: DriftCheck | None, now: DriftCheck, before: DriftCheck | None = None) -> DriftCheck:
    """`now` with what comes of comparing it with the base; without a base it is the base, and stays as it is.

    `before` is the environment's former check: an alarm that only goes on keeps its date.

    Raises:
        ValueError: the two are not of the same commit, precision, data and tasks.
    """
    tolerance = tolerance_of(now.precision)
    if base is None:
        return now.model_copy(update={"tolerance": tolerance})
    if base.base_id != now.base_id:
        raise ValueError("the base is of another model, precision, or state of the tasks")
    moved = _moved(base, now, tolerance)
    goes_on = before is not None and before.alarm and before.base_id == now.base_id
    unchanged = before is not None and goes_on and not _moved(before, now, tolerance)
    began = before.since if before is not None and unchanged else now.at
    return now.model_copy(
        update={
            "base_environment": base.environment,
            "base_at": base.at,
            "tolerance": tolerance,
            "largest": max(abs(now.scores[task] - score) for task, score in base.scores.items()),
            "moved": moved,
            "since": began if moved else None,
        }
    )


def _moved(one: DriftCheck, other: DriftCheck, tolerance: float) -> tuple[str, ...]:
    return tuple(
        sorted(task for task, score in one.scores.items() if abs(other.scores[task] - score) > tolerance + _NOISE)
    )


def in_words(check: DriftCheck) -> tuple[str, str]:
    """What an alarm says, in Korean and in English."""
    tasks, fields = ", ".join(check.moved), ", ".join(f"{name} {value}" for name, value in check.fields.items())
    largest = f"{check.largest or 0.0:.6f}"
    return (
        f"기준 모델 {check.model}의 점수가 환경 {check.environment}에서 {largest}만큼 움직였습니다"
        f" (허용 {check.tolerance:g}): {tasks}. {fields}",
        f"The reference model {check.model} scores otherwise by {largest} (tolerance {check.tolerance:g}) in the"
        f" environment {check.environment}: {tasks}. {fields}",
    )


def check_path(environment: str) -> str:
    """Where the newest check of an environment is."""
    return f"{FOLDER}/{environment}.json"


def base_path(check: DriftCheck) -> str:
    """Where the base is that a check is compared with."""
    return f"{FOLDER}/bases/{check.base_id}.json"


def dump_check(check: DriftCheck) -> bytes:
    """The file's content: JSON, UTF-8, fields at their defaults left out."""
    content = check.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return (json.dumps({"schema": check.schema_version, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def load_check(content: bytes, name: str = "the drift check") -> DriftCheck:
    """The record in a file's content.

    Raises:
        ValueError: (BadFile) it is too large, not JSON, or no check of a schema known here; the text says which field.
    """
    with reading(name, content, CHECK_BYTES):
        return DriftCheck.model_validate_json(content)
