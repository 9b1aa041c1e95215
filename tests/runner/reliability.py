"""Counts what the tests of this folder did to workers and stores, and writes it to docs/reliability.md."""

from collections import Counter
from dataclasses import dataclass, field

HEAD = """# What was done to it, and what was lost

Written by the test run (`tests/runner/test_kills.py`, `test_faults.py`; for rented machines and Ray `test_rented.py`,
`test_rented_faults.py`, `test_handed.py`, `test_two_nodes.py`): each run is the real worker on stores of its
own, killed as a real process or talking to the stand-in of the Hub over HTTP; rented machines are processes that it
starts. The evaluation is a small program that
speaks the evaluator's contract and keeps finished tasks as the evaluator does, so that a test can say when it dies.
Samples and replicates go to the stand-in as to the Hub: through Xet (token, xorbs, shards), or through LFS (batch, PUT,
verify), before the commit that names them; each of these requests meets each fault too.
*Lost*: submissions that did not end, or ended without their result. *Double*: results published more than once, and
tasks that ran again although they had finished on that machine.

| what | against | runs | faults | lost | double |
|---|---|---|---|---|---|
"""


@dataclass
class Tally:
    """Sums by (what, against)."""

    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    double: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, what: str, against: str, *, faults: int, lost: int, double: int) -> None:
        key = (what, against)
        self.runs[key] += 1
        self.faults[key] += faults
        self.lost[key] += lost
        self.double[key] += double

    def page(self) -> str:
        lines = [
            f"| {what} | {against} | {self.runs[what, against]} | {self.faults[what, against]} "
            f"| {self.lost[what, against]} | {self.double[what, against]} |"
            for what, against in sorted(self.runs)
        ]
        sums = [sum(counter.values()) for counter in (self.runs, self.faults, self.lost, self.double)]
        return HEAD + "\n".join(lines) + f"\n| **all** |  | {' | '.join(f'**{n}**' for n in sums)} |\n"
