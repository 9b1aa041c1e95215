"""What an honest evaluation leaves: small samples of every task, and the metrics that follow from them.

The metrics lie in `honest.json` beside this module, so that a test's child needs no scipy for them. After a change of
the samples: `python -m tests.runner.honest` writes them again.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from evaluator.kinds import Samples, kind_of, shape_of
from evaluator.records import DataProvenance, TaskScore
from evaluator.tasks import discovered_tasks

FILE = Path(__file__).with_suffix(".json")
QUALITIES = {"KLUE-STS": 0.5, "KorSTS": 0.625, "STS17": 0.75}
"""How closely the samples follow the truth; those of the tasks that are not here by a half."""


def honest_samples(task_id: str) -> Samples:
    """Samples of one task: a few dozen rows with its kind's columns."""
    shape = shape_of(discovered_tasks()[task_id])
    rows = shape.items or 40
    chance = np.modf(np.arange(1, rows + 1) * 0.6180339887)[0]
    truth = np.modf(np.arange(1, rows + 1) * 0.4142135623)[0]
    quality = QUALITIES.get(task_id, 0.5)
    found = np.round(quality * truth + (1 - quality) * chance, 6)
    item = np.array([str(number) for number in range(rows)], dtype=object)
    if "gold" not in shape.columns:
        return {"item": item, **dict.fromkeys(sorted(shape.columns), found)}
    gold = np.round(truth * 5, 2) if discovered_tasks()[task_id].kind == "sts" else (truth > 0.5).astype(np.float64)
    return {"item": item, "gold": gold, **dict.fromkeys(sorted(shape.columns - {"gold"}), found)}


@cache
def _metrics() -> dict[str, dict[str, float]]:
    metrics: dict[str, dict[str, float]] = json.loads(FILE.read_text())
    return metrics


def honest_score(task_id: str) -> TaskScore:
    """What the evaluator would say of these samples."""
    task = discovered_tasks()[task_id]
    data = DataProvenance(
        path=task.data.path,
        config=task.data.config,
        split="+".join(task.data.splits),
        revision=task.data.revision,
        fingerprint=task.data.fingerprint or "0" * 64,
    )
    return TaskScore(metrics=_metrics()[task_id], n=40, data=data, version=task.version)


def metrics_anew() -> dict[str, dict[str, float]]:
    """The content of the file, computed."""
    return {task_id: kind_of(task).metrics(honest_samples(task_id)) for task_id, task in discovered_tasks().items()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(metrics_anew(), indent=1) + "\n")
