"""How fast the board is, with 9, 300 and 10,000 models, in a real browser: `python -m benchmarks.board`.

Each store is made of the shipped results with noise (seeded). Printed for each: seconds from index to board; the
server's start to its first answer and its memory; page navigation to the first row and to one that answers, bytes,
layout shift, tab switch, sort, filter and search in Chromium; and 50 visitors at once. Server, browser and visitors
share this machine.
"""

import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import typer
from playwright.sync_api import Page, sync_playwright

from evaluator.records import Environment, ModelResult, Origin, Run, TaskScore, dump_result
from evaluator.scores import score_by
from evaluator.spec import ModelSpec, result_path
from evaluator.suite import KO_V1
from leaderboard_data.entry import entry_of
from leaderboard_data.index import dump_index
from leaderboard_data.load import Reader, load_entries, parse_results, snapshot_of
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import shipped_files
from store import open_store
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.running import RunningApp, running_app

VISITORS = 50
REPEATS = 5


def real_results() -> list[ModelResult]:
    """The shipped results that have all nine scores."""
    found = [result for path, content in shipped_files().items() for result in parse_results(path, content)[0]]
    return [result for result in found if entry_of("", result, KO_V1).complete]


def noisy_results(count: int) -> list[ModelResult]:
    """`count` measured results: real ones with noise of two points, each under a name of its own."""
    chance = random.Random(42)
    real = real_results()
    made = []
    for number in range(count):
        result = real[number % len(real)]
        run = Run(environment=Environment(dtype="float32"), at=datetime(2026, 11, 23, tzinfo=UTC))
        tasks = {}
        for task, rule in KO_V1.rules.items():
            value = min(1.0, max(0.0, (score_by(rule, result.tasks[task]) or 0) + chance.gauss(0, 0.02)))
            metrics = {**result.tasks[task].metrics, **dict.fromkeys(rule.metrics, value)}
            intervals = {rule.id: (value - 0.01, value + 0.01)}
            tasks[task] = TaskScore(metrics=metrics, n=500, intervals95=intervals, run=run.id)
        organisation, name = result.spec.model.split("/")
        made.append(
            ModelResult(
                spec=ModelSpec(model=f"{organisation[:60]}/{name[:60]}-{number}", revision=f"{number:040x}"),
                model=result.model,
                tasks=tasks,
                runs={run.id: run},
                origin=Origin(kind="measured", by="benchmark"),
            )
        )
    return made


def fill(url: str, count: int) -> None:
    """A results store with `count` models; nine are the published board itself."""
    store = open_store(url)
    if count == 9:
        files = {path: content for path, content in shipped_files().items() if path.endswith(".json")}
        read = {path: parse_results(path, content)[0] for path, content in files.items()}
        entries = [entry_of(path, result, KO_V1) for path, results in read.items() for result in results]
    else:
        results = noisy_results(count)
        files = {result_path(result.spec): dump_result(result) for result in results}
        entries = [entry_of(result_path(result.spec), result, KO_V1) for result in results]
    store.commit({**files, **dump_index(entries)}, f"{count} models", store.head())


def timed(action: Any) -> tuple[float, Any]:
    """(seconds, what the action returned)."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def clicked(page: Page, script: str) -> float:
    """Seconds from running `script` in the page until the next frame is drawn."""
    return float(
        page.evaluate(
            f"""async () => {{ const start = performance.now(); {script};
            await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
            return (performance.now() - start) / 1000; }}"""
        )
    )


WATCH = """{
    const seen = (name, test) => new Promise((done) => {
        const look = () => (test() ? requestAnimationFrame(() => setTimeout(done, 0)) : setTimeout(look, 2));
        look();
    }).then(() => { window[name] = performance.now() / 1000; });
    seen('firstRow', () => document.querySelector('.kel-panel:not([hidden]) tbody td')?.getClientRects().length);
    seen('interactive', () => document.querySelector('.kel-host:not([aria-busy]) .kel-panel:not([hidden]) tbody td'));
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
    }).observe({type: 'layout-shift', buffered: true});
}"""
"""Notes in the page the seconds from navigation to a frame with the first row and to the first row that answers, and
what the layout shifts by."""

BLOCKING = """performance.getEntriesByType('navigation')[0].transferSize + performance.getEntriesByType('resource')
    .filter(entry => entry.renderBlockingStatus === 'blocking').reduce((sum, entry) => sum + entry.transferSize, 0)"""
"""The bytes that have to come before anything is painted."""


def in_browser(app: RunningApp) -> dict[str, str]:
    """Times of one visitor, medians of five; the first row in a fresh browser without a cache."""
    rows, interactive, wires, blocking, heaps, shifts = [], [], [], [], [], []
    with sync_playwright() as playwright:
        for _ in range(REPEATS):
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
            page = browser.new_page()
            page.add_init_script(WATCH)
            received = [0]
            devtools = page.context.new_cdp_session(page)
            devtools.send("Network.enable")
            devtools.on("Network.loadingFinished", lambda event, to=received: to.append(event["encodedDataLength"]))
            page.goto(app.url, wait_until="commit")
            page.wait_for_function("window.interactive")
            page.wait_for_timeout(1500)
            rows.append(float(page.evaluate("window.firstRow")))
            interactive.append(float(page.evaluate("window.interactive")))
            shifts.append(float(page.evaluate("window.shifted")))
            blocking.append(float(page.evaluate(BLOCKING)))
            wires.append(sum(received))
            heaps.append(float(page.evaluate("performance.memory.usedJSHeapSize")))
            if len(rows) < REPEATS:
                browser.close()
        header = "document.querySelector('.kel-panel:not([hidden]) th:nth-child({}) .dt-column-order').click()"
        search = "board.change({{ q: '{}' }}, {{ filter: true }})"
        tab = "document.getElementById('tab-{}').click()"
        page.evaluate("window.board = document.querySelector('.kel-host').board")
        found = {
            "first row": _seconds(rows),
            "first row that answers": _seconds(interactive),
            "layout shift (CLS)": f"{max(shifts):.4f} at most",
            "sent before the first row": f"{statistics.median(blocking) / 1e3:.0f} kB",
            "tab switch, first": _seconds([clicked(page, tab.format(name)) for name in ("sts", "nli", "retrieval")]),
            "tab switch, later": _seconds(
                [clicked(page, tab.format(name)) for name in ("overall", "sts", "nli", "overall")]
            ),
            "sort": _seconds([clicked(page, header.format(number)) for number in (3, 4, 5, 6, 7)]),
            "search": _seconds([clicked(page, search.format(q)) for q in ("b", "bge", "kure", "qwen", "")]),
            "filter": _seconds(
                [
                    clicked(page, f"board.change({{ params: [{low}, null] }}, {{ filter: true }})")
                    for low in (100, 500, 1000)
                ]
            ),
            "weights": _seconds(
                [
                    clicked(page, f"board.change({{ w: [{w}, 1, 1, 1] }}, {{ refill: true, rename: true }})")
                    for w in (2, 3, 0)
                ]
            ),
            "sent": f"{statistics.median(wires) / 1e6:.2f} MB",
            "heap": f"{statistics.median(heaps) / 1e6:.0f} MB",
        }
        browser.close()
    return found


def _seconds(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} s ({min(times):.2f}-{max(times):.2f})"


WHOLE = ("", "board/board.js", "board/scores.js", "board/table.js", "board/dt_bundle.js", "board/board.json")


async def visitors(url: str, paths: Sequence[str] = WHOLE) -> list[float]:
    """Seconds that each of 50 visitors waits for page, scripts and data, all at once, each without a cache."""

    async def visit(client: httpx.AsyncClient) -> float:
        start = time.perf_counter()
        (await client.get(paths[0])).raise_for_status()
        for answer in await asyncio.gather(*(client.get(path) for path in paths[1:])):
            answer.raise_for_status()
        return time.perf_counter() - start

    # they take the bytes as they come: decompressing them is the visitor's machine's work
    clients = [
        httpx.AsyncClient(
            base_url=url, limits=httpx.Limits(max_connections=6), timeout=60, headers={"Accept-Encoding": "br"}
        )
        for _ in range(VISITORS)
    ]
    try:
        return sorted(await asyncio.gather(*(visit(client) for client in clients)))
    finally:
        await asyncio.gather(*(client.aclose() for client in clients))


def measure(count: int) -> dict[str, str]:
    """One line of the table."""
    with tempfile.TemporaryDirectory(prefix="kel-board-") as folder:
        url = f"file:{folder}/results.git"
        fill(url, count)
        snapshot = snapshot_of(open_store(url))
        load_seconds, entries = timed(lambda: load_entries(snapshot, Reader()))
        data_seconds, _ = timed(lambda: page_data(entries, snapshot.revision, KO_V1))
        start = time.perf_counter()
        with running_app(Path(folder), results_url=url, refresh_seconds=30) as app:
            started = time.perf_counter() - start
            found = in_browser(app)
            first = asyncio.run(visitors(app.url, [f"?q={random.random()}"]))  # an address that nobody asked for yet
            waited = asyncio.run(visitors(app.url))
            memory = psutil.Process(app.process.pid).memory_info().rss
    return {
        "index to board": f"{load_seconds + data_seconds:.2f} s",
        "start to first answer": f"{started:.1f} s",
        "server memory": f"{memory / 1e6:.0f} MB",
        **found,
        f"{VISITORS} visitors, first rows, p95": f"{first[int(0.95 * len(first)) - 1]:.2f} s",
        f"{VISITORS} visitors, whole page, p95": f"{waited[int(0.95 * len(waited)) - 1]:.2f} s",
    }


def main(
    models: Annotated[list[int] | None, typer.Option(help="how many models; may be repeated")] = None,
) -> None:
    """Measure and print a table."""
    if shutil.which("chromium") is None:
        sys.exit("no chromium here; apt-get install chromium")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    counts = models or [9, 300, 10_000]
    measured = {count: measure(count) for count in counts}
    print("|  | " + " | ".join(f"{count:,} models" for count in counts) + " |")
    print("|---|" + "---|" * len(counts))
    for line in next(iter(measured.values())):
        print(f"| {line} | " + " | ".join(measured[count][line] for count in counts) + " |")


if __name__ == "__main__":
    typer.run(main)
