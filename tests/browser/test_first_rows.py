"""The first rows that the server draws are those that the script draws: each cell, whatever the address asks for."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from evaluator.records import CardExample, Environment, ModelInfo, Origin
from evaluator.suite import KO_V1, MTEB_KOR_V2, SUITES
from leaderboard_data.page.asked import (
    COSTS,
    EXTRAS,
    MOST_COMPARED,
    ORIGINS,
    PRECISIONS,
    WIDE,
    address_of,
    asked,
)
from leaderboard_data.page.first_rows import FIRST, FirstRows
from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_board import ALL, HOSTILE, prompts, publish_measured, ready
from tests.leaderboard_data.examples import measured, scored
from tests.leaderboard_data.ranked import ranked

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TASKS = KO_V1.category("retrieval").task_ids  # type: ignore[union-attr]
OTHERS = {task: scored(task, 0.6) for task in KO_V1.task_ids if task not in TASKS}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A board with all that a cell can hold: intervals, ties, gaps, doubts, lexical rows, gains, hostile names."""
    with running_app(tmp_path_factory.mktemp("full"), refresh_seconds=0.5) as app:
        for number, score in enumerate((0.8001, 0.8)):
            publish_measured(app, f"org/alike-{number}", score, own=number)
        told = Environment(
            dtype="float32",
            prompts=prompts(HOSTILE),
            prompt_sources=prompts(HOSTILE),
            warnings=(HOSTILE, "card_differs", "prompt_not_used"),
            card_example=CardExample(verdict="differs", expected=((1, 0.6967),), found=((1, -0.25),), tolerance=0.02),
        )
        hostile = measured("org/hostile", 0.3, environment=told)
        origin = Origin(kind="measured", by=HOSTILE, label=HOSTILE, reference="javascript:window.hacked=1")
        info = ModelInfo(license=HOSTILE, parameters=5_000_000, embedding_dimension=7, max_tokens=9, llm_based=False)
        update(app.results, publish_change(hostile.model_copy(update={"origin": origin, "model": info})))
        for result, samples, rankings in (
            ranked("org/better", 2.6, 1, TASKS, OTHERS),
            ranked("org/worse", 1.2, 2, TASKS, OTHERS),
            ranked("lexical/bm25-bigram", 2.0, 3, TASKS),
            ranked("org/sparse", 1.9, 4, TASKS, vectors="sparse"),
            ranked("org/late", 3.4, 5, TASKS, vectors="multi_vector"),
        ):
            update(app.results, publish_change(result, samples, rankings))
        app.wait_for_results()
        yield app


COMPARED = """(panel, [markup, most]) => {
    const first = document.createElement('template');
    first.innerHTML = markup;
    const classes = cell => [...cell.classList].sort().join(' ');
    const cells = (place, names) => [...place.querySelectorAll(names)];
    const title = cell => cell.querySelector('.dt-column-title').textContent;
    const told = cell => [cell.dataset.name, classes(cell), cell.title, cell.getAttribute('aria-sort'), title(cell),
        !!cell.querySelector('.kel-head')];
    const head = table => cells(table, 'thead th').map(told);
    const content = cell => [classes(cell), cell.innerHTML.replaceAll(' checked=""', '')];
    const body = table => cells(table, 'tbody tr').slice(0, most).map(row => [...row.cells].map(content));
    const marks = place => place.querySelector('.kel-marks').textContent.trim();
    const of = place => {
        const table = place.querySelector('table');
        return { head: head(table), rows: body(table), label: table.ariaLabel, marks: marks(place) };
    };
    return [of(first.content), of(panel)];
}"""


def data_of(app: RunningApp, page: Page, suite: str) -> FirstRows:
    """What the server would draw from the data that this page has."""
    name = "board.json" if suite in ("", KO_V1.id) else f"board-{suite}.json"
    return FirstRows(page.request.get(f"{app.url}board/{name}").body())


def compared(page: Page, markup: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The server's table and the script's: heads, rows by class and content, label, legend."""
    panel = page.locator("[role=tabpanel].kel-panel:visible")
    server, script = panel.evaluate(COMPARED, [markup, FIRST])
    return server, script


VIEWS = [f"suite={suite.id}&{ALL}&tab={view}" for suite in SUITES.values() for view in suite.view_ids]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "lang=en",
        *VIEWS,
        f"{ALL}&tab=tasks&lang=en&sort=KLUE-STS.desc",
        f"{ALL}&sort=STS_Average.asc",
        f"{ALL}&sort=Model.desc&q=bge",
        f"{ALL}&sort=Rank.desc",
        f"{ALL}&sort=license.asc&cols=license,origin,precision",
        f"{ALL}&sort=parameters.desc&params=100-1000",
        f"{ALL}&sort=max_tokens.asc&tokens=512-&dim=-1024",
        f"{ALL}&cols=borda,zero_shot,storage,fits,matryoshka,syllable_tokens,unknown,cut,device,suite_seconds,peak,speed",
        f"{ALL}&cols=borda&sort=borda.desc&lang=en",
        f"{ALL}&cols=fits&sort=fits.desc&tab=retrieval&lang=en",
        f"{ALL}&tab=retrieval&sort=hybrid.desc",
        f"{ALL}&unseen=yes&tab=sts",
        f"{ALL}&unseen=declared&w=1,0,2,0&lang=en",
        f"suite={MTEB_KOR_V2.id}&unseen=yes&cols=borda",
        f"suite={MTEB_KOR_V2.id}&w=1,1,1,1,1,5",
        "w=1,0,0,2&hide=NLI_Average,Rank",
        "q=hostile&cols=license,origin",
        "origin=measured&precision=float32,unknown&compare=org/alike-0",
        f"{ALL}&type=llm&open=open&license=mit,apache-2.0",
        f"{ALL}&license=commercial",
        f"{ALL}&type=lexical",
        f"{ALL}&type=sparse&tab=retrieval",
        f"{ALL}&type=multi_vector&cols=storage,borda&lang=en",
        "q=there+is+none",
        "sort=constructor.asc&cols=toString&origin=measured",
        "origin=x",
    ],
)
def test_the_servers_first_rows_are_the_scripts(query: str, full: RunningApp, visit: Visit) -> None:
    page = visit(f"{full.url}?{query}")
    expect(page.locator(".kel-panel:visible tbody td").first).to_be_visible()
    address = address_of(query)
    server, script = compared(page, data_of(full, page, address.get("suite", "")).table(address))
    assert server["head"] == script["head"]
    for number, (expected, row) in enumerate(zip(server["rows"], script["rows"], strict=True)):
        assert expected == row, number
    assert (server["label"], server["marks"]) == (script["label"], script["marks"])


LAID = """(panel, markup) => {
    const cells = () => {
        const box = panel.querySelector('.dt-layout-table > .dt-layout-cell').getBoundingClientRect();
        const of = cell => cell.getBoundingClientRect();
        const seen = [...panel.querySelectorAll('th, td')].filter(cell => of(cell).width);
        return [Math.round(box.width), ...seen.slice(0, 200).map(cell => [of(cell).x - box.x, of(cell).y - box.y,
            of(cell).width, of(cell).height].map(length => Math.round(length)).join())];
    };
    const script = cells();
    panel.innerHTML = markup;
    return [cells(), script];
}"""


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("query", [ALL, f"{ALL}&tab=tasks&lang=en&sort=KLUE-NLI.desc&density=compact", "suite=ko-v2"])
def test_the_scripts_table_lies_where_the_servers_does(query: str, width: int, full: RunningApp, visit: Visit) -> None:
    page = visit(f"{full.url}?{query}", viewport={"width": width, "height": 900})
    expect(page.locator(".kel-panel:visible tbody td").first).to_be_visible()
    address = address_of(query)
    markup = data_of(full, page, address.get("suite", "")).table(address)
    server, script = page.locator("[role=tabpanel].kel-panel:visible").evaluate(LAID, markup)
    assert server == script


SHIFTS = """window.shifts = 0; new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: 'layout-shift', buffered: true });"""


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_moves_when_the_script_takes_over(width: int, app: RunningApp, browser: Browser) -> None:
    for query in ("", "suite=ko-v2", f"{ALL}&tab=tasks&lang=en&sort=KLUE-NLI.desc", "density=compact"):
        with closing(browser.new_context(viewport={"width": width, "height": 900})) as context:
            page = context.new_page()
            page.add_init_script(SHIFTS)
            page.goto(f"{app.url}?{query}")
            expect(page.locator("table.dataTable[data-first]")).to_have_count(0)
            expect(page.locator(".kel-panel:visible tbody td").first).to_be_visible()
            page.wait_for_timeout(500)
            assert page.evaluate("window.shifts") < 0.01, query


STATE = """async ([queries, names]) => {
    const { readState } = await import('/board/state.js');
    return queries.map(query => { const state = readState(query); return names.map(name => state[name]); });
}"""
FIELDS = {
    "tab": "view",
    "lang": "language",
    "origin": "origins",
    "precision": "precisions",
    "params": "parameters",
    "dim": "dimension",
    "tokens": "tokens",
    "license": "licenses",
    "open": "open",
    "type": "type",
    "unseen": "unseen",
    "w": "weights",
    "sort": "sort",
    "cols": "columns",
    "hide": "hide",
    "compare": "compare",
    "device": "device",
}
TEXTS = (
    *(
        "",
        "-",
        " ",
        "0",
        "-0",
        "1",
        "5",
        "5.1",
        "1e3-2E3",
        "1e3",
        ".5-",
        "0x10-0b11",
        "0o17",
        "1_000",
        "Infinity",
        "NaN",
    ),
    *(
        "١",
        "１２-",
        "\u00a07\u00a0-\ufeff9",
        "1,0,0,2",
        ",,,1",
        "1,1,1",
        "0,0,0,0",
        "5,5,5,5,5",
        "0x1,0,0,0",
        "1,-1,1,1",
    ),
    *("ko", "en", "EN", "overall", "sts", "tasks", "nope", "__proto__", "open", "closed", "llm", "yes", "declared"),
    *(
        "measured",
        "measured,imported,measured",
        "float16,unknown,x",
        "mit,,mit,apache-2.0",
        ",".join(map(str, range(70))),
    ),
    *("Rank.desc", "Rank.down", "a.b.asc", "Mean (Task).desc", "한글.asc", "x" * 40 + ".asc", "x" * 41 + ".asc"),
    *("org/a,org/b,org/c,org/d,org/e", "y" * 201, "😀" * 100, "😀" * 101, "😀" * 60, "e\u0301" * 60, "a\nb", HOSTILE),
    *("parameters,dimension,max_tokens,license", "borda,toString,speed", "license,license,borda"),
)


def test_the_server_reads_an_address_as_the_page_does(app: RunningApp, visit: Visit) -> None:
    page = ready(visit(app.url))
    queries = [urlencode({name: text}) for name in (*FIELDS, "q") for text in TEXTS]
    queries += ["sort=a.asc&sort=b.asc", "lang=%FF&q=%F0%9F", "q=a+b&q=c", "cols", "w=1%2C1%2C1%2C1&lang=en"]
    found = page.evaluate(STATE, [queries, [*FIELDS, "q"]])
    suite = KO_V1.description()
    for query, (*told, q) in zip(queries, found, strict=True):
        read = asked(address_of(query), suite)
        assert read is not None
        expected = [getattr(read, field) for field in FIELDS.values()]
        assert [list(each) if isinstance(each, tuple) else each for each in expected] == told, query
        assert list(read.words) == page.evaluate("async q => (await import('/board/scores.js')).searchWords({q})", q), (
            query
        )


def test_names_of_columns_origins_and_costs_are_those_of_the_page(app: RunningApp, visit: Visit) -> None:
    told = ready(visit(app.url)).evaluate(
        "async () => { const s = await import('/board/state.js');"
        " return [s.ORIGINS, s.PRECISIONS, s.COSTS, s.EXTRAS, s.WIDE, s.MOST_COMPARED]; }"
    )
    own = (ORIGINS, PRECISIONS, COSTS, EXTRAS, WIDE)
    assert told == [*map(list, own), MOST_COMPARED]
