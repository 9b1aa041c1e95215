"""Entries -> the one JSON file that the page's tables are made of in the browser.

Columns, not rows: 10,000 models then compress to a third and parse quickly. The browser computes means, ranks and
filters from it (static/scores.js), by the rules of `leaderboard_data.board`; a browser test holds the two together.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from evaluator.evidence.compressing import PRECISIONS
from evaluator.suite import SUITES, Suite
from leaderboard_data.board import candidates, means, preference
from leaderboard_data.curves import CurveCell
from leaderboard_data.entry import ORIGINS, Entry
from leaderboard_data.hybrids import HybridCell
from leaderboard_data.licenses import COMMERCIAL_USE
from leaderboard_data.significance import Evidence
from leaderboard_data.training import STATES


def page_data(
    entries: Sequence[Entry],
    revision: str,
    suite: Suite,
    evidence: Evidence | None = None,
    hybrids: Iterable[HybridCell] = (),
    curves: Iterable[CurveCell] = (),
) -> bytes:
    """The file's content: UTF-8 JSON. Scores and intervals are in percent; `revision` is the results store's.

    `commercial`: the licences that allow commercial use (`leaderboard_data.licenses`), in small letters.
    `suite` describes itself: categories, tasks, weights, averages, views and their titles are known from there alone.

    Entries come in the order of preference, so that the first of a model is the one to list. What only few entries
    have (intervals, failures, the published board's own means) is by row number. `training`: what models have seen
    (`leaderboard_data.training`) as a letter a task, with the percentage unseen: the few that there are, and which of
    them is each row's. `kinds`: of the rows of other than dense models their kind, and the numbers of the tasks
    that are not applicable to it.
    `hybrids`: what each row's fusion with a lexical model scores, by task or category. `costs`: what Korean costs a
    row, and on which device. `curves`: what a row scores with smaller vectors, by task, category or average.
    """
    listed = sorted(
        candidates(entries, ORIGINS, suite), key=lambda entry: (preference(entry), entry.name), reverse=True
    )
    data = {
        "revision": revision,
        "suite": {**suite.description(), "titles": suite.titles()},
        "suites": [{"id": each.id, "title": {"ko": each.title.ko, "en": each.title.en}} for each in SUITES.values()],
        "origins": ORIGINS,
        "states": STATES,
        "precisions": PRECISIONS,
        "commercial": sorted(COMMERCIAL_USE),
        "entries": {
            **_facts(listed),
            **_scores(listed, suite),
            **_evidence(listed, evidence),
            "training": _training(listed),
            "kinds": {
                row: [entry.kind, sorted(entry.not_applicable)]
                for row, entry in enumerate(listed)
                if entry.kind != "dense"
            },
            "hybrids": _hybrids(listed, suite, hybrids),
            "costs": {row: costs for row, entry in enumerate(listed) if (costs := _costs(entry))},
            "curves": _curves(listed, suite, curves),
        },
    }
    return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)


def _facts(listed: Sequence[Entry]) -> dict[str, list[Any]]:
    return {
        "model": [entry.model for entry in listed],
        "name": [None if entry.name == entry.model else entry.name for entry in listed],
        "spec": [entry.spec_id[:8] for entry in listed],
        "local": [int(entry.local) for entry in listed],
        "origin": [ORIGINS.index(entry.origin) for entry in listed],
        "precision": [entry.precision for entry in listed],
        "at": [entry.at and entry.at[:10] for entry in listed],
        "parameters": [entry.parameters for entry in listed],
        "dimension": [entry.embedding_dimension for entry in listed],
        "max_tokens": [entry.max_tokens for entry in listed],
        "license": [entry.license for entry in listed],
        "llm": [None if entry.llm_based is None else int(entry.llm_based) for entry in listed],
        "open": [None if entry.open_weights is None else int(entry.open_weights) for entry in listed],
        "speed": [entry.tokens_per_second for entry in listed],
        "matryoshka": [None if entry.matryoshka is None else int(entry.matryoshka) for entry in listed],
    }


def _scores(listed: Sequence[Entry], suite: Suite) -> dict[str, Any]:
    numbered = list(enumerate(listed))
    tasks = range(len(suite.task_ids))
    with_interval = [(row, entry) for row, entry in numbered if any(cell.low is not None for cell in entry.cells)]
    return {
        "scores": [[_percent(entry.cells[task].score) for entry in listed] for task in tasks],
        "low": {row: [_percent(cell.low) for cell in entry.cells] for row, entry in with_interval},
        "high": {row: [_percent(cell.high) for cell in entry.cells] for row, entry in with_interval},
        "failures": {
            row: failures
            for row, entry in numbered
            if (failures := {task: cell.failure for task, cell in enumerate(entry.cells) if cell.failure})
        },
        "odd": {
            row: odd
            for row, entry in numbered
            if (odd := {task: cell.odd for task, cell in enumerate(entry.cells) if cell.odd})
        },
        "doubts": {row: entry.doubts.split(",") for row, entry in numbered if entry.doubts},
        "means": {
            row: [_percent(value) for value in (*of_category.values(), overall)]
            for row, entry in numbered
            if entry.origin == "published"
            for of_category, overall in [means(entry, suite)]
        },
    }


def _hybrids(listed: Sequence[Entry], suite: Suite, cells: Iterable[HybridCell]) -> dict[int, dict[str, Any]]:
    """Row -> id of a task or category -> the lexical model (`with`); by method score, gain and its interval's ends."""
    row_of = {(entry.path, entry.spec_id): row for row, entry in enumerate(listed) if entry.origin == "measured"}
    models = {entry.model for entry in listed}
    found: dict[int, dict[str, Any]] = {}
    for cell in cells:
        row = row_of.get((cell.path, cell.spec_id))
        if cell.suite == suite.id and row is not None and cell.baseline in models:
            numbers = (cell.score, cell.gain, cell.gain_low, cell.gain_high)
            of_item = found.setdefault(row, {}).setdefault(cell.item, {"with": cell.baseline})
            of_item[cell.method] = [_percent(number) for number in numbers]
    return found


def _costs(entry: Entry) -> dict[str, Any]:
    """What is known of a row's costs; `cut` is in percent, a share a task, in the suite's order."""
    cut = [_percent(cell.cut) for cell in entry.cells]
    told = {
        "device": entry.device,
        "tokens": entry.syllable_tokens,
        "unknown": _percent(entry.unknown_tokens),
        "seconds": entry.suite_seconds,
        "peak": entry.peak_bytes,
        "cut": cut if any(share is not None for share in cut) else None,
    }
    known = {name: value for name, value in told.items() if value is not None}
    return known if set(known) - {"device"} or entry.tokens_per_second is not None else {}


def _curves(listed: Sequence[Entry], suite: Suite, cells: Iterable[CurveCell]) -> dict[int, dict[str, list[Any]]]:
    """Row -> id of a task, a category or an average -> [dimension, number of the precision, score, change, the ends of
    its interval], the larger vectors first."""
    row_of = {(entry.path, entry.spec_id): row for row, entry in enumerate(listed) if entry.origin == "measured"}
    found: dict[int, dict[str, list[Any]]] = {}
    for cell in sorted(cells, key=lambda cell: (-cell.dimension, PRECISIONS.index(cell.precision))):  # type: ignore[arg-type]
        row = row_of.get((cell.path, cell.spec_id))
        if cell.suite == suite.id and row is not None:
            numbers = (cell.score, cell.change, cell.low, cell.high)
            point = [cell.dimension, PRECISIONS.index(cell.precision), *map(_percent, numbers)]  # type: ignore[arg-type]
            found.setdefault(row, {}).setdefault(cell.item, []).append(point)
    return found


def _training(listed: Sequence[Entry]) -> dict[str, list[Any]]:
    number: dict[tuple[str, int | None], int] = {}
    of = [number.setdefault((entry.seen, entry.zero_shot), len(number)) for entry in listed]
    return {"seen": [seen for seen, _ in number], "zero_shot": [percentage for _, percentage in number], "of": of}


def _evidence(listed: Sequence[Entry], evidence: Evidence | None) -> dict[str, Mapping[Any, Any]]:
    """Intervals of the means, and for each view and row the best and the worst row that it is not different from."""
    row_of = {entry.key: row for row, entry in enumerate(listed)}
    evidence = evidence or Evidence()
    return {
        "mean_intervals": {
            row: [None if pair is None else [_percent(end) for end in pair] for pair in entry.mean_intervals]
            for row, entry in enumerate(listed)
            if entry.mean_intervals
        },
        "ties": {
            view: {row_of[key]: [row_of[best], row_of[worst]] for key, (best, worst) in ties.items() if key in row_of}
            for view, ties in evidence.ties.items()
        },
    }


def _percent(score: float | None) -> float | None:
    return None if score is None else round(score * 100, 6) + 0.0
