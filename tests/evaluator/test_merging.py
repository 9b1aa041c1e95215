"""Runs add up: in any order, again and again, and nothing that was measured disappears."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluator.evidence.environment import code_digest
from evaluator.merging import CannotMerge, lacking, merge
from evaluator.records import (
    DataProvenance,
    Environment,
    ModelInfo,
    ModelResult,
    Origin,
    Run,
    TaskFailure,
    TaskScore,
    dump_result,
    load_result,
)
from evaluator.spec import ModelSpec
from evaluator.suite import KO_V1

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SPEC = ModelSpec(model="org/name", revision="ab" * 20)
FAILURES = ("hub_unavailable", "bad_embeddings")
TASKS = ("KLUE-STS", "KorSTS", "AutoRAGRetrieval", "KorNLI")


def run_of(
    tasks: dict[str, float | str], *, minutes: int = 0, submission: str | None = None, **fields: Any
) -> ModelResult:
    """A result of one run: task -> a value of its metrics, or a failure class."""
    run = Run(environment=Environment(dtype="float32"), at=NOON + timedelta(minutes=minutes), submission=submission)
    held = {
        task: TaskScore(error=TaskFailure(failure=value, message="why"), run=run.id)  # type: ignore[arg-type]
        if isinstance(value, str)
        else TaskScore(metrics=dict.fromkeys(KO_V1.rules[task].metrics, value), n=10, run=run.id)
        for task, value in tasks.items()
    }
    return ModelResult(
        **{"spec": SPEC, "tasks": held, "runs": {run.id: run}, "origin": Origin(kind="measured", by="us")} | fields
    )


outcomes = st.dictionaries(
    st.sampled_from(TASKS), st.floats(0, 1, allow_nan=False) | st.sampled_from(FAILURES), min_size=1
)
training = st.lists(st.sampled_from(["KLUE", "KorSTS", *map(str, range(90))]), max_size=99, unique=True).map(tuple)
infos = st.builds(
    ModelInfo, parameters=st.none() | st.just(7), license=st.none() | st.just("mit"), datasets=st.none() | training
)
runs = st.builds(
    lambda tasks, minutes, info, named: run_of(tasks, minutes=minutes, model=info, training=tuple(sorted(named))),
    outcomes,
    st.integers(0, 9),
    infos,
    training,
)


def measured(result: ModelResult) -> set[str]:
    return {task for task, score in result.tasks.items() if score.scored}


@settings(max_examples=200, deadline=None)
@given(runs, runs, runs)
def test_runs_may_be_merged_in_any_order_and_twice(a: ModelResult, b: ModelResult, c: ModelResult) -> None:
    assert dump_result(merge(a, b)) == dump_result(merge(b, a))
    assert dump_result(merge(merge(a, b), c)) == dump_result(merge(a, merge(b, c)))
    assert dump_result(merge(merge(a, b), b)) == dump_result(merge(a, b))
    assert dump_result(merge(a, a)) == dump_result(a)


@settings(max_examples=200, deadline=None)
@given(runs, runs)
def test_nothing_measured_disappears_and_the_newer_run_counts(a: ModelResult, b: ModelResult) -> None:
    whole = merge(a, b)
    assert set(whole.tasks) == {*a.tasks, *b.tasks}
    assert measured(whole) == measured(a) | measured(b)
    assert whole.training == tuple(sorted({*a.training, *b.training}))
    assume(a.evaluated_at != b.evaluated_at)
    newer = max(a, b, key=lambda result: result.evaluated_at or NOON)
    for task in measured(newer):
        assert whole.tasks[task] == newer.tasks[task]


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(4)))
def test_disjoint_runs_give_the_same_file_in_any_order(order: list[int]) -> None:
    parts = [run_of({task: 0.5}, minutes=number) for number, task in enumerate(TASKS)]
    whole = parts[order[0]]
    for number in order[1:]:
        whole = merge(whole, parts[number])
    assert [run.at for _, run in sorted(whole.runs.items(), key=lambda pair: pair[1].at)] == [
        NOON + timedelta(minutes=number) for number in range(4)
    ]
    straight = merge(merge(parts[0], parts[1]), merge(parts[2], parts[3]))
    assert dump_result(whole) == dump_result(straight)
    assert load_result(dump_result(whole)).tasks == dict(sorted(whole.tasks.items()))


def test_a_failure_never_takes_the_place_of_a_score() -> None:
    older, newer = run_of({"KorSTS": 0.5}), run_of({"KorSTS": "hub_unavailable"}, minutes=5)
    whole = merge(older, newer)
    assert whole == older
    assert list(whole.runs) == list(older.runs)


def test_a_run_that_no_task_names_any_more_is_left_out() -> None:
    older, newer = run_of({"KorSTS": 0.5}), run_of({"KorSTS": 0.6}, minutes=5)
    assert list(merge(older, newer).runs) == list(newer.runs)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (run_of({"KorSTS": 0.5}, spec=ModelSpec(model="org/other", revision="ab" * 20)), "the same spec"),
        (run_of({"KorSTS": 0.5}, keep_duplicates=True), "duplicate pairs"),
        (run_of({"KorSTS": 0.5}, origin=Origin(kind="measured", by="them")), "comes from us"),
    ],
)
def test_what_does_not_belong_together_is_refused(other: ModelResult, why: str) -> None:
    with pytest.raises(CannotMerge, match=why):
        merge(run_of({"KorSTS": 0.5}), other)


def test_a_row_has_one_precision() -> None:
    run = Run(environment=Environment(dtype="bfloat16"), at=NOON)
    half = ModelResult(
        spec=SPEC,
        tasks={"KorNLI": TaskScore(metrics={"similarity_ap": 0.5}, run=run.id)},
        runs={run.id: run},
        origin=Origin(kind="measured", by="us"),
    )
    with pytest.raises(CannotMerge, match="ran in float32, the other in bfloat16"):
        merge(run_of({"KorSTS": 0.5}), half)


def names(result: ModelResult | None) -> list[str]:
    return [task.id for task in lacking(result, KO_V1.tasks)]


def test_what_is_missing_failed_for_now_or_is_on_other_data_is_lacking() -> None:
    assert names(None) == list(KO_V1.task_ids)
    whole = run_of(dict.fromkeys(KO_V1.task_ids, 0.5))
    assert names(whole) == []
    partly: dict[str, float | str] = {
        **dict.fromkeys(KO_V1.task_ids, 0.5),
        "KorSTS": "hub_unavailable",
        "KorNLI": "bad_embeddings",
    }
    del partly["AutoRAGRetrieval"]
    assert names(run_of(partly)) == ["KorSTS", "AutoRAGRetrieval"]
    source = KO_V1.task("STS17").data
    for revision, missing in ((source.revision, []), ("0" * 40, ["STS17"])):
        data = DataProvenance(path=source.path, split="test", revision=revision)
        tasks = {**whole.tasks, "STS17": whole.tasks["STS17"].model_copy(update={"data": data})}
        assert names(whole.model_copy(update={"tasks": tasks})) == missing
    older = {**whole.tasks, "STS17": whole.tasks["STS17"].model_copy(update={"version": 0})}
    assert names(whole.model_copy(update={"tasks": older})) == ["STS17"]


def test_the_commits_date_stays_when_runs_add_up() -> None:
    told = run_of({"KorSTS": 0.5}).model_copy(update={"committed_at": NOON})
    assert load_result(dump_result(told)).committed_at == NOON
    without = run_of({"STS17": 0.5})
    for one, other in ((told, without), (without, told), (told, told)):
        assert merge(one, other).committed_at == NOON


def test_a_result_names_its_runs_and_no_other() -> None:
    good = run_of({"KorSTS": 0.5})
    stranger = Run(at=NOON)
    for runs, why in (
        ({}, "are not those that the tasks name"),
        ({**good.runs, stranger.id: stranger}, "are not those that the tasks name"),
        ({next(iter(good.runs)): stranger}, "not the one that its id names"),
    ):
        with pytest.raises(ValueError, match=why):
            ModelResult.model_validate({**dict(good), "runs": runs})
    bare = {"KorSTS": TaskScore(metrics={"pearson": 0.5})}
    with pytest.raises(ValueError, match="names the run that it came from"):
        ModelResult.model_validate({**dict(good), "tasks": bare, "runs": {}})


def test_the_code_version_changes_with_the_sources() -> None:
    assert len(code_digest()) == 16
    assert int(code_digest(), 16) >= 0
