"""The commands that evaluate nothing (`tasks`, `explain`, `fetch`, `texts`, `lock`, `environment`); the options."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from evaluator.errors import DISK_FULL, EvaluationError, is_disk_full
from evaluator.model.lexical import lexical_of
from evaluator.options import chosen_tasks, devices_of, spec_fields, spec_of, tasks_on_request, with_parts
from evaluator.records import Environment, ModelResult, percent
from evaluator.scores import scores_of
from evaluator.spec import LEXICAL, Loader, ModelSpec, Pooling, Precision
from evaluator.suite import SUITES, tasks_of

if TYPE_CHECKING:
    from evaluator.progress import Progress

SuiteIds = Annotated[
    list[str] | None,
    typer.Option("--suite", help=f"suite, of {', '.join(SUITES)}; may be repeated; default: the first"),
]


def list_tasks(suite: SuiteIds = None) -> None:
    """List a suite's tasks with their data, then those that no suite brings: they are run where they are named."""
    for task in [*chosen_tasks(None, suite), *tasks_on_request()]:
        data = task.data
        where = f"{data.path} {data.config or ''} {'+'.join(data.splits)}".replace("  ", " ")
        marked = f"  on request: --tasks {task.id}" if task.on_request else ""
        print(f"{task.id:30}{task.type:20}{where} @ {data.revision[:12]}{marked}")


PrecisionName = Annotated[Precision, typer.Option("--precision", help="auto: float32, and an LLM's own half precision")]
LoaderName = Annotated[Loader, typer.Option("--loader", help="auto: sentence-transformers if it has modules.json")]
PoolingName = Annotated[Pooling, typer.Option("--pooling", help="for a model without modules.json")]
PromptsFile = Annotated[Path | None, typer.Option("--prompts", help="JSON file: task, type, query or document -> text")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", min=1, help="cut texts at this many tokens")]
Template = Annotated[
    str | None, typer.Option("--instruction-template", help="text with {instruction}, put before queries and texts")
]
InstructDocuments = Annotated[bool, typer.Option("--instruct-documents", help="put it before documents too")]
Instructions = Annotated[
    Path | None, typer.Option("--instructions", help="JSON file: task, type or side -> instruction")
]
EncodeTask = Annotated[
    Path | None, typer.Option("--encode-task", help="JSON file: task, type or side -> task= of the model's own encode")
]
Part = Annotated[
    list[str] | None, typer.Option("--part", help="ORG/NAME@COMMIT of a base model or of code; may be repeated")
]
Recipe = Annotated[
    str | None, typer.Option("--recipe", help="environment with other libraries' versions, or none; default: the known")
]
Environments = Annotated[
    Path | None,
    typer.Option(
        "--environments",
        file_okay=False,
        help="where the environments of recipes are kept; default: ~/.cache/korean-embedding-leaderboard/environments",
    ),
]
TruncateDim = Annotated[int | None, typer.Option("--truncate-dim", min=1, help="keep the first dimensions")]


def explain_model(
    model: Annotated[str, typer.Argument(help="Hub id (organisation/name) or a local folder")],
    revision: Annotated[str | None, typer.Option(help="branch, tag or commit on the Hub")] = None,
    precision: PrecisionName = "auto",
    loader: LoaderName = "auto",
    pooling: PoolingName = "auto",
    prompts: PromptsFile = None,
    instruction_template: Template = None,
    instruct_documents: InstructDocuments = False,
    instructions: Instructions = None,
    encode_task: EncodeTask = None,
    truncate_dim: TruncateDim = None,
    max_tokens: MaxTokens = None,
    part: Part = None,
    recipe: Recipe = None,
    suite: SuiteIds = None,
    code: Annotated[bool, typer.Option("--code", help="list the code that it brings, with hashes")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
    check: Annotated[bool, typer.Option("--check", help="load the weights and compute the card's example too")] = False,
) -> None:
    """Tell what an evaluation would do, from the model's small files: no weights are read, unless with --check.

    Exit codes: 0 told, 1 the model cannot be looked at and the reason is printed, 2 the command is wrong.
    """
    from evaluator.model.code_listing import code_files, listing_text
    from evaluator.model.conformance import card_example_of
    from evaluator.model.explaining import explain
    from evaluator.model.telling import explanation_text

    fields = spec_fields(
        precision=precision,
        loader=loader,
        pooling=pooling,
        prompts=prompts,
        instruction_template=instruction_template,
        instruct_documents=instruct_documents or None,
        instructions=instructions,
        encode_task=encode_task,
        truncate_dim=truncate_dim,
        max_tokens=max_tokens,
        part=part,
        recipe=recipe,
        trust_remote_code=False,
    )
    try:
        spec = spec_of(model, revision, fields)
        if spec.source == LEXICAL:
            definition = {"model": spec.model, "revision": spec.revision, **lexical_of(spec).definition}
            print(json.dumps(definition, ensure_ascii=False, indent=1))
            return
        if code:
            files = code_files(spec)
            print(json.dumps([file.model_dump() for file in files], indent=1) if as_json else listing_text(files))
            return
        told = explain(spec, chosen_tasks(None, suite))
        if check:
            told = told.with_example(card_example_of(with_parts(spec)))
    except EvaluationError as error:
        print(f"{error.failure}: {error.message}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(told.model_dump_json(indent=1) if as_json else explanation_text(told))


def fetch_model(
    spec: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="a ModelSpec as JSON")],
    not_fetched: Annotated[Path, typer.Option(dir_okay=False, help="write here which tasks have no data, and why")],
    datasets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="local copies of the data sets, in Hub layout")
    ] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="task ids (--tasks A B, or repeated); default: all")] = None,
    suite: SuiteIds = None,
    models: Annotated[Path | None, typer.Option(file_okay=False, help="a cache for the model of its own")] = None,
    environments: Environments = None,
    max_gib: Annotated[float, typer.Option(min=0, help="refuse to download more for a model (GiB); 0: no limit")] = 0.0,
    progress: Annotated[str, typer.Option(help="bar or json (one event a line on stderr)")] = "bar",
) -> None:
    """Fetch a model and data sets into the caches, so that `run` needs no network (HF_HUB_OFFLINE=1) and no token.

    A model with a recipe gets its environment too, from PyPI.

    Exit codes: 0 the model is there, 1 it is not and the reason is printed, 2 the command is wrong.
    """
    from evaluator.evidence.writing import write_atomically
    from evaluator.fetching import dump_failures, fetch_all

    tell = progress_of(progress)
    try:
        failed = fetch_all(
            ModelSpec.model_validate_json(spec.read_bytes()),
            chosen_tasks(tasks, suite),
            datasets=datasets,
            models=models,
            max_bytes=int(max_gib * 2**30) or None,
            progress=tell,
            environments=environments,
        )
        write_atomically(not_fetched, dump_failures(failed).encode())
    except EvaluationError as error:
        fail(tell, error)
    except OSError as error:
        if not is_disk_full(error):
            raise
        fail(tell, EvaluationError("disk_full", DISK_FULL))
    close(tell)


def write_texts(
    output: Annotated[Path, typer.Option(file_okay=False, help="folder to write <task id>.parquet into")],
    tasks: Annotated[list[str] | None, typer.Option(help="task id; may be repeated; default: the suite's")] = None,
    suite: SuiteIds = None,
    datasets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="local copies of the data sets, in Hub layout")
    ] = None,
) -> None:
    """Write the texts of tasks, for the pages that show which questions a model gets wrong.

    Only of data whose licence lets texts be passed on; of the others it says so. A task whose data cannot be read is
    named, and the others go on. Exit codes: 0 all that may be written were, 1 one was not, 2 the command is wrong.
    """
    import tempfile

    from evaluator.evidence.texts import dump_texts, may_be_shown, texts_of
    from evaluator.evidence.writing import write_atomically
    from evaluator.progress import Silent
    from evaluator.records import TaskScore
    from evaluator.run import read_tasks

    chosen = chosen_tasks(tasks, suite)
    for task in chosen:
        if not may_be_shown(task):
            print(f"{task.id}: not written, its licence does not let its texts be shown")
    failed: dict[str, TaskScore] = {}
    with tempfile.TemporaryDirectory(prefix="texts-") as cache:
        wanted = [task for task in chosen if may_be_shown(task)]
        for read in read_tasks(wanted, datasets, Path(cache), False, failed, Silent()):
            write_atomically(output / f"{read.task.id}.parquet", dump_texts(texts_of(read.task, read.examples)))
            print(f"{read.task.id}: written")
    for task_id, score in failed.items():
        print(f"{task_id}: {score.error.message if score.error else 'not read'}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def lock_recipe(name: Annotated[str, typer.Argument(help="a recipe of evaluator/model/recipes")]) -> None:
    """Resolve a recipe's requirements anew and write its lock; for maintainers.

    Exit codes: 0 written, 1 there is no resolution and pip's reason is printed, 2 the command is wrong.
    """
    from evaluator.evidence.writing import write_atomically
    from evaluator.model.recipes import recipes
    from evaluator.model.recipes.locking import lock

    if name not in recipes():
        raise typer.BadParameter(f"{name!r} is not a recipe; the recipes: {', '.join(recipes())}")
    recipe = recipes()[name]
    try:
        text = lock(recipe)
    except EvaluationError as error:
        print(error.message, file=sys.stderr)
        raise typer.Exit(1) from error
    write_atomically(recipe.lock_file, text.encode())
    print(f"written: {recipe.lock_file}")


def print_environment(
    device: Annotated[str, typer.Option(help="cpu, cuda, or several: cuda:0,cuda:1")] = "auto",
) -> None:
    """Print, as JSON, the libraries and the devices that an evaluation would run with here and now."""
    from evaluator.evidence.environment import device_name, versions

    names = ",".join(device_name(each) for each in devices_of(device))
    print(Environment(versions=versions(), device=names).model_dump_json(exclude_defaults=True))


def print_table(result: ModelResult) -> None:
    """Print a result's scores, one task a line, in percent."""
    precision = f" ({result.dtype})" if result.dtype else ""
    print(f"{result.spec.model} @ {(result.spec.revision or '')[:12]}{precision}")
    order = [task.id for task in tasks_of(list(SUITES))]
    for task_id in sorted(result.tasks, key=lambda task_id: order.index(task_id) if task_id in order else len(order)):
        task = result.tasks[task_id]
        scores = scores_of(task_id, task)
        if not scores:
            reason = f"{task.error.failure}: {task.error.message}" if task.error else "in no suite: no score"
            print(f"{task_id:26}{'-':>8}  {reason}")
        for rule_id, score in scores.items():
            low, high = task.intervals95.get(rule_id, (score, score))
            rule = f"  {rule_id}" if len(scores) > 1 else ""
            print(f"{task_id:26}{percent(score):>8}  [{percent(low)}, {percent(high)}]  n={task.n}{rule}")


def progress_of(how: str) -> "Progress":
    from evaluator.progress import Bar, JsonLines, descriptor_stream

    if how == "bar":
        return Bar()
    if how == "json":
        return JsonLines()
    name, _, number = how.partition(":")
    try:
        if name == "fd" and number.isascii() and number.isdigit():
            return JsonLines(descriptor_stream(int(number)))
    except (OSError, OverflowError) as error:
        raise typer.BadParameter(f"{how[:20]}: this process has no such open descriptor") from error
    raise typer.BadParameter("progress is bar or json, or fd:N where N is the number of an open descriptor")


def fail(progress: "Progress", error: EvaluationError) -> NoReturn:
    """Tell why there is no result, and end with 1."""
    close(progress)
    failed = getattr(progress, "failed", None)
    if failed is not None:
        failed(error.failure, error.message)
    else:
        print(f"{error.failure}: {error.message}", file=sys.stderr)
    raise typer.Exit(1) from error


def close(progress: "Progress") -> None:
    close = getattr(progress, "close", None)
    if close is not None:
        close()
