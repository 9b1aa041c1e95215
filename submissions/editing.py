"""The commands that take a model's settings: `submit`, and `change` of what was submitted."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evaluator.looking import (
    EncodeTask,
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
)
from evaluator.model.lexical import lexical_spec
from evaluator.options import spec_fields
from evaluator.spec import LEXICAL, ModelSpec, local_spec
from submissions.record import ModelMetadata
from submissions.terminal import By, Id, errors_for_people, line_of, me, open_queue

Training = Annotated[
    list[str] | None,
    typer.Option("--training", help="data set or task that the model was trained on; may be repeated"),
]
AnyCommit = Annotated[bool, typer.Option("--any-commit", help="also a commit outside the default branch's history")]

_NAMED = {"model", "source", "revision"}
EDITED = (
    *("precision", "loader", "pooling", "prompts", "instruction_template", "instruct_documents", "instructions"),
    *("encode_task", "truncate_dim", "max_tokens", "recipe", "parts"),
)
"""The fields of a spec that `change` sets, and puts back to their defaults."""


def spec_and_metadata(
    model: str, revision: str | None, fields: dict[str, Any], any_commit: bool = False
) -> tuple[ModelSpec, ModelMetadata]:
    """What MODEL names: a local folder or a lexical model if there is one, else a Hub model, checked and pinned.

    `fields`: the other fields of the spec.

    Raises:
        ValueError: (CheckFailed) it cannot be evaluated; the text says what to do.
    """
    from submissions.preview import with_parts

    if model.startswith(f"{LEXICAL}/"):
        lexical = lexical_spec(model, revision)
        return ModelSpec.model_validate(fields | lexical.model_dump(include=_NAMED)), ModelMetadata()
    if Path(model).expanduser().is_dir() or model.startswith(("/", ".", "~")):
        if revision:
            raise ValueError("a local folder has no revision to choose: it is the hash of its files")
        return with_parts(local_spec(Path(model), **fields)), ModelMetadata()
    from submissions.checks import check_model

    checked = check_model(model, revision, any_commit=any_commit)
    return with_parts(ModelSpec(model=checked.model, revision=checked.revision, **fields)), checked.metadata


def submit(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="a Hub id, a local folder, or lexical/NAME")],
    revision: Annotated[str | None, typer.Option(help="branch, tag or commit; default: the default branch")] = None,
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
    training: Training = None,
    note: Annotated[str, typer.Option(help="for the maintainers, up to 1000 characters")] = "",
    trust_remote_code: Annotated[bool, typer.Option(help="run code that the model brings along")] = False,
    force: Annotated[bool, typer.Option(help="evaluate again although there is a result")] = False,
    own: Annotated[
        bool, typer.Option("--own", help="its submitter owns the model: before others of its priority")
    ] = False,
    suite: SuiteIds = None,
    any_commit: AnyCommit = False,
    by: By = None,
) -> None:
    """Add a model to the queue; it waits for a maintainer's approval."""
    with errors_for_people():
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
        spec, metadata = spec_and_metadata(model, revision, fields, any_commit)
        done = open_queue().submit(
            spec,
            who=me(by),
            note=note,
            metadata=metadata,
            force=force,
            suites=tuple(suite or ()),
            own=own,
            training=training or (),
        )
        typer.echo(line_of(done))


def change(
    context: typer.Context,
    submission_id: Id,
    revision: Annotated[str | None, typer.Option(help="another branch, tag or commit on the Hub")] = None,
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
    training: Training = None,
    reset: Annotated[
        list[str] | None, typer.Option(help=f"back to the default: {', '.join(EDITED)}; may be repeated")
    ] = None,
    any_commit: AnyCommit = False,
    by: By = None,
) -> None:
    """Change settings of a submission before its approval (as a maintainer): those that are given, and no others."""
    if unknown := set(reset or ()) - set(EDITED):
        raise typer.BadParameter(f"--reset takes {', '.join(EDITED)}, and not {sorted(unknown)[0]!r}")
    with errors_for_people():
        options = spec_fields(
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
        )
        given = {field: options[field] for field in EDITED if _typed(context, field)}
        queue = open_queue()
        spec, metadata = _changed(queue.find(submission_id).spec, revision, given, set(reset or ()), any_commit)
        done = queue.change(
            submission_id, spec, who=me(by), maintainer=True, metadata=metadata, training=training or None
        )
        typer.echo(line_of(done))


def _typed(context: typer.Context, field: str) -> bool:
    """Whether the option of a field was on the command line; its default says nothing then."""
    source = context.get_parameter_source("part" if field == "parts" else field)
    return source is not None and source.name == "COMMANDLINE"


def _changed(
    earlier: ModelSpec, revision: str | None, given: dict[str, Any], reset: set[str], any_commit: bool
) -> tuple[ModelSpec, ModelMetadata | None]:
    """`earlier` with the `given` fields, at another revision if one is named; and what the Hub says, if it was asked.

    Other commits are pinned anew, and their code is not trusted because the earlier ones' was.

    Raises:
        ValueError: the model cannot be evaluated so.
    """
    if revision is not None and earlier.source == "local":
        raise ValueError("a local folder has no revision to choose: submit it anew when its files have changed")
    other_commits = revision is not None or "parts" in given or "parts" in reset
    left_out = {"model", "source", "revision", "folder", *reset}
    left_out |= {"parts", "trust_remote_code"} if other_commits else set()
    fields = earlier.model_dump(exclude=left_out, exclude_defaults=True) | given
    if revision is not None:
        return spec_and_metadata(earlier.model, revision, fields, any_commit)
    same = earlier.model_dump(include={"model", "source", "revision", "folder"})
    spec = ModelSpec.model_validate(same | fields)
    if not other_commits:
        return spec, None
    from submissions.preview import with_parts

    return with_parts(spec), None
