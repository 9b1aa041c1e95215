"""Results for tests of the board: small, made here, never shipped."""

from datetime import UTC, datetime

from evaluator.records import Environment, ModelResult, Origin, TaskFailure, TaskScore
from evaluator.spec import ModelSpec
from evaluator.suite import KO_V1
from leaderboard_data.entry import PUBLISHER, Entry, entry_of

MOMENT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def measured(
    model: str = "org/name",
    score: float | dict[str, float] = 0.5,
    *,
    missing: tuple[str, ...] = (),
    failed: tuple[str, ...] = (),
    revision: str = COMMIT,
    dtype: str = "float32",
    at: datetime = MOMENT,
    **fields: object,
) -> ModelResult:
    """A result as our evaluator writes it: the same score everywhere, or by task id."""
    scores = dict.fromkeys(KO_V1.task_ids, 0.5) | (
        score if isinstance(score, dict) else dict.fromkeys(KO_V1.task_ids, score)
    )
    tasks = {task: TaskScore(score=value) for task, value in scores.items() if task not in {*missing, *failed}}
    error = TaskFailure(failure="data_unavailable", message="데이터를 읽을 수 없습니다.")
    tasks |= {task: TaskScore(error=error) for task in failed}
    return ModelResult(
        **{
            "spec": ModelSpec(model=model, revision=revision),
            "suite": KO_V1.id,
            "tasks": tasks,
            "environment": Environment(dtype=dtype),
            "evaluated_at": at,
            "origin": Origin(kind="measured", by="tests"),
            **fields,
        }
    )


def reported(model: str = "org/name", score: float = 0.5, *, by: str = PUBLISHER, **fields: object) -> ModelResult:
    """A result of somebody else's."""
    precision = "float32" if by == PUBLISHER else "auto"
    return ModelResult(
        **{
            "spec": ModelSpec(model=model, precision=precision),
            "suite": KO_V1.id,
            "tasks": {task: TaskScore(score=score) for task in KO_V1.task_ids},
            "origin": Origin(kind="reported", by=by),
            **fields,
        }
    )


def entry(result: ModelResult, path: str = "results/a.json") -> Entry:
    return entry_of(path, result)
