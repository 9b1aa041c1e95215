"""What many models together say of a task's items: which are hard, whose label may be wrong.

Pure. A model counts once, with the result that the board lists; lexical models do not count (three of them are one and
the same idea).

- **hard**: the mean of the items' values (`evaluator.evidence.items`) over the models, lowest first.
- **good** models: the better half by the task's score, at least five of them; with fewer there is no suspicion.
- **suspect**: at least nine of ten good models get the item wrong (`Items.wrong`). Such an item may be mislabelled, or
  a query may have a right document that nobody judged; it may as well be hard. Nothing is left out of a score for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.evidence.items import Items

FEWEST_GOOD = 5
"""Good models without which no label is suspected."""

NEARLY_ALL = 0.9
"""The share of good models that get a suspect item wrong, at least."""


@dataclass(frozen=True)
class Difficulty:
    """Of each item, (n,): its mean `value` over the models, how many good models get it `wrong`, and whether it is
    `suspect`. `models` were looked at, `good` of them are the better half."""

    item: tuple[str, ...]
    value: np.ndarray
    wrong: np.ndarray
    suspect: np.ndarray
    models: int
    good: int


def difficulty(models: Sequence[Items]) -> Difficulty | None:
    """What models say of a task's items together; None where there is none.

    Only models with the items of the best of them count: others were scored on other data.
    """
    best_first = sorted(models, key=lambda items: -items.score)
    same = [items for items in best_first if items.item == best_first[0].item]
    if not same:
        return None
    half = (len(same) + 1) // 2
    good = same[:half] if half >= FEWEST_GOOD else []
    count = len(same[0].item)
    wrong = np.sum([items.wrong for items in good], axis=0) if good else np.zeros(count, dtype=np.int64)
    suspect = wrong >= NEARLY_ALL * len(good) if good else np.zeros(count, dtype=bool)
    value = np.mean([items.value for items in same], axis=0)
    return Difficulty(same[0].item, value, wrong, suspect, len(same), len(good))


def hardest(found: Difficulty) -> list[int]:
    """The items' places, the hardest first; of equally hard ones the first."""
    return [int(place) for place in np.argsort(found.value, kind="stable")]
