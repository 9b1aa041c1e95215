"""Whether embeddings can be scored at all."""

import numpy as np

from evaluator.errors import TaskError
from evaluator.kinds import Embedded
from evaluator.sweep.ragged import RaggedRows


def check_embeddings(embedded: Embedded | RaggedRows) -> None:
    """Refuse embeddings that say nothing.

    Raises:
        TaskError: bad_embeddings; some are NaN or infinite, or all texts have the same.
    """
    bad, constant = _looked_over(embedded) if isinstance(embedded, RaggedRows) else _looked_at(embedded)
    if bad:
        raise TaskError(
            "bad_embeddings",
            f"{bad} of {len(embedded)} texts got NaN or infinite values; another precision may help (float32).",
        )
    if constant and len(embedded) > 1:
        same = "vectors" if isinstance(embedded, RaggedRows) else "vector"
        raise TaskError("bad_embeddings", f"All {len(embedded)} texts got the same {same}.")


def _looked_at(embedded: Embedded) -> tuple[int, bool]:
    """(texts whose vector is not finite, whether all have the same)."""
    first = embedded.rows(0, 1)
    constant, bad = True, 0
    for start in range(0, len(embedded), 4096):
        rows = embedded.rows(start, min(start + 4096, len(embedded)))
        bad += int((~np.isfinite(rows).all(axis=1)).sum())
        constant = constant and bool((rows == first).all())
    return bad, constant


def _looked_over(embedded: RaggedRows) -> tuple[int, bool]:
    """The same of texts with rows of their own number."""
    first, bad, constant = embedded.of(0), 0, True
    for place in range(len(embedded)):
        rows = embedded.of(place)
        bad += not np.isfinite(rows if rows.dtype.names is None else rows["value"]).all()
        constant = constant and len(rows) == len(first) and bool((rows == first).all())
    return bad, constant
