"""Marks of training data on the page: on the cell, in its dialog, as a filter that the address holds."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from evaluator.policy import Policy
from evaluator.suite import KO_V1, SUITES
from leaderboard_data.board import table
from leaderboard_data.entry import ORIGINS
from leaderboard_data.export import export
from leaderboard_data.hiding import shown as shown_entries
from leaderboard_data.publish import shipped_entries
from tests.browser.running import RunningApp
from tests.browser.test_board import ALL, open_menu, ready
from tests.browser.test_tables import head, shown

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


def exported(view: str, unseen: str) -> list[list[str]]:
    made = table(shown_entries(shipped_entries(), Policy()), view, KO_V1, ORIGINS, unseen)
    return [[cell or "–" for cell in row] for row in csv.reader(io.StringIO(export(made, "csv")))]


def test_a_score_on_training_data_is_marked_told_and_hidden_on_demand(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?{ALL}&tab=sts&cols=zero_shot&q=upskyy"))
    row = page.locator(".kel-panel:visible tbody tr", has_text="upskyy/bge-m3-korean").first

    def of(name: str) -> Locator:
        return row.locator("td").nth(head(page, name).evaluate("cell => cell.cellIndex"))

    cell = of("Kor-STS")
    expect(cell.get_by_role("img", name="이 과제의 데이터로 학습했다고 밝혔습니다")).to_be_visible()
    expect(of("STS_Average").locator(".kel-seen")).to_have_attribute("aria-label", re.compile("3개 가운데 1개"))
    expect(row.locator("td").last).to_have_text("77")
    expect(page.locator(".kel-legend:visible")).to_contain_text("밝히지 않음")
    cell.click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("KorSTS · upskyy/bge-m3-korean · MTEB 등록부")
    expect(dialog.get_by_role("link", name="MTEB 등록부")).to_have_attribute(
        "href", re.compile(r"embeddings-benchmark/mteb")
    )
    dialog.get_by_role("button", name="닫기").click()

    open_menu(page, "필터")
    page.get_by_label("예 (학습 데이터를 밝히지 않은 모델도 보임)").check()
    expect(page).to_have_url(re.compile("unseen=yes"))
    expect(cell).to_have_text("–")
    expect(of("Rank")).to_have_text("–")
    expect(page.locator(".kel-legend:visible")).to_contain_text("숨긴 점수가 든 평균과 순위는 없습니다")
    expect(page.locator(".kel-drop .kel-badge").first).to_have_text(re.compile("3"))  # search, origins and this one


@pytest.mark.parametrize(("view", "unseen"), [("tasks", "yes"), ("overall", "declared"), ("nli", "declared")])
def test_the_address_hides_what_the_export_hides(view: str, unseen: str, app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?{ALL}&tab={view}&unseen={unseen}"))
    expected = exported(view, unseen)
    rows = shown(page)
    assert rows == expected[: len(rows)]
    assert len(rows) > 20
    assert expected != exported(view, "")


def test_a_models_page_tells_who_declares_what(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?model=upskyy/bge-m3-korean&lang=en"))
    told = page.locator(".kel-modelpage")
    expect(told.get_by_role("heading", name="Training data")).to_be_visible()
    expect(told).to_contain_text("77 %")
    expect(told).to_contain_text("made of BAAI/bge-m3")
    correction = told.get_by_role("link", name="a maintainer's correction").first
    expect(correction).to_have_attribute("href", "https://huggingface.co/upskyy/bge-m3-korean")


@pytest.mark.parametrize(("suite", "view"), [("ko-v2", "clustering"), ("mteb-kor-v2", "overall")])
def test_ranks_of_every_suite_leave_out_what_is_hidden(suite: str, view: str, app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?suite={suite}&{ALL}&tab={view}&unseen=yes"))
    made = table(shown_entries(shipped_entries(), Policy()), view, SUITES[suite], ORIGINS, "yes")
    ranked = {row.entry.name: "–" if row.rank is None else str(row.rank) for row in made.rows}
    rows = shown(page)[1:]
    assert len(rows) == 50  # a page of the table
    assert [row[-1] for row in rows] == [ranked[row[0]] for row in rows]
    assert {row[-1] for row in rows} != {"–"}
