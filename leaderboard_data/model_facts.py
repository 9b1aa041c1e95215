"""What MTEB's registry says of models: which training data they declare, and which revision is the main one.

The file `facts/models.jsonl` ships with the project: one model revision a line, with MTEB's names of the fields
(docs/board.md). What a line does not say is not known.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parent / "facts" / "models.jsonl"

FIELDS = (
    "model",
    "revision",
    "in_registry",
    "is_main_revision",
    "adapted_from",
    "training_source",
    "training_datasets",
    "seen_tasks",
    "zero_shot_percent_kor_v2",
)
"""What is kept of a model's metadata, in this order."""


def dump_facts(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """The content of `facts/models.jsonl`, made of models' metadata (`mteb-models-korean-v2.jsonl`).

    A field without a value is left out; an empty list stays: it says that nothing was trained on.
    """
    kept = [{name: line[name] for name in FIELDS if line.get(name) is not None} for line in lines]
    kept.sort(key=lambda line: (line["model"], line["revision"]))
    return "".join(f"{json.dumps(line, ensure_ascii=False, separators=(',', ':'))}\n" for line in kept).encode()


@cache
def _main_revisions() -> frozenset[tuple[str, str]]:
    lines = [json.loads(line) for line in FACTS.read_text(encoding="utf-8").splitlines()]
    return frozenset((line["model"], line["revision"]) for line in lines if line.get("is_main_revision"))


def is_main_revision(model: str, revision: str | None) -> bool:
    """Whether MTEB's registry holds this revision for the model's main one."""
    return revision is not None and (model, revision) in _main_revisions()
