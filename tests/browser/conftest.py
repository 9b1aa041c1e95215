"""A real browser, and the page as a real process over temporary stores."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.running import RunningApp, running_app

expect.set_options(timeout=20_000)

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # without these, Chromium itself asks other hosts
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")  # ended with these tests: an idle browser still takes processor time
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The page as a stranger starts it: the published board, an empty queue. Tests only read it."""
    with running_app(tmp_path_factory.mktemp("app")) as running:
        yield running


@pytest.fixture(scope="package")  # ended with these tests: an idle browser still takes processor time
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        message = "no chromium here; apt-get install chromium fonts-nanum"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@dataclass
class Visitor:
    """A browser window of its own; whatever goes wrong in it, or leaves it for another host, is noted."""

    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(url, **context options)` opens a page. The test fails if a script erred or another host was asked."""
    visitors: list[Visitor] = []

    def open_page(url: str, **options: object) -> Page:
        context = browser.new_context(**{"locale": "ko-KR", "viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        visitor = Visitor(context, context.new_page())
        visitors.append(visitor)
        visitor.page.set_default_timeout(20_000)
        visitor.page.on("pageerror", lambda error: visitor.errors.append(str(error)))
        own = url.split("/")[2]
        visitor.page.on(
            "request",
            lambda request: (
                visitor.foreign.append(request.url)
                if request.url.startswith("http") and request.url.split("/")[2] != own
                else None
            ),
        )
        visitor.page.goto(url)
        return visitor.page

    yield open_page
    for visitor in visitors:
        visitor.context.close()
        assert not visitor.errors, visitor.errors
        assert not visitor.foreign, visitor.foreign
