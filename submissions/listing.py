"""The queue as a visitor sees it: submissions -> HTML. Pure; everything that a visitor typed is escaped."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from html import escape

from evaluator.errors import FailureClass
from evaluator.policy import OptOut, Policy
from submissions.order import claim_order
from submissions.record import OPEN, Event, Status, Submission
from submissions.sought import EVERYTHING, Sought

FEED = "feed.atom"
"""Where the feed is (`submissions.feed`), seen from the page."""

KST = timezone(timedelta(hours=9), "KST")

STATUS_TEXT: dict[Status, tuple[str, str]] = {
    Status.PENDING: ("승인 대기", "Pending approval"),
    Status.WAITING: ("답변 대기", "Waiting for an answer"),
    Status.QUEUED: ("평가 대기", "Queued"),
    Status.RUNNING: ("평가 중", "Running"),
    Status.FINISHED: ("완료", "Finished"),
    Status.FAILED: ("실패", "Failed"),
    Status.REJECTED: ("반려", "Rejected"),
    Status.WITHDRAWN: ("철회", "Withdrawn"),
}

_SAY_WHY = frozenset({Status.WAITING, Status.REJECTED, Status.WITHDRAWN})
"""States in which the row shows the question or the reason that led there."""

FAILURE_TEXT: dict[FailureClass, str] = {
    "not_found": "저장소나 리비전을 찾을 수 없습니다. 공개 상태와 철자를 확인한 뒤 다시 제출해 주세요.",
    "gated": "접근 승인이 필요한 저장소입니다. 승인 없이 읽을 수 있게 바꾼 뒤 다시 제출해 주세요.",
    "load_failed": "파일은 있지만 모델로 불러올 수 없습니다. 아래 설명을 보고 저장소를 고쳐 주세요.",
    "needs_remote_code": "원격 코드가 필요한 모델입니다. 관리자에게 커밋을 지정해 요청해 주세요.",
    "too_large": "이 평가 장비가 받는 크기보다 큽니다. 관리자에게 문의해 주세요.",
    "out_of_memory": "한 문장씩 처리해도 메모리가 부족했습니다. 더 낮은 정밀도로 다시 제출해 보세요.",
    "bad_embeddings": "임베딩에 NaN이 있거나 모든 문장의 값이 같습니다. 가중치를 확인해 주세요.",
    "disk_full": "평가 장비의 디스크가 가득 찼습니다. 모델 문제가 아니며, 여유가 있는 장비에서 다시 시도됩니다.",
    "hub_unavailable": "Hub가 응답하지 않았습니다. 모델 문제가 아니며, 다시 시도됩니다.",
    "data_unavailable": "평가 데이터를 읽지 못했습니다. 모델 문제가 아니며, 다시 시도됩니다.",
    "timeout": "제한 시간 안에 끝나지 않았습니다. 관리자에게 문의해 주세요.",
    "worker_lost": "평가 장비가 세 번 사라졌습니다. 관리자가 다시 시도할 수 있습니다.",
    "internal": "리더보드 쪽 오류입니다. 관리자가 확인합니다.",
}

OPTED_OUT = (
    "소유자의 요청으로 제외된 모델입니다. 새로 평가하지 않고 결과도 보이지 않습니다"
    " · its owner asked not to have it here: it is not evaluated any more, and no result is shown"
)


def shown_time(moment: datetime) -> str:
    """Korean time to the minute, with its zone."""
    return moment.astimezone(KST).strftime("%Y-%m-%d %H:%M KST")


def waiting_order(submissions: Iterable[Submission]) -> list[Submission]:
    """The queued submissions in the order in which workers take them."""
    return sorted((s for s in submissions if s.status == Status.QUEUED), key=claim_order)


def message_html(korean: str, english: str, *, error: bool = False) -> str:
    """A message under the form."""
    role = "alert" if error else "status"
    kind = " error" if error else ""
    return f'<div class="kel-message{kind}" role="{role}">{escape(korean)}\n{escape(english)}</div>'


def commit_day(committed_at: datetime | None) -> str:
    """The Korean day of a commit; empty where the Hub did not tell."""
    return committed_at.astimezone(KST).strftime("%Y-%m-%d") if committed_at else ""


def queue_html(submissions: Sequence[Submission], unreadable: Sequence[str] = (), closed_limit: int = 50) -> str:
    """The first page of the queue."""
    return QueuePages(submissions, unreadable, closed_limit).page(1) or ""


class QueuePages:
    """The open submissions, oldest first, then the last `closed_limit` closed ones, newest first: as pages of HTML.

    Only those that are `sought`; the place in the queue is counted among all.
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
    ) -> None:
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
        first, size = self._begun, 0
        rows: list[str] = []
        while first + len(rows) < len(self._rows) and len(rows) < ROWS and size < PAGE_BYTES:
            submission = self._rows[first + len(rows)]
            rows.append(_row(submission, self._positions, self._opted_out(submission.spec.model)))
            size += len(rows[-1].encode())
        self._begun = last = first + len(rows)
        still_open = max(0, min(len(self._open), last) - first)
        parts = []
        if still_open or first == 0:
            parts.append(_table("진행 중 · Open", rows[:still_open], len(self._open)))
        if last >= len(self._open) and (rows[still_open:] or len(self._rows) == len(self._open)):
            parts.append(_table("끝남 · Closed", rows[still_open:], len(self._rows) - len(self._open)))
        if last == len(self._rows):
            parts += [f'<p class="note">… +{self._more_closed}</p>'] if self._more_closed else []
            parts += _unreadable(self._unreadable)
        if first == 0:
            parts.append(f'<p class="note"><a href="{FEED}">새 소식 피드 (Atom) · Feed of results and failures</a></p>')
        parts.append(_steps(len(self._pages) + 1, first, last, len(self._rows)))
        return f'<div class="kel-queue">{"".join(parts)}</div>'


ROWS = 100
"""Rows on a page of the queue at most."""

PAGE_BYTES = 70_000
"""A page takes no more rows once its rows have this many bytes. One row has at most 20 kB."""

SHOWN_EVENTS = 6
"""Transitions of a row that are shown: the last ones."""


def _cut(text: str, limit: int) -> str:
    """The text, or the beginning of it."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def _unreadable(names: Sequence[str], most: int = 5) -> list[str]:
    lines = [
        f'<p class="note">읽을 수 없는 파일 · unreadable file: {escape(_cut(name, 120))}</p>' for name in names[:most]
    ]
    return lines + ([f'<p class="note">… +{len(names) - most}</p>'] if len(names) > most else [])


def _steps(number: int, first: int, last: int, rows: int) -> str:
    """The buttons to the pages before and after; nothing where there is one page."""
    if last - first == rows:
        return ""
    before = f'<button type="button" data-page="{number - 1}">이전 · Previous</button>' if first else ""
    after = f'<button type="button" data-page="{number + 1}">다음 · Next</button>' if last < rows else ""
    return f'<p class="steps">{before}<span>{first + 1}–{last} / {rows}</span>{after}</p>'


def _table(title: str, rows: Sequence[str], count: int) -> str:
    if not count:
        return f'<h3>{title}</h3><p class="note">없음 · none</p>'
    head = "".join(f'<th scope="col">{name}</th>' for name in ("모델 · Model", "상태 · Status", "제출 · Submitted"))
    return f"<h3>{title} ({count})</h3><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(submission: Submission, positions: dict[str, int], opt_out: OptOut | None) -> str:
    spec = submission.spec
    revision = f"@{spec.revision[:12]}" if spec.revision else ""
    day = commit_day(submission.metadata.committed_at)
    committed = f" ({day})" if day else ""
    note = f'<div class="note">{escape(submission.note)}</div>' if submission.note else ""
    return (
        f'<tr data-submission="{escape(submission.id)}" data-status="{submission.status}">'
        f'<td class="model"><strong>{escape(_cut(spec.model, 200))}</strong> '
        f'<span class="note">{escape(revision)}{committed} {escape(spec.precision)}</span>{note}</td>'
        f'<td class="state">{_state(submission, positions, opt_out)}</td>'
        f'<td class="time">{shown_time(submission.submitted_at)}'
        f'<div class="note">{escape(_cut(submission.submitted_by, 100))}</div>'
        f'<div class="note"><a href="?tab=submit&amp;submission={submission.id}">{submission.id}</a></div></td></tr>'
    )


def _state(submission: Submission, positions: dict[str, int], opt_out: OptOut | None) -> str:
    korean, english = STATUS_TEXT[submission.status]
    lines = [f'<span class="status status-{submission.status}">{korean} · {english}</span>']
    if opt_out is not None:
        lines.append(f'<div class="note opted-out">{OPTED_OUT} ({shown_time(opt_out.at)})</div>')
    if submission.id in positions:
        lines.append(f'<div class="note">{positions[submission.id]}번째 · number {positions[submission.id]}</div>')
    if submission.lease and submission.status == Status.RUNNING:
        progress = ", ".join(f"{key}: {value}" for key, value in submission.lease.progress.items() if value is not None)
        lines.append(f'<div class="note">{escape(_cut(progress, 300))}</div>' if progress else "")
    if submission.failure and submission.status in (Status.FAILED, Status.QUEUED):
        failure = submission.failure
        retried = "다시 시도합니다 · will be retried: " if submission.status == Status.QUEUED else ""
        lines.append(
            f'<div class="note">{retried}{escape(FAILURE_TEXT[failure.failure])}\n'
            f"({escape(failure.failure)}) {escape(_cut(failure.message, 500))}</div>"
        )
    if submission.status in _SAY_WHY and (entered := submission.entered) is not None:
        lines.append(f'<div class="note">{escape(_cut(entered.why, 500))}</div>')
    if submission.retry_asked:
        asked = escape(_cut(submission.retry_asked, 500))
        lines.append(f'<div class="note">다시 시도 요청 · another try is asked for: {asked}</div>')
    events = "".join(_event(event) for event in submission.history[-SHOWN_EVENTS:])
    if (earlier := len(submission.history) - SHOWN_EVENTS) > 0:
        events = f'<div class="note">… +{earlier}</div>{events}'
    lines.append(f"<details><summary>이력 · History</summary>{events}</details>")
    return "".join(lines)


def _event(event: Event) -> str:
    korean, _ = STATUS_TEXT[event.to_status]
    why = f": {escape(_cut(event.why, 300))}" if event.why else ""
    return f'<div class="note">{shown_time(event.at)} {korean} ({escape(_cut(event.who, 100))}){why}</div>'
