"""What the desk reads from a store or the Hub for one visitor: few at a time, so that a slow one holds nothing up."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from evaluator.cleaning import clean_text
from evaluator.errors import EvaluationError
from evaluator.model.code_listing import CodeFile, code_files
from evaluator.records import ModelResult
from evaluator.spec import ModelSpec
from store import Commit
from store.errors import NotFound
from submissions.errors import QueueError
from submissions.layout import log_paths
from submissions.record import Submission
from submissions.stored import Queue

AT_ONCE = 4
LINES = 40
"""The last lines of a log that are shown."""

LINE = 400
"""Characters of a line that are shown."""


class Busy(QueueError):
    """Others are being answered; the same may pass later."""

    def __init__(self) -> None:
        super().__init__(
            "지금은 요청이 많습니다. 잠시 뒤에 다시 시도해 주세요.", "Many are asking now; try again in a while."
        )


class Unread(QueueError):
    """A model's code cannot be listed."""


class Reads:
    """Reads what is not in memory."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def submission(self, submission_id: str) -> Submission:
        """A submission that the listing does not hold.

        Raises:
            UnknownSubmission, Busy, StoreError
            ValueError: its file cannot be read.
        """
        with self._place():
            return self._queue.find(submission_id)

    def log(self, submission_id: str) -> list[str]:
        """The last lines of what the evaluation said; none where no log was kept.

        Raises:
            Busy, StoreError
        """
        with self._place():
            content = b""
            for path in log_paths(submission_id):
                with suppress(NotFound):
                    content = self._queue.requests.read(path)
                    break
        lines = content[-200_000:].decode("utf-8", "replace").splitlines()
        return [clean_text(line, LINE) or "" for line in lines[-LINES:]]

    def commits(self, limit: int) -> Sequence[Commit]:
        """The newest commits of the requests store.

        Raises:
            Busy, StoreError
        """
        with self._place():
            return self._queue.requests.log(limit)

    def result(self, spec: ModelSpec) -> ModelResult | None:
        """What the results store holds of a spec.

        Raises:
            Busy, StoreError
        """
        with self._place():
            return self._queue.stored_result(spec)

    def code(self, submission: Submission) -> tuple[CodeFile, ...]:
        """The Python files that a model brings, by repository and commit.

        Raises:
            Busy
            Unread: the Hub does not give them.
        """
        with self._place(), tempfile.TemporaryDirectory(prefix="kel-code-") as folder:
            try:
                return code_files(submission.spec, cache=Path(folder), token=False)
            except EvaluationError as error:
                raise Unread("이 모델의 코드를 Hub에서 읽을 수 없습니다.", error.message) from error

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._places.release()
