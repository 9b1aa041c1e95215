"""Gradio: the places in the page where the desk's own scripts draw."""

import gradio as gr

from desk.routes import PREFIX

STYLE = f'<link rel="stylesheet" href="{PREFIX}/submission.css">'
"""HTML for the page's head."""


def desk_places() -> None:
    """The maintainers' desk, and the page of the submission that the address names; empty for everybody else."""
    _place("kel-desk", "maintain.js")
    _place("kel-submission", "submission.js")


def _place(name: str, script: str) -> None:
    gr.HTML(
        elem_id=name,
        html_template=f'<div class="{name}-host"></div>',
        js_on_load=f'import(new URL("{PREFIX}/{script}", document.baseURI)).then(made => made.mount(element))',
        apply_default_css=False,
    )
