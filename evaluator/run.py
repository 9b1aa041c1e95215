"""ModelSpec x tasks -> ModelResult: load, read, encode in one sweep, score."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from evaluator.errors import EvaluationError, TaskError
from evaluator.evidence.curve_file import Curve, Curves
from evaluator.evidence.curves import curves_of
from evaluator.evidence.environment import code_digest, environment_of, project_commit
from evaluator.evidence.rankings import Found, ranked_samples
from evaluator.kinds import Embedded, Examples, Kind, Samples, kind_of, ranking_kind_of
from evaluator.merging import after, applicable
from evaluator.model.conformance import card_example
from evaluator.model.explaining import explanation_of
from evaluator.model.prompts import Prompting
from evaluator.progress import Clock, Progress, Silent
from evaluator.records import MEASURED_BY, DataProvenance, ModelResult, Origin, Run, TaskFailure, TaskScore
from evaluator.scores import first_score
from evaluator.spec import ModelSpec
from evaluator.suite import ScoreRule, rules_of
from evaluator.task import Task

if TYPE_CHECKING:
    from evaluator.model.encoder import Encoder
    from evaluator.sweep.ragged import RaggedRows


@dataclass(frozen=True)
class Evaluation:
    """A result, and by task id the samples behind its scores, the rankings behind these (of tasks that rank), and what
    it scores with smaller vectors (empty where nobody asked).

    `padded_tokens` is what went through the model on the first device, padding included, in this run alone.
    """

    result: ModelResult
    samples: Mapping[str, Samples]
    padded_tokens: int
    rankings: Mapping[str, Sequence[Found]]
    curves: Curves = field(default_factory=dict)


@dataclass(frozen=True)
class ReadTask:
    """A task whose rows are read."""

    task: Task
    kind: Kind
    examples: Examples
    data: DataProvenance


def evaluate(
    spec: ModelSpec,
    tasks: Sequence[Task],
    *,
    datasets: Path | None,
    devices: Sequence[str] = ("cpu",),
    keep_duplicates: bool = False,
    work_dir: Path | None = None,
    progress: Progress | None = None,
    onto: ModelResult | None = None,
    not_fetched: Mapping[str, TaskFailure] | None = None,
    environments: Path | None = None,
    curves: Callable[[str], Sequence[ScoreRule]] | None = None,
) -> Evaluation:
    """Evaluate one model on those of some tasks that are applicable to it, in one run.

    `datasets` is a folder with local copies, None for the Hub. `devices` share the encoding. With `work_dir`, a
    run that was killed goes on where it stopped. A task that fails is in the result with its reason. `onto` is a
    result of the same spec that this run is to be merged into (`evaluator.merging`): a precision that the spec leaves
    open is then the one that it ran in. The result holds this run alone. `not_fetched`: tasks whose rows are known not
    to be there, and why (`evaluator.fetching`). `environments` is where those of recipes are kept, None for the usual
    folder. With `curves`, each task is also scored with smaller vectors (`evaluator.evidence.curves`), by the rules
    that it gives for the task's id: `evaluator.suite.rules_of`, say.

    Raises:
        EvaluationError: the model gives no embeddings; none of the tasks is applicable; or every task failed, with the
            first one's class.
    """
    from evaluator.data import is_other
    from evaluator.model.loading import load_encoder, quiet_libraries
    from evaluator.sweep.whole import encode_all

    tasks = applicable(spec, tasks)
    if not tasks:
        raise EvaluationError("load_failed", f"{spec.model} ranks documents: no other task is applicable to it.")
    tell = progress if progress is not None else Silent()
    clock = Clock(tell)
    with clock.phase("load"), quiet_libraries():
        spec_to_load = _as_before(spec, onto)
        encoder = load_encoder(spec_to_load, devices[0], environments=environments)
        prompting = Prompting(spec, encoder.declared)
        example = card_example(encoder, prompting)
    missing = not_fetched or {}
    scores = {t.id: TaskScore(error=missing[t.id], version=t.version) for t in tasks if t.id in missing}
    evidence = Evidence()
    with tempfile.TemporaryDirectory(prefix="evaluation-") as temporary:
        with clock.phase("data"), quiet_libraries():
            there = [task for task in tasks if task.id not in missing]
            read = list(read_tasks(there, datasets, Path(temporary, "data"), keep_duplicates, scores, tell))
        if not read:
            raise all_failed(scores)
        prompts = {
            entry.task.id: {side: prompting.prompt(entry.task, side) for side in entry.examples.sides} for entry in read
        }
        encode_tasks = {
            entry.task.id: {
                side: named for side in entry.examples.sides if (named := prompting.encode_task(entry.task, side))
            }
            for entry in read
        }
        with clock.phase("encode"):
            folder = work_dir or Path(temporary, "work")
            sides = {entry.task.id: entry.examples.sides for entry in read}
            encoded = encode_all(encoder, spec_to_load, sides, prompts, encode_tasks, devices, folder, tell)
            encoder.close()
        clock.seconds["encode"] = round(clock.seconds["encode"] + encoded.seconds_before, 3)
        with clock.phase("score"):
            for entry in read:
                tell.phase("score", entry.task.id)
                made = partial(_samples, entry, encoded.embedded[entry.task.id], encoder)
                scored = score_task(entry, made, evidence)
                scores[entry.task.id] = scored.model_copy(update=encoded.costs(entry.task.id))
                tell.task(entry.task.id, first_score(entry.task.id, scored))
        if curves is not None and spec.kind == "dense":
            with clock.phase("curves"):
                for entry in read:
                    tell.phase("curves", entry.task.id)
                    vectors = cast("Mapping[str, Embedded]", encoded.embedded[entry.task.id])
                    evidence.keep_curves(entry, vectors, encoder.similarity, curves(entry.task.id))
    if all(score.error is not None for score in scores.values()):
        raise all_failed(scores)
    other_data = any(is_other(task, scores[task.id].data, local=datasets is not None) for task in tasks)
    run = Run(
        environment=environment_of(
            encoder,
            encoded.batch_tokens,
            devices,
            prompts,
            encode_tasks,
            prompting.unused(tasks),
            explanation_of(encoder.loaded.composition, tasks),
            example,
            ["other_data"] if other_data else [],
        ),
        tokens=encoded.tokens if encoder.encoding is None else None,  # its own `encode` counts none
        seconds=clock.seconds,
        at=after(onto),
        code=code_digest(),
        commit=project_commit(),
        korean=encoded.counts.korean if encoded.counts is not None else None,
        **encoded.memory,
    )
    result = ModelResult(
        spec=spec,
        model=encoder.info(),
        keep_duplicates=keep_duplicates,
        tasks={task.id: scores[task.id].model_copy(update={"run": run.id}) for task in tasks},
        runs={run.id: run},
        origin=Origin(kind="measured", by=MEASURED_BY),
    )
    return Evaluation(result, evidence.samples, encoded.padded, evidence.rankings, evidence.curves)


def _as_before(spec: ModelSpec, onto: ModelResult | None) -> ModelSpec:
    """The spec with the precision of an earlier run where it leaves that open: a row has one precision."""
    if onto is None or onto.dtype is None or spec.precision != "auto":
        return spec
    return spec.model_copy(update={"precision": onto.dtype})


def all_failed(scores: Mapping[str, TaskScore]) -> EvaluationError:
    """The error of an evaluation without a single score: the first task's."""
    first = next((score.error for score in scores.values() if score.error is not None), None)
    if first is None:
        return EvaluationError("internal", "There was no task to evaluate.")
    return EvaluationError(first.failure, first.message)


def read_tasks(
    tasks: Sequence[Task],
    datasets: Path | None,
    cache: Path,
    keep_duplicates: bool,
    scores: dict[str, TaskScore],
    tell: Progress,
) -> Iterator[ReadTask]:
    """Read every task's rows; a task that cannot be read is put into `scores` with its reason."""
    from evaluator.data import TaskData, provenance

    for task in tasks:
        tell.phase("data", task.id)
        kind = kind_of(task)
        try:
            examples = kind.read(task, TaskData(task, datasets, cache), keep_duplicates=keep_duplicates)
            data = provenance(task, examples.fingerprint, datasets)
        except TaskError as error:
            scores[task.id] = failed(error, task)
            tell.task(task.id, None)
        else:
            yield ReadTask(task, kind, examples, data)


def failed(error: TaskError, task: Task) -> TaskScore:
    """A task without a score, and why."""
    return TaskScore(
        error=TaskFailure.model_validate({"class": error.failure, "message": error.message}), version=task.version
    )


@dataclass(frozen=True)
class Evidence:
    """What stands behind the scores so far, by task id."""

    samples: dict[str, Samples] = field(default_factory=dict)
    rankings: dict[str, Sequence[Found]] = field(default_factory=dict)
    curves: dict[str, Mapping[str, Curve]] = field(default_factory=dict)

    def keep_curves(
        self, entry: ReadTask, sides: Mapping[str, Embedded], similarity: str, rules: Sequence[ScoreRule]
    ) -> None:
        """Score a task that has samples with smaller vectors too."""
        if (samples := self.samples.get(entry.task.id)) is not None:
            self.curves[entry.task.id] = curves_of(entry.task, entry.examples, sides, similarity, samples, rules)


def _samples(
    entry: ReadTask, sides: "Mapping[str, Embedded | RaggedRows]", encoder: "Encoder"
) -> tuple[Samples, Sequence[Found] | None]:
    """A task's samples from its embeddings, with its rankings where it ranks. `encoder` made these.

    Raises:
        TaskError: bad_embeddings
    """
    from evaluator.sweep.comparing import compared
    from evaluator.sweep.sound import check_embeddings

    for side in sides.values():
        check_embeddings(side)
    ranks = ranking_kind_of(entry.task)
    if ranks is not None and (by := compared(sides, encoder.similarity, encoder.device, encoder.dimension)) is not None:
        return ranked_samples(entry.examples, ranks.rankings_of(entry.examples, by))
    vectors = cast("Mapping[str, Embedded]", sides)
    if ranks is None:
        return entry.kind.samples(entry.examples, vectors, encoder.similarity), None
    return ranked_samples(entry.examples, ranks.rankings(entry.examples, vectors, encoder.similarity))


def score_task(
    entry: ReadTask, make: Callable[[], tuple[Samples, Sequence[Found] | None]], evidence: Evidence
) -> TaskScore:
    """A task's metrics from the samples that `make` gives, which go into `evidence`; or why it has none."""
    from evaluator.evidence.bootstrap import percentiles, resampled_scores

    started = time.perf_counter()
    try:
        samples, rankings = make()
        metrics = entry.kind.metrics(samples)
    except TaskError as error:
        return failed(error, entry.task)
    evidence.samples[entry.task.id] = samples
    if rankings is not None:
        evidence.rankings[entry.task.id] = rankings
    resampled = resampled_scores(entry.task, samples, rules_of(entry.task.id))
    return TaskScore(
        metrics=metrics,
        n=entry.examples.n,
        removed=dict(entry.examples.removed),
        intervals95={rule_id: percentiles(values) for rule_id, values in resampled.items()},
        data=entry.data,
        version=entry.task.version,
        seconds=round(time.perf_counter() - started, 3),
    )
