"""Whether an entry may go on the board: what is odd about one is said, and it is left out; the others stay.

The one gate to everything that is computed and drawn of entries, whether they come from an index or from result files.
"""

import logging
import math
import re
from collections.abc import Iterable, Iterator
from typing import get_args

from evaluator.bounds import FIRST_YEAR, LAST_YEAR
from evaluator.spec import ModelKind, is_lexical, valid_model_id
from evaluator.suite import SUITES
from leaderboard_data.entry import ORIGINS, SLACK, Entry
from leaderboard_data.plausibility import CODES
from leaderboard_data.told import LONGEST_TOLD, load_told

TOLD = 20
"""Entries that are named one by one in the log; of more only the number is told."""

_REQUIRED = ("path", "spec_id", "suite", "model", "local", "origin", "by", "keep_duplicates")
_DATE = re.compile(r"(\d{4})-\d\d-\d\d.*")
_LONGEST = {"path": 500, "spec_id": 64, "revision": 40, "precision": 300, "by": 300, "label": 300, "reference": 2000}
_LONGEST |= {"version": 300, "at": 40, "license": 300, "doubts": 300, "environments": 1000, "declared": LONGEST_TOLD}
_LONGEST |= {"device": 300}
_COSTS = {"tokens_per_second": 1e12, "syllable_tokens": 1e12, "unknown_tokens": 1.0, "suite_seconds": 1e12}
"""Measured numbers, and how large they may be."""

log = logging.getLogger(__name__)


def sound(entries: Iterable[Entry], source: str) -> Iterator[Entry]:
    """The entries that the board can bear; the others are named in the log as from `source`."""
    odd = 0
    for entry in entries:
        why = wrong_with(entry)
        if why is None:
            yield entry
            continue
        odd += 1
        if odd <= TOLD:
            name = " ".join(str(part)[:100] for part in (entry.path, entry.spec_id, entry.suite))
            log.warning("left out of %s: %r: %s", source, name, why)
    if odd > TOLD:
        log.warning("left out of %s: %d more entries", source, odd - TOLD)


def wrong_with(entry: Entry) -> str | None:
    """Why an entry cannot be on the board; None if it can."""
    for name in _REQUIRED:
        if getattr(entry, name) is None:
            return f"it has no {name}"
    for name, longest in _LONGEST.items():
        if len(getattr(entry, name) or "") > longest:
            return f"its {name} is longer than {longest} characters"
    suite = SUITES.get(entry.suite)
    if suite is None or len(entry.cells) != len(suite.task_ids):
        return "it is not of a suite known here"
    if entry.origin not in ORIGINS:
        return f"{entry.origin[:60]!r} is no origin"
    try:
        valid_model_id(entry.model)
    except ValueError as error:
        return str(error)
    if entry.kind not in get_args(ModelKind) or entry.lexical != is_lexical(entry.model):
        return "it is of no kind of model, or of another one than its name says"
    if entry.declared is not None:
        try:
            load_told(entry.declared)
        except ValueError:
            return "what it declares of training data cannot be read"
    dated = _DATE.fullmatch(entry.at or f"{FIRST_YEAR}-01-01")
    if dated is None or not FIRST_YEAR <= int(dated[1]) <= LAST_YEAR:
        return f"{(entry.at or '')[:40]!r} is no date of a result"
    for name, most in _COSTS.items():
        number = getattr(entry, name)
        if number is not None and not (math.isfinite(number) and 0 <= number <= most):
            return f"its {name} is no such number"
    for name in ("parameters", "embedding_dimension", "max_tokens", "memory_bytes", "peak_bytes"):
        count = getattr(entry, name)
        if count is not None and not 0 <= count <= 2**53:
            return f"its {name} is no count"
    limit = 1 + SLACK
    for cell in entry.cells:
        for value in (cell.score, cell.low, cell.high):
            if value is not None and not -limit <= value <= limit:  # NaN is refused here too
                return "it has a score or an interval that does not lie between -1 and 1"
        if (cell.low is None) != (cell.high is None) or (cell.n or 0) < 0:
            return "it has half an interval, or less than no samples"
        if cell.failure is not None and len(cell.failure) > 60:
            return "it has a failure of no known class"
        if cell.cut is not None and not 0 <= cell.cut <= 1:
            return "it has a share of cut texts that is none"
        if cell.odd is not None and cell.odd not in CODES:
            return "it has a mark of no known kind"
    return None
