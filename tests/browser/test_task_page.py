"""A task's page and its explorer: from a column's head and a cell, in Korean, with texts that are markup elsewhere."""

import dataclasses
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from evaluator.evidence.texts import dump_texts
from evaluator.suite import KO_V1
from evaluator.tasks import discovered_tasks
from leaderboard_data.publish import publish_change
from leaderboard_data.texts import texts_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_board import ready
from tests.leaderboard_data.examples import scored
from tests.leaderboard_data.ranked import TASK, ranked
from tests.leaderboard_data.test_inside import TEXTS

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
OTHERS = {task: scored(task, 0.6) for task in KO_V1.task_ids if task != TASK}
MARKUP = '<img src=x onerror="document.title=1"><b>굵게</b>'


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    items = {name: dataclasses.replace(row, text=f"{MARKUP} {row.text}") for name, row in TEXTS.items.items()}
    texts = dataclasses.replace(TEXTS, items=items, fingerprint=discovered_tasks()[TASK].data.fingerprint or "")
    with running_app(tmp_path_factory.mktemp("task"), refresh_seconds=0.5) as running:
        for number in range(10):
            update(running.results, publish_change(*ranked(f"org/m{number}", number / 3, number, more=OTHERS)))
        update(running.results, texts_change({TASK: dump_texts(texts)}))
        running.wait_for_results()
        yield running


def test_from_a_column_to_what_one_model_finds_and_another_misses(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured"))
    page.get_by_role("button", name=f"{TASK} 과제 자세히").click()
    expect(page).to_have_url(re.compile(f"task={TASK}"))
    panel = page.locator(".kel-modelpage")
    expect(panel.get_by_role("heading", name=TASK)).to_be_focused()
    expect(panel).to_contain_text("한국어로 쓴 글")
    expect(panel).to_contain_text("작습니다: 질문 114개.")
    expect(panel).to_contain_text(re.compile(r"모델 \d+개: 최저"))
    expect(panel).to_contain_text("점수가 높은 절반(5개 모델)")
    expect(panel.locator(".kel-items").first).to_contain_text(MARKUP)  # as text
    assert page.title() != "1"
    panel.get_by_label("모델", exact=True).select_option("org/m9")
    panel.get_by_label("비교할 모델").select_option("org/m0")
    expect(page).to_have_url(re.compile("look=org%2Fm9%2Corg%2Fm0"))
    expect(panel.locator(".kel-sign")).to_contain_text("부호 검정 p")
    more, fewer = (panel.get_by_role("button", name=f"{name}이(가) 더 잘한 문항") for name in ("org/m9", "org/m0"))
    expect(more).to_have_attribute("aria-pressed", "true")
    fewer.click()
    expect(fewer).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page.locator(".kel-panel:visible tbody")).to_contain_text("org/m9")


def test_from_a_cell_to_its_items_in_one_language(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured&lang=en"))
    page.locator("tbody tr", has_text="org/m3").locator("td.kel-score").nth(2).click()
    page.get_by_role("dialog").get_by_role("button", name="Item by item").click()
    panel = page.locator(".kel-modelpage")
    expect(panel).to_contain_text("All items' parts add up to the score in the table.")
    expect(panel).to_contain_text("Small: 114 questions.")
    assert not re.search("[가-힣]", re.sub("질문|문서|굵게", "", panel.inner_text()))
    page.get_by_role("tab", name="STS").click()
    expect(page.locator(".kel-panel:visible tbody").first).to_contain_text("org/m9")
    assert "task=" not in page.url


def test_a_task_that_is_none_says_so(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?task=%3Cscript%3E")
    expect(page.get_by_role("alert")).to_contain_text("<script>")
