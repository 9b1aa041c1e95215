"""A score is the weighted mean of its items' parts, for every task, rule and kind; values mean what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.evidence.items import Items, items_of
from evaluator.kinds import Examples, Samples, kind_of
from evaluator.kinds.classification import EXPERIMENTS
from evaluator.kinds.ranking import Ranking, ranking_samples
from evaluator.suite import SIMILARITIES, rules_of
from evaluator.task import Task
from evaluator.tasks import discovered_tasks

TASKS = [task for task in discovered_tasks().values() if rules_of(task.id)]


def random_samples(task: Task, seed: int, count: int = 60) -> Samples:
    """Samples of a task's kind, with ties."""
    chance = np.random.default_rng(seed)
    item = np.array([str(number) for number in range(count)], dtype=object)
    if task.kind in ("retrieval", "reranking"):
        relevant = {f"q{n}": {f"d{int(d)}": 1 for d in chance.integers(0, 40, 3)} for n in range(count)}
        told = {"queries": list(relevant), "documents": [f"d{n}" for n in range(40)], "relevant": relevant}
        rankings = [Ranking(chance.permutation(40), np.linspace(1, 0, 40)) for _ in range(count)]
        return ranking_samples(Examples(sides={}, gold=told, n=count, fingerprint="0" * 64), rankings)
    if task.kind in ("sts", "pair_classification"):
        labels = chance.integers(0, 2, count).astype(float)
        labels[:2] = 0, 1
        gold = np.round(chance.uniform(0, 5, count), 1) if task.kind == "sts" else labels
        columns = {name: np.round(gold / 5 + chance.normal(size=count), 1) for name in SIMILARITIES}
        return {"item": item, "gold": gold, **columns}
    if task.kind == "classification":
        predicted = {f"predicted_{n}": chance.integers(0, 4, count).astype(float) for n in range(EXPERIMENTS)}
        return {"item": item, "gold": chance.integers(0, 4, count).astype(float), **predicted}
    if task.kind == "bitext_mining":
        return {
            "item": item,
            "gold": np.arange(count, dtype=float),
            "chosen": chance.integers(0, count, count).astype(float),
        }
    if task.protocol == "single_fit":
        return {
            "item": item,
            "gold": chance.integers(0, 4, count).astype(float),
            "cluster": chance.integers(0, 3, count).astype(float),
        }
    return {"item": item[:10], "v_measure": chance.uniform(size=10), "ami": chance.uniform(size=10)}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_parts_add_up_to_the_score(task: Task, seed: int) -> None:
    samples = random_samples(task, seed)
    metrics = kind_of(task).metrics(samples)
    for rule in rules_of(task.id):
        items = items_of(task, samples, rule)
        assert items.score == pytest.approx(rule.score(metrics), abs=1e-9)
        assert ((items.value >= 0) & (items.value <= 1)).all()
        assert len({len(items.item), *map(len, (items.value, items.wrong, items.part, items.weight))}) == 1


def of(task_id: str, **columns: list[float]) -> Items:
    task = discovered_tasks()[task_id]
    count = len(next(iter(columns.values())))
    item = np.array([str(number) for number in range(count)], dtype=object)
    samples = {"item": item, **{name: np.array(values, dtype=float) for name, values in columns.items()}}
    return items_of(task, samples, rules_of(task_id)[0])


def test_a_pair_that_lies_far_off_is_wrong() -> None:
    gold, similar = [0.0, 1, 2, 3, 4], [0.9, 0.2, 0.3, 0.4, 0.5]
    items = of("KLUE-STS", gold=gold, **dict.fromkeys(SIMILARITIES, similar))
    assert items.wrong.tolist() == [True, False, False, False, False]
    assert items.value.tolist() == [0.0, 0.75, 0.75, 0.75, 0.75]


def test_a_positive_pair_below_most_negative_ones_is_wrong() -> None:
    similar = [0.9, 0.1, 0.5, 0.4, 0.3]
    items = of("KLUE-NLI", gold=[1, 1, 0, 0, 0], **dict.fromkeys(SIMILARITIES, similar))
    assert items.wrong.tolist() == [False, True, False, False, False]
    assert items.value.tolist() == [1, 0, 0.5, 0.5, 0.5]
    assert items.weight.tolist() == [1, 1, 0, 0, 0]


def test_a_rule_that_is_no_mean_is_refused() -> None:
    task = discovered_tasks()["KLUE-STS"]
    samples = random_samples(task, 1)
    with pytest.raises(ValueError, match="no mean over its items"):
        items_of(task, samples, rules_of("KLUE-NLI")[0])
