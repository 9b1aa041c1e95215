"""Gradio: the form, the queue, the maintainers' desk. Every callback calls a function and shows its outcome.

Hiding a component protects nothing (endpoints can be called), so each handler of the desk checks who calls.
"""

import logging
from collections.abc import Callable
from typing import get_args

import gradio as gr

from evaluator.spec import ModelSpec, Precision
from store.errors import StoreError
from submissions.alarms import alarms_html
from submissions.checks import CheckFailed, check_model
from submissions.errors import QueueError
from submissions.limits import VISITOR
from submissions.listing import commit_day, message_html
from submissions.live import LiveQueue
from submissions.preview import explanation, explanation_html, with_parts
from submissions.record import ModelMetadata, Submission
from submissions.routes import SCRIPT
from submissions.session import REFUSED, SessionTokens
from submissions.stored import Queue
from submissions.texts import LIMIT, said
from submissions.turns import Turns

log = logging.getLogger(__name__)

MOST_CHOICES = 200
"""Submissions that the desk offers at a time: those that wait for longest."""

_SCRIPT = f'import(new URL("{SCRIPT}", document.baseURI))'
_RENEW = f"() => {{ {_SCRIPT}.then(q => q.renew()); }}"

HELP = """
### 모델 제출 · Submit a model
Hub에 공개된 임베딩 모델의 id를 적어 주세요. 관리자가 승인하면 평가 장비가 아홉 과제를 모두 평가하고,
결과는 이 페이지에 바로 나타납니다. 같은 모델의 같은 커밋은 두 번 평가하지 않습니다. '미리 보기'는 모델 카드와
설정에 따라 어떻게 평가할지(프롬프트, 정밀도, 풀링)를 제출하기 전에 보여 줍니다.

Give the id of a public embedding model on the Hub. Once a maintainer approves it, a worker evaluates all nine tasks and
the row appears here. The same commit is not evaluated twice. "Preview" shows how the model would be evaluated (prompts,
precision, pooling), as its card and its files say.
"""


def submit(
    live: LiveQueue,
    turns: Turns,
    model: str,
    revision: str,
    precision: str,
    note: str,
    who: str,
    *,
    maintainer: bool = False,
) -> str:
    """Check the model, queue it, and say in HTML what came of it. A `maintainer` has no limits."""
    try:
        note = said(note)
        with turns.of(who, maintainer=maintainer):
            live.refuse_opted_out(model.strip())
            if not maintainer:
                live.allow(who, model.strip())  # before the Hub is asked
            spec, metadata = _looked_up(model, revision, precision)
            spec = with_parts(spec)
            submission = live.queue.submit(spec, who=who, note=note, metadata=metadata, maintainer=maintainer)
            live.refresh()
    except (CheckFailed, QueueError) as error:
        return message_html(error.korean, error.english, error=True)
    except StoreError as error:
        log.warning("submission of %r not stored: %s", model, error)
        return message_html(
            "지금은 저장소에 쓸 수 없어 접수하지 못했습니다. 잠시 뒤에 다시 제출해 주세요.",
            "The store cannot be written now, so nothing was submitted; try again in a while.",
            error=True,
        )
    commit = (spec.revision or "")[:12]
    return message_html(
        f"접수했습니다: {spec.model}@{commit}. 관리자의 승인을 기다립니다. 접수 번호 {submission.id}",
        f"Submitted: {spec.model}@{commit}, pending approval. Submission {submission.id}",
    )


def preview(turns: Turns, model: str, revision: str, precision: str, who: str, *, maintainer: bool = False) -> str:
    """What an evaluation of this model would do, in HTML; nothing is written."""
    try:
        with turns.of(who, maintainer=maintainer):
            spec, _ = _looked_up(model, revision, precision)
            return explanation_html(explanation(spec))
    except (CheckFailed, QueueError) as error:
        return message_html(error.korean, error.english, error=True)


def _looked_up(model: str, revision: str, precision: str) -> tuple[ModelSpec, ModelMetadata]:
    """The spec that the form's fields ask for, of a model that is on the Hub, and what the Hub says of it.

    Raises:
        CheckFailed
    """
    if precision not in get_args(Precision):
        raise CheckFailed("정밀도를 목록에서 골라 주세요.", "Choose a precision from the list.")
    checked = check_model(model, revision)
    fields = {"model": checked.model, "revision": checked.revision, "precision": precision}
    return ModelSpec.model_validate(fields), checked.metadata


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


def submit_tab(
    blocks: gr.Blocks,
    live: LiveQueue,
    *,
    login: bool,
    maintainers: frozenset[str],
    tokens: SessionTokens,
    checks_at_once: int = 4,
) -> None:
    """The contents of the submit tab, inside the open `blocks`.

    Args:
        blocks: the page; its load event shows the desk to maintainers.
        live: the queue, where submissions go, and its listing.
        login: whether a visitor signs in with the Hub first.
        maintainers: Hub user names that see the desk and may decide.
        checks_at_once: models that are checked on the Hub at a time.
        tokens: of the sessions; what writes asks for the caller's.
    """
    turns = Turns(checks_at_once)
    gr.Markdown(HELP)
    if login:
        gr.LoginButton("Hugging Face로 로그인 · Sign in")
    model = gr.Textbox(label="모델 id · Model id", placeholder="nlpai-lab/KURE-v1", max_length=200, elem_id="kel-model")
    with gr.Accordion("선택 사항 · Options", open=False):
        revision = gr.Textbox(label="리비전 · Revision", placeholder="main", max_length=200)
        precision = gr.Dropdown(list(get_args(Precision)), value="auto", label="정밀도 · Precision")
        note = gr.Textbox(label="메모 · Note", lines=2, max_length=LIMIT)
    with gr.Row():
        look = gr.Button("미리 보기 · Preview", elem_id="kel-look")
        button = gr.Button("제출 · Submit", variant="primary", elem_id="kel-submit")
    allowance = gr.HTML(elem_id="kel-allowance")
    message = gr.HTML(elem_id="kel-submit-message")
    gr.HTML(
        elem_id="kel-queue",
        html_template='<div class="kel-queue-host" aria-busy="true">불러오는 중… Loading…</div>',
        js_on_load=f"{_SCRIPT}.then(q => q.mount(element))",
        apply_default_css=False,
    )
    token = gr.Textbox(visible="hidden", elem_id="kel-token")

    def told(profile: gr.OAuthProfile | None) -> str:
        if login and profile is None:
            return message_html("로그인하면 제출할 수 있습니다.", "Sign in to submit.")
        who = profile.username if profile else VISITOR
        return live.told(who, maintainer=login and who in maintainers)

    def turned_away(token: str | None, profile: gr.OAuthProfile | None, request: gr.Request) -> str:
        """Why this caller may ask for nothing here, in HTML; empty for one who may."""
        if not tokens.fits(token, request):
            return message_html(*REFUSED, error=True)
        if login and profile is None:
            return message_html("먼저 로그인해 주세요.", "Sign in first.", error=True)
        return ""

    def on_submit(
        model: str | None,
        revision: str | None,
        precision: str | None,
        note: str | None,
        token: str | None,
        profile: gr.OAuthProfile | None,
        request: gr.Request,
    ) -> tuple[str, str]:
        if refused := turned_away(token, profile, request):
            return refused, told(profile)
        who = profile.username if profile else VISITOR
        # A field that was never shown comes as None.
        outcome = submit(
            live,
            turns,
            model or "",
            revision or "",
            precision or "auto",
            note or "",
            who,
            maintainer=login and who in maintainers,
        )
        return outcome, told(profile)

    def on_look(
        model: str | None,
        revision: str | None,
        precision: str | None,
        token: str | None,
        profile: gr.OAuthProfile | None,
        request: gr.Request,
    ) -> str:
        if refused := turned_away(token, profile, request):
            return refused
        who = profile.username if profile else VISITOR
        maintainer = login and who in maintainers
        return preview(turns, model or "", revision or "", precision or "auto", who, maintainer=maintainer)

    _asked_for(token, look, tokens).success(
        on_look,
        [model, revision, precision, token],
        message,
        api_visibility="private",
        concurrency_limit=2 * checks_at_once,
    )
    _asked_for(token, button, tokens).success(
        on_submit,
        [model, revision, precision, note, token],
        [message, allowance],
        api_visibility="private",
        concurrency_limit=2 * checks_at_once,  # so that one too many is told so, and does not wait
    ).then(None, js=_RENEW)
    # Not as the component's value: the load event of a callable value is a public endpoint.
    blocks.load(told, None, allowance, api_visibility="private", show_progress="hidden")
    if login:
        _desk(blocks, live, maintainers, token, tokens)


def _asked_for(token: gr.Textbox, button: gr.Button, tokens: SessionTokens) -> gr.events.Dependency:
    """At a click the page asks for its session's token, puts it into `token`, and sends it with what follows."""

    def issue(request: gr.Request) -> str:
        return tokens.issue(request)

    return button.click(issue, None, token, api_visibility="private", show_progress="hidden")


def choice_of(submission: Submission) -> str:
    """How the desk names a submission: model, commit with its day, who submitted it, precision, id."""
    spec = submission.spec
    day = commit_day(submission.metadata.committed_at)
    commit = f"@{(spec.revision or '')[:12]}" + (f" ({day})" if day else "")
    return f"{spec.model} {commit} · {submission.submitted_by[:100]} · {spec.precision} · {submission.id}"


def _desk(
    blocks: gr.Blocks, live: LiveQueue, maintainers: frozenset[str], token: gr.Textbox, tokens: SessionTokens
) -> None:
    """Approve and reject, for maintainers."""
    with gr.Accordion("관리자 · Maintainers", open=False, visible=False) as desk:
        alarms = gr.HTML(elem_id="kel-alarms")
        pending = gr.Dropdown([], label="승인 대기 · Pending")
        why = gr.Textbox(label="반려 이유 · Reason for rejection", max_length=LIMIT)
        with gr.Row():
            approve = gr.Button("승인 · Approve", variant="primary")
            reject = gr.Button("반려 · Reject", variant="stop")
        message = gr.HTML()

    def choices() -> gr.Dropdown:
        return gr.Dropdown(choices=[(choice_of(s), s.id) for s in live.pending()[:MOST_CHOICES]], value=None)

    def shown(profile: gr.OAuthProfile | None) -> tuple[gr.Accordion, str, gr.Dropdown]:
        if profile is None or profile.username not in maintainers:
            return gr.Accordion(visible=False), "", gr.Dropdown(choices=[])
        return gr.Accordion(visible=True), alarms_html(live.alarms), choices()

    def handler(verb: str) -> Callable[..., tuple[str, gr.Dropdown]]:
        def handle(
            submission_id: str | None,
            why: str | None,
            token: str | None,
            profile: gr.OAuthProfile | None,
            request: gr.Request,
        ) -> tuple[str, gr.Dropdown]:
            if not tokens.fits(token, request):
                raise gr.Error(" · ".join(REFUSED))
            if profile is None or profile.username not in maintainers:
                raise gr.Error("관리자만 할 수 있습니다. · Only maintainers may do this.")
            outcome = decide(live.queue, verb, submission_id, why or "", profile.username)
            live.refresh()
            return outcome, choices()

        return handle

    blocks.load(shown, None, [desk, alarms, pending], api_visibility="private")
    for button, verb in ((approve, "approve"), (reject, "reject")):
        _asked_for(token, button, tokens).success(
            handler(verb), [pending, why, token], [message, pending], api_visibility="private"
        ).then(None, js=_RENEW)
