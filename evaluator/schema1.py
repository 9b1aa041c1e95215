"""Result files of schema 1, as schema 2 has them.

Schema 1 held one run of the suite "ko-v1": a score beside the metrics of each task, and environment, tokens, seconds
and time once for all. What it says of scores follows from the metrics again, except where a source printed scores
alone; those are kept as `reported`.
"""

from typing import Any

from evaluator.reading import json_value

SUITE = "ko-v1"
RULE_OF_TASK = {
    "KLUE-STS": "sts8",
    "KorSTS": "sts8",
    "STS17": "sts8",
    "KLUE-NLI": "max_ap_of_five",
    "KorNLI": "max_ap_of_five",
    "PawsXPairClassification": "max_ap_of_five",
    "SIB200ClusteringS2S": "v_measure",
    "Ko-StrategyQA": "ndcg_at_5_and_10",
    "AutoRAGRetrieval": "ndcg_at_5_and_10",
}
"""The rule that gave each task's score in schema 1: history, never changed."""

_OF_THE_RUN = ("environment", "tokens", "seconds", "submission")


def is_schema1(content: bytes) -> bool:
    """Whether a file's content says that it is of schema 1."""
    try:
        read = json_value(content)
    except ValueError:
        return False
    return isinstance(read, dict) and read.get("schema") == 1


def upgraded(content: bytes) -> dict[str, Any]:
    """The fields of the result of schema 2 that a file of schema 1 is; `run` holds those of its one run, if it has one.

    What is not valid in schema 2 is not valid here either.

    Raises:
        ValueError: it is of another suite, or is not laid out as schema 1 is.
    """
    try:
        old: dict[str, Any] = json_value(content)
        suite = old.pop("suite")
        if suite != SUITE:
            raise ValueError(f"suite {suite!r} is not known here")
        tasks = {task_id: _task(task_id, dict(task)) for task_id, task in old.pop("tasks").items()}
        shared = {name: old.pop(name) for name in _OF_THE_RUN if name in old}
        at = old.pop("evaluated_at", None)
        old.pop("intervals95", None)  # those of means: made again from the replicates
        old["schema"] = 2
        return {**old, "tasks": tasks, "run": {**shared, "at": at} if at is not None else None}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a result of schema 1: {error}") from error


def _task(task_id: str, task: dict[str, Any]) -> dict[str, Any]:
    rule = RULE_OF_TASK.get(task_id)
    score, interval = task.pop("score", None), task.pop("interval95", None)
    if rule is None:
        raise ValueError(f"{task_id!r} is not a task of {SUITE}")
    if interval is not None:
        task["intervals95"] = {rule: interval}
    if task.get("metrics"):
        task.pop("error", None)  # it said which metric was missing; so does whoever asks for the score
    elif score is not None:
        task["reported"] = {rule: score}
    return task
