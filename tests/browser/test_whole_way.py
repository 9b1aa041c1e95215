"""The whole way: a visitor submits in the page, a maintainer approves, a worker evaluates, the row appears."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evaluator.records import percent
from evaluator.suite import KO_V1
from submissions.record import Status, dump_submission
from submissions.stored import Queue
from tests.browser.running import ROOT, RunningApp, running_app
from tests.hub.repositories import Repositories
from tests.submissions.test_listing import submission

TASKS = ("KLUE-STS", "SIB200ClusteringS2S")
EVALUATION_SECONDS = 480


@pytest.fixture
def own_app(tmp_path: Path) -> Iterator[RunningApp]:
    """A page with stores of its own, which the test may change."""
    with running_app(tmp_path) as running:
        yield running


def command(app: RunningApp, *arguments: str, timeout: float = 60) -> str:
    """Run one of the project's commands on the page's stores; its output."""
    environment = {**os.environ, "KEL_REQUESTS_URL": app.requests_url, "KEL_RESULTS_URL": app.results_url}
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def submit(page: Page, model: str) -> None:
    page.get_by_role("link", name="모델 제출").click()
    page.get_by_label("모델 id").fill(model)
    page.get_by_role("button", name="제출", exact=True).click()


def mteb_score(shared: Path, task_id: str) -> str:
    """What the board prints for MTEB's own metrics of this model (these two data sets hold no duplicate pair)."""
    reference = json.loads((shared / "reference" / "mteb-all-minilm-l6-v2.json").read_text("utf-8"))
    (metrics,) = reference["tasks"][task_id]["scores"]
    return percent(KO_V1.rules[task_id].score(metrics))


@pytest.mark.browser
@pytest.mark.shared
def test_from_the_form_to_the_row(
    own_app: RunningApp,
    visit: Callable[..., Page],
    hub: Repositories,
    minilm_folder: Path,
    shared: Path,
) -> None:
    hub.add_folder("models", "whole-way/minilm", minilm_folder)
    page = visit(own_app.url)
    page.get_by_role("link", name="모델 제출").click()
    page.get_by_label("모델 id").fill("whole-way/minilm")
    page.get_by_role("button", name="미리 보기").click()
    preview = page.locator("#kel-submit-message .kel-preview")
    expect(preview).to_contain_text("sentence-transformers (BertModel)")
    expect(preview).to_contain_text("KLUE-STS")
    assert Queue(own_app.requests, own_app.results).listing().submissions == (), "a preview submits nothing"
    submit(page, "whole-way/minilm")

    row = page.locator("#kel-queue tr", has_text="whole-way/minilm")
    expect(row).to_have_attribute("data-status", "PENDING")
    expect(page.locator("#kel-submit-message")).to_contain_text("접수했습니다")
    expect(row).to_contain_text("승인 대기")
    submission_id = row.get_attribute("data-submission")
    assert submission_id

    command(own_app, "-m", "submissions", "approve", submission_id)
    expect(row).to_have_attribute("data-status", "QUEUED")

    tasks = [argument for task in TASKS for argument in ("--tasks", task)]
    command(
        own_app,
        *("worker.py", "--once", "--datasets", str(shared / "datasets"), *tasks),
        timeout=EVALUATION_SECONDS,
    )
    (finished,) = Queue(own_app.requests, own_app.results).listing().submissions
    assert finished.status is Status.FINISHED, finished
    expect(row).to_have_attribute("data-status", "FINISHED")

    page.get_by_role("tab", name="종합").click()
    page.get_by_role("tab", name="군집화").click()
    cells = page.locator("#view-clustering tbody tr", has_text="whole-way/minilm").locator("td")
    expect(cells.first).to_be_visible()
    # V-measure moves by up to 1e-4 from one processor to another (docs/evaluation.md); rounding adds half of that.
    shown = float(cells.all_inner_texts()[2])  # after rank and model
    assert shown == pytest.approx(float(mteb_score(shared, "SIB200ClusteringS2S")), abs=0.015)
    page.get_by_role("tab", name="STS", exact=True).click()
    texts = page.locator("#view-sts tbody tr", has_text="whole-way/minilm").locator("td").all_inner_texts()
    assert mteb_score(shared, "KLUE-STS") in texts
    last = page.locator("#view-sts tbody tr").last
    expect(last, "no rank: below the ranked").to_contain_text("whole-way/minilm")


@pytest.mark.browser
def test_a_long_queue_is_shown_in_pages_and_only_drawn_when_it_changed(
    own_app: RunningApp, visit: Callable[..., Page]
) -> None:
    made = [submission(number) for number in range(120)]
    own_app.requests.commit({s.path: dump_submission(s) for s in made}, "Many", own_app.requests.head())
    page = visit(own_app.url)
    page.get_by_role("link", name="모델 제출").click()
    queue = page.locator("#kel-queue")
    expect(queue).to_contain_text("1–100 / 120")
    expect(page.locator("#kel-allowance")).to_contain_text("5개 더 제출할 수 있습니다")
    queue.get_by_text("이력").first.click()
    queue.get_by_role("row").nth(1).evaluate("row => { row.dataset.marked = 'yes'; }")
    page.wait_for_event("response", lambda answer: "submissions/queue.html" in answer.url)
    expect(queue.locator("[data-marked] details[open]")).to_have_count(1)  # not drawn again
    queue.get_by_role("button", name="다음").click()
    expect(queue).to_contain_text("101–120 / 120")
    expect(queue).to_contain_text("org/model-119")
    queue.get_by_role("button", name="이전").click()
    expect(queue).to_contain_text("1–100 / 120")


@pytest.mark.browser
def test_what_cannot_be_submitted_says_why_and_changes_nothing(
    own_app: RunningApp, visit: Callable[..., Page], hub: Repositories
) -> None:
    hub.create("models", "whole-way/empty")
    page = visit(own_app.url)
    message = page.locator("#kel-submit-message")
    for model, korean in (
        ("<img src=x onerror=alert(1)>", "Hub 모델 id가 아닙니다"),
        ("whole-way/absent", "모델이 없거나 비공개입니다"),
        ("whole-way/empty", "config.json도 없습니다"),
    ):
        submit(page, model)
        expect(message).to_contain_text(korean)
    assert page.locator("#kel-submit-message img").count() == 0
    assert Queue(own_app.requests, own_app.results).listing().submissions == ()
