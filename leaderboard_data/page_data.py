"""Entries -> the one JSON file that the page's tables are made of in the browser.

Columns, not rows: 10,000 models then compress to a third and parse quickly. The browser computes means, ranks and
filters from it (static/scores.js), by the rules of `leaderboard_data.board`; a browser test holds the two together.
"""

import json
from collections.abc import Sequence

from evaluator.suite import KO_V1, Suite
from leaderboard_data.board import comparable, means, preference
from leaderboard_data.entry import ORIGINS, Entry


def page_data(entries: Sequence[Entry], revision: str, suite: Suite = KO_V1) -> bytes:
    """The file's content: UTF-8 JSON. Scores are in percent; `revision` is that of the results store.

    Entries come in the order of preference, so that the first of a model is the one to list.
    """
    listed = sorted(filter(comparable(suite), entries), key=lambda entry: (preference(entry), entry.name), reverse=True)
    data = {
        "revision": revision,
        "suite": suite.id,
        "origins": ORIGINS,
        "categories": [{"id": category.id, "label": category.label} for category in suite.categories],
        "tasks": [
            {"id": task_id, "column": suite.task(task_id).column, "category": category.id}
            for category in suite.categories
            for task_id in category.task_ids
        ],
        "entries": {
            "model": [entry.model for entry in listed],
            "name": [None if entry.name == entry.model else entry.name for entry in listed],
            "spec": [entry.spec_id[:8] for entry in listed],
            "local": [int(entry.local) for entry in listed],
            "origin": [ORIGINS.index(entry.origin) for entry in listed],
            "precision": [entry.precision for entry in listed],
            "scores": [
                [_percent(entry.cells[number].score) for entry in listed] for number in range(len(suite.task_ids))
            ],
            "means": {
                number: [_percent(value) for value in (*of_category.values(), overall)]
                for number, entry in enumerate(listed)
                if entry.origin == "published"
                for of_category, overall in [means(entry, suite)]
            },
        },
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _percent(score: float | None) -> float | None:
    return None if score is None else round(score * 100, 6)
