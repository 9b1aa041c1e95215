"""Why an evaluation, or one task of it, has no score.

    EvaluationError                 failure class (one of FailureClass) and a sentence for the submitter
    └── TaskError                   the same, for one task only: the other tasks go on

Foreign exceptions are mapped to these where they arise (`data`, `loading`, `encoding`); callers catch only these.
"""

import errno
from typing import Literal, get_args

FailureClass = Literal[
    "not_found",  # the repository, revision or folder does not exist
    "gated",  # the repository asks for permission that the worker does not have
    "load_failed",  # files are there, but no encoder comes of them
    "needs_remote_code",  # the model brings its own code, which is refused by default
    "too_large",  # more parameters than this worker takes
    "out_of_memory",  # did not fit, even with one text per batch
    "bad_embeddings",  # NaN, wrong shape, or the same vector for every text
    "disk_full",  # this machine has no room for it; another may
    "hub_unavailable",  # the Hub did not answer; it may later
    "data_unavailable",  # a data set could not be read, or is not the pinned one
    "timeout",  # took longer than allowed
    "worker_lost",  # the worker vanished three times
    "internal",  # our fault
]
FAILURE_CLASSES: tuple[str, ...] = get_args(FailureClass)

PASSING: frozenset[FailureClass] = frozenset(
    {"worker_lost", "hub_unavailable", "data_unavailable", "timeout", "disk_full"}
)
"""Failures whose cause may be gone at the next attempt."""


NOT_READ: frozenset[FailureClass] = frozenset({"hub_unavailable", "data_unavailable"})
"""Why a task has no score if its data could not be read: that says nothing about the model, so nothing ends with it."""


class EvaluationError(Exception):
    """An evaluation cannot give a result.

    `failure` is the class; `message` is one sentence or two that say what failed and what to do about it. It is
    shown to the submitter as it stands, so it must hold no path of this machine and no token.
    """

    def __init__(self, failure: FailureClass, message: str) -> None:
        super().__init__(message)
        self.failure: FailureClass = failure
        self.message = message

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.failure, self.message)


class TaskError(EvaluationError):
    """One task has no score; the evaluation goes on with the others."""


DISK_FULL = "The machine's disk is full. The model is not at fault: it will be tried again where there is room."


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one behind it, is that the disk (or a quota on it) is full."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def is_out_of_memory(error: Exception) -> bool:
    """Whether the error says that memory ran out: PyTorch has no type for it on the CPU."""
    import torch

    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)
