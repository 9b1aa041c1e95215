"""The result file: what one model scored on any number of tasks, and all that is needed to check it.

A result belongs to a model. It holds metrics, not the scores of a board: a suite makes those by its own rules
(`evaluator.suite`). Runs add up (`evaluator.merging`): each task names the run that it came from.
"""

import hashlib
import json
import math
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evaluator.bounds import Count, Finite, Name, Place, Prompt, Told, TrainingSets, Utc, Width
from evaluator.errors import FailureClass
from evaluator.observed import CardExample as CardExample
from evaluator.observed import KoreanTexts
from evaluator.observed import Record as Record
from evaluator.reading import RESULT_BYTES, reading
from evaluator.spec import ModelSpec

MOST = 1000
"""Tasks, runs, metrics of a task, libraries, prompts: of nothing has a record more."""


class DataProvenance(Record):
    """Which data a task read. `fingerprint` is the SHA-256 of the rows used (`evaluator.data`); None if reported."""

    path: Name
    config: Name | None = None
    split: Name
    revision: Name
    fingerprint: Name | None = None


class TaskFailure(Record):
    """Why a task has no score: a failure class and a sentence for the submitter."""

    failure: FailureClass = Field(alias="class")
    message: Told


class TaskScore(Record):
    """What one task gave: metrics with their evidence, or the reason why there are none, never both.

    `metrics` has MTEB's names for the task's kind, each metric in its own units (most are 0..1). `reported` are
    scores as somebody else printed them, by rule id, where the metrics behind them are not known. `intervals95` are
    those of the scores, by rule id. `n` counts the pairs, sentences or queries that were scored; `removed` the rows
    left out, by reason. `seconds` is the scoring alone (embeddings are computed in one sweep over all tasks). `run`
    is the id of the run that computed it, None in what others report. `version` is that of the task (`Task.version`).
    `parts` are the metrics of each cell of MTEB's, by "split/subset", where a task is made of several that somebody
    else reported: `metrics` are their means, if all cells are there. `cut` is the share of its texts that fill the
    model's length, 0..1; `tokens` are those of its distinct texts (`evaluator.sweep.counting`).
    """

    metrics: Annotated[dict[Name, Finite], Field(max_length=MOST)] = {}
    parts: Annotated[dict[Name, Annotated[dict[Name, Finite], Field(max_length=MOST)]], Field(max_length=MOST)] = {}
    reported: Annotated[dict[Name, Annotated[Finite, Field(ge=-1, le=1)]], Field(max_length=MOST)] = {}
    n: Width | None = None
    removed: Annotated[dict[Name, Count], Field(max_length=MOST)] = {}
    intervals95: Annotated[dict[Name, tuple[Finite, Finite]], Field(max_length=MOST)] = {}
    data: DataProvenance | None = None
    version: Width = 1
    seconds: Finite | None = None
    cut: Annotated[Finite, Field(ge=0, le=1)] | None = None
    tokens: Count | None = None
    run: Name | None = None
    error: TaskFailure | None = None

    @model_validator(mode="after")
    def _metrics_or_error(self) -> Self:
        if self.scored == (self.error is not None):
            raise ValueError("a task has either metrics or an error that says why not")
        return self

    @property
    def scored(self) -> bool:
        """Whether there is something to make a score of."""
        return bool(self.metrics or self.reported)


class ModelInfo(Record):
    """What is known of a model besides its scores; None where it is not known.

    `memory_bytes` is the size of the weights. `llm_based` is True for decoder architectures. `datasets` and
    `base_models` are what the model's card names in its front matter: what it was trained on, and which models it was
    made of. `matryoshka`: whether its card speaks of Matryoshka training, so that its vectors may be cut.
    """

    parameters: Count | None = None
    embedding_dimension: Width | None = None
    max_tokens: Width | None = None
    license: Name | None = None
    architecture: Name | None = None
    memory_bytes: Count | None = None
    llm_based: bool | None = None
    open_weights: bool | None = None
    datasets: TrainingSets | None = None
    base_models: TrainingSets | None = None
    matryoshka: bool | None = None


class Environment(Record):
    """What the evaluation ran with, resolved from the spec's "auto" values.

    `versions`: library -> version. `dtype` is the precision used. `pooling_source` says where the pooling was
    found. `prompts`: task id -> side ("text", "query" or "document") -> the text put before each input, and
    `prompt_sources` who said so. `unused_prompts` are names of prompts that the repository declares and no task uses.
    `warnings` are those of `evaluator.model.explaining`, by their codes.
    `similarity` is the model's own similarity function. `batch_tokens` is the token budget of a batch.
    `linear` is "onednn-packed" where linear layers ran on weights packed for oneDNN (`evaluator.model.packing`).
    `encoding` is "own" where texts went through the model's own `encode`, with the `task=` in `encode_tasks` (task id,
    side, name). `parts`: other repository that the model is made of -> its commit. `recipe` names the environment
    that it ran in, and `lock` is the SHA-256 of that environment's lock; None: ours. `card_example`: None in results
    from before it was looked at.
    """

    versions: Annotated[dict[Name, Name], Field(max_length=MOST)] = {}
    device: Name | None = None
    dtype: Name | None = None
    attention: Name | None = None
    linear: Name | None = None
    batch_tokens: Count | None = None
    loader: Name | None = None
    pooling: Name | None = None
    pooling_source: Name | None = None
    similarity: Name | None = None
    max_tokens: Width | None = None
    prompts: Annotated[dict[Name, Annotated[dict[Name, Prompt], Field(max_length=MOST)]], Field(max_length=MOST)] = {}
    prompt_sources: Annotated[dict[Name, dict[Name, Name]], Field(max_length=MOST)] = {}
    unused_prompts: Annotated[tuple[Name, ...], Field(max_length=MOST)] = ()
    truncate_dim: Width | None = None
    precision_source: Name | None = None
    warnings: Annotated[tuple[Name, ...], Field(max_length=MOST)] = ()
    seed: Count | None = None
    encoding: Name | None = None
    encode_tasks: Annotated[
        dict[Name, Annotated[dict[Name, Name], Field(max_length=MOST)]], Field(max_length=MOST)
    ] = {}
    parts: Annotated[dict[Name, Name], Field(max_length=MOST)] = {}
    recipe: Name | None = None
    lock: Name | None = None
    card_example: CardExample | None = None


class Run(Record):
    """One run of the evaluator: what its tasks share.

    `tokens` counts the tokens encoded, without padding; `seconds` is by phase, and of the encoding it is what all
    attempts spent on it, those that were killed included. `submission` is the id of the submission that asked for it.
    `code` identifies the evaluator: 16 digits of the SHA-256 of its sources; `commit` is the project's, where the
    sources lie in a git checkout. `korean` is what its Korean texts cost; `peak_bytes` the most memory that the process
    held until all was encoded, `device_peak_bytes` that of its first GPU.
    """

    environment: Environment = Environment()
    tokens: Count | None = None
    seconds: Annotated[dict[Name, Finite], Field(max_length=MOST)] = {}
    at: Utc
    submission: Name | None = None
    code: Name | None = None
    commit: Name | None = None
    korean: KoreanTexts | None = None
    peak_bytes: Count | None = None
    device_peak_bytes: Count | None = None

    @property
    def id(self) -> str:
        """16 hexadecimal digits: SHA-256 of its content."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


MEASURED_BY = "this leaderboard"
"""`Origin.by` of what our own evaluator computed."""


class Origin(Record):
    """Who computed the numbers: us ("measured"), or the source named in `by` ("reported").

    `label` is the name under which the source shows the model; `version` the source's software.
    """

    kind: Literal["measured", "reported"]
    by: Name
    reference: Place | None = None
    at: Utc | None = None
    label: Name | None = None
    version: Name | None = None


DOUBTFUL = ("card_differs", "end_token", "other_data", "prompt_not_used")
"""Warnings (`evaluator.model.explaining`) that say that the model was not used as its card shows, or on other data."""


class ModelResult(Record):
    """One result file: what one model spec scored on some tasks, in one or more runs.

    It knows no suite. `runs` holds, by id, every run that a task names, and no other. `keep_duplicates` says whether
    equal pairs were scored twice, as MTEB does. `committed_at` is when the spec's commit was made, as its host says.
    `confirmed` are warnings that a maintainer looked at and found the numbers right all the same. `training` are data
    sets or tasks that the model was trained on, as those who submitted it say.
    """

    schema_version: Literal[2] = Field(default=2, alias="schema")
    spec: ModelSpec
    model: ModelInfo = ModelInfo()
    keep_duplicates: bool = False
    committed_at: Utc | None = None
    confirmed: Annotated[tuple[Name, ...], Field(max_length=MOST)] = ()
    training: TrainingSets = ()
    tasks: Annotated[dict[Name, TaskScore], Field(max_length=MOST)]
    runs: Annotated[dict[Name, Run], Field(max_length=MOST)] = {}
    origin: Origin

    @model_validator(mode="after")
    def _measured_can_be_repeated(self) -> Self:
        if {name: run.id for name, run in self.runs.items()} != {name: name for name in self.runs}:
            raise ValueError("a run is not the one that its id names")
        if {task.run for task in self.tasks.values() if task.run is not None} != set(self.runs):
            raise ValueError("the runs are not those that the tasks name")
        if self.origin.kind == "measured":
            if self.spec.revision is None:
                raise ValueError("a measured result names its model commit")
            if any(task.run is None for task in self.tasks.values()):
                raise ValueError("a measured task names the run that it came from")
        return self

    @property
    def newest_run(self) -> Run | None:
        """The run that was made last; None in what others report."""
        return max(self.runs.values(), key=lambda run: (run.at, run.id), default=None)

    def run_of(self, task_id: str) -> Run | None:
        """The run that a task came from."""
        return self.runs.get(self.tasks[task_id].run or "")

    @property
    def evaluated_at(self) -> datetime | None:
        """When the newest run ended."""
        run = self.newest_run
        return None if run is None else run.at

    @property
    def warnings(self) -> tuple[str, ...]:
        """The codes of what was odd about its runs, sorted."""
        return tuple(sorted({code for run in self.runs.values() for code in run.environment.warnings}))

    @property
    def doubts(self) -> tuple[str, ...]:
        """Warnings after which the numbers may not be the model's, and that nobody has confirmed."""
        return tuple(code for code in self.warnings if code in DOUBTFUL and code not in self.confirmed)

    @property
    def dtype(self) -> str | None:
        """The precision that it ran with; None where nobody tells. All runs of a result share it."""
        run = self.newest_run
        return None if run is None else run.environment.dtype


def dump_result(result: ModelResult) -> bytes:
    """The result file's content: JSON, UTF-8, keys in the records' order, fields at their defaults left out.

    Tasks and runs are sorted by their ids: the same result gives the same bytes, in whatever order it was put together.
    """
    ordered = {"tasks": dict(sorted(result.tasks.items())), "runs": dict(sorted(result.runs.items()))}
    content = result.model_copy(update={"spec": result.spec.published(), **ordered}).model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    return (json.dumps({"schema": result.schema_version, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def load_result(content: bytes, name: str = "the result file") -> ModelResult:
    """The record in a result file's content; a file of schema 1 is read as one of schema 2. `name` is for the error.

    Raises:
        ValueError: (BadFile) it is too large, not JSON, or no result of a schema known here; the text says which field.
    """
    with reading(name, content, RESULT_BYTES):
        try:
            return ModelResult.model_validate_json(content)
        except ValueError:
            from evaluator.schema1 import is_schema1, upgraded

            if not is_schema1(content):
                raise
            fields = upgraded(content)
            of_run = fields.pop("run")
            if of_run is None:
                return ModelResult.model_validate(fields)
            run = Run.model_validate(of_run)
            tasks = {task_id: {**task, "run": run.id} for task_id, task in fields["tasks"].items()}
            return ModelResult.model_validate({**fields, "tasks": tasks, "runs": {run.id: run}})


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
