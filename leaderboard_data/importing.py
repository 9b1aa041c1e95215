"""Result files of others -> records that say so. MTEB's raw metrics; the suites score them by their rules.

Two layouts: MTEB's results folder, `<org>__<model>/<revision>/<Task>.json` with an optional `model_meta.json` beside,
and JSON lines with the result of one cell of a task each: its split and subset. A cell goes to the task that declares
it. Nothing is guessed: a result whose metrics do not suffice for a suite's rule has no score there, and the board says
which metric is missing; one that lacks a cell says which. The revision of the data is kept: a suite may count only the
one that the task is pinned to. MTEB does not remove duplicate pairs, so the records say `keep_duplicates`.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import ValidationError

from evaluator.cleaning import LARGEST, LARGEST_LENGTH, SHORT, bounded_int, clean_text, token_limit
from evaluator.records import DataProvenance, ModelInfo, ModelResult, Origin, TaskFailure, TaskScore, dump_result
from evaluator.spec import ModelSpec
from evaluator.task import Task
from evaluator.tasks import discovered_tasks

MTEB_RESULTS = "https://github.com/embeddings-benchmark/results/tree/main/results"

_COMMIT = re.compile(r"[0-9a-f]{40}")
_NUMBERS = re.compile(r"\d{1,9}")


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """One task of one model as MTEB reports it. `metrics` are those of one split and subset."""

    model: str
    revision: str
    task: str
    split: str
    subset: str
    mteb_version: str | None
    dataset_revision: str | None
    metrics: Mapping[str, float]


@dataclass
class Imported:
    """What came of an import: the records, and what was left out and why."""

    results: list[ModelResult]
    left_out: list[str]


Cell = tuple[str, str]
"""Split and subset."""


def import_mteb(paths: Path | Sequence[Path], models: Path | None = None) -> Imported:
    """Read MTEB results of all tasks known here, below folders or from files of JSON lines.

    Where a cell comes twice, the one of the newer version of MTEB counts, of the same version the later one.

    Args:
        models: JSON lines with metadata of the models (`model`, `revision`, `n_parameters`, ...).

    Raises:
        FileNotFoundError: one of `paths`, or `models`, is not there.
    """
    left_out: list[str] = []
    metadata: dict[tuple[Any, Any], dict[str, Any]] = {}
    by_model: dict[tuple[str, str], dict[str, dict[Cell, TaskResult]]] = {}
    for path in [paths] if isinstance(paths, Path) else paths:
        if path.is_dir():
            metadata |= _folder_metadata(path, left_out)
        for result in _read_folder(path, left_out) if path.is_dir() else _read_lines(path, left_out):
            task = _task_of(result)
            if task is None:
                continue
            cells = by_model.setdefault((result.model, result.revision), {}).setdefault(task.id, {})
            earlier = cells.get((result.split, result.subset))
            if earlier is None or _version(result) >= _version(earlier):
                cells[result.split, result.subset] = result
    if models is not None:
        metadata |= {(line.get("model"), line.get("revision")): line for line in json_lines(models, left_out)}
    results = []
    for (model, revision), tasks in sorted(by_model.items()):
        try:
            results.append(_record(model, revision, tasks, metadata.get((model, revision), {})))
        except ValidationError as error:
            left_out.append(f"{model} {revision}: {error.errors()[0]['msg']}")
    return Imported(results, left_out)


def dump_lines(results: Iterable[ModelResult]) -> bytes:
    """Records in the compact form in which they ship: one JSON object a line."""
    lines = (
        json.dumps(json.loads(dump_result(result)), ensure_ascii=False, separators=(",", ":")) for result in results
    )
    return "".join(f"{line}\n" for line in lines).encode()


@cache
def _by_name() -> Mapping[str, tuple[Task, ...]]:
    """MTEB's name of a task -> the tasks that its cells are here."""
    found: dict[str, tuple[Task, ...]] = {}
    for task in discovered_tasks().values():
        name = task.mteb_name
        found[name] = (*found.get(name, ()), task)
    return found


def _task_of(result: TaskResult) -> Task | None:
    """The task that declares a result's split and subset; None if there is none."""
    of_split = [task for task in _by_name().get(result.task, ()) if result.split in _splits(task)]
    exact = [task for task in of_split if result.subset == (task.mteb_subset or task.data.config or "default")]
    if not exact and len(of_split) == 1 and result.subset == "default":
        return of_split[0]  # MTEB calls the configuration of a task with one language so
    return exact[0] if exact else None


def _splits(task: Task) -> tuple[str, ...]:
    return task.mteb_splits or task.data.splits


def _version(result: TaskResult) -> tuple[int, ...]:
    return tuple(int(part) for part in _NUMBERS.findall(result.mteb_version or ""))


def _record(
    model: str, revision: str, tasks: Mapping[str, Mapping[Cell, TaskResult]], metadata: Mapping[str, Any]
) -> ModelResult:
    known = discovered_tasks()
    found = (result.mteb_version for cells in tasks.values() for result in cells.values())
    return ModelResult(
        spec=ModelSpec(model=model, revision=revision if _COMMIT.fullmatch(revision) else None),
        model=_model_info(metadata),
        keep_duplicates=True,
        tasks={task_id: _task_score(list(tasks[task_id].values()), known[task_id]) for task_id in sorted(tasks)},
        origin=Origin(
            kind="reported",
            by="MTEB",
            reference=f"{MTEB_RESULTS}/{model.replace('/', '__')}/{revision}",
            version=", ".join(sorted({version for version in found if version})) or None,
        ),
    )


def _task_score(cells: Sequence[TaskResult], task: Task) -> TaskScore:
    """The metrics of a task: those of its one cell, or the means over its splits with those of each split beside."""
    of_split = {cell.split: _metrics(cell) for cell in cells}
    splits = [split for split in _splits(task) if split in of_split]
    data = DataProvenance(
        path=task.data.path,
        config=task.mteb_subset or task.data.config,
        split="+".join(splits),
        revision=" + ".join(sorted({cell.dataset_revision or "unknown" for cell in cells})),
    )
    subset = cells[0].subset
    parts = {f"{split}/{subset}": of_split[split] for split in splits} if len(_splits(task)) > 1 else {}
    if lacking := [f"{split}/{subset}" for split in _splits(task) if split not in of_split]:
        message = f"MTEB's result has no {', '.join(lacking)}; the score of this task is the mean over its splits."
        return TaskScore(error=TaskFailure(failure="data_unavailable", message=message), data=data, parts=parts)
    names = [name for name in of_split[splits[0]] if all(name in metrics for metrics in of_split.values())]
    if not names:
        message = "MTEB's result has no metric that is a finite number."
        return TaskScore(error=TaskFailure(failure="data_unavailable", message=message), data=data, parts=parts)
    means = {name: fmean(of_split[split][name] for split in splits) for name in names}
    return TaskScore(metrics=of_split[splits[0]] if len(splits) == 1 else means, data=data, parts=parts)


def _metrics(cell: TaskResult) -> dict[str, float]:
    return {
        name: value
        for name, value in cell.metrics.items()
        if name != "main_score" and isinstance(value, int | float) and math.isfinite(value)
    }


def _model_info(metadata: Mapping[str, Any]) -> ModelInfo:
    megabytes = metadata.get("memory_usage_mb")
    whole = math.floor(megabytes) if isinstance(megabytes, int | float) and math.isfinite(megabytes) else None
    license_ = clean_text(metadata.get("license"), SHORT)
    open_weights = metadata.get("open_weights")
    return ModelInfo(
        parameters=bounded_int(metadata.get("n_parameters"), 0, LARGEST),
        embedding_dimension=bounded_int(metadata.get("embed_dim"), 1, LARGEST_LENGTH),
        max_tokens=token_limit(metadata.get("max_tokens")),
        license=None if license_ == "not specified" else license_,
        memory_bytes=None if whole is None else bounded_int(whole * 2**20, 0, LARGEST),
        open_weights=open_weights if isinstance(open_weights, bool) else None,
    )


def json_lines(path: Path, left_out: list[str]) -> Iterator[dict[str, Any]]:
    """The objects in a file of JSON lines; lines that hold something else are named in `left_out`."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            content = json.loads(line)
        except ValueError:
            content = None
        if isinstance(content, dict):
            yield content
        else:
            left_out.append(f"{path.name} line {number}: not a JSON object")


def _read_lines(path: Path, left_out: list[str]) -> Iterator[TaskResult]:
    names = tuple(TaskResult.__dataclass_fields__)
    for line in json_lines(path, left_out):
        try:
            yield TaskResult(**{name: line[name] for name in names})
        except KeyError as error:
            left_out.append(f"{path.name}: a line has no {error.args[0]!r}")


def _read_folder(folder: Path, left_out: list[str]) -> Iterator[TaskResult]:
    for file in sorted(folder.glob("*__*/*/*.json")):
        if file.name == "model_meta.json":
            continue
        try:
            content = json.loads(file.read_text("utf-8"))
            splits = content["scores"].items()
        except (ValueError, KeyError, TypeError, AttributeError):
            left_out.append(f"{file.relative_to(folder)}: not a result file of MTEB 1.12 or later")
            continue
        model, revision = file.parent.parent.name.replace("__", "/", 1), file.parent.name
        for split, subsets in splits:
            for scores in subsets:
                yield TaskResult(
                    model=model,
                    revision=revision,
                    task=content.get("task_name", file.stem),
                    split=split,
                    subset=scores.get("hf_subset", "default"),
                    mteb_version=content.get("mteb_version"),
                    dataset_revision=content.get("dataset_revision"),
                    metrics={name: value for name, value in scores.items() if isinstance(value, int | float)},
                )


def _folder_metadata(folder: Path, left_out: list[str]) -> dict[tuple[Any, Any], dict[str, Any]]:
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for file in sorted(folder.glob("*__*/*/model_meta.json")):
        try:
            found[file.parent.parent.name.replace("__", "/", 1), file.parent.name] = json.loads(file.read_text("utf-8"))
        except ValueError:
            left_out.append(f"{file.relative_to(folder)}: not JSON")
    return found
