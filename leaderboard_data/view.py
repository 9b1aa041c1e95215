"""The board as a Gradio component. The tables are drawn in the browser, from one file (static/board.js)."""

import gradio as gr

from leaderboard_data.assets import DATA, PREFIX, Assets
from leaderboard_data.live import LiveBoard, State
from leaderboard_data.page_data import page_data
from store import Store

TABS = {"overall": "종합", "sts": "STS", "nli": "NLI", "clustering": "Clustering", "retrieval": "Retrieval"}

LABELS = {"emptyTable": "결과가 없습니다", "info": "_TOTAL_개 중 _START_–_END_"}


def live_board(store: Store, seconds: float) -> tuple[LiveBoard, Assets]:
    """The board of a results store, looked at anew every `seconds`, and the files that the page fetches."""
    assets = Assets()

    def renew(state: State) -> None:
        assets.put(DATA, page_data(state.entries, state.revision))

    return LiveBoard(store, seconds, (renew,)), assets


def board_tab(refresh_seconds: float) -> gr.HTML:
    """The tables: 종합, STS, NLI, Clustering, Retrieval; new results come in without a reload."""
    tabs = "".join(
        f'<button role="tab" type="button" id="tab-{view}" aria-controls="view-{view}">{label}</button>'
        for view, label in TABS.items()
    )
    panels = "".join(
        f'<div role="tabpanel" class="kel-panel" id="view-{view}" data-view="{view}"'
        f' aria-labelledby="tab-{view}" hidden></div>'
        for view in TABS
    )
    return gr.HTML(
        html_template=f'<div role="tablist" class="kel-tabs" aria-label="순위표">{tabs}</div>{panels}',
        js_on_load=f'import(new URL("{PREFIX}/board.js", document.baseURI)).then(board => board.mount(element, props))',
        apply_default_css=False,
        labels=LABELS,
        refresh_seconds=refresh_seconds,
    )
