"""BM25 libraries compared: `python -m benchmarks.lexical --datasets DIR` (--task AutoRAGRetrieval).

The same terms (words and character bigrams) through bm25s, as the lexical models use it, and through rank_bm25: seconds
to index the corpus and to score every query against every document, of each the median of some runs in turn, and the
ratio. And how far each lies from Lucene's formula computed a document at a time. Needs rank_bm25
(tests/requirements.txt).
"""

import math
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer

from evaluator.data import TaskData
from evaluator.kinds import kind_of
from evaluator.model.lexical import K1, B, Index, words_and_bigrams
from evaluator.tasks import discovered_tasks


def main(
    datasets: Annotated[Path, typer.Option(exists=True, file_okay=False)],
    task: str = "AutoRAGRetrieval",
    runs: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Measure and print."""
    from rank_bm25 import BM25Okapi

    wanted = discovered_tasks()[task]
    with tempfile.TemporaryDirectory() as cache:
        data = TaskData(wanted, datasets.resolve(), Path(cache))
        examples = kind_of(wanted).read(wanted, data, keep_duplicates=False)
        documents, queries = list(examples.sides["document"]), list(examples.sides["query"])
    terms, asked = list(words_and_bigrams(documents)), list(words_and_bigrams(queries))
    seconds: dict[str, list[float]] = {"bm25s": [], "rank_bm25": []}
    for _ in range(runs):
        started = time.perf_counter()
        index = Index(lambda texts: iter(texts), terms)  # type: ignore[arg-type, return-value]
        ours = np.stack(list(index.scores(asked)))  # type: ignore[arg-type]
        seconds["bm25s"].append(time.perf_counter() - started)
        started = time.perf_counter()
        okapi = BM25Okapi(terms, k1=K1, b=B)
        theirs = np.stack([okapi.get_scores(query) for query in asked])
        seconds["rank_bm25"].append(time.perf_counter() - started)
    exact = formula(terms, asked)
    print(f"{task}: {len(documents):,} documents, {len(queries):,} queries, median of {runs}")
    for name, scores in (("bm25s", ours), ("rank_bm25", theirs)):
        beyond = float(np.abs(scores - exact).max())
        print(f"{name:12}{median(seconds[name]):8.2f} s   largest difference to the formula {beyond:.1e}")
    print(f"ratio       {median(seconds['bm25s']) / median(seconds['rank_bm25']):8.2f}")


def formula(documents: list[list[str]], queries: list[list[str]]) -> np.ndarray:
    """Lucene's BM25 as it is written, (queries, documents)."""
    mean = sum(map(len, documents)) / len(documents)
    within = Counter(term for document in documents for term in set(document))
    counts = [Counter(document) for document in documents]
    lengths = np.array([K1 * (1 - B + B * len(document) / mean) for document in documents])
    scores = np.zeros((len(queries), len(documents)))
    for row, query in enumerate(queries):
        for term in query:
            if term in within:
                idf = math.log(1 + (len(documents) - within[term] + 0.5) / (within[term] + 0.5))
                frequency = np.array([count[term] for count in counts])
                scores[row] += idf * frequency / (frequency + lengths)
    return scores


if __name__ == "__main__":
    typer.run(main)
