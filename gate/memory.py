"""What Gradio remembers of its visitors, bounded. Written for its objects as they are in version 6.31.

Gradio keeps a state for each of 10,000 sessions, the answers of each event until its stream is read (if it ever is),
and numbers on 10,000 events. A stranger opens sessions and starts events as he likes, so each has a limit here.
"""

from collections import OrderedDict
from typing import Any

EVENTS_PER_SESSION = 50
"""As many answers may wait for one session; its next event is refused until one is read."""
TOO_MANY = "읽지 않은 응답이 너무 많습니다. 잠시 뒤에 다시 해 주세요. · Too many unread answers; try again in a while."


class Unread:
    """Which sessions have events whose answers were not read yet, the longest waiting first.

    Args:
        queue: Gradio's queue.
        limit: for the events of all sessions together; beyond it, the session that waits longest loses its answers.
        each: for the events of one session.
    """

    def __init__(self, queue: Any, limit: int, each: int = EVENTS_PER_SESSION) -> None:
        self._queue = queue
        self._limit = limit
        self._each = each
        self._push = queue.push
        self._sessions: OrderedDict[str, None] = OrderedDict()

    async def push(self, body: Any, request: Any, username: str | None) -> tuple[bool, Any, str]:
        """In the place of the queue's own: (taken, event id or sentence, state)."""
        pending: dict[str, set[str]] = self._queue.pending_event_ids_session
        given: str | None = body.session_hash
        if given is not None and len(pending.get(given, ())) >= self._each:
            return (
                False,
                TOO_MANY,
                "queue_full",
            )
        for session in [name for name in self._sessions if not pending.get(name)]:
            self._forget(session)  # all was read
        while self._sessions and sum(len(pending.get(name, ())) for name in self._sessions) >= self._limit:
            await self._queue.clean_events(session_hash=next(iter(self._sessions)))
            self._forget(next(iter(self._sessions)))
        answer: tuple[bool, Any, str] = await self._push(body=body, request=request, username=username)
        if body.session_hash is not None:  # Gradio gives one to a call that has none
            self._sessions[body.session_hash] = None
            self._sessions.move_to_end(body.session_hash)
        return answer

    def _forget(self, session: str) -> None:
        del self._sessions[session]
        self._queue.pending_event_ids_session.pop(session, None)
        self._queue.pending_messages_per_session.pop(session, None)


def bound(blocks: Any, *, sessions: int, events: int) -> None:
    """Limit what a `gradio.Blocks` remembers. Call it before its web application is made.

    Args:
        blocks: the page.
        sessions: how many sessions' states are kept; the one that was not used for the longest time is dropped. What a
            session loses is the choices that were put into its components; they come again with a reload.
        events: how many events may wait for a worker, or their answers for a reader, in all.
    """
    blocks.state_session_capacity = sessions
    blocks.queue(max_size=events)
    blocks._queue.ANALYTICS_MAX_EVENTS = 100
    blocks._queue.push = Unread(blocks._queue, events).push
