"""The result file: what one model scored on one suite, and all that is needed to check it."""

import json
import math
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from evaluator.errors import FailureClass
from evaluator.spec import ModelSpec

Utc = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Record(BaseModel):
    """A frozen record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)


class DataProvenance(Record):
    """Which data a task read. `fingerprint` is the SHA-256 of the rows used (`evaluator.data`); None if reported."""

    path: str
    config: str | None = None
    split: str
    revision: str
    fingerprint: str | None = None


class TaskFailure(Record):
    """Why a task has no score: a failure class and a sentence for the submitter."""

    failure: FailureClass = Field(alias="class")
    message: str


class TaskScore(Record):
    """One cell of the leaderboard: a score with its evidence, or the reason why there is none, never both.

    `score` is the board's rule applied to `metrics` (-1..1; most are 0..1). `metrics` has MTEB's names for the
    task's kind. `n` counts the pairs, sentences or queries that were scored; `removed` the rows left out, by
    reason. `seconds` is the scoring alone (embeddings are computed in one sweep over all tasks).
    """

    score: Annotated[Finite, Field(ge=-1, le=1)] | None = None
    metrics: dict[str, Finite] = {}
    n: int | None = None
    removed: dict[str, int] = {}
    interval95: tuple[Finite, Finite] | None = None
    data: DataProvenance | None = None
    seconds: float | None = None
    error: TaskFailure | None = None

    @model_validator(mode="after")
    def _score_or_error(self) -> Self:
        if (self.score is None) == (self.error is None):
            raise ValueError("a task has either a score or an error that says why not")
        return self


class ModelInfo(Record):
    """What is known of a model besides its scores; None where it is not known.

    `memory_bytes` is the size of the weights. `llm_based` is True for decoder architectures.
    """

    parameters: int | None = None
    embedding_dimension: int | None = None
    max_tokens: int | None = None
    license: str | None = None
    architecture: str | None = None
    memory_bytes: int | None = None
    llm_based: bool | None = None
    open_weights: bool | None = None


class Environment(Record):
    """What the evaluation ran with, resolved from the spec's "auto" values.

    `versions`: library -> version. `dtype` is the precision used. `pooling_source` says where the pooling was
    found. `prompts`: task id -> side ("text", "query" or "document") -> the text put before each input.
    `similarity` is the model's own similarity function. `batch_tokens` is the token budget of a batch.
    `linear` is "onednn-packed" where linear layers ran on weights packed for oneDNN (`evaluator.packing`).
    """

    versions: dict[str, str] = {}
    device: str | None = None
    dtype: str | None = None
    attention: str | None = None
    linear: str | None = None
    batch_tokens: int | None = None
    loader: str | None = None
    pooling: str | None = None
    pooling_source: str | None = None
    similarity: str | None = None
    max_tokens: int | None = None
    prompts: dict[str, dict[str, str]] = {}
    seed: int | None = None


class Origin(Record):
    """Who computed the numbers: us ("measured"), or the source named in `by` ("reported").

    `label` is the name under which the source shows the model; `version` the source's software.
    """

    kind: Literal["measured", "reported"]
    by: str
    reference: str | None = None
    at: Utc | None = None
    label: str | None = None
    version: str | None = None


class ModelResult(Record):
    """One result file. `tasks` may miss tasks of the suite: such a model has no rank.

    `tokens` counts the tokens encoded, without padding; `seconds` is by phase, and of the encoding it is what all runs
    spent on it, those that were killed included. `intervals95` are those of the category means, by category id, and of
    the overall mean ("average"), where all tasks of the mean are there.
    `submission` is the id of the submission that asked for it.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    spec: ModelSpec
    model: ModelInfo = ModelInfo()
    suite: str
    keep_duplicates: bool = False
    tasks: dict[str, TaskScore]
    environment: Environment = Environment()
    tokens: int | None = None
    seconds: dict[str, float] = {}
    intervals95: dict[str, tuple[Finite, Finite]] = {}
    evaluated_at: Utc | None = None
    origin: Origin
    submission: str | None = None

    @model_validator(mode="after")
    def _measured_can_be_repeated(self) -> Self:
        if self.origin.kind == "measured" and (self.spec.revision is None or self.evaluated_at is None):
            raise ValueError("a measured result names its model commit and when it was evaluated")
        return self


def dump_result(result: ModelResult) -> bytes:
    """The result file's content: JSON, UTF-8, keys in the records' order, fields at their defaults left out."""
    content = result.model_copy(update={"spec": result.spec.published()}).model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    return (json.dumps({"schema": result.schema_version, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def load_result(content: bytes) -> ModelResult:
    """The record in a result file's content.

    Raises:
        ValueError: it is not JSON, or not a result of a schema known here; the text says which field.
    """
    return ModelResult.model_validate_json(content)


def percent(value: float) -> str:
    """A score as the board prints it: percent with two decimals, half rounded up.

    The mean of 0.7959 and 0.7456 is 77.075 and prints as 77.08, as on the published board, although the nearest
    float lies below: the value is cut to 12 digits first, where the noise of the float mean is gone.
    """
    hundredths = round(abs(value) * 10_000, 8)
    rounded = math.floor(hundredths + 0.5)
    sign = "-" if value < 0 and rounded else ""
    return f"{sign}{rounded // 100}.{rounded % 100:02d}"


def now() -> datetime:
    """The current time, UTC, whole seconds: as all records hold it."""
    return datetime.now(UTC).replace(microsecond=0)
