"""One's own data: read or refused with its line, scored as the board's column, told in a file that stands alone."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from evaluator.evidence.compressing import Setting
from evaluator.lexical import evaluate_lexical
from evaluator.model.lexical import lexical_spec
from evaluator.options import with_repeated_tasks
from evaluator.own.command import _evaluated
from evaluator.own.comparing import MAIN, compared
from evaluator.own.corpus import TASK_ID, OwnDataError, read_own, write_task
from evaluator.own.report import report
from evaluator.progress import Silent
from evaluator.run import evaluate
from evaluator.spec import local_spec
from evaluator.suite import rules_of
from evaluator.tasks import discovered_tasks

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = '</script><img src=x onerror="document.title=1"> & \u2028'


def beir_of(folder: Path, *, qrels: str = "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td2\t2\nq1\td0\t0\n") -> Path:
    documents = [
        {"_id": "d0", "title": "서울", "text": "수도"},
        {"_id": "d1", "text": "바다"},
        {"_id": "d2", "text": "산"},
    ]
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in documents), "utf-8")
    queries = [{"_id": "q0", "text": "수도는?"}, {"_id": "q1", "text": "산은?"}, {"_id": "q2", "text": "모름"}]
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(row) for row in queries), "utf-8")
    (folder / "qrels" / "test.tsv").write_text(qrels, "utf-8")
    return folder


def test_beir_is_read_with_titles_and_positive_judgements(tmp_path: Path) -> None:
    data = read_own(beir_of(tmp_path / "mine"))
    assert data.documents == {"d0": "서울 수도", "d1": "바다", "d2": "산"}
    assert data.relevant == {"q0": {"d0": 1}, "q1": {"d2": 2}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_table_is_read_as_korean_spreadsheets_save_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "faq.csv"
    path.write_text('질문,지문\n"수도, 어디?",서울\n"수도, 어디?",한양\n산은?,한라산\n,바다\n\n', encoding)
    data = read_own(path)
    assert list(data.documents.values()) == ["서울", "한양", "한라산", "바다"]
    assert data.queries == {"Q0": "수도, 어디?", "Q1": "산은?"}
    assert data.relevant == {"Q0": {"D0": 1, "D1": 1}, "Q1": {"D2": 1}}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"q,p\na,b\n", "no column question"),
        ("a.csv", b"question,passage\na\n", "line 2: 1 cells"),
        ("a.csv", b"question,passage\na,\n", "line 2: no passage"),
        ("a.csv", b'question,passage\n"a,b\n', "no table"),
        ("a.csv", b"question,passage\n,b\n", "no question with a passage"),
        ("a.csv", b"", "no column question"),
        ("a.csv", b"\xff\xff\xff", "neither UTF-8 nor CP949"),
        ("a.pdf", b"%PDF", "neither a folder in BEIR layout"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OwnDataError, match=said):
        read_own(tmp_path / name)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", "no json", "corpus.jsonl, line 1: no JSON"),
        ("corpus.jsonl", '{"_id": "d0"}', "a row is"),
        ("corpus.jsonl", '{"_id": "d0", "text": "a"}\n{"_id": "d0", "text": "b"}', "line 2: the id 'd0' comes twice"),
        ("corpus.jsonl", '{"_id": "d0", "text": "\\ud800"}', "half a character"),
        ("queries.jsonl", '{"_id": "q9", "text": "a"}', "no query 'q0'"),
        ("qrels/test.tsv", "q0\td9\t1", "no document 'd9'"),
        ("qrels/test.tsv", "q0\td0\tvery", "line 1: a line is"),
        ("qrels/test.tsv", "q0\td0\t0", "no question with a passage"),
    ],
)
def test_a_wrong_folder_is_refused_with_its_line(tmp_path: Path, file: str, content: str, said: str) -> None:
    folder = beir_of(tmp_path / "mine")
    (folder / file).write_text(content, "utf-8")
    with pytest.raises(OwnDataError, match=said):
        read_own(folder)
    (folder / "qrels" / "test.tsv").unlink()
    (folder / "corpus.jsonl").unlink(missing_ok=True)
    with pytest.raises(OwnDataError):
        read_own(folder)


@pytest.fixture(scope="module")
def auto_rag(datasets_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AutoRAGRetrieval as somebody's own data, in BEIR layout."""
    from datasets import load_dataset

    source, folder = str(datasets_folder / "yjoonjang/markers_bm"), tmp_path_factory.mktemp("auto-rag")
    rows = {
        name: load_dataset(source, name, split=split, cache_dir=str(folder / "cache"))
        for name, split in (("corpus", "corpus"), ("queries", "queries"), ("default", "test"))
    }
    (folder / "mine" / "qrels").mkdir(parents=True)
    for name in ("corpus", "queries"):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows[name])
        (folder / "mine" / f"{name}.jsonl").write_text(lines, "utf-8")
    judged = "\n".join(f"{row['query-id']}\t{row['corpus-id']}\t{row['score']}" for row in rows["default"])
    (folder / "mine" / "qrels" / "test.tsv").write_text(judged, "utf-8")
    return folder / "mine"


@pytest.fixture(scope="module")
def told(auto_rag: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data, datasets = read_own(auto_rag), tmp_path_factory.mktemp("own")
    task = write_task(data, datasets)
    specs = [lexical_spec("lexical/bm25-bigram"), lexical_spec("lexical/bm25-word")]
    return compared(task, data, [evaluate_lexical(spec, [task], datasets=datasets) for spec in specs])


def test_auto_rag_as_own_data_gives_its_columns_number(told: dict[str, Any], datasets_folder: Path) -> None:
    task = discovered_tasks()["AutoRAGRetrieval"]
    result = evaluate_lexical(lexical_spec("lexical/bm25-bigram"), [task], datasets=datasets_folder).result
    score, low, high = told["models"][0]["scores"][MAIN.id]
    assert score == pytest.approx(MAIN.score(result.tasks[task.id].metrics), abs=1e-12)
    assert low < score < high
    assert told["counts"] == {"documents": 720, "queries": 114, "judged": 114}
    assert told["baseline"] == 0


@pytest.fixture(scope="module")
def sized_model(tiny_model: Callable[..., Path]) -> Path:
    return tiny_model("sized")


@pytest.fixture(scope="module")
def sized(
    sized_model: Path, tiny_model: Callable[..., Path], auto_rag: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Two dense models and a lexical one on AutoRAG as own data, as the command evaluates them; lengths 16 and 8."""
    data, datasets = read_own(auto_rag), tmp_path_factory.mktemp("sized")
    task = write_task(data, datasets)
    specs = [local_spec(sized_model), local_spec(tiny_model("other"), truncate_dim=16)]
    run = partial(_evaluated, datasets=datasets, device="cpu", work_dir=None, tell=Silent(), environments=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluator.evidence.curves.LENGTHS", (16, 8))
        yield compared(task, data, [run(spec, [task]) for spec in (*specs, lexical_spec("lexical/bm25-word"))])


def test_auto_rag_as_own_data_gives_its_columns_curve(
    sized: dict[str, Any], sized_model: Path, datasets_folder: Path
) -> None:
    task = discovered_tasks()["AutoRAGRetrieval"]
    wanted = evaluate(local_spec(sized_model), [task], datasets=datasets_folder, curves=rules_of)
    curve = wanted.curves[task.id][MAIN.id]
    told = sized["models"][0]["curve"]
    assert len(told) == len(curve.points) == 12
    full = curve.points[curve.full]
    for point in told:
        setting = Setting(point["dimension"], point["precision"])
        values = curve.points[setting].astype(np.float64)
        lost, low, high = point["change"]
        assert point["score"] == pytest.approx(values[0], abs=1e-6)
        assert (point["bytes"], point["full"]) == (setting.bytes, setting == curve.full)
        assert lost == pytest.approx(values[0] - full[0], abs=1e-6)
        spread = 1.96 * float((values[1:] - full[1:]).std(ddof=1))
        assert (high + low) / 2 == pytest.approx(lost, abs=1e-6)
        assert (high - low) / 2 == pytest.approx(spread, rel=0.3)  # resamples are drawn by task: these are others
    assert [point["bytes"] for point in told] == sorted((point["bytes"] for point in told), reverse=True)
    assert told[0]["full"]
    assert told[0]["score"] == pytest.approx(sized["models"][0]["scores"][MAIN.id][0], abs=1e-6)
    assert sized["models"][2]["curve"] == []


def test_one_picture_has_the_curves_of_all_models(sized: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(report(sized, "sized"), "utf-8")
    with opened(path) as page:
        picture = page.get_by_role("img", name="모델마다 벡터 하나의 바이트와 점수")
        curves = [model["curve"] for model in sized["models"]]
        assert picture.locator(".mark").count() == sum(map(len, curves))
        assert [picture.locator(f".mark.m{number}").count() for number in (0, 1, 2)] == [
            *sorted(map(len, curves))[:0:-1],
            0,
        ]
        boxes = picture.locator(".mark").evaluate_all("all => all.map(each => each.getBBox().x)")
        assert all(0 < x < 860 for x in boxes)
        assert picture.locator(".bm25").count() == 0  # 79 is far from what models of chance have
        assert "lexical/bm25-word: 79.47" in page.locator(".legend").inner_text()
        shown = page.locator("details.settings")
        assert shown.count() == 2
        shown.first.locator("summary").click()
        assert shown.first.locator("tbody tr").count() in map(len, curves)
        assert shown.first.locator("tbody td").filter(has_text="기준").count() == 1
        assert "†" in shown.first.inner_text()  # these models' cards promise nothing
        page.get_by_role("button", name="English").click()
        assert "Size against quality" in page.inner_text("main")
        assert "벡터" not in page.inner_text("main").replace("어휘", "")


def test_a_report_of_lexical_models_alone_has_no_picture(told: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(report(told, "words"), "utf-8")
    with opened(path) as page:
        assert page.get_by_role("img").count() == 0
        assert "벡터 크기" not in page.inner_text("main")


@contextmanager
def opened(path: Path) -> Iterator[Page]:
    """The file in a browser; an error of its script is an error of the test."""
    import shutil

    from tests.browser.conftest import CHROMIUM_FLAGS

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(path.as_uri())
        yield page
        browser.close()
    assert not errors


def test_the_listed_queries_add_up_and_two_models_are_paired(told: dict[str, Any]) -> None:
    for number, model in enumerate(told["models"]):
        values = [query["values"][number] for query in told["queries"]]
        assert sum(values) / len(values) == pytest.approx(model["scores"][MAIN.id][0], abs=1e-5)  # rounded in the file
    (pair,) = told["pairs"]
    better = [query["values"][0] - query["values"][1] for query in told["queries"]]
    assert (pair["first"], pair["second"]) == (sum(d > 1e-5 for d in better), sum(d < -1e-5 for d in better))
    assert pair["interval"][0] < pair["difference"] < pair["interval"][1]
    named = {name for query in told["queries"] for name in query["right"]}
    assert named <= told["documents"].keys()


def test_the_report_is_one_file_in_which_nothing_foreign_runs(told: dict[str, Any], tmp_path: Path) -> None:
    first = {**told["queries"][0], "text": HOSTILE, "values": [0.0, 1.0]}
    text = report({**told, "queries": [first, *told["queries"][1:]]}, HOSTILE)
    assert not re.search(r"(src|href)=[\"']?http|@import|url\(", text)
    path = tmp_path / "report.html"
    path.write_text(text, "utf-8")
    asked: list[str] = []
    with opened(path) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        shown = page.inner_text("main")
        assert "lexical/bm25-bigram" in shown
        assert "nDCG@5·10" in shown
        assert "부호 검정" in shown
        assert page.title() == HOSTILE.strip() or page.title() != "1"
        page.get_by_label("비교할 모델").select_option("1")
        assert "더 잘한 것" in page.inner_text("main")
        page.get_by_role("button", name="English").click()
        assert "Question by question" in page.inner_text("main")
    assert asked == [path.as_uri()]


def test_the_command_evaluates_and_writes_the_report(tmp_path: Path) -> None:
    beir_of(tmp_path / "mine")
    command = [sys.executable, "-m", "evaluator", "run", "--corpus", str(tmp_path / "mine")]
    named = ["--models", "lexical/bm25-word", "lexical/bm25-bigram", "--report", str(tmp_path / "a.html")]
    ran = subprocess.run([*command, *named], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "lexical/bm25-morpheme" in ran.stdout
    assert TASK_ID not in ran.stdout
    assert (tmp_path / "a.html").is_file()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.html", "mine"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--corpus", "."], "neither a folder|no qrels|corpus.jsonl|needs MODEL"),
        (["lexical/bm25-word", "--report", "a.html"], "give --corpus too"),
        (["lexical/bm25-word", "--corpus", ".", "--tasks", "KLUE-STS"], "no meaning with --corpus"),
        (["--models", "a/b", "c/d", "--corpus", ".", "--revision", "main"], "--revision is of one model"),
    ],
)
def test_a_wrong_command_says_what_to_do(options: list[str], said: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evaluator", "run", *options]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "300", "TERM": "dumb"}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 2
    assert re.search(said, " ".join(ran.stderr.split()))
    assert not list(tmp_path.iterdir())


def test_several_models_after_one_option() -> None:
    given = ["run", "--models", "a/b", "c/d", "--corpus", "x", "--tasks", "KLUE-STS", "KorSTS"]
    expanded = with_repeated_tasks(given)
    assert expanded[1:5] == ["--models", "a/b", "--models", "c/d"]
    assert expanded[5:] == ["--corpus", "x", "--tasks", "KLUE-STS", "--tasks", "KorSTS"]
