"""Which items are hard or suspect, what two models find, and pages of items that add up to the cell. Pure."""

import numpy as np
import pytest
from scipy.stats import binom

from evaluator.evidence.items import Items, items_of
from evaluator.evidence.rankings import load_rankings
from evaluator.evidence.samples import load_samples
from evaluator.evidence.signs import sign_test
from evaluator.evidence.texts import texts_of
from evaluator.kinds import Examples
from evaluator.suite import KO_V1
from evaluator.tasks import discovered_tasks
from leaderboard_data.exploring import Looked, difficulty_told, explored
from leaderboard_data.inside import difficulty, hardest
from tests.leaderboard_data.ranked import DOCUMENTS, QUERIES, TASK, ranked

TASK_OF = discovered_tasks()[TASK]


def items(values: list[float], wrong: list[bool] | None = None, names: tuple[str, ...] | None = None) -> Items:
    value = np.array(values)
    return Items(
        names or tuple(f"q{number}" for number in range(len(values))),
        value,
        value == 0 if wrong is None else np.array(wrong),
        value,
        np.ones(len(values)),
    )


def test_the_hardest_items_have_the_lowest_mean() -> None:
    found = difficulty([items([0.5, 0.0, 1.0]), items([0.1, 0.0, 1.0])])
    assert found is not None
    assert found.value.tolist() == [0.3, 0.0, 1.0]
    assert hardest(found) == [1, 0, 2]
    assert (found.models, found.good) == (2, 0)
    assert not found.suspect.any()  # too few models to suspect anything


def test_an_item_is_suspect_if_nine_of_ten_good_models_get_it_wrong() -> None:
    good = [items([1.0, 0.0, 0.0, 0.5]) for _ in range(9)] + [items([1.0, 0.0, 0.9, 0.5])]
    bad = [items([0.0, 0.3, 0.0, 0.0]) for _ in range(10)]
    found = difficulty([*bad, *good])
    assert found is not None
    assert (found.models, found.good) == (20, 10)
    assert found.suspect.tolist() == [
        False,
        True,
        True,
        False,
    ]  # 10 and 9 of the 10 good ones; the bad ones do not count
    good[0] = items([1.0, 0.0, 0.9, 0.5])
    again = difficulty([*bad, *good])
    assert again is not None
    assert again.suspect.tolist() == [False, True, False, False]


def test_models_on_other_items_do_not_count() -> None:
    found = difficulty([items([1.0, 1.0]), items([0.0, 0.5], names=("x", "y"))])
    assert found is not None
    assert found.models == 1
    assert difficulty([]) is None


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (9, 1), (30, 12)])
def test_the_sign_test_is_exact_and_two_sided(first: int, second: int) -> None:
    found = sign_test(np.array([0.5] * first + [-0.1] * second + [0.0, 1e-12]))
    n = first + second
    expected = min(1.0, 2 * float(binom.cdf(min(first, second), n, 0.5))) if n else 1.0
    assert (found.first, found.second) == (first, second)
    assert found.p == pytest.approx(expected)


def looked(quality: float, seed: int) -> tuple[Looked, float]:
    """A model's items of AutoRAG, and its cell."""
    result, samples, rankings = ranked("org/name", quality, seed)
    held = load_samples(samples)[TASK]
    found = {each.query: each for each in load_rankings(rankings)[TASK]}
    rule = KO_V1.rules[TASK]
    return Looked(items_of(TASK_OF, held, rule), held, found), rule.score(result.tasks[TASK].metrics)


TEXTS = texts_of(
    TASK_OF,
    Examples(
        sides={
            "query": [f"질문 {number}" for number in range(QUERIES)],
            "document": [f"문서 {number}" for number in range(DOCUMENTS)],
        },
        gold={
            "queries": [f"q{number}" for number in range(QUERIES)],
            "documents": [f"d{number}" for number in range(DOCUMENTS)],
            "relevant": {f"q{number}": {f"d{number}": 1, f"d{number + 50}": 2} for number in range(QUERIES)},
        },
        n=QUERIES,
        fingerprint="0" * 64,
    ),
)


def test_all_pages_of_a_model_add_up_to_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaderboard_data.exploring.PAGE", 7)
    one, cell = looked(1.5, 1)
    rows = []
    for page in range(4):
        told = explored(TASK_OF, [one], TEXTS, page=page)
        rows += told["rows"]
        assert (told["pages"], told["items"], told["listed"]) == (4, QUERIES, QUERIES)
    assert len({row["item"] for row in rows}) == QUERIES
    assert sum(row["parts"][0] * row["weight"] for row in rows) / sum(row["weight"] for row in rows) == pytest.approx(
        cell
    )
    assert [row["values"][0] for row in rows] == sorted(row["values"][0] for row in rows)
    with pytest.raises(ValueError, match="there is no page 4"):
        explored(TASK_OF, [one], TEXTS, page=4)


def test_the_differences_of_two_models_add_up_to_that_of_their_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaderboard_data.exploring.PAGE", QUERIES)
    (one, cell), (other, second_cell) = looked(2.5, 1), looked(0.8, 2)
    both = [explored(TASK_OF, [one, other], TEXTS, order=order) for order in ("first", "second")]
    gained, lost = (sum(row["parts"][0] - row["parts"][1] for row in told["rows"]) for told in both)
    assert gained > 0 > lost
    assert (gained + lost) / QUERIES == pytest.approx(cell - second_cell)
    assert [told["listed"] for told in both] == [both[0]["sign"]["first"], both[0]["sign"]["second"]]


def test_a_row_tells_what_was_found_instead() -> None:
    one, _ = looked(0.0, 3)
    row = explored(TASK_OF, [one], TEXTS)["rows"][0]
    number = int(row["item"][1:])
    assert row["text"] == f"질문 {number}"
    assert {document["id"] for document in row["right"]} == {f"d{number}", f"d{number + 50}"}
    found = row["found"][0]
    assert [document["text"] for document in found["documents"]] == [
        f"문서 {document['id'][1:]}" for document in found["documents"]
    ]
    assert found["documents"][0]["relevance"] == 0
    bare = explored(TASK_OF, [one], None)["rows"][0]
    assert bare["text"] is None
    assert bare["found"][0]["documents"][0]["text"] is None


def test_models_on_other_data_are_not_compared() -> None:
    one, _ = looked(1.0, 1)
    other = Looked(items([1.0]), {}, {})
    with pytest.raises(ValueError, match="different data"):
        explored(TASK_OF, [one, other], None)


def test_hard_and_suspect_items_are_told_with_their_texts() -> None:
    models = [looked(1.2, seed)[0].items for seed in range(10)]
    told = difficulty_told(difficulty(models), TEXTS)
    assert (told["models"], told["good"]) == (10, 5)
    assert len(told["hardest"]) == 10
    assert told["hardest"][0]["text"].startswith("질문")
    assert difficulty_told(None, TEXTS)["hardest"] == []


def test_every_note_is_told_in_korean_too() -> None:
    facts = [task.facts for task in discovered_tasks().values() if task.facts is not None]
    assert all((each.note is None) == (each.note_ko is None) for each in facts)
