"""What a model's author may put on its card: a badge, and the results in the two forms that the Hub reads."""

from html import escape
from typing import Any

import yaml

from evaluator.records import percent
from evaluator.suite import Suite
from leaderboard_data.entry import Entry

BOARD_NAME = "Korean embedding leaderboard"

_METRIC = {"max_ap_of_five": "max_ap", "ndcg_at_5_and_10": "mean_ndcg_at_5_10"}
"""How the metric of a rule is named on a card, where that is not the rule's id."""

_HUB_TASK = {
    "STS": "sentence-similarity",
    "PairClassification": "text-classification",
    "Classification": "text-classification",
    "Clustering": "feature-extraction",
    "Reranking": "text-ranking",
    "BitextMining": "sentence-similarity",
    "Retrieval": "text-retrieval",
}


def _percent(score: float) -> float:
    return float(percent(score))


def model_index(entry: Entry, address: str, suite: Suite) -> str:
    """The `model-index` of a model card's front matter (huggingface.co/docs/hub/model-cards), as YAML."""
    results: list[dict[str, Any]] = [
        {
            "task": {"type": _HUB_TASK[task.type], "name": task.type},
            "dataset": {
                "type": task.data.path,
                "name": task.id,
                **({"config": task.data.config} if task.data.config else {}),
                "split": "+".join(task.data.splits),
                "revision": task.data.revision,
            },
            "metrics": [{"type": _METRIC.get(rule.id, rule.id), "value": _percent(cell.score)}],
            "source": {"name": BOARD_NAME, "url": address},
        }
        for task, rule, cell in zip(suite.tasks, suite.rules.values(), entry.cells, strict=True)
        if cell.score is not None
    ]
    return _yaml({"model-index": [{"name": entry.model.rpartition("/")[2], "results": results}]})


def eval_results(entry: Entry, address: str, suite: Suite) -> str:
    """A file for the repository's `.eval_results/` (huggingface.co/docs/hub/eval-results), as YAML."""
    results = [
        {
            "dataset": {"id": task.data.path, "task_id": task.id, "revision": task.data.revision},
            "value": _percent(cell.score),
            **({"date": entry.at[:10]} if entry.at else {}),
            "source": {"url": address, "name": BOARD_NAME},
        }
        for task, cell in zip(suite.tasks, entry.cells, strict=True)
        if cell.score is not None
    ]
    return _yaml(results)


def _yaml(content: object) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)


def badge(rank: int | None, average: float | None) -> str:
    """An SVG of 20 pixels' height: the board's name, rank and average."""
    right = "–" if average is None else percent(average)
    if rank is not None:
        right = f"#{rank} · {right}"
    left = "Ko Embedding"
    widths = [7 * len(left) + 12, 7 * len(right) + 12]
    title = escape(f"{left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sum(widths)}" height="20" role="img" aria-label="{title}">'
        f'<title>{title}</title><rect width="{sum(widths)}" height="20" rx="3" fill="#1f2937"/>'
        f'<rect x="{widths[0]}" width="{widths[1]}" height="20" rx="3" fill="#c2410c"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{widths[0] / 2}" y="14">{escape(left)}</text>'
        f'<text x="{widths[0] + widths[1] / 2}" y="14">{escape(right)}</text></g></svg>'
    )
