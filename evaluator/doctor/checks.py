"""One thing that was looked at, and what came of it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["ok", "note", "differs", "failed"]
"""`note`: nothing is wrong, and somebody should know it. `differs`: the data is not what is pinned. `failed`: work
cannot go on, and the advice says what to do."""

SECONDS = 30.0
"""How long one question to the Hub or to the machine may take before it counts as unanswered."""


@dataclass(frozen=True)
class Check:
    """`name` says what was looked at, `told` what was seen, `advice` what to do about it; `facts` are for programs."""

    name: str
    verdict: Verdict
    told: str
    advice: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict,
            "told": self.told,
            "advice": self.advice,
            "facts": dict(self.facts),
        }

    def lines(self) -> list[str]:
        """For people: one line, and one more with what to do."""
        return [f"{self.verdict:8}{self.name}: {self.told}", *([f"        -> {self.advice}"] if self.advice else [])]


def bounded(name: str, look: Callable[[], Check], seconds: float = SECONDS) -> Check:
    """What `look` finds, or a note that it found nothing in time. Its thread is left to itself then."""
    found: list[Check] = []

    def run() -> None:
        try:
            found.append(look())
        except Exception as error:  # a look that breaks is a look that found nothing, and no reason to stop work
            found.append(Check(name, "note", f"could not be looked at ({type(error).__name__})"))

    thread = threading.Thread(target=run, daemon=True, name=f"doctor {name}")
    thread.start()
    thread.join(seconds)
    return found[0] if found else Check(name, "note", f"no answer in {seconds:g} seconds")
