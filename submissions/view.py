"""Gradio: the form, the queue, the maintainers' desk. Every callback calls a function and shows its outcome.

Hiding a component protects nothing (endpoints can be called), so each handler of the desk checks who calls.
"""

import logging
from collections.abc import Callable
from typing import get_args

import gradio as gr

from evaluator.spec import ModelSpec, Precision
from store.errors import StoreError
from submissions.checks import CheckFailed, check_model
from submissions.errors import QueueError
from submissions.listing import message_html
from submissions.live import LiveQueue
from submissions.stored import Queue

log = logging.getLogger(__name__)

SHOW_SECONDS = 5
NOTE_LIMIT = 1000

HELP = """
### 모델 제출 · Submit a model
Hub에 공개된 임베딩 모델의 id를 적어 주세요. 관리자가 승인하면 평가 장비가 아홉 과제를 모두 평가하고,
결과는 이 페이지에 바로 나타납니다. 같은 모델의 같은 커밋은 두 번 평가하지 않습니다.

Give the id of a public embedding model on the Hub. Once a maintainer approves it, a worker evaluates all nine tasks and
the row appears here. The same commit is not evaluated twice.
"""


def submit(queue: Queue, model: str, revision: str, precision: str, note: str, who: str) -> str:
    """Check the model, queue it, and say in HTML what came of it."""
    if len(note) > NOTE_LIMIT:
        return message_html(
            f"메모는 {NOTE_LIMIT}자까지입니다.", f"A note has at most {NOTE_LIMIT} characters.", error=True
        )
    if precision not in get_args(Precision):
        return message_html("정밀도를 목록에서 골라 주세요.", "Choose a precision from the list.", error=True)
    try:
        checked = check_model(model, revision)
        spec = ModelSpec.model_validate({"model": checked.model, "revision": checked.revision, "precision": precision})
        submission = queue.submit(spec, who=who, note=note.strip(), metadata=checked.metadata)
    except (CheckFailed, QueueError) as error:
        return message_html(error.korean, error.english, error=True)
    except StoreError as error:
        log.warning("submission of %r not stored: %s", model, error)
        return message_html(
            "지금은 저장소에 쓸 수 없어 접수하지 못했습니다. 잠시 뒤에 다시 제출해 주세요.",
            "The store cannot be written now, so nothing was submitted; try again in a while.",
            error=True,
        )
    return message_html(
        f"접수했습니다: {spec.model}@{checked.revision[:12]}. 관리자의 승인을 기다립니다. 접수 번호 {submission.id}",
        f"Submitted: {spec.model}@{checked.revision[:12]}, pending approval. Submission {submission.id}",
    )


def decide(queue: Queue, verb: str, submission_id: str | None, why: str, who: str) -> str:
    """A maintainer's decision on one submission, and what came of it in HTML."""
    if not submission_id:
        return message_html("제출을 하나 골라 주세요.", "Choose a submission.", error=True)
    try:
        if verb == "approve":
            queue.approve(submission_id, who=who)
        else:
            queue.reject(submission_id, who=who, why=why.strip())
    except QueueError as error:
        return message_html(error.korean, error.english, error=True)
    except StoreError as error:
        return message_html("지금은 저장소에 쓸 수 없어 바꾸지 않았습니다.", str(error), error=True)
    return message_html(f"{submission_id}: 처리했습니다.", f"{submission_id}: done ({verb}).")


def submit_tab(blocks: gr.Blocks, live: LiveQueue, *, login: bool, maintainers: frozenset[str]) -> None:
    """The contents of the submit tab, inside the open `blocks`.

    Args:
        blocks: the page; its load event shows the desk to maintainers.
        live: the queue, where submissions go, and its listing.
        login: whether a visitor signs in with the Hub first.
        maintainers: Hub user names that see the desk and may decide.
    """
    gr.Markdown(HELP)
    if login:
        gr.LoginButton("Hugging Face로 로그인 · Sign in")
    model = gr.Textbox(label="모델 id · Model id", placeholder="nlpai-lab/KURE-v1", max_length=200, elem_id="kel-model")
    with gr.Accordion("선택 사항 · Options", open=False):
        revision = gr.Textbox(label="리비전 · Revision", placeholder="main", max_length=200)
        precision = gr.Dropdown(list(get_args(Precision)), value="auto", label="정밀도 · Precision")
        note = gr.Textbox(label="메모 · Note", lines=2, max_length=NOTE_LIMIT)
    button = gr.Button("제출 · Submit", variant="primary", elem_id="kel-submit")
    message = gr.HTML(elem_id="kel-submit-message")
    page = gr.HTML(elem_id="kel-queue")
    refresh = gr.Timer(SHOW_SECONDS)

    def on_submit(
        model: str | None,
        revision: str | None,
        precision: str | None,
        note: str | None,
        profile: gr.OAuthProfile | None,
    ) -> tuple[str, str]:
        # A field that was never shown comes as None.
        if login and profile is None:
            return message_html("먼저 로그인해 주세요.", "Sign in first.", error=True), live.html()
        who = profile.username if profile else "visitor"
        outcome = submit(live.queue, model or "", revision or "", precision or "auto", note or "", who)
        live.refresh()
        return outcome, live.html()

    button.click(
        on_submit,
        [model, revision, precision, note],
        [message, page],
        api_visibility="private",
        concurrency_limit=4,
    )
    # Not as the component's value: the load event of a callable value is a public endpoint.
    blocks.load(live.html, None, page, api_visibility="private", show_progress="hidden")
    refresh.tick(live.html, None, page, api_visibility="private", show_progress="hidden")
    if login:
        _desk(blocks, live, maintainers, page)


def _desk(blocks: gr.Blocks, live: LiveQueue, maintainers: frozenset[str], page: gr.HTML) -> None:
    """Approve and reject, for maintainers."""
    with gr.Accordion("관리자 · Maintainers", open=False, visible=False) as desk:
        pending = gr.Dropdown([], label="승인 대기 · Pending")
        why = gr.Textbox(label="반려 이유 · Reason for rejection", max_length=NOTE_LIMIT)
        with gr.Row():
            approve = gr.Button("승인 · Approve", variant="primary")
            reject = gr.Button("반려 · Reject", variant="stop")
        message = gr.HTML()

    def choices() -> gr.Dropdown:
        return gr.Dropdown(choices=[(f"{s.spec.model} ({s.id})", s.id) for s in live.pending()], value=None)

    def shown(profile: gr.OAuthProfile | None) -> tuple[gr.Accordion, gr.Dropdown]:
        allowed = profile is not None and profile.username in maintainers
        return gr.Accordion(visible=allowed), choices() if allowed else gr.Dropdown(choices=[])

    def handler(verb: str) -> Callable[..., tuple[str, gr.Dropdown, str]]:
        def handle(
            submission_id: str | None, why: str | None, profile: gr.OAuthProfile | None
        ) -> tuple[str, gr.Dropdown, str]:
            if profile is None or profile.username not in maintainers:
                raise gr.Error("관리자만 할 수 있습니다. · Only maintainers may do this.")
            outcome = decide(live.queue, verb, submission_id, why or "", profile.username)
            live.refresh()
            return outcome, choices(), live.html()

        return handle

    blocks.load(shown, None, [desk, pending], api_visibility="private")
    for button, verb in ((approve, "approve"), (reject, "reject")):
        button.click(handler(verb), [pending, why], [message, pending, page], api_visibility="private")
