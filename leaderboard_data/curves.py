"""What measured results score with smaller vectors, in `curves.parquet`: for each suite its tasks and their means.

Each loss is held against the result's own float32 vectors of all dimensions, with its 95 % interval on 100 paired
resamples (`evaluator.evidence.curve_file.change`).

It follows from the results' own files (`curves/`, `evaluator.evidence.curve_file`), is rewritten in the commit that
writes one of them, and can be made anew from them.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.evidence.compressing import PRECISIONS, Setting
from evaluator.evidence.curve_file import Curve, Curves, change, load_curves
from evaluator.suite import SUITES, Suite
from leaderboard_data.cell_file import CellFile
from leaderboard_data.entry import Entry
from leaderboard_data.load import curves_path
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


def _wrong(cell: CurveCell) -> str | None:
    if cell.precision not in PRECISIONS or not 1 <= cell.dimension <= 100_000:
        return "a row is of a setting that there is not"
    if not all(abs(number) <= 4 for number in (cell.score, cell.change, cell.low, cell.high)):  # no NaN either
        return "a row holds a number that is no score"
    return None


CURVE_FILE = CellFile(CURVES_PATH, CurveCell, MOST_ROWS, _wrong, lambda cell: cell.suite in SUITES)
"""Cells of a suite that is not known here are left out."""

_DIGITS = 8


def renewed_curves(snapshot: Snapshot, entries: Sequence[Entry], changed: Mapping[str, Curves] | None) -> bytes:
    """The file's content once the curves of the results at the paths in `changed` are these; `entries` are all.

    With None all are made anew.
    """
    known = None if changed is None else CURVE_FILE.stored(snapshot)
    new = changed or {}
    measured = {entry.path: entry for entry in entries if entry.origin == "measured"}
    kept = [cell for cell in known or () if cell.path in measured and cell.path not in new]
    made = [entry for path, entry in measured.items() if known is None or path in new]
    found = ((entry, new[entry.path] if entry.path in new else _stored(snapshot, entry.path)) for entry in made)
    return CURVE_FILE.dump([*kept, *(cell for entry, curves in found for cell in cells_of(entry, curves))])


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
