"""The plots: names that cover nothing, the Pareto set as a table, colours, and many points without WebGL."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import RunningApp

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
ALL = "origin=measured,published,imported"
DRAWN = "document.querySelector('.kel-plot .kel-plot-names span')"
SEARCHED = """async () => {
    const { placeNames } = await import('./board/plot_labels.js');
    let seed = 1;
    const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const points = Array.from({ length: 40 }, (_, i) =>
        ({ x: chance() * 600, y: chance() * 300, size: 6 + 14 * chance(), name: 'model-of-some-length-' + i }));
    const measure = text => 6 * text.length;
    return [points, placeNames(points, { width: 600, height: 300 }, measure)
        .map(place => place && { ...place, wide: measure(place.text) })];
}"""


def drawn(page: Page) -> Page:
    page.wait_for_function(DRAWN)
    return page


def test_names_lie_on_no_other_name_and_on_no_named_point(app: RunningApp, visit: Visit) -> None:
    points, places = visit(f"{app.url}?tab=about").evaluate(SEARCHED)
    found = [place for place in places if place]
    assert len(found) >= 10
    boxes = [(p["x"] - p["wide"] / 2, p["x"] + p["wide"] / 2, p["y"] - 8, p["y"] + 8) for p in found]
    half = [(p["x"], p["y"], p["size"] / 2) for p in points]
    dots = [(x - r, x + r, y - r, y + r) for x, y, r in half]
    for i, (left, right, top, bottom) in enumerate(boxes):
        assert 0 <= left < right <= 600
        assert 0 <= top < bottom <= 300
        for other in boxes[i + 1 :] + dots:
            assert not (left < other[1] and other[0] < right and top < other[3] and other[2] < bottom)


def test_the_pareto_set_is_a_table_too(app: RunningApp, visit: Visit) -> None:
    page = drawn(visit(f"{app.url}?tab=plots&{ALL}"))
    traces = page.evaluate(
        "document.querySelector('.kel-plot').data.map(({mode, x, y, customdata}) => ({mode, x, y, models: customdata}))"
    )
    points = [
        point
        for trace in traces
        if trace["mode"] == "markers"
        for point in zip(trace["x"], trace["y"], trace["models"], strict=True)
    ]
    front = {m for x, y, m in points if not any(a <= x and b >= y and (a, b) != (x, y) for a, b, _ in points)}
    rows = page.locator(".kel-pareto tbody tr")
    assert set(page.locator(".kel-pareto tbody th").all_inner_texts()) == front
    named = page.locator(".kel-plot-names span").all_text_contents()
    assert named
    assert all(any(model.split("/")[1].startswith(name.rstrip("…")) for model in front) for name in named)
    rows.first.get_by_role("button").click()
    expect(page.locator(".kel-modelpage h2")).to_be_visible()


def test_colour_tells_the_kind_shape_the_origin_and_size_the_dimension(app: RunningApp, visit: Visit) -> None:
    page = drawn(visit(f"{app.url}?tab=plots&{ALL}"))
    marks = page.evaluate(
        "document.querySelector('.kel-plot').data.filter(({mode}) => mode === 'markers')"
        ".map(({name, marker}) => [name.split(' · '), marker.color, marker.symbol])"
    )
    assert len({name[0] for name, _, _ in marks}) == len({colour for _, colour, _ in marks}) > 1
    assert len({name[1] for name, _, _ in marks}) == len({symbol for _, _, symbol in marks}) > 1
    assert page.evaluate(
        "document.querySelector('.kel-plot').data.every(({text, marker}) => !text || text.every((card, i) => "
        "/차원: (모름|[\\d,]+)/.test(card) && /라이선스: /.test(card) && marker.size[i] >= 7 && marker.size[i] <= 20))"
    )


def test_filters_that_leave_nothing_say_what_to_do(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=plots&q=nobody-has-this-name")
    expect(page.locator(".kel-panel:visible .kel-empty")).to_contain_text("필터")


def test_without_webgl_the_best_and_the_front_are_drawn(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=about")
    held = page.evaluate(
        """async () => {
            const { MANY, drawable } = await import('./board/plots.js');
            const points = Array.from({ length: 3 * MANY }, (_, i) => ({ x: i, y: i }));
            const front = [points[0], points.at(-1)];
            const limited = drawable(points, front, () => false);
            return [
                drawable(points.slice(0, MANY), front, () => false).length === MANY,
                drawable(points, front, () => true).length === points.length,
                limited.length <= MANY && limited.filter(({ y }) => y > 2 * MANY + 2).length === MANY - 3,
                front.every(point => limited.includes(point)),
            ];
        }"""
    )
    assert held == [True] * 4  # few, many with WebGL, the best, the front
