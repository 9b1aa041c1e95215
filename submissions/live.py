"""The queue that visitors see: what a background thread last read from the requests store."""

from store.update import Snapshot
from store.watch import Watch
from submissions.listing import message_html, queue_html
from submissions.record import Status, Submission
from submissions.stored import Listing, Queue


class LiveQueue:
    """The newest listing of `queue`, renewed every `seconds`. A visitor never waits for the store."""

    def __init__(self, queue: Queue, seconds: float) -> None:
        self.queue = queue
        self._listing: Listing | None = None
        self._watch = Watch(queue.requests, seconds, self._take_over)

    def start(self) -> None:
        """Read the queue once, then go on in the background."""
        self._watch.start()

    def stop(self) -> None:
        """End the background thread."""
        self._watch.stop()

    def refresh(self) -> None:
        """Look now: after a change of one's own."""
        self._watch.look()

    def html(self) -> str:
        """The queue as HTML, or a notice while the store has not answered yet."""
        if self._listing is None:
            return message_html(
                "지금은 대기열을 읽을 수 없습니다. 저장소가 응답하면 여기에 나타납니다.",
                "The queue cannot be read now; it appears here once the store answers.",
                error=True,
            )
        return queue_html(self._listing.submissions, self._listing.unreadable)

    def pending(self) -> list[Submission]:
        """The submissions that wait for a maintainer, oldest first."""
        known = self._listing.submissions if self._listing else ()
        return sorted((s for s in known if s.status is Status.PENDING), key=lambda s: s.id)

    def _take_over(self, _: Snapshot) -> None:
        self._listing = self.queue.listing()
