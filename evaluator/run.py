"""ModelSpec x tasks -> ModelResult: load, read, encode in one sweep, score."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.environment import environment_of, quiet_libraries, versions
from evaluator.errors import EvaluationError, TaskError
from evaluator.kinds import Embedded, Examples, Kind, Samples, kind_of
from evaluator.progress import Phase, Progress, Silent
from evaluator.prompts import prompt_for
from evaluator.records import DataProvenance, ModelResult, Origin, TaskFailure, TaskScore, now
from evaluator.spec import ModelSpec
from evaluator.suite import KO_V1, SCORE_RULES, Suite
from evaluator.task import Task

if TYPE_CHECKING:
    import numpy as np

    from evaluator.encoder import Encoder

MEASURED_BY = "this leaderboard"


@dataclass(frozen=True)
class Evaluation:
    """A result and the samples behind its scores, by task id.

    `padded_tokens` is what went through the model on the first device, padding included, in this run alone.
    """

    result: ModelResult
    samples: Mapping[str, Samples]
    padded_tokens: int


@dataclass(frozen=True)
class _Read:
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
    suite: Suite = KO_V1,
    submission: str | None = None,
) -> Evaluation:
    """Evaluate one model on some tasks of a suite.

    `datasets` is a folder with local copies, None for the Hub. `devices` share the encoding. With `work_dir`, a
    run that was killed goes on where it stopped. A task that fails is in the result with its reason.

    Raises:
        EvaluationError: the model gives no embeddings; or every task failed, with the first one's class.
    """
    from evaluator.bootstrap import mean_intervals95
    from evaluator.loading import load_encoder

    tell = progress if progress is not None else Silent()
    clock = _Clock(tell)
    with clock.phase("load"), quiet_libraries():
        encoder = load_encoder(spec, devices[0])
    scores: dict[str, TaskScore] = {}
    samples: dict[str, Samples] = {}
    with tempfile.TemporaryDirectory(prefix="evaluation-") as temporary:
        with clock.phase("data"), quiet_libraries():
            read = list(_read_tasks(tasks, datasets, Path(temporary, "data"), keep_duplicates, scores, tell))
        if not read:
            raise _all_failed(scores)
        prompts = {entry.task.id: _prompts(spec, encoder, entry) for entry in read}
        with clock.phase("encode"):
            encoded = _encode(encoder, spec, read, prompts, devices, work_dir or Path(temporary, "work"), tell)
        clock.seconds["encode"] = round(clock.seconds["encode"] + encoded.seconds_before, 3)
        resampled: dict[str, np.ndarray] = {}
        with clock.phase("score"):
            for entry in read:
                tell.phase("score", entry.task.id)
                scored = _score(entry, encoded.embedded, encoder.similarity)
                scores[entry.task.id] = scored.score
                if scored.samples is not None and scored.resampled is not None:
                    samples[entry.task.id] = scored.samples
                    resampled[entry.task.id] = scored.resampled
                tell.task(entry.task.id, scored.score.score)
    if all(score.error is not None for score in scores.values()):
        raise _all_failed(scores)
    result = ModelResult(
        spec=spec,
        model=encoder.info(),
        suite=suite.id,
        keep_duplicates=keep_duplicates,
        tasks={task.id: scores[task.id] for task in tasks},
        environment=environment_of(encoder, encoded.batch_tokens, devices, prompts),
        tokens=encoded.tokens,
        seconds=clock.seconds,
        intervals95=mean_intervals95(suite, resampled),
        evaluated_at=now(),
        origin=Origin(kind="measured", by=MEASURED_BY),
        submission=submission,
    )
    return Evaluation(result=result, samples=samples, padded_tokens=encoded.padded)


def _all_failed(scores: Mapping[str, TaskScore]) -> EvaluationError:
    """The error of an evaluation without a single score: the first task's."""
    first = next((score.error for score in scores.values() if score.error is not None), None)
    if first is None:
        return EvaluationError("internal", "There was no task to evaluate.")
    return EvaluationError(first.failure, first.message)


def _read_tasks(
    tasks: Sequence[Task],
    datasets: Path | None,
    cache: Path,
    keep_duplicates: bool,
    scores: dict[str, TaskScore],
    tell: Progress,
) -> Iterator[_Read]:
    """Read every task's rows; a task that cannot be read is put into `scores` with its reason."""
    from evaluator.data import TaskData, provenance

    for task in tasks:
        tell.phase("data", task.id)
        kind = kind_of(task)
        try:
            examples = kind.read(task, TaskData(task, datasets, cache), keep_duplicates=keep_duplicates)
            data = provenance(task, examples.fingerprint, datasets)
        except TaskError as error:
            scores[task.id] = _failed(error)
            tell.task(task.id, None)
        else:
            yield _Read(task, kind, examples, data)


def _failed(error: TaskError) -> TaskScore:
    return TaskScore(error=TaskFailure.model_validate({"class": error.failure, "message": error.message}))


def _prompts(spec: ModelSpec, encoder: "Encoder", entry: _Read) -> dict[str, str]:
    """Side -> the text put before each of its inputs: the spec's prompts if it has any, else the repository's own."""
    given = spec.prompts is not None
    prompts = spec.prompts if spec.prompts is not None else encoder.prompts
    default = None if given else encoder.default_prompt
    return {side: prompt_for(prompts, default, entry.task, side) for side in entry.examples.sides}


@dataclass(frozen=True)
class _Encoded:
    embedded: Mapping[str, Mapping[str, Embedded]]
    tokens: int
    padded: int
    batch_tokens: int
    seconds_before: float
    """What killed runs spent on the encoding that this one went on with."""


def _encode(
    encoder: "Encoder",
    spec: ModelSpec,
    read: Sequence[_Read],
    prompts: Mapping[str, Mapping[str, str]],
    devices: Sequence[str],
    work_dir: Path,
    tell: Progress,
) -> _Encoded:
    """All embeddings of all tasks, in one sweep over the unique texts."""
    from evaluator.encoding import default_batch_tokens
    from evaluator.sharing import encode_on
    from evaluator.texts import TextGroup, UniqueTexts
    from evaluator.workspace import EmbeddingRows, Workspace, plan_folder

    groups = [
        TextGroup(
            task_id=entry.task.id,
            side=side,
            prompt=prompts[entry.task.id][side],
            route=None if side == "text" else side,  # type: ignore[arg-type]
            texts=texts,
        )
        for entry in read
        for side, texts in entry.examples.sides.items()
    ]
    texts = UniqueTexts(groups, routed=encoder.routed, split_prompts=encoder.prompt_matters)
    plan = {
        "spec": spec.id,
        "texts": texts.digest,
        "dimension": encoder.dimension,
        "dtype": encoder.dtype,
        "attention": encoder.attention,
        "linear": encoder.linear,
        "devices": [device.split(":")[0] for device in devices],
        "versions": versions(),
    }
    folder = plan_folder(work_dir, plan)
    workspace = Workspace(folder, len(texts), encoder.dimension)
    budget = workspace.batch_tokens(default_batch_tokens(encoder))
    before, started = workspace.spent, time.perf_counter()

    def told(done: int, total: int, task: str | None) -> None:
        workspace.spent = before + time.perf_counter() - started
        tell.tokens(done, total, task)

    counted = encode_on(devices, encoder, spec, texts, workspace, budget, told)
    embedded: dict[str, dict[str, Embedded]] = {entry.task.id: {} for entry in read}
    for (task_id, side), rows in texts.rows.items():
        embedded[task_id][side] = EmbeddingRows(workspace.embeddings, rows)
    return _Encoded(
        embedded=embedded,
        tokens=counted.tokens,
        padded=counted.padded,
        batch_tokens=budget,
        seconds_before=before,
    )


@dataclass(frozen=True)
class _Scored:
    score: TaskScore
    samples: Samples | None = None
    resampled: "np.ndarray | None" = None


def _score(entry: _Read, embedded: Mapping[str, Mapping[str, Embedded]], similarity: str) -> _Scored:
    """A task's score with its samples and its bootstrap distribution, or the reason why it has none."""
    from evaluator.bootstrap import percentiles, resampled_scores

    started = time.perf_counter()
    sides = embedded[entry.task.id]
    try:
        for side in sides.values():
            check_embeddings(side)
        samples = entry.kind.samples(entry.examples, sides, similarity)
        metrics = entry.kind.metrics(samples)
    except TaskError as error:
        return _Scored(_failed(error))
    resampled = resampled_scores(entry.task, samples)
    score = TaskScore(
        score=SCORE_RULES[entry.task.type](metrics),
        metrics=metrics,
        n=entry.examples.n,
        removed=dict(entry.examples.removed),
        interval95=percentiles(resampled),
        data=entry.data,
        seconds=round(time.perf_counter() - started, 3),
    )
    return _Scored(score, samples, resampled)


def check_embeddings(embedded: Embedded) -> None:
    """Refuse embeddings that say nothing.

    Raises:
        TaskError: bad_embeddings; some are NaN or infinite, or all are the same.
    """
    import numpy as np

    first = embedded.rows(0, 1)
    constant, bad = True, 0
    for start in range(0, len(embedded), 4096):
        rows = embedded.rows(start, min(start + 4096, len(embedded)))
        bad += int((~np.isfinite(rows).all(axis=1)).sum())
        constant = constant and bool((rows == first).all())
    if bad:
        raise TaskError(
            "bad_embeddings",
            f"{bad} of {len(embedded)} texts got NaN or infinite values; another precision may help (float32).",
        )
    if constant and len(embedded) > 1:
        raise TaskError("bad_embeddings", f"All {len(embedded)} texts got the same vector.")


class _Clock:
    """Seconds by phase."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        self._tell.phase(phase)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] = round(time.perf_counter() - started, 3)
