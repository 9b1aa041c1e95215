"""A model that has one suite runs, for another, only what that adds: counted in tokens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.merging import lacking, merge
from evaluator.records import ModelResult
from evaluator.run import evaluate
from evaluator.spec import local_spec
from evaluator.suite import tasks_of
from evaluator.task import Task

KEPT = ("KLUE-STS", "STS17", "KLUE-TC", "BelebeleRetrieval", "Tatoeba")
"""Tasks that have local data: two that both suites have, and three that ko-v2 adds."""


def of(suite: str) -> list[Task]:
    return [task for task in tasks_of([suite]) if task.id in KEPT]


def tokens(result: ModelResult) -> int:
    (run,) = result.runs.values()
    assert run.tokens is not None
    return run.tokens


@pytest.mark.shared
def test_for_ko_v2_a_model_with_ko_v1_runs_only_what_is_new(
    tiny_model: Callable[..., Path], datasets_folder: Path
) -> None:
    spec = local_spec(tiny_model("adds"))
    earlier = evaluate(spec, of("ko-v1"), datasets=datasets_folder).result
    assert set(earlier.tasks) == {"KLUE-STS", "STS17"}
    missing = lacking(earlier, of("ko-v2"))
    assert {task.id for task in missing} == {"KLUE-TC", "BelebeleRetrieval", "Tatoeba"}
    added = evaluate(spec, missing, datasets=datasets_folder, onto=earlier).result
    whole = evaluate(spec, of("ko-v2"), datasets=datasets_folder).result
    assert tokens(earlier) + tokens(added) == tokens(whole)
    assert tokens(earlier) > 0
    assert set(merge(earlier, added).tasks) == set(whole.tasks) == set(KEPT)
