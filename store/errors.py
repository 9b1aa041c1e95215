"""What can go wrong with a store.

    StoreError
    ├── Conflict          certainly not written: the head moved. Read again, decide again
    ├── OutcomeUnknown    may have been written: look before trying again
    ├── Unavailable       not now: the network, a rate limit, the server. `retry_after` seconds, if the server said
    │   └── Gone          that revision is not there (any more: the history was squashed). Look at the head again
    ├── Forbidden         the token is missing, wrong or may not do this
    └── NotFound          no such repository or file

Backends raise only these (foreign exceptions are mapped in each backend, in one place) and never retry.
"""


class StoreError(Exception):
    """Base of all store failures; the text names the repository and what to do, never a token."""


class Conflict(StoreError):
    """The head is no longer the given parent; nothing was written."""


class OutcomeUnknown(StoreError):
    """The answer to a commit was lost; it may have been written."""


class Unavailable(StoreError):
    """The store cannot answer now. `retry_after`: seconds to wait if the server said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Gone(Unavailable):
    """The repository has no such revision, or no longer: its history was squashed meanwhile. The head is to be read."""


class Forbidden(StoreError):
    """The store refuses: token missing, wrong, or without the right."""


class NotFound(StoreError):
    """No such repository, or no such file at a revision that is there."""


def asked_to_wait(error: BaseException) -> float:
    """Seconds that the store asked to wait; 0 where it asked for nothing."""
    return (error.retry_after or 0.0) if isinstance(error, Unavailable) else 0.0
