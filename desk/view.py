"""Gradio: the place in the page where a submission's page is drawn by its own script."""

import gradio as gr

from desk.routes import PREFIX

_SCRIPT = f'import(new URL("{PREFIX}/submission.js", document.baseURI))'

STYLE = f'<link rel="stylesheet" href="{PREFIX}/submission.css">'
"""HTML for the page's head."""


def submission_page() -> None:
    """The page of the submission that the address names (`?submission=`); nothing where it names none."""
    gr.HTML(
        elem_id="kel-submission",
        html_template='<div class="kel-submission-host"></div>',
        js_on_load=f"{_SCRIPT}.then(s => s.mount(element))",
        apply_default_css=False,
    )
