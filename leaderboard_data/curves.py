"""What measured results score with smaller vectors, in `curves.parquet`: for each suite its tasks and their means.

Each loss is held against the result's own float32 vectors of all dimensions, with its 95 % interval on 100 paired
resamples (`evaluator.evidence.curve_file.change`).

It follows from the results' own files (`curves/`, `evaluator.evidence.curve_file`), is rewritten in the commit that
writes one of them, and can be made anew from them.
"""

import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.evidence.compressing import PRECISIONS, Setting
from evaluator.evidence.curve_file import Curve, Curves, change, load_curves
from evaluator.reading import INDEX_BYTES, reading
from evaluator.reading import table as read_table
from evaluator.suite import SUITES, Suite
from leaderboard_data.entry import Entry
from leaderboard_data.load import curves_path
from store.errors import NotFound
from store.update import Snapshot

CURVES_PATH = "curves.parquet"
MOST_ROWS = 4_000_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CurveCell:
    """One result in one setting: a suite's task, a category's mean or an average (`item`).

    `score` and `change` (from full float32, below 0 where something is lost) are -1..1 and -2..2; `low` and `high` are
    the ends of the change's 95 % interval.
    """

    path: str
    spec_id: str
    suite: str
    item: str
    dimension: int
    precision: str
    score: float
    change: float
    low: float
    high: float

    @property
    def bytes(self) -> int:
        """Bytes of one vector."""
        return Setting(self.dimension, self.precision).bytes  # type: ignore[arg-type]  # checked when it was read


_KINDS = {str: pa.string(), int: pa.int32(), float: pa.float64()}
_NAMES = tuple(field.name for field in fields(CurveCell))
_SCHEMA = pa.schema([(field.name, _KINDS[field.type]) for field in fields(CurveCell)])  # type: ignore[index]
_DIGITS = 8


def dump_cells(cells: Iterable[CurveCell]) -> bytes:
    """The file's content. The same cells, in any order, give the same bytes."""
    ordered = sorted(cells, key=astuple)
    columns = {name: [getattr(cell, name) for cell in ordered] for name in _NAMES}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=_SCHEMA), sink, compression="zstd")
    return sink.getvalue()


def load_cells(content: bytes) -> list[CurveCell]:
    """The cells in a file's content; those of a suite that is not known here are left out.

    Raises:
        ValueError: (BadFile) it is no such file, or a number in it is none that it can be.
    """
    with reading(CURVES_PATH, content, INDEX_BYTES):
        read = read_table(content, MOST_ROWS)
        if read.schema.remove_metadata() != _SCHEMA:
            raise ValueError("it has other columns than this version of the board writes")
        cells = [CurveCell(*values) for values in zip(*(read[name].to_pylist() for name in _NAMES), strict=True)]
        for cell in cells:
            if None in astuple(cell) or cell.precision not in PRECISIONS or not 1 <= cell.dimension <= 100_000:
                raise ValueError("a row lacks something, or is of a setting that there is not")
            if not all(abs(number) <= 4 for number in (cell.score, cell.change, cell.low, cell.high)):  # no NaN either
                raise ValueError("a row holds a number that is no score")
        return [cell for cell in cells if cell.suite in SUITES]


def stored_cells(snapshot: Snapshot) -> list[CurveCell] | None:
    """The cells that a store holds; None where there are none that can be read."""
    try:
        return load_cells(snapshot.read(CURVES_PATH))
    except NotFound:
        return None
    except ValueError as error:
        log.warning("left out %s", error)
        return None


def renewed_curves(snapshot: Snapshot, entries: Sequence[Entry], changed: Mapping[str, Curves] | None) -> bytes:
    """The file's content once the curves of the results at the paths in `changed` are these; `entries` are all.

    With None all are made anew.
    """
    known = None if changed is None else stored_cells(snapshot)
    new = changed or {}
    measured = {entry.path: entry for entry in entries if entry.origin == "measured"}
    kept = [cell for cell in known or () if cell.path in measured and cell.path not in new]
    made = [entry for path, entry in measured.items() if known is None or path in new]
    found = ((entry, new[entry.path] if entry.path in new else _stored(snapshot, entry.path)) for entry in made)
    return dump_cells([*kept, *(cell for entry, curves in found for cell in cells_of(entry, curves))])


def _stored(snapshot: Snapshot, path: str) -> Curves:
    name = curves_path(path)
    if not snapshot.exists(name):
        return {}
    try:
        return load_curves(snapshot.read(name), name)
    except ValueError as error:
        log.warning("left out %s", error)
        return {}


def cells_of(entry: Entry, curves: Curves) -> Iterator[CurveCell]:
    """The cells of one result in each suite: its tasks, and the means of which no task lacks the setting."""
    for suite in SUITES.values():
        found = {
            task_id: curve
            for task_id, rule in suite.rules.items()
            if (curve := curves.get(task_id, {}).get(rule.id)) is not None
        }
        if not found:
            continue
        whole = max(curve.full for curve in found.values())
        for setting in sorted({setting for curve in found.values() for setting in curve.points}):
            scores, full = _values(suite, found, setting), _values(suite, found, whole)
            for item, values in scores.items():
                if item in full:
                    yield _cell(entry, suite, item, setting, values, full[item])


def _values(suite: Suite, curves: Mapping[str, Curve], setting: Setting) -> dict[str, np.ndarray]:
    """Id of a task or a mean -> its score in a setting, and those on the resamples, (101,)."""
    scores = {
        task_id: curves[task_id].points[setting].astype(np.float64)
        for task_id in suite.rules
        if task_id in curves and setting in curves[task_id].points
    }
    held = {task_id: scores.get(task_id) for task_id in suite.rules}
    means = suite.means(held, lambda values, weights: np.average(np.stack(values), axis=0, weights=weights))
    return {**scores, **means}


def _cell(entry: Entry, suite: Suite, item: str, setting: Setting, values: np.ndarray, full: np.ndarray) -> CurveCell:
    numbers = (float(values[0]), *change(values, full))
    return CurveCell(
        entry.path,
        entry.spec_id,
        suite.id,
        item,
        setting.dimension,
        setting.precision,
        *(round(number, _DIGITS) for number in numbers),
    )
