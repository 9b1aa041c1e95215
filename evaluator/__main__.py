"""`python -m evaluator tasks|explain|fetch|texts|run|verify|doctor|lock|environment`: evaluation without a queue."""

import sys
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluator.doctor.command import examine
from evaluator.errors import DISK_FULL, EvaluationError, is_disk_full
from evaluator.looking import (
    EncodeTask,
    Environments,
    InstructDocuments,
    Instructions,
    LoaderName,
    MaxTokens,
    Part,
    PoolingName,
    PrecisionName,
    PromptsFile,
    Recipe,
    SuiteIds,
    Template,
    TruncateDim,
    close,
    explain_model,
    fail,
    fetch_model,
    list_tasks,
    lock_recipe,
    print_environment,
    print_table,
    progress_of,
    write_texts,
)
from evaluator.merging import lacking, merge
from evaluator.options import (
    chosen_tasks,
    default_output,
    devices_of,
    refuse_another,
    result_file,
    spec_fields,
    wanted_spec,
    with_repeated_tasks,
)
from evaluator.own.command import Corpus, Models, Report, run_own
from evaluator.records import ModelResult, TaskFailure, dump_result
from evaluator.spec import LEXICAL, ModelSpec
from evaluator.suite import SUITES, rules_of
from evaluator.task import Task

if TYPE_CHECKING:
    from evaluator.progress import Progress
    from evaluator.run import Evaluation


app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("tasks")(list_tasks)
app.command("explain")(explain_model)
app.command("fetch")(fetch_model)
app.command("texts")(write_texts)
app.command("lock")(lock_recipe)
app.command("environment")(print_environment)
app.command("doctor")(examine)


@app.command("run")
def run_model(
    model: Annotated[
        str | None,
        typer.Argument(help="Hub id (organisation/name), a local folder, or lexical/bm25-bigram and the like"),
    ] = None,
    spec: Annotated[Path | None, typer.Option(help="a ModelSpec as JSON, instead of MODEL and its options")] = None,
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
    part: Part = None,
    recipe: Recipe = None,
    max_tokens: MaxTokens = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="run the repository's own code; needs a 40-digit --revision")
    ] = False,
    datasets: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="local copies of the data sets, in Hub layout")
    ] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="task ids (--tasks A B, or repeated); default: all")] = None,
    suite: SuiteIds = None,
    onto: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="run the spec of this result file on what it lacks, and add that to it"
        ),
    ] = None,
    apart: Annotated[
        bool, typer.Option("--apart", help="with --onto: write what was run alone, for a worker that merges it itself")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, or several: cuda:0,cuda:1")] = "auto",
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="score equal pairs twice, as MTEB does")
    ] = False,
    work_dir: Annotated[
        Path | None, typer.Option(file_okay=False, help="keep embeddings here, so that a killed run goes on")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="write the result (JSON) here; default: the --onto file, else evaluations/<model>/<revision>.json",
        ),
    ] = None,
    samples: Annotated[
        Path | None, typer.Option(dir_okay=False, help="write per-pair and per-query values (parquet) here")
    ] = None,
    rankings: Annotated[
        Path | None, typer.Option(dir_okay=False, help="write each query's best 100 documents (parquet) here")
    ] = None,
    curves: Annotated[
        Path | None, typer.Option(dir_okay=False, help="score smaller vectors too, and write that (parquet) here")
    ] = None,
    progress: Annotated[
        str, typer.Option(help="bar, or json (one event a line) on stderr, or fd:N: json on the open descriptor N")
    ] = "bar",
    not_fetched: Annotated[
        Path | None, typer.Option(dir_okay=False, help="what `fetch` wrote, for an evaluation without network")
    ] = None,
    environments: Environments = None,
    corpus: Corpus = None,
    models: Models = None,
    report: Report = None,
) -> None:
    """Evaluate one model: writes its result and prints the scores. With --corpus: of your own data, as one HTML file.

    Exit codes: 0 a result was written, 1 there is none and the reason is printed, 2 the command is wrong.
    """
    stored = result_file(onto) if onto is not None else None
    on_own_data = corpus is not None or bool(models) or report is not None
    if not on_own_data and (
        sum(given is not None for given in (model, spec)) > 1 or (model is None and spec is None and stored is None)
    ):
        raise typer.BadParameter("give either MODEL, or --spec FILE, or --onto RESULT")
    chosen = chosen_tasks(tasks, suite)
    if device != "auto":
        devices_of(device)  # a wrong one is told before anything is asked of the Hub
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
        trust_remote_code=trust_remote_code,
    )
    if on_own_data:
        beside = {"--spec": spec, "--onto": onto, "--tasks": tasks, "--suite": suite, "--output": output}
        beside |= {"--samples": samples, "--rankings": rankings, "--datasets": datasets, "--not-fetched": not_fetched}
        run_own(
            corpus,
            [*([model] if model else []), *(models or [])],
            beside,
            fields=fields,
            revision=revision,
            device=device,
            work_dir=work_dir,
            environments=environments,
            progress=progress,
            output=report,
        )
        return
    tell = progress_of(progress)
    from evaluator.evidence.curve_file import write_curves
    from evaluator.evidence.rankings import write_rankings
    from evaluator.evidence.samples import write_samples
    from evaluator.evidence.writing import write_atomically
    from evaluator.fetching import load_failures

    try:
        wanted = wanted_spec(model, spec, stored, revision, fields)
        if stored is not None:
            refuse_another(wanted, stored)
            chosen, keep_duplicates = list(lacking(stored, chosen)), stored.keep_duplicates
            if not chosen and tasks is None:
                close(tell)
                print(f"{onto} lacks nothing; nothing was run")
                return
            chosen = chosen or chosen_tasks(tasks, suite)
        evaluation = evaluated(
            wanted,
            chosen,
            datasets=datasets,
            device=device,
            keep_duplicates=keep_duplicates,
            work_dir=work_dir,
            progress=tell,
            onto=stored,
            not_fetched=load_failures(not_fetched) if not_fetched is not None else None,
            environments=environments,
            curves=curves is not None,
        )
    except EvaluationError as error:
        fail(tell, error)
    except typer.BadParameter:
        raise
    except Exception as error:  # a bug: its traceback is for us, the sentence for whoever waits for the result
        if is_disk_full(error):
            fail(tell, EvaluationError("disk_full", DISK_FULL))
        traceback.print_exc()
        what = type(error).__name__
        fail(tell, EvaluationError("internal", f"The evaluator itself failed ({what}). The model is not at fault."))
    close(tell)
    earlier = None if apart else stored
    result = evaluation.result if earlier is None else merge(earlier, evaluation.result)
    if samples is not None:
        write_samples(evaluation.samples, samples, onto=earlier is not None)
    if rankings is not None:
        write_rankings(evaluation.rankings, rankings, onto=earlier is not None)
    if curves is not None:
        write_curves(evaluation.curves, curves, onto=earlier is not None)
    output = output or (onto if earlier is not None else None) or default_output(wanted)
    write_atomically(output, dump_result(result))
    print_table(result)
    print(f"written: {output}")


def evaluated(
    spec: ModelSpec,
    tasks: list[Task],
    *,
    datasets: Path | None,
    device: str,
    keep_duplicates: bool,
    progress: "Progress",
    onto: ModelResult | None = None,
    not_fetched: Mapping[str, TaskFailure] | None = None,
    work_dir: Path | None = None,
    environments: Path | None = None,
    curves: bool = False,
) -> "Evaluation":
    """Evaluate a model of whatever kind: as `evaluator.run.evaluate`, which says what the arguments are."""
    from evaluator.lexical import evaluate_lexical
    from evaluator.run import evaluate

    run = evaluate_lexical
    if spec.source != LEXICAL:
        run = partial(  # type: ignore[assignment]
            evaluate, devices=devices_of(device), work_dir=work_dir, environments=environments,
            curves=rules_of if curves else None,
        )  # fmt: skip
    return run(
        spec,
        tasks,
        datasets=datasets,
        keep_duplicates=keep_duplicates,
        progress=progress,
        onto=onto,
        not_fetched=not_fetched,
    )


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
    environments: Environments = None,
) -> None:
    """Run a stored result's spec again, and compare each task's score.

    Exit codes: 0 all within 0.0001, 1 a score differs or the evaluation failed, 2 the command is wrong.
    """
    from evaluator.evidence.verify import differences

    stored = result_file(result)
    scored = [task_id for task_id, score in stored.tasks.items() if score.scored and rules_of(task_id)]
    chosen = chosen_tasks(tasks or scored, list(SUITES))
    if missing := [task.id for task in chosen if task.id not in scored]:
        raise typer.BadParameter(f"the result has no score for {', '.join(missing)}")
    spec = stored.spec.model_copy(update={"folder": folder.resolve()}) if folder is not None else stored.spec
    tell = progress_of("bar")
    try:
        again = evaluated(
            spec,
            chosen,
            datasets=datasets,
            device=device,
            keep_duplicates=stored.keep_duplicates,
            work_dir=work_dir,
            progress=tell,
            environments=environments,
        ).result
    except EvaluationError as error:
        fail(tell, error)
    close(tell)
    for row in (found := differences(stored, again, [task.id for task in chosen])):
        then, now_ = (f"{value:.6f}" if value is not None else "-" for value in (row.stored, row.again))
        size = f"{row.size:.1e}" if row.size is not None else "-"
        name = row.task_id if len(rules_of(row.task_id)) == 1 else f"{row.task_id} {row.rule_id}"
        print(f"{name:26}{then:>10}{now_:>10}{size:>10}  {'agrees' if row.agrees else 'DIFFERS'}")
    if not all(row.agrees for row in found):
        raise typer.Exit(1)


if __name__ == "__main__":
    app(with_repeated_tasks(sys.argv[1:]))
