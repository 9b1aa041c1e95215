"""Result files of the former schema are read, and say the same."""

import json

import pytest

from evaluator.records import dump_result, load_result
from evaluator.scores import failure_by, score_by
from evaluator.suite import KO_V1

STS = {
    name: 0.5 + number / 100
    for number, name in enumerate(
        f"{prefix}{correlation}"
        for prefix in ("", "cosine_", "manhattan_", "euclidean_")
        for correlation in ("pearson", "spearman")
    )
}


def former(**changed: object) -> dict[str, object]:
    return {
        "schema": 1,
        "spec": {"model": "org/name", "revision": "ab" * 20},
        "suite": "ko-v1",
        "tasks": {
            "KLUE-STS": {"score": sum(STS.values()) / 8, "metrics": STS, "n": 519, "interval95": [0.5, 0.6]},
            "KorSTS": {"error": {"class": "hub_unavailable", "message": "The Hub did not answer."}},
        },
        "environment": {"dtype": "float32", "prompts": {"KLUE-STS": {"text": "query: "}}},
        "tokens": 1000,
        "seconds": {"encode": 2.0},
        "intervals95": {"sts": [0.1, 0.2]},
        "evaluated_at": "2026-11-23T12:00:00Z",
        "origin": {"kind": "measured", "by": "this leaderboard"},
        "submission": "20261123T031940Z-6f3a9c",
        **changed,
    }


def test_a_measured_result_has_one_run_and_scores_that_follow_from_its_metrics() -> None:
    read = load_result(json.dumps(former()).encode())
    (run,) = read.runs.values()
    assert (run.tokens, run.seconds, run.submission) == (1000, {"encode": 2.0}, "20261123T031940Z-6f3a9c")
    assert run.environment.prompts == {"KLUE-STS": {"text": "query: "}}
    assert {task.run for task in read.tasks.values()} == {run.id}
    task = read.tasks["KLUE-STS"]
    assert score_by(KO_V1.rules["KLUE-STS"], task) == pytest.approx(0.535)
    assert task.intervals95 == {"sts8": (0.5, 0.6)}
    assert read.tasks["KorSTS"].error is not None
    again = dump_result(read)
    assert json.loads(again)["schema"] == 2
    assert dump_result(load_result(again)) == again


def test_scores_without_metrics_are_kept_as_their_source_printed_them() -> None:
    told = former(tasks={"KorNLI": {"score": 0.7512}}, origin={"kind": "reported", "by": "somebody"})
    for name in ("environment", "tokens", "seconds", "evaluated_at", "submission"):
        told.pop(name)
    read = load_result(json.dumps(told).encode())
    assert read.runs == {}
    assert read.tasks["KorNLI"].reported == {"max_ap_of_five": 0.7512}
    assert score_by(KO_V1.rules["KorNLI"], read.tasks["KorNLI"]) == 0.7512


def test_metrics_that_did_not_suffice_still_do_not_and_say_so() -> None:
    error = {
        "class": "data_unavailable",
        "message": "MTEB's result has no pearson, which the score of this task needs.",
    }
    tasks = {"KorSTS": {"error": error, "metrics": {"cosine_pearson": 0.5}}}
    read = load_result(json.dumps(former(tasks=tasks, origin={"kind": "reported", "by": "MTEB"})).encode())
    assert read.tasks["KorSTS"].error is None
    failure = failure_by(KO_V1.rules["KorSTS"], "KorSTS", read)
    assert failure is not None
    assert failure.model_dump(by_alias=True) == error


@pytest.mark.parametrize(
    "content",
    [
        former(suite="ko-v9"),
        former(tasks={"Telepathy": {"score": 0.5}}),
        former(tasks="none"),
        former(tasks={"KorNLI": {"score": 7.0}}),
        former(unheard_of=1),
        former(schema=3),
        {"schema": 1},
        [],
    ],
)
def test_what_was_not_valid_is_not_valid(content: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the reasons differ
        load_result(json.dumps(content).encode())
