"""Means, gaps, ranks and which of several results is listed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.suite import KO_V1
from leaderboard_data.board import chosen, mean_of, means, ranks, table, view_columns
from leaderboard_data.entry import ORIGINS
from tests.leaderboard_data.examples import MOMENT, entry, measured, reported


def names(view: str = "overall", *results: object, origins: tuple[str, ...] = ORIGINS) -> list[tuple[str, int | None]]:
    made = table([entry(result) for result in results], view, origins)  # type: ignore[arg-type]
    return [(row.entry.name, row.rank) for row in made.rows]


def test_a_category_is_the_mean_of_its_tasks_and_the_average_the_mean_of_the_categories() -> None:
    scores = dict(zip(KO_V1.task_ids, (0.1, 0.2, 0.6, 0.4, 0.4, 0.4, 0.8, 0.5, 0.7), strict=True))
    of_category, overall = means(entry(measured(score=scores)))
    assert of_category == pytest.approx({"sts": 0.3, "nli": 0.4, "clustering": 0.8, "retrieval": 0.6})
    assert overall == pytest.approx(0.525)  # not the mean of the nine tasks, which is 0.4556


def test_means_are_not_rounded_before_they_are_averaged() -> None:
    overall = means(entry(measured(score={"KLUE-STS": 0.50004})))[1]
    assert overall == pytest.approx(0.5 + 0.00004 / 12, abs=1e-12)


def test_a_mean_with_a_missing_score_is_a_gap() -> None:
    assert mean_of([0.5, None]) is None
    assert mean_of([]) is None
    of_category, overall = means(entry(measured(missing=("STS17",))))
    assert (of_category["sts"], overall) == (None, None)
    assert of_category["nli"] == 0.5


def test_equal_scores_share_a_rank_and_the_next_is_left_out() -> None:
    assert ranks([0.3, 0.5, 0.5, None, 0.1]) == [3, 1, 1, None, 4]


def test_float_noise_is_no_difference() -> None:
    assert ranks([0.1 + 0.2, 0.3]) == [1, 1]


@given(st.lists(st.none() | st.floats(0, 1), max_size=30))
def test_a_rank_counts_the_scores_above(scores: list[float | None]) -> None:
    for score, rank in zip(scores, ranks(scores), strict=True):
        above = [other for other in scores if other is not None and score is not None]
        if score is None:
            assert rank is None
        else:
            assert rank == 1 + sum(round(other, 12) > round(score, 12) for other in above)


def test_a_model_without_all_scores_is_listed_below_without_a_rank() -> None:
    listed = names(
        "sts",
        measured("org/partial", 0.9, missing=("KorNLI",)),
        measured("org/failed", 0.8, failed=("KorSTS",)),
        measured("org/low", 0.1),
    )
    assert listed == [("org/low", 1), ("org/partial", None), ("org/failed", None)]


def test_a_failed_task_is_a_gap_and_never_zero() -> None:
    made = table([entry(measured(failed=("KorSTS",)))], "sts")
    assert made.rows[0].values == (0.5, None, 0.5, None)
    assert made.rows[0].entry.cells[1].failure == "data_unavailable"


def test_a_measured_result_stands_before_a_published_one_and_that_before_an_imported_one() -> None:
    ours, published, imported = measured(score=0.1), reported(score=0.2), reported(score=0.3, by="MTEB")
    for origins, score in ((ORIGINS, 0.1), (ORIGINS[1:], 0.2), (ORIGINS[2:], 0.3)):
        listed = chosen([entry(result) for result in (imported, published, ours)], origins)
        assert [item.cells[0].score for item in listed] == [score]


def test_an_incomplete_measurement_does_not_hide_a_complete_published_row() -> None:
    listed = chosen([entry(measured(missing=("STS17",))), entry(reported(score=0.2))], ORIGINS)
    assert [item.origin for item in listed] == ["published"]


def test_another_precision_is_another_row_and_is_named_by_it() -> None:
    listed = names("overall", measured(score=0.2), measured(score=0.1, dtype="bfloat16"))
    assert listed == [("org/name", 1), ("org/name-bf16", 2)]


def test_the_newest_of_several_measurements_is_listed() -> None:
    old, new = measured(score=0.1), measured(score=0.2, at=MOMENT + timedelta(days=1), revision="f" * 40)
    for results in ((old, new), (new, old)):
        listed = chosen([entry(result) for result in results], ORIGINS)
        assert [item.cells[0].score for item in listed] == [0.2]


def test_a_measurement_that_kept_duplicates_is_not_comparable() -> None:
    assert names("overall", measured(keep_duplicates=True)) == []
    assert len(names("overall", reported(by="MTEB", keep_duplicates=True))) == 1


def test_the_columns_are_those_of_the_published_board() -> None:
    assert view_columns("sts")[0] == ("KLUE-STS", "Kor-STS", "STS17", "STS_Average")
    assert view_columns("clustering")[0] == ("sib200", "Clustering_Average")
    with pytest.raises(ValueError, match="the views: overall, sts"):
        view_columns("nothing")
