"""Gradio: the submit tab. The sign-in is Gradio's; all else is drawn by scripts, in the places that are made here."""

import gradio as gr

from desk.routes import PREFIX
from submissions.routes import SCRIPT

STYLE = "".join(f'<link rel="stylesheet" href="{PREFIX}/{name}.css">' for name in ("submission", "form", "queue"))
"""HTML for the page's head."""


def submit_tab(*, login: bool) -> None:
    """The form, the maintainers' desk, the page of the submission that the address names, and the queue.

    `login`: whether visitors sign in with the Hub before they submit.
    """
    if login:
        gr.LoginButton("Hugging Face로 로그인 · Sign in", "로그아웃 · Sign out ({})", icon=None, elem_id="kel-login")
    _place("kel-form", f"{PREFIX}/form.js", waiting=True)
    _place("kel-desk", f"{PREFIX}/maintain.js")
    _place("kel-submission", f"{PREFIX}/submission.js")
    _place("kel-queue", SCRIPT, waiting=True)


def _place(name: str, script: str, *, waiting: bool = False) -> None:
    """Where `script` draws. `waiting`: something is always drawn there, so that it says so until then."""
    busy, text = (' aria-busy="true"', "불러오는 중… Loading…") if waiting else ("", "")
    gr.HTML(
        elem_id=name,
        html_template=f'<div class="{name}-host"{busy}>{text}</div>',
        js_on_load=f'import(new URL("{script}", document.baseURI)).then(made => made.mount(element))',
        apply_default_css=False,
    )
