"""A submission's page and the search of the queue, as anybody sees them: every state, two languages, a phone, axe."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from evaluator import records
from submissions.record import Event, Failure, Lease, ModelMetadata, Status, dump_submission
from tests.browser.running import RunningApp, running_app
from tests.browser.test_accessibility import breaks_nothing
from tests.submissions.test_listing import HOSTILE, submission

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
MANY = 150


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A queue with a submission in every state, what visitors typed hostile, and many that wait."""
    with running_app(tmp_path_factory.mktemp("busy")) as app:
        made = []
        now = records.now()
        for number, status in enumerate(Status):
            events = (
                Event(at=now - timedelta(hours=2), who=HOSTILE, to_status="PENDING"),
                Event(at=now - timedelta(hours=1), who="worker", from_status="QUEUED", to_status="RUNNING"),
                Event(at=now, who=HOSTILE, from_status="RUNNING", to_status=status, why=HOSTILE),
            )
            lease = Lease(worker=HOSTILE, nonce="n", until=now, progress={"task": "KLUE-STS", "tokens": 1200})
            made.append(
                submission(
                    number,
                    status,
                    note=HOSTILE,
                    history=events,
                    metadata=ModelMetadata(parameters=560_000_000, license="mit"),
                    failure=Failure(failure="load_failed", message=HOSTILE) if status is Status.FAILED else None,
                    lease=lease if status is Status.RUNNING else None,
                )
            )
        made += [submission(100 + number, Status.PENDING, submitted_by="flood") for number in range(MANY)]
        requests = app.requests
        files = {each.path: dump_submission(each) for each in made}
        files["logs/" + made[5].id + ".txt"] = f"loading\n{HOSTILE}\n".encode()
        requests.commit(files, "Some", requests.head())
        yield app


def id_of(number: int) -> str:
    return submission(number).id


@pytest.mark.parametrize("number", range(len(Status)))
def test_every_state_has_a_page(number: int, busy: RunningApp, visit: Visit) -> None:
    page = visit(f"{busy.url}?submission={id_of(number)}")
    about = page.get_by_role("article")
    expect(about).to_have_attribute("data-status", list(Status)[number])
    expect(about).to_contain_text(f"org/model-{number}")
    expect(about).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert about.locator("img").count() == 0


def test_it_is_told_where_it_stands_and_why_it_failed(busy: RunningApp, visit: Visit) -> None:
    queued = visit(f"{busy.url}?submission={id_of(list(Status).index(Status.QUEUED))}").get_by_role("article")
    expect(queued).to_contain_text("1개 중 1번째")
    expect(queued).to_contain_text("끝난 평가 1개의 속도로 어림했습니다")
    running = visit(f"{busy.url}?submission={id_of(list(Status).index(Status.RUNNING))}").get_by_role("article")
    expect(running).to_contain_text("KLUE-STS")
    page = visit(f"{busy.url}?submission={id_of(list(Status).index(Status.FAILED))}&lang=en")
    failed = page.get_by_role("article")
    expect(failed).to_contain_text("load_failed")
    expect(failed).to_contain_text("Submitted by")
    failed.get_by_role("button", name="Show the log").click()
    expect(failed.locator("pre")).to_contain_text("loading")
    breaks_nothing(page, "#kel-submission")


def test_the_queue_is_searched_and_leads_to_a_page_and_back(busy: RunningApp, visit: Visit) -> None:
    page = visit(f"{busy.url}?tab=submit")
    rows = page.locator("#kel-queue tbody tr")
    expect(rows).to_have_count(100)
    page.get_by_label("대기열에서 찾기").fill("model-3")
    expect(rows).to_have_count(1)
    page.get_by_label("상태").select_option("PENDING")
    expect(rows).to_have_count(0)
    page.get_by_label("대기열에서 찾기").fill("flood")
    expect(rows.first).to_contain_text("flood")
    breaks_nothing(page, "#kel-queue")
    page.get_by_label("대기열에서 찾기").fill("model-100")
    expect(rows).to_have_count(1)
    rows.first.locator("a").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("org/model-100")
    assert f"submission={id_of(100)}" in page.url
    expect(page.get_by_role("heading", name="org/model-100")).to_be_focused()
    page.get_by_role("button", name="닫기").click()
    expect(page.get_by_role("article")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("article")).to_contain_text("org/model-100")


def test_it_fits_a_phone(busy: RunningApp, visit: Visit) -> None:
    page = visit(f"{busy.url}?submission={id_of(5)}", viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.get_by_role("article")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_unknown_submission_is_told_so(busy: RunningApp, visit: Visit) -> None:
    page = visit(f"{busy.url}?submission=20200101T000000Z-ffffff")
    expect(page.locator("#kel-submission").get_by_role("alert")).to_contain_text("없습니다")


HANGUL = """root => {
    const hangul = /[가-힣]/, found = [];
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (hangul.test(walk.currentNode.data)) found.push(walk.currentNode.data);
    for (const node of root.querySelectorAll("*"))
        for (const {name, value} of node.attributes)
            if (!name.startsWith("data-") && hangul.test(value)) found.push(`${name}: ${value}`);
    return found;
}"""
"""Every text below an element that has a Korean letter, seen or folded away, and every such attribute."""


def test_the_submit_part_speaks_one_language_and_follows_the_switch(busy: RunningApp, visit: Visit) -> None:
    """What visitors typed is ASCII here, so that a Korean letter is the page's own."""
    failed = list(Status).index(Status.FAILED)
    page = visit(f"{busy.url}?submission={id_of(failed)}&lang=en")
    part = page.locator("#kel-submit")
    expect(page.get_by_role("article")).to_contain_text("The files are there, but do not load as a model.")
    expect(page.get_by_label("Model id")).to_be_visible()
    expect(page.locator("#kel-queue")).to_contain_text("Pending approval")
    assert part.evaluate(HANGUL) == []
    for part_of_it in ("#kel-form", "#kel-submission", "#kel-queue"):
        breaks_nothing(page, part_of_it)

    page.get_by_label("Model id").fill("org/typed-in-english")
    page.get_by_role("link", name="한국어").click()
    expect(page.get_by_label("모델 id")).to_have_value("org/typed-in-english")
    expect(page.get_by_role("article")).to_contain_text("파일은 있지만 모델로 불러올 수 없습니다")
    expect(page.locator("#kel-queue")).to_contain_text("승인 대기")
    for english in ("Pending approval", "Submitted", "History", "Prompts", "Suites"):
        expect(part).not_to_contain_text(english)
    page.reload()
    expect(page.get_by_label("모델 id")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_label("Model id")).to_be_visible()
    page.goto(f"{busy.url}?tab=submit")
    expect(page.get_by_label("Model id")).to_be_visible()  # remembered
    expect(page.locator("#kel-queue")).to_contain_text("Pending approval")
