"""Runs add up: two results of one model spec -> one, and what is still missing. Pure, but for the clock of `after`.

Merging takes, for each task, the better of the two: one with metrics before one that failed, then the one of the newer
run. Nothing else decides, so results may be merged in any order, and twice, with the same outcome (it is a join in
the sense of lattices: commutative, associative, idempotent).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from evaluator.bounds import MOST_TRAINING_SETS
from evaluator.errors import PASSING
from evaluator.records import ModelInfo, ModelResult, Origin, TaskScore, now
from evaluator.spec import ModelSpec
from evaluator.task import Task

_NEVER = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


class CannotMerge(ValueError):
    """Two results do not belong together; the text says why."""


def merge(one: ModelResult, other: ModelResult) -> ModelResult:
    """The tasks of both results, with the runs that they come from.

    Raises:
        CannotMerge: they are of different specs or precisions, or treat duplicate pairs differently.
    """
    if one.spec.id != other.spec.id or one.spec.model != other.spec.model:
        raise CannotMerge(f"{one.spec.model} and {other.spec.model} are not evaluated by the same spec")
    if one.keep_duplicates != other.keep_duplicates:
        raise CannotMerge("one result keeps duplicate pairs and the other does not, so their scores differ")
    if (one.origin.kind, one.origin.by) != (other.origin.kind, other.origin.by):
        raise CannotMerge(f"one result comes from {one.origin.by}, the other from {other.origin.by}")
    if one.dtype and other.dtype and one.dtype != other.dtype:
        raise CannotMerge(f"one result ran in {one.dtype}, the other in {other.dtype}: a row has one precision")
    tasks = {
        task_id: max(
            (result for result in (one, other) if task_id in result.tasks),
            key=lambda result: _standing(result, task_id),
        ).tasks[task_id]
        for task_id in sorted({*one.tasks, *other.tasks})
    }
    runs = {**one.runs, **other.runs}
    named = sorted({task.run for task in tasks.values() if task.run is not None})
    return ModelResult(
        spec=max(one.spec, other.spec, key=lambda spec: str(spec.folder or "")),
        model=_joined(one.model, other.model),
        keep_duplicates=one.keep_duplicates,
        committed_at=max((at for at in (one.committed_at, other.committed_at) if at is not None), default=None),
        confirmed=tuple(sorted({*one.confirmed, *other.confirmed})),
        training=tuple(sorted({*one.training, *other.training})[:MOST_TRAINING_SETS]),
        tasks=tasks,
        runs={run: runs[run] for run in named},
        origin=max(one.origin, other.origin, key=Origin.model_dump_json),
    )


def after(stored: ModelResult | None, at: datetime | None = None) -> datetime:
    """`at` (now, if it is None), but later than the runs of `stored`, also where another machine's clock is ahead:
    the newer run counts."""
    moment = now() if at is None else at
    before = stored.evaluated_at if stored is not None else None
    return moment if before is None else max(moment, before + timedelta(seconds=1))


def applicable(spec: ModelSpec, tasks: Iterable[Task]) -> tuple[Task, ...]:
    """The tasks that a model can do, in their order: a lexical one ranks, and gives no vectors for the others."""
    return tuple(task for task in tasks if spec.can_do(task.kind))


def lacking(result: ModelResult | None, tasks: Iterable[Task]) -> tuple[Task, ...]:
    """The tasks that have to be run to complete a result, in their order.

    A task is there if it has metrics, or failed for a reason that will not pass, on the data and in the version that
    the task has now; or if it is not applicable to the model.
    """
    if result is None:
        return tuple(tasks)
    return tuple(task for task in applicable(result.spec, tasks) if not _is_there(result, task))


def _is_there(result: ModelResult, task: Task) -> bool:
    score = result.tasks.get(task.id)
    if score is None:
        return False
    if score.error is not None:
        return score.error.failure not in PASSING
    return score.version == task.version and (score.data is None or score.data.revision == task.data.revision)


def _standing(result: ModelResult, task_id: str) -> tuple[bool, datetime, str]:
    score: TaskScore = result.tasks[task_id]
    run = result.run_of(task_id)
    return score.scored, run.at if run else _NEVER, f"{run.id if run else ''} {score.model_dump_json()}"


def _joined(one: ModelInfo, other: ModelInfo) -> ModelInfo:
    """What either of them knows. They are of the same model: where they differ all the same, the larger value."""
    known: dict[str, Any] = {}
    for name in ModelInfo.model_fields:
        values = [value for value in (getattr(one, name), getattr(other, name)) if value is not None]
        known[name] = max(values, default=None)
    return ModelInfo(**known)
