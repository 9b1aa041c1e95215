"""Submissions as files of a store: read with a cache, reported by name where they cannot be read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from evaluator.cleaning import SHORT, clean_text
from evaluator.reading import BadFile
from store import Store
from store.errors import NotFound
from store.update import Change, Snapshot
from submissions.errors import UnknownSubmission
from submissions.limits import SUBMIT
from submissions.record import Status, Submission, dump_submission, load_submission

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")

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

    def __init__(self, requests: Store) -> None:
        self.requests = requests
        self._parsed: dict[str, Submission | str] = {}  # blob id -> the record, or what is wrong with it
        self._listing: tuple[int, Listing] | None = None

    def of(self, requests: Store) -> "SubmissionFiles":
        """The same of another store with many equal files, which are not parsed again."""
        other = SubmissionFiles(requests)
        other._parsed = self._parsed
        return other

    def snapshot(self, revision: str | None = None) -> Snapshot:
        """The store at `revision`, or at its head."""
        return Snapshot(self.requests, revision or self.requests.head())

    def listing(self, closed: int = 200) -> Listing:
        """All open submissions and the newest `closed` closed ones. Read again only when the store has moved."""
        snapshot = self.snapshot()
        if self._listing is None or self._listing[0] != closed or self._listing[1].revision != snapshot.revision:
            # Ids sort by time, so the newest closed ones are known before any is read.
            newest = dict(sorted(snapshot.list("closed").items(), reverse=True)[:closed])
            found, unreadable = self._read(snapshot, snapshot.list("open") | newest)
            ordered = tuple(sorted(found, key=lambda submission: submission.id, reverse=True))
            self._listing = closed, Listing(snapshot.revision, ordered, unreadable)
        return self._listing[1]

    def open(self, snapshot: Snapshot) -> list[Submission]:
        """The readable open submissions."""
        return self._read(snapshot, snapshot.list("open"))[0]

    def since(self, snapshot: Snapshot, moment: datetime) -> list[Submission]:
        """The readable open submissions, and the closed ones that were submitted at or after `moment` (UTC)."""
        first = f"closed/{moment:%Y%m%dT%H%M%SZ}"  # ids sort by time
        recent = {path: blob for path, blob in snapshot.list("closed").items() if path >= first}
        return self._read(snapshot, snapshot.list("open") | recent)[0]

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
            path = f"closed/{submission_id}.json"
            try:
                record = _parsed(snapshot.read(path))  # not listed: there may be thousands of closed ones
            except NotFound:
                raise UnknownSubmission(submission_id) from None
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
            elif record.path != path:
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
    if before is not None and before.path != submission.path:
        files[before.path] = None
    return files


def _parsed(content: bytes) -> Submission | str:
    try:
        return load_submission(content)
    except BadFile as error:
        return error.why
