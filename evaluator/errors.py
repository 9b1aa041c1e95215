"""Why an evaluation, or one task of it, has no score.

    EvaluationError                 failure class (one of FailureClass) and a sentence for the submitter
    └── TaskError                   the same, for one task only: the other tasks go on

Foreign exceptions are mapped to these where they arise (`data`, `loading`, `encoding`); callers catch only these.
"""

from typing import Literal, get_args

FailureClass = Literal[
    "not_found",  # the repository, revision or folder does not exist
    "gated",  # the repository asks for permission that the worker does not have
    "load_failed",  # files are there, but no encoder comes of them
    "needs_remote_code",  # the model brings its own code, which is refused by default
    "too_large",  # more parameters than this worker takes
    "out_of_memory",  # did not fit, even with one text per batch
    "bad_embeddings",  # NaN, wrong shape, or the same vector for every text
    "hub_unavailable",  # the Hub did not answer; it may later
    "data_unavailable",  # a data set could not be read, or is not the pinned one
    "timeout",  # took longer than allowed
    "worker_lost",  # the worker vanished three times
    "internal",  # our fault
]
FAILURE_CLASSES: tuple[str, ...] = get_args(FailureClass)


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
