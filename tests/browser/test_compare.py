"""The comparison's bars and facts, the search by name, and the plots' Pareto front, as a visitor sees and uses them."""

import re
from collections.abc import Callable, Iterator
from itertools import combinations

import httpx
import pytest
from playwright.sync_api import Page, expect

from evaluator.records import ModelInfo
from evaluator.suite import KO_V1
from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_accessibility import breaks_nothing
from tests.leaderboard_data.curved import curved
from tests.leaderboard_data.examples import scored

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TASKS = KO_V1.category("retrieval").task_ids  # type: ignore[union-attr]
OTHERS = {task: scored(task, 0.6) for task in KO_V1.task_ids if task not in TASKS}
MODELS = (("org/small", 1.6, 1, 384), ("org/large", 2.6, 2, 2560), ("org/near", 1.6, 3, 768))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("compare"), refresh_seconds=0.5) as running:
        for model, quality, seed, dimension in MODELS:
            info = ModelInfo(embedding_dimension=dimension, parameters=dimension * 10**6, license="mit")
            result, samples, rankings, curves = curved(model, quality, seed, TASKS, OTHERS, info)
            update(running.results, publish_change(result, samples, rankings, curves=curves))
        running.wait_for_results()
        yield running


def told(share: float) -> float:
    return round(share * 100, 2)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"[+-]?\d+\.\d\d", text)]


def test_bars_are_the_numbers_of_the_api(app: RunningApp, visit: Visit) -> None:
    models = ["org/small", "org/large"]
    asked = {"models": ",".join(models), "suite": KO_V1.id}
    compared = httpx.get(f"{app.url}board/api/compare", params=asked).raise_for_status().json()
    page = visit(f"{app.url}?tab=compare&compare={','.join(models)}")
    expect(page.locator(".kel-compare tbody tr").first).to_be_visible()
    tested = 0
    scale = float(re.findall(r"±([\d.]+)", page.locator(".kel-diff-head").inner_text())[0])
    for row in compared["rows"]:
        line = page.locator(f".kel-compare tr[data-row='{row['id']}']")
        shown, (difference,) = numbers(line.locator("td").last.inner_text()), row["differences"]
        if difference is None:
            assert not shown
            continue
        bar = line.locator("svg.kel-diff")
        drawn = float(str(bar.locator("rect").get_attribute("width")).rstrip("%"))
        assert drawn == pytest.approx(abs(difference["difference"]) * 100 / scale * 50, abs=0.01)
        assert shown[0] == pytest.approx(told(difference["difference"]), abs=0.011)
        if difference["interval95"] is None:
            expect(line).to_contain_text("구간 없음")
            expect(line.locator(".kel-diff-whisker")).to_have_count(0)
            continue
        tested += 1
        assert shown[1:] == pytest.approx([told(end) for end in difference["interval95"]], abs=0.011)
        low, high = difference["interval95"]
        expect(bar).to_have_attribute("data-way", "even" if low <= 0 <= high else "more" if low > 0 else "less")
        expect(line).to_contain_text("구별 안 됨" if low <= 0 <= high else "구별됨")
    assert tested >= len(TASKS)
    expect(page.get_by_role("img", name="org/small: STS")).to_be_visible()
    expect(page.locator(".kel-compare-facts")).to_contain_text("2,560")
    link = page.locator("[data-task=AutoRAGRetrieval] a")
    link.click()
    expect(page).to_have_url(re.compile("task=AutoRAGRetrieval"))
    assert "look=org%2Fsmall%2Corg%2Flarge" in page.url


def test_another_reference_turns_the_signs(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=compare&compare=org/small,org/large,org/near")
    row = page.locator(".kel-compare [data-row=retrieval] .kel-diff-number")
    first = float(row.first.inner_text())
    page.locator("[name=kel-base]").select_option("1")
    expect(page.locator(".kel-diff-head").first).to_contain_text("org/large − org/small")
    assert float(row.first.inner_text()) == pytest.approx(-first, abs=0.001)


def test_models_are_found_by_name_with_the_keyboard(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=compare")
    expect(page.locator(".kel-empty")).to_contain_text("두 개 이상")
    field = page.get_by_role("combobox", name="모델 추가")
    field.fill("org/")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]").inner_text()
    breaks_nothing(page)
    page.keyboard.press("Enter")
    expect(page.locator(".kel-chip")).to_have_text(re.compile(chosen))
    expect(page.locator(".kel-empty")).to_contain_text("한 모델을 더")
    page.keyboard.type("bge-m3")  # the field has the focus again
    page.keyboard.press("Enter")
    expect(page.locator(".kel-compare tbody tr").first).to_be_visible()
    breaks_nothing(page)


def test_names_on_the_front_do_not_overlap_and_stand_in_a_table(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=plots&origin=measured,published,imported")
    page.locator(".kel-plot[data-drawn]").wait_for()
    labels = page.locator(".kel-front-names span")
    assert labels.count() >= 2
    boxes = [box for label in labels.all() if (box := label.bounding_box())]
    for a, b in combinations(boxes, 2):
        apart = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
        assert apart or a["y"] + a["height"] <= b["y"] + 2 or b["y"] + b["height"] <= a["y"] + 2
    front = page.locator(".kel-front-table tbody th").all_inner_texts()
    for text in labels.all_text_contents():
        assert any(text.rstrip("…") in name for name in front), text
    page.locator(".kel-every summary").click()
    rows = [
        (float(y), name)
        for name, y in zip(
            page.locator(".kel-every tbody th").all_inner_texts(),
            page.locator(".kel-every tbody td:last-child").all_inner_texts(),
            strict=True,
        )
    ]
    assert max(rows)[1] in front  # nothing can beat the best score
    page.locator(".kel-front-table button").last.click()
    expect(page.locator(".kel-modelpage h2")).to_be_visible()


def test_the_names_follow_their_points(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=plots&origin=measured,published,imported")
    page.locator(".kel-plot[data-drawn]").wait_for()
    read = "all => all.map(each => [each.textContent, parseFloat(each.style.left)])"
    before = dict(page.locator(".kel-front-names span").evaluate_all(read))
    page.set_viewport_size({"width": 900, "height": 900})
    page.wait_for_function("document.querySelector('.kel-plot .main-svg').clientWidth < 900")
    page.wait_for_function(
        "most => [...document.querySelectorAll('.kel-front-names span')].every(e => parseFloat(e.style.left) < most)",
        arg=max(before.values()),
    )
    after = dict(page.locator(".kel-front-names span").evaluate_all(read))
    assert after
    assert max(after.values()) < 900


def test_the_legend_hides_a_kind(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=plots")
    page.locator(".kel-plot[data-drawn]").wait_for()
    points = page.locator(".kel-plot .point")
    before = points.count()
    page.locator(".kel-plot .legendtoggle").nth(1).click()
    expect(points).not_to_have_count(before)
