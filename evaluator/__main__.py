"""`python -m evaluator tasks | run | verify`: evaluate a model on this machine, with no queue and no store."""

import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from evaluator.errors import EvaluationError
from evaluator.records import ModelResult, dump_result, load_result, percent
from evaluator.spec import Loader, ModelSpec, Pooling, Precision, local_spec, result_path, valid_commit, valid_model_id
from evaluator.suite import KO_V1
from evaluator.task import Task

if TYPE_CHECKING:
    from evaluator.progress import Progress

EVALUATIONS = Path("evaluations")

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command("tasks")
def list_tasks() -> None:
    """List the suite's tasks with their data."""
    for task in KO_V1.tasks:
        data = task.data
        where = f"{data.path} {data.config or ''} {'+'.join(data.splits)}".replace("  ", " ")
        print(f"{task.id:26}{task.type:20}{where} @ {data.revision[:12]}")


@app.command("run")
def run_model(
    model: Annotated[str | None, typer.Argument(help="Hub id (organisation/name) or a local folder")] = None,
    spec: Annotated[Path | None, typer.Option(help="a ModelSpec as JSON, instead of MODEL and its options")] = None,
    revision: Annotated[str | None, typer.Option(help="branch, tag or commit on the Hub")] = None,
    precision: Annotated[Precision, typer.Option(help="auto: float32, and an LLM's own half precision")] = "auto",
    loader: Annotated[Loader, typer.Option(help="auto: sentence-transformers if it has modules.json")] = "auto",
    pooling: Annotated[Pooling, typer.Option(help="for a model without modules.json")] = "auto",
    prompts: Annotated[Path | None, typer.Option(help="JSON file: task, type, query or document -> text")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="cut texts at this many tokens")] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="run the repository's own code; needs a 40-digit --revision")
    ] = False,
    datasets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="local copies of the data sets, in Hub layout")
    ] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="task ids (--tasks A B, or repeated); default: all")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or several: cuda:0,cuda:1")] = "auto",
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="score equal pairs twice, as MTEB does")
    ] = False,
    work_dir: Annotated[
        Path | None, typer.Option(file_okay=False, help="keep embeddings here, so that a killed run goes on")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="write the result (JSON) here; default: evaluations/<model>/<revision>.json"),
    ] = None,
    samples: Annotated[
        Path | None, typer.Option(dir_okay=False, help="write per-pair and per-query values (parquet) here")
    ] = None,
    progress: Annotated[str, typer.Option(help="bar or json (one event a line on stderr)")] = "bar",
) -> None:
    """Evaluate one model: writes its result and prints the scores.

    Exit codes: 0 a result was written, 1 there is none and the reason is printed, 2 the command is wrong.
    """
    chosen = _tasks(tasks)
    if progress not in ("bar", "json"):
        raise typer.BadParameter("progress is bar or json")
    if (model is None) == (spec is None):
        raise typer.BadParameter("give either MODEL or --spec FILE")
    fields: dict[str, Any] = {
        "precision": precision,
        "loader": loader,
        "pooling": pooling,
        "prompts": _prompts(prompts),
        "max_tokens": max_tokens,
        "trust_remote_code": trust_remote_code,
    }
    tell = _progress(progress)
    from evaluator.run import evaluate
    from evaluator.samples import write_samples
    from evaluator.writing import write_atomically

    try:
        devices = _devices(device)
        wanted = _spec_file(spec) if spec is not None else _spec(str(model), revision, fields)
        evaluation = evaluate(
            wanted,
            chosen,
            datasets=datasets,
            devices=devices,
            keep_duplicates=keep_duplicates,
            work_dir=work_dir,
            progress=tell,
        )
    except EvaluationError as error:
        _fail(tell, error)
    except typer.BadParameter:
        raise
    except Exception as error:  # a bug: its traceback is for us, the sentence for whoever waits for the result
        traceback.print_exc()
        what = type(error).__name__
        _fail(tell, EvaluationError("internal", f"The evaluator itself failed ({what}). The model is not at fault."))
    _close(tell)
    if samples is not None:
        write_samples(evaluation.samples, samples)
    output = output or default_output(wanted)
    write_atomically(output, dump_result(evaluation.result))
    print_table(evaluation.result)
    print(f"written: {output}")


def default_output(spec: ModelSpec) -> Path:
    """Where the result goes if nobody says: as in the results store, below `evaluations/`."""
    return EVALUATIONS / Path(result_path(spec)).relative_to("results")


@app.command("verify")
def verify_result(
    result: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a result file")],
    folder: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="where a local model's files are")
    ] = None,
    datasets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="local copies of the data sets, in Hub layout")
    ] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="task id; may be repeated; default: all scored ones")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or several: cuda:0,cuda:1")] = "auto",
    work_dir: Annotated[Path | None, typer.Option(file_okay=False, help="resume a killed verification")] = None,
) -> None:
    """Run a stored result's spec again, and compare each task's score.

    Exit codes: 0 all within 0.0001, 1 a score differs or the evaluation failed, 2 the command is wrong.
    """
    from evaluator.run import evaluate
    from evaluator.verify import differences

    stored = _result_file(result)
    scored = [task_id for task_id, score in stored.tasks.items() if score.score is not None]
    chosen = _tasks(tasks or scored)
    if missing := [task.id for task in chosen if task.id not in scored]:
        raise typer.BadParameter(f"the result has no score for {', '.join(missing)}")
    devices = _devices(device)
    spec = stored.spec.model_copy(update={"folder": folder.resolve()}) if folder is not None else stored.spec
    tell = _progress("bar")
    try:
        again = evaluate(
            spec,
            chosen,
            datasets=datasets,
            devices=devices,
            keep_duplicates=stored.keep_duplicates,
            work_dir=work_dir,
            progress=tell,
        ).result
    except EvaluationError as error:
        _fail(tell, error)
    _close(tell)
    found = differences(stored, again, [task.id for task in chosen])
    for row in found:
        then, now_ = (f"{value:.6f}" if value is not None else "-" for value in (row.stored, row.again))
        size = f"{row.size:.1e}" if row.size is not None else "-"
        print(f"{row.task_id:26}{then:>10}{now_:>10}{size:>10}  {'agrees' if row.agrees else 'DIFFERS'}")
    if not all(row.agrees for row in found):
        raise typer.Exit(1)


def _result_file(path: Path) -> ModelResult:
    try:
        stored = load_result(path.read_bytes())
    except ValueError as error:
        raise typer.BadParameter(f"{path.name} is not a result file: {_reason(error)}") from error
    if stored.origin.kind != "measured":
        raise typer.BadParameter(f"{path.name} is a reported result: how it was made is not known here")
    return stored


def _tasks(ids: list[str] | None) -> list[Task]:
    try:
        return [KO_V1.task(task_id) for task_id in dict.fromkeys(ids)] if ids else list(KO_V1.tasks)
    except KeyError as error:
        raise typer.BadParameter(error.args[0]) from error


def _spec(model: str, revision: str | None, fields: dict[str, Any]) -> ModelSpec:
    """The spec of a local folder, or of a Hub model at the commit that `revision` points to now."""
    folder = Path(model)
    try:
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
        from evaluator.repository import resolve_revision

        return resolve_revision(ModelSpec(model=model, **fields), revision)
    except (ValueError, FileNotFoundError) as error:
        raise typer.BadParameter(_reason(error)) from error


def _spec_file(path: Path) -> ModelSpec:
    try:
        return ModelSpec.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--spec {path.name} is not a ModelSpec: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return str(error)


def _prompts(path: Path | None) -> dict[str, str] | None:
    """The prompts in a JSON file; every key must be one that some task looks up."""
    if path is None:
        return None
    from evaluator.prompts import known_keys

    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--prompts {path.name} is not a JSON file: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(text, str) for text in read.values()):
        raise typer.BadParameter(f'--prompts {path.name} is not an object of texts, like {{"query": "query: "}}')
    if unknown := set(read) - known_keys(KO_V1.tasks):
        raise typer.BadParameter(
            f"--prompts {path.name} has the keys {', '.join(sorted(unknown))}, which no task uses; "
            "keys are task names, task types, query and document"
        )
    return read


def _devices(device: str) -> list[str]:
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


def _progress(how: str) -> "Progress":
    from evaluator.progress import Bar, JsonLines

    return JsonLines() if how == "json" else Bar()


def _fail(progress: "Progress", error: EvaluationError) -> NoReturn:
    """Tell why there is no result, and end with 1."""
    _close(progress)
    failed = getattr(progress, "failed", None)
    if failed is not None:
        failed(error.failure, error.message)
    else:
        print(f"{error.failure}: {error.message}", file=sys.stderr)
    raise typer.Exit(1) from error


def _close(progress: "Progress") -> None:
    close = getattr(progress, "close", None)
    if close is not None:
        close()


def print_table(result: ModelResult) -> None:
    """Print a result's scores, one task a line, in percent."""
    print(f"{result.spec.model} @ {(result.spec.revision or '')[:12]} ({result.environment.dtype})")
    for task_id, score in result.tasks.items():
        if score.score is None:
            reason = f"{score.error.failure}: {score.error.message}" if score.error else ""
            print(f"{task_id:26}{'-':>8}  {reason}")
            continue
        low, high = score.interval95 or (score.score, score.score)
        print(f"{task_id:26}{percent(score.score):>8}  [{percent(low)}, {percent(high)}]  n={score.n}")


def with_repeated_tasks(arguments: list[str]) -> list[str]:
    """`--tasks A B` as `--tasks A --tasks B`, the form that typer knows; only task ids are taken for such."""
    expanded: list[str] = []
    for argument in arguments:
        after_a_task = len(expanded) >= 2 and expanded[-2] == "--tasks" and argument in KO_V1.task_ids
        expanded += ["--tasks", argument] if after_a_task else [argument]
    return expanded


if __name__ == "__main__":
    app(with_repeated_tasks(sys.argv[1:]))
