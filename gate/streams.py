"""How many event streams stay open at once: in all, and for one address."""

from collections import Counter


class Seats:
    """Places for what stays open. Used from one event loop only.

    Args:
        total: for all.
        each: for one address.
    """

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._taken: Counter[str] = Counter()
        self._count = 0

    def take(self, address: str) -> bool:
        """A place for this address, or False: none is free."""
        if self._count >= self._total or self._taken[address] >= self._each:
            return False
        self._taken[address] += 1
        self._count += 1
        return True

    def leave(self, address: str) -> None:
        """Give back a place that was taken."""
        self._count -= 1
        self._taken[address] -= 1
        if self._taken[address] <= 0:
            del self._taken[address]

    @property
    def count(self) -> int:
        """How many are taken now."""
        return self._count
