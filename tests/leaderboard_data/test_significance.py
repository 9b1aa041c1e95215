"""Intervals, paired differences and tie groups, against differences that are known by construction."""

import io
from typing import Any

import numpy as np
import pytest

from evaluator.evidence.bootstrap import Replicates, mean_intervals95, mean_replicates, percentiles
from evaluator.suite import KO_V1
from leaderboard_data.compare import compare
from leaderboard_data.entry import Entry
from leaderboard_data.significance import difference, dump_replicates, evidence, load_replicates
from tests.leaderboard_data.examples import entry, measured, reported


def noise(seed: int, spread: float = 0.01) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, 1000)


def replicates_around(score: float, shared: dict[str, np.ndarray], own: int) -> Replicates:
    """Replicates that move mostly together with those of the other models, as scores on the same pairs do."""
    return {(task, rule.id): score + shared[task] + noise(own, 0.001) for task, rule in KO_V1.rules.items()}


def board() -> tuple[list[Entry], dict[tuple[str, str, str], Replicates]]:
    """Three models: the first two differ by less than their paired noise, the third is clearly lower."""
    shared = {task: noise(number) for number, task in enumerate(KO_V1.task_ids)}
    scores = {"org/a": 0.8001, "org/b": 0.8, "org/c": 0.78}
    entries = [entry(measured(model, score), f"results/{model}.json") for model, score in scores.items()]
    made = [replicates_around(score, shared, 100 + n) for n, score in enumerate(scores.values())]
    return entries, {item.key: found for item, found in zip(entries, made, strict=True)}


def test_an_interval_is_the_middle_95_percent() -> None:
    low, high = percentiles(np.arange(1001.0))
    assert (low, high) == (25.0, 975.0)


def test_models_scored_on_the_same_pairs_are_told_apart_although_their_intervals_overlap() -> None:
    entries, replicates = board()
    b, c = (mean_replicates(KO_V1, replicates[item.key])["overall"] for item in entries[1:])
    assert percentiles(b)[0] < percentiles(c)[1] + 0.02
    assert difference(b, c, 0.02).significant
    a = mean_replicates(KO_V1, replicates[entries[0].key])["overall"]
    assert not difference(a, b, 0.0001).significant


def test_a_tie_group_holds_the_models_that_are_not_told_apart() -> None:
    entries, replicates = board()
    ties = evidence(entries, replicates, KO_V1).ties["overall"]
    a, b, c = (item.key for item in entries)
    assert ties == {a: (a, b), b: (a, b), c: (c, c)}


def test_a_tie_group_goes_on_until_thirty_in_a_row_are_told_apart() -> None:
    shared = {task: noise(number) for number, task in enumerate(KO_V1.task_ids)}
    scores = [0.8 - 1e-7 * n for n in range(40)] + [0.7 - 1e-3 * n for n in range(70)]
    entries = [entry(measured(f"org/m{n}", score), f"results/m{n}.json") for n, score in enumerate(scores)]
    made = [replicates_around(score, shared, 100 + n) for n, score in enumerate(scores)]
    replicates = {item.key: found for item, found in zip(entries, made, strict=True)}
    replicates[entries[-1].key] = replicates[entries[0].key]  # beyond thirty that are told apart: not looked at
    ties = evidence(entries, replicates, KO_V1).ties["overall"]
    assert ties[entries[0].key] == ties[entries[39].key] == (entries[0].key, entries[39].key)


def test_reported_results_have_no_tie_group() -> None:
    entries, replicates = board()
    told = entry(reported("org/told", 0.8), "results/told.json")
    found = evidence([*entries, told], replicates, KO_V1)
    assert all(told.key not in ties for ties in found.ties.values())


def test_results_scored_on_other_numbers_of_pairs_are_not_paired() -> None:
    entries, replicates = board()
    other = measured("org/other", 0.8)
    tasks = {name: score.model_copy(update={"n": 10}) for name, score in other.tasks.items()}
    odd = entry(other.model_copy(update={"tasks": tasks}), "results/other.json")
    found = evidence([*entries, odd], {**replicates, odd.key: replicates[entries[0].key]}, KO_V1)
    assert found.ties["overall"][odd.key] == (odd.key, odd.key)


def test_a_mean_needs_the_replicates_of_all_its_tasks() -> None:
    _, replicates = board()
    some = dict(next(iter(replicates.values())))
    del some["STS17", "sts8"]
    assert set(mean_replicates(KO_V1, some)) == {"nli", "clustering", "retrieval"}
    assert set(mean_intervals95(KO_V1, some)) == {"nli", "clustering", "retrieval"}


def test_replicates_survive_their_file_and_damaged_ones_are_refused() -> None:
    _, replicates = board()
    made = next(iter(replicates.values()))
    read = load_replicates(dump_replicates(made))
    assert read.keys() == made.keys()
    np.testing.assert_allclose(read["STS17", "sts8"], made["STS17", "sts8"], atol=1e-7)
    for content in (b"", b"no archive", dump_replicates(made)[:100]):
        with pytest.raises(ValueError, match="the replicates file"):
            load_replicates(content)


def test_replicates_of_the_former_version_name_tasks_alone_and_are_those_of_its_rules() -> None:
    sink = io.BytesIO()
    arrays: dict[str, Any] = {"KLUE-STS": noise(1), "KorNLI": noise(2)}
    np.savez_compressed(sink, **arrays)
    assert set(load_replicates(sink.getvalue())) == {("KLUE-STS", "sts8"), ("KorNLI", "max_ap_of_five")}


def test_a_comparison_gives_each_difference_its_interval_and_verdict() -> None:
    entries, replicates = board()
    found = compare(entries, ["org/b", "org/c"], replicates, KO_V1)
    average = found["rows"][-1]
    assert average["column"] == "Average"
    (verdict,) = average["differences"]
    assert verdict["difference"] == pytest.approx(0.02)
    assert verdict["significant"]
    assert verdict["interval95"][0] < 0.02 < verdict["interval95"][1]


def test_a_comparison_with_a_reported_model_has_differences_without_a_verdict() -> None:
    entries, replicates = board()
    told = entry(reported("org/told", 0.7), "results/told.json")
    found = compare([*entries, told], ["org/a", "org/told"], replicates, KO_V1)
    (verdict,) = found["rows"][0]["differences"]
    assert verdict == {"difference": pytest.approx(0.1001), "interval95": None, "significant": None}


def test_two_to_four_known_models_are_compared() -> None:
    entries, replicates = board()
    for models, why in ((["org/a"], "2 to 4"), (["org/a", "org/a"], "2 to 4"), (["org/a", "org/x"], "org/x")):
        with pytest.raises(ValueError, match=why):
            compare(entries, models, replicates, KO_V1)
