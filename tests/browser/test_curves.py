"""Size against quality, and what Korean costs: the plot, the model's page, and columns that never mix devices."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from evaluator.observed import KoreanTexts
from evaluator.records import Environment, ModelInfo, ModelResult
from evaluator.suite import KO_V1
from leaderboard_data.publish import publish_change
from store.update import update
from tests.browser.running import RunningApp, running_app
from tests.browser.test_board import ready
from tests.browser.test_tables import shown
from tests.leaderboard_data.curved import curved
from tests.leaderboard_data.examples import scored

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
TASKS = KO_V1.category("retrieval").task_ids  # type: ignore[union-attr]
OTHERS = {task: scored(task, 0.6) for task in KO_V1.task_ids if task not in TASKS}
MODELS = (
    ("org/small", 1.6, 1, 384, "cpu x86_64", 20.0, 130),
    ("org/large", 2.6, 2, 2560, "cuda:0 NVIDIA H200", 1.0, 90),
    ("org/other", 1.2, 3, 768, "cuda:0 NVIDIA H200", 2.0, 100),
)


def costing(result: ModelResult, device: str, seconds: float, tokens: int) -> ModelResult:
    """The result as if it had been made on `device`, with its costs."""
    (run,) = result.runs.values()
    korean = KoreanTexts(texts=9, syllables=1000, tokens=10 * tokens, unknown=5)
    told = {"environment": Environment(device=device, dtype="float32"), "tokens": 1000, "seconds": {"encode": seconds}}
    run = run.model_copy(update={**told, "korean": korean, "peak_bytes": 2 * 10**9})
    fields = {"run": run.id, "tokens": 100, "seconds": 1.0, "cut": 0.25}
    tasks = {task: score.model_copy(update=fields) for task, score in result.tasks.items()}
    return result.model_copy(update={"tasks": tasks, "runs": {run.id: run}})


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("curves"), refresh_seconds=0.5) as running:
        for model, quality, seed, dimension, device, seconds, tokens in MODELS:
            info = ModelInfo(embedding_dimension=dimension, matryoshka=seed == 1)
            result, samples, rankings, curves = curved(model, quality, seed, TASKS, OTHERS, info)
            result = costing(result, device, seconds, tokens)
            update(running.results, publish_change(result, samples, rankings, curves=curves))
        running.wait_for_results()
        yield running


def test_size_against_quality(app: RunningApp, visit: Visit) -> None:
    page = visit(f"{app.url}?tab=plots&x=bytes&origin=measured")
    plot = page.get_by_role("img", name="벡터 크기와 점수의 산점도")
    expect(plot).to_be_visible(timeout=20_000)
    expect(plot.locator(".scatterlayer .trace")).to_have_count(6)  # the front, the models' lines, four precisions
    expect(page.locator("[name=kel-on]")).to_have_value("retrieval")
    page.get_by_text("표로 보기").click()
    first = page.locator(".kel-sizes tbody tr").first
    expect(first).to_contain_text("64차원 이진 †")
    expect(first.locator("td").nth(1)).to_have_text("8")
    page.locator("[name=kel-on]").select_option("AutoRAGRetrieval")
    expect(page).to_have_url(re.compile("on=AutoRAGRetrieval"))
    page.goto(f"{app.url}?model=org/small")
    expect(page.locator(".kel-mcosts")).to_contain_text("1,536")  # MB for a million documents
    expect(page.locator(".kel-mcosts")).to_contain_text("cpu x86_64")
    table = page.locator(".kel-sizes").first
    expect(table).to_contain_text("384차원 float32")
    expect(table).to_contain_text("기준")
    expect(table.locator("tbody tr")).to_have_count(16)


def test_what_korean_costs_and_on_which_device(app: RunningApp, visit: Visit) -> None:
    columns = "storage,fits,syllable_tokens,cut,suite_seconds,speed,device"
    page = ready(visit(f"{app.url}?tab=retrieval&origin=measured&hide=Rank&cols={columns}&sort=speed.desc"))
    head, *rows = shown(page)
    at = {name: head.index(name) for name in ("storage", "fits", "syllable_tokens", "device")}
    # the speeds of the device of most models are sorted; another device's stands last, and says whose it is
    assert [row[0] for row in rows] == ["org/large", "org/other", "org/small"]
    by = {row[0]: row for row in rows}
    assert [by["org/large"][at[name]] for name in at] == [
        "10,240",
        "pgvector (halfvec), Elasticsearch, Milvus",
        "90",
        "cuda NVIDIA H200",
    ]
    assert by["org/small"][at["fits"]] == "pgvector, Elasticsearch, Milvus"
    expect(page.locator("tbody .kel-device").first).to_have_attribute("data-label", "cuda NVIDIA H200")
    page.goto(f"{app.url}?tab=plots&x=speed&origin=measured&device=cpu x86_64")
    expect(page.locator("[name=kel-compared-device]")).to_have_value("cpu x86_64", timeout=20_000)
    page.get_by_text("표로 보기").click()
    expect(page.locator(".kel-every tbody tr")).to_have_count(1)
