"""The image of a link preview: 1200 x 630 pixels, PNG, drawn with Pillow in the colours of the page.

Korean needs a font with Hangul: that of the package pylopdf-fonts-ko (Noto Sans KR, SIL Open Font License), else one
that the system has. Where there is none, nothing Korean is drawn: the texts are English, and a character that the font
lacks is left out, so that no empty boxes are seen.
"""

import functools
import importlib.util
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from evaluator.cleaning import clean_text
from evaluator.records import percent
from leaderboard_data.page.assets import STATIC

WIDTH, HEIGHT = 1200, 630
MARGIN = 60
BARS = 6
STRIPS = 8
LONGEST_TEXT = 120
SIZES = {"small": 24, "text": 28, "title": 56}

SYSTEM_FONTS = (
    "/usr/share/fonts/truetype/nanum/NanumGothic.ttf",  # Debian's fonts-nanum
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",  # Debian's fonts-noto-cjk
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Bar:
    """A model's score, 0..1, as a bar; `rank` is what stands before it."""

    rank: str
    name: str
    score: float


@dataclass(frozen=True)
class Strip:
    """Where a model's score lies among those of all models, 0..1."""

    label: str
    score: float
    rank: str
    others: tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """What is drawn: bars, or strips."""

    board: str
    heading: str
    subtitle: str
    bars: tuple[Bar, ...] = ()
    strips: tuple[Strip, ...] = ()


@functools.cache
def font_file() -> Path | None:
    """The font with Hangul; None where there is none. The package is not imported, only its file is used."""
    spec = importlib.util.find_spec("pylopdf_fonts_ko")
    shipped = [Path(spec.origin).parent / "NotoSansKR-Regular.otf"] if spec and spec.origin else []
    return next((path for path in (*shipped, *map(Path, SYSTEM_FONTS)) if path.is_file()), None)


def has_hangul() -> bool:
    """Whether Korean can be drawn."""
    return font_file() is not None


@functools.cache
def font(size: int) -> Font:
    """The font at a size in pixels; Pillow's own, which is Latin, where there is none with Hangul."""
    path = font_file()
    if path is None:
        return ImageFont.load_default(size)
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=20_000)
def _is_drawn(character: str) -> bool:
    """Whether the font has the character: what it lacks looks as a character does that no font has."""
    looks, lacking = (font(24).getmask(each) for each in (character, "\U0010ffff"))
    return character == " " or looks.size != lacking.size or bytes(looks) != bytes(lacking)


def drawable(text: str) -> str:
    """The text as one line without what shows nothing, and without characters that the font lacks."""
    return "".join(character for character in clean_text(text, LONGEST_TEXT) or "" if _is_drawn(character)).strip()


@functools.cache
def colours() -> dict[str, str]:
    """The page's colours in light, by the names of their tokens, from static/tokens.css."""
    light = (STATIC / "tokens.css").read_text("utf-8").partition(".dark")[0]
    return dict(re.findall(r"--kel-([\w-]+): (#[0-9a-f]{6});", light))


def draw(picture: Picture) -> bytes:
    """The picture as PNG."""
    colour = colours()
    image = Image.new("RGB", (WIDTH, HEIGHT), colour["page"])
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH, 14), fill=colour["mark"])
    _write(pen, (MARGIN, 44), picture.board, "small", colour["muted"])
    _write(pen, (MARGIN, 80), picture.heading, "title", colour["text"], bold=True)
    _write(pen, (MARGIN, 158), picture.subtitle, "text", colour["muted"])
    if picture.strips:
        _draw_strips(pen, picture.strips[:STRIPS])
    else:
        _draw_bars(pen, picture.bars[:BARS])
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG")  # few colours: a third of the size
    return out.getvalue()


def _draw_bars(pen: ImageDraw.ImageDraw, bars: Sequence[Bar]) -> None:
    colour = colours()
    height, left, right = 66, 680, WIDTH - MARGIN - 100
    for number, bar in enumerate(bars):
        top = 222 + number * height
        _write(pen, (MARGIN, top), bar.rank, "text", colour["muted"], width=70)
        _write(pen, (MARGIN + 80, top), bar.name, "text", colour["text"], width=left - MARGIN - 100, bold=not number)
        length = max(0.0, min(1.0, bar.score)) * (right - left)
        pen.rounded_rectangle((left, top + 4, right, top + 36), 6, fill=colour["panel"])
        if length >= 12:
            pen.rounded_rectangle(
                (left, top + 4, left + length, top + 36), 6, fill=colour["bar-best" if not number else "bar"]
            )
        _write(pen, (right + 16, top), percent(bar.score), "text", colour["text"])


def _draw_strips(pen: ImageDraw.ImageDraw, strips: Sequence[Strip]) -> None:
    colour = colours()
    left, right = 420, WIDTH - MARGIN - 210
    height = min(64, 400 // len(strips))
    for number, strip in enumerate(strips):
        top = 222 + number * height
        low, high = min((*strip.others, strip.score)), max((*strip.others, strip.score))

        def at(score: float, low: float = low, high: float = high) -> float:
            return left + (score - low) / ((high - low) or 1) * (right - left)

        _write(pen, (MARGIN, top), strip.label, "text", colour["text"], width=left - MARGIN - 30)
        middle = top + 22
        pen.line((left, middle, right, middle), fill=colour["line"], width=3)
        for score in sorted(set(strip.others))[:2000]:
            pen.line((at(score), middle - 10, at(score), middle + 10), fill=colour["edge"], width=1)
        x = at(strip.score)
        pen.ellipse((x - 11, middle - 11, x + 11, middle + 11), fill=colour["mark"], outline=colour["page"], width=2)
        _write(pen, (right + 30, top), percent(strip.score), "text", colour["text"])
        _write(pen, (right + 130, top), strip.rank, "text", colour["muted"], width=80 + MARGIN - 10)


def _write(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: str,
    fill: str,
    *,
    width: int = WIDTH - 2 * MARGIN,
    bold: bool = False,
) -> None:
    """One line of text, cut where it would be wider than `width` pixels."""
    used = font(SIZES[size])
    line = drawable(text)
    if pen.textlength(line, font=used) > width:
        while line and pen.textlength(f"{line}…", font=used) > width:
            line = line[:-1]
        line += "…"
    pen.text(at, line, font=used, fill=fill, stroke_width=1 if bold else 0, stroke_fill=fill)
