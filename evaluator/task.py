"""What a task is, and the discovery of those in `evaluator/tasks/`."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Literal

TaskType = Literal["STS", "PairClassification", "Clustering", "Retrieval"]
"""MTEB's names of the task types; prompts are looked up by them."""


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A data set on the Hub, pinned to a commit.

    `splits` are read and joined in this order. `fingerprint` is the SHA-256 of the rows the task uses (as
    `evaluator.data` computes it); data with another fingerprint is refused. None: not pinned yet, and the result
    says which fingerprint it saw. `copy_fingerprint` is that of a local copy which is known to differ from the Hub:
    it is accepted with `--datasets` only.
    """

    path: str
    revision: str
    splits: tuple[str, ...]
    config: str | None = None
    fingerprint: str | None = None
    copy_fingerprint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """One column of the leaderboard.

    `id` is MTEB's name of the task, `column` what the board prints above it. `kind` names the module in
    `evaluator/kinds/` that turns rows into texts and embeddings into metrics. `fields` maps the kind's field names
    to the data set's columns (a dot reaches into a struct). `labels` maps the data set's labels to the kind's;
    rows with any other label are left out.
    """

    id: str
    column: str
    kind: str
    type: TaskType
    data: DataSource
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))
        if self.labels is not None:
            object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))


@cache
def discovered_tasks() -> Mapping[str, Task]:
    """Every `TASK` of the modules in `evaluator/tasks/`, by id, in the order of the ids.

    Raises:
        ValueError: two modules give the same id, or one has no `TASK`.
    """
    from evaluator import tasks

    found: dict[str, Task] = {}
    for module_info in sorted(pkgutil.iter_modules(tasks.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{tasks.__name__}.{module_info.name}")
        task = getattr(module, "TASK", None)
        if not isinstance(task, Task):
            raise ValueError(f"evaluator/tasks/{module_info.name}.py has no TASK = Task(...)")
        if task.id in found:
            raise ValueError(f"task id {task.id!r} is given twice; rename the one in {module_info.name}.py")
        found[task.id] = task
    return MappingProxyType(dict(sorted(found.items())))
