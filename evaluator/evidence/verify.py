"""Whether an evaluation that is run again gives the numbers of a stored result."""

from collections.abc import Iterable
from dataclasses import dataclass

from evaluator.records import ModelResult
from evaluator.scores import score_by
from evaluator.suite import ScoreRule, rules_of

TOLERANCE = 1e-4
"""As much as other hardware or another library version may move a score (0..1). Beyond it, verify fails."""


@dataclass(frozen=True)
class Difference:
    """One task's score by one rule then and now; None where there is none."""

    task_id: str
    rule_id: str
    stored: float | None
    again: float | None

    @property
    def size(self) -> float | None:
        """How far apart the two are; None if one is missing."""
        if self.stored is None or self.again is None:
            return None
        return abs(self.stored - self.again)

    @property
    def agrees(self) -> bool:
        """Within the tolerance, or without a score both times."""
        if self.stored is None and self.again is None:
            return True
        return self.size is not None and self.size <= TOLERANCE


def differences(stored: ModelResult, again: ModelResult, task_ids: Iterable[str]) -> list[Difference]:
    """Each task's score, by each rule that a suite has for it, in the stored result and in the new one."""

    def score(result: ModelResult, task_id: str, rule: ScoreRule) -> float | None:
        found = result.tasks.get(task_id)
        return score_by(rule, found) if found is not None else None

    return [
        Difference(task_id, rule.id, score(stored, task_id, rule), score(again, task_id, rule))
        for task_id in task_ids
        for rule in rules_of(task_id)
    ]
