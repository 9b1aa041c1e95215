"""The page as a Space: stores on the Hub, visitors who sign in, a maintainer at the desk."""

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from submissions.record import Status
from submissions.stored import Queue
from tests.browser.running import RunningApp, running_app
from tests.hub.repositories import Repositories

PAGE_TOKEN = "hf_space_page"


@pytest.fixture(scope="module")
def space(hub: Repositories, minilm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The page with Hub stores; its token may write the requests, not the results."""
    hub.add_user(PAGE_TOKEN, "space-page")
    hub.add_user("hf_space_visitor", "space-visitor")
    hub.add_user("hf_space_maintainer", "space-maintainer")
    hub.create("datasets", "space/requests", writers={"space-page"})
    hub.create("datasets", "space/results", writers={"space-worker"})
    hub.add_folder("models", "space/minilm", minilm_folder)
    folder = tmp_path_factory.mktemp("space")
    login = {
        "SYSTEM": "spaces",
        "SPACE_ID": "space/page",
        "OAUTH_CLIENT_ID": "page",
        "OAUTH_CLIENT_SECRET": "page-secret",
        "OAUTH_SCOPES": "openid profile",
        "OPENID_PROVIDER_URL": os.environ["HF_ENDPOINT"],
        "HF_HOME": str(folder / "hf-home"),
    }
    with running_app(
        folder,
        login,
        requests_url="hf:datasets/space/requests",
        results_url="hf:datasets/space/results",
        requests_token=PAGE_TOKEN,
        login=True,
        maintainers="space-maintainer, somebody-else",
    ) as running:
        yield running


@pytest.fixture
def sign_in(browser: Browser, space: RunningApp) -> Iterator[Callable[[str | None], Page]]:
    """`sign_in(user)` opens the page as this user (None: nobody), at the submit tab."""
    with ExitStack() as contexts:

        def open_page(user: str | None) -> Page:
            context = browser.new_context(locale="ko-KR", viewport={"width": 1280, "height": 900})
            contexts.callback(context.close)
            page = context.new_page()
            page.goto(space.url)
            page.get_by_role("tab", name="제출").click()
            if user is not None:
                page.get_by_role("button", name="로그인").click()
                page.get_by_role("link", name=user, exact=True).click()
                page.wait_for_url(f"{space.url}**")
                page.get_by_role("tab", name="제출").click()
                expect(page.get_by_role("button", name=user)).to_be_visible()
            return page

        yield open_page


def submit(page: Page) -> None:
    page.get_by_label("모델 id").fill("space/minilm")
    page.get_by_role("button", name="제출 · Submit").click()


@pytest.mark.browser
def test_a_visitor_signs_in_and_submits_and_a_maintainer_approves_at_the_desk(
    space: RunningApp, sign_in: Callable[[str | None], Page]
) -> None:
    nobody = sign_in(None)
    submit(nobody)
    expect(nobody.locator("#kel-submit-message")).to_contain_text("먼저 로그인해 주세요")

    visitor = sign_in("space-visitor")
    submit(visitor)
    row = visitor.locator("#kel-queue tr", has_text="space/minilm")
    expect(row).to_have_attribute("data-status", "PENDING")
    expect(row).to_contain_text("space-visitor")
    expect(visitor.get_by_text("관리자 · Maintainers")).to_have_count(0)

    maintainer = sign_in("space-maintainer")
    maintainer.get_by_text("관리자 · Maintainers").click()
    maintainer.get_by_label("승인 대기 · Pending").click()
    maintainer.get_by_role("option", name="space/minilm").click()
    maintainer.get_by_role("button", name="승인 · Approve").click()
    expect(maintainer.locator("#kel-queue tr", has_text="space/minilm")).to_have_attribute("data-status", "QUEUED")

    (submission,) = Queue(space.requests, space.results).listing().submissions
    assert submission.status is Status.QUEUED
    assert submission.history[-1].who == "space-maintainer"
    expect(row).to_have_attribute("data-status", "QUEUED")


@pytest.mark.browser
def test_the_published_board_is_shown_while_the_results_store_is_empty(sign_in: Callable[[str | None], Page]) -> None:
    page = sign_in(None)
    page.get_by_role("tab", name="리더보드").click()
    expect(page.locator("#view-overall tbody tr").first).to_contain_text("nlpai-lab/KURE-v1")


@pytest.mark.browser
def test_nothing_that_changes_the_queue_is_a_public_endpoint(space: RunningApp) -> None:
    with urllib.request.urlopen(f"{space.url}gradio_api/info", timeout=30) as answer:
        endpoints = json.load(answer)["named_endpoints"]
    assert not [name for name in endpoints if any(word in name for word in ("submit", "handle", "approve", "reject"))]
