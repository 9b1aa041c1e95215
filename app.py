"""The web page: settings -> stores -> tabs -> launch. Nothing but composition."""

import logging
from typing import Any

import gradio as gr

from leaderboard_data.publish import seed
from leaderboard_data.view import BoardPage
from settings import Settings
from store import Store, open_store
from store.errors import StoreError
from submissions.listing import CSS as QUEUE_CSS
from submissions.live import LiveQueue
from submissions.stored import Queue
from submissions.view import submit_tab

TITLE = "한국어 임베딩 리더보드"
INTRODUCTION = (
    "한국어 임베딩 모델을 STS·NLI·군집화·검색 아홉 과제로 비교합니다.",
    "Embedding models compared on nine Korean tasks: STS, NLI, clustering, retrieval.",
)
TABS = ("리더보드 · Leaderboard", "제출 · Submit")

# The visitor's own fonts: Gradio's bundled ones have no Hangul, and its semibold lacks most letters.
FONTS = ["Pretendard", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic", "system-ui", "sans-serif"]
MONOSPACE = ["ui-monospace", "SFMono-Regular", "Consolas", "DejaVu Sans Mono", "monospace"]

log = logging.getLogger(__name__)


def page(settings: Settings) -> tuple[gr.Blocks, dict[str, Any]]:
    """The page, and what it has to be launched with. Begins to look for new results."""
    results = open_store(settings.results_url, settings.results_token)
    seed_if_allowed(results)
    board = BoardPage(results, settings.refresh_seconds)
    board.start()
    queue = LiveQueue(
        Queue(open_store(settings.requests_url, settings.requests_token), results), settings.refresh_seconds
    )
    queue.start()
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as blocks:
        gr.Markdown("\n".join([f"# {TITLE}", *INTRODUCTION]))
        with gr.Tabs():
            with gr.Tab(TABS[0]) as first:
                board.tab()
            with gr.Tab(TABS[1]) as second:
                submit_tab(blocks, queue, login=settings.login, maintainers=settings.maintainer_names)
        board.follow(first, second)
        board.endpoints()
    return blocks, {
        "css": QUEUE_CSS,
        "theme": gr.themes.Default(font=FONTS, font_mono=MONOSPACE),
        "mcp_server": True,
        "ssr_mode": False,
        "app_kwargs": {"routes": board.routes, "middleware": [board.first_paint(TITLE, INTRODUCTION, TABS)]},
    }


def seed_if_allowed(results: Store) -> None:
    """Fill an empty results store with the published board, where this page may write it."""
    try:
        seed(results)
    except StoreError as error:
        log.info("%s is not filled from here: %s", results.url, error)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for client in ("httpx", "httpx2"):  # one line for every look at the Hub otherwise
        logging.getLogger(client).setLevel(logging.WARNING)
    settings = Settings()
    blocks, launch = page(settings)
    blocks.launch(server_name=settings.host, server_port=settings.port, **launch)


if __name__ == "__main__":
    main()
