"""The code that a model brings: what a maintainer reads before it may run."""

import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Literal

from evaluator.cleaning import clean_text
from evaluator.model.download import fetch_code
from evaluator.model.parts import looked_at
from evaluator.records import Record
from evaluator.spec import ModelSpec

LONGEST_PATH = 200


class CodeFile(Record):
    """A Python file of one of a model's repositories at a commit, with the SHA-256 of its content."""

    repository: str
    commit: str | None
    path: str
    sha256: str
    bytes: int


def code_files(
    spec: ModelSpec, *, cache: Path | None = None, token: Literal[False] | None = None
) -> tuple[CodeFile, ...]:
    """Every Python file of the model's repository, of its bases and of the repositories that its configs name.

    `cache` and `token`: as `evaluator.model.download.fetch_small`.

    Raises:
        EvaluationError: as `evaluator.model.parts.looked_at`.
    """
    composition = looked_at(spec, cache=cache, token=token)
    fetched = partial(fetch_code, cache=cache, token=token)
    specs = [layer.spec for layer in (*composition.layers, *composition.code)]
    return tuple(file for each in specs for file in _files(each, fetched(each)))


def _files(spec: ModelSpec, folder: Path) -> Iterable[CodeFile]:
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        yield CodeFile(
            repository=spec.model,
            commit=spec.revision,
            path=clean_text(path.relative_to(folder).as_posix(), LONGEST_PATH) or "?",
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
        )


def listing_text(files: Iterable[CodeFile]) -> str:
    """One file a line: SHA-256, bytes, repository at its commit, path."""
    lines = [f"{each.sha256}  {each.bytes:>9,}  {each.repository}@{each.commit}  {each.path}" for each in files]
    return "\n".join(lines) or "none: this model brings no code"
