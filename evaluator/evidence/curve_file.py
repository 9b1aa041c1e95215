"""The curves file: what each task scores with smaller vectors, with a bounded part of the bootstrap, as parquet.

One table: `task`, `rule`, `dimension`, `precision`, `draw`, `score`. Draw 0 is the score, draws 1 to 100 are the first
100 of the 1,000 resamples on which all scores are (`evaluator.evidence.bootstrap`): so each setting is paired with full
float32, which is in the file too, task by task and for means of tasks.
"""

import io
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluator.evidence.compressing import PRECISIONS, Setting
from evaluator.evidence.writing import write_by_task
from evaluator.reading import CURVES_BYTES, reading, table

if TYPE_CHECKING:
    import pyarrow as pa

DRAWS = 100
MOST_ROWS = 2_000_000
LARGEST = 100_000
"""Dimensions of no vector are more."""

SLACK = 1e-6
DEVIATIONS = 1.96
"""Standard deviations on each side of a loss, of its 95 % interval."""


@dataclass(frozen=True)
class Curve:
    """A task's scores by one rule: setting -> (101,) float32, the score and then those of the first 100 resamples."""

    points: Mapping[Setting, np.ndarray]

    @property
    def full(self) -> Setting:
        """The setting that the others are held against: float32 with all dimensions."""
        return max(setting for setting in self.points if setting.precision == "float32")


def change(values: np.ndarray, full: np.ndarray) -> tuple[float, float, float]:
    """How a setting's score differs from that of full float32 (below 0: a loss), and the ends of its 95 % interval.

    Both are (101,): the score, then those of the resamples, which are the same ones. The interval is the difference
    plus and minus 1.96 standard deviations of the difference over the resamples (Efron and Tibshirani, An Introduction
    to the Bootstrap, 1993, chapter 13: the standard normal interval, for which fewer resamples suffice than for
    percentiles).
    """
    changes = values.astype(np.float64) - full.astype(np.float64)
    found, spread = float(changes[0]), DEVIATIONS * float(np.std(changes[1:], ddof=1))
    return found, found - spread, found + spread


Curves = Mapping[str, Mapping[str, Curve]]
"""Task id -> rule id -> its curve."""


def dump_curves(curves: Curves) -> bytes:
    """The curves file's content, sorted. The same curves give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[object]] = {name: [] for name in _schema().names}
    for task_id, rules in sorted(curves.items()):
        for rule_id, curve in sorted(rules.items()):
            for setting, scores in sorted(curve.points.items()):
                for name, value in (
                    ("task", task_id),
                    ("rule", rule_id),
                    ("dimension", setting.dimension),
                    ("precision", setting.precision),
                ):
                    columns[name].extend([value] * len(scores))
                columns["draw"].extend(range(len(scores)))
                columns["score"].extend(scores.tolist())
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns, schema=_schema()), buffer, compression="zstd", compression_level=9)
    return buffer.getvalue()


def write_curves(curves: Curves, path: Path, *, onto: bool = False) -> None:
    """Write the curves file; with `onto`, tasks that are in it already and not in `curves` stay.

    Raises:
        ValueError: `onto`, and the file is not one of curves.
    """
    write_by_task(curves, path, load=load_curves, dump=dump_curves, onto=onto)


def load_curves(content: bytes, name: str = "the curves file") -> dict[str, dict[str, Curve]]:
    """Task id -> rule id -> curve, as `dump_curves` wrote it. `name` is for the error.

    Raises:
        ValueError: (BadFile) it is not a curves file, too large, a setting is none or incomplete, a score does not lie
            between -1 and 1, or a curve has no float32 vectors of all its dimensions.
    """
    with reading(name, content, CURVES_BYTES):
        read = table(content, MOST_ROWS)
        if read.schema.remove_metadata() != _schema():
            raise ValueError("not a curves file: it has other columns")
        if any(read[column].null_count for column in read.column_names):
            raise ValueError("a row lacks something")
        scores, draws = read["score"].to_numpy(), read["draw"].to_numpy()
        if not np.isfinite(scores).all() or (len(scores) and np.abs(scores).max() > 1 + SLACK):
            raise ValueError("a score does not lie between -1 and 1")
        if len(scores) % (DRAWS + 1) or (draws != np.arange(len(draws)) % (DRAWS + 1)).any():
            raise ValueError("the draws of a setting are not complete")
        keys = list(zip(*(read[column].to_pylist() for column in read.column_names[:4]), strict=True))
        found: dict[str, dict[str, dict[Setting, np.ndarray]]] = {}
        start = 0
        for (task_id, rule_id, dimension, precision), rows in itertools.groupby(keys):
            stop = start + len(list(rows))
            if stop - start != DRAWS + 1 or precision not in PRECISIONS or not 1 <= dimension <= LARGEST:
                raise ValueError("a setting is none, or it comes twice")
            points = found.setdefault(task_id, {}).setdefault(rule_id, {})
            if (setting := Setting(dimension, precision)) in points:
                raise ValueError("a setting comes twice")
            points[setting] = scores[start:stop]
            start = stop
        return {task: {rule: _curve(points) for rule, points in of.items()} for task, of in found.items()}


def _curve(points: Mapping[Setting, np.ndarray]) -> Curve:
    if Setting(max(setting.dimension for setting in points), "float32") not in points:
        raise ValueError("a curve lacks its float32 vectors of all dimensions")
    return Curve(points)


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            ("task", pa.string()),
            ("rule", pa.string()),
            ("dimension", pa.int32()),
            ("precision", pa.string()),
            ("draw", pa.int16()),
            ("score", pa.float32()),
        ]
    )
