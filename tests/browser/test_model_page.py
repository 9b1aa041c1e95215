"""The page of a model: where it stands, in numbers and in words, who beats it at its size, how it was loaded, and what
the page says where there is nothing to show."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from evaluator.records import Environment, ModelInfo
from evaluator.suite import KO_V1, OVERALL, SUITES, Suite
from leaderboard_data.board import Table, percent, table
from leaderboard_data.entry import ORIGINS
from leaderboard_data.publish import publish_change, shipped_entries
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_accessibility import breaks_nothing
from tests.browser.test_board import publish_measured
from tests.leaderboard_data.curved import curved
from tests.leaderboard_data.examples import measured, scored

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
HANGUL = "element => [...element.innerText.matchAll(/[가-힣]+/g)].map(match => match[0])"
KURE = "nlpai-lab/KURE-v1"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The published board, two measured models that are not told apart, one with much to tell of how it was loaded,
    and one with smaller vectors."""
    with running_app(tmp_path_factory.mktemp("mixed"), refresh_seconds=0.5) as app:
        for number, score in enumerate((0.8001, 0.8)):
            publish_measured(app, f"org/alike-{number}", score, own=number)
        sides = {task: {"query": "질의: ", "document": ""} for task in KO_V1.task_ids}
        told = Environment(
            dtype="bfloat16",
            loader="sentence-transformers",
            pooling="last",
            pooling_source="1_Pooling/config.json",
            prompts=sides | {"KLUE-STS": {"text": "문장: "}},
            versions={"torch": "2.9.1", "transformers": "5.1.0"},
            device="cuda:0 NVIDIA H200",
            max_tokens=4096,
        )
        loaded = measured("org/loaded", 0.7, environment=told, dtype="bfloat16")
        loaded = loaded.model_copy(update={"model": ModelInfo(parameters=500_000_000, license="mit")})
        update(app.results, publish_change(loaded))
        retrieval = KO_V1.category("retrieval")
        assert retrieval
        others = {task: scored(task, 0.6) for task in KO_V1.task_ids if task not in retrieval.task_ids}
        info = ModelInfo(embedding_dimension=384, matryoshka=True, parameters=90_000_000)
        result, samples, rankings, curves = curved("org/small", 1.6, 1, retrieval.task_ids, others, info)
        update(app.results, publish_change(result, samples, rankings, curves=curves))
        app.wait_for_results()
        yield app


def opened(page: Page) -> Page:
    """The page when the server's part of it has come."""
    expect(page.locator(".kel-mresults .kel-result").first).to_be_visible()
    return page


def lines_of(suite: Suite, model: str) -> dict[str, tuple[list[float], float | None, str]]:
    """Line -> (the scores on it, this model's own, its rank as the page shows it), by the rules of the board."""
    entries = shipped_entries()
    found = {}
    for view in (OVERALL, *(category.id for category in suite.categories)):
        made = table(entries, view, suite)
        at = made.columns.index(made.sorted_by if view != OVERALL else suite.averages[0].column)
        mine = next(row for row in made.rows if row.entry.model == model)
        ranked = sum(row.rank is not None for row in made.rows)
        scores = [row.values[at] for row in made.rows if row.values[at] is not None and not row.entry.lexical]
        rank = f"{mine.rank} / {ranked}" if mine.rank else "–"
        found[view] = ([score for score in scores if score is not None], mine.values[at], rank)
    listed = [row.entry for row in table(entries, OVERALL, suite).rows if not row.entry.lexical]
    own = next(entry for entry in listed if entry.model == model)
    for number, task in enumerate(suite.task_ids):
        held = [score for entry in listed if (score := entry.cells[number].score) is not None]
        score = own.cells[number].score
        better = 0 if score is None else sum(round(each, 10) > round(score, 10) for each in held)
        found[task] = (held, score, "–" if score is None else f"{better + 1} / {len(held)}")
    return found


@pytest.mark.parametrize(
    ("suite_id", "model"), [("ko-v1", KURE), ("ko-v2", "BAAI/bge-m3"), ("mteb-kor-v2", "BAAI/bge-m3")]
)
def test_the_strip_stands_where_the_numbers_say(suite_id: str, model: str, app: RunningApp, visit: Visit) -> None:
    suite = SUITES[suite_id]
    page = opened(visit(f"{app.url}?suite={suite_id}&model={model}"))
    drawn = page.locator(".kel-strip tbody tr").evaluate_all(
        """rows => rows.map(row => [row.dataset.line, {
            ticks: row.querySelector('svg').dataset.ticks.split(' ').map(Number),
            at: row.querySelector('.kel-strip-mark')?.dataset.at ?? null,
            left: row.querySelector('.kel-strip-mark')?.style.left ?? null,
            rank: row.querySelector('.kel-strip-rank').innerText.split('\\n')[0],
            score: row.querySelector('.kel-strip-score').firstChild.textContent,
        }])"""
    )
    found = dict(drawn)
    expected = {line: told for line, told in lines_of(suite, model).items() if told[0]}
    assert list(found) == [
        OVERALL,
        *(line for each in suite.categories for line in (each.id, *each.task_ids) if line in expected),
    ]
    for line, (scores, own, rank) in expected.items():
        low, high = min(scores), max(scores)

        def place(score: float, low: float = low, high: float = high) -> float:
            return (score - low) / (high - low) if high > low else 0.5

        assert (found[line]["rank"], found[line]["score"]) == (rank, "–" if own is None else percent(own)), line
        wanted = sorted({round(1000 * place(score)) for score in scores})
        assert len(found[line]["ticks"]) == pytest.approx(len(wanted), abs=1), line  # a half may be rounded either way
        for tick in found[line]["ticks"]:
            assert min(abs(tick - each) for each in wanted) <= 1, line
        if own is None:
            assert found[line]["at"] is None
        else:
            assert float(found[line]["at"]) == pytest.approx(place(own), abs=1e-4), line
            assert float(found[line]["left"].rstrip("%")) == pytest.approx(100 * place(own), abs=0.01), line


def test_the_strip_has_the_interval_and_the_tie_group(mixed: RunningApp, visit: Visit) -> None:
    page = opened(visit(f"{mixed.url}?model=org/alike-1"))
    line = page.locator(".kel-strip [data-line=overall]")
    track, whisker, mark = (line.locator(f".kel-strip-{part}").bounding_box() for part in ("track", "whisker", "mark"))
    assert track
    assert whisker
    assert mark
    middle = mark["x"] + mark["width"] / 2
    assert track["x"] - 1 <= whisker["x"] < middle < whisker["x"] + whisker["width"] + 1
    expect(line.locator(".kel-strip-rank")).to_have_text(re.compile(r"2 / \d+동점군 1–2"))
    expect(page.locator(".kel-mfigures")).to_contain_text(re.compile(r"95 % 구간 7\d\.\d\d–8\d\.\d\d"))
    expect(page.locator(".kel-mfigures")).to_contain_text("동점군 1–2위")


def test_the_strip_is_a_table_for_the_keyboard_and_for_who_does_not_see_it(app: RunningApp, visit: Visit) -> None:
    page = opened(visit(f"{app.url}?model={KURE}"))
    strip = page.get_by_role("table", name="어디쯤에 있나")
    row = strip.get_by_role("row", name="sib200")
    expect(row.get_by_role("cell").last).to_have_text("3 / 9")
    expect(strip.locator("[aria-hidden=true] button, [aria-hidden=true] a")).to_have_count(0)
    row.get_by_role("button", name="sib200").press("Enter")
    expect(page.locator(".kel-modelpage h2")).to_have_text("sib200")
    page.go_back()
    opened(page).get_by_role("button", name="검색", exact=True).press("Enter")
    expect(page.get_by_role("tab", name="검색", exact=True)).to_have_attribute("aria-selected", "true")


def evaluated(page: Page, expression: str) -> object:
    return page.evaluate(f"() => import(new URL('board/standing.js', document.baseURI)).then(it => ({expression}))")


@pytest.mark.parametrize(
    ("rank", "of", "ties", "said"),
    [
        (1, 40, None, ["top", 5]),  # 5 % of 40 are two models
        (2, 40, None, ["top", 5]),
        (3, 40, None, ["top", 10]),
        (1, 39, None, ["top", 10]),  # 5 % of 39 is room for one
        (12, 40, None, ["top", 30]),
        (13, 40, None, None),
        (28, 40, None, None),
        (29, 40, None, ["bottom", 30]),
        (40, 40, None, ["bottom", 5]),
        (1, 7, None, ["top", 30]),
        (1, 6, None, None),  # 30 % of 6 is room for one
        (7, 7, None, ["bottom", 30]),
        (1, 40, [1, 12], ["top", 30]),  # the worse end of its tie group
        (1, 40, [1, 13], None),
        (40, 40, [29, 40], ["bottom", 30]),  # the better end
        (40, 40, [28, 40], None),
        (None, 40, None, None),
    ],
)
def test_a_place_is_said_in_a_band_that_has_room_and_holds_the_whole_tie_group(
    rank: int | None, of: int, ties: list[int] | None, said: list[object] | None, app: RunningApp, visit: Visit
) -> None:
    page = visit(app.url)
    line = json.dumps({"rank": rank, "value": 50, "ties": ties, "ranks": list(range(1, of + 1))})
    found = evaluated(page, f"it.bandOf({line})")
    assert (found and [found["side"], found["band"]]) == said  # type: ignore[index]


def test_equal_ranks_count_together_and_who_lacks_the_score_is_not_said_to_be_weak(
    app: RunningApp, visit: Visit
) -> None:
    page = visit(app.url)
    shared = {"rank": 1, "value": 50, "ties": None, "ranks": [1] * 9 + list(range(10, 41))}
    assert evaluated(page, f"it.bandOf({json.dumps(shared)}).band") == 30  # nine of forty share the first rank
    lacking = {"rank": 40, "value": None, "ties": None, "ranks": list(range(1, 40))}
    assert evaluated(page, f"it.bandOf({json.dumps(lacking)})") is None
    line = {"kind": "category", "value": 50, "ties": None, "of": 6, "rank": 1, "ranks": [1, 2, 3, 4, 5, 6]}
    told = evaluated(page, f"it.inWords([{json.dumps(line)}])")
    assert (told["enough"], told["top"], told["most"]) == (False, [], 6)  # type: ignore[index]


def test_strengths_and_weaknesses_are_in_words(app: RunningApp, mixed: RunningApp, visit: Visit) -> None:
    words = opened(visit(f"{app.url}?model={KURE}")).locator(".kel-mwords")
    expect(words.locator(".kel-strong li")).to_have_text(["검색: 상위 30 % (9개 중 1위)"])
    expect(words.locator(".kel-weak li")).to_have_count(0)
    expect(words).to_contain_text("검정하지 않았습니다")
    words = opened(visit(f"{mixed.url}?model=org/alike-1&lang=en")).locator(".kel-mwords")
    expect(words.locator(".kel-strong li").first).to_contain_text(re.compile(r"NLI: top 20 % \(rank 2 of 1\d\)"))
    expect(words).not_to_contain_text("not tested")


def better_of(made: Table, model: str) -> list[str]:
    """Models with 2/3 to 3/2 of its parameters and a higher average, best first; of reported results, without ties."""
    at = made.columns.index("Average")
    mine = next(row for row in made.rows if row.entry.model == model)
    size, average = mine.entry.parameters, mine.values[at]
    assert size
    assert average
    found = [
        (row.values[at], row.entry.name)
        for row in made.rows
        if row.entry.model != model and row.entry.parameters and row.values[at] is not None
        if size / 1.5 <= row.entry.parameters <= size * 1.5
    ]
    return [name for score, name in sorted(found, reverse=True) if score and score > average]


def test_better_models_of_its_size_are_those_that_are_better_and_of_its_size(app: RunningApp, visit: Visit) -> None:
    made = table(shipped_entries(), OVERALL, KO_V1)
    models = [row.entry.model for row in made.rows if row.entry.parameters]
    assert models
    any_better = False
    page = visit(app.url)
    for model in models:
        page.goto(f"{app.url}?model={model}")
        section = opened(page).locator(".kel-msimilar")
        expected = better_of(made, model)
        any_better |= bool(expected)
        assert section.locator("tbody th").all_inner_texts() == expected[:5], model
        if not expected:
            expect(section).to_contain_text("평균이 높은 모델이 없습니다")
        else:
            expect(section.locator("tbody tr").first).to_contain_text("검정하지 않음")
    assert any_better


def test_a_better_model_in_the_tie_group_is_not_said_to_be_better(mixed: RunningApp, visit: Visit) -> None:
    page = opened(visit(f"{mixed.url}?model=org/alike-1"))
    similar = page.locator(".kel-msimilar")
    expect(similar).to_contain_text("유의하게 더 나은 모델은 없습니다")
    expect(similar).to_contain_text("동점군 안에 있는 모델 1개")
    page.goto(f"{mixed.url}?model=org/small")  # of its size, and without tie groups of its own
    similar = opened(page).locator(".kel-msimilar")
    expect(similar.locator("tbody th")).to_have_text(["org/alike-0", "org/alike-1"])
    similar.get_by_role("button", name="둘을 비교: org/small, org/alike-0").click()
    expect(page).to_have_url(re.compile("tab=compare&compare=org%2Fsmall%2Corg%2Falike-0"))


def test_better_at_its_size_by_made_up_rows(app: RunningApp, visit: Visit) -> None:
    def row(model: str, parameters: int | None, value: float | None, rank: int, ties: list[int] | None) -> object:
        return {"entry": {"model": model, "parameters": parameters}, "values": [value], "rank": rank, "ties": ties}

    rows = [
        row("far", 1000, 90, 1, [1, 1]),
        row("told", 150, 80, 2, [2, 2]),
        row("told", 150, 79, 3, [3, 3]),  # another precision of the same model
        row("tied", 67, 70, 4, [4, 5]),
        row("mine", 100, 69, 5, [4, 5]),
        row("reported", 100, 75, 6, None),
        row("unknown", None, 85, 7, None),
        row("too small", 66, 85, 8, None),
        row("lower", 100, 60, 9, None),
        row("none", 100, None, 10, None),
    ]
    page = visit(app.url)
    overall = json.dumps({"rows": rows, "at": 0})
    made = f"it.betterAtSize({overall}, 'mine')"
    found = evaluated(page, f"{made}.better.map(each => [each.entry.model, each.tested])")
    assert found == [["told", True], ["reported", False]]
    assert evaluated(page, f"{made}.tied") == 1
    assert evaluated(page, f"it.betterAtSize({overall}, 'unknown')") is None
    assert evaluated(page, f"it.betterAtSize({overall}, 'none')") is None


def test_how_it_was_loaded_is_told_in_words(mixed: RunningApp, visit: Visit) -> None:
    page = opened(visit(f"{mixed.url}?model=org/loaded&lang=en"))
    told = page.locator(".kel-mloaded")
    for text in ("sentence-transformers", "last (1_Pooling/config.json)", "bfloat16", "4,096", "cuda:0 NVIDIA H200"):
        expect(told).to_contain_text(text)
    expect(told.locator(".kel-versions li")).to_have_text(["torch 2.9.1", "transformers 5.1.0"])
    expect(told.locator(".kel-prompts li")).to_have_text(["text: 문장:  KLUE-STS", "query: 질의:  8 tasks"])
    commit = told.get_by_role("link", name="org/loaded @ 0123456789ab")
    expect(commit).to_have_attribute("href", re.compile("huggingface.co/org/loaded/tree/0123456789abcdef"))
    page.goto(f"{mixed.url}?model={KURE}&lang=en")
    expect(opened(page).locator(".kel-mloaded")).to_contain_text("how the model was loaded there is not known here")


def test_a_tasks_provenance_opens_below_its_row(mixed: RunningApp, visit: Visit) -> None:
    page = opened(visit(f"{mixed.url}?model=org/alike-0"))
    button = page.get_by_role("button", name="KLUE-STS: 자세히")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    more = page.locator(".kel-more:visible")
    for text in ("80.01 %", "78.01 – 82.01", "질의:", "card registry: tests, query", "--tasks KLUE-STS"):
        expect(more).to_contain_text(text)
    box = more.locator("dl").bounding_box()
    assert box
    assert box["width"] > 600
    button.press("Enter")
    expect(more).to_have_count(0)


def test_smaller_vectors_are_a_picture_too(mixed: RunningApp, visit: Visit) -> None:
    page = opened(visit(f"{mixed.url}?model=org/small"))
    picture = page.get_by_role("img", name="검색: 벡터 하나의 바이트")
    rows = page.locator(".kel-sizes tbody tr")
    expect(picture.locator("circle:has(title)")).to_have_count(rows.count())
    xs = picture.locator("circle:has(title)").evaluate_all("dots => dots.map(dot => +dot.getAttribute('cx'))")
    assert xs == sorted(xs, reverse=True)  # as the table: the largest first
    assert xs[0] > xs[-1] + 300


@pytest.mark.parametrize("model", [KURE, "org/alike-0", "org/small"])
def test_the_page_of_every_kind_of_model_breaks_nothing_and_fits_a_phone(
    model: str, mixed: RunningApp, visit: Visit
) -> None:
    page = opened(visit(f"{mixed.url}?model={model}"))
    page.get_by_role("button", name="KLUE-STS: 자세히").first.click()
    breaks_nothing(page, ".kel-modelpage")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    lines = page.locator(".kel-strip tbody tr").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert max(lines) < 130
    narrow = page.locator(".kel-strip-track").evaluate_all("tracks => tracks.map(track => track.clientWidth)")
    assert min(narrow) > 120


def test_the_page_speaks_one_language(app: RunningApp, visit: Visit) -> None:
    page = opened(visit(f"{app.url}?model={KURE}&lang=en"))
    assert page.locator(".kel-modelpage").evaluate(HANGUL) == []
    expect(page.get_by_role("heading", name="Where it stands")).to_be_visible()


def test_a_model_that_the_board_lists_under_other_origins_alone_is_held_against_all(
    app: RunningApp, visit: Visit
) -> None:
    shown = {row.entry.model for row in table(shipped_entries(), OVERALL, KO_V1).rows}
    others = table(shipped_entries(), OVERALL, KO_V1, ORIGINS)
    model = next(row.entry.model for row in others.rows if row.entry.model not in shown and row.rank)
    rank = next(row.rank for row in others.rows if row.entry.model == model)
    page = opened(visit(f"{app.url}?model={model}"))
    expect(page.locator(".kel-mfigures")).to_contain_text("출처가 측정, 공개 순위표, MTEB인 결과와 비교했습니다")
    expect(page.locator(".kel-strip [data-line=overall] .kel-strip-rank")).to_contain_text(f"{rank} / ")


def test_what_the_board_knows_is_drawn_before_the_server_answers_and_a_failure_can_be_retried(
    app: RunningApp, visit: Visit
) -> None:
    page = visit(app.url)
    page.route("**/board/api/model*", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"{app.url}?model={KURE}")
    expect(page.locator(".kel-strip tbody tr")).to_have_count(14)
    expect(page.get_by_role("alert")).to_contain_text("서버가 답하지 않아")
    page.unroute("**/board/api/model*")
    page.get_by_role("button", name="다시 시도").click()
    opened(page)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_results_that_cannot_be_read_are_said_and_asked_for_again(app: RunningApp, visit: Visit) -> None:
    page = visit(app.url)
    told = page.request.get(f"{app.url}board/api/model?id={KURE}").json()
    unreadable = [{**result, "readable": False, "tasks": []} for result in told["results"]]
    page.route("**/board/api/model*", lambda route: route.fulfill(json={**told, "results": unreadable}))
    page.goto(f"{app.url}?model={KURE}")
    expect(page.get_by_role("alert").first).to_contain_text("결과 파일을 지금 읽을 수 없어")
    page.unroute("**/board/api/model*")
    page.get_by_role("button", name="다시 시도").click()
    expect(page.locator(".kel-tasks tbody tr").first).to_be_visible()


def test_an_unknown_model_leads_on(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?model=no/KURE&lang=en")
    expect(page.get_by_role("alert")).to_have_text("no/KURE: this model is not on the board.")
    expect(page.get_by_role("link", name="Ask for its evaluation")).to_have_attribute(
        "href", re.compile(r"^\?tab=submit")
    )
    page.get_by_role("button", name="Find it in the table").click()
    expect(page.get_by_role("searchbox")).to_have_value("KURE")
    expect(page.locator(".kel-panel:visible tbody tr")).to_have_count(1)
