"""The one retry loop over a store: read a snapshot, run a pure change on it, commit against what was read."""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from store import Changes, Store, blob_id, pointer_id
from store.errors import Conflict, NotFound, OutcomeUnknown, StoreError, Unavailable, asked_to_wait

MARK = "Update-Id: "
"""Begins the last line of every message that `update` commits; what follows is unique to the call."""

LONGEST_WAIT = 5.0
"""Seconds between two tries at most, unless the store itself asks for more."""

SHORTEST_BOUND = 0.005
"""Seconds: no try is taken for quicker."""

_LOOK_BACK = 500  # commits searched for a lost one: far more than can follow it within an update's time


class Snapshot:
    """A store at one revision: what a change reads. What was listed or read is kept."""

    def __init__(self, store: Store, revision: str) -> None:
        self.store = store
        self.revision = revision
        self._lists: dict[str, dict[str, str]] = {}
        self._contents: dict[str, bytes | None] = {}  # None: there is no such file

    def list(self, prefix: str = "") -> dict[str, str]:
        """{path: blob id} of the files below the folder `prefix` ("" for all); empty if there is no such folder.

        Raises:
            Unavailable, Forbidden, NotFound (the repository or revision)
        """
        if prefix not in self._lists:
            self._lists[prefix] = self.store.list(prefix, self.revision)
        return dict(self._lists[prefix])

    def read(self, path: str) -> bytes:
        """The content of one file.

        Raises:
            NotFound: there is no such file at this revision.
            Unavailable, Forbidden
        """
        if path not in self._contents:
            try:
                self._contents[path] = self.store.read(path, self.revision)
            except NotFound:
                self._contents[path] = None
        content = self._contents[path]
        if content is None:
            raise NotFound(f"{self.store.url} has no file {path} at {self.revision[:12]}")
        return content

    def exists(self, path: str) -> bool:
        """Whether there is a file at `path`."""
        folder = path.rpartition("/")[0]
        if folder or "" in self._lists:
            return path in self.list(folder)
        try:  # listing the root would list everything
            self.read(path)
        except NotFound:
            return False
        return True

    def holds(self, path: str, content: bytes | None) -> bool:
        """Whether the file at `path` is `content`; None: there is no such file. Reads only what was not listed."""
        for folder in (path.rpartition("/")[0], ""):
            if folder in self._lists and path not in self._contents:
                listed = self._lists[folder].get(path)
                return listed is None if content is None else listed in (blob_id(content), pointer_id(content))
        try:
            return self.read(path) == content
        except NotFound:
            return content is None


@dataclass(frozen=True)
class Change:
    """What to write on top of a snapshot: path -> content (None deletes), and why."""

    files: Changes
    message: str


def update(
    store: Store,
    change: Callable[[Snapshot], Change | None],
    *,
    tries: int = 30,
    seconds: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
    new_mark: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> str:
    """Commit what `change` makes of the head; returns the revision after (the head, if there was nothing to do).

    `change` must be pure: it runs again, on a newer snapshot, whenever another commit came first. It returns None
    when there is nothing to do; what it raises goes to the caller. On Conflict and Unavailable the loop starts over
    after a jittered wait (as long as the store asks for, if it does). After OutcomeUnknown it looks for this call's
    mark among the newer commits, so that a commit whose answer was lost is not made twice.

    `tries` and `seconds` bound the loop; `clock`, `sleep`, `chance` (0..1) and `new_mark` are its only impurities.

    Raises:
        Conflict, OutcomeUnknown, Unavailable: the last one seen, once tries or time are used up.
        Forbidden, NotFound: at once; trying again would not help.
    """
    mark = MARK + new_mark()
    deadline = clock() + seconds
    unsure: tuple[OutcomeUnknown, str] | None = None  # the first lost answer, and the parent of that attempt
    attempt = 0
    while True:
        attempt += 1
        began = clock()
        try:
            snapshot = Snapshot(store, store.head())
            if unsure and (landed := _marked_commit(store, mark, snapshot.revision, unsure[1])):
                return landed
            wanted = change(snapshot)
            if wanted is None or all(snapshot.holds(path, content) for path, content in wanted.files.items()):
                return snapshot.revision
            return store.commit(wanted.files, f"{wanted.message}\n\n{mark}", snapshot.revision)
        except (Conflict, Unavailable, OutcomeUnknown) as error:
            if isinstance(error, OutcomeUnknown):
                unsure = unsure or (error, snapshot.revision)
            wait = _wait(error, attempt, clock() - began, chance())
            if attempt >= tries or clock() + wait > deadline:
                # An attempt that may have landed stays the truth about the whole call.
                raise (unsure[0] if unsure else error) from error
        sleep(wait)


def _wait(error: StoreError, attempt: int, took: float, chance: float) -> float:
    """Seconds before the next try: full jitter over a doubling bound, plus what the store asked for.

    The bound begins at the time that a try took: that is how long the store is busy with somebody else's, be it a
    local repository (milliseconds) or the Hub (a second).
    """
    jitter = chance * min(LONGEST_WAIT, max(took, SHORTEST_BOUND) * 2.0 ** min(attempt, 20))
    return jitter + asked_to_wait(error)


def _marked_commit(store: Store, mark: str, head: str, parent: str) -> str | None:
    """The revision after `parent` whose message has the line `mark`, or None if none has.

    Raises:
        OutcomeUnknown: `parent` is further back than is searched, or the history was squashed without that mark.
    """
    for commit in store.log(_LOOK_BACK, head):
        if commit.revision == parent:
            return None
        if mark in commit.message.splitlines():  # a squashed history keeps the marks of its last commits
            return commit.revision
    raise OutcomeUnknown(f"{store.url}: a commit's answer was lost and too much has been written since; look yourself")
