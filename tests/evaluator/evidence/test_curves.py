"""Smaller vectors score what a plain reference gives: cut, quantise as the library does, score by the kind."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import spearmanr
from sentence_transformers.util.quantization import quantize_embeddings
from sklearn.metrics import ndcg_score

from evaluator.evidence.bootstrap import resampled_scores
from evaluator.evidence.compressing import LENGTHS, Setting, Stored, calibration, settings, stored
from evaluator.evidence.curve_file import DRAWS, Curve, dump_curves, load_curves, write_curves
from evaluator.evidence.curves import LARGE, affordable, curves_of
from evaluator.kinds import Examples, kind_of
from evaluator.reading import BadFile
from evaluator.suite import rules_of
from evaluator.tasks import discovered_tasks

KNOWN = discovered_tasks()
DIMENSION, QUERIES, DOCUMENTS = 300, 20, 400


class Rows:
    """Embeddings in memory."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values.astype(np.float32)

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, start: int, stop: int) -> np.ndarray:
        return self.values[start:stop]


def retrieval() -> tuple[Examples, dict[str, Rows]]:
    generator = np.random.default_rng(7)
    documents = generator.normal(size=(DOCUMENTS, DIMENSION)) * generator.uniform(0.05, 2, size=DIMENSION)
    queries = documents[:QUERIES] + generator.normal(size=(QUERIES, DIMENSION)) * 2.2
    relevant = {f"q{number:02}": {f"d{number:03}": 1} for number in range(QUERIES)}
    examples = Examples(
        sides={"query": [""] * QUERIES, "document": [""] * DOCUMENTS},
        gold={
            "queries": list(relevant),
            "documents": [f"d{number:03}" for number in range(DOCUMENTS)],
            "relevant": relevant,
        },
        n=QUERIES,
        fingerprint="0" * 64,
    )
    return examples, {"query": Rows(queries), "document": Rows(documents)}


def curve(
    task_id: str, examples: Examples, embedded: Mapping[str, Rows]
) -> tuple[dict[str, Curve], Mapping[str, np.ndarray]]:
    task = KNOWN[task_id]
    samples = kind_of(task).samples(examples, embedded, "cosine")
    return curves_of(task, examples, embedded, "cosine", samples, rules_of(task_id)), samples


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def ndcg(similarities: np.ndarray, k: int) -> float:
    return float(ndcg_score(np.eye(QUERIES, DOCUMENTS), similarities, k=k))


def decoded(rows: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    codes = np.asarray(quantize_embeddings(rows, "uint8", ranges=ranges))
    return np.asarray(ranges[0] + (codes + 0.5) * (ranges[1] - ranges[0]) / 255)


@pytest.mark.parametrize("dimension", [DIMENSION, 256, 64])
def test_retrieval_equals_a_plain_reference(dimension: int) -> None:
    examples, embedded = retrieval()
    (rule,) = (rule for rule in rules_of("AutoRAGRetrieval") if rule.id == "ndcg_at_10")
    points = curve("AutoRAGRetrieval", examples, embedded)[0][rule.id].points
    queries, documents = (embedded[side].values[:, :dimension] for side in ("query", "document"))
    ranges = np.stack([documents.min(axis=0), documents.max(axis=0)])
    exact = unit(queries) @ unit(documents).T
    int8 = unit(decoded(queries, ranges)) @ unit(decoded(documents, ranges)).T
    distances = np.count_nonzero((queries > 0)[:, None] != (documents > 0)[None], axis=2)
    bits = -distances + np.arange(DOCUMENTS) * 1e-6  # of equally near documents the one with the larger id
    rescored = np.full_like(exact, -9)
    for row in range(QUERIES):
        first = np.argsort(-bits[row])[:100]
        rescored[row, first] = exact[row, first]
    wanted = {"float32": exact, "int8": int8, "binary": bits, "binary_rescored": rescored}
    for precision, similarities in wanted.items():
        found = points[Setting(dimension, precision)]  # type: ignore[arg-type]
        assert found[0] == pytest.approx(ndcg(similarities, 10), abs=1e-6)
    scores = {precision: points[Setting(64, precision)][0] for precision in wanted}  # type: ignore[arg-type]
    assert scores["float32"] > scores["binary"]
    assert scores["binary_rescored"] > scores["binary"]


def test_sentence_pairs_equal_a_plain_reference() -> None:
    generator = np.random.default_rng(3)
    left = generator.normal(size=(80, 128))
    right = left + generator.normal(size=(80, 128)) * np.linspace(0.2, 3, 80)[:, None]
    gold = -np.linspace(0.2, 3, 80) + generator.normal(size=80) * 0.3
    examples = Examples(sides={"text": [""] * 160}, gold={"score": list(gold)}, n=80, fingerprint="0" * 64)
    embedded = {"text": Rows(np.concatenate([left, right]))}
    curves, _ = curve("KLUE-STS", examples, embedded)
    points = curves["cosine_spearman"].points
    assert {setting.precision for setting in points} == {"float32", "int8", "binary"}
    a, b = (np.where(half[:, :64].astype(np.float32) > 0, 1, -1) for half in (left, right))
    assert points[Setting(64, "binary")][0] == pytest.approx(spearmanr(gold, (a * b).sum(axis=1)).statistic, abs=1e-6)
    cosines = np.round((unit(left[:, :64]) * unit(right[:, :64])).sum(axis=1), 6)
    assert points[Setting(64, "float32")][0] == pytest.approx(spearmanr(gold, cosines).statistic, abs=1e-4)


def test_each_setting_is_paired_with_the_scores_of_the_board() -> None:
    examples, embedded = retrieval()
    curves, samples = curve("AutoRAGRetrieval", examples, embedded)
    task = KNOWN["AutoRAGRetrieval"]
    for rule in rules_of(task.id):
        full = curves[rule.id].points[Setting(DIMENSION, "float32")]
        assert curves[rule.id].full == Setting(DIMENSION, "float32")
        assert full[0] == pytest.approx(rule.score(kind_of(task).metrics(samples)), abs=1e-6)
        drawn = resampled_scores(task, samples, [rule])[rule.id]
        assert full[1:] == pytest.approx(drawn[:DRAWS], abs=1e-6)
        assert {len(scores) for scores in curves[rule.id].points.values()} == {DRAWS + 1}


def test_settings_and_their_bytes() -> None:
    made = settings(384, ("float32", "int8", "binary"))
    assert made[0] == Setting(384, "float32")
    assert {setting.dimension for setting in made} == {384, 256, 128, 64}
    assert [Setting(100, precision).bytes for precision in ("float32", "int8", "binary", "binary_rescored")] == [
        400,
        100,
        13,
        13,
    ]
    assert {setting.dimension for setting in settings(2048, ("int8",))} == {2048, *LENGTHS}
    assert {setting.dimension for setting in settings(32, ("int8",))} == {32}


def test_what_takes_long_has_few_settings() -> None:
    examples, _ = retrieval()
    many = Examples(sides={"document": range(LARGE + 1)}, gold={}, n=1, fingerprint="0" * 64)  # type: ignore[dict-item]
    lengths = lambda task, of: {setting.dimension for setting in affordable(KNOWN[task], of, 768)}  # noqa: E731
    assert lengths("AutoRAGRetrieval", examples) == {768, 512, 256, 128, 64}
    assert lengths("AutoRAGRetrieval", many) == lengths("SIB200ClusteringS2S", examples) == {768, 256}


def test_calibration_is_of_a_bounded_sample_and_int8_is_clipped_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluator.evidence.compressing.CALIBRATION_TEXTS", 50)
    rows = Rows(np.arange(100, dtype=np.float32)[:, None] * [1.0, -1.0])
    ranges = calibration(rows)
    assert ranges.tolist() == [[0, -98], [98, 0]]  # every other one
    found = Stored(rows, Setting(2, "int8"), ranges).rows(0, 100)
    assert np.abs(found[:99] - rows.values[:99]).max() <= 98 / 255
    assert found[99, 0] == found[98, 0]
    flat = np.zeros((3, 8), dtype=np.float32)
    assert np.isfinite(stored(flat, Setting(8, "int8"), np.zeros((2, 8), dtype=np.float32))).all()


def test_files_come_back_and_add_up(tmp_path: Path) -> None:
    examples, embedded = retrieval()
    curves, _ = curve("AutoRAGRetrieval", examples, embedded)
    content = dump_curves({"AutoRAGRetrieval": curves})
    read = load_curves(content)
    assert dump_curves(read) == content
    assert len(content) < 100_000
    path = tmp_path / "curves.parquet"
    write_curves({"AutoRAGRetrieval": curves}, path)
    write_curves({"Other": curves}, path, onto=True)
    assert set(load_curves(path.read_bytes())) == {"AutoRAGRetrieval", "Other"}
    assert load_curves(dump_curves({})) == {}


def test_damaged_files_are_refused() -> None:
    full, half = Setting(64, "float32"), Setting(64, "int8")
    good = np.zeros(DRAWS + 1, dtype=np.float32)
    load_curves(dump_curves({"T": {"r": Curve({full: good, half: good})}}))
    odd = [
        {half: good},  # nothing to hold it against
        {full: good[:-1]},
        {full: good + 2},
        {full: good * np.nan},
        {full: good, Setting(64, "int4"): good},  # type: ignore[arg-type]
        {full: good, Setting(0, "int8"): good},
        {full: good, Setting(128, "int8"): good},
    ]
    for points in odd:
        with pytest.raises(BadFile):
            load_curves(dump_curves({"T": {"r": Curve(points)}}))
    table = pq.read_table(io.BytesIO(dump_curves({"T": {"r": Curve({full: good})}})))
    sink = io.BytesIO()
    pq.write_table(table.drop(["rule"]), sink)
    with pytest.raises(BadFile):
        load_curves(sink.getvalue())
