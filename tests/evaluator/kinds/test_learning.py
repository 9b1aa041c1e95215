"""Classification, one-fit clustering and bitext mining on cases small enough to compute by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, precision_score, recall_score
from sklearn.metrics import v_measure_score as scikit_learns_v_measure

from evaluator.evidence.bootstrap import percentiles, resampled_scores
from evaluator.kinds import Examples, bitext_mining, classification, clustering, kind_of, shape_of
from evaluator.suite import ACCURACY, F1, V_MEASURE
from evaluator.task import DataSource, Task
from evaluator.tasks import discovered_tasks
from tests.evaluator.kinds.rows import Rows, counts_of


def clouds(labels: list[int], spread: float, seed: int = 0) -> np.ndarray:
    """One point a label, near that label's corner."""
    generator = np.random.default_rng(seed)
    return np.eye(max(labels) + 1)[labels] * 10 + generator.normal(0, spread, (len(labels), max(labels) + 1))


def test_each_experiment_goes_on_shuffling_where_the_last_one_stopped() -> None:
    """The generator starts anew, the order does not: written out as MTEB's `_undersample_data` does it."""
    labels = [number % 3 for number in range(100)]
    order, expected = list(range(100)), []
    for _ in range(10):
        np.random.RandomState(42).shuffle(order)
        expected.append([[row for row in order if labels[row] == label][:8] for label in range(3)])
    found = classification.training_rows(labels)
    assert [[[row for row in rows if labels[row] == label] for label in range(3)] for rows in found] == expected
    assert len({tuple(rows) for rows in found}) == 10
    positions = [order.index(row) for row in found[-1]]
    assert positions == sorted(positions)  # in drawn order: the classifier sees them so


def test_a_rare_label_gives_what_it_has() -> None:
    (first, *_) = classification.training_rows([0] * 30 + [1] * 3)
    assert sorted(row for row in first if row >= 30) == [30, 31, 32]
    assert len(first) == 11


def test_a_larger_split_is_drawn_by_label_and_a_smaller_one_is_whole() -> None:
    assert classification.drawn([0, 1] * 1024, 2) == list(range(2048))
    labels = [0] * 6000 + [1] * 2000 + [2] * 192
    rows = classification.drawn(labels, 3)
    assert len(set(rows)) == len(rows) == 2048
    assert [sum(labels[row] == label for row in rows) for label in range(3)] == [1500, 500, 48]
    assert rows != sorted(rows)


def classified(labels: list[int], train: list[int], rows: np.ndarray) -> tuple[Examples, dict[str, Rows]]:
    experiments = classification.training_rows(train)
    gold = {"label": labels, "train_label": train, "experiments": experiments}
    examples = Examples(sides={"text": ["글"] * len(rows)}, gold=gold, n=len(labels), fingerprint="0" * 64)
    return examples, {"text": Rows(rows)}


def test_predictions_are_those_of_logistic_regression_on_the_drawn_rows() -> None:
    train, test = [number % 3 for number in range(40)], [number % 3 for number in range(50)]
    rows = np.concatenate([clouds(train, 9), clouds(test, 9, seed=1)]).astype(np.float32)
    examples, embedded = classified(test, train, rows)
    samples = classification.samples(examples, embedded, "cosine")
    metrics = classification.metrics(samples)
    expected: dict[str, list[float]] = {}
    for number, drawn in enumerate(examples.gold["experiments"]):
        model = LogisticRegression(max_iter=100, random_state=42).fit(rows[:40][drawn], np.array(train)[drawn])
        predicted = model.predict(rows[40:])
        assert samples[f"predicted_{number}"].tolist() == predicted.tolist()
        expected.setdefault("accuracy", []).append(accuracy_score(test, predicted))
        for name, score in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
            expected.setdefault(name, []).append(score(test, predicted, average="macro"))
            expected.setdefault(f"{name}_weighted", []).append(score(test, predicted, average="weighted"))
    assert 0.4 < metrics["accuracy"] < 0.95
    assert metrics == {name: pytest.approx(np.mean(values)) for name, values in expected.items()}


def test_two_labels_have_an_average_precision_too() -> None:
    train, test = [0, 1] * 12, [0, 1, 1, 0, 1]
    examples, embedded = classified(test, train, np.concatenate([clouds(train, 8), clouds(test, 8, seed=2)]))
    samples = classification.samples(examples, embedded, "cosine")
    of_experiments = [average_precision_score(test, samples[name]) for name in classification.PREDICTED]
    metrics = classification.metrics(samples)
    assert metrics["ap"] == metrics["ap_weighted"] == pytest.approx(np.mean(of_experiments))


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_resampled_accuracy_equals_the_resample_written_out(count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    names = ("gold", *classification.PREDICTED)
    samples = {name: generator.integers(0, 3, count).astype(float) for name in names}
    drawn = generator.integers(0, count, count)
    written = {name: values[drawn] for name, values in samples.items()}
    resampled = classification.resampled_metrics(samples, counts_of(drawn, count), ["accuracy", "f1"])
    assert resampled.keys() == {"accuracy"}
    assert resampled["accuracy"][0] == pytest.approx(classification.metrics(written)["accuracy"])


def bitext(left: np.ndarray, right: np.ndarray, own: str = "cosine") -> dict[str, np.ndarray]:
    examples = Examples(sides={"text": ["글"] * 2 * len(left)}, gold={}, n=len(left), fingerprint="0" * 64)
    return dict(bitext_mining.samples(examples, {"text": Rows(np.concatenate([left, right]))}, own))


def test_bitext_mining_by_hand() -> None:
    """Three sentences: the first chooses its own, the second the first's, the third its own."""
    left = np.array([[1, 0], [1, 0.1], [0, 1]])
    right = np.array([[1, 0.05], [-1, 0], [0, 2]])
    samples = bitext(left, right)
    assert samples["chosen"].tolist() == [0, 0, 2]
    metrics = bitext_mining.metrics(samples)
    assert metrics["accuracy"] == metrics["recall"] == pytest.approx(2 / 3)
    assert metrics["precision"] == pytest.approx((1 / 2 + 0 + 1) / 3)
    assert metrics["f1"] == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_the_models_own_similarity_chooses_and_the_first_of_equals_is_chosen() -> None:
    left, right = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [9.0, 9.0]])
    assert bitext(left, right, "cosine")["chosen"].tolist() == [0, 0]
    assert bitext(left, right, "dot")["chosen"].tolist() == [1, 1]
    assert bitext(left, right, "euclidean")["chosen"].tolist() == [0, 0]
    assert bitext(left, np.array([[2.0, 0.0], [1.0, 0.0]]), "cosine")["chosen"].tolist() == [0, 0]
    assert bitext(left, np.array([[2.0, 0.0], [1.0, 0.0]]), "manhattan")["chosen"].tolist() == [1, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_bitext_metrics_are_scikit_learns_also_of_resamples(count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    samples = {"gold": np.arange(count, dtype=float), "chosen": generator.integers(0, count, count).astype(float)}
    drawn = generator.integers(0, count, count)
    found = bitext_mining.resampled_metrics(samples, counts_of(drawn, count), ["f1", "precision", "recall", "accuracy"])
    gold, chosen = samples["gold"][drawn], samples["chosen"][drawn]
    for name, score in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
        expected = score(gold, chosen, average="weighted", zero_division=0)
        assert found[name][0] == pytest.approx(expected), name
    assert found["accuracy"][0] == pytest.approx(accuracy_score(gold, chosen))


def single_fit(labels: list[str], rows: np.ndarray) -> dict[str, np.ndarray]:
    gold = {"label": labels, "protocol": "single_fit"}
    examples = Examples(sides={"text": ["글"] * len(labels)}, gold=gold, n=len(labels), fingerprint="0" * 64)
    return dict(clustering.samples(examples, {"text": Rows(rows)}, "cosine"))


def test_one_fit_has_a_row_a_sentence_and_no_spread() -> None:
    labels = [number % 3 for number in range(60)]
    samples = single_fit([f"주제{label}" for label in labels], clouds(labels, 0.1))
    assert samples.keys() - {"item"} == clustering.SHAPES["single_fit"].columns
    assert len(samples["cluster"]) == 60
    metrics = clustering.metrics(samples)
    assert metrics == {"v_measure": pytest.approx(1.0), "v_measure_std": 0.0}


@pytest.mark.parametrize("spread", [100.0, 12.0, 5.0, 0.1])
def test_the_interval_of_one_fit_holds_its_score(spread: float) -> None:
    """Also where the clusters say nothing: resampling alone would lift every resample above the score."""
    labels = [number % 6 for number in range(400)]
    samples = single_fit([str(label) for label in labels], clouds(labels, spread))
    task = discovered_tasks()["KlueMrcDomainClustering"]
    low, high = percentiles(resampled_scores(task, samples, [V_MEASURE])["v_measure"])
    assert low <= clustering.metrics(samples)["v_measure"] <= high
    assert high - low < 0.15


@settings(max_examples=30, deadline=None)
@given(st.integers(5, 60), st.integers(0, 2**32 - 1))
def test_the_v_measure_of_all_sentences_is_scikit_learns(count: int, seed: int) -> None:
    """Without the correction, which is a constant: each entropy's number of values less one, over 2 n."""
    generator = np.random.default_rng(seed)
    gold, cluster = generator.integers(0, 4, count), generator.integers(0, 3, count)
    columns = {"gold": gold.astype(float), "cluster": cluster.astype(float)}
    before = clustering._entropy

    def plain(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
        uncorrected: np.ndarray = before(values, counts) - int(values.max()) / (2 * counts.sum(axis=1))
        return uncorrected

    clustering._entropy = plain
    try:
        (found,) = clustering.resampled_v_measure(columns, np.ones((1, count)))
    finally:
        clustering._entropy = before
    assert found == pytest.approx(scikit_learns_v_measure(gold, cluster), abs=1e-9)


def test_every_rule_of_a_kind_can_be_resampled() -> None:
    rules = {"classification": ACCURACY, "bitext_mining": F1, "clustering": V_MEASURE}
    for task in discovered_tasks().values():
        if (rule := rules.get(task.kind)) is not None:
            columns = {name: np.arange(10) % 3 / 3 for name in shape_of(task).columns}
            found = kind_of(task).resampled_metrics(columns, np.ones((2, 10)), rule.metrics)
            assert found.keys() >= set(rule.metrics), task.id


def test_a_protocol_that_a_kind_does_not_have_is_refused() -> None:
    data = DataSource(path="a/b", splits=("test",), revision="0" * 40)
    task = Task(id="x", column="x", kind="clustering", type="Clustering", data=data, protocol="two_fits")
    with pytest.raises(ValueError, match="names the protocol 'two_fits' of clustering; there are None, single_fit"):
        shape_of(task)
