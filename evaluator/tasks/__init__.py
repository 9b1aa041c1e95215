"""One module a task; each holds only `TASK = Task(...)`. See docs/adding-a-task.md."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from evaluator.task import Task


@cache
def discovered_tasks() -> Mapping[str, Task]:
    """Every `TASK` of the modules in `evaluator/tasks/`, by id, in the order of the ids.

    Raises:
        ValueError: two modules give the same id, or one has no `TASK`.
    """
    found: dict[str, Task] = {}
    for module_info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        task = getattr(module, "TASK", None)
        if not isinstance(task, Task):
            raise ValueError(f"evaluator/tasks/{module_info.name}.py has no TASK = Task(...)")
        if task.id in found:
            raise ValueError(f"task id {task.id!r} is given twice; rename the one in {module_info.name}.py")
        found[task.id] = task
    return MappingProxyType(dict(sorted(found.items())))
