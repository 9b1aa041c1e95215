"""Means, gaps, ranks and which of several results is listed."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.records import Environment, ModelResult
from evaluator.suite import KO_V1
from leaderboard_data.board import chosen, means, ranks, table, view_columns
from leaderboard_data.entry import ORIGINS, Entry
from leaderboard_data.load import Reader, load_entries
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import confirm_change, publish_change, rebuild_index
from store.memory import MemoryStore
from store.update import Snapshot, update
from tests.attacks import Attacks
from tests.leaderboard_data.examples import MOMENT, entry, measured, reported


def names(view: str = "overall", *results: object, origins: tuple[str, ...] = ORIGINS) -> list[tuple[str, int | None]]:
    made = table([entry(result) for result in results], view, KO_V1, origins)  # type: ignore[arg-type]
    return [(row.entry.name, row.rank) for row in made.rows]


def test_a_category_is_the_mean_of_its_tasks_and_the_average_the_mean_of_the_categories() -> None:
    scores = dict(zip(KO_V1.task_ids, (0.1, 0.2, 0.6, 0.4, 0.4, 0.4, 0.8, 0.5, 0.7), strict=True))
    of_category, overall = means(entry(measured(score=scores)), KO_V1)
    assert of_category == pytest.approx({"sts": 0.3, "nli": 0.4, "clustering": 0.8, "retrieval": 0.6})
    assert overall == pytest.approx(0.525)  # not the mean of the nine tasks, which is 0.4556


def test_means_are_not_rounded_before_they_are_averaged() -> None:
    overall = means(entry(measured(score={"KLUE-STS": 0.50004})), KO_V1)[1]
    assert overall == pytest.approx(0.5 + 0.00004 / 12, abs=1e-12)


def test_a_mean_with_a_missing_score_is_a_gap() -> None:
    of_category, overall = means(entry(measured(missing=("STS17",))), KO_V1)
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
    made = table([entry(measured(failed=("KorSTS",)))], "sts", KO_V1)
    assert made.rows[0].values == (0.5, None, 0.5, None)
    assert made.rows[0].entry.cells[1].failure == "data_unavailable"


def test_a_measured_result_stands_before_a_published_one_and_that_before_an_imported_one() -> None:
    ours, published, imported = measured(score=0.1), reported(score=0.2), reported(score=0.3, by="MTEB")
    for origins, score in ((ORIGINS, 0.1), (ORIGINS[1:], 0.2), (ORIGINS[2:], 0.3)):
        listed = chosen([entry(result) for result in (imported, published, ours)], origins, KO_V1)
        assert [item.cells[0].score for item in listed] == [score]


def test_an_incomplete_measurement_does_not_hide_a_complete_published_row() -> None:
    listed = chosen([entry(measured(missing=("STS17",))), entry(reported(score=0.2))], ORIGINS, KO_V1)
    assert [item.origin for item in listed] == ["published"]


def without(result: ModelResult, *tasks: str) -> ModelResult:
    return result.model_copy(update={"tasks": {name: task for name, task in result.tasks.items() if name not in tasks}})


def test_of_what_others_report_of_a_part_the_one_that_tells_more_is_listed() -> None:
    little = without(reported(score=0.2), "STS17", "KorSTS", "KLUE-NLI")
    more = without(reported(score=0.3, by="MTEB"), "STS17")
    assert [item.origin for item in chosen([entry(little), entry(more)], ORIGINS, KO_V1)] == ["imported"]
    ours = measured(missing=("STS17", "KorSTS", "KLUE-NLI", "KorNLI"))
    assert [item.origin for item in chosen([entry(more), entry(ours)], ORIGINS, KO_V1)] == ["measured"]


def test_rows_without_a_score_are_listed_by_how_much_they_show() -> None:
    listed = names(
        "overall",
        measured("org/a", missing=("STS17", "KorNLI", "Ko-StrategyQA")),
        measured("org/b", missing=("STS17",)),
        measured("org/c", missing=("STS17", "KorNLI")),
    )
    assert [name for name, _ in listed] == ["org/b", "org/c", "org/a"]


def test_another_precision_is_another_row_and_is_named_by_it() -> None:
    listed = names("overall", measured(score=0.2), measured(score=0.1, dtype="bfloat16"))
    assert listed == [("org/name", 1), ("org/name-bf16", 2)]


def test_the_newest_of_several_measurements_is_listed() -> None:
    old, new = measured(score=0.1), measured(score=0.2, at=MOMENT + timedelta(days=1), revision="f" * 40)
    for results in ((old, new), (new, old)):
        listed = chosen([entry(result) for result in results], ORIGINS, KO_V1)
        assert [item.cells[0].score for item in listed] == [0.2]


def test_an_older_commit_that_is_evaluated_later_does_not_replace_the_row(attacks: Attacks) -> None:
    days = [timedelta(days=number) for number in range(400)]
    newest = measured(score=0.8, revision="a" * 40, at=MOMENT, committed_at=MOMENT - days[10])
    older = [
        measured(
            score=0.1, revision=f"{number:040x}", at=MOMENT + days[number], committed_at=MOMENT - days[10 + number]
        )
        for number in range(1, 40)
    ]
    unknown = measured(score=0.3, revision="c" * 40, at=MOMENT - days[20])  # of before such dates were kept
    store = MemoryStore()
    for result in (newest, *older, unknown):
        update(store, publish_change(result))
    entries = load_entries(Snapshot(store, store.head()), Reader())
    assert sum(entry.suite == KO_V1.id for entry in entries) == 41
    (listed,) = chosen(entries, ORIGINS, KO_V1)
    assert (listed.revision, listed.cells[0].score) == ("a" * 40, 0.8)
    shown = json.loads(page_data(entries, "r", KO_V1))["entries"]
    assert shown["model"][0] == "org/name"
    assert shown["scores"][0][0] == 80.0, "the page's script lists the first one"
    newer = measured(score=0.7, revision="d" * 40, at=MOMENT + days[50], committed_at=MOMENT + days[40])
    (listed,) = chosen([*entries, entry(newer)], ORIGINS, KO_V1)
    assert listed.revision == "d" * 40
    attacks.held("the board", "evaluations of older commits to replace a model's row", len(older))


def test_a_row_in_doubt_displaces_none_until_a_maintainer_confirms_it() -> None:
    odd = Environment(dtype="float32", warnings=("prompt_not_used", "unused_prompts"))
    doubtful = measured(score=0.1, revision="d" * 40, committed_at=MOMENT, environment=odd)
    right = measured(score=0.6, revision="a" * 40, committed_at=MOMENT - timedelta(days=1))
    published = reported(score=0.5)
    store = MemoryStore()
    for result in (published, doubtful):
        update(store, publish_change(result))

    def listed() -> Entry:
        (only,) = chosen(load_entries(Snapshot(store, store.head()), Reader()), ORIGINS, KO_V1)
        first = json.loads(page_data([only], "r", KO_V1))["entries"]["doubts"]
        assert first == ({"0": only.doubts.split(",")} if only.doubts else {})
        return only

    assert listed().origin == "published"
    (alone,) = chosen([entry(doubtful)], ORIGINS, KO_V1)
    assert alone.doubts == "prompt_not_used", "shown where nothing else is, and marked"
    for other in ("b" * 40, "d" * 12):
        assert update(store, confirm_change("org/name", other)) == store.head()
        assert listed().origin == "published"
    update(store, confirm_change("org/name", "d" * 40))
    assert (listed().origin, listed().cells[0].score, listed().doubts) == ("measured", 0.1, None)
    before = store.head()
    assert update(store, rebuild_index) == before, "the index is that of the result files"
    assert update(store, confirm_change("org/name", "d" * 40)) == before
    update(store, publish_change(doubtful))
    assert store.head() == before, "to publish it again does not take the confirmation back"
    update(store, publish_change(doubtful.model_copy(update={"confirmed": ()}), replace=True))
    update(store, publish_change(right))
    assert listed().revision == "a" * 40, "an older commit without doubts stands before a newer one in doubt"


def test_an_older_commit_with_more_scores_does_not_stand_before_a_newer_incomplete_one() -> None:
    newer = measured(missing=("STS17", "KorNLI"), revision="a" * 40, committed_at=MOMENT)
    older = measured(missing=("STS17",), revision="b" * 40, committed_at=MOMENT - timedelta(days=1))
    (listed,) = chosen([entry(older), entry(newer)], ORIGINS, KO_V1)
    assert listed.revision == "a" * 40


def test_a_measurement_that_kept_duplicates_is_not_comparable() -> None:
    assert names("overall", measured(keep_duplicates=True)) == []
    assert len(names("overall", reported(by="MTEB", keep_duplicates=True))) == 1


def test_the_columns_are_those_of_the_published_board() -> None:
    assert view_columns("sts", KO_V1)[0] == ("KLUE-STS", "Kor-STS", "STS17", "STS_Average")
    assert view_columns("clustering", KO_V1)[0] == ("sib200", "Clustering_Average")
    with pytest.raises(ValueError, match="the views: overall, sts"):
        view_columns("nothing", KO_V1)
