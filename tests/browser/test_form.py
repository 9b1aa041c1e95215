"""The submit form: what would happen is told while one types, what is wrong is named, and a submission is queued."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from submissions.stored import Queue
from tests.browser.running import RunningApp, running_app
from tests.browser.test_accessibility import breaks_nothing
from tests.hub.faults import Faults
from tests.hub.repositories import Repositories

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
CONFIG = {"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "torch_dtype": "float32"}
PROMPTS = {"prompts": {"query": "검색: ", "document": "<b>문서</b>: "}}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, hub: Repositories) -> Iterator[RunningApp]:
    """A page with stores of its own, and a small model on the Hub whose repository declares prompts."""
    repository = hub.create("models", "the-form/prompted")
    files = {
        "config.json": json.dumps(CONFIG).encode(),
        "config_sentence_transformers.json": json.dumps(PROMPTS).encode(),
        "pytorch_model.bin": b"x" * 100,
    }
    hub.commit(repository, dict(files), message="m", parent=None)
    with running_app(tmp_path_factory.mktemp("form")) as running:
        yield running


def opened(visit: Visit, app: RunningApp, query: str = "?tab=submit", **options: object) -> Page:
    page = visit(app.url + query, **options)
    expect(page.locator("#kel-model")).to_be_visible()
    return page


def test_a_look_while_one_types_then_submitted(app: RunningApp, visit: Visit, hub: Repositories) -> None:
    page = opened(visit, app)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    expect(page.locator("#kel-allowance")).to_contain_text("5개 더 제출할 수 있습니다")
    page.get_by_label("모델 id").fill("the-form/prompted")
    preview = page.locator("#kel-submit-message .kel-preview")
    expect(preview).to_contain_text("검색:")
    expect(preview).to_contain_text("<b>문서</b>:")
    expect(preview).to_contain_text("mean (nothing declared")
    expect(preview).to_contain_text("9개 중 9개")
    expect(preview).to_contain_text(hub.get("models", "the-form/prompted").head.oid[:12])

    for topic in ("프롬프트와 지시문", "불러오기", "정밀도와 길이", "학습 데이터와 메모"):
        page.locator("summary", has_text=topic).click()
    page.get_by_label("풀링").select_option("cls")
    expect(preview).to_contain_text("cls (asked for)")
    page.get_by_label("계열").select_option("e5")
    expect(preview).to_contain_text("passage:")
    expect(preview).not_to_contain_text("검색:")
    page.get_by_label("프롬프트: 검색, 문서").fill("글: ")
    expect(preview).to_contain_text("글:")
    expect(page.get_by_label("계열")).to_have_value("own")

    page.get_by_label("최대 토큰").fill("many")
    page.get_by_label("지시문 틀").fill("Instruct: ")
    page.get_by_label("메모").fill("x")
    expect(page.get_by_label("최대 토큰")).to_have_attribute("aria-invalid", "true")
    before = len(sent)
    page.get_by_role("button", name="제출", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("고칠 곳이 있습니다")
    for name, text in (("최대 토큰", "자연수로 적어 주세요"), ("지시문 틀", "{instruction}이 한 번")):
        field = page.get_by_label(name)
        expect(field).to_have_attribute("aria-invalid", "true")
        described = (field.get_attribute("aria-describedby") or "").split()[-1]
        expect(page.locator(f"#{described}")).to_contain_text(text)
    expect(page.get_by_label("지시문 틀")).to_be_focused()
    breaks_nothing(page, "#kel-form")
    assert [url for url in sent[before:] if "/desk/" in url] == [], "nothing is sent while a field is wrong"
    assert Queue(app.requests, app.results).listing().submissions == (), "a look submits nothing"

    page.get_by_label("지시문 틀").fill("")
    page.get_by_label("최대 토큰").fill("256")
    page.locator("#kel-field-training").fill("KLUE-STS")
    page.get_by_label("알려진 이름에서 고르기").fill("KorNLI")
    page.get_by_role("button", name="더하기").click()
    expect(page.get_by_text("이 순위표의 과제: KLUE-STS → KLUE-STS · KorNLI → KorNLI")).to_be_visible()
    expect(page.get_by_label("최대 토큰")).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="제출", exact=True).click()
    expect(page.locator("#kel-submit-message")).to_contain_text("접수했습니다: the-form/prompted@")
    expect(page.locator("#kel-queue tr", has_text="the-form/prompted")).to_have_attribute("data-status", "PENDING")
    expect(page.locator("#kel-allowance")).to_contain_text("4개 더 제출할 수 있습니다")
    (made,) = Queue(app.requests, app.results).listing().submissions
    assert (made.spec.pooling, made.spec.max_tokens, made.note) == ("cls", 256, "x")
    assert made.spec.prompts is not None
    assert (made.spec.prompts["query"], made.spec.prompts["document"]) == ("query: ", "글: ")
    assert made.training == ("KLUE-STS", "KorNLI")

    expect(preview.get_by_role("link", name=made.id)).to_be_visible()
    page.get_by_role("button", name="제출", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("이미 대기열에 있습니다")
    breaks_nothing(page, "#kel-form")


def test_a_slow_hub_blocks_nothing_and_a_newer_look_overtakes(
    app: RunningApp, visit: Visit, hub: Repositories, faults: Faults
) -> None:
    page = opened(visit, app, "?tab=submit&lang=en")
    faults.add("slow", "/api/models/the-form/slow", seconds=6, times=1)
    hub.commit(hub.create("models", "the-form/slow"), {"README.md": b"x"}, message="m", parent=None)
    page.get_by_label("Model id").fill("the-form/slow")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("#kel-submit-message")).to_contain_text("Reading small files on the Hub")
    page.get_by_role("tab", name="Overall").click()
    expect(page.locator(".kel-panel:visible tbody tr").first).to_be_visible()
    page.get_by_role("link", name="Submit a model").click()
    page.get_by_label("Model id").fill("the-form/prompted")
    expect(page.locator(".kel-preview h3")).to_contain_text("the-form/prompted@", timeout=5_000)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    page.get_by_label("Model id").fill("the-form/absent")
    expect(page.locator("[data-field=model]")).to_contain_text("There is no public model the-form/absent")
    expect(page.locator(".kel-preview")).to_have_count(0)


def test_the_form_fits_a_phone(app: RunningApp, visit: Visit) -> None:
    page = opened(visit, app, viewport={"width": 390, "height": 844}, has_touch=True)
    page.get_by_label("모델 id").fill("the-form/prompted")
    expect(page.locator(".kel-preview")).to_contain_text("검색:")
    page.locator("summary", has_text="학습 데이터와 메모").click()
    expect(page.locator("#kel-field-training")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
