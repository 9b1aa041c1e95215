"""Retrieval: exact search over the whole corpus, measured as TREC does (trec_eval's nDCG, MAP, recall, precision)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluator.data import unordered_fingerprint
from evaluator.kinds import UNJUDGED, Examples, Samples, weighted_means

if TYPE_CHECKING:
    from datasets import Dataset

    from evaluator.data import TaskData
    from evaluator.kinds import Embedded
    from evaluator.task import Task

CUTOFFS = (1, 3, 5, 10, 20, 100, 1000)
MEASURES = ("ndcg", "map", "recall", "precision", "mrr", "hit_rate")
COLUMNS = frozenset(f"{measure}_at_{k}" for measure in MEASURES for k in CUTOFFS)
ITEMS = None
SCORES_AT_ONCE = 2_000_000
"""Similarities held at once: 16 MB, and as much again for each step of ranking them; the corpus may be any size."""
DECIMALS = 10
"""Similarities are rounded so far before they are ranked: equal texts tie, whatever the order of summation was."""


class Documents(Sequence[str]):
    """The corpus as texts: title and text joined by a space and stripped. Read from Arrow when asked for."""

    def __init__(self, corpus: "Dataset") -> None:
        self._titles = corpus.data.column("title") if "title" in corpus.column_names else None
        self._texts = corpus.data.column("text")

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: Any) -> Any:
        text = self._texts[index].as_py() or ""
        title = (self._titles[index].as_py() or "") if self._titles is not None else ""
        return f"{title} {text}".strip() if title else text


def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:  # noqa: ARG001
    """Queries, corpus and relevance judgements of a data set in BEIR layout.

    The judgements are the config "default" (or "qrels"), the texts the configs "queries" and "corpus", each with the
    task's split or its only split. A data set with several languages prefixes all three with `DataSource.config`.
    Queries without a judgement are left out, as in MTEB.

    Raises:
        TaskError: data_unavailable; also where a judgement names a query or a document that is not there.
    """
    split, configs = task.data.splits[0], data.configs()
    prefix = f"{task.data.config}-" if task.data.config else ""
    qrels_config = next((name for name in (f"{prefix}qrels", "default") if name in configs), None)
    if qrels_config is None:
        raise data.unexpected("no relevance judgements: neither a config qrels nor default")
    judged = _table(data, qrels_config, split, ("query-id", "corpus-id", "score"))
    queries = _table(data, f"{prefix}queries", split, ("_id", "text"))
    corpus = _table(data, f"{prefix}corpus", split, ("_id", "text"))
    document_ids = [str(name) for name in corpus["_id"]]
    query_texts = {str(name): str(text) for name, text in zip(queries["_id"], queries["text"], strict=True)}
    relevances = data.numbers(list(judged["score"]), int)
    rows = sorted(
        (str(query), str(document), relevance)
        for query, document, relevance in zip(judged["query-id"], judged["corpus-id"], relevances, strict=True)
    )
    place = {name: number for number, name in enumerate(document_ids)}
    if lost := [row for row in rows if row[0] not in query_texts or row[1] not in place]:
        raise data.unexpected(f"{len(lost)} relevance judgements for queries or documents that are not there")
    relevant: dict[str, dict[str, int]] = {}
    for query, document, relevance in rows:
        relevant.setdefault(query, {})[document] = relevance
    kept = [query for query in query_texts if query in relevant]
    documents = Documents(corpus)
    fingerprint = unordered_fingerprint(  # neither ids nor orders, but which text answers which
        ((text,) for text in documents),
        ((query_texts[query],) for query in kept),
        ((query_texts[query], documents[place[document]], relevance) for query, document, relevance in rows),
    )
    unjudged = len(query_texts) - len(kept)
    return Examples(
        sides={"query": [query_texts[query] for query in kept], "document": documents},
        gold={"queries": kept, "documents": document_ids, "relevant": relevant},
        n=len(kept),
        fingerprint=fingerprint,
        removed={UNJUDGED: unjudged} if unjudged else {},
    )


def _table(data: "TaskData", config: str, split: str, columns: Sequence[str]) -> "Dataset":
    """One config of a BEIR data set: the task's split, or the only one."""
    splits = data.splits(config)
    if split not in splits and len(splits) != 1:
        raise data.unexpected(f"no split {split} in its config {config}")
    rows = data.split(config, split if split in splits else splits[0])
    if "_id" in columns and "_id" not in rows.column_names and "id" in rows.column_names:
        rows = rows.rename_column("id", "_id")
    if missing := [name for name in columns if name not in rows.column_names]:
        raise data.unexpected(f"no column {missing[0]!r} in its config {config}")
    return rows


def samples(examples: Examples, embedded: Mapping[str, "Embedded"], similarity: str) -> Samples:  # noqa: ARG001
    """One row a query: its id and its metrics at each cutoff. Similarity is the cosine, whatever the model's own is."""
    ids, relevant = examples.gold["documents"], examples.gold["relevant"]
    columns: dict[str, list[float]] = {f"{measure}_at_{k}": [] for measure in MEASURES for k in CUTOFFS}
    best = search(embedded["query"], embedded["document"], ids, max(CUTOFFS))
    for query, ranking in zip(examples.gold["queries"], best, strict=True):
        judged = relevant[query]
        gains = np.array([max(judged.get(ids[document], 0), 0) for document in ranking], dtype=np.float64)
        ideal = sorted((gain for gain in judged.values() if gain > 0), reverse=True)
        for name, value in query_metrics(gains, ideal).items():
            columns[name].append(value)
    return {
        "item": np.array(examples.gold["queries"], dtype=object),
        **{name: np.array(values) for name, values in columns.items()},
    }


def query_metrics(gains: np.ndarray, ideal: Sequence[int]) -> dict[str, float]:
    """One query's metrics at each cutoff, from the gains of its ranking and those of the ideal ranking, as trec_eval.

    nDCG discounts the gain at rank r by log2(r + 1); MAP and recall divide by the number of relevant documents.
    A query without a relevant document scores 0.
    """
    hits = gains > 0
    discounts = np.log2(np.arange(2, max(CUTOFFS) + 2))
    discounted = np.cumsum(gains / discounts[: len(gains)])
    best = np.cumsum(np.asarray(ideal[: max(CUTOFFS)], dtype=np.float64) / discounts[: len(ideal)])
    found = np.cumsum(hits)
    precision_at_hits = np.cumsum(hits * found / np.arange(1, len(hits) + 1))
    first_hit = int(np.argmax(hits)) if hits.any() else None
    metrics: dict[str, float] = {}
    for k in CUTOFFS:
        end = min(k, len(gains)) - 1
        hit = first_hit is not None and first_hit < k
        metrics[f"ndcg_at_{k}"] = float(discounted[end] / best[min(k, len(best)) - 1]) if ideal else 0.0
        metrics[f"map_at_{k}"] = float(precision_at_hits[end] / len(ideal)) if ideal else 0.0
        metrics[f"recall_at_{k}"] = float(found[end] / len(ideal)) if ideal else 0.0
        metrics[f"precision_at_{k}"] = float(found[end] / k)
        metrics[f"mrr_at_{k}"] = 1.0 / (first_hit + 1) if hit and first_hit is not None else 0.0
        metrics[f"hit_rate_at_{k}"] = float(hit)
    return metrics


def search(queries: "Embedded", documents: "Embedded", ids: Sequence[str], depth: int) -> Iterator[np.ndarray]:
    """For each query the indices of its `depth` nearest documents by cosine, best first; exact, in chunks.

    Ties are broken by document id descending, as trec_eval does.
    """
    rank_of_id = np.empty(len(ids), dtype=np.int64)
    rank_of_id[sorted(range(len(ids)), key=lambda index: ids[index])] = np.arange(len(ids))
    depth = min(depth, len(ids))
    step = max(1, min(len(queries), 1024))
    chunk = max(depth, SCORES_AT_ONCE // step)
    for start in range(0, len(queries), step):
        asked = _unit(queries.rows(start, min(start + step, len(queries))))
        scores = np.empty((len(asked), 0))
        found = np.empty((len(asked), 0), dtype=np.int64)
        for first in range(0, len(documents), chunk):
            last = min(first + chunk, len(documents))
            block = np.round(asked @ _unit(documents.rows(first, last)).T, DECIMALS)
            scores = np.concatenate([scores, block], axis=1)
            found = np.concatenate([found, np.broadcast_to(np.arange(first, last), block.shape)], axis=1)
            scores, found = _best(scores, found, rank_of_id, depth)
        yield from found


def _best(scores: np.ndarray, found: np.ndarray, rank_of_id: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """The best `depth` of each row, ordered by score and then by id, both descending."""
    order = np.lexsort((-rank_of_id[found], -scores), axis=1)[:, :depth]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(found, order, axis=1)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, float64; zero vectors stay zero."""
    rows = rows.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: np.ndarray = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return scaled


def metrics(samples: Samples) -> dict[str, float]:
    """Means over the queries, under MTEB's names; "accuracy" is recall at 1, as there."""
    found = {f"{measure}_at_{k}": float(samples[f"{measure}_at_{k}"].mean()) for measure in MEASURES for k in CUTOFFS}
    return {**found, "accuracy": found["recall_at_1"]}


def resampled_metrics(samples: Samples, counts: np.ndarray, names: Collection[str]) -> dict[str, np.ndarray]:
    """Means over each resample of the queries, (resamples,) by name."""
    return weighted_means(samples, counts, names)
