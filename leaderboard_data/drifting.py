"""Drift checks in the results store (`evaluator.drift`): which of them ring, and which results are in doubt for it.

The one place where rows are marked. Result files and index keep no mark: it goes when a maintainer clears the alarm.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from evaluator.drift import DRIFT, FOLDER, DriftCheck, check_path, load_check
from evaluator.policy import Policy
from evaluator.reading import BadFile
from leaderboard_data.entry import Entry
from store.update import Snapshot

MOST_CHECKS = 500
"""Environments of a store whose checks are read."""

log = logging.getLogger(__name__)


@dataclass
class Checks:
    """Reads the checks of one store; a file is parsed once."""

    _parsed: dict[tuple[str, str], DriftCheck | None] = field(default_factory=dict)
    """By path and blob id; None: not readable."""

    def at(self, snapshot: Snapshot) -> tuple[DriftCheck, ...]:
        """The newest check of each environment; a file that cannot be read is named in the log and left out."""
        files = {
            path: blob
            for path, blob in snapshot.list(FOLDER).items()
            if path.count("/") == 1 and path.endswith(".json")  # bases and claims lie deeper
        }
        if len(files) > MOST_CHECKS:
            log.warning("%d files in %s/; %d are read: remove old ones", len(files), FOLDER, MOST_CHECKS)
        wanted = list(files.items())[:MOST_CHECKS]
        for path, blob in wanted:
            if (path, blob) not in self._parsed:
                self._parsed[path, blob] = _check(path, snapshot.read(path))
        self._parsed = {file: self._parsed[file] for file in wanted}
        return tuple(check for check in self._parsed.values() if check is not None)


def _check(path: str, content: bytes) -> DriftCheck | None:
    try:
        check = load_check(content, path)
        if path != check_path(check.environment):
            raise BadFile(path, f"it is of the environment {check.environment}")
    except BadFile as error:
        log.warning("left out %s", error)
        return None
    return check


def alarms(checks: Iterable[DriftCheck], policy: Policy) -> tuple[DriftCheck, ...]:
    """The checks that ring and that no maintainer cleared, newest first."""
    ringing = [check for check in checks if check.alarm and not policy.clears(check.environment, check.since)]
    return tuple(sorted(ringing, key=lambda check: (check.since or check.at, check.environment), reverse=True))


def marked(entries: Sequence[Entry], alarms: Iterable[DriftCheck]) -> tuple[Entry, ...]:
    """The entries; those of an environment with an alarm have the doubt `drift` besides their own."""
    ringing = {check.environment for check in alarms}
    if not ringing:
        return tuple(entries)
    return tuple(
        replace(entry, doubts=",".join(filter(None, (entry.doubts, DRIFT))))
        if ringing & set((entry.environments or "").split(","))
        else entry
        for entry in entries
    )
