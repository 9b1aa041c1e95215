"""The addresses that the page fetches of the queue, a page at a time, with the script that shows it; and the feed.

In Korean, or in the language that the address asks for (`lang`). With an ETag: who has the queue as it is now is told
so in a few bytes.
"""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gate.address import page_address
from submissions.feed import MEDIA_TYPE, wanted
from submissions.listing import FEED
from submissions.live import LiveQueue, rendered
from submissions.sought import sought
from submissions.words import language_of

PREFIX = "submissions"
QUEUE = f"{PREFIX}/queue.html"
SCRIPT = f"{PREFIX}/queue.js"
_MOST_DIGITS = 5


def routes(live: LiveQueue) -> list[Route]:
    """The routes for the web application. Read only."""
    script = rendered((Path(__file__).parent / "queue.js").read_text("utf-8"))

    async def queue(request: Request) -> Response:
        number = request.query_params.get("page", "1")
        known = number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS
        try:
            asked, language = sought(request.query_params), language_of(request.query_params)
        except ValueError as error:
            return Response(str(error), status_code=400, media_type="text/plain")
        page = await run_in_threadpool(live.page, int(number), asked, language) if known else None
        if page is None:
            return Response("there is no such page of the queue", status_code=404)
        return page.answer(request, "text/html")

    async def queue_script(request: Request) -> Response:
        return script.answer(request, "text/javascript")

    async def feed(request: Request) -> Response:
        try:
            asked = wanted(request.query_params)
        except ValueError as error:
            return Response(str(error), status_code=400, media_type="text/plain")
        made = await run_in_threadpool(live.feed, asked, page_address(request))
        if made is None:
            return Response("the queue cannot be read now", status_code=503, headers={"Retry-After": "60"})
        return made.answer(request, MEDIA_TYPE)

    return [Route(f"/{QUEUE}", queue), Route(f"/{SCRIPT}", queue_script), Route(f"/{FEED}", feed)]
