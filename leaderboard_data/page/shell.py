"""The page as it is sent: one HTML document with the header, the tabs, the asked view's first rows and the submit part.

The scripts take over what stands here (static/shell.js). Texts are in one language at a time; the other one stands
beside in `data-` attributes, so that a switch of the language asks for nothing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from evaluator.suite import SUITES
from evaluator.views import Words
from leaderboard_data.page.assets import PREFIX, data_name

LANGUAGES = ("ko", "en")
SUBMITTING = ("submit", "desk")
"""The values of `tab` in the address that open the submit part. `submission` opens it too."""

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16'"
    " rx='3' fill='%231450a8'/%3E%3Cpath d='M4 12V8h2v4zm3 0V4h2v8zm3 0V6h2v6z' fill='white'/%3E%3C/svg%3E"
)

EARLY = (
    "{const given = new URLSearchParams(location.search); let kept = null; let rows = given.get('density');"
    "try {kept = localStorage.getItem('kel-theme'); rows ??= localStorage.getItem('kel-density')} catch {}"
    "const theme = given.get('__theme') ?? kept;"
    "document.documentElement.classList.toggle('dark', theme === 'dark' ||"
    " (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches));"
    "if (rows === 'compact') document.documentElement.dataset.density = rows;}"
)
"""Before anything is painted: light or dark, as the address, the visitor's last choice or the system says; and whether
rows are compact (static/density.js)."""

TITLE = Words("한국어 임베딩 리더보드", "Korean embedding leaderboard")
INTRODUCTION = Words(
    "한국어 임베딩 모델을 STS·NLI·군집화·검색 등의 과제로 비교합니다.",
    "Embedding models compared on Korean tasks: STS, NLI, clustering, retrieval and more.",
)
_SKIP = Words("본문으로", "Skip to the content")
_SUITE = Words("과제 모음", "Suite")
_SEARCH = Words("모델·기관 검색", "Search models")
_FIND = Words("찾기", "Search")
_OTHER = Words("English", "한국어")
_SWITCH = Words("Switch to English", "한국어로 바꾸기")
_THEME = Words("밝은 화면과 어두운 화면", "Light or dark")
_SUBMIT = Words("모델 제출", "Submit a model")
_LOADING = Words("불러오는 중…", "Loading…")
_NO_SCRIPT = Words(
    "자바스크립트를 켜면 정렬, 필터, 점수의 근거를 볼 수 있습니다.",
    "With JavaScript there are sorting, filters and what is behind each score.",
)
_LINKS = {
    "feed.atom": Words("새 소식 (Atom)", "News (Atom)"),
    f"{PREFIX}/leaderboard.parquet": Words("전체 색인 (Parquet)", "The whole index (Parquet)"),
    "gradio_api/openapi.json": Words("API 명세", "API description"),
}


@dataclass(frozen=True)
class Place:
    """Where a script of another room draws, in the submit part.

    Attributes:
        name: the id of the place. The script finds in it an element of the class `<name>-host`.
        script: the module's address from the page; its `mount` is called with the place when the part is first opened.
        waiting: something is always drawn there, so that it says so until then.
    """

    name: str
    script: str
    waiting: bool = False


def in_language(words: Words, language: str) -> str:
    """The text in "ko" or "en"."""
    return words.en if language == "en" else words.ko


def language_of(given: Mapping[str, str], remembered: str | None = None) -> str:
    """The language of the page: that of the address, else the remembered one, else Korean."""
    return next((each for each in (given.get("lang"), remembered) if each in LANGUAGES), LANGUAGES[0])


def is_submitting(given: Mapping[str, str]) -> bool:
    """Whether the address asks for the submit part."""
    return given.get("tab") in SUBMITTING or "submission" in given


def suite_of(given: Mapping[str, str]) -> str:
    """The id of the suite that the address asks for; of one that there is not, the first."""
    return next((each for each in SUITES if each == given.get("suite")), next(iter(SUITES)))


def element(tag: str, words: Words, language: str, **attributes: str) -> str:
    """An element with a text, in one language; `class_` is the attribute class."""
    named = {**attributes, "data-ko": words.ko, "data-en": words.en}
    return f"<{tag} {_written(named)}>{escape(in_language(words, language))}</{tag}>"


def labels(words: Words, language: str, *names: str) -> dict[str, str]:
    """Attributes with a text, in one language; the script that switches finds them by `data-labels`."""
    both = json.dumps({"ko": words.ko, "en": words.en, "in": names}, ensure_ascii=False)
    return {**dict.fromkeys(names, in_language(words, language)), "data-labels": both}


def _written(attributes: Mapping[str, str]) -> str:
    return " ".join(f'{name.rstrip("_")}="{escape(value)}"' for name, value in attributes.items())


def head(tags: str, styles: str, links: Iterable[str], suite_id: str, modules: Sequence[str]) -> str:
    """What stands in the document's head.

    Args:
        tags: HTML with the title, what link previews read, and the feed.
        styles: the text of the style sheets that the first rows need.
        links: addresses of further style sheets.
        suite_id: the suite whose data is fetched first.
        modules: addresses of scripts that are fetched before they are asked for.
    """
    data = f"{PREFIX}/{data_name(suite_id, next(iter(SUITES)))}"
    return "".join(
        [
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            f'{tags}<link rel="icon" href="{ICON}"><script>{EARLY}</script>',
            f"<style>{styles}</style>",
            *(f'<link rel="stylesheet" href="{escape(link)}">' for link in links),
            f'<link rel="preload" as="fetch" crossorigin="anonymous" href="{escape(data)}">',
            *(f'<link rel="modulepreload" href="{escape(module)}">' for module in modules),
        ]
    )


def header(given: Mapping[str, str], language: str, *, login: bool) -> str:
    """Title, suite, search, language, theme, submit; where visitors sign in, a place for that."""
    other = "ko" if language == "en" else "en"
    suites = "".join(_option(suite_id, suite_of(given), language) for suite_id in SUITES)
    kept = {name: given[name] for name in ("tab", "lang") if name in given and not is_submitting(given)}
    hidden = "".join(f"<input {_written({'type': 'hidden', 'name': n, 'value': v[:60]})}>" for n, v in kept.items())
    chooser = {"class": "kel-suite", "name": "suite", **labels(_SUITE, language, "aria-label", "title")}
    search = {
        **{"class": "kel-search", "type": "search", "name": "q", "maxlength": "100", "value": given.get("q", "")[:100]},
        **labels(_SEARCH, language, "placeholder", "aria-label"),
    }
    switch = {"class_": "kel-button kel-language", "href": f"?lang={other}", "lang": other}
    theme = {"type": "button", "class": "kel-button kel-theme", **labels(_THEME, language, "aria-label", "title")}
    submit = {"class_": "kel-button kel-primary kel-submitlink", "href": "?tab=submit"}
    return "".join(
        [
            element("a", _SKIP, language, class_="kel-skip", href="#kel-main"),
            '<header class="kel-header"><div class="kel-brand">',
            f"<h1>{element('a', TITLE, language, class_='kel-home', href='./')}</h1>",
            element("p", INTRODUCTION, language),
            f'</div><form class="kel-seek" role="search" method="get" action="./">{hidden}',
            f"<select {_written(chooser)}>{suites}</select><input {_written(search)}>",
            f"<noscript>{element('button', _FIND, language, class_='kel-button')}</noscript></form>",
            '<div class="kel-tools">',
            element("a", _OTHER, language, **switch, **labels(_SWITCH, language, "title")),
            f'<button {_written(theme)}><span aria-hidden="true">◐</span></button>',
            element("a", _SUBMIT, language, **submit),
            '<span id="kel-login"></span>' if login else "",
            "</div></header>",
        ]
    )


def _option(suite_id: str, chosen: str, language: str) -> str:
    value = {} if suite_id != chosen else {"selected": ""}
    return element("option", SUITES[suite_id].title, language, value=suite_id, **value)


def document(
    head_html: str,
    header_html: str,
    board: str,
    places: Sequence[Place],
    language: str,
    *,
    submitting: bool,
    refresh_seconds: float,
) -> str:
    """The whole document.

    Args:
        head_html: what `head` made.
        header_html: what `header` made.
        board: HTML of the tabs and the first rows, which the script takes over.
        places: those of the submit part.
        language: "ko" or "en".
        submitting: whether the submit part is shown.
        refresh_seconds: after which the script looks for new results.
    """
    parts = "".join(_place(place, language) for place in places)
    links = "".join(element("a", words, language, href=address) for address, words in _LINKS.items())
    return (
        f'<!doctype html><html lang="{language}"><head>{head_html}</head><body><div class="kel" id="kel-page">'
        f'{header_html}<main id="kel-main">'
        f'<div class="kel-host" data-refresh="{refresh_seconds:g}" aria-busy="true">{board}</div>'
        f'<section id="kel-submit"{"" if submitting else " hidden"}>{parts}</section>'
        f"<noscript>{element('p', _NO_SCRIPT, language, class_='kel-note')}</noscript></main>"
        f'<footer class="kel-footer">{links}</footer></div>'
        f'<script type="module" src="{PREFIX}/board.js"></script></body></html>'
    )


def waiting(language: str) -> str:
    """What stands where a script has not drawn yet."""
    return element("p", _LOADING, language, class_="kel-wait")


def _place(place: Place, language: str) -> str:
    text = waiting(language) if place.waiting else ""
    return (
        f'<div id="{place.name}" data-script="{escape(place.script)}"><div class="{place.name}-host">{text}</div></div>'
    )
