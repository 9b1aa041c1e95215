"""Counts the attacks that tests made and that came to nothing, and writes the table in docs/reliability.md."""

from collections import Counter
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- attacks: written by the test run -->", "<!-- end of attacks -->"

HEAD = """# What was tried against it, and held

Written by the test run: each line is a kind of attack by a stranger, with how many inputs or attempts the tests make of
it. An attack that is not counted here has failed its test.

| against | attack | tried and held |
|---|---|---|
"""


class Attacks:
    """Sums by (what is attacked, the attack in a few words)."""

    def __init__(self) -> None:
        self._held: Counter[tuple[str, str]] = Counter()

    def held(self, against: str, attack: str, count: int = 1) -> None:
        """`count` attempts of `attack` came to nothing: call it after the assertions that say so."""
        self._held[against, attack] += count

    def counted(self) -> list[tuple[str, str, int]]:
        """(against, attack, count) of all: what a process of a parallel test run hands to the one that began it."""
        return [(against, attack, count) for (against, attack), count in self._held.items()]

    def add(self, counted: list[tuple[str, str, int]]) -> None:
        """Add what another process counted."""
        for against, attack, count in counted:
            self.held(against, attack, count)

    def table(self) -> str:
        lines = [
            f"| {against} | {attack} | {self._held[against, attack]:,} |" for against, attack in sorted(self._held)
        ]
        return f"{BEGIN}\n{HEAD}" + "\n".join(lines) + f"\n{END}\n"

    def write(self) -> None:
        """Put the table into the page, in the place of the former one."""
        if self._held:
            text = PAGE.read_text("utf-8")
            before, _, rest = text.partition(BEGIN)
            after = rest.partition(f"{END}\n")[2]
            PAGE.write_text(f"{before.rstrip()}\n\n{self.table()}{after}", encoding="utf-8")
