"""Drift in words: which environments are the same, when scores moved, and what a file of a check may hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evaluator.drift import (
    CHECK_BYTES,
    REFERENCE_TASKS,
    DriftCheck,
    base_path,
    compare,
    digest_of,
    dump_check,
    environment_fields,
    environment_id,
    in_words,
    load_check,
)
from evaluator.reading import BadFile
from evaluator.records import Environment
from evaluator.suite import KO_V1

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
VERSIONS = {"torch": "2.9.0", "transformers": "5.0", "python": "3.11.9", "datasets": "4.0", "scikit-learn": "1.7"}
FIELDS = {"torch": "2.9.0", "device": "cpu x86_64", "dtype": "float32"}


def environment(**fields: Any) -> Environment:
    return Environment(**({"versions": VERSIONS, "device": "cuda:0 NVIDIA H100", "dtype": "float32"} | fields))


def check(score: float = 0.8, at: datetime = NOON, dtype: str = "float32", **fields: Any) -> DriftCheck:
    """A check in which KorSTS has this score, and the other tasks half of one."""
    of = FIELDS | {"dtype": dtype}
    made: dict[str, Any] = {
        "environment": digest_of(of),
        "fields": of,
        "model": "org/reference",
        "revision": "ab" * 20,
        "precision": dtype,
        "at": at,
        "worker": "w",
        "scores": dict.fromkeys(REFERENCE_TASKS, 0.5) | {"KorSTS": score},
        "data": dict.fromkeys(REFERENCE_TASKS, "cd v1"),
    }
    return DriftCheck(**(made | fields))


def test_the_reference_tasks_are_correlations_of_the_first_suite() -> None:
    assert {KO_V1.task(task).kind for task in REFERENCE_TASKS} == {"sts"}


@pytest.mark.parametrize(
    "same",
    [
        {"device": "cuda:3 NVIDIA H100"},
        {"device": "cuda:0 NVIDIA H100,cuda:1 NVIDIA H100"},
        {"versions": VERSIONS | {"python": "3.12", "datasets": "5", "scikit-learn": "2"}},
        {"batch_tokens": 7, "seed": 1, "similarity": "dot", "linear": "onednn-packed"},
    ],
)
def test_what_decides_no_number_makes_no_other_environment(same: dict[str, Any]) -> None:
    assert environment_id(environment(**same)) == environment_id(environment())


@pytest.mark.parametrize(
    "other",
    [
        {"device": "cuda:0 NVIDIA H200"},
        {"device": "cpu x86_64"},
        {"dtype": "bfloat16"},
        {"versions": VERSIONS | {"torch": "2.9.1"}},
        {"versions": VERSIONS | {"tokenizers": "0.22"}},
    ],
)
def test_what_decides_numbers_makes_another_environment(other: dict[str, Any]) -> None:
    assert environment_id(environment(**other)) not in (None, environment_id(environment()))


@pytest.mark.parametrize("lacking", [{"device": None}, {"dtype": None}, {"versions": {"numpy": "2"}}])
def test_a_record_that_does_not_say_all_of_it_is_of_no_environment(lacking: dict[str, Any]) -> None:
    assert environment_id(environment(**lacking)) is None
    assert environment_fields(environment(**lacking)) is None


def test_the_first_run_is_the_base_and_rings_nothing() -> None:
    made = compare(None, check())
    assert (made.alarm, made.base_at, made.largest, made.since) == (False, None, None, None)


@pytest.mark.parametrize(
    ("dtype", "by", "rings"),
    [
        ("float32", 0.0001, False),
        ("float32", 0.00011, True),
        ("float32", -0.00011, True),
        ("bfloat16", 0.002, False),
        ("bfloat16", 0.0021, True),
        ("float16", 0.0021, True),
    ],
)
def test_a_score_that_moves_beyond_the_tolerance_of_its_precision_rings(dtype: str, by: float, rings: bool) -> None:
    base = check(dtype=dtype)
    made = compare(base, check(0.8 + by, NOON + WEEK, dtype))
    assert made.moved == (("KorSTS",) if rings else ())
    assert made.since == (NOON + WEEK if rings else None)
    assert made.largest == pytest.approx(abs(by))
    assert (made.base_environment, made.base_at) == (base.environment, NOON)


def test_an_alarm_that_goes_on_keeps_its_date_until_the_scores_move_again_or_come_back() -> None:
    base = check()
    first = compare(base, check(0.79, NOON + WEEK))
    second = compare(base, check(0.79, NOON + 2 * WEEK), first)
    third = compare(base, check(0.78, NOON + 3 * WEEK), second)
    fourth = compare(base, check(0.8, NOON + 4 * WEEK), third)
    assert [each.since for each in (first, second, third, fourth)] == [NOON + WEEK, NOON + WEEK, NOON + 3 * WEEK, None]


@pytest.mark.parametrize(
    "other",
    [
        {"model": "org/other"},
        {"revision": "cd" * 20},
        {"data": dict.fromkeys(REFERENCE_TASKS, "cd v1") | {"KorSTS": "cd v2"}},
        {"data": dict.fromkeys(REFERENCE_TASKS, "cd v1") | {"STS17": "ef v1"}},
    ],
)
def test_what_cannot_be_compared_has_a_base_of_its_own(other: dict[str, Any]) -> None:
    assert base_path(check(**other)) != base_path(check())
    with pytest.raises(ValueError, match="another model"):
        compare(check(), check(**other))


def test_another_environment_is_compared_with_the_same_base() -> None:
    fields = FIELDS | {"torch": "2.10"}
    other = check(fields=fields, environment=digest_of(fields))
    assert other.environment != check().environment
    assert base_path(other) == base_path(check())


def test_a_check_is_read_as_it_was_written() -> None:
    made = compare(check(), check(0.7, NOON + WEEK))
    assert load_check(dump_check(made)) == made


def test_an_alarm_says_in_both_languages_what_moved_and_where() -> None:
    for told in in_words(compare(check(), check(0.7975, NOON + WEEK))):
        for part in ("org/reference", "0.002500", "0.0001", "KorSTS", "torch 2.9.0", "cpu x86_64", check().environment):
            assert part in told


@pytest.mark.parametrize(
    "damage",
    [
        {"environment": "0" * 16},
        {"moved": ["KorSTS"]},
        {"moved": ["Other"], "since": NOON.isoformat()},
        {"since": NOON.isoformat()},
        {"scores": {"KorSTS": 0.5}},
        {"scores": dict.fromkeys(REFERENCE_TASKS, 2.0)},
        {"surprise": 1},
        {"schema": 2},
        {"worker": "w" * 400},
    ],
)
def test_a_file_that_disagrees_with_itself_is_not_read(damage: dict[str, Any]) -> None:
    import json

    content = json.loads(dump_check(check())) | damage
    with pytest.raises(BadFile):
        load_check(json.dumps(content).encode())


def test_a_file_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(BadFile, match="no more than"):
        load_check(b" " * (CHECK_BYTES + 1))
