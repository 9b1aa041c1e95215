"""How fast the scatter plot is with 10,000 points: `python -m benchmarks.plots`.

One store of noisy results (benchmarks.board), one server, and Chromium twice: with WebGL (in software, SwiftShader)
and without. Printed for each: the median and range of seconds from a change of the axis to the drawn frame, Plotly
being loaded, and how it was drawn. Without WebGL the page draws fewer points, and says how many.
"""

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from playwright.sync_api import sync_playwright

from benchmarks.board import fill
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.running import RunningApp, running_app

WEBGL_FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
AXES = ("dimension", "parameters", "storage", "dimension", "parameters")

DRAW = """async (x) => {
    const board = document.querySelector('.kel-host').board;
    document.querySelector('.kel-plot').removeAttribute('data-drawn'); // the new one has it once it is drawn
    const start = performance.now();
    board.change({ x }, { filter: true });
    while (!document.querySelector('.kel-plot[data-drawn]')) await new Promise(done => setTimeout(done, 2));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    return (performance.now() - start) / 1000;
}"""
"""Seconds until the plot over another axis, with the names on its front, is in a frame."""


def drawn(app: RunningApp, flags: list[str]) -> tuple[str, list[float]]:
    """(how the points were drawn: webgl or svg, seconds of each draw) in a browser with these flags."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{app.url}?tab=plots")
        page.locator(".kel-plot[data-drawn]").wait_for(timeout=120_000)
        seconds = [float(page.evaluate(DRAW, axis)) for axis in AXES]
        way = page.locator(".kel-plot").get_attribute("data-drawn") or ""
        browser.close()
    return way, seconds


def main(models: Annotated[int, typer.Option(help="Points of the plot.")] = 10_000) -> None:
    """Measure both ways and print them with their ratio."""
    with tempfile.TemporaryDirectory(prefix="kel-plots-") as folder:
        url = f"file:{folder}/results.git"
        fill(url, models)
        with running_app(Path(folder), results_url=url, refresh_seconds=30) as app:
            plain = [flag for flag in CHROMIUM_FLAGS if flag != "--disable-gpu"]
            medians = []
            for name, flags in (("WebGL", [*plain, *WEBGL_FLAGS]), ("no WebGL", [*plain, "--disable-3d-apis"])):
                way, seconds = drawn(app, flags)
                medians.append(statistics.median(seconds))
                print(f"{name}: {way}, {medians[-1]:.2f} s ({min(seconds):.2f}-{max(seconds):.2f}), {models} models")
            print(f"without WebGL / with: {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    typer.run(main)
