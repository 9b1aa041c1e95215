"""From the result that an evaluation left to one that the worker can vouch for.

A model's own code may have written the result. Taken from it is what only the evaluation can know, cleaned and
bounded. Where the numbers come from, whose they are, which run, which data, which spec: the worker says it. Each
score is computed again from its samples, and a result with one that does not follow from them is refused as a whole.
"""

import io
import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from evaluator.cleaning import LARGEST_LENGTH, bounded_int, clean_text
from evaluator.data import is_other
from evaluator.errors import NOT_READ, FailureClass
from evaluator.evidence.bootstrap import percentiles, resampled_scores
from evaluator.evidence.environment import code_digest, project_commit
from evaluator.evidence.samples import dump_samples, load_samples
from evaluator.kinds import REASONS, Samples, kind_of, shape_of
from evaluator.merging import after
from evaluator.progress import MESSAGE_LENGTH
from evaluator.records import (
    MEASURED_BY,
    DataProvenance,
    Environment,
    ModelResult,
    Origin,
    Run,
    TaskFailure,
    TaskScore,
    now,
)
from evaluator.suite import rules_of
from evaluator.task import Task
from evaluator.tasks import discovered_tasks
from runner.bounds import bounded_float
from runner.events import PHASES, failure_class
from runner.left import Refused
from runner.told import MANY, environment, korean, model_facts, numbers

if TYPE_CHECKING:
    from runner.child import Job

TOLERANCE = 1e-9
"""How far a metric may lie from what its samples give, relative or absolute: another order of summation."""

ROWS = 100_000
"""Rows of samples of one task."""

LARGEST_VALUE = 1e12
"""No similarity is larger."""

ITEM_LENGTH = 200
"""Characters of an item's name: a pair's number, a query's id."""

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def parse_result(content: bytes, job: "Job") -> ModelResult:
    """The record in the result file of a job's evaluation: of the job's spec and tasks, and of one run.

    Raises:
        Refused: it is no such record.
    """
    try:
        result = ModelResult.model_validate_json(content)
    except (ValueError, RecursionError) as error:
        raise Refused("The evaluation ended without a readable result file.") from error
    _check_asked(result, job)
    return result


def _check_asked(result: ModelResult, job: "Job") -> None:
    if result.spec.id != job.spec.id:
        raise Refused("The evaluation's result is not of the model and the settings that were asked for.")
    if set(result.tasks) != set(job.tasks):
        raise Refused("The evaluation's result does not hold exactly the tasks that were asked for.")
    if len(result.runs) != 1:
        raise Refused("The evaluation's result is not of one run.")
    if result.keep_duplicates != (job.onto is not None and job.onto.keep_duplicates):
        raise Refused("The evaluation's result treats duplicate pairs in another way than was asked for.")


def vouched(
    job: "Job",
    result: ModelResult,
    samples: bytes | None,
    *,
    submission: str,
    since: datetime,
    beat: Callable[[], object],
) -> tuple[ModelResult, bytes | None]:
    """The result to publish for `submission`, and the samples file behind it (None: no task has a score).

    The run's time is the one that the evaluation tells, if it lies between `since` (when it was asked for) and now by
    this machine's clock, and now if not: so the same file, vouched for again after a kill, gives the same result.
    `beat` is called before each task's scores are computed again, which takes about a second for a task of 5,000 pairs.

    Raises:
        Refused: a score does not follow from the samples, or they are none.
    """
    _check_asked(result, job)
    known = discovered_tasks()
    scored = [known[task_id] for task_id, score in result.tasks.items() if score.error is None]
    held = parse_samples(samples, scored) if scored else {}
    (given,) = result.runs.values()
    run = Run(
        environment=_marked(environment(given.environment, job), job, result),
        tokens=bounded_int(given.tokens, 0, MANY),
        seconds=numbers(given.seconds, PHASES),
        at=after(job.onto, given.at if since <= given.at <= now() else None),
        submission=submission,
        code=code_digest(),
        commit=project_commit(),
        korean=korean(given.korean),
        peak_bytes=bounded_int(given.peak_bytes, 0, MANY),
        device_peak_bytes=bounded_int(given.device_peak_bytes, 0, MANY),
    )
    tasks: dict[str, TaskScore] = {}
    for task_id, score in result.tasks.items():
        beat()
        told = _failed(score, known[task_id]) if score.error else _scored(score, known[task_id], held[task_id], job)
        tasks[task_id] = told.model_copy(update={"run": run.id})
    whole = ModelResult(
        spec=job.spec,
        model=model_facts(result.model),
        keep_duplicates=result.keep_duplicates,
        tasks=tasks,
        runs={run.id: run},
        origin=Origin(kind="measured", by=MEASURED_BY),
    )
    return whole, dump_samples(held) if held else None


def _failed(score: TaskScore, task: Task) -> TaskScore:
    assert score.error is not None
    message = clean_text(score.error.message, MESSAGE_LENGTH) or "The evaluation gave no reason."
    told = {"class": failure_class(score.error.failure), "message": message}
    return TaskScore(error=TaskFailure.model_validate(told), version=task.version)


def _scored(score: TaskScore, task: Task, samples: Samples, job: "Job") -> TaskScore:
    """The task's score as its samples give it, if that is what the evaluation says."""
    metrics, intervals = _computed(task, samples)
    if set(metrics) != set(score.metrics) or not all(
        math.isclose(metrics[name], score.metrics[name], rel_tol=TOLERANCE, abs_tol=TOLERANCE) for name in metrics
    ):
        raise Refused(f"The evaluation's scores of {task.id} do not follow from its samples.")
    rows = len(samples["item"])
    count = rows if shape_of(task).items is None else bounded_int(score.n, 1, LARGEST_LENGTH)
    if count is None:
        raise Refused(f"The evaluation does not tell how much of {task.id} it scored.")
    removed = {reason: bounded_int(n, 0, LARGEST_LENGTH) for reason, n in score.removed.items() if reason in REASONS}
    return TaskScore(
        metrics=metrics,
        n=count,
        removed={reason: n for reason, n in removed.items() if n is not None},
        intervals95=intervals,
        data=_provenance(score, task, job),
        version=task.version,
        seconds=bounded_float(score.seconds, 0.0, MANY),
        cut=bounded_float(score.cut, 0.0, 1.0),
        tokens=bounded_int(score.tokens, 0, MANY),
    )


def _computed(task: Task, samples: Samples) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """The metrics, and the intervals of the scores, that samples give."""
    no_scores = f"The evaluation's samples of {task.id} give no scores."
    try:
        metrics = kind_of(task).metrics(samples)
        resampled = resampled_scores(task, samples, rules_of(task.id))
    except Exception as error:  # the samples are a stranger's: whatever they break, they are no samples
        raise Refused(no_scores) from error
    values = [*metrics.values(), *(float(value) for scores in resampled.values() for value in scores)]
    if not all(math.isfinite(value) and abs(value) <= 1 + TOLERANCE for value in values):
        raise Refused(no_scores)
    return metrics, {rule_id: percentiles(scores) for rule_id, scores in resampled.items()}


def _marked(told: Environment, job: "Job", result: ModelResult) -> Environment:
    """With the mark of data that is not the known, whether the evaluation tells it or not."""
    if not other_data(result, job):
        return told
    return told.model_copy(update={"warnings": tuple(sorted({*told.warnings, "other_data"}))})


def _provenance(score: TaskScore, task: Task, job: "Job") -> DataProvenance:
    fingerprint = score.data.fingerprint if score.data is not None else None
    other = job.datasets is not None and is_other(task, score.data, local=True)
    if fingerprint is None or not _FINGERPRINT.fullmatch(fingerprint) or other:
        raise Refused(f"The evaluation does not tell that it read the data that {task.id} is pinned to.")
    source = task.data
    return DataProvenance(
        path=source.path,
        config=source.config,
        split="+".join(source.splits),
        revision=source.revision,
        fingerprint=fingerprint,
    )


def parse_samples(content: bytes | None, tasks: list[Task]) -> dict[str, Samples]:
    """Task id -> its samples, of exactly these tasks: each with its kind's columns, finite, and not too many rows.

    Raises:
        Refused: there are none, or they are others.
    """
    if content is None:
        raise Refused("The evaluation left scores without the samples behind them.")
    try:
        _check_size(content, len(tasks))
        held = load_samples(content)
    except Refused:
        raise
    except Exception as error:  # whatever pyarrow and pandas make of bytes that a stranger wrote
        raise Refused("The evaluation's samples file cannot be read.") from error
    for task in tasks:
        if task.id not in held:
            raise Refused(f"The evaluation left scores of {task.id} without the samples behind them.")
        _check_samples(task, held[task.id])
    if len(held) > len(tasks):
        raise Refused("The evaluation left samples of tasks that it has no scores of.")
    return {task.id: held[task.id] for task in tasks}


def _check_samples(task: Task, samples: Samples) -> None:
    import numpy as np

    shape = shape_of(task)
    rows = len(samples["item"])
    named = all(len(item) <= ITEM_LENGTH and item.isprintable() for item in samples["item"])
    if set(samples) != {"item", *shape.columns} or rows > ROWS or rows != (shape.items or rows) or not named:
        raise Refused(f"The evaluation's samples of {task.id} are not those of its kind of task.")
    if not all(bool((np.abs(samples[name]) <= LARGEST_VALUE).all()) for name in shape.columns):  # no NaN either
        raise Refused(f"The evaluation's samples of {task.id} hold values that are no numbers, or too large.")


def _check_size(content: bytes, tasks: int) -> None:
    """Look at a samples file piece by piece before it is unfolded as a whole: a small file may hold very much.

    Raises:
        Refused: it has other columns than samples have, too many rows, or too long names.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    refused = Refused("The evaluation's samples file holds other things than samples, or too many of them.")
    columns = {name for task in discovered_tasks().values() for name in shape_of(task).columns}
    limits = {"thrift_string_size_limit": 1 << 20, "thrift_container_size_limit": 1 << 16}
    file = pq.ParquetFile(io.BytesIO(content), read_dictionary=["task", "item"], **limits)
    schema = pq.read_schema(io.BytesIO(content))
    names = list(schema.names)
    if len(set(names)) != len(names) or not {"task", "item"} <= set(names) <= {"task", "item", *columns}:
        raise refused
    wanted = {name: pa.string() if name in ("task", "item") else pa.float64() for name in names}
    if any(schema.field(name).type != wanted[name] for name in names) or file.metadata.num_rows > ROWS * tasks:
        raise refused
    rows = 0
    for batch in file.iter_batches(batch_size=8192, use_threads=False):
        rows += batch.num_rows
        if rows > ROWS * tasks:
            raise refused
        for name in ("task", "item"):
            column = batch.column(name)
            longest = pc.max(pc.binary_length(column.dictionary)).as_py() if len(column.dictionary) else 0
            if column.null_count or (longest or 0) > 4 * ITEM_LENGTH:
                raise refused


def may_come_later(result: ModelResult) -> tuple[FailureClass, str] | None:
    """Why a task has no score, if only because its data could not be read: the submission is not done with that."""
    for score in result.tasks.values():
        if score.error is not None and score.error.failure in NOT_READ:
            return score.error.failure, score.error.message
    return None


def other_data(result: ModelResult, job: "Job") -> list[str]:
    """The tasks whose rows are not the known ones: a mark on the result, and a line in the log."""
    known, local = discovered_tasks(), job.datasets is not None
    return sorted(name for name, score in result.tasks.items() if is_other(known[name], score.data, local=local))
