"""The web page: settings -> stores -> page -> launch. Nothing but composition."""

import functools
import logging
import sys
from typing import Any

import fastapi
import gradio as gr
from starlette.middleware import Middleware

from desk.callers import Callers
from desk.routes import PREFIX as DESK
from desk.routes import Desk
from gate.gate import Gate, Limits
from gate.memory import bound
from gate.origins import LOOPBACK, Origins
from gate.routes import Routes
from gate.serving import serve
from leaderboard_data.page.shell import TITLE, Place
from leaderboard_data.page.view import BoardPage
from leaderboard_data.publish import seed
from settings import Settings, Space
from store import Store, open_store
from store.errors import StoreError
from submissions.feed import LINK
from submissions.limits import limits_of
from submissions.live import Listener, LiveQueue
from submissions.plain_session import PlainSession
from submissions.routes import SCRIPT, routes
from submissions.stored import Queue
from submissions.webhook import Webhook

PLACES = (
    Place("kel-form", f"{DESK}/form.js", waiting=True),
    Place("kel-desk", f"{DESK}/maintain.js"),
    Place("kel-submission", f"{DESK}/submission.js"),
    Place("kel-queue", SCRIPT, waiting=True),
)
"""The submit part of the page: the form, the maintainers' desk, the submission that the address names, the queue."""

STYLES = tuple(f"{DESK}/{name}.css" for name in ("submission", "form", "queue"))

FRAMES = ((b"content-security-policy", b"frame-ancestors 'self' https://huggingface.co"),)
"""Where visitors sign in, no other site may show the page in a frame of its own and have them click in it."""

NO_LOGIN = (
    "KEL_LOGIN=true는 로그인을 켠 Hugging Face Space에서만 됩니다. 없는 변수: {0}."
    " KEL_LOGIN=false로 시작하거나 Space에 배포하세요."
    " · KEL_LOGIN=true works only on a Hugging Face Space with sign-in; missing: {0}. Start with KEL_LOGIN=false,"
    " or deploy to a Space (docs/deploying.md)."
)

NO_LOCAL_STORES = (
    "Space의 디스크는 다시 시작할 때마다 비워지므로 저장소는 Hub의 데이터셋 저장소여야 합니다: {0}을(를)"
    " hf:datasets/ORG/NAME으로 설정하세요(python -m deploy가 합니다)."
    " · A Space loses its disk at every start, so its stores are data set repositories on the Hub: set {0} to"
    " hf:datasets/ORG/NAME (python -m deploy does)."
)

log = logging.getLogger(__name__)


def page(settings: Settings, space: Space) -> tuple[gr.Blocks, list[str], dict[str, Any]]:
    """The page, its public endpoints, and what it has to be mounted with.

    Begins to look for new results, and waits for none.
    """
    results = open_store(settings.results_url, settings.read_token or settings.results_token)
    writable = open_store(settings.results_url, settings.results_token) if settings.results_token else results
    board = BoardPage(results, settings.refresh_seconds, settings.patience_seconds)
    board.start(functools.partial(seed_if_allowed, writable))
    listeners: list[Listener] = [lambda _, policy: board.hide(policy)]
    webhook = Webhook(settings.webhook_url) if settings.webhook_url is not None else None
    if webhook is not None:
        listeners.append(lambda listing, _: webhook.tell(listing))
    queue = LiveQueue(
        Queue(open_store(settings.requests_url, settings.requests_token), results, limits=limits_of(settings)),
        settings.refresh_seconds,
        listeners,
    )
    board.ring(queue.ring)
    if webhook is not None:
        # Only what was read: before, nothing rings, and the alarms that stand would be new at every start.
        board.ring(lambda alarms: webhook.ring(alarms) if board.live.state.snapshot is not None else None)
    queue.start()
    secret = space.oauth_client_secret.get_secret_value() if settings.login else None
    callers = Callers(
        login=settings.login,
        maintainers=settings.maintainer_names,
        organisation=settings.maintainer_organisation,
        secret=secret,
    )
    desk = Desk(queue, callers, settings.checks_at_once)
    with gr.Blocks(title=TITLE.ko, analytics_enabled=False) as blocks:  # the API and the sign-in; it draws nothing
        if settings.login:
            gr.LoginButton()
        public = board.endpoints()
    for function in blocks.fns.values():  # Gradio's own components bring public endpoints with them
        if function.api_name not in public:
            function.api_visibility = "private"
    return (
        blocks,
        public,
        {
            "mcp_server": True,
            "ssr_mode": False,
            "show_error": False,
            "run_history": False,
            "app_kwargs": {
                # Before Gradio's own routes, so that "/" is ours.
                "routes": [
                    board.front(PLACES, STYLES, LINK, login=settings.login),
                    *board.routes,
                    *routes(queue),
                    *desk.routes,
                ],
                "middleware": [Middleware(PlainSession)],
            },
        },
    )


def application(settings: Settings, space: Space) -> Gate:
    """The whole web application: the page behind the gate."""
    blocks, public, mounting = page(settings, space)
    bound(blocks, sessions=settings.sessions, events=settings.pending_events)
    # Mounted, not launched: Gradio puts its middleware, which answers every origin, around what `launch` is given.
    mounted = gr.mount_gradio_app(fastapi.FastAPI(openapi_url=None), blocks, path="", **mounting)
    blocks.is_running = True  # as `launch` does: the event streams send a sign of life
    # Else the first visitor's Host header would say where the MCP tools are called.
    assert blocks.mcp_server_obj is not None, blocks.mcp_error
    blocks.mcp_server_obj._local_url = f"http://{_reached_at(settings.host)}:{settings.port}/"
    proxies = settings.proxies if settings.proxies >= 0 else int(space.here)
    return Gate(
        mounted,
        Routes(public, login=settings.login),
        Origins(space.hosts, proxies=proxies, local=_reached_at(settings.host) == settings.host),
        Limits(streams=settings.streams, streams_per_address=settings.streams_per_address),
        FRAMES if settings.login else (),
    )


def _reached_at(host: str) -> str:
    """The loopback address at which this process reaches itself, where it listens on `host`."""
    return host if host in LOOPBACK else "127.0.0.1" if host in ("0.0.0.0", "::", "[::]", "") else host


def seed_if_allowed(results: Store) -> None:
    """Fill an empty results store with the published board, where this page may write it."""
    try:
        seed(results)
    except StoreError as error:
        log.info("%s is not filled from here: %s", results.url, error)


def refuse_pretended_login(settings: Settings, space: Space) -> None:
    """End with a sentence and status 2 where visitors should sign in and Gradio would only pretend that they do."""
    if settings.login and space.lacks_for_login:
        print(NO_LOGIN.format(", ".join(space.lacks_for_login)), file=sys.stderr)
        raise SystemExit(2)


def refuse_stores_that_a_space_loses(settings: Settings, space: Space) -> None:
    """End with a sentence and status 2 on a Space whose stores would be gone at its next start."""
    if space.space_id and settings.lost_on_a_space:
        print(NO_LOCAL_STORES.format(", ".join(settings.lost_on_a_space)), file=sys.stderr)
        raise SystemExit(2)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for client in ("httpx", "httpx2"):  # one line for every look at the Hub otherwise
        logging.getLogger(client).setLevel(logging.WARNING)
    space = Space()
    settings = Settings().on(space)
    refuse_pretended_login(settings, space)
    refuse_stores_that_a_space_loses(settings, space)
    try:
        gated = application(settings, space)
    except (StoreError, ValueError) as error:
        sys.exit(f"error: {error}")
    log.info("the page is at http://%s:%d/", settings.host, settings.port)
    serve(gated, settings.host, settings.port)


if __name__ == "__main__":
    main()
