"""The queue as a visitor sees it: submissions -> HTML. Pure; everything that a visitor typed is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from html import escape

from evaluator.policy import OptOut, Policy
from submissions.order import claim_order
from submissions.record import OPEN, Event, Status, Submission
from submissions.sought import EVERYTHING, Sought
from submissions.words import (
    AFTER,
    BEFORE,
    CLOSED_ONES,
    COLUMNS,
    FAILURE_TEXT,
    FEED_NAME,
    HISTORY,
    NONE,
    OPEN_ONES,
    OPTED_OUT,
    PLACE,
    RETRIED,
    RETRY_ASKED,
    STATUS_TEXT,
    TASKS_DONE,
    UNREADABLE,
    Language,
    Pair,
    said,
)

FEED = "feed.atom"
"""Where the feed is (`submissions.feed`), seen from the page."""

KST = timezone(timedelta(hours=9), "KST")

_SAY_WHY = frozenset({Status.WAITING, Status.REJECTED, Status.WITHDRAWN})
"""States in which the row shows the question or the reason that led there."""


def shown_time(moment: datetime) -> str:
    """Korean time to the minute, with its zone."""
    return moment.astimezone(KST).strftime("%Y-%m-%d %H:%M KST")


def waiting_order(submissions: Iterable[Submission]) -> list[Submission]:
    """The queued submissions in the order in which workers take them."""
    return sorted((s for s in submissions if s.status == Status.QUEUED), key=claim_order)


def message_html(text: str, *, error: bool = False) -> str:
    """A message in place of the queue."""
    role = "alert" if error else "status"
    kind = " error" if error else ""
    return f'<div class="kel-message{kind}" role="{role}">{escape(text)}</div>'


def commit_day(committed_at: datetime | None) -> str:
    """The Korean day of a commit; empty where the Hub did not tell."""
    return committed_at.astimezone(KST).strftime("%Y-%m-%d") if committed_at else ""


def queue_html(submissions: Sequence[Submission], unreadable: Sequence[str] = (), language: Language = "ko") -> str:
    """The first page of the queue."""
    return QueuePages(submissions, unreadable, language=language).page(1) or ""


class QueuePages:
    """The open submissions, oldest first, then the last `closed_limit` closed ones, newest first: as pages of HTML.

    Only those that are `sought`; the place in the queue is counted among all. Its words are in one `language`; what
    somebody typed, and what a failed evaluation said, is as it was written.
    By the `policy`, an open one whose model is opted out says so, and a closed one is not shown.
    A page has at most `ROWS` rows and less than 100 kB, whatever was typed. It is made when it is asked for, and kept.
    Not to be asked by two threads at once.
    """

    def __init__(
        self,
        submissions: Sequence[Submission],
        unreadable: Sequence[str] = (),
        closed_limit: int = 50,
        policy: Policy | None = None,
        sought: Sought = EVERYTHING,
        language: Language = "ko",
    ) -> None:
        self._language = language
        self._opted_out = (policy or Policy()).opt_out_of
        wanted = [s for s in submissions if sought.takes(s)]
        self._open = sorted((s for s in wanted if s.status in OPEN), key=lambda s: (s.status != "RUNNING", s.id))
        closed = sorted((s for s in wanted if self._is_shown_closed(s)), key=lambda s: s.id, reverse=True)
        self._rows = [*self._open, *closed[:closed_limit]]
        self._positions = {s.id: index for index, s in enumerate(self._waiting(submissions), start=1)}
        self._more_closed = max(0, len(closed) - closed_limit)
        self._unreadable = unreadable
        self._pages: list[str] = []
        self._begun = 0  # rows that are on a page

    def page(self, number: int) -> str | None:
        """The page of this number, from 1; None: there are not so many."""
        while len(self._pages) < number and (not self._pages or self._begun < len(self._rows)):
            self._pages.append(self._next_page())
        return self._pages[number - 1] if 0 < number <= len(self._pages) else None

    def _is_shown_closed(self, submission: Submission) -> bool:
        return submission.status not in OPEN and self._opted_out(submission.spec.model) is None

    def _waiting(self, submissions: Sequence[Submission]) -> list[Submission]:
        """Those that workers will take, in their order."""
        return [s for s in waiting_order(submissions) if self._opted_out(s.spec.model) is None]

    def _next_page(self) -> str:
        language, first, size = self._language, self._begun, 0
        rows: list[str] = []
        while first + len(rows) < len(self._rows) and len(rows) < ROWS and size < PAGE_BYTES:
            submission = self._rows[first + len(rows)]
            rows.append(_row(submission, self._positions, self._opted_out(submission.spec.model), self._language))
            size += len(rows[-1].encode())
        self._begun = last = first + len(rows)
        still_open = max(0, min(len(self._open), last) - first)
        parts = []
        if still_open or first == 0:
            parts.append(_table(OPEN_ONES, rows[:still_open], len(self._open), language))
        if last >= len(self._open) and (rows[still_open:] or len(self._rows) == len(self._open)):
            parts.append(_table(CLOSED_ONES, rows[still_open:], len(self._rows) - len(self._open), language))
        if last == len(self._rows):
            parts += [f'<p class="note">… +{self._more_closed}</p>'] if self._more_closed else []
            parts += _unreadable(self._unreadable, language)
        if first == 0:
            feed = FEED if language == "ko" else f"{FEED}?lang={language}"
            parts.append(f'<p class="note"><a href="{feed}">{said(FEED_NAME, language)}</a></p>')
        parts.append(_steps(len(self._pages) + 1, first, last, len(self._rows), language))
        return f'<div class="kel-queue" lang="{language}">{"".join(parts)}</div>'


ROWS = 100
"""Rows on a page of the queue at most."""

PAGE_BYTES = 70_000
"""A page takes no more rows once its rows have this many bytes. One row has at most 20 kB."""

SHOWN_EVENTS = 6
"""Transitions of a row that are shown: the last ones."""


def _cut(text: str, limit: int) -> str:
    """The text, or the beginning of it."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def _unreadable(names: Sequence[str], language: Language, most: int = 5) -> list[str]:
    what = said(UNREADABLE, language)
    lines = [f'<p class="note">{what}: {escape(_cut(name, 120))}</p>' for name in names[:most]]
    return lines + ([f'<p class="note">… +{len(names) - most}</p>'] if len(names) > most else [])


def _steps(number: int, first: int, last: int, rows: int, language: Language) -> str:
    """The buttons to the pages before and after; nothing where there is one page."""
    if last - first == rows:
        return ""
    before = _step(number - 1, said(BEFORE, language)) if first else ""
    after = _step(number + 1, said(AFTER, language)) if last < rows else ""
    return f'<p class="steps">{before}<span>{first + 1}–{last} / {rows}</span>{after}</p>'


def _step(number: int, text: str) -> str:
    return f'<button type="button" class="kel-button" data-page="{number}">{text}</button>'


def _table(name: Pair, rows: Sequence[str], count: int, language: Language) -> str:
    title = said(name, language)
    if not count:
        return f'<h3>{title}</h3><p class="note">{said(NONE, language)}</p>'
    head = "".join(f'<th scope="col">{said(column, language)}</th>' for column in COLUMNS)
    return f"<h3>{title} ({count})</h3><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(submission: Submission, positions: dict[str, int], opt_out: OptOut | None, language: Language) -> str:
    spec = submission.spec
    revision = f"@{spec.revision[:12]}" if spec.revision else ""
    day = commit_day(submission.metadata.committed_at)
    committed = f" ({day})" if day else ""
    address = f"?tab=submit&amp;submission={submission.id}{'' if language == 'ko' else f'&amp;lang={language}'}"
    note = f'<div class="note">{escape(submission.note)}</div>' if submission.note else ""
    return (
        f'<tr data-submission="{escape(submission.id)}" data-status="{submission.status}">'
        f'<td class="model"><strong>{escape(_cut(spec.model, 200))}</strong> '
        f'<span class="note">{escape(revision)}{committed} {escape(spec.precision)}</span>{note}</td>'
        f'<td class="state">{_state(submission, positions, opt_out, language)}</td>'
        f'<td class="time">{shown_time(submission.submitted_at)}'
        f'<div class="note">{escape(_cut(submission.submitted_by, 100))}</div>'
        f'<div class="note"><a href="{address}">{submission.id}</a></div></td></tr>'
    )


def _state(submission: Submission, positions: dict[str, int], opt_out: OptOut | None, language: Language) -> str:
    status = said(STATUS_TEXT[submission.status], language)
    lines = [f'<span class="status status-{submission.status}">{status}</span>']
    if opt_out is not None:
        lines.append(f'<div class="note opted-out">{said(OPTED_OUT, language)} ({shown_time(opt_out.at)})</div>')
    if submission.id in positions:
        lines.append(f'<div class="note">{said(PLACE, language).format(positions[submission.id])}</div>')
    if submission.lease and submission.status == Status.RUNNING:
        progress = _progress(submission.lease.progress, language)
        lines.append(f'<div class="note">{escape(_cut(progress, 300))}</div>' if progress else "")
    if submission.failure and submission.status in (Status.FAILED, Status.QUEUED):
        failure = submission.failure
        retried = said(RETRIED, language) if submission.status == Status.QUEUED else ""
        lines.append(
            f'<div class="note">{retried}{escape(said(FAILURE_TEXT[failure.failure], language))}\n'
            f"({escape(failure.failure)}) {escape(_cut(failure.message, 500))}</div>"
        )
    if submission.status in _SAY_WHY and (entered := submission.entered) is not None:
        lines.append(f'<div class="note">{escape(_cut(entered.why, 500))}</div>')
    if submission.retry_asked:
        asked = escape(_cut(submission.retry_asked, 500))
        lines.append(f'<div class="note">{said(RETRY_ASKED, language)}{asked}</div>')
    events = "".join(_event(event, language) for event in submission.history[-SHOWN_EVENTS:])
    if (earlier := len(submission.history) - SHOWN_EVENTS) > 0:
        events = f'<div class="note">… +{earlier}</div>{events}'
    lines.append(f"<details><summary>{said(HISTORY, language)}</summary>{events}</details>")
    return "".join(lines)


def _progress(told: Mapping[str, float | int | str | None], language: Language) -> str:
    """How far a running one is, as far as its worker told: the task, the share of its tokens, the tasks that ended."""
    done, total, ended = (told.get(name) for name in ("tokens_done", "tokens_total", "tasks_done"))
    parts = [str(told.get("task") or "")]
    if isinstance(done, (int, float)) and isinstance(total, (int, float)) and total > 0:
        parts.append(f"{min(1.0, max(0.0, done / total)):.0%}")
    if isinstance(ended, (int, float)):
        parts.append(said(TASKS_DONE, language).format(ended))
    return " · ".join(part for part in parts if part)


def _event(event: Event, language: Language) -> str:
    status = said(STATUS_TEXT[event.to_status], language)
    why = f": {escape(_cut(event.why, 300))}" if event.why else ""
    return f'<div class="note">{shown_time(event.at)} {status} ({escape(_cut(event.who, 100))}){why}</div>'
