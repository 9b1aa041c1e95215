"""The queue as an Atom feed (RFC 4287): what was finished, failed or rejected, and alarms, newest first. Pure.

It speaks Korean, or English where its address says `lang=en`: one language in one feed.
Made with the standard library's writer, which escapes; every text of a stranger is cleaned of what XML cannot hold.
"""

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from evaluator.cleaning import SHORT, clean_text
from evaluator.drift import DriftCheck
from evaluator.policy import Policy, owner_of
from submissions.alarms import summary
from submissions.listing import FEED
from submissions.record import Status, Submission
from submissions.words import (
    DRIFT_TITLE,
    FAILURE_TEXT,
    FEED_AUTHOR,
    FEED_TITLE,
    FEED_TITLES,
    Language,
    language_of,
    said,
)

MEDIA_TYPE = "application/atom+xml"
LINK = f'<link rel="alternate" type="{MEDIA_TYPE}" title="{said(FEED_TITLE, "ko")}" href="{FEED}">'
"""HTML for the page's head, from which feed readers find the feed."""

MOST = 100
"""Entries of a feed."""

LONGEST = 200
"""Characters of a name that is asked for."""

_NOTHING_YET = datetime(2020, 1, 1, tzinfo=UTC)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:korean-embedding-leaderboard:feed")


@dataclass(frozen=True)
class Wanted:
    """Which entries somebody follows: of a submitter, of an organisation's models, in a state; empty for all.

    `language`: what they are told in.
    """

    person: str = ""
    organisation: str = ""
    state: str = ""
    language: Language = "ko"

    @property
    def chosen(self) -> dict[str, str]:
        """What the address of the feed says; nothing for the feed of everything in Korean."""
        filters = {name: value for name, value in vars(self).items() if value and name != "language"}
        return filters if self.language == "ko" else {**filters, "lang": self.language}

    def takes(self, submission: Submission) -> bool:
        return (
            (not self.person or submission.submitted_by.casefold() == self.person)
            and (not self.organisation or owner_of(submission.spec.model) == self.organisation)
            and (not self.state or submission.status == self.state)
        )


def wanted(asked: Mapping[str, str]) -> Wanted:
    """The filter that an address asks for. Names are the same in small letters and in capitals.

    Raises:
        ValueError: there is no such state in the feed, no such language, or a name is too long.
    """
    state = asked.get("state", "").upper()
    if state and state not in FEED_TITLES:
        raise ValueError(f"the feed has the states {', '.join(FEED_TITLES)}")
    names = [asked.get(name, "").casefold() for name in ("person", "organisation")]
    if any(len(name) > LONGEST for name in names):
        raise ValueError(f"a name has at most {LONGEST} characters")
    return Wanted(names[0], names[1], state, language_of(asked))


def feed(
    submissions: Iterable[Submission],
    policy: Policy,
    wanted: Wanted,
    address: str,
    alarms: Iterable[DriftCheck] = (),
) -> str:
    """The feed as XML. `address`: the page's own, with a slash at its end. What the `policy` hides is not in it.

    `alarms` are nobody's and in no state: they are in the feed that chooses nothing.
    """
    told: list[Submission | DriftCheck] = [
        s for s in submissions if s.status in FEED_TITLES and wanted.takes(s) and not _is_hidden(s, policy)
    ]
    language = wanted.language
    told += alarms if wanted == Wanted(language=language) else ()
    newest = sorted(told, key=lambda each: (_at(each), _name(each)), reverse=True)[:MOST]
    query = urlencode(wanted.chosen)
    root = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": language})
    _add(root, "id", _urn(f"?{query}"))
    _add(root, "title", said(FEED_TITLE, language))
    _add(root, "updated", (_at(newest[0]) if newest else _NOTHING_YET).isoformat())
    _add(_add(root, "author"), "name", said(FEED_AUTHOR, language))
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=f"{address}{FEED}{'?' if query else ''}{query}")
    _add(root, "link", rel="alternate", type="text/html", href=f"{address}?tab=submit{_and(language)}")
    for each in newest:
        if isinstance(each, Submission):
            _add_entry(root, each, address, language)
        else:
            _add_alarm(root, each, address, language)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _and(language: Language) -> str:
    """What an address of the page adds, so that it opens in the feed's language."""
    return "" if language == "ko" else f"&lang={language}"


def _add_entry(root: ET.Element, submission: Submission, address: str, language: Language) -> None:
    at, status = _at(submission), submission.status
    entry = _add(root, "entry")
    # One that fails, is queued again and then finishes is told twice: the moment is part of its name.
    _add(entry, "id", _urn(f"{submission.id} {status} {at.isoformat()}"))
    _add(entry, "title", f"{said(FEED_TITLES[status], language)}: {submission.spec.model}")
    _add(entry, "updated", at.isoformat())
    _add(entry, "published", submission.submitted_at.isoformat())
    _add(_add(entry, "author"), "name", clean_text(submission.submitted_by, SHORT) or "–")
    about = f"model={quote(submission.spec.model)}" if status is Status.FINISHED else f"submission={submission.id}"
    _add(entry, "link", rel="alternate", type="text/html", href=f"{address}?{about}{_and(language)}")
    _add(entry, "category", term=status)
    _add(entry, "summary", clean_text(_summary(submission, language), 1000, lines=True), type="text")


def _add_alarm(root: ET.Element, alarm: DriftCheck, address: str, language: Language) -> None:
    entry = _add(root, "entry")
    _add(entry, "id", _urn(_name(alarm)))
    _add(entry, "title", clean_text(f"{said(DRIFT_TITLE, language)}: {alarm.fields.get('device', '–')}", SHORT))
    _add(entry, "updated", _at(alarm).isoformat())
    _add(_add(entry, "author"), "name", clean_text(alarm.worker, SHORT) or "–")
    _add(entry, "link", rel="alternate", type="text/html", href=address)
    _add(entry, "category", term="DRIFT")
    _add(entry, "summary", clean_text(summary(alarm, language), 1000, lines=True), type="text")


def _summary(submission: Submission, language: Language) -> str:
    spec = submission.spec
    what = f"{spec.model}@{(spec.revision or '')[:12]} ({spec.precision})"
    if submission.status is Status.FAILED and submission.failure is not None:
        return f"{what}\n{said(FAILURE_TEXT[submission.failure.failure], language)}\n{submission.failure.message}"
    if submission.status is Status.REJECTED and submission.history:
        return f"{what}\n{submission.history[-1].why}"
    return what


def _is_hidden(submission: Submission, policy: Policy) -> bool:
    path = submission.result.path if submission.result else ""
    return policy.hides(submission.spec.model, path, submission.spec.id)


def _at(told: Submission | DriftCheck) -> datetime:
    """When a submission was closed, or an alarm began."""
    if isinstance(told, DriftCheck):
        return told.since or told.at
    return told.history[-1].at if told.history else told.submitted_at


def _name(told: Submission | DriftCheck) -> str:
    """What tells it from the others."""
    return told.id if isinstance(told, Submission) else f"drift {told.environment} {_at(told).isoformat()}"


def _urn(name: str) -> str:
    """The same for the same name, whatever address the page has."""
    return uuid.uuid5(_NAMESPACE, name).urn


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    child.text = text
    return child
