"""The board in a real browser: filters, address, provenance, model pages, comparison, plots, export, languages."""

import csv
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from evaluator.records import CardExample, Environment, ModelInfo, Origin
from evaluator.suite import KO_V1
from leaderboard_data.board import table
from leaderboard_data.entry import ORIGINS
from leaderboard_data.export import export
from leaderboard_data.load import Reader, load_entries, replicates_path, snapshot_of
from leaderboard_data.publish import publish_change, rebuild_index
from leaderboard_data.significance import dump_replicates
from store.update import Change, Snapshot, update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_tables import cell, head, open_tab, shown
from tests.leaderboard_data.examples import measured, scored
from tests.leaderboard_data.test_significance import noise

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
UNASKED = ("parameters", "dimension", "max_tokens", "license")
HOSTILE = '"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script> 한국어'
ALL = "origin=measured,published,imported"


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A board with measured models too: two that are alike, one with a hostile label, prompts and notes."""
    folder = tmp_path_factory.mktemp("rich")
    spied = {
        "PYTHONPATH": str(Path(__file__).parent / "spy"),
        "LOOKUPS_FILE": str(folder / "lookups.txt"),
        "GRADIO_ANALYTICS_ENABLED": "True",  # the page itself has to turn it off
    }
    with running_app(folder, spied, refresh_seconds=0.5) as app:
        for number, score in enumerate((0.8001, 0.8)):
            publish_measured(app, f"org/alike-{number}", score, own=number)
        odd = (HOSTILE, "card_differs", "prompt_not_used")
        told = Environment(
            dtype="float32",
            prompts=prompts(HOSTILE),
            prompt_sources=prompts(HOSTILE),
            warnings=odd,
            card_example=CardExample(verdict="differs", expected=((1, 0.6967),), found=((1, -0.25),), tolerance=0.02),
        )
        hostile = measured("org/hostile", 0.3, environment=told)
        origin = Origin(kind="measured", by=HOSTILE, label=HOSTILE, reference="javascript:window.hacked=1")
        info = ModelInfo(license=HOSTILE, parameters=5_000_000, embedding_dimension=7, max_tokens=9)
        update(app.results, publish_change(hostile.model_copy(update={"origin": origin, "model": info})))
        app.wait_for_results()
        yield app


def prompts(text: str) -> dict[str, dict[str, str]]:
    return {task: {"text": text} for task in KO_V1.task_ids}


def publish_measured(app: RunningApp, model: str, score: float, own: int) -> None:
    """A result with intervals and with replicates that move together with the other models'."""
    interval = (score - 0.02, score + 0.02)
    tasks = {task: scored(task, score, n=500, intervals95={rule.id: interval}) for task, rule in KO_V1.rules.items()}
    environment = Environment(
        dtype="float32",
        prompts=prompts("질의: "),
        prompt_sources=prompts("card registry: tests, query"),
        warnings=("other_commit",),
    )
    result = measured(model, tasks=tasks, environment=environment)
    result = result.model_copy(update={"model": ModelInfo(parameters=100_000_000)})
    replicates = {
        (task, rule.id): score + noise(number) + noise(100 + own, 0.001)
        for number, (task, rule) in enumerate(KO_V1.rules.items())
    }

    def change(snapshot: Snapshot) -> Change | None:
        made = publish_change(result)(snapshot)
        if made is None:
            return None
        path = next(path for path in made.files if path.startswith("results/"))
        return Change({**made.files, replicates_path(path): dump_replicates(replicates)}, made.message)

    update(app.results, change)
    update(app.results, rebuild_index)  # these replicates were not those of the result's samples: it has none


def ready(page: Page) -> Page:
    expect(page.locator(".kel-host[aria-busy]")).to_have_count(0)
    expect(page.locator(".kel-panel:visible tbody tr").first).to_be_visible()
    return page


def names(page: Page) -> list[str]:
    return [row[0] for row in shown(page)[1:]]


def open_menu(page: Page, name: str) -> None:
    page.locator("summary", has_text=name).click()


# --- what is shown


@pytest.mark.parametrize("view", ["overall", "sts", "nli", "clustering", "retrieval", "tasks"])
def test_the_browser_computes_what_the_export_prints_over_all_origins(
    view: str, rich: RunningApp, visit: Visit
) -> None:
    page = ready(visit(f"{rich.url}?{ALL}&tab={view}"))
    entries = load_entries(snapshot_of(rich.results), Reader())
    expected = list(csv.reader(io.StringIO(export(table(entries, view, KO_V1, ORIGINS), "csv"))))
    expected = [[cell or "–" for cell in row] for row in expected]
    assert page.locator(".kel-count").inner_text() == f"모델 {len(expected) - 1}개"
    rows = shown(page)
    assert rows == expected[: len(rows)]
    assert len(rows) == 51  # a page of the table


def test_gaps_come_last_both_ways(rich: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{rich.url}?{ALL}&tab=nli"))
    header = page.get_by_role("columnheader", name="KLUE-NLI")
    for order in ("descending", "ascending"):
        header.click()
        expect(header).to_have_attribute("aria-sort", order)
        column = [row[1] for row in shown(page)[1:]]
        filled = [cell != "–" for cell in column]
        assert filled == sorted(filled, reverse=True)
        assert any(filled)


def test_a_header_sorts_with_the_keyboard(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    header = head(page, "STS_Average")
    header.get_by_role("button").focus()
    for key, order in (("Enter", "descending"), (" ", "ascending")):
        page.keyboard.press(key)
        expect(header).to_have_attribute("aria-sort", order)


def test_the_header_and_the_model_stay_while_the_table_scrolls(rich: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{rich.url}?{ALL}&tab=tasks", viewport={"width": 700, "height": 700}))
    places = """() => { const panel = document.querySelector('.kel-panel:not([hidden])');
        const of = element => { const box = element.getBoundingClientRect(); return [box.left, box.top]; };
        return { header: of(panel.querySelector('th:nth-child(3)'))[1], model: of(panel.querySelector('td'))[0],
                 column: of(panel.querySelector('td:nth-child(3)'))[0] }; }"""
    before = page.evaluate(places)
    page.evaluate(
        "() => { const box = document.querySelector('.kel-panel:not([hidden]) .dt-layout-table > .dt-layout-cell');"
        " box.scrollTo(300, 600); }"
    )
    after = page.evaluate(places)
    assert after["header"] == pytest.approx(before["header"], abs=1)
    assert after["model"] == pytest.approx(before["model"], abs=1)
    assert after["column"] < before["column"] - 200


def test_the_best_value_of_each_column_is_marked(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    marked = page.locator(".kel-panel:visible .kel-best").all_inner_texts()
    assert sorted(marked) == sorted(["84.67", "70.82", "45.56", "82.93", "67.58"])


# --- filters and the address


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=kure", {"nlpai-lab/KURE-v1"}),
        ("q=NLPAI+koe", {"nlpai-lab/KoE5"}),
        ("q=한국어", {HOSTILE}),
        ("precision=bfloat16", {"McGill-NLP/LLM2Vec-Meta-Llama-3-8B-Instruct-mntp-supervised-bf16"}),
        ("params=1000-8000", {"McGill-NLP/LLM2Vec-Meta-Llama-3-8B-Instruct-mntp-supervised-bf16",
                              "Alibaba-NLP/gte-Qwen2-7B-instruct-fp16"}),
        ("dim=-10", {HOSTILE}),
        ("tokens=513-600", {"infloat/me5-instruct"}),
        ("type=llm&precision=float16", {"Alibaba-NLP/gte-Qwen2-7B-instruct-fp16", "BAAI/bge-multilingual-gemma2-fp16"}),
        ("license=gemma", {"BAAI/bge-multilingual-gemma2-fp16"}),
        ("origin=measured", {"org/alike-0", "org/alike-1", HOSTILE}),
    ],
)  # fmt: skip
def test_a_filter_in_the_address_shows_those_models(
    query: str, expected: set[str], rich: RunningApp, visit: Visit
) -> None:
    page = ready(visit(f"{rich.url}?{query}"))
    assert set(names(page)) == expected


def test_what_is_set_in_the_page_is_in_the_address_and_a_copied_link_shows_the_same(
    rich: RunningApp, visit: Visit
) -> None:
    page = ready(visit(f"{rich.url}?other=kept"))
    page.get_by_role("tab", name="STS", exact=True).click()
    page.get_by_label("MTEB", exact=True).check()
    page.get_by_role("searchbox").fill("bge")
    open_menu(page, "필터")
    page.get_by_label("float32").check()
    page.keyboard.press("Escape")
    page.get_by_role("columnheader", name="Kor-STS").click()
    for part in ("tab=sts", "q=bge", "precision=float32", "sort=Kor-STS.desc", "other=kept"):
        expect(page).to_have_url(re.compile(re.escape(part)))
    assert "model=" not in page.url
    rows = shown(page)
    assert {"BAAI/bge-m3", "dragonkue/BGE-m3-ko"} <= {row[0] for row in rows}
    copied = ready(visit(page.url))
    assert shown(copied) == rows
    expect(copied.get_by_role("searchbox")).to_have_value("bge")


def test_back_and_forward_go_through_the_tabs(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    open_tab(page, "NLI")
    page.go_back()
    expect(page.get_by_role("tab", name="종합", exact=True)).to_have_attribute("aria-selected", "true")
    page.go_forward()
    expect(page.get_by_role("tab", name="NLI", exact=True)).to_have_attribute("aria-selected", "true")


def test_a_table_that_is_opened_again_is_as_it_was_left_and_so_is_its_address(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    head(page, "STS_Average").click()
    expect(page).to_have_url(re.compile(re.escape("sort=STS_Average.desc")))
    order = names(page)
    open_tab(page, "NLI")
    ready(page)
    assert "sort=" not in page.url
    open_tab(page, "종합")
    expect(page).to_have_url(re.compile(re.escape("sort=STS_Average.desc")))
    assert names(page) == order


@pytest.mark.parametrize(
    "query",
    [
        "tab=__proto__&sort=constructor.asc&w=NaN,1,1,1&origin=x&params=a-b&cols=toString",
        f"q={HOSTILE}&license={HOSTILE}&compare={HOSTILE}&model={HOSTILE}",
        f"hide={HOSTILE}&lang={HOSTILE}&x={HOSTILE}&tab=plots",
        f"tab=compare&compare={HOSTILE},org/a",
    ],
)
def test_a_hostile_address_neither_runs_nor_breaks_anything(query: str, rich: RunningApp, visit: Visit) -> None:
    page = visit(f"{rich.url}?{query}")
    expect(page.get_by_role("tab", name="종합", exact=True)).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert page.evaluate("window.hacked") is None


def test_hostile_results_stay_text_everywhere(rich: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{rich.url}?q=hostile&cols=license,origin"))
    expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    page.locator(".kel-panel:visible td.kel-score").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("window.hacked")
    expect(dialog.locator("a[href^=javascript]")).to_have_count(0)
    page.keyboard.press("Escape")
    page.goto(f"{rich.url}?model=org/hostile")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    page.goto(f"{rich.url}?tab=compare&compare=org/hostile,org/alike-0")
    expect(page.locator(".kel-compare")).to_contain_text(HOSTILE)
    expect(page.locator("svg.kel-radar")).to_contain_text("STS")
    page.goto(f"{rich.url}?tab=plots&x=dimension")
    expect(page.locator(".kel-plot .point").first).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x], .kel-host script").count() == 0


def test_weights_rank_anew_and_borda_stands_beside(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?w=1,0,0,0"))
    assert names(page)[0] == "upskyy/bge-m3-korean"
    expect(head(page, "Average")).to_contain_text("평균*")
    by_sts = [row[0] for row in shown(ready(visit(f"{app.url}?tab=sts")))[1:]]
    assert names(page) == by_sts
    open_menu(page, "가중치")
    page.get_by_role("slider", name="Retrieval").fill("5")
    expect(page).to_have_url(re.compile("w=1%2C0%2C0%2C5"))
    open_tab(page, "전체 과제")
    expect(head(page, "Average")).to_contain_text("평균*")
    page.goto(f"{app.url}?cols=borda")
    rows = shown(ready(page))
    assert rows[0][-1] == "borda"
    assert sorted(int(row[-1]) for row in rows[1:])[0] == 1


def test_columns_are_picked_and_kept_in_the_address(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?cols="))
    expect(head(page, "parameters")).to_have_count(0)
    open_menu(page, "열")
    page.get_by_role("checkbox", name="NLI", exact=True).uncheck()
    page.get_by_role("checkbox", name="파라미터").check()
    header = shown(page)[0]
    assert header == [
        "Model",
        "STS_Average",
        "Clustering_Average",
        "Retrieval_Average",
        "Average",
        "Rank",
        "parameters",
    ]
    assert shown(ready(visit(page.url)))[0] == header
    page.goto(app.url)
    for name in UNASKED:  # there is room for them
        expect(head(ready(page), name)).to_be_visible()
    page.set_viewport_size({"width": 900, "height": 900})
    for name in UNASKED:
        expect(head(page, name)).to_have_count(0)


# --- provenance, models, comparison, plots


def test_each_cell_leads_to_where_its_number_comes_from(rich: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{rich.url}?tab=sts&q=alike-0"))
    cell(page, "KLUE-STS").click()
    dialog = page.get_by_role("dialog")
    for text in ("80.01 %", "78.01 – 82.01", "측정", "0123456789abcdef", "float32", "500", "질의:", "2026-11-23"):
        expect(dialog).to_contain_text(text)
    expect(dialog).to_contain_text("(card registry: tests, query)")
    expect(dialog).to_contain_text("python -m evaluator run org/alike-0 --revision 0123")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_reported_cell_says_that_it_has_no_interval(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=sts"))
    page.locator(".kel-panel:visible td.kel-score").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("다른 곳에서 보고한 점수")


def test_intervals_and_tie_groups_stand_where_samples_are(rich: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{rich.url}?q=org/"))
    whisker = cell(page, "Average").locator(".kel-ci")
    low, high = (float(whisker.get_attribute(f"data-{end}") or 0) for end in ("low", "high"))
    assert low < 80.01 < high
    expect(cell(page, "Average").locator("[title]").first).to_have_attribute(
        "title", f"95 % 구간 {low:.2f} – {high:.2f}"
    )
    tie = cell(page, "Rank").locator(".kel-ci")
    assert (tie.get_attribute("data-low"), tie.get_attribute("data-high")) == ("1", "2")
    published = ready(visit(f"{rich.url}?origin=published"))
    assert published.locator(".kel-ci").count() == 0


def test_a_model_page_shows_all_its_results_and_their_differences(rich: RunningApp, visit: Visit) -> None:
    page = visit(f"{rich.url}?model=nlpai-lab/KURE-v1")
    expect(page.get_by_role("heading", name="nlpai-lab/KURE-v1")).to_be_visible()
    expect(page.locator(".kel-result")).to_have_count(2)
    page.locator(".kel-result summary").nth(0).press("Enter")
    page.locator(".kel-result > summary").nth(1).click()
    imported = page.locator(".kel-result").nth(1)
    expect(imported).to_contain_text("d14c8a9423946e268a0c9952fecf3a7aabd73bd9")
    expect(imported.get_by_role("row", name="sib200")).to_contain_text("-0.83")
    page.get_by_text("model-index", exact=True).click()
    expect(page.locator("pre:visible")).to_contain_text("klue/klue")
    badge = page.locator(".kel-modelpage img")
    assert badge.evaluate("image => image.complete && image.naturalWidth > 50")
    page.get_by_role("button", name="← 순위표로").click()
    ready(page)
    assert "model=" not in page.url


def test_a_model_page_says_what_was_odd_about_a_result(rich: RunningApp, visit: Visit) -> None:
    page = visit(f"{rich.url}?model=org/alike-0")
    expect(page.locator(".kel-result .kel-warnings")).to_contain_text("카드 등록부는 다른 커밋을 보고 적었습니다.")
    page = visit(f"{rich.url}?model=org/alike-0&lang=en")
    expect(page.locator(".kel-warnings")).to_contain_text("The card registry was written from another commit.")
    page = visit(f"{rich.url}?model=org/hostile")
    expect(page.locator(".kel-warnings li")).to_have_count(3)
    expect(page.locator(".kel-result").get_by_text("카드의 예시와 다름")).to_be_visible()
    expect(page.locator(".kel-example tbody tr")).to_have_text("11.0000 0.69671.0000 -0.2500")
    page.get_by_role("button", name="← 순위표로").click()
    ready(page)
    expect(page.locator(".kel-doubt:visible")).to_have_count(1)
    doubt = re.compile("아무 프롬프트도 쓰이지 않았습니다")
    expect(page.locator(".kel-doubt:visible")).to_have_attribute("title", doubt)
    assert page.evaluate("window.hacked") is None


def test_a_model_that_is_not_there_is_said_so(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?model=no/body")
    expect(page.get_by_role("alert")).to_contain_text("no/body")


def test_models_are_ticked_and_compared(rich: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{rich.url}?q=alike"))
    for box in page.locator("[data-compare]").all():
        box.check()
    page.get_by_role("button", name="비교하기 (2)").click()
    expect(page.locator(".kel-compare [data-row=overall]")).to_contain_text("구별 안 됨")
    expect(page.locator("svg.kel-radar")).to_be_visible()
    assert "compare=org%2Falike-0%2Corg%2Falike-1" in page.url
    page.get_by_role("combobox", name="모델 추가").fill("BAAI/bge-m3")
    page.keyboard.press("Enter")
    expect(page.locator(".kel-compare")).to_contain_text("구간 없음")


def test_a_click_on_a_point_opens_the_model(rich: RunningApp, visit: Visit) -> None:
    page = visit(f"{rich.url}?tab=plots&{ALL}")
    point = page.locator(".kel-plot .point").last
    expect(point).to_be_visible()
    box = point.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".kel-plot .hoverlayer text").first).to_be_visible()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".kel-modelpage h2")).to_be_visible()
    assert "model=" in page.url


def test_plots_show_what_the_filters_leave_and_so_does_a_copied_link(rich: RunningApp, visit: Visit) -> None:
    page = visit(f"{rich.url}?tab=plots&x=dimension&{ALL}")
    points = page.locator(".kel-plot .point")
    expect(points.first).to_be_visible()
    everything = points.count()
    page.get_by_role("searchbox").fill("bge")
    expect(page).to_have_url(re.compile("q=bge"))
    expect(page.locator(".kel-plot .point")).not_to_have_count(everything)
    page.locator(".kel-every summary").click()
    listed = page.locator(".kel-every tbody th").all_inner_texts()
    assert listed
    assert all("bge" in name.lower() for name in listed)
    expect(points).to_have_count(len(listed))
    expect(visit(page.url).locator(".kel-plot .point")).to_have_count(len(listed))


@pytest.mark.parametrize("more_is_better", [False, True])
def test_the_pareto_front_holds_what_nothing_beats_in_both(more_is_better: bool, app: RunningApp, visit: Visit) -> None:
    drawn = random.Random(0)
    points = [{"x": drawn.randint(1, 9), "y": drawn.randint(1, 9)} for _ in range(30)]
    sign = 1 if more_is_better else -1

    def beats(one: dict[str, int], other: dict[str, int]) -> bool:
        pairs = [(sign * one["x"], sign * other["x"]), (one["y"], other["y"])]
        return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)

    expected = [point for point in points if not any(beats(other, point) for other in points)]
    front = visit(app.url).evaluate(
        "async ([points, more]) => (await import('/board/scores.js')).paretoFront(points, more)",
        [points, more_is_better],
    )
    assert front == sorted(expected, key=lambda point: point["x"])


def test_a_command_is_copied(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url, permissions=["clipboard-read", "clipboard-write"]))
    page.locator(".kel-panel:visible tbody tr", has_text="KURE").locator("td.kel-score").last.click()
    page.get_by_role("dialog").get_by_role("button", name="복사").click()
    expect(page.get_by_role("button", name="복사했습니다")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "python -m evaluator run nlpai-lab/KURE-v1 --precision float32"


# --- export, languages, notes


def test_the_export_holds_exactly_what_is_shown(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(f"{app.url}?tab=retrieval&q=bge&hide=Ko-StrategyQA&cols="))
    open_menu(page, "내보내기")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == shown(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    rows = json.loads(Path(download.value.path()).read_text("utf-8"))["rows"]
    assert [row["Model"] for row in rows] == names(page)
    assert rows[0]["AutoRAGRetrieval"] == pytest.approx(86.65)


def test_the_whole_board_speaks_english_when_asked(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("tab", name="Overall")).to_be_visible()
    assert "lang=en" in page.url
    hangul = page.locator("#kel-page").evaluate("e => [...e.innerText.matchAll(/[가-힣]+/g)].map(m => m[0])")
    assert hangul == ["한국어"]  # the way back


def test_the_notes_warn_of_what_misleads(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=about")
    article = page.locator(".kel-about")
    for text in ("Kor-STS는 STS17에 포함됩니다", "군집화(sib200)", "nDCG@5", "Rosenberg", "klue/klue"):
        expect(article).to_contain_text(text)


def test_a_page_whose_data_does_not_come_says_so(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    page.route("**/board/board.json", lambda route: route.abort())
    page.reload()
    expect(page.locator(".kel-host")).to_contain_text("불러오지 못했습니다")


def test_what_is_typed_before_the_board_is_drawn_is_searched_for(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    held: list[Route] = []
    page.route("**/board/board.json", lambda route: held.append(route))
    page.goto(app.url, wait_until="commit")
    page.get_by_role("searchbox").fill("bge")
    expect(page).to_have_title("한국어 임베딩 리더보드")
    assert page.locator(".kel-host[aria-busy]").count()
    for route in held:
        route.continue_()
    expect(page.locator(".kel-panel:visible tbody tr")).to_have_count(4)
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value("bge")
    assert "q=bge" in page.url


def test_a_suite_chosen_before_the_board_is_drawn_is_opened(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    held: list[Route] = []
    page.route("**/board/dt_bundle.js", lambda route: held.append(route))
    page.goto(app.url, wait_until="commit")
    page.get_by_label("과제 모음").select_option("ko-v2")
    for route in held:
        route.continue_()
    expect(page).to_have_url(re.compile(r"suite=ko-v2$"))
    expect(page.get_by_role("tab", name="재순위")).to_be_visible()
    page.get_by_label("과제 모음").select_option("ko-v1")
    expect(page).to_have_url(app.url)
    expect(page.get_by_role("tab", name="재순위")).to_have_count(0)


def test_a_search_from_elsewhere_opens_the_table(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?model=BAAI/bge-m3")
    expect(page.locator(".kel-modelpage h2").first).to_be_visible()
    page.get_by_role("searchbox").fill("kure")
    expect(page.locator(".kel-panel:visible tbody tr")).to_have_count(1)
    page.get_by_role("link", name="한국어 임베딩 리더보드").click()
    expect(page.locator(".kel-panel:visible tbody tr")).to_have_count(9)
    assert page.url == app.url


def test_theme_and_language_are_remembered(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    page.get_by_role("button", name="밝은 화면과 어두운 화면").click()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("tab", name="Overall")).to_be_visible()
    page.goto(f"{app.url}?tab=nli")
    expect(page.get_by_role("button", name="Light or dark")).to_be_visible()
    assert page.evaluate("document.documentElement.classList.contains('dark')")
    assert page.request.get(app.url).text().startswith('<!doctype html><html lang="en">'), "the server knows it too"
    page.goto(f"{app.url}?lang=ko")
    expect(page.get_by_role("tab", name="종합")).to_be_visible()


def test_without_scripts_the_page_is_there(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?lang=en", java_script_enabled=False)
    expect(page.get_by_role("heading", name="Korean embedding leaderboard")).to_be_visible()
    expect(page.get_by_role("link", name="Submit a model")).to_be_visible()


def test_the_form_has_an_address_too(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=submit")
    form, board = page.get_by_label("모델 id"), page.locator(".kel-panel:visible tbody tr").first
    expect(form).to_be_visible()
    page.get_by_role("tab", name="종합").click()
    expect(board).to_be_visible()
    expect(page).not_to_have_url(re.compile("tab=submit"))
    page.get_by_role("tab", name="검색").click()
    page.get_by_role("link", name="모델 제출").click()
    expect(page).to_have_url(re.compile(r"\?tab=submit$"))
    page.go_back()
    expect(board).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?tab=retrieval$"))
    page.goto(f"{app.url}?tab=plots")
    page.get_by_role("link", name="모델 제출").click()
    expect(page).to_have_url(re.compile(r"tab=submit"))
    page.go_back()  # a plot that is drawn while it is hidden has no width
    page.wait_for_function("document.querySelector('.kel-plot svg.main-svg')?.clientWidth > 1000")


# --- last, as it adds a row


def test_a_new_result_appears_without_a_restart_or_a_reload(rich: RunningApp, visit: Visit) -> None:
    page = ready(visit(rich.url))
    page.evaluate("window.notReloaded = true")
    update(rich.results, publish_change(measured("new-org/new-model", 0.95)))
    expect(page.get_by_role("link", name="new-org/new-model")).to_be_visible()
    assert shown(page)[1] == ["new-org/new-model", *["95.00"] * 5, "1"]
    assert page.evaluate("window.notReloaded")


def test_the_server_asked_no_other_host_all_the_while(rich: RunningApp) -> None:
    lookups = rich.log.parent / "lookups.txt"
    assert not lookups.exists(), lookups.read_text()
