"""What the page of a task, and the explorer of its items, tell: plain values of texts, samples and rankings. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from evaluator.evidence.items import Items
from evaluator.evidence.rankings import Found
from evaluator.evidence.signs import sign_test
from evaluator.evidence.texts import Text, Texts, may_be_shown, relevant_ids
from evaluator.kinds import Samples
from evaluator.suite import SUITES, ScoreRule
from evaluator.task import Task
from leaderboard_data.inside import Difficulty, hardest

EXAMPLES = 10
HARDEST = 10
SUSPECTS = 30
PAGE = 10
FOUND = 3
"""Documents that are told of what was found."""


@dataclass(frozen=True)
class Looked:
    """One model's items of a task, with the samples and, of a task that ranks, the rankings by query behind them."""

    items: Items
    samples: Samples
    rankings: Mapping[str, Found]


def task_told(task: Task, rule: ScoreRule | None) -> dict[str, Any]:
    """What is known of a task itself. `rule`: that of the suite it is seen through."""
    facts = task.facts
    return {
        "id": task.id,
        "column": task.column,
        "type": task.type,
        "suites": [suite.id for suite in SUITES.values() if task.id in suite.rules],
        "rule": rule.id if rule else None,
        "score": rule.description if rule else None,
        "part": part_of(task),
        "dataset": task.data.path,
        "config": task.data.config,
        "splits": list(task.data.splits),
        "revision": task.data.revision,
        "on_request": task.on_request,
        "licence": facts.licence if facts else None,
        "written": facts.written if facts else None,
        "citation": facts.citation if facts else None,
        "note": {"ko": facts.note_ko, "en": facts.note} if facts else {},
        "shown": may_be_shown(task),
    }


def part_of(task: Task) -> str:
    """What a task's items are, by the name that its texts have (`evaluator.evidence.texts.Part`)."""
    if task.kind in ("retrieval", "reranking"):
        return "query"
    return "text" if task.kind in ("classification", "clustering") else "pair"


def examples_told(texts: Texts) -> list[dict[str, Any]]:
    """Ten items, spread evenly over the data."""
    items = list(texts.items)
    places = sorted({int(place) for place in np.linspace(0, len(items) - 1, min(EXAMPLES, len(items)))})
    return [item_told(items[place], texts) for place in places]


def item_told(item: str, texts: Texts | None) -> dict[str, Any]:
    """An item: its texts, its gold value, and of a query the documents that are right. Texts are None where unknown."""
    known = texts.items.get(item) if texts else None
    if known is None or texts is None:
        return {"item": item, "text": None, "other": None, "gold": None, "right": []}
    told: dict[str, Any] = {"item": item, "text": known.text, "other": known.other, "gold": known.gold, "right": []}
    if known.part != "query":
        return told
    right = [document_told(name, texts) for name in relevant_ids(known)[:FOUND]]
    return {**told, "gold": None, "right": right}


def document_told(name: str, texts: Texts | None) -> dict[str, Any]:
    """A document: its id, and its text where that is known."""
    known: Text | None = texts.documents.get(name) if texts else None
    return {"id": name, "text": known.text if known else None}


def difficulty_told(found: Difficulty | None, texts: Texts | None) -> dict[str, Any]:
    """The hardest items and the suspect ones, and of how many models that is."""
    if found is None:
        return {"models": 0, "good": 0, "hardest": [], "suspects": []}

    def told(place: int) -> dict[str, Any]:
        numbers = {"value": float(found.value[place]), "wrong": int(found.wrong[place])}
        return {**item_told(found.item[place], texts), **numbers}

    order = hardest(found)
    suspects = [place for place in order if found.suspect[place]]
    return {
        "models": found.models,
        "good": found.good,
        "hardest": [told(place) for place in order[:HARDEST]],
        "suspects": [told(place) for place in suspects[:SUSPECTS]],
        "suspected": len(suspects),
    }


def explored(
    task: Task, looked: Sequence[Looked], texts: Texts | None, *, order: str = "first", page: int = 0
) -> dict[str, Any]:
    """One page of a task's items as one model or two did them.

    Of one model the items come by value, the worst first (`order` "first"), or the best first ("second"). Of two, those
    that the first does better than the second come by the difference, the largest first; with `order` "second" those
    that the second does better. Each row has every model's `values`, `parts` and its `weight`: over all pages (of two
    models: of both orders, and the items that both do equally well) they make the scores.

    Raises:
        ValueError: the models were scored on different items, or there is no such page.
    """
    first = looked[0].items
    if any(each.items.item != first.item for each in looked):
        raise ValueError("these models were scored on different data")
    if len(looked) == 1:
        sign, values = None, first.value
        places = np.argsort(values if order == "first" else -values, kind="stable")
    else:
        differences = looked[0].items.value - looked[1].items.value
        test = sign_test(differences)
        sign = {"first": test.first, "second": test.second, "p": test.p}
        signed = differences if order == "first" else -differences
        places = np.argsort(-signed, kind="stable")[: test.first if order == "first" else test.second]
    pages = max(1, ceil(len(places) / PAGE))
    if not 0 <= page < pages:
        raise ValueError(f"there is no page {page}; the pages: 0 to {pages - 1}")
    listed = [int(place) for place in places[page * PAGE : (page + 1) * PAGE]]
    names = _label_names(looked[0].samples, texts)
    return {
        "scores": [each.items.score for each in looked],
        "items": len(first.item),
        "listed": len(places),
        "pages": pages,
        "page": page,
        "sign": sign,
        "rows": [
            {
                **item_told(first.item[place], texts),
                "values": [float(each.items.value[place]) for each in looked],
                "parts": [float(each.items.part[place]) for each in looked],
                "weight": float(first.weight[place]),
                "found": [_found(task, each, place, texts, names) for each in looked],
            }
            for place in listed
        ],
    }


def _label_names(samples: Samples, texts: Texts | None) -> dict[int, str]:
    """The labels' names by their numbers, as far as the scored texts have them."""
    if texts is None or "gold" not in samples:
        return {}
    golds = zip(samples["item"], samples["gold"], strict=True)
    named = {int(gold): texts.items[str(item)].gold for item, gold in golds if str(item) in texts.items}
    return {number: name for number, name in named.items() if name is not None}


def _found(
    task: Task, looked: Looked, place: int, texts: Texts | None, names: Mapping[int, str]
) -> dict[str, Any] | None:
    """What a model made of an item instead of, or as, what is right; None where that is not stored."""
    samples, item = looked.samples, looked.items.item[place]
    if item in looked.rankings:
        ranking = looked.rankings[item]
        shown = [
            {**document_told(name, texts), "relevance": int(relevance)}
            for name, relevance in zip(ranking.documents[:FOUND], ranking.relevance[:FOUND], strict=False)
        ][: len(ranking.scores)]
        hits = np.flatnonzero(ranking.relevance[: len(ranking.scores)] > 0)
        return {"documents": shown, "first_right": int(hits[0]) + 1 if len(hits) else None, "seen": len(ranking.scores)}
    if "similarity" in samples:
        similarity = samples["similarity"]
        above = int((similarity > similarity[place]).sum())
        return {"similarity": float(similarity[place]), "place": above + 1, "of": len(similarity)}
    if "chosen" in samples:
        chosen = texts.items.get(str(int(samples["chosen"][place]))) if texts else None
        return {"text": chosen.other if chosen else None, "item": str(int(samples["chosen"][place]))}
    if "cluster" in samples:
        together = np.rint(samples["gold"][samples["cluster"] == samples["cluster"][place]]).astype(np.int64)
        return {"label": _named(int(np.bincount(together).argmax()), names)}
    predicted = [name for name in samples if name.startswith("predicted_")]
    if task.kind == "classification" and predicted:
        labels = np.rint([samples[name][place] for name in predicted]).astype(np.int64)
        most = int(np.bincount(labels).argmax())
        return {"label": _named(most, names), "times": int((labels == most).sum()), "of": len(labels)}
    return None


def _named(number: int, names: Mapping[int, str]) -> str:
    return names.get(number, str(number))
