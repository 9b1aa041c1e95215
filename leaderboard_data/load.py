"""Result files and index of a store at one revision -> records. What was read is kept by blob id.

A file that cannot be read is reported by name and left out; it never stops the page.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evaluator.records import ModelResult, load_result
from evaluator.suite import SUITES
from leaderboard_data.entry import Entry, entry_of
from leaderboard_data.index import INDEX_PATH, load_index
from store import Store
from store.errors import NotFound
from store.update import Snapshot

RESULTS_FOLDER = "results"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unreadable:
    """A file that was left out, and why."""

    path: str
    why: str


@dataclass
class Reader:
    """Reads results of one store and keeps what it parsed by blob id: a file is parsed once, however often asked."""

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
        return found, unreadable

    def at(self, snapshot: Snapshot, path: str) -> tuple[ModelResult, ...]:
        """The results in one file, empty if it is not readable.

        Raises:
            NotFound: there is no such file at this revision.
        """
        blob = snapshot.list(path.rpartition("/")[0]).get(path)
        if blob is None:
            raise NotFound(f"no result file {path}")
        if blob not in self._parsed:
            self._parsed[blob] = parse_results(path, snapshot.read(path))
        return self._parsed[blob][0]


def parse_results(path: str, content: bytes) -> tuple[tuple[ModelResult, ...], str | None]:
    """The results in a file's content, and why some of it is missing (None: all of it was read)."""
    texts = content.splitlines() if path.endswith(".jsonl") else [content]
    results = []
    why = None
    for number, text in enumerate(texts, start=1):
        try:
            result = load_result(text)
            if result.suite not in SUITES:
                raise ValueError(f"suite {result.suite!r} is not known here")
            results.append(result)
        except ValueError as error:
            place = f"line {number}: " if len(texts) > 1 else ""
            why = why or f"{place}{_first_lines(str(error))}"
    return tuple(results), why


def _first_lines(text: str) -> str:
    return " ".join(text.split())[:300]


def entries_of(results: Mapping[str, tuple[ModelResult, ...]]) -> Iterator[Entry]:
    """The board's entries of results by path."""
    return (entry_of(path, result) for path, found in results.items() for result in found)


def load_entries(snapshot: Snapshot, reader: Reader) -> list[Entry]:
    """The entries at a revision: from the index, or, where it is missing or damaged, from the result files."""
    try:
        return load_index(snapshot.read(INDEX_PATH))
    except NotFound:
        log.info("the results store has no %s; reading the result files", INDEX_PATH)
    except ValueError as error:
        log.warning("%s; reading the result files instead", error)
    results, unreadable = reader.results(snapshot)
    for file in unreadable:
        log.warning("left out %s: %s", file.path, file.why)
    return list(entries_of(results))


def snapshot_of(store: Store, revision: str | None = None) -> Snapshot:
    """The store at a revision (None: its head)."""
    return Snapshot(store, revision or store.head())
