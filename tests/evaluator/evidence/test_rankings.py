"""The rankings file: what it keeps, and what it refuses."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.evidence.rankings import DEPTH, dump_rankings, load_rankings, ranked_samples
from evaluator.kinds import Examples
from evaluator.kinds.ranking import best_of, places, query_metrics
from evaluator.reading import BadFile


def examples_of(documents: int, relevant: dict[str, dict[str, int]]) -> Examples:
    return Examples(
        sides={},
        gold={
            "queries": list(relevant),
            "documents": [f"d{number}" for number in range(documents)],
            "relevant": relevant,
        },
        n=len(relevant),
        fingerprint="0" * 64,
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_a_file_gives_the_ndcg_of_the_samples(documents: int, queries: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    relevant = {
        f"질문{number}": {
            f"d{int(place)}": int(generator.integers(0, 4)) for place in generator.integers(0, documents, 6)
        }
        for number in range(queries)
    }
    examples = examples_of(documents, relevant)
    place = places(examples.gold["documents"])
    scores = np.round(generator.normal(size=(queries, documents)), 1)
    samples, kept = ranked_samples(examples, [best_of(row, place, 1000) for row in scores])
    content = dump_rankings({"AutoRAGRetrieval": kept})
    read = load_rankings(content)["AutoRAGRetrieval"]
    assert dump_rankings({"AutoRAGRetrieval": read}) == content
    for row, found in enumerate(read):
        assert len(found.scores) == min(DEPTH, documents)
        metrics = query_metrics(found.relevance[: len(found.scores)].astype(float), found.ideal)
        for k in (1, 3, 5, 10, 20, 100):
            assert metrics[f"ndcg_at_{k}"] == pytest.approx(samples[f"ndcg_at_{k}"][row], abs=1e-12)


def parquet(**columns: object) -> bytes:
    schema = pa.schema(
        [
            *((name, pa.string()) for name in ("task", "query", "document")),
            ("score", pa.float32()),
            ("relevance", pa.int32()),
        ]
    )
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"document": ["a", "a"]}, "twice"),
        ({"score": [1.0, 2.0]}, "order"),
        ({"score": [None, 2.0]}, "order"),
        ({"score": [float("nan"), 1.0]}, "finite"),
        ({"relevance": [-1, 0]}, "relevance"),
        ({"relevance": [None, 0]}, "lacks"),
        ({"document": [f"{n}" for n in range(101)], "score": [1.0] * 101, "relevance": [0] * 101}, "too many"),
        ({"query": ["q", "p", "q"], "document": ["a"] * 3, "score": [1.0] * 3, "relevance": [0] * 3}, "comes twice"),
    ],
)
def test_what_is_no_ranking_is_refused(columns: dict[str, list[Any]], why: str) -> None:
    usual: dict[str, list[Any]] = {"document": ["a", "b"], "score": [2.0, 1.0], "relevance": [1, 0]}
    given_columns = usual | columns
    rows = len(given_columns["document"])
    with pytest.raises(BadFile, match=why):
        load_rankings(parquet(**({"task": ["t"] * rows, "query": ["q"] * rows} | given_columns)))
    with pytest.raises(BadFile):
        load_rankings(b"PAR1 nothing")
