"""How fast the scatter plot of many models is drawn, by WebGL and as SVG: `python -m benchmarks.plots --models 10000`.

The store holds the shipped results with noise (seeded). Printed: seconds from the choice of the tab to a frame with all
points and the names on the Pareto front, with Plotly fetched for it and again; then, in the same browser, seconds of
Plotly for the same figure with `scattergl` and with `scatter` traces, and their ratio. WebGL is drawn by the processor
(SwiftShader), so a graphics card is faster.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import Page, sync_playwright

from benchmarks.board import fill
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.running import running_app

WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
REPEATS = 3

OPENED = """async () => {
    const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    const board = document.querySelector('.kel-host').board;
    board.change({ tab: 'overall' }, { page: true });
    document.querySelector('#view-plots').replaceChildren();
    await frame();
    const start = performance.now();
    board.change({ tab: 'plots' }, { page: true });
    while (!document.querySelector('.kel-plot')?.querySelector('.kel-plot-names')) await frame();
    await frame();
    return (performance.now() - start) / 1000;
}"""
DRAWN = """async type => {
    const plot = document.querySelector('.kel-plot');
    const data = plot.data.map(trace => trace.mode === 'markers' ? { ...trace, type } : trace);
    const place = document.createElement('div');
    plot.after(place);
    const start = performance.now();
    await Plotly.newPlot(place, data, { ...plot.layout });
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    const seconds = (performance.now() - start) / 1000;
    Plotly.purge(place);
    place.remove();
    return seconds;
}"""
POINTS = (
    "document.querySelector('.kel-plot').data.filter(({mode}) => mode === 'markers').flatMap(({x}) => [...x]).length"
)


def drawn(page: Page, kind: str) -> float:
    """Median seconds of Plotly for the figure that is shown, with traces of this kind."""
    return statistics.median(float(page.evaluate(DRAWN, kind)) for _ in range(REPEATS))


def main(models: Annotated[int, typer.Option(help="how many models")] = 10_000) -> None:
    """Measure and print."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium here; apt-get install chromium")
    flags = [flag for flag in CHROMIUM_FLAGS if flag != "--disable-gpu"]
    with tempfile.TemporaryDirectory(prefix="kel-plots-") as folder:
        url = f"file:{folder}/results.git"
        fill(url, models)
        with running_app(Path(folder), results_url=url, refresh_seconds=600) as app, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=[*flags, *WEBGL])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(120_000)
            page.goto(app.url)
            page.wait_for_function("document.querySelector('.kel-host').board")
            first = float(page.evaluate(OPENED))
            again = statistics.median(float(page.evaluate(OPENED)) for _ in range(REPEATS))
            kind = page.evaluate("document.querySelector('.kel-plot').data.find(({mode}) => mode === 'markers').type")
            points = page.evaluate(POINTS)
            by_webgl, as_svg = drawn(page, "scattergl"), drawn(page, "scatter")
            browser.close()
    print(f"{points:,} points, drawn by the page as {kind}")
    print(f"tab opened, Plotly fetched: {first:.2f} s; again: {again:.2f} s")
    print(f"Plotly alone: scattergl {by_webgl:.2f} s, scatter {as_svg:.2f} s: {as_svg / by_webgl:.1f} times as long")


if __name__ == "__main__":
    typer.run(main)
