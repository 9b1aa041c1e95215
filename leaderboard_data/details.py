"""Everything that is known of one model, and of one result: what the model page and the provenance of a cell show."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evaluator.drift import DRIFT
from evaluator.policy import Policy
from evaluator.records import ModelResult, Run, TaskScore
from evaluator.scores import failure_by, score_by
from evaluator.spec import LEXICAL
from evaluator.suite import SUITES, Suite
from leaderboard_data.board import Table, chosen, means, preference
from leaderboard_data.declared import Declared
from leaderboard_data.entry import ORIGINS, Entry
from leaderboard_data.marking import confirmations_told, corrections_told
from leaderboard_data.training import explained, sources

ReadResult = Callable[[Entry], ModelResult | None]
"""The whole result behind an entry; None if its file cannot be read."""


TableOf = Callable[[str], Table]
"""The table of a view of the default board."""


def model_details(
    entries: Sequence[Entry],
    model: str,
    read: ReadResult,
    table_of: TableOf,
    suite: Suite,
    policy: Policy,
    everything: Mapping[str, Declared],
) -> dict[str, Any] | None:
    """All results of a model seen through a suite, the one that its board lists first, each with its differences from
    that one. `entries` and what `read` gives have the marks of `policy` already, which tells whose they are.
    `everything`: what is declared of training data.

    None if the suite's board has no such model.
    """
    of_model = sorted(
        (entry for entry in entries if entry.model == model and entry.suite == suite.id), key=preference, reverse=True
    )
    if not of_model:
        return None
    listed = {entry.key for entry in chosen(of_model, ORIGINS, suite)}
    first = of_model[0]
    return {
        "model": model,
        "name": first.name,
        "local": first.local,
        "kind": first.kind,
        "ranks": _ranks(table_of, model, suite),
        "corrections": corrections_told(policy, model),
        "zero_shot": first.zero_shot,
        "training": sources(model, everything),
        "seen": {task_id: explained(model, task_id, everything) for task_id in suite.task_ids},
        "results": [
            {
                **_result(entry, first, read(entry), entry.key in listed, suite),
                "confirmations": confirmations_told(policy, entry),
            }
            for entry in of_model
        ],
    }


def _ranks(table_of: TableOf, model: str, suite: Suite) -> dict[str, dict[str, Any]]:
    """{view: rank, average and number of ranked models} on the default board; views without a rank are left out."""
    found = {}
    for view in ("overall", *(category.id for category in suite.categories)):
        made = table_of(view)
        mine = next((row for row in made.rows if row.entry.model == model and row.rank), None)
        if mine:
            ranked = sum(row.rank is not None for row in made.rows)
            found[view] = {"rank": mine.rank, "of": ranked, "score": mine.values[made.columns.index(made.sorted_by)]}
    return found


def _result(entry: Entry, first: Entry, result: ModelResult | None, listed: bool, suite: Suite) -> dict[str, Any]:
    of_category, overall = means(entry, suite)
    summary: dict[str, Any] = {
        "name": entry.name,
        "spec": entry.spec_id[:8],
        "revision": entry.revision,
        "precision": entry.precision,
        "origin": entry.origin,
        "by": entry.by,
        "reference": entry.reference,
        "version": entry.version,
        "at": entry.at,
        "committed_at": entry.committed_at,
        "listed": listed,
        "file": entry.path,
        "categories": of_category,
        "average": overall,
        "readable": result is not None,
    }
    if result is None:
        return summary | {"tasks": []}
    return summary | {
        "settings": result.spec.published().model_dump(mode="json", exclude_defaults=True, exclude={"model"}),
        "info": result.model.model_dump(exclude_none=True),
        **_run(result.newest_run),
        "runs": [
            {"id": run.id, "at": run.at.isoformat(), **_run(run), "code": run.code, "commit": run.commit}
            for run in sorted(result.runs.values(), key=lambda run: (run.at, run.id), reverse=True)
        ],
        "keep_duplicates": result.keep_duplicates,
        "warnings": [*result.warnings, *([DRIFT] if DRIFT in (entry.doubts or "").split(",") else [])],
        "confirmed": list(result.confirmed),
        "command": repeat_command(result, suite),
        "tasks": [
            _task(task_id, number, entry, result, None if entry.key == first.key else first, suite)
            for number, task_id in enumerate(suite.task_ids)
            if task_id in result.tasks
        ],
    }


_TOLD_APART = {"prompts", "prompt_sources", "warnings", "card_example"}
"""Of an environment: what is told beside each task, or for the whole result."""


def _run(run: Run | None) -> dict[str, Any]:
    """What a run ran with; what others report has none."""
    if run is None:
        return {"environment": {}, "card_example": None, "tokens": None, "seconds": {}, "submission": None}
    example = run.environment.card_example
    return {
        "environment": run.environment.model_dump(mode="json", exclude_defaults=True, exclude=_TOLD_APART),
        "card_example": None if example is None else example.model_dump(),
        "tokens": run.tokens,
        "seconds": dict(run.seconds),
        "submission": run.submission,
    }


def _task(
    task_id: str, number: int, entry: Entry, result: ModelResult, other: Entry | None, suite: Suite
) -> dict[str, Any]:
    task, run = suite.task(task_id), result.run_of(task_id)
    failure = failure_by(suite.rules[task_id], task_id, result, suite)
    score = None if failure else score_by(suite.rules[task_id], result.tasks[task_id])
    compared = other.cells[number].score if other else None
    return {
        "id": task_id,
        "column": task.column,
        "type": task.type,
        "score": score,
        **_evidence_of(task_id, result, suite),
        "run": run.id if run else None,
        "prompts": run.environment.prompts.get(task_id, {}) if run else {},
        "prompt_sources": run.environment.prompt_sources.get(task_id, {}) if run else {},
        "pinned": task.data.revision,
        "odd": entry.cells[number].odd,
        "difference": None if compared is None or score is None else score - compared,
        "command": repeat_command(result, suite, task_id),
    }


def _evidence_of(task_id: str, result: ModelResult, suite: Suite) -> dict[str, Any]:
    task, rule = result.tasks[task_id], suite.rules[task_id]
    failure = failure_by(rule, task_id, result, suite)
    return {
        "metrics": dict(task.metrics),
        "n": task.n,
        "removed": dict(task.removed),
        "interval95": task.intervals95.get(rule.id),
        "data": _data(task),
        "parts": {name: dict(values) for name, values in task.parts.items()},
        "seconds": task.seconds,
        "error": failure.model_dump(by_alias=True) if failure else None,
    }


def _data(score: TaskScore) -> dict[str, Any] | None:
    """The data's provenance. Not under "path": Gradio's clients take an object with that key for a file to fetch."""
    if score.data is None:
        return None
    return {"dataset": score.data.path, **score.data.model_dump(exclude={"path"})}


def repeat_command(result: ModelResult, suite: Suite, task_id: str | None = None) -> str:
    """The command that repeats a result (of one task), as a line for a shell. Ids are safe there by their form."""
    spec = result.spec
    precision = result.dtype or spec.precision
    parts = ["python -m evaluator run", "FOLDER" if spec.source == "local" else spec.model]
    if spec.revision and spec.source != "local":
        parts.append(f"--revision {spec.revision}")
    if spec.source != LEXICAL:
        parts.append(f"--precision {precision}")
    if spec.loader != "auto":
        parts.append(f"--loader {spec.loader}")
    if spec.pooling != "auto":
        parts.append(f"--pooling {spec.pooling}")
    if spec.prompts is not None:
        parts.append("--prompts PROMPTS.json")
    if spec.max_tokens:
        parts.append(f"--max-tokens {spec.max_tokens}")
    if spec.trust_remote_code:
        parts.append("--trust-remote-code")
    if result.keep_duplicates:
        parts.append("--keep-duplicates")
    if task_id:
        parts.append(f"--tasks {task_id}")
    elif suite.id != next(iter(SUITES)):
        parts.append(f"--suite {suite.id}")
    return " ".join(parts)
