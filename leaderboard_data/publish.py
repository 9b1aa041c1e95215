"""A result -> the change to commit: result file, samples, replicates, index and data set card, all in one commit."""

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from evaluator.evidence.curve_file import Curves, dump_curves, load_curves
from evaluator.evidence.rankings import Rankings, dump_rankings, load_rankings
from evaluator.evidence.samples import dump_samples, load_samples
from evaluator.kinds import Samples
from evaluator.merging import merge
from evaluator.records import ModelResult, dump_result, load_result
from evaluator.spec import result_path
from evaluator.suite import rules_of
from evaluator.tasks import discovered_tasks
from leaderboard_data.curves import CURVES_PATH, renewed_curves
from leaderboard_data.entry import Entry, entries_of
from leaderboard_data.hybrids import HYBRIDS_PATH, renewed_hybrids
from leaderboard_data.importing import dump_lines
from leaderboard_data.index import dump_index
from leaderboard_data.load import (
    CURVES_FOLDER,
    RANKINGS_FOLDER,
    RESULTS_FOLDER,
    Reader,
    curves_path,
    entries_with_intervals,
    load_entries,
    parse_results,
    rankings_path,
    read_entries,
    replicates_path,
    samples_path,
    stored_replicates,
)
from leaderboard_data.significance import Replicates, dump_replicates
from store import Store
from store.errors import NotFound
from store.update import Change, Snapshot, update

T = TypeVar("T")

SHIPPED = Path(__file__).parent / "results"
"""The result files that ship with the project; the store holds them under the same names in `results/`."""

FORMER_IMPORTS = frozenset({"b002cb3e4a6e286029f4b307afc4dae949aa58281411b0adb5d373508ae72e49"})
"""SHA-256 of the imported results as former versions shipped them: stores that were filled with them get the newer."""

log = logging.getLogger(__name__)

CARD_PATH = "README.md"
CARD = """---
language: ko
pretty_name: Korean embedding leaderboard, results
configs:
- config_name: leaderboard
  data_files: leaderboard.parquet
- config_name: means
  data_files: means.parquet
---

# 한국어 임베딩 리더보드: 결과

`leaderboard.parquet` has one row per result, suite and task (scores from -1 to 1), `means.parquet` one per mean of a
suite, with its 95 % interval. `results/<org>__<name>/` holds the whole
result files with every metric and its provenance, `samples/` the values per pair and per query behind the scores,
`replicates/` the scores on 1,000 bootstrap resamples of them, `runs/` the best 100 documents of each query, `curves/`
the scores with smaller vectors.
"""


@dataclass(frozen=True)
class _Stored:
    """What the store holds of one result: the record, its samples, its replicates, its rankings and its curves."""

    result: ModelResult
    samples: Mapping[str, Samples]
    replicates: Replicates
    rankings: Rankings
    curves: Curves


def _replicates(samples: Mapping[str, Samples]) -> Replicates:
    """Each task's score, by each rule that a suite has for it, on 1,000 resamples. Takes seconds."""
    from evaluator.evidence.bootstrap import resampled_scores

    known = discovered_tasks()
    return {
        (task_id, rule_id): scores.astype(np.float32)  # as they are stored
        for task_id, columns in samples.items()
        if task_id in known
        for rule_id, scores in resampled_scores(known[task_id], columns, rules_of(task_id)).items()
        if np.isfinite(scores).all()  # a resample without a score: no interval
    }


def publish_change(
    result: ModelResult,
    samples: bytes | None = None,
    rankings: bytes | None = None,
    *,
    curves: bytes | None = None,
    replace: bool = False,
) -> Callable[[Snapshot], Change | None]:
    """The change, for `store.update.update`, that publishes `result`. Publishing it again changes nothing.

    The path follows from the spec. What the store holds there already is kept: the runs add up (`evaluator.merging`),
    with their samples, replicates, rankings and curves. With `replace` an earlier result gives way as a whole.

    Raises (when the change is made):
        CannotMerge: the store holds a result that this one cannot be added to.
    """
    path = result_path(result.spec)
    new = _read(result, {}, samples, rankings, curves)
    new = dataclasses.replace(new, replicates=_replicates(new.samples))

    def change(snapshot: Snapshot) -> Change | None:
        stored = None if replace else _stored(snapshot, path)
        whole = new if stored is None else _together(stored, new)
        entries = entries_with_intervals(path, whole.result, whole.replicates)
        others = [other for other in _indexed(snapshot) if other.path != path]
        files: dict[str, bytes | None] = {path: dump_result(whole.result), **dump_index([*others, *entries])}
        if whole.samples:
            files[samples_path(path)] = dump_samples(whole.samples)
            files[replicates_path(path)] = dump_replicates(whole.replicates)
        if whole.rankings or snapshot.exists(rankings_path(path)):
            files[rankings_path(path)] = dump_rankings(whole.rankings) if whole.rankings else None
            files[HYBRIDS_PATH] = renewed_hybrids(snapshot, [*others, *entries], {path: whole.rankings})
        if whole.curves or snapshot.exists(curves_path(path)):
            files[curves_path(path)] = dump_curves(whole.curves) if whole.curves else None
            files[CURVES_PATH] = renewed_curves(snapshot, [*others, *entries], {path: whole.curves})
        if not snapshot.exists(CARD_PATH):
            files[CARD_PATH] = CARD.encode()
        if all(_is(snapshot, name, wanted) for name, wanted in files.items()):
            return None
        return Change(files, f"Publish {result.spec.model}")

    return change


def confirm_change(model: str, revision: str) -> Callable[[Snapshot], Change | None]:
    """The change that confirms what is in doubt of a model's results at a commit: a maintainer found them right.

    Raises (when the change is made):
        NotFound, BadFile: a result is not there, or cannot be read.
    """

    def change(snapshot: Snapshot) -> Change | None:
        indexed = _indexed(snapshot)
        paths = {
            e.path for e in indexed if (e.model, e.revision, e.origin) == (model, revision, "measured") and e.doubts
        }
        if not paths:
            return None
        files: dict[str, bytes | None] = {}
        for path in sorted(paths):
            result = load_result(snapshot.read(path), path)
            confirmed = tuple(sorted({*result.confirmed, *result.doubts}))
            files[path] = dump_result(result.model_copy(update={"confirmed": confirmed}))
        settled = [dataclasses.replace(e, doubts=None) if e.path in paths else e for e in indexed]
        return Change({**files, **dump_index(settled)}, f"Confirm {model} at {revision[:12]}")

    return change


def _together(stored: _Stored, new: _Stored) -> _Stored:
    """Both results as one; samples, replicates, rankings and curves of each task are those of the run it is from."""
    whole = merge(stored.result, new.result)
    kept = {task_id for task_id in whole.tasks if whole.tasks[task_id] == stored.result.tasks.get(task_id)}
    parts = [(stored, kept), (new, set(whole.tasks) - kept)]
    return _Stored(
        whole,
        {task: columns for part, tasks in parts for task, columns in part.samples.items() if task in tasks},
        {key: scores for part, tasks in parts for key, scores in part.replicates.items() if key[0] in tasks},
        {task: found for part, tasks in parts for task, found in part.rankings.items() if task in tasks},
        {task: found for part, tasks in parts for task, found in part.curves.items() if task in tasks},
    )


def _stored(snapshot: Snapshot, path: str) -> _Stored | None:
    """What the store holds at `path`; None where there is nothing that can be read."""
    if not snapshot.exists(path):
        return None
    try:
        result = load_result(snapshot.read(path))
    except ValueError as error:
        log.warning("%s cannot be read and is written anew: %s", path, error)
        return None
    samples = snapshot.read(samples_path(path)) if snapshot.exists(samples_path(path)) else None
    rankings = snapshot.read(rankings_path(path)) if snapshot.exists(rankings_path(path)) else None
    curves = snapshot.read(curves_path(path)) if snapshot.exists(curves_path(path)) else None
    replicates = stored_replicates(snapshot, path) or {}
    return _read(result, replicates, samples, rankings, curves)


def _read(
    result: ModelResult, replicates: Replicates, samples: bytes | None, rankings: bytes | None, curves: bytes | None
) -> _Stored:
    """A result with what stands beside it, read from the files' contents."""
    return _Stored(
        result,
        _readable(samples, load_samples, "samples and replicates"),
        replicates,
        _readable(rankings, load_rankings, "rankings"),
        _readable(curves, load_curves, "curves"),
    )


def _readable(content: bytes | None, load: Callable[[bytes], Mapping[str, T]], what: str) -> Mapping[str, T]:
    """What `load` makes of a file's content; nothing, with a warning, if it cannot be read: the result counts all the
    same.
    """
    try:
        return load(content) if content else {}
    except ValueError as error:
        log.warning("no %s: %s", what, error)
        return {}


def rebuild_index(snapshot: Snapshot) -> Change | None:
    """The change that makes the index anew from the result files, which are brought up to this schema."""
    reader = Reader()
    results, _ = reader.results(snapshot)
    entries = read_entries(snapshot, reader)
    files: dict[str, bytes | None] = {**dump_index(entries)}
    if snapshot.list(RANKINGS_FOLDER):
        files[HYBRIDS_PATH] = renewed_hybrids(snapshot, entries, None)
    if snapshot.list(CURVES_FOLDER):
        files[CURVES_PATH] = renewed_curves(snapshot, entries, None)
    for path, found in results.items():
        is_lines = path.endswith(".jsonl")
        written = len(snapshot.read(path).splitlines()) if is_lines else 1
        if len(found) == written:  # a file with something that cannot be read stays as it is
            files[path] = dump_lines(found) if is_lines else dump_result(found[0])
        replicates = stored_replicates(snapshot, path)
        if replicates:
            files[replicates_path(path)] = dump_replicates(replicates)
    changed = {name: content for name, content in files.items() if not _is(snapshot, name, content)}
    return Change(changed, "Make the index anew") if changed else None


def shipped_files() -> dict[str, bytes]:
    """{path in the store: content} of the result files that ship with the project."""
    return {
        f"{RESULTS_FOLDER}/{file.relative_to(SHIPPED).as_posix()}": file.read_bytes()
        for file in sorted(SHIPPED.rglob("*.json*"))
    }


def seed(store: Store) -> str:
    """Fill an empty results store with the shipped results; in one that has results, renew what was shipped before.

    Of a store that a former version filled, the imported results give way to those that ship now, if they are still
    as that version shipped them (`FORMER_IMPORTS`); whatever else it holds stays as it is. Returns the head afterwards.

    Raises:
        StoreError: the store cannot be written.
    """

    def change(snapshot: Snapshot) -> Change | None:
        there = snapshot.list(RESULTS_FOLDER)
        if not there:
            files = shipped_files()
            index = dump_index(shipped_entries(files.items()))
            return Change({**files, **index, CARD_PATH: CARD.encode()}, "Begin with the published board")
        renewed = {
            path: content
            for path, content in shipped_files().items()
            if path in there and hashlib.sha256(snapshot.read(path)).hexdigest() in FORMER_IMPORTS
        }
        if not renewed:
            return None
        imported = shipped_entries(renewed.items())
        others = [entry for entry in read_entries(snapshot, Reader()) if entry.path not in renewed]
        return Change({**renewed, **dump_index([*others, *imported])}, "Renew the imported results")

    return update(store, change)


def shipped_entries(files: Iterable[tuple[str, bytes]] | None = None) -> list[Entry]:
    """The entries of the shipped results.

    Raises:
        ValueError: one of them is not readable.
    """
    entries: list[Entry] = []
    for path, content in shipped_files().items() if files is None else files:
        results, why = parse_results(path, content)
        if why:
            raise ValueError(f"{path}: {why}")
        entries.extend(entry for result in results for entry in entries_of(path, result))
    return entries


def _indexed(snapshot: Snapshot) -> list[Entry]:
    return load_entries(snapshot, Reader())


def _is(snapshot: Snapshot, path: str, wanted: bytes | None) -> bool:
    try:
        return snapshot.read(path) == wanted
    except NotFound:
        return wanted is None
