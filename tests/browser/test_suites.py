"""Two suites on one page: another table of the same results, by the address and by the choice above the table."""

import csv
import io
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from evaluator.suite import KO_V1, SUITES
from leaderboard_data.board import table
from leaderboard_data.entry import ORIGINS
from leaderboard_data.export import export
from leaderboard_data.load import Reader, load_entries, snapshot_of
from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_board import ALL, ready
from tests.browser.test_tables import shown
from tests.leaderboard_data.examples import MINI, measured, scored

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("two")
    with running_app(folder, program=("-m", "tests.browser.two_suites"), refresh_seconds=0.5) as app:
        tasks = {task: scored(task, 0.6) for task in KO_V1.task_ids}
        metrics = {**tasks["AutoRAGRetrieval"].metrics, "ndcg_at_10": 0.9}
        tasks["AutoRAGRetrieval"] = tasks["AutoRAGRetrieval"].model_copy(update={"metrics": metrics})
        update(app.results, publish_change(measured("org/seen-twice", tasks=tasks)))
        app.wait_for_results()
        yield app


@pytest.mark.parametrize("view", MINI.view_ids)
def test_the_address_chooses_the_suite_and_the_browser_computes_what_the_export_prints(
    view: str, two: RunningApp, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SUITES, MINI.id, MINI)
    page = ready(visit(f"{two.url}?suite=mini&{ALL}&tab={view}"))
    entries = load_entries(snapshot_of(two.results), Reader())
    expected = list(csv.reader(io.StringIO(export(table(entries, view, MINI, ORIGINS), "csv"))))
    rows = shown(page)
    assert rows == [[cell or "–" for cell in row] for row in expected][: len(rows)]
    assert len(rows) > 20


def test_the_choice_above_the_table_changes_the_suite_and_the_address(two: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{two.url}?w=1,0,0,2&sort=KLUE-STS.desc"))
    page.get_by_label("과제 모음").select_option("작은 모음")
    expect(page).to_have_url(re.compile(r"\?suite=mini$"))
    expect(page.get_by_role("tab", name="Similar")).to_be_visible()
    assert shown(page)[0] == ["Model", "Similar_Average", "Found_Average", "Aside_Average", "Average", "Rank"]
    assert ["org/seen-twice", "60.00", "90.00", "60.00", "67.50", "1"] in shown(page)
    page.get_by_role("tab", name="Found").click()
    page.locator(".kel-panel:visible .kel-open[data-model='org/seen-twice']").click()
    expect(page.locator(".kel-modelpage")).to_contain_text("Found")
    expect(page.locator(".kel-modelpage")).to_contain_text("--suite mini")
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.get_by_role("tab", name="NLI")).to_be_visible()
    assert "Retrieval_Average" in shown(page)[0]


def test_other_weights_are_those_of_the_suite(two: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{two.url}?suite=mini&w=1,1,0"))
    assert ["org/seen-twice", "60.00", "90.00", "60.00", "75.00", "1"] in shown(page)
    page.goto(f"{two.url}?suite=mini&w=1,1,1,1")  # as many as the other suite has: not taken
    ready(page)
    assert ["org/seen-twice", "60.00", "90.00", "60.00", "67.50", "1"] in shown(page)


def test_a_suite_that_there_is_not_is_the_first_one(two: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{two.url}?suite=../../etc"))
    assert "NLI_Average" in shown(page)[0]
