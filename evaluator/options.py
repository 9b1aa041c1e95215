"""The command line's options as values: what is wrong with one is said in a sentence (`typer.BadParameter`)."""

import json
from pathlib import Path
from typing import Any

import typer

from evaluator.model.lexical import lexical_spec
from evaluator.records import ModelResult, load_result
from evaluator.spec import LEXICAL, ModelSpec, local_spec, result_path, valid_commit, valid_model_id, valid_parts
from evaluator.suite import suite_of, tasks_of
from evaluator.task import Task
from evaluator.tasks import discovered_tasks


def result_file(path: Path) -> ModelResult:
    try:
        stored = load_result(path.read_bytes())
    except ValueError as error:
        raise typer.BadParameter(f"{path.name} is not a result file: {reason_of(error)}") from error
    if stored.origin.kind != "measured":
        raise typer.BadParameter(f"{path.name} is a reported result: how it was made is not known here")
    return stored


def chosen_tasks(ids: list[str] | None, suite: list[str] | None) -> list[Task]:
    """The tasks of these ids, else of these suites; the first suite is the one that nobody has to name.

    Tasks that are run on request alone (`Task.on_request`) are chosen by their ids only.
    """
    known = discovered_tasks()
    try:
        if not ids:
            return [task for task in tasks_of(suite or []) if not task.on_request]
        for suite_id in suite or []:
            suite_of(suite_id)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if unknown := [task_id for task_id in ids if task_id not in known]:
        raise typer.BadParameter(f"{unknown[0]!r} is not a task; the tasks: {', '.join(known)}")
    return [known[task_id] for task_id in dict.fromkeys(ids)]


def tasks_on_request() -> list[Task]:
    """The tasks that are run where they are named, and never as a part of a suite."""
    return [task for task in discovered_tasks().values() if task.on_request]


def wanted_spec(
    model: str | None, spec: Path | None, stored: ModelResult | None, revision: str | None, fields: dict[str, Any]
) -> ModelSpec:
    """The spec that the command asks for: of a file, of a model and its options, or of a stored result."""
    if spec is not None:
        return spec_file(spec)
    if model is not None:
        return with_parts(spec_of(model, revision, fields))
    assert stored is not None
    return stored.spec


def refuse_another(wanted: ModelSpec, stored: ModelResult) -> None:
    if wanted.id != stored.spec.id:
        raise typer.BadParameter(
            f"--onto is a result of {stored.spec.model} at {(stored.spec.revision or '')[:12]} with other settings or "
            "another commit; leave MODEL out to run its spec"
        )


def spec_of(model: str, revision: str | None, fields: dict[str, Any]) -> ModelSpec:
    """The spec of a local folder, or of a Hub model at the commit that `revision` points to now."""
    folder = Path(model)
    try:
        if model.startswith(f"{LEXICAL}/"):
            lexical = lexical_spec(model, revision)
            return ModelSpec(**{**fields, **lexical.model_dump(include={"model", "source", "revision"})})
        if folder.is_dir():
            if revision is not None:
                raise typer.BadParameter("a local folder has no --revision: its files are hashed")
            return local_spec(folder, **fields)
        valid_model_id(model)
        if fields["trust_remote_code"]:
            try:
                valid_commit(revision or "")
            except ValueError as error:
                raise typer.BadParameter(f"--trust-remote-code needs --revision COMMIT: {error}") from error
        from evaluator.model.download import resolve_revision

        return resolve_revision(ModelSpec(model=model, **fields), revision)
    except (ValueError, FileNotFoundError) as error:
        raise typer.BadParameter(reason_of(error)) from error


def with_parts(spec: ModelSpec) -> ModelSpec:
    """`spec` with the commits of the other repositories that it is made of.

    Code that may run is named by its commit beforehand: base models that are not named are taken at their newest.
    """
    if spec.source == LEXICAL:
        return spec
    from evaluator.model.parts import looked_at

    composition = looked_at(spec)
    open_code = [layer.spec for layer in composition.code if layer.spec.model not in spec.parts]
    if spec.trust_remote_code and open_code:
        wanted = " ".join(f"--part {each.model}@{each.revision}" for each in open_code)
        raise typer.BadParameter(
            f"{spec.model} runs code of other repositories; read it (explain --code), then name its commits: {wanted}"
        )
    return composition.spec


def parts_of(named: list[str] | None) -> dict[str, str]:
    """Repository -> commit, of options `ORGANISATION/NAME@COMMIT`."""
    parts = dict(each.rpartition("@")[::2] for each in named or [])
    try:
        return valid_parts(parts)
    except ValueError as error:
        raise typer.BadParameter(f"--part is ORGANISATION/NAME@COMMIT: {error}") from error


def spec_file(path: Path) -> ModelSpec:
    try:
        return ModelSpec.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--spec {path.name} is not a ModelSpec: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return str(error)


def prompts_of(path: Path | None, option: str = "--prompts") -> dict[str, str] | None:
    """The prompts in a JSON file; every key must be one that some task looks up."""
    if path is None:
        return None
    from evaluator.model.prompts import known_keys

    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{option} {path.name} is not a JSON file: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(text, str) for text in read.values()):
        raise typer.BadParameter(f'{option} {path.name} is not an object of texts, like {{"query": "query: "}}')
    if unknown := set(read) - known_keys(discovered_tasks().values()):
        raise typer.BadParameter(
            f"{option} {path.name} has the keys {', '.join(sorted(unknown))}, which no task uses; "
            "keys are task names, task types, query and document"
        )
    return read


def spec_fields(
    *,
    prompts: Path | None,
    instructions: Path | None,
    encode_task: Path | None,
    part: list[str] | None,
    **plain: object,
) -> dict[str, Any]:
    """The fields of a ModelSpec that the options give; those of files are read."""
    return {
        **plain,
        "prompts": prompts_of(prompts),
        "instructions": prompts_of(instructions, "--instructions"),
        "encode_task": prompts_of(encode_task, "--encode-task"),
        "parts": parts_of(part),
    }


def devices_of(device: str) -> list[str]:
    import torch

    if device == "auto":
        return ["cuda:0" if torch.cuda.is_available() else "cpu"]
    devices = ["cuda:0" if name == "cuda" else name for name in device.split(",")]
    for name in devices:
        try:
            kind = torch.device(name)
        except RuntimeError as error:
            raise typer.BadParameter(f"{name!r} is no device; use cpu, cuda or cuda:0,cuda:1") from error
        if kind.type == "cuda" and (kind.index or 0) >= torch.cuda.device_count():
            raise typer.BadParameter(f"this machine has no {name}; it has {torch.cuda.device_count()} CUDA devices")
    return devices


def with_repeated_tasks(arguments: list[str]) -> list[str]:
    """`--tasks A B` as `--tasks A --tasks B`, the form that typer knows; only task ids are taken for such. So is
    `--models A B`, of whatever is no option."""
    expanded: list[str] = []
    for argument in arguments:
        option = expanded[-2] if len(expanded) >= 2 else ""
        another = (option == "--tasks" and argument in discovered_tasks()) or (
            option == "--models" and not argument.startswith("-")
        )
        expanded += [option, argument] if another else [argument]
    return expanded


def default_output(spec: ModelSpec) -> Path:
    """Where the result goes if nobody says: as in the results store, below `evaluations/`."""
    return Path("evaluations") / Path(result_path(spec)).relative_to("results")
