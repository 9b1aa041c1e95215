"""ModelSpec: all that decides which embeddings a model gives. Its id names the result."""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Precision = Literal["auto", "float32", "float16", "bfloat16"]
Loader = Literal["auto", "sentence-transformers", "transformers"]
Pooling = Literal["auto", "mean", "cls", "last"]
Vectors = Literal["dense", "sparse", "multi_vector"]
"""What a model makes of a text: one vector, one of which few values are not 0, or one for each token."""
ModelKind = Literal["dense", "sparse", "multi_vector", "lexical"]
"""The kinds of models: by their vectors, or lexical, which have none."""

# As huggingface_hub's validate_repo_id, but always with an owner, so that an id is safe in a path and in a link.
_MODEL_ID = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?/[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")

LEXICAL = "lexical"
"""The owner in the ids of the board's own lexical models (`evaluator.model.lexical`): nobody's on the Hub here."""

RANKING_KINDS = frozenset({"retrieval", "reranking"})
"""The kinds of tasks that a model without one dense vector a text can do: it ranks documents, and nothing else."""


def is_lexical(model: str) -> bool:
    """Whether an id is that of a lexical model, however it is spelled."""
    return model.partition("/")[0].casefold() == LEXICAL


def valid_model_id(model: str) -> str:
    """`model` itself, if it is a Hub id `organisation/name`.

    Raises:
        ValueError: a sentence that shows the right form.
    """
    if not _MODEL_ID.fullmatch(model) or "--" in model or ".." in model or model.endswith(".git"):
        raise ValueError(
            f"{model[:120]!r} is not a Hub model id; write it as organisation/name, for example nlpai-lab/KURE-v1"
        )
    return model


def valid_commit(revision: str) -> str:
    """`revision` itself, if it is a full commit id.

    Raises:
        ValueError: it is a branch, a tag or a shortened id.
    """
    if not _COMMIT.fullmatch(revision):
        raise ValueError(f"{revision[:120]!r} is not a commit id; give the 40 hexadecimal digits of one commit")
    return revision


def valid_template(template: str) -> str:
    """`template` itself, if an instruction can be put into it.

    Raises:
        ValueError: "{instruction}" is not in it once, or it is longer than 2,000 characters.
    """
    if template.count("{instruction}") != 1 or len(template) > 2000:
        raise ValueError(
            "an instruction template holds {instruction} once, for example 'Instruct: {instruction}\\nQuery: '"
        )
    return template


def valid_prompts(prompts: dict[str, str]) -> dict[str, str]:
    """`prompts` itself, if it is bounded.

    Raises:
        ValueError: more than 200 keys, a key longer than 200 characters or a text longer than 4,000.
    """
    if len(prompts) > 200 or any(len(key) > 200 or len(text) > 4000 for key, text in prompts.items()):
        raise ValueError("prompts have at most 200 keys of at most 200 characters, and texts of at most 4,000")
    return prompts


def valid_parts(parts: dict[str, str]) -> dict[str, str]:
    """`parts` itself, if it names few repositories, each at a commit.

    Raises:
        ValueError: more than 20, or an id or a commit that is none.
    """
    if len(parts) > 20:
        raise ValueError("a model is made of at most 20 other repositories")
    for model, commit in parts.items():
        valid_model_id(model)
        valid_commit(commit)
    return parts


Prompts = Annotated[dict[str, str], AfterValidator(valid_prompts)]
Parts = Annotated[dict[str, str], AfterValidator(valid_parts)]
RecipeName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$")]
InstructionTemplate = Annotated[str, AfterValidator(valid_template)]
ModelId = Annotated[str, AfterValidator(valid_model_id)]
CommitId = Annotated[str, AfterValidator(valid_commit)]


class ModelSpec(BaseModel):
    """A model as it is to be evaluated.

    `revision` is the commit of the Hub repository, or the hash of a local folder's files or of a lexical model's
    definition, 40 hexadecimal digits; None only in reported results whose source does not tell it. `prompts` None
    means the card's or the repository's own; keys as in MTEB: task name, then task type, then "query" / "document".
    `instruction_template` puts a task's instruction (that of `instructions`, else the card's, else the suite's)
    before queries and single texts, and before documents with `instruct_documents`. `encode_task` names, under the
    same keys, the `task=` of a model whose own `encode` takes one. `truncate_dim` keeps the first dimensions of
    each embedding. `parts`: commits of the other repositories that it is made of (`evaluator.model.parts`): base
    models of adapters, and code. `recipe` names the environment it runs in (`evaluator.model.recipes`); None: the
    one known for it, "none": ours. `vectors`: what its repository says that it gives, found when the model is looked
    at (`evaluator.model.parts`). `trust_remote_code`: the code of this commit and of its parts may run. `folder`
    is where a local model's files are on the evaluating machine: it is not part of the identity and is never
    published.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelId
    source: Literal["hub", "local", "lexical"] = "hub"
    revision: CommitId | None = None
    precision: Precision = "auto"
    loader: Loader = "auto"
    pooling: Pooling = "auto"
    prompts: Prompts | None = None
    instruction_template: InstructionTemplate | None = None
    instruct_documents: bool | None = None
    instructions: Prompts | None = None
    encode_task: Prompts | None = None
    truncate_dim: Annotated[int, Field(gt=0, le=100_000)] | None = None
    max_tokens: Annotated[int, Field(gt=0, lt=2**31)] | None = None
    trust_remote_code: bool = False
    parts: Parts = {}
    recipe: RecipeName | None = None
    vectors: Vectors = "dense"
    folder: Path | None = None

    @model_validator(mode="after")
    def _folder_only_for_local(self) -> Self:
        if self.folder is not None and self.source != "local":
            raise ValueError("only a local model has a folder; give a Hub model by its id alone")
        return self

    @model_validator(mode="after")
    def _lexical_by_its_name_alone(self) -> Self:
        if is_lexical(self.model) != (self.source == LEXICAL):
            raise ValueError(f"models of {LEXICAL}/ are the board's own lexical ones, and no others are")
        if self.source == LEXICAL:
            fields = self.model_dump(exclude={"model", "source", "revision"}, exclude_defaults=True)
            if fields:
                raise ValueError(f"a lexical model has no settings, so {sorted(fields)[0]} says nothing about it")
        return self

    @model_validator(mode="after")
    def _no_settings_of_dense_vectors(self) -> Self:
        if self.vectors != "dense":
            settings = {"pooling", "truncate_dim", "encode_task"}
            fields = self.model_dump(include=settings, exclude_defaults=True)
            if fields or self.loader == "transformers":
                named = sorted(fields)[0] if fields else "loader"
                raise ValueError(f"{named} is a setting of dense models; this one gives {self.vectors} vectors")
        return self

    @property
    def kind(self) -> ModelKind:
        """The kind of model that it is."""
        return "lexical" if self.source == LEXICAL else self.vectors

    def can_do(self, kind: str) -> bool:
        """Whether tasks of a kind are applicable to it."""
        return self.kind == "dense" or kind in RANKING_KINDS

    @property
    def id(self) -> str:
        """64 hexadecimal digits: SHA-256 of the fields that differ from their defaults, without `folder`.

        A field added later with a default leaves the ids of earlier specs as they are.
        """
        fields = self.model_dump(mode="json", exclude={"folder"}, exclude_defaults=True)
        canonical = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def published(self) -> "ModelSpec":
        """This spec without what belongs to one machine."""
        return self.model_copy(update={"folder": None})


def result_path(spec: ModelSpec) -> str:
    """Where the results repository holds this spec's result: results/<org>__<name>/<revision>-<id>.json."""
    revision = spec.revision[:12] if spec.revision else "unreported"
    return f"results/{spec.model.replace('/', '__')}/{revision}-{spec.id[:8]}.json"


def local_spec(folder: Path, **fields: object) -> ModelSpec:
    """The spec of a model in a local folder, named `local/<folder name>`; its revision is a hash of its files.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it holds no config.json or modules.json, or another field is not valid.
    """
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    if not any((folder / name).is_file() for name in ("modules.json", "config.json", "adapter_config.json")):
        raise ValueError(f"{folder} holds no model: neither modules.json nor config.json is there")
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", folder.name).strip("-._") or "model"
    name = re.sub(r"-{2,}|\.{2,}", "-", name)[:90].strip("-.")
    return ModelSpec(model=f"local/{name}", source="local", revision=folder_revision(folder), folder=folder, **fields)  # type: ignore[arg-type]


def folder_revision(folder: Path) -> str:
    """40 hexadecimal digits that change when a file's name or content in `folder` does. Hidden files do not count."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") or part == "__pycache__" for part in relative.parts):
            continue
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{relative.as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:40]
