"""Evaluations of one's own data -> what the report tells: scores with intervals, fusions, curves over vectors' size,
differences, items. Pure."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from evaluator.evidence.bootstrap import percentiles, resampled_scores
from evaluator.evidence.curve_file import Curve, change
from evaluator.evidence.fusion import hybrids
from evaluator.evidence.items import Items, items_of
from evaluator.evidence.rankings import Found
from evaluator.evidence.signs import sign_test
from evaluator.evidence.texts import cut
from evaluator.own.corpus import OwnData
from evaluator.rules import NDCG_5_10, NDCG_10, ScoreRule
from evaluator.run import Evaluation
from evaluator.spec import LEXICAL
from evaluator.task import Task

MAIN = NDCG_5_10
"""The rule of the board's retrieval columns."""

RULES: tuple[ScoreRule, ...] = (
    MAIN,
    NDCG_10,
    *(
        ScoreRule(id=name, how="mean", metrics=(name,), description=f"{name}, 0..1.")
        for name in ("recall_at_10", "mrr_at_10", "hit_rate_at_1")
    ),
)
SHOWN = 3
"""Documents that are told of what a model found for a query, and of what is right."""

MOST_QUERIES = 5_000
"""Queries that are listed: the report is one file that a browser opens."""


def compared(task: Task, data: OwnData, evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """The report's content as plain values. The best lexical model is what the others are fused with."""
    resampled = [resampled_scores(task, each.samples[task.id], RULES) for each in evaluations]
    items = [items_of(task, each.samples[task.id], MAIN) for each in evaluations]
    lexical = [number for number, each in enumerate(evaluations) if each.result.spec.source == LEXICAL]
    best = max(lexical, key=lambda number: items[number].score, default=None)
    rankings = [each.rankings[task.id] for each in evaluations]
    models = [
        _model(task, each, scores, None if best in (None, number) or number in lexical else (mine, rankings[best]))  # type: ignore[index]
        for number, (each, scores, mine) in enumerate(zip(evaluations, resampled, rankings, strict=True))
    ]
    return {
        "counts": {"documents": len(data.documents), "queries": len(items[0].item), "judged": _judged(data)},
        "rules": [rule.id for rule in RULES],
        "models": models,
        "baseline": best,
        "pairs": [_pair(a, b, items, resampled) for a, b in combinations(range(len(evaluations)), 2)],
        **_listed(data, items, rankings),
    }


def _judged(data: OwnData) -> int:
    return sum(len(names) for names in data.relevant.values())


def _model(
    task: Task,
    evaluation: Evaluation,
    resampled: Mapping[str, np.ndarray],
    fused: tuple[Sequence[Found], Sequence[Found]] | None,
) -> dict[str, Any]:
    result = evaluation.result
    metrics, run = result.tasks[task.id].metrics, result.newest_run
    hybrid = hybrids(task, *fused, [MAIN], "rrf").get(MAIN.id) if fused else None
    return {
        "name": result.spec.model,
        "revision": result.spec.revision,
        "lexical": result.spec.source == LEXICAL,
        "precision": result.dtype,
        "device": run.environment.device if run else None,
        "seconds": sum(run.seconds.values()) if run else None,
        "tokens": run.tokens if run else None,
        "dimension": result.model.embedding_dimension,
        "prompts": dict(run.environment.prompts.get(task.id, {})) if run else {},
        "scores": {rule.id: [rule.score(metrics), *percentiles(resampled[rule.id])] for rule in RULES},
        "matryoshka": result.model.matryoshka,
        "curve": _points(evaluation.curves.get(task.id, {}).get(MAIN.id)),
        "hybrid": [hybrid.score, *hybrid.interval, hybrid.gain, *hybrid.gain_interval] if hybrid else None,
    }


def _points(curve: Curve | None) -> list[dict[str, Any]]:
    """The settings of a curve, the largest vectors first; none where there is no curve.

    Of each: what it takes (`bytes` a vector), its score, how that differs from full float32, and its 95 % interval.
    """
    if curve is None:
        return []
    full = curve.points[curve.full]
    told = []
    for setting, values in sorted(curve.points.items(), key=lambda point: (-point[0].bytes, point[0])):
        numbers = (float(values[0]), *change(values, full))
        score, lost, low, high = (round(number, 8) for number in numbers)
        told.append(
            {
                "dimension": setting.dimension,
                "precision": setting.precision,
                "bytes": setting.bytes,
                "score": score,
                "change": [lost, low, high],
                "full": setting == curve.full,
            }
        )
    return told


def _pair(a: int, b: int, items: Sequence[Items], resampled: Sequence[Mapping[str, np.ndarray]]) -> dict[str, Any]:
    """The difference of two models' scores with its paired interval, and the sign test over the queries."""
    test = sign_test(items[a].value - items[b].value)
    return {
        "models": [a, b],
        "difference": items[a].score - items[b].score,
        "interval": list(percentiles(resampled[a][MAIN.id] - resampled[b][MAIN.id])),
        "first": test.first,
        "second": test.second,
        "p": test.p,
    }


def _listed(data: OwnData, items: Sequence[Items], rankings: Sequence[Sequence[Found]]) -> dict[str, Any]:
    """The queries, the hardest first (by the mean over the models), and the texts of the documents that they name."""
    order = np.argsort(np.mean([each.value for each in items], axis=0), kind="stable")[:MOST_QUERIES]
    queries, named = [], set()
    for place in (int(each) for each in order):
        name = items[0].item[place]
        right = list(data.relevant[name])[:SHOWN]
        found = [_found(each[place]) for each in rankings]
        named |= {*right, *(document for each in found for document, _ in each["documents"])}
        values = [round(float(each.value[place]), 6) for each in items]
        queries.append({"id": name, "text": cut(data.queries[name]), "right": right, "values": values, "found": found})
    return {"queries": queries, "documents": {name: cut(data.documents[name]) for name in sorted(named)}}


def _found(found: Found) -> dict[str, Any]:
    seen = len(found.scores)
    hits = np.flatnonzero(found.relevance[:seen] > 0)
    grades = zip(found.documents[:SHOWN], found.relevance[:SHOWN].tolist(), strict=True)
    return {"documents": list(grades)[:seen], "first_right": int(hits[0]) + 1 if len(hits) else None}
