"""A task's rows as they are read here: first rows, counts, characters, fingerprint, against what is known of them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from evaluator.cleaning import clean_text
from evaluator.data import TaskData, character_count, known_fingerprints
from evaluator.doctor.checks import Check
from evaluator.doctor.hub import commit_of
from evaluator.errors import EvaluationError
from evaluator.kinds import Examples, kind_of
from evaluator.task import Task

SIZES = Path(__file__).with_name("sizes.yaml")
FIRST, LENGTH = 2, 60
"""How many rows are shown, and how many characters of each."""


@cache
def sizes() -> Mapping[str, Mapping[str, Any]]:
    """Task id -> what MTEB counts in its data."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(SIZES.read_text("utf-8"))
    return loaded


@dataclass(frozen=True)
class Found:
    """What was read for a task; `where` is "hub" or "copy"."""

    task: Task
    where: str
    fingerprint: str
    counts: Mapping[str, Any]
    first: Mapping[str, list[str]] = field(default_factory=dict)
    commit: str | None = None
    """What the task's revision names now, where that is not a commit by itself."""


def look_at(task: Task, datasets: Path | None) -> tuple[Check, Found | None]:
    """Read the task's rows from local copies, or from the Hub where `datasets` is None, and compare them."""
    name = f"data {task.id}"
    where = "hub" if datasets is None else "copy"
    try:
        with tempfile.TemporaryDirectory(prefix="doctor-") as cache_folder:
            examples = kind_of(task).read(task, TaskData(task, datasets, Path(cache_folder)), keep_duplicates=True)
            commit = commit_of(task.data.path, task.data.revision) if datasets is None else None
            found = Found(task, where, examples.fingerprint, counts_of(examples), first_rows(examples), commit)
    except EvaluationError as error:
        advice = "see whether the data set is still there, open to your token, and in the layout that its kind reads"
        if datasets is not None:
            advice = "put a copy of it there, as a clone of the Hub's repository looks, or read it from the Hub (--hub)"
        elif error.failure == "hub_unavailable":
            advice = "try again when the Hub answers"
        return Check(name, "failed", f"{error.failure}: {error.message}", advice), None
    except Exception as error:  # whatever a data set makes a reader do is told of this task alone
        told = clean_text(str(error), 300) or type(error).__name__
        return Check(name, "failed", f"its kind {task.kind} cannot read it: {told}", "a bug, or a changed layout"), None
    return _compared(name, found), found


def counts_of(examples: Examples) -> dict[str, Any]:
    """The numbers that MTEB tells too, by its statistics' meaning, duplicates included."""
    told: dict[str, Any] = {
        "n": examples.n,
        "characters": {side: character_count(texts) for side, texts in examples.sides.items()},
    }
    if "document" in examples.sides:
        told["documents"] = len(examples.sides["document"])
    labels = examples.gold.get("label")
    if labels and set(labels) <= {0, 1}:
        told["positives"] = sum(labels)
    return told


def first_rows(examples: Examples) -> dict[str, list[str]]:
    """The beginning of the first texts of each side: enough to see that it is the right language and column."""
    return {
        side: [clean_text(texts[i], LENGTH) or "" for i in range(min(FIRST, len(texts)))]
        for side, texts in examples.sides.items()
    }


def differences(found: Found) -> list[str]:
    """What MTEB counts otherwise, each as a sentence's part."""
    expected = dict(sizes().get(found.task.id, {}))
    characters = expected.pop("characters", {})
    told = [
        f"{found.counts.get(what)} {what} where MTEB counts {count}"
        for what, count in expected.items()
        if found.counts.get(what) != count
    ]
    return told + [
        f"{found.counts['characters'].get(side)} characters of {side} where MTEB counts {count}"
        for side, count in characters.items()
        if found.counts["characters"].get(side) != count
    ]


def _compared(name: str, found: Found) -> Check:
    task, local = found.task, found.where == "copy"
    known = known_fingerprints(task, local=local)
    characters = sum(found.counts["characters"].values())
    told = f"{found.counts['n']} rows, {characters} characters, fingerprint {found.fingerprint[:16]}"
    facts = {
        "task": task.id,
        "where": found.where,
        "revision": task.data.revision,
        "fingerprint": found.fingerprint,
        "known": list(known),
        "counts": dict(found.counts),
        "mteb": dict(sizes().get(task.id, {})),
        "first": dict(found.first),
    }
    other = differences(found)
    if known and found.fingerprint not in known:
        what = f"{told}, not the known {known[0][:16]}" + "".join(f"; {each}" for each in other)
        advice = (
            "an evaluation refuses this copy; get the one that is pinned"
            if local
            else "the commit is the pin, so it is scored, with a mark; look at the rows, then take the patch"
        )
        return Check(name, "failed" if local else "differs", what, advice, facts)
    if other:
        return Check(name, "differs", f"{told}; {'; '.join(other)}", "look at the rows before you rely on them", facts)
    if not known:
        pin = None if local else "not pinned yet: take the patch"
        return Check(name, "note", f"{told}; nothing is pinned to compare it with", pin, facts)
    return Check(name, "ok", told, None, facts)
