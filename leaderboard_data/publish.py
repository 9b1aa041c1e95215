"""A result -> the change to commit: result file, samples, replicates, index and data set card, all in one commit."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from evaluator.records import ModelResult, dump_result
from evaluator.spec import result_path
from evaluator.suite import SUITES
from leaderboard_data.entry import Entry, entry_of
from leaderboard_data.index import INDEX_PATH, dump_index, load_index
from leaderboard_data.load import RESULTS_FOLDER, Reader, entries_of, parse_results
from leaderboard_data.significance import dump_replicates
from store import Store
from store.errors import NotFound
from store.update import Change, Snapshot, update

SHIPPED = Path(__file__).parent / "results"
"""The result files that ship with the project; the store holds them under the same names in `results/`."""

log = logging.getLogger(__name__)

CARD_PATH = "README.md"
CARD = """---
language: ko
pretty_name: Korean embedding leaderboard, results
configs:
- config_name: leaderboard
  data_files: leaderboard.parquet
---

# 한국어 임베딩 리더보드: 결과

`leaderboard.parquet` has one row per result and task (scores from -1 to 1). `results/<org>__<name>/` holds the whole
result files with every metric and its provenance, `samples/` the values per pair and per query behind the scores,
`replicates/` the scores on 1,000 bootstrap resamples of them.
"""


def samples_path(path: str) -> str:
    """Where the samples of the result stored at `path` are."""
    return f"samples/{path.removeprefix(f'{RESULTS_FOLDER}/').removesuffix('.json')}.parquet"


def replicates_path(path: str) -> str:
    """Where the bootstrap replicates of the result stored at `path` are."""
    return f"replicates/{path.removeprefix(f'{RESULTS_FOLDER}/').removesuffix('.json')}.npz"


def _replicates(result: ModelResult, samples: bytes) -> bytes | None:
    """The replicates file of a samples file: each task's score on 1,000 resamples. Takes seconds.

    None, with a warning, if the samples are not readable: the result is published all the same.
    """
    from evaluator.bootstrap import resampled_scores
    from evaluator.samples import load_samples

    try:
        by_task = load_samples(samples)
    except ValueError as error:
        log.warning("no replicates are published: %s", error)
        return None
    found = {
        task.id: resampled_scores(task, by_task[task.id]) for task in SUITES[result.suite].tasks if task.id in by_task
    }
    return dump_replicates(found)


def publish_change(result: ModelResult, samples: bytes | None = None) -> Callable[[Snapshot], Change | None]:
    """The change, for `store.update.update`, that publishes `result`. Publishing it again changes nothing.

    The path follows from the spec, so a later evaluation of the same spec takes the place of the earlier one.
    """
    path = result_path(result.spec)
    content = dump_result(result)
    entry = entry_of(path, result)
    beside = {samples_path(path): samples, replicates_path(path): samples and _replicates(result, samples)}

    def change(snapshot: Snapshot) -> Change | None:
        others = [other for other in _indexed(snapshot) if other.path != path]
        files: dict[str, bytes | None] = {path: content, INDEX_PATH: dump_index([*others, entry])}
        files |= {name: there for name, there in beside.items() if there is not None}
        if not snapshot.exists(CARD_PATH):
            files[CARD_PATH] = CARD.encode()
        if all(_is(snapshot, name, wanted) for name, wanted in files.items()):
            return None
        return Change(files, f"Publish {entry.name}")

    return change


def rebuild_index(snapshot: Snapshot) -> Change | None:
    """The change that makes the index anew from the result files."""
    results, _ = Reader().results(snapshot)
    content = dump_index(entries_of(results))
    return None if _is(snapshot, INDEX_PATH, content) else Change({INDEX_PATH: content}, "Make the index anew")


def shipped_files() -> dict[str, bytes]:
    """{path in the store: content} of the result files that ship with the project."""
    return {
        f"{RESULTS_FOLDER}/{file.relative_to(SHIPPED).as_posix()}": file.read_bytes()
        for file in sorted(SHIPPED.rglob("*.json*"))
    }


def seed(store: Store) -> str:
    """Fill an empty results store with the shipped results; one that has results stays as it is.

    Returns the head afterwards.

    Raises:
        StoreError: the store cannot be written.
    """

    def change(snapshot: Snapshot) -> Change | None:
        if snapshot.list(RESULTS_FOLDER):
            return None
        files = shipped_files()
        index = dump_index(shipped_entries(files.items()))
        return Change({**files, INDEX_PATH: index, CARD_PATH: CARD.encode()}, "Begin with the published board")

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
        entries.extend(entry_of(path, result) for result in results)
    return entries


def _indexed(snapshot: Snapshot) -> list[Entry]:
    try:
        return load_index(snapshot.read(INDEX_PATH))
    except (NotFound, ValueError):  # no index yet, or one of another version: the files are the truth
        results, _ = Reader().results(snapshot)
        return list(entries_of(results))


def _is(snapshot: Snapshot, path: str, wanted: bytes | None) -> bool:
    try:
        return snapshot.read(path) == wanted
    except NotFound:
        return wanted is None
