"""The way in, empty states, signs of progress, and paper, in a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.running import RunningApp, running_app
from tests.browser.test_accessibility import breaks_nothing
from tests.browser.test_board import publish_measured, ready

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
ALL = "origin=measured,published,imported"
SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) sum += e.value; }))
        .observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => done(sum), 300);
})"""


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A board with two measured models that are not told apart, and the published one."""
    with running_app(tmp_path_factory.mktemp("alike"), refresh_seconds=0.5) as app:
        for number, score in enumerate((0.8001, 0.8)):
            publish_measured(app, f"org/alike-{number}", score, own=number)
        app.wait_for_results()
        yield app


def test_three_questions_lead_to_a_table_as_a_link(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?{ALL}"))
    page.get_by_role("button", name="골라 보기").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("검색·RAG").check()
    dialog.get_by_label("크기와 메모리").select_option("600")
    dialog.get_by_label("상업적 이용을").check()
    breaks_nothing(page, "dialog")
    found = re.search(r"맞는 모델 (\d+)개", dialog.locator(".kel-way-found").inner_text())
    assert found is not None
    link = dialog.get_by_role("link", name="순위표 보기")
    address = link.get_attribute("href") or ""
    link.click()
    expect(page).to_have_url(address)
    for part in ("tab=retrieval", "params=-600", "license=commercial", "pareto=1", "origin="):
        assert part in address
    expect(page.locator(".kel-count")).to_contain_text(f"{found[1]}개")
    expect(page.get_by_role("heading", name="고른 조건의 답")).to_be_focused()
    answer = page.locator(".kel-answer").inner_text()
    rows = page.locator(".kel-panel:visible tbody tr").all_inner_texts()
    sent = ready(visit(address))  # another browser, which has never been here
    expect(sent.locator(".kel-answer")).to_contain_text("파레토 집합")
    assert sent.locator(".kel-answer").inner_text() == answer
    assert sent.locator(".kel-panel:visible tbody tr").all_inner_texts() == rows
    assert sent.locator(".kel-frontmark").count() > 0
    breaks_nothing(sent)


def test_marked_is_what_no_smaller_model_beats(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?pareto=1"))
    expect(page.locator(".kel-frontmark").first).to_be_visible()
    points = page.evaluate(
        """() => {
            const { table, made } = document.querySelector('.kel-host').board.table();
            const key = made.columns.findIndex(c => c.name === 'Average');
            return table.rows({ page: 'current' }).nodes().toArray().map(node => {
                const row = table.row(node).data();
                return [row.entry.parameters, row.values[key], !!node.querySelector('.kel-frontmark')];
            });
        }"""
    )
    known = [(size, score) for size, score, _ in points if size is not None and score is not None]
    for size, score, marked in points:
        beaten = any(other < size and better > score for other, better in known) if size is not None else True
        if marked:
            assert not beaten
    assert 0 < sum(marked for _, _, marked in points) < len(points)


def test_what_is_not_told_apart_is_said_and_what_has_no_interval_too(alike: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{alike.url}?pareto=1&origin=measured&lang=en"))
    expect(page.locator(".kel-answer")).to_contain_text("org/alike-0 has the highest score")
    expect(page.locator(".kel-answer")).to_contain_text("Not told apart from it: org/alike-1 (2)")
    page = ready(visit(f"{alike.url}?pareto=1&origin=published"))
    expect(page.locator(".kel-answer")).to_contain_text("신뢰구간이 없어")


def test_the_invitation_moves_nothing_and_comes_once(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    hello = page.get_by_role("complementary", name="어떤 모델을 쓸까?")
    expect(hello).to_be_visible()
    breaks_nothing(page)
    before = page.locator(".kel-panel:visible tbody tr").first.bounding_box()
    hello.get_by_role("button", name="닫기").click()
    expect(hello).to_have_count(0)
    assert page.locator(".kel-panel:visible tbody tr").first.bounding_box() == before
    ready(page).reload()
    ready(page)
    expect(hello).to_have_count(0)
    page.get_by_role("button", name="어떤 모델을 쓸까?").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="어떤 모델을 쓸까?")).to_be_focused()


def test_an_address_with_an_answer_shifts_nothing(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?pareto=1"))
    expect(page.locator(".kel-answer")).to_contain_text("파레토 집합")
    assert page.evaluate(SHIFT) < 0.05


def test_a_table_without_rows_names_its_filters_and_takes_them_off(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?q=org/nobody&params=-1&license=commercial")
    empty = page.locator(".kel-empty")
    expect(empty).to_contain_text("조건에 맞는 모델이 없습니다")
    breaks_nothing(page)
    empty.get_by_role("button", name="조건 빼기: 파라미터: ≤ 1").click()
    expect(page).not_to_have_url(re.compile("params"))
    expect(empty.get_by_role("button", name="조건 빼기: 라이선스: 상업적 이용 허용")).to_be_visible()
    empty.get_by_role("button", name="조건 모두 풀기").click()
    expect(empty).to_have_count(0)
    ready(page)


def test_a_search_without_a_hit_offers_the_form_with_the_id(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?q=org/nobody")
    page.get_by_role("link", name="org/nobody 제출하기").click()
    expect(page.get_by_label("모델 id")).to_have_value("org/nobody")
    hostile = visit(f"{app.url}?q=<img src=x>/y")
    expect(hostile.locator(".kel-empty")).to_contain_text("<img src=x>/y")
    expect(hostile.get_by_role("link", name="모델 제출하기")).to_be_visible()


def test_a_board_without_results_of_an_origin_offers_the_others(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?suite=mteb-kor-v2&origin=measured")
    page.get_by_role("button", name="모든 출처 보기").click()
    ready(page)
    expect(page.locator(".kel-empty")).to_have_count(0)


def test_a_comparison_of_nothing_offers_the_best_two(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=compare")
    page.get_by_role("button", name="순위표 맨 위의 두 모델 비교").click()
    expect(page).to_have_url(re.compile("compare=nlpai-lab"))
    expect(page.locator(".kel-empty")).to_have_count(0)


def test_plots_of_nothing_say_what_to_do(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=plots&params=-1")
    expect(page.locator(".kel-empty")).to_contain_text("그릴 모델이 없습니다")
    page.locator(".kel-empty").get_by_role("button", name="파라미터").click()
    expect(page.locator(".kel-empty")).to_have_count(0)


def test_what_takes_long_says_so_and_what_fails_can_be_tried_again(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    held: list[Route] = []
    page.route("**/board-ko-v2.json", lambda route: held.append(route))
    page.locator(".kel-suite").select_option("ko-v2")
    expect(page.locator(".kel-working")).to_contain_text("불러오는 중")
    held[0].continue_()
    expect(page.locator(".kel-working")).to_have_count(0)
    page.context.set_offline(True)
    expect(page.locator(".kel-offline")).to_contain_text("연결이 끊겼습니다")
    page.context.set_offline(False)
    expect(page.locator(".kel-offline")).to_have_count(0)
    page.unroute_all()
    page.route("**/board*.json", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("불러오지 못했습니다")
    page.unroute_all()
    page.get_by_role("button", name="다시 시도").click()
    ready(page)


@pytest.mark.parametrize("place", ["?tab=sts", "?model=nlpai-lab/KURE-v1"])
def test_on_paper_stand_the_address_and_no_controls(place: str, app: RunningApp, visit: Visit) -> None:
    page = visit(app.url + place, color_scheme="dark")
    expect(page.locator(".kel-panel:visible td").first).to_be_visible()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".kel-printed")).to_contain_text(place)
    expect(page.locator(".kel-printed")).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))
    for control in (".kel-tabs", ".kel-bar", ".kel-tools", ".kel-seek", ".kel-hello", ".kel .kel-button:visible"):
        expect(page.locator(f"{control}:visible")).to_have_count(0)
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(26, 31, 39)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html.dark")).to_have_count(1)


def test_the_licence_filter_is_the_stated_list(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?{ALL}&license=commercial"))
    shown, listed = page.evaluate(
        """() => {
            const { board } = document.querySelector('.kel-host');
            const rows = board.table().table.rows({ search: 'applied' }).data().toArray();
            return [rows.map(row => row.entry.license), board.data.commercial];
        }"""
    )
    assert shown
    assert {each.lower() for each in shown} <= set(listed)
