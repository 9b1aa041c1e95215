"""What an evaluation needs from the Hub and from PyPI, fetched before it begins.

No code of a model runs here, so this may use the network and the token that reads models.
The evaluation afterwards finds the model in the Hub's cache, the rows in the cache of `datasets` and the environment of
its recipe, offline.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from evaluator.errors import TaskError
from evaluator.kinds import kind_of
from evaluator.model.lexical import lexical_of
from evaluator.model.recipes import environments_folder, recipe_of
from evaluator.progress import Progress
from evaluator.records import TaskFailure
from evaluator.spec import LEXICAL, ModelSpec
from evaluator.task import Task


def fetch_all(
    spec: ModelSpec,
    tasks: Sequence[Task],
    *,
    datasets: Path | None,
    models: Path | None,
    max_bytes: int | None,
    progress: Progress,
    environments: Path | None = None,
) -> dict[str, TaskFailure]:
    """Fetch a model into `models` (None: the usual cache) and the tasks' rows; task id -> why its rows are not there.

    A model with a recipe gets its environment, built in `environments` (None: the usual folder).

    Raises:
        EvaluationError: there is no model, or no room for it (`evaluator.model.download.fetch`), or no environment
            (`evaluator.model.recipes.environments.build`).
    """
    from evaluator.data import TaskData
    from evaluator.model.loading import quiet_libraries
    from evaluator.model.parts import fetched
    from evaluator.model.recipes.environments import build

    recipe = recipe_of(spec) if spec.source != LEXICAL else None
    with quiet_libraries():
        progress.phase("load")
        if spec.source == LEXICAL:
            lexical_of(spec)
        else:
            fetched(spec, cache=models, max_bytes=max_bytes)
        if recipe is not None:
            build(recipe, environments or environments_folder())
        failed: dict[str, TaskFailure] = {}
        for task in tasks if datasets is None else ():
            progress.phase("data", task.id)
            try:
                kind_of(task).read(task, TaskData(task, None), keep_duplicates=False)
            except TaskError as error:
                failed[task.id] = TaskFailure.model_validate({"class": error.failure, "message": error.message})
        return failed


def dump_failures(failed: Mapping[str, TaskFailure]) -> str:
    """As JSON: task id -> failure."""
    return json.dumps({task: failure.model_dump(mode="json", by_alias=True) for task, failure in failed.items()})


def load_failures(path: Path) -> dict[str, TaskFailure]:
    """What `dump_failures` wrote."""
    return {task: TaskFailure.model_validate(each) for task, each in json.loads(path.read_text("utf-8")).items()}
