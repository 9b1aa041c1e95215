"""Texts with any number of rows: kept on disk, resumed after a kill, and compared exactly in pieces."""

import tracemalloc
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from evaluator.errors import EvaluationError, TaskError
from evaluator.kinds import Compared
from evaluator.kinds.ranking import search_by
from evaluator.model.ragged_encoder import PAIR
from evaluator.sweep import comparing, ragged
from evaluator.sweep.comparing import compared
from evaluator.sweep.ragged import RaggedRows
from evaluator.sweep.sound import check_embeddings
from evaluator.sweep.workspace import Workspace

VECTOR = np.dtype((np.float32, (4,)))


def stored(folder: Path, texts: Sequence[np.ndarray], item: np.dtype) -> RaggedRows:
    """The rows of texts, written in two batches, the later texts first."""
    folder.mkdir(parents=True, exist_ok=True)
    workspace = Workspace(folder, len(texts), 4, item)
    for part in np.array_split(np.arange(len(texts))[::-1], 2):
        workspace.write(part, [texts[number] for number in part])
    side = workspace.side(np.arange(len(texts)))
    assert isinstance(side, RaggedRows)
    return side


def vectors(seed: int, counts: Sequence[int]) -> list[np.ndarray]:
    """Token vectors of length 1, float32."""
    random = np.random.default_rng(seed)
    found = [random.normal(size=(count, 4)) for count in counts]
    return [(rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32) for rows in found]


def pairs(seed: int, texts: int, dimension: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    found = []
    for _ in range(texts):
        index = np.flatnonzero(random.random(dimension) < 0.2)
        rows = np.empty(len(index), dtype=PAIR)
        rows["index"], rows["value"] = index, random.random(len(index))
        found.append(rows)
    return found


def matrix(compared: Compared) -> np.ndarray:
    """All scores, from the blocks."""
    rows = []
    for count, blocks in compared.blocks():
        of_documents = list(blocks)
        assert [first for first, _ in of_documents] == [
            0,
            *np.cumsum([block.shape[1] for _, block in of_documents])[:-1].tolist(),
        ]
        rows.append(np.concatenate([block for _, block in of_documents], axis=1))
        assert len(rows[-1]) == count
    return np.concatenate(rows)


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("most", [8, 60, 10_000])
def test_max_sim_in_pieces_is_that_of_a_plain_loop(
    most: int, mean: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "VALUES_AT_ONCE", most)
    monkeypatch.setattr(comparing, "SCORES_AT_ONCE", most)
    queries = vectors(1, [3, 1, 7, 2, 5])
    documents = vectors(2, [4, 9, 0, 1, 6, 30, 2])
    by = compared(
        {"query": stored(tmp_path / "q", queries, VECTOR), "document": stored(tmp_path / "d", documents, VECTOR)},
        "meanmaxsim" if mean else "maxsim",
        "cpu",
        4,
    )
    assert by is not None
    expected = np.empty((5, 7))
    for i, query in enumerate(queries):
        for j, document in enumerate(documents):
            total = 0.0
            for one in query.astype(np.float64):
                total += max((float(one @ other) for other in document.astype(np.float64)), default=0.0)
            expected[i, j] = (total if len(document) else comparing.NO_VECTORS) / (len(query) if mean else 1)
    np.testing.assert_allclose(matrix(by), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(by.of(2, np.array([5, 0, 2])), expected[2, [5, 0, 2]], rtol=0, atol=1e-9)
    ids = [f"d{number}" for number in range(7)]
    (first, *_) = search_by(by.blocks(), ids, 3)
    assert first.found.tolist() == np.argsort(-expected[0])[:3].tolist()


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
@pytest.mark.parametrize("most", [7, 10_000])
def test_sparse_products_in_pieces_are_those_of_dense_vectors(
    most: int, similarity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "VALUES_AT_ONCE", most)
    monkeypatch.setattr(comparing, "SCORES_AT_ONCE", most)
    monkeypatch.setattr(comparing, "QUERIES_AT_ONCE", 3)
    queries, documents = pairs(1, 5, 40), pairs(2, 9, 40)
    documents[4] = np.empty(0, dtype=PAIR)
    by = compared(
        {"query": stored(tmp_path / "q", queries, PAIR), "document": stored(tmp_path / "d", documents, PAIR)},
        similarity,
        "cpu",
        40,
    )
    assert by is not None
    left, right = (
        np.vstack([csr_array((r["value"], r["index"], [0, len(r)]), shape=(1, 40)).toarray() for r in side]).astype(
            np.float64
        )
        for side in (queries, documents)
    )
    if similarity == "cosine":
        left, right = (m / np.maximum(np.linalg.norm(m, axis=1, keepdims=True), 1e-30) for m in (left, right))
    np.testing.assert_allclose(matrix(by), left @ right.T, rtol=0, atol=1e-9)
    np.testing.assert_allclose(by.of(1, np.array([4, 2])), (left @ right.T)[1, [4, 2]], rtol=0, atol=1e-9)


def test_equal_texts_tie_wherever_their_pieces_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "VALUES_AT_ONCE", 100)
    same = vectors(3, [11])[0]
    documents = [*vectors(4, [5, 8, 3]), same, *vectors(5, [2, 9]), same]
    sides = {"query": vectors(6, [4]), "document": documents}
    by = compared({name: stored(tmp_path / name, rows, VECTOR) for name, rows in sides.items()}, "maxsim", "cpu", 4)
    assert by is not None
    scores = matrix(by)[0]
    assert scores[3] == scores[6]


def test_a_killed_run_goes_on_behind_what_is_done(tmp_path: Path) -> None:
    texts = vectors(1, [2, 3, 0, 4])
    first = Workspace(tmp_path, 4, 4, VECTOR)
    first.write(np.array([3, 0]), [texts[3], texts[0]])
    assert first.ragged is not None
    first.ragged.append(np.array([1]), [texts[1]], first.done)  # written, and killed before it was done
    with (tmp_path / "rows-0.bin").open("ab") as file:
        file.write(b"half a row")
    again = Workspace(tmp_path, 4, 4, VECTOR)
    assert again.done.tolist() == [1, 0, 0, 1]
    again.write(np.array([2, 1]), [texts[2], texts[1]])
    side = again.side(np.array([1, 3, 2, 0, 1]))
    assert isinstance(side, RaggedRows)
    for place, number in enumerate([1, 3, 2, 0, 1]):
        np.testing.assert_array_equal(side.of(place), texts[number])
    assert (tmp_path / "rows-0.bin").stat().st_size == 9 * VECTOR.itemsize


def test_shares_write_files_of_their_own(tmp_path: Path) -> None:
    texts = vectors(1, [2, 3, 1, 4])
    shares = [Workspace(tmp_path, 4, 4, VECTOR, share) for share in (0, 1)]
    for number in range(4):
        shares[number % 2].write(np.array([number]), [texts[number]])
    side = shares[0].side(np.arange(4))
    assert isinstance(side, RaggedRows)
    assert all(np.array_equal(side.of(number), texts[number]) for number in range(4))
    assert sorted(path.name for path in tmp_path.glob("*.bin")) == ["rows-0.bin", "rows-1.bin"]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    workspace = Workspace(tmp_path, 1, 4, VECTOR)
    monkeypatch.setattr(ragged.os, "pwrite", full)
    with pytest.raises(EvaluationError) as caught:
        workspace.write(np.array([0]), vectors(1, [2]))
    assert caught.value.failure == "disk_full"
    assert not workspace.done.any()


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """60,000 documents of 50 vectors are 48 MB as float32 and 96 MB as float64; a fraction of it is held."""
    item = np.dtype((np.float32, (4,)))
    workspace = Workspace(tmp_path, 60_001, 4, item)
    random = np.random.default_rng(0)
    for first in range(0, 60_000, 10_000):
        rows = random.normal(size=(10_000, 50, 4)).astype(np.float32)
        workspace.write(np.arange(first, first + 10_000), list(rows))
    workspace.write(np.array([60_000]), vectors(1, [32]))
    sides = {"query": workspace.side(np.array([60_000])), "document": workspace.side(np.arange(60_000))}
    by = compared(sides, "maxsim", "cpu", 4)
    assert by is not None
    ids = [f"{number:05}" for number in range(60_000)]
    tracemalloc.start()
    (ranking,) = search_by(by.blocks(), ids, 1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(ranking.found) == 1000
    assert all(one >= other for one, other in pairwise(ranking.scores))
    # a piece: 125,000 rows of 32 products (32 MB), the rows as float32 and float64; and a score and an id a document
    assert peak < 75e6


def test_vectors_that_say_nothing_are_refused(tmp_path: Path) -> None:
    rows = vectors(1, [2, 3])
    rows[1][0, 0] = np.nan
    with pytest.raises(TaskError, match="1 of 2 texts got NaN"):
        check_embeddings(stored(tmp_path / "nan", rows, VECTOR))
    with pytest.raises(TaskError, match="the same vectors"):
        check_embeddings(stored(tmp_path / "same", [rows[0], rows[0]], VECTOR))
    check_embeddings(stored(tmp_path / "fine", vectors(2, [2, 0, 2]), VECTOR))
