"""Whether embeddings can be scored at all."""

import numpy as np

from evaluator.errors import TaskError
from evaluator.kinds import Embedded
from evaluator.sweep.comparing import check_rows
from evaluator.sweep.ragged import RaggedRows


def check_embeddings(embedded: Embedded | RaggedRows) -> None:
    """Refuse embeddings that say nothing.

    Raises:
        TaskError: bad_embeddings; some are NaN or infinite, or all are the same.
    """
    if isinstance(embedded, RaggedRows):
        return check_rows(embedded)
    first = embedded.rows(0, 1)
    constant, bad = True, 0
    for start in range(0, len(embedded), 4096):
        rows = embedded.rows(start, min(start + 4096, len(embedded)))
        bad += int((~np.isfinite(rows).all(axis=1)).sum())
        constant = constant and bool((rows == first).all())
    if bad:
        raise TaskError(
            "bad_embeddings",
            f"{bad} of {len(embedded)} texts got NaN or infinite values; another precision may help (float32).",
        )
    if constant and len(embedded) > 1:
        raise TaskError("bad_embeddings", f"All {len(embedded)} texts got the same vector.")
