"""Result files and index of a store at one revision -> records. What was read is kept by blob id.

A file that cannot be read is reported by name and left out; it never stops the page.
"""

import logging
from dataclasses import dataclass, field

from evaluator.evidence.bootstrap import mean_intervals95
from evaluator.reading import RESULTS_BYTES, BadFile, reading
from evaluator.records import ModelResult, load_result
from evaluator.suite import SUITES
from leaderboard_data.entry import Entry, entries_of, with_mean_intervals
from leaderboard_data.index import INDEX_PATH, MEANS_PATH, is_current, load_index
from leaderboard_data.significance import Replicates, load_replicates
from leaderboard_data.sound import sound
from store import Store
from store.errors import NotFound
from store.update import Snapshot

RESULTS_FOLDER = "results"
RANKINGS_FOLDER = "runs"
SAMPLES_FOLDER = "samples"
CURVES_FOLDER = "curves"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unreadable:
    """A file that was left out, and why."""

    path: str
    why: str


@dataclass
class Reader:
    """Reads results of one store; what it parsed is kept by blob id while the store holds it: a file is parsed once."""

    _parsed: dict[str, tuple[tuple[ModelResult, ...], str | None]] = field(default_factory=dict)

    def results(self, snapshot: Snapshot) -> tuple[dict[str, tuple[ModelResult, ...]], list[Unreadable]]:
        """Every result at a revision, by path (a `.jsonl` file holds several), and the files left out."""
        found: dict[str, tuple[ModelResult, ...]] = {}
        unreadable: list[Unreadable] = []
        for path, blob in snapshot.list(RESULTS_FOLDER).items():
            if not path.endswith((".json", ".jsonl")):
                continue
            if blob not in self._parsed:
                self._parsed[blob] = parse_results(path, snapshot.read(path))
            results, why = self._parsed[blob]
            if why:
                unreadable.append(Unreadable(path, why))
            found[path] = results
        there = set(snapshot.list(RESULTS_FOLDER).values())
        self._parsed = {blob: parsed for blob, parsed in self._parsed.items() if blob in there}
        return found, unreadable


def parse_results(path: str, content: bytes) -> tuple[tuple[ModelResult, ...], str | None]:
    """The results in a file's content, and why some of it is missing (None: all of it was read)."""
    results = []
    why = None
    try:
        with reading(path, content, RESULTS_BYTES):
            texts = content.splitlines() if path.endswith(".jsonl") else [content]
    except BadFile as error:
        return (), error.why
    for number, text in enumerate(texts, start=1):
        try:
            results.append(load_result(text, path))
        except BadFile as error:
            place = f"line {number}: " if len(texts) > 1 else ""
            why = why or f"{place}{error.why}"
    return tuple(results), why


def samples_path(path: str) -> str:
    """Where the samples of the result stored at `path` are."""
    return f"{SAMPLES_FOLDER}/{path.removeprefix(f'{RESULTS_FOLDER}/').removesuffix('.json')}.parquet"


def rankings_path(path: str) -> str:
    """Where the rankings of the result stored at `path` are."""
    return f"{RANKINGS_FOLDER}/{path.removeprefix(f'{RESULTS_FOLDER}/').removesuffix('.json')}.parquet"


def curves_path(path: str) -> str:
    """Where the curves of the result stored at `path` are."""
    return f"{CURVES_FOLDER}/{path.removeprefix(f'{RESULTS_FOLDER}/').removesuffix('.json')}.parquet"


def replicates_path(path: str) -> str:
    """Where the bootstrap replicates of the result stored at `path` are."""
    return f"replicates/{path.removeprefix(f'{RESULTS_FOLDER}/').removesuffix('.json')}.npz"


def entries_with_intervals(path: str, result: ModelResult, replicates: Replicates | None) -> list[Entry]:
    """A result's entries, with the intervals of their means where it has replicates."""
    return [
        with_mean_intervals(entry, mean_intervals95(SUITES[entry.suite], replicates)) if replicates else entry
        for entry in entries_of(path, result)
    ]


def load_entries(snapshot: Snapshot, reader: Reader) -> list[Entry]:
    """The entries at a revision: from the index, or, where it is missing, damaged or old, from the result files."""
    try:
        content = snapshot.read(INDEX_PATH)
        if is_current(content):
            return load_index(content, snapshot.read(MEANS_PATH))
        log.info("%s was made by another version; reading the result files", INDEX_PATH)
    except NotFound:
        log.info("the results store has no index; reading the result files")
    except ValueError as error:
        log.warning("%s; reading the result files instead", error)
    return read_entries(snapshot, reader)


def read_entries(snapshot: Snapshot, reader: Reader) -> list[Entry]:
    """The entries at a revision, from the result files and their replicates: what the index should hold."""
    results, unreadable = reader.results(snapshot)
    for file in unreadable:
        log.warning("left out %s: %s", file.path, file.why)
    entries = (
        entry
        for path, found in results.items()
        for result in found
        for entry in entries_with_intervals(path, result, stored_replicates(snapshot, path))
    )
    return list(sound(entries, "the result files"))


def stored_replicates(snapshot: Snapshot, path: str) -> Replicates | None:
    """The replicates of the result stored at `path`; None where there are none that can be read."""
    name = replicates_path(path)
    if not snapshot.exists(name):
        return None
    try:
        return load_replicates(snapshot.read(name), name)
    except ValueError as error:
        log.warning("left out %s", error)
        return None


def snapshot_of(store: Store, revision: str | None = None) -> Snapshot:
    """The store at a revision (None: its head)."""
    return Snapshot(store, revision or store.head())
