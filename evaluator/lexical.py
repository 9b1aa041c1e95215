"""A lexical model x tasks -> ModelResult: read, index each corpus, rank, score. Nothing is encoded."""

import platform
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from evaluator.errors import EvaluationError
from evaluator.evidence.bootstrap import SEED
from evaluator.evidence.environment import code_digest, device_name, project_commit, versions_of
from evaluator.evidence.rankings import Found, ranked_samples
from evaluator.kinds import Samples, ranking_kind_of
from evaluator.merging import after, applicable
from evaluator.model.lexical import Lexical, lexical_of
from evaluator.progress import Clock, Progress, Silent
from evaluator.records import MEASURED_BY, Environment, ModelInfo, ModelResult, Origin, Run, TaskFailure, TaskScore
from evaluator.run import Evaluation, Evidence, ReadTask, all_failed, read_tasks, score_task
from evaluator.scores import first_score
from evaluator.spec import ModelSpec
from evaluator.task import Task

LIBRARIES = ("numpy", "scipy", "datasets")
"""Libraries that the numbers depend on, besides those that are part of the model's commit."""


def evaluate_lexical(
    spec: ModelSpec,
    tasks: Sequence[Task],
    *,
    datasets: Path | None,
    keep_duplicates: bool = False,
    progress: Progress | None = None,
    onto: ModelResult | None = None,
    not_fetched: Mapping[str, TaskFailure] | None = None,
) -> Evaluation:
    """Evaluate a lexical model on those of the tasks that are applicable to it, in one run.

    The arguments are those of `evaluator.run.evaluate`. The result holds no other task: they are not applicable.

    Raises:
        EvaluationError: as `evaluator.model.lexical.lexical_of`; load_failed, none of the tasks is applicable; or every
            task failed, with the first one's class.
    """
    from evaluator.data import is_other
    from evaluator.model.loading import quiet_libraries

    tell = progress if progress is not None else Silent()
    clock = Clock(tell)
    model = lexical_of(spec)
    wanted = applicable(spec, tasks)
    if not wanted:
        raise EvaluationError("load_failed", f"{spec.model} ranks documents: no other task is applicable to it.")
    missing = not_fetched or {}
    scores = {t.id: TaskScore(error=missing[t.id], version=t.version) for t in wanted if t.id in missing}
    evidence = Evidence()
    with tempfile.TemporaryDirectory(prefix="evaluation-") as temporary:
        with clock.phase("data"), quiet_libraries():
            there = [task for task in wanted if task.id not in missing]
            read = list(read_tasks(there, datasets, Path(temporary, "data"), keep_duplicates, scores, tell))
        with clock.phase("score"):
            for entry in read:
                tell.phase("score", entry.task.id)
                scores[entry.task.id] = score_task(entry, partial(_samples, entry, model), evidence)
                tell.task(entry.task.id, first_score(entry.task.id, scores[entry.task.id]))
    if all(score.error is not None for score in scores.values()):
        raise all_failed(scores)
    other_data = any(is_other(task, scores[task.id].data, local=datasets is not None) for task in wanted)
    run = Run(
        environment=Environment(
            versions={"python": platform.python_version(), **versions_of(LIBRARIES), **model.libraries},
            device=device_name("cpu"),
            loader="lexical",
            similarity="bm25",
            seed=SEED,
            warnings=("other_data",) if other_data else (),
        ),
        seconds=clock.seconds,
        at=after(onto),
        code=code_digest(),
        commit=project_commit(),
    )
    result = ModelResult(
        spec=spec,
        model=ModelInfo(architecture="BM25", open_weights=True),
        keep_duplicates=keep_duplicates,
        tasks={task.id: scores[task.id].model_copy(update={"run": run.id}) for task in wanted},
        runs={run.id: run},
        origin=Origin(kind="measured", by=MEASURED_BY),
    )
    return Evaluation(result, evidence.samples, 0, evidence.rankings)


def _samples(entry: ReadTask, model: Lexical) -> tuple[Samples, Sequence[Found] | None]:
    """A task's samples, and what was found: its documents are indexed, and its queries asked."""
    ranks = ranking_kind_of(entry.task)
    assert ranks is not None
    sides = entry.examples.sides
    index = model.index(sides["document"])
    return ranked_samples(entry.examples, ranks.rankings_by(entry.examples, index.scores(sides["query"])))
