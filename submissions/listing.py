"""The queue as a visitor sees it: submissions -> HTML. Pure; everything that a visitor typed is escaped."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from html import escape

from evaluator.errors import FailureClass
from submissions.queue import claim_order
from submissions.record import OPEN, Event, Status, Submission

KST = timezone(timedelta(hours=9), "KST")

STATUS_TEXT: dict[Status, tuple[str, str]] = {
    Status.PENDING: ("승인 대기", "Pending approval"),
    Status.QUEUED: ("평가 대기", "Queued"),
    Status.RUNNING: ("평가 중", "Running"),
    Status.FINISHED: ("완료", "Finished"),
    Status.FAILED: ("실패", "Failed"),
    Status.REJECTED: ("반려", "Rejected"),
    Status.WITHDRAWN: ("철회", "Withdrawn"),
}

FAILURE_TEXT: dict[FailureClass, str] = {
    "not_found": "저장소나 리비전을 찾을 수 없습니다. 공개 상태와 철자를 확인한 뒤 다시 제출해 주세요.",
    "gated": "접근 승인이 필요한 저장소입니다. 승인 없이 읽을 수 있게 바꾼 뒤 다시 제출해 주세요.",
    "load_failed": "파일은 있지만 모델로 불러올 수 없습니다. 아래 설명을 보고 저장소를 고쳐 주세요.",
    "needs_remote_code": "원격 코드가 필요한 모델입니다. 관리자에게 커밋을 지정해 요청해 주세요.",
    "too_large": "이 평가 장비가 받는 크기보다 큽니다. 관리자에게 문의해 주세요.",
    "out_of_memory": "한 문장씩 처리해도 메모리가 부족했습니다. 더 낮은 정밀도로 다시 제출해 보세요.",
    "bad_embeddings": "임베딩에 NaN이 있거나 모든 문장의 값이 같습니다. 가중치를 확인해 주세요.",
    "hub_unavailable": "Hub가 응답하지 않았습니다. 모델 문제가 아니며, 다시 시도됩니다.",
    "data_unavailable": "평가 데이터를 읽지 못했습니다. 모델 문제가 아니며, 다시 시도됩니다.",
    "timeout": "제한 시간 안에 끝나지 않았습니다. 관리자에게 문의해 주세요.",
    "worker_lost": "평가 장비가 세 번 사라졌습니다. 관리자가 다시 시도할 수 있습니다.",
    "internal": "리더보드 쪽 오류입니다. 관리자가 확인합니다.",
}

CSS = """
.kel-queue { overflow-x: auto; }
.kel-queue table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
.kel-queue th, .kel-queue td { padding: 0.5rem 0.6rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--border-color-primary); }
.kel-queue th { font-weight: 600; white-space: nowrap; }
.kel-queue td.time { white-space: nowrap; }
.kel-queue td.model { overflow-wrap: anywhere; min-width: 9rem; }
.kel-queue td.state { min-width: 8rem; }
.kel-queue .note { color: #52525b; white-space: pre-wrap; overflow-wrap: anywhere; }
.dark .kel-queue .note { color: #a1a1aa; }
.kel-queue .status { font-weight: 600; }
.kel-queue .status-FAILED, .kel-queue .status-REJECTED { color: #b42318; }
.dark .kel-queue .status-FAILED, .dark .kel-queue .status-REJECTED { color: #fda29b; }
.kel-queue .status-FINISHED { color: #067647; }
.dark .kel-queue .status-FINISHED { color: #75e0a7; }
.kel-queue summary { cursor: pointer; }
.kel-message { border-inline-start: 4px solid var(--border-color-accent); padding: 0.5rem 0.8rem; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.kel-message.error { border-color: #b42318; }
"""


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


def queue_html(submissions: Sequence[Submission], unreadable: Iterable[str] = (), closed_limit: int = 50) -> str:
    """The open submissions, oldest first, then the last `closed_limit` closed ones, newest first."""
    positions = {submission.id: index for index, submission in enumerate(waiting_order(submissions), start=1)}
    still_open = sorted((s for s in submissions if s.status in OPEN), key=lambda s: (s.status != "RUNNING", s.id))
    closed = sorted((s for s in submissions if s.status not in OPEN), key=lambda s: s.id, reverse=True)
    parts = [_table("진행 중 · Open", still_open, positions), _table("끝남 · Closed", closed[:closed_limit], positions)]
    if len(closed) > closed_limit:
        parts.append(f'<p class="note">… +{len(closed) - closed_limit}</p>')
    for name in unreadable:
        parts.append(f'<p class="note">읽을 수 없는 파일 · unreadable file: {escape(name)}</p>')
    return f'<div class="kel-queue">{"".join(parts)}</div>'


def _table(title: str, submissions: Sequence[Submission], positions: dict[str, int]) -> str:
    if not submissions:
        return f'<h3>{title}</h3><p class="note">없음 · none</p>'
    head = "".join(f'<th scope="col">{name}</th>' for name in ("모델 · Model", "상태 · Status", "제출 · Submitted"))
    rows = "".join(_row(submission, positions) for submission in submissions)
    return f"<h3>{title}</h3><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(submission: Submission, positions: dict[str, int]) -> str:
    spec = submission.spec
    revision = f"@{spec.revision[:12]}" if spec.revision else ""
    note = f'<div class="note">{escape(submission.note)}</div>' if submission.note else ""
    return (
        f'<tr data-submission="{escape(submission.id)}" data-status="{submission.status}">'
        f'<td class="model"><strong>{escape(spec.model)}</strong> '
        f'<span class="note">{escape(revision)} {escape(spec.precision)}</span>{note}</td>'
        f'<td class="state">{_state(submission, positions)}</td>'
        f'<td class="time">{shown_time(submission.submitted_at)}'
        f'<div class="note">{escape(submission.submitted_by)}</div>'
        f'<div class="note">{escape(submission.id)}</div></td></tr>'
    )


def _state(submission: Submission, positions: dict[str, int]) -> str:
    korean, english = STATUS_TEXT[submission.status]
    lines = [f'<span class="status status-{submission.status}">{korean} · {english}</span>']
    if submission.id in positions:
        lines.append(f'<div class="note">{positions[submission.id]}번째 · number {positions[submission.id]}</div>')
    if submission.lease and submission.status == Status.RUNNING:
        progress = ", ".join(f"{key}: {value}" for key, value in submission.lease.progress.items() if value is not None)
        lines.append(f'<div class="note">{escape(progress)}</div>' if progress else "")
    if submission.failure and submission.status in (Status.FAILED, Status.QUEUED):
        failure = submission.failure
        retried = "다시 시도합니다 · will be retried: " if submission.status == Status.QUEUED else ""
        lines.append(
            f'<div class="note">{retried}{escape(FAILURE_TEXT[failure.failure])}\n'
            f"({escape(failure.failure)}) {escape(failure.message)}</div>"
        )
    if submission.status in (Status.REJECTED, Status.WITHDRAWN) and submission.history:
        lines.append(f'<div class="note">{escape(submission.history[-1].why)}</div>')
    events = "".join(_event(event) for event in submission.history)
    lines.append(f"<details><summary>이력 · History</summary>{events}</details>")
    return "".join(lines)


def _event(event: Event) -> str:
    korean, _ = STATUS_TEXT[event.to_status]
    why = f": {escape(event.why)}" if event.why else ""
    return f'<div class="note">{shown_time(event.at)} {korean} ({escape(event.who)}){why}</div>'
