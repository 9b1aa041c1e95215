"""Several verbs as one commit: what each of them would write, on top of one revision of a store."""

from collections.abc import Sequence

from store import Changes, Commit, blob_id, in_folder
from store.errors import NotFound
from store.update import MARK, Snapshot


class Draft:
    """A store that holds a snapshot and what verbs changed in it so far; nobody else sees it.

    `files` are these changes together, `messages` the commits' messages, one a verb.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.url = snapshot.store.url
        self.files: dict[str, bytes | None] = {}
        self.messages: list[str] = []
        self._snapshot = snapshot

    def head(self) -> str:
        """A revision that no other number of changes has."""
        return f"{len(self.messages):040x}"

    def list(self, prefix: str = "", _revision: str | None = None) -> dict[str, str]:
        """As `Store.list`, of what there is now."""
        changed = {path: content for path, content in self.files.items() if in_folder(path, prefix)}
        kept = {path: blob for path, blob in self._snapshot.list(prefix).items() if path not in changed}
        return kept | {path: blob_id(content) for path, content in changed.items() if content is not None}

    def read(self, path: str, _revision: str | None = None) -> bytes:
        """As `Store.read`, of what there is now.

        Raises:
            NotFound: also of a file that a verb removed.
            Unavailable, Forbidden
        """
        if path not in self.files:
            return self._snapshot.read(path)
        content = self.files[path]
        if content is None:
            raise NotFound(f"{self.url}: {path} was removed by an earlier verb of the same commit")
        return content

    def commit(self, changes: Changes, message: str, _parent: str) -> str:
        """Take changes on."""
        self.files |= changes
        self.messages.append(message.partition(f"\n\n{MARK}")[0])
        return self.head()

    def log(self, limit: int, _revision: str | None = None) -> Sequence[Commit]:
        """The log of the store beneath."""
        return self._snapshot.store.log(limit, self._snapshot.revision)
