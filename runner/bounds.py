"""What an evaluation wrote, bounded: a prompt as it was used, a measured number. The rest is in `evaluator.cleaning`.

A model's own code runs in the evaluation, so whatever comes out of its process is a stranger's.
"""

import math


def prompt_text(value: str, limit: int) -> str:
    """A prompt of at most `limit` characters; blanks and line breaks are part of it, other control characters not."""
    return "".join(c for c in value[:limit] if c.isprintable() or c in "\n\t")


def bounded_float(value: object, low: float, high: float) -> float | None:
    """`value` as a finite number from `low` to `high`; None if it is none, or lies outside."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return None
    return float(value) if math.isfinite(value) else None
