"""Fusions with the best lexical row are made when results are published, in any order, and read within bounds."""

import dataclasses
import io
import itertools

import pyarrow.parquet as pq
import pytest

from evaluator.evidence.fusion import hybrids
from evaluator.evidence.rankings import load_rankings
from evaluator.reading import BadFile
from evaluator.spec import result_path
from evaluator.suite import KO_V1, NDCG_5_10
from evaluator.tasks import discovered_tasks
from leaderboard_data.hybrids import HYBRID_FILE, HYBRIDS_PATH, HybridCell, fused_means
from leaderboard_data.load import rankings_path
from leaderboard_data.page.api import BoardApi
from leaderboard_data.page.live import LiveBoard
from leaderboard_data.publish import publish_change, rebuild_index
from store.memory import MemoryStore
from store.update import update
from tests.leaderboard_data.ranked import TASK, ranked

PARTS = [ranked("org/name", 2.0, 1), ranked("lexical/bm25-word", 1.0, 2), ranked("lexical/bm25-bigram", 2.0, 3)]


def published(*parts: tuple) -> MemoryStore:  # type: ignore[type-arg]
    store = MemoryStore()
    for result, samples, rankings in parts:
        update(store, publish_change(result, samples, rankings))
    return store


def test_the_order_of_publishing_does_not_matter() -> None:
    files = [
        {path: store.read(path) for path in store.list("")}
        for store in (published(*order) for order in itertools.permutations(PARTS))
    ]
    assert all(each == files[0] for each in files)
    store = published(*PARTS)
    update(store, rebuild_index)
    assert store.read(HYBRIDS_PATH) == files[0][HYBRIDS_PATH]
    head = store.head()
    update(store, publish_change(*PARTS[0]))
    assert store.head() == head


def test_a_model_is_fused_with_the_best_lexical_one() -> None:
    store = published(*PARTS)
    path = result_path(PARTS[0][0].spec)
    cells = {(c.suite, c.item, c.method): c for c in HYBRID_FILE.load(store.read(HYBRIDS_PATH))}
    assert {cell.path for cell in cells.values()} == {path}
    cell = cells[KO_V1.id, TASK, "rrf"]
    assert cell.baseline == "lexical/bm25-bigram"
    mine = load_rankings(store.read(rankings_path(path)))[TASK]
    theirs = load_rankings(PARTS[2][2])[TASK]
    hybrid = hybrids(discovered_tasks()[TASK], mine, theirs, (NDCG_5_10,), "rrf")[NDCG_5_10.id]
    assert (cell.score, cell.gain) == pytest.approx((hybrid.score, hybrid.gain))
    assert (cell.gain_low, cell.gain_high) == pytest.approx(hybrid.gain_interval)
    assert cell.gain > 0  # two independent rankings of the same quality
    assert (KO_V1.id, "retrieval", "rrf") not in cells  # Ko-StrategyQA is missing: the category has no mean


def test_two_models_together_are_held_against_the_better_one() -> None:
    one, other = (load_rankings(part[2]) for part in PARTS[:2])
    told = fused_means(KO_V1, one, other)
    assert set(told) == {TASK}
    assert told == fused_means(KO_V1, other, one)
    alone = hybrids(discovered_tasks()[TASK], one[TASK], other[TASK], (NDCG_5_10,), "rrf")[NDCG_5_10.id]
    assert told[TASK]["rrf"][0] == pytest.approx(alone.score, abs=1e-8)
    assert told[TASK]["rrf"][3] == pytest.approx(alone.gain, abs=1e-8)  # the first is the better one
    assert fused_means(KO_V1, one, {}) == {}


def test_visitors_are_answered_from_stored_files() -> None:
    live = LiveBoard(published(*PARTS), 60, patience=30)
    live.refresh()
    api = BoardApi(live)
    told = api.fusion("org/name,lexical/bm25-bigram")
    assert told["ready"]
    assert set(told["rows"]) == {TASK}
    with pytest.raises(ValueError, match="two different"):
        api.fusion("org/name")
    with pytest.raises(ValueError, match="not on the board"):
        api.fusion("org/name,org/nobody")


def test_without_rankings_there_is_nothing_to_fuse() -> None:
    result, samples, _ = PARTS[0]
    store = published((result, samples, None), *PARTS[1:])
    assert HYBRID_FILE.load(store.read(HYBRIDS_PATH)) == []
    again = published(*PARTS)
    update(again, publish_change(result, samples, replace=True))
    assert not any(path == rankings_path(result_path(result.spec)) for path in again.list(""))
    assert HYBRID_FILE.load(again.read(HYBRIDS_PATH)) == []


def test_a_damaged_file_is_refused() -> None:
    cell = HybridCell("results/a.json", "0" * 64, KO_V1.id, TASK, "lexical/bm25-word", "rrf", *[0.5] * 6)
    assert HYBRID_FILE.load(HYBRID_FILE.dump([cell])) == [cell]
    for odd in (dataclasses.replace(cell, gain=float("nan")), dataclasses.replace(cell, score=3.0)):
        with pytest.raises(BadFile):
            HYBRID_FILE.load(HYBRID_FILE.dump([odd]))
    assert HYBRID_FILE.load(HYBRID_FILE.dump([dataclasses.replace(cell, suite="other")])) == []
    sink = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(HYBRID_FILE.dump([cell]))).drop(["gain"]), sink)
    with pytest.raises(BadFile):
        HYBRID_FILE.load(sink.getvalue())
