"""Result files of others -> records that say so. MTEB's raw metrics; the suites score them by their rules.

Two layouts: MTEB's results folder, `<org>__<model>/<revision>/<Task>.json` with an optional `model_meta.json` beside,
and JSON lines with one task result each. Nothing is guessed: a result whose metrics do not suffice for a suite's rule
has no score there, and the board says which metric is missing. MTEB does not remove duplicate pairs, so the records
say `keep_duplicates`.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evaluator.cleaning import LARGEST, LARGEST_LENGTH, SHORT, bounded_int, clean_text, token_limit
from evaluator.records import DataProvenance, ModelInfo, ModelResult, Origin, TaskFailure, TaskScore, dump_result
from evaluator.spec import ModelSpec
from evaluator.task import Task
from evaluator.tasks import discovered_tasks

MTEB_RESULTS = "https://github.com/embeddings-benchmark/results/tree/main/results"

_COMMIT = re.compile(r"[0-9a-f]{40}")


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


def import_mteb(path: Path, models: Path | None = None) -> Imported:
    """Read MTEB results of all tasks known here, below a folder or from a file of JSON lines.

    Args:
        models: JSON lines with metadata of the models (`model`, `revision`, `n_parameters`, ...).

    Raises:
        FileNotFoundError: `path` or `models` is not there.
    """
    left_out: list[str] = []
    found: Iterable[TaskResult]
    if path.is_dir():
        found, metadata = _read_folder(path, left_out), _folder_metadata(path, left_out)
    else:
        found, metadata = _read_lines(path, left_out), {}
    if models is not None:
        metadata |= {(line.get("model"), line.get("revision")): line for line in _json_lines(models, left_out)}
    known = discovered_tasks()
    by_model: dict[tuple[str, str], dict[str, TaskResult]] = defaultdict(dict)
    for result in found:
        if result.task in known and _is_ours(result, known[result.task]):
            by_model[result.model, result.revision][result.task] = result
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


def _is_ours(result: TaskResult, task: Task) -> bool:
    """Whether a result is of the task's split and subset."""
    return result.split in task.data.splits and result.subset in (task.data.config, "default")


def _record(model: str, revision: str, tasks: Mapping[str, TaskResult], metadata: Mapping[str, Any]) -> ModelResult:
    known = discovered_tasks()
    versions = sorted({result.mteb_version for result in tasks.values() if result.mteb_version})
    return ModelResult(
        spec=ModelSpec(model=model, revision=revision if _COMMIT.fullmatch(revision) else None),
        model=_model_info(metadata),
        keep_duplicates=True,
        tasks={task_id: _task_score(tasks[task_id], known[task_id]) for task_id in sorted(tasks)},
        origin=Origin(
            kind="reported",
            by="MTEB",
            reference=f"{MTEB_RESULTS}/{model.replace('/', '__')}/{revision}",
            version=", ".join(versions) or None,
        ),
    )


def _task_score(result: TaskResult, task: Task) -> TaskScore:
    data = DataProvenance(
        path=task.data.path, config=task.data.config, split=result.split, revision=result.dataset_revision or "unknown"
    )
    metrics = {name: value for name, value in result.metrics.items() if name != "main_score" and math.isfinite(value)}
    if not metrics:
        message = "MTEB's result has no metric that is a finite number."
        return TaskScore(error=TaskFailure(failure="data_unavailable", message=message), data=data)
    return TaskScore(metrics=metrics, data=data)


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


def _json_lines(path: Path, left_out: list[str]) -> Iterator[dict[str, Any]]:
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
    for line in _json_lines(path, left_out):
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
