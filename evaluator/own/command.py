"""`python -m evaluator run MODEL --corpus FOLDER`: the same evaluation, of one's own data; the report is HTML."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evaluator.errors import EvaluationError
from evaluator.looking import close, fail, progress_of
from evaluator.options import devices_of, spec_of, with_parts
from evaluator.own.corpus import OwnDataError, read_own, write_task
from evaluator.records import percent
from evaluator.spec import LEXICAL, ModelSpec
from evaluator.task import Task

if TYPE_CHECKING:
    from evaluator.progress import Progress
    from evaluator.run import Evaluation

Corpus = Annotated[
    Path | None,
    typer.Option(exists=True, help="your own data: a folder in BEIR layout, or a .csv of question and passage"),
]
Models = Annotated[list[str] | None, typer.Option(help="with --corpus: models to compare (--models A B C)")]
Report = Annotated[
    Path | None, typer.Option(dir_okay=False, help="with --corpus: the HTML report; default: <corpus>-report.html")
]

BASELINES = ("lexical/bm25-word", "lexical/bm25-bigram", "lexical/bm25-morpheme")
"""What every report compares with."""


def run_own(
    corpus: Path | None,
    models: Sequence[str],
    beside: Mapping[str, object],
    *,
    fields: dict[str, Any],
    revision: str | None,
    device: str,
    work_dir: Path | None,
    environments: Path | None,
    progress: str,
    output: Path | None,
) -> None:
    """Evaluate models on one's own data, write the report, and print the scores. Nothing is uploaded.

    `beside` are options that belong to the board's tasks, as they were given.

    Raises:
        typer.BadParameter: a model or the data is none, or an option has no meaning here; the sentence says what to do.
    """
    from evaluator.evidence.writing import write_atomically
    from evaluator.own.comparing import compared
    from evaluator.own.report import report

    if corpus is None:
        raise typer.BadParameter("--models and --report are for your own data: give --corpus too")
    if named := [name for name, value in beside.items() if value]:
        raise typer.BadParameter(f"{named[0]} is for the board's tasks and has no meaning with --corpus")
    wanted = list(dict.fromkeys(models))
    if not wanted:
        raise typer.BadParameter("--corpus needs MODEL, or --models A B C")
    if revision is not None and len(wanted) > 1:
        raise typer.BadParameter("--revision is of one model; --models takes each at its newest commit")
    try:
        data = read_own(corpus)
    except OwnDataError as error:
        raise typer.BadParameter(str(error)) from error
    known = _baselines()
    specs = [with_parts(spec_of(model, revision, fields)) for model in wanted]
    specs += [spec for spec in known if spec.model not in wanted]
    tell = progress_of(progress)
    try:
        with tempfile.TemporaryDirectory(prefix="own-data-") as temporary:
            task = write_task(data, Path(temporary))
            run = partial(_evaluated, datasets=Path(temporary), device=device, work_dir=work_dir, tell=tell)
            evaluations = [run(spec, [task], environments=environments) for spec in specs]
    except EvaluationError as error:
        fail(tell, error)
    close(tell)
    told = compared(task, data, evaluations)
    path = output if output is not None else Path(f"{corpus.resolve().stem}-report.html")
    write_atomically(path, report(told, corpus.resolve().name).encode())
    for model in sorted(told["models"], key=lambda each: -each["scores"][told["rules"][0]][0]):
        score, low, high = (percent(value) for value in model["scores"][told["rules"][0]])
        fused = f"  + BM25 {percent(model['hybrid'][0])}" if model["hybrid"] else ""
        print(f"{model['name'][-60:]:60}{score:>8}  [{low}, {high}]{fused}")
    print(f"written: {path}")


def _baselines() -> list[ModelSpec]:
    from evaluator.model.lexical import MODELS, lexical_spec

    return [lexical_spec(name) for name in BASELINES if name in MODELS]


def _evaluated(
    spec: ModelSpec,
    tasks: list[Task],
    *,
    datasets: Path,
    device: str,
    work_dir: Path | None,
    tell: "Progress",
    environments: Path | None,
) -> "Evaluation":
    from evaluator.lexical import evaluate_lexical
    from evaluator.own.comparing import MAIN
    from evaluator.run import evaluate

    if spec.source == LEXICAL:
        return evaluate_lexical(spec, tasks, datasets=datasets, progress=tell)
    return evaluate(
        spec,
        tasks,
        datasets=datasets,
        devices=devices_of(device),
        work_dir=work_dir,
        progress=tell,
        environments=environments,
        curves=lambda _: (MAIN,),
    )
