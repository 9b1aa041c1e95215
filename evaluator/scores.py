"""A task's score by a suite's rule: made of its metrics, or as its source printed it, or missing for a reason."""

from evaluator.records import ModelResult, TaskFailure, TaskScore
from evaluator.suite import MissingMetric, ScoreRule, Suite, rules_of


def score_by(rule: ScoreRule, task: TaskScore) -> float | None:
    """The score, -1..1; None where the metrics do not suffice for the rule, or the task failed."""
    if rule.id in task.reported:
        return task.reported[rule.id]
    try:
        return rule.score(task.metrics)
    except MissingMetric:
        return None


def scores_of(task_id: str, task: TaskScore) -> dict[str, float]:
    """Rule id -> the score, for each rule that a suite has for the task; without those that are missing."""
    found = {rule.id: score_by(rule, task) for rule in rules_of(task_id)}
    return {rule_id: score for rule_id, score in found.items() if score is not None}


def first_score(task_id: str, task: TaskScore) -> float | None:
    """The score by the first suite's rule, for people who watch a run; None where there is none."""
    return next(iter(scores_of(task_id, task).values()), None)


def failure_by(rule: ScoreRule, task_id: str, result: ModelResult, suite: Suite | None = None) -> TaskFailure | None:
    """Why a task of a result has no score by a rule (on the board of a suite); None where it has one.

    On a suite with `pinned_data`, numbers that others report of another data revision give no score: their metrics
    stay in the result, and the message names both revisions.
    """
    task = result.tasks[task_id]
    if suite is not None and suite.pinned_data and result.origin.kind == "reported" and task.data is not None:
        pinned = suite.task(task_id).data.revision
        if task.scored and task.data.revision != pinned:
            message = (
                f"{result.origin.by}'s result is of the data at {task.data.revision[:12]}; this board's task is pinned "
                f"to {pinned[:12]}. The two may differ, so its metrics are shown and give no score."
            )
            return TaskFailure(failure="data_unavailable", message=message)
    if task.error is not None or score_by(rule, task) is not None:
        return task.error
    lacking = next(name for name in rule.metrics if name not in task.metrics)
    message = f"{result.origin.by}'s result has no {lacking}, which the score of this task needs."
    return TaskFailure(failure="data_unavailable", message=message)
