"""The queue that visitors see: what a background thread last read from the requests store."""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import brotli
from starlette.requests import Request
from starlette.responses import Response

from evaluator import records
from evaluator.drift import DriftCheck
from evaluator.policy import Policy
from store.update import Snapshot
from store.watch import Watch
from submissions.errors import PolicyUnreadable
from submissions.feed import Wanted, feed
from submissions.files import Listing
from submissions.limits import told
from submissions.listing import QueuePages, message_html
from submissions.policy import refuse_opted_out
from submissions.record import Submission
from submissions.sought import EVERYTHING, Sought
from submissions.stored import Queue
from submissions.words import LANGUAGES, NO_QUEUE, Language, said

log = logging.getLogger(__name__)

Listener = Callable[[Listing, Policy | None], object]
"""Told each new listing, with the policy: None while no policy could be read yet."""


@dataclass(frozen=True)
class Rendered:
    """Text ready to be sent: as it is, compressed, and what tells it from other text."""

    content: bytes
    compressed: bytes
    etag: str

    def answer(self, request: Request, media_type: str) -> Response:
        """It, or 304 for who has it already."""
        headers = {"ETag": self.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "br" in request.headers.get("accept-encoding", ""):
            return Response(self.compressed, media_type=media_type, headers={**headers, "Content-Encoding": "br"})
        return Response(self.content, media_type=media_type, headers=headers)


def rendered(text: str) -> Rendered:
    """`text` ready to be sent."""
    content = text.encode()
    compressed = brotli.compress(content, quality=5, mode=brotli.MODE_TEXT)
    return Rendered(content, compressed, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@dataclass
class _Shown:
    """One revision's listing, what limits are counted from, and its pages, each made when it is first asked for."""

    listing: Listing
    counted: tuple[Submission, ...]
    found: dict[tuple[Sought, Language], QueuePages] = field(default_factory=dict)
    made: dict[tuple[Sought, Language, int], Rendered] = field(default_factory=dict)
    feeds: dict[tuple[Wanted, str], Rendered] = field(default_factory=dict)


MOST_SEARCHES = 50
"""Searches in one revision, each in a language, whose pages are kept."""

MOST_FEEDS = 50
"""Feeds of one revision that are kept, each for a filter and an address of the page."""


NOTHING_YET = {language: rendered(message_html(said(NO_QUEUE, language), error=True)) for language in LANGUAGES}
"""What stands in place of the queue while the store has not answered, by language."""


class LiveQueue:
    """The newest listing of `queue`, renewed every `seconds`. A visitor never waits for the store.

    Its HTML is made once a revision, language and page, however many visitors ask. `listeners` are called with what is
    new.
    `policy` is the one that was last read; a file that is damaged later does not take its place. `alarms` are those
    that the board rings: it alone reads the results store.
    """

    def __init__(self, queue: Queue, seconds: float, listeners: Sequence[Listener] = ()) -> None:
        self.queue = queue
        self.policy: Policy | None = None
        self.alarms: tuple[DriftCheck, ...] = ()
        self._listeners = listeners
        self._shown: _Shown | None = None
        self._making = threading.Lock()
        self._watch = Watch(queue.requests, seconds, self._take_over)

    def start(self) -> None:
        """Read the queue from now on, in the background: waits for nothing."""
        self._watch.start()

    def stop(self) -> None:
        """End the background thread."""
        self._watch.stop()

    def refresh(self) -> None:
        """Look now: after a change of one's own."""
        self._watch.look()

    @property
    def submissions(self) -> tuple[Submission, ...] | None:
        """The open submissions and the newest closed ones, newest first; None while the store has not answered."""
        return self._shown.listing.submissions if self._shown else None

    def page(self, number: int = 1, sought: Sought = EVERYTHING, language: Language = "ko") -> Rendered | None:
        """A page, from 1, of what is sought in the queue, or a notice while the store has not answered.

        None: there is no such page.
        """
        shown = self._shown
        if shown is None:
            return NOTHING_YET[language] if number == 1 else None
        key = (sought, language, number)
        made = shown.made.get(key)
        if made is None:
            with self._making:
                if key not in shown.made:
                    html = self._pages(shown, sought, language).page(number)
                    if html is None:
                        return None
                    shown.made[key] = rendered(html)
                made = shown.made[key]
        return made

    def _pages(self, shown: _Shown, sought: Sought, language: Language) -> QueuePages:
        """The pages of what is sought at this revision; those of the whole queue are kept, of others the newest."""
        if (sought, language) not in shown.found:
            if len(shown.found) > MOST_SEARCHES:
                for kept in [each for each in shown.found if each[0] != EVERYTHING]:
                    del shown.found[kept]
                shown.made = {key: made for key, made in shown.made.items() if key[0] == EVERYTHING}
            listing = shown.listing
            unreadable = tuple(listing.unreadable) if sought == EVERYTHING else ()
            shown.found[sought, language] = QueuePages(
                listing.submissions, unreadable, policy=self.policy, sought=sought, language=language
            )
        return shown.found[sought, language]

    def feed(self, wanted: Wanted, address: str) -> Rendered | None:
        """The feed of what somebody follows, on the page at `address`; None while store or policy were not read."""
        shown, policy = self._shown, self.policy
        if shown is None or policy is None:
            return None
        made = shown.feeds.get((wanted, address))
        if made is None:
            alarms = self.alarms
            made = rendered(feed(shown.listing.submissions, policy, wanted, address, alarms))
            with self._making:
                if len(shown.feeds) >= MOST_FEEDS:
                    shown.feeds.clear()
                if alarms is self.alarms:
                    shown.feeds[wanted, address] = made
        return made

    def ring(self, alarms: tuple[DriftCheck, ...]) -> None:
        """Tell these alarms from now on, and no others."""
        with self._making:
            if alarms != self.alarms:
                self.alarms = alarms
                if self._shown is not None:
                    self._shown.feeds.clear()

    def allow(self, who: str, model: str) -> None:
        """Nothing, if `who` may submit `model` as far as is known here: asks neither the store nor the Hub.

        Raises:
            TooMany
        """
        if self._shown is not None:
            self.queue.allow(self._shown.counted, who=who, model=model)

    def refuse_opted_out(self, model: str) -> None:
        """Nothing, if nobody opted `model` out, as far as is known here.

        Raises:
            OptedOut
        """
        refuse_opted_out(self.policy or Policy(), model)

    def told(self, who: str, *, maintainer: bool = False) -> tuple[str, str]:
        """What is left for `who` to submit, in Korean and in English."""
        if self.queue.limits is None or maintainer:
            return "제출 수에 한도가 없습니다.", "You may submit any number."
        counted = self._shown.counted if self._shown else ()
        return told(self.queue.limits, counted, who, records.now())

    def _take_over(self, snapshot: Snapshot) -> None:
        listing = self.queue.listing()
        counted = tuple(self.queue.counted(snapshot))
        try:
            self.policy = self.queue.policies.at(snapshot)
        except PolicyUnreadable as error:
            log.error("%s; %s", error.english, "the last one stays" if self.policy else "only what ships is shown")
        self._shown = _Shown(listing, counted)
        for listener in self._listeners:
            listener(listing, self.policy)
