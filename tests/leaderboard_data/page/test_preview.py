"""What links to the page show elsewhere: tags and images, of the board's own words alone."""

import io
import time
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from evaluator.policy import OptOut, Policy
from leaderboard_data.licenses import allows_commercial_use
from leaderboard_data.page import drawing
from leaderboard_data.page.api import BoardApi
from leaderboard_data.page.drawing import Bar, Picture, draw, drawable
from leaderboard_data.page.linked import linked
from leaderboard_data.page.live import LiveBoard
from leaderboard_data.page.preview import MOST_KEPT, WAITING, Preview
from leaderboard_data.publish import publish_change, seed
from store.memory import MemoryStore
from store.update import update
from tests.leaderboard_data.examples import MOMENT, measured

HOME = "https://board.example/"
HOSTILE = '"><script>alert(1)</script> \u202e\u0000 Z\u0351\u0352\u0353 🦄 한국어'


@pytest.fixture(scope="module")
def live() -> LiveBoard:
    store = MemoryStore()
    seed(store)
    made = LiveBoard(store, 3600, patience=60)
    made.refresh()
    return made


@pytest.fixture
def preview(live: LiveBoard) -> Preview:
    return Preview(BoardApi(live))


class Tags(HTMLParser):
    """The tags of a head, by name; text outside the title is none."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.names: Counter[str] = Counter()
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names[tag] += 1
        self._open = tag
        if tag == "meta":
            self.found[given.get("property") or given.get("name") or ""] = given["content"] or ""
        if tag == "link":
            self.found[given["rel"] or ""] = given["href"] or ""

    def handle_data(self, data: str) -> None:
        assert self._open == "title", data
        self.found["title"] = data


def tags(preview: Preview, language: str = "ko", **given: str) -> Tags:
    return Tags(preview.tags(given, language, HOME))


def test_the_page_itself(preview: Preview) -> None:
    found = tags(preview).found
    assert found["title"] == "한국어 임베딩 리더보드"
    assert found["canonical"] == HOME
    assert found["og:image"] == f"{HOME}board/preview.png"
    assert "1. nlpai-lab/KURE-v1 67.58" in found["description"]
    assert found["twitter:card"] == "summary_large_image"


def test_each_view_says_what_it_shows_in_its_language(preview: Preview) -> None:
    assert tags(preview, tab="sts").found["title"] == "STS · 한국어 임베딩 리더보드"
    model = tags(preview, "en", model="nlpai-lab/KURE-v1").found
    assert model["title"] == "nlpai-lab/KURE-v1 · Korean embedding leaderboard"
    assert "Rank 1 of 9 models · Average 67.58" in model["description"]
    assert model["og:locale"] == "en_US"
    assert model["canonical"] == f"{HOME}?model=nlpai-lab%2FKURE-v1&lang=en"
    assert tags(preview, task="Ko-StrategyQA").found["title"].startswith("Ko-StrategyQA")
    compared = tags(preview, "en", tab="compare", compare="nlpai-lab/KURE-v1,BAAI/bge-m3").found
    assert compared["title"] == "KURE-v1 · bge-m3 · Models compared"
    assert "ko-v2" in tags(preview, suite="ko-v2", tab="reranking").found["description"]


def test_a_link_with_filters_keeps_them_and_the_canonical_address_does_not(preview: Preview) -> None:
    given = {"suite": "ko-v2", "license": "commercial", "params": "-600", "tab": "sts", "pareto": "1"}
    found = tags(preview, **given).found
    assert found["canonical"] == f"{HOME}?suite=ko-v2&tab=sts"
    assert found["og:url"] == f"{HOME}?suite=ko-v2&tab=sts&params=-600&license=commercial"
    assert found["og:image"].endswith(found["og:url"].removeprefix(HOME))
    assert "조건에 맞는 모델" in found["description"]


def test_filters_are_those_of_the_page(live: LiveBoard) -> None:
    entries = live.state.entries

    def left(**given: str) -> list[str]:
        return [entry.model for entry in entries if linked(given, "ko").passes(entry)]

    assert len(left()) == len(entries)
    assert set(left(q="KURE nlpai")) == {"nlpai-lab/KURE-v1"}
    commercial = [entry.model for entry in entries if allows_commercial_use(entry.license)]
    assert left(license="commercial") == commercial
    assert set(left(license="commercial,cc-by-nc-4.0")) > set(commercial)
    small = [entry.model for entry in entries if entry.parameters is not None and entry.parameters <= 600e6]
    assert left(params="-600") == small
    assert left(params="nan-inf") == left(params="x") == left()
    assert left(open="closed") == [entry.model for entry in entries if entry.open_weights is False]
    kinds = [len(left(type=kind)) for kind in ("llm", "encoder", "lexical", "unknown")]
    assert sum(kinds) == len(entries)
    assert len(left(type="llm")) == sum(entry.llm_based is True for entry in entries)


@pytest.mark.parametrize(
    "name", ["suite", "tab", "model", "task", "compare", "q", "license", "params", "lang", "origin"]
)
def test_nothing_that_an_address_says_is_repeated(preview: Preview, name: str) -> None:
    for text in (HOSTILE, "x" * 100_000, ",".join([HOSTILE] * 500)):
        found = tags(preview, **{name: text})
        assert set(found.names) == {"title", "link", "meta"}
        said = {
            tag: value
            for tag, value in found.found.items()
            if tag not in ("og:url", "og:image", "canonical", "twitter:image")
        }
        assert not [value for value in said.values() if "script" in value or "xxx" in value]
        assert all(len(value) < 8000 for value in found.found.values())
        assert preview.image(linked({name: text}, "ko")).startswith(b"\x89PNG")


def test_a_model_that_is_not_shown_is_not_named() -> None:
    store = MemoryStore()
    seed(store)
    hidden = LiveBoard(store, 3600, patience=60)
    hidden.refresh()
    hidden.hide(Policy(opted_out=(OptOut(name="nlpai-lab", who="owner", at=MOMENT),)))
    for given in ({"model": "nlpai-lab/KURE-v1"}, {"tab": "compare", "compare": "nlpai-lab/KURE-v1,BAAI/bge-m3"}, {}):
        found = tags(Preview(BoardApi(hidden)), **given).found
        assert "KURE" not in found["title"] + found["description"]


def pixels(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (1200, 630))
    return image.convert("RGB")


def test_bars_are_as_long_as_the_scores_and_in_the_pages_colours() -> None:
    image = pixels(draw(Picture("board", "heading", "under", (Bar("1", "org/a", 0.9), Bar("2", "org/b", 0.45)))))
    raw = drawing.colours()
    first, second = (
        sum(image.getpixel((x, y)) == tuple(bytes.fromhex(raw[name][1:])) for x in range(680, 1040))
        for name, y in (("bar-best", 242), ("bar", 308))
    )
    assert first == pytest.approx(0.9 * 360, abs=4)
    assert second == pytest.approx(0.45 * 360, abs=4)


def test_hangul_is_drawn_and_not_as_boxes() -> None:
    assert drawing.has_hangul()
    assert drawable("한국어 임베딩") == "한국어 임베딩"
    assert drawing.font(24).getmask("한").size != drawing.font(24).getmask("글").size or bytes(
        drawing.font(24).getmask("한")
    ) != bytes(drawing.font(24).getmask("글"))
    assert pixels(draw(Picture("b", "한국어", "x"))).tobytes() != pixels(draw(Picture("b", "임베딩", "x"))).tobytes()


def test_what_the_font_lacks_shows_nothing_or_joins_the_line_is_left_out() -> None:
    drawn = drawable(HOSTILE)
    assert "🦄" not in drawn
    assert "\u202e" not in drawn
    assert "\x00" not in drawn
    assert drawn.endswith("한국어")
    assert len(drawable("x" * 10**6)) <= drawing.LONGEST_TEXT


def test_without_a_font_with_hangul_the_image_is_english(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    caches = (drawing.font_file, drawing.font, drawing._is_drawn)
    monkeypatch.setattr(drawing.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(drawing, "SYSTEM_FONTS", ())
    for cache in caches:
        cache.cache_clear()
    try:
        assert not drawing.has_hangul()
        assert drawable("한국어 KURE-v1 67.58") == "KURE-v1 67.58"
        assert preview.image(linked({"tab": "sts"}, "ko")) == preview.image(linked({"tab": "sts"}, "en"))
    finally:
        monkeypatch.undo()
        for cache in caches:
            cache.cache_clear()


def test_images_are_drawn_once_for_a_state_and_few_are_kept(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Picture] = []

    def drawing_of(picture: Picture) -> bytes:
        drawn.append(picture)
        return b"png"

    monkeypatch.setattr("leaderboard_data.page.preview.draw", drawing_of)
    for _ in range(3):
        preview.image(linked({"tab": "sts"}, "ko"))
    assert len(drawn) == 1
    for number in range(MOST_KEPT + 20):
        preview.image(linked({"q": str(number)}, "ko"))
    drawn.clear()
    preview.image(linked({"q": str(MOST_KEPT + 19)}, "ko"))
    assert not drawn, "the last one is kept"
    preview.image(linked({"tab": "sts"}, "ko"))
    assert len(drawn) == 1, "the first one is not, any more"


def test_a_new_result_is_drawn_anew() -> None:
    store = MemoryStore()
    seed(store)
    live = LiveBoard(store, 3600, patience=60)
    live.refresh()
    preview = Preview(BoardApi(live))
    before = preview.image(linked({}, "ko"))
    update(store, publish_change(measured("org/best", 0.99)))
    live.refresh()
    assert preview.image(linked({}, "ko")) != before
    assert "org/best" in tags(preview).found["description"]


def test_the_address_of_an_image_is_answered_within_bounds(preview: Preview) -> None:
    client = TestClient(Starlette(routes=[preview.route()]))
    begun = time.monotonic()
    answer = client.get("/board/preview.png?model=nlpai-lab/KURE-v1&lang=en")
    assert time.monotonic() - begun < 5  # on a busy machine; benchmarks measure it
    assert answer.headers["content-type"] == "image/png"
    pixels(answer.content)
    assert client.get(f"/board/preview.png?q={'x' * 5000}").status_code == 414
    preview._waiting = WAITING
    refused = client.get("/board/preview.png")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


def test_the_font_is_one_that_the_requirements_install() -> None:
    root = Path(__file__).resolve().parents[3]
    assert "pylopdf-fonts-ko~=" in (root / "requirements.txt").read_text("utf-8")
    assert drawing.font_file() is not None
    assert drawing.font_file().name == "NotoSansKR-Regular.otf"  # type: ignore[union-attr]
