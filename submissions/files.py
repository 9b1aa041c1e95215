"""Submissions as files of a store: read with a cache, reported by name where they cannot be read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from evaluator import records
from evaluator.cleaning import SHORT, clean_text
from evaluator.reading import BadFile
from store import Store
from store.errors import NotFound
from store.update import Change, Snapshot
from submissions.errors import UnknownSubmission
from submissions.layout import closed_paths, former_path, state_at
from submissions.limits import SUBMIT
from submissions.record import OPEN, Status, Submission, dump_submission, load_submission

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")

RECENT_MONTHS = 2
"""Months whose closed submissions are listed before all are."""

KEPT_RECORDS = 2000
"""Parsed submissions that are kept beyond those of the last listings."""

_DEEDS = {
    Status.PENDING: SUBMIT,
    Status.WAITING: "Ask about",
    Status.QUEUED: "Queue",
    Status.RUNNING: "Claim",
    Status.FINISHED: "Finish",
    Status.FAILED: "Fail",
    Status.REJECTED: "Reject",
    Status.WITHDRAWN: "Withdraw",
}


@dataclass(frozen=True)
class Listing:
    """The submissions at one revision, newest first. `unreadable`: path -> what is wrong with the file."""

    revision: str
    submissions: tuple[Submission, ...]
    unreadable: Mapping[str, str] = field(default_factory=dict)


class SubmissionFiles:
    """Reads the submissions of one store; a file is parsed once, whichever revisions hold it."""

    def __init__(self, requests: Store, now: Callable[[], datetime] = records.now) -> None:
        self.requests = requests
        self._now = now
        self._all_by_month = False
        self._parsed: dict[str, Submission | str] = {}  # blob id -> the record, or what is wrong with it
        self._listing: tuple[int, Listing] | None = None

    def of(self, requests: Store) -> "SubmissionFiles":
        """The same of another store with many equal files, which are not parsed again."""
        other = SubmissionFiles(requests, self._now)
        other._parsed = self._parsed
        return other

    def snapshot(self, revision: str | None = None) -> Snapshot:
        """The store at `revision`, or at its head."""
        return Snapshot(self.requests, revision or self.requests.head())

    def listing(self, closed: int = 200) -> Listing:
        """All open submissions and the newest `closed` closed ones. Read again only when the store has moved."""
        snapshot = self.snapshot()
        if self._listing is None or self._listing[0] != closed or self._listing[1].revision != snapshot.revision:
            newest = self._newest_closed(snapshot, closed)
            found, unreadable = self._read(snapshot, snapshot.list("open") | newest)
            ordered = tuple(sorted(found, key=lambda submission: submission.id, reverse=True))
            self._listing = closed, Listing(snapshot.revision, ordered, unreadable)
        return self._listing[1]

    def open(self, snapshot: Snapshot) -> list[Submission]:
        """The readable open submissions."""
        return self._read(snapshot, snapshot.list("open"))[0]

    def since(self, snapshot: Snapshot, moment: datetime) -> list[Submission]:
        """The readable open submissions, and the closed ones that were submitted at or after `moment` (UTC)."""
        first = f"{moment:%Y%m%dT%H%M%SZ}"  # ids sort by time
        recent = {path: blob for path, blob in self._closed_since(snapshot, moment).items() if _name(path) >= first}
        return self._read(snapshot, snapshot.list("open") | recent)[0]

    def _newest_closed(self, snapshot: Snapshot, most: int) -> dict[str, str]:
        """{path: blob id} of the newest `most` closed submissions. Ids sort by time, so none has to be read for it.

        All folders are listed only where those of the last months do not hold so many: a store of years has many. Or
        where some may still lie as in the former layout.
        """
        if most <= 0:
            return {}
        month = self._now().replace(day=1)
        found: dict[str, str] = {}
        for _ in range(RECENT_MONTHS):
            found |= snapshot.list(f"closed/{month:%Y-%m}")
            month = (month - timedelta(days=1)).replace(day=1)
        if len(found) < most or not self._by_month(snapshot):
            found = snapshot.list("closed")
        return dict(sorted(found.items(), key=lambda each: _name(each[0]), reverse=True)[:most])

    def _closed_since(self, snapshot: Snapshot, moment: datetime) -> dict[str, str]:
        """The closed submissions in the folders of the months since `moment`, and of a day ahead, for clocks differ."""
        if not self._by_month(snapshot):
            return snapshot.list("closed")
        months = {f"{day:%Y-%m}" for day in (moment, self._now(), self._now() + timedelta(days=1))}
        return {path: blob for month in sorted(months) for path, blob in snapshot.list(f"closed/{month}").items()}

    def _by_month(self, snapshot: Snapshot) -> bool:
        """Whether every closed submission is in its month's folder; once they are, they stay."""
        self._all_by_month = self._all_by_month or state_at(snapshot).layout >= 2
        return self._all_by_month

    def find(self, snapshot: Snapshot, submission_id: str) -> Submission:
        """The submission of this id.

        Raises:
            UnknownSubmission
            ValueError: its file cannot be read.
        """
        if not _ID.fullmatch(submission_id):
            raise UnknownSubmission(submission_id)
        path = f"open/{submission_id}.json"
        if blob := snapshot.list("open").get(path):
            found, unreadable = self._read(snapshot, {path: blob})
            record: Submission | str = found[0] if found else unreadable[path]
        else:
            for path in closed_paths(submission_id):
                try:
                    record = _parsed(snapshot.read(path))  # not listed: there may be thousands of closed ones
                    break
                except NotFound:
                    continue
            else:
                raise UnknownSubmission(submission_id)
        if isinstance(record, str):
            raise ValueError(f"{path} cannot be read: {record}")
        return record

    def _read(self, snapshot: Snapshot, blobs: Mapping[str, str]) -> tuple[list[Submission], dict[str, str]]:
        """The readable submissions among `blobs` (path -> blob id), and what is wrong with the others."""
        found: list[Submission] = []
        unreadable: dict[str, str] = {}
        if len(self._parsed) > KEPT_RECORDS + 2 * len(blobs):  # every renewed lease is a blob that nobody reads again
            self._parsed = {blob: self._parsed[blob] for blob in blobs.values() if blob in self._parsed}
        for path, blob in blobs.items():
            record = self._parsed.get(blob)
            if record is None:
                record = self._parsed[blob] = _parsed(snapshot.read(path))
            if isinstance(record, str):
                unreadable[path] = record
            elif record.path != path and (record.status in OPEN or path != former_path(record.id)):
                unreadable[path] = (
                    f"holds submission {record.id} in state {record.status}, which belongs in {record.path}"
                )
            else:
                found.append(record)
        return found, unreadable


def change_to(submission: Submission, before: Submission | None, deed: str | None = None) -> Change:
    """The commit that replaces `before` by `submission`, moving its file if it was opened or closed."""
    done = deed or _DEEDS[submission.status]
    message = f"{done} {submission.id} {submission.spec.model}, by {_doer(submission, before)}"
    return Change(files_of(submission, before), message)


def _doer(submission: Submission, before: Submission | None) -> str:
    """Who made the change: whom the history names, and the worker where it only renewed its lease."""
    renewed = before is not None and len(before.history) == len(submission.history)
    who = submission.lease.worker if renewed and submission.lease else submission.history[-1].who
    return clean_text(who, SHORT) or "unknown"


def files_of(submission: Submission, before: Submission | None) -> dict[str, bytes | None]:
    """The files to write so that `submission` replaces `before`."""
    files: dict[str, bytes | None] = {submission.path: dump_submission(submission)}
    if before is not None:
        lay = [before.path] if before.status in OPEN else closed_paths(before.id)
        files |= {path: None for path in lay if path != submission.path}
    return files


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _parsed(content: bytes) -> Submission | str:
    try:
        return load_submission(content)
    except BadFile as error:
        return error.why
