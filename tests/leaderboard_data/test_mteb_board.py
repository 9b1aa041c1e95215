"""MTEB's own board, made here of the results that ship: equal to what MTEB's code makes of them, and its parts."""

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.records import ModelResult, Origin, TaskScore, percent
from evaluator.spec import ModelSpec
from evaluator.suite import MTEB_KOR_V2, Suite
from leaderboard_data import publish
from leaderboard_data.__main__ import app
from leaderboard_data.entry import Entry, entry_of
from leaderboard_data.importing import dump_lines
from leaderboard_data.load import Reader, load_entries
from leaderboard_data.plausibility import CODES, RULES, odd_tasks
from leaderboard_data.publish import seed, shipped_entries
from leaderboard_data.ranking import borda_ranks, joined
from store.memory import MemoryStore
from store.update import Change, Snapshot, update

COLUMNS = ["Rank (Borda)", "Model", "Zero-shot", "Mean (Task)", "Mean (TaskType)"]
COLUMNS += ["PairClassification", "Reranking", "Retrieval", "Clustering", "STS", "Classification"]


@pytest.mark.shared
def test_every_cell_is_what_mtebs_code_makes_of_the_public_results(shared: Path) -> None:
    asked = ["export", "--suite", "mteb-kor-v2", "--view", "overall", "--format", "csv", "--origins", "imported"]
    ran = CliRunner().invoke(app, asked)
    lines = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert list(lines[0]) == COLUMNS
    assert len(lines) == 238
    ours = {line["Model"]: line for line in lines}
    reference = (shared / "reference/mteb-board-kor-v2.jsonl").read_text("utf-8").splitlines()
    assert len(reference) == 231  # of the other seven it only tells that they are there: their ranks are left free
    for line in map(json.loads, reference):
        whole = {name: str(line[name]) for name in ("Rank (Borda)", "Model", "Zero-shot")}
        scores = {name: "" if line[name] is None else percent(line[name]) for name in COLUMNS[3:]}
        assert ours[line["Model"]] == whole | scores


def test_a_task_that_a_row_lacks_gives_no_points_and_equal_scores_share_theirs() -> None:
    rows: list[list[float | None]] = [[0.9, None], [0.5, 0.4], [0.5, 0.3]]
    assert borda_ranks(rows, [[0], [1]]) == [1, 2, 3]  # 2-1 | 2-2.5 + 2-1 | 2-2.5 + 2-2
    assert borda_ranks(rows, [[0, 1]]) == [1, 2, 3]  # one task of two cells: 0.9, 0.45, 0.4
    assert borda_ranks([], [[0]]) == []


def reported(scores: dict[str, float], revision: str, version: str, suite: Suite = MTEB_KOR_V2) -> Entry:
    tasks = {task: TaskScore(metrics=dict.fromkeys(suite.rules[task].metrics, score)) for task, score in scores.items()}
    origin = Origin(kind="reported", by="MTEB", version=version, reference=f"https://example.org/{revision}")
    spec = ModelSpec(model="intfloat/multilingual-e5-small", revision=revision)
    return entry_of(f"results/{revision}.json", ModelResult(spec=spec, tasks=tasks, origin=origin), suite)


def test_revisions_are_joined_by_task_the_registrys_main_one_first_then_the_newest_version() -> None:
    main = reported({"KLUE-STS": 0.1}, "fd1525a9fd15316a2d503bf26ab031a61d056e98", "1.0.0")
    newer = reported({"KLUE-STS": 0.2, "KorSTS": 0.3}, "b" * 40, "2.10.0")
    older = reported({"KLUE-STS": 0.4, "KorSTS": 0.5, "STS17": 0.6}, "c" * 40, "2.9.0")
    (one,) = joined([older, newer, main], MTEB_KOR_V2)
    scores = dict(zip(MTEB_KOR_V2.task_ids, (cell.score for cell in one.cells), strict=True))
    assert (scores["KLUE-STS"], scores["KorSTS"], scores["STS17"]) == (0.1, 0.3, 0.6)
    assert one.revision == main.revision


def result_of(**metrics: dict[str, float]) -> ModelResult:
    tasks = {name.replace("_", "."): TaskScore(metrics=found) for name, found in metrics.items()}
    return ModelResult(
        spec=ModelSpec(model="org/name"), tasks=tasks, origin=Origin(kind="reported", by="MTEB"), keep_duplicates=True
    )


@pytest.mark.parametrize(
    ("reranking", "marked"), [(0.37, True), (0.54, True), (0.56, False), (0.70, False), (0.90, False)]
)
def test_a_reranking_far_below_the_retrieval_of_the_same_passages_is_odd(reranking: float, marked: bool) -> None:
    result = result_of(MIRACLReranking={"ndcg_at_10": reranking}, MIRACLRetrieval={"ndcg_at_10": 0.70})
    assert odd_tasks(result) == ({"MIRACLReranking": "reranking"} if marked else {})


@pytest.mark.parametrize(("v_measure", "marked"), [(0.85, False), (0.8501, True)])
def test_a_clustering_above_any_classifier_is_odd(v_measure: float, marked: bool) -> None:
    assert bool(odd_tasks(result_of(SIB200ClusteringS2S={"v_measure": v_measure}))) is marked


def test_what_ships_has_few_odd_cells_and_each_rule_is_told_by_its_code() -> None:
    odd = {(e.model, c.odd) for e in shipped_entries() for c in e.cells if c.odd}
    assert ("BAAI/bge-multilingual-gemma2", "reranking") in odd
    assert {model for model, code in odd if code == "clustering"} == {
        f"codefuse-ai/F2LLM-v2-{size}" for size in ("0.6B", "1.7B", "4B", "8B", "14B")
    }
    assert len(odd) < 15
    assert {rule.code for rule in RULES} == CODES


def test_a_store_of_a_former_version_gets_the_newer_imports_and_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    seed(store)
    path, former = "results/imported/mteb.jsonl", dump_lines([result_of(KorSTS={"cosine_spearman": 0.5})])
    own = "results/imported/own.jsonl"
    update(store, lambda _: Change({path: former, own: former}, "as a former version had it"))
    assert seed(store) == store.head()
    assert store.read(path, store.head()) == former, "what is not known as shipped stays"
    monkeypatch.setattr(publish, "FORMER_IMPORTS", frozenset({hashlib.sha256(former).hexdigest()}))
    seed(store)
    assert store.read(path, store.head()) == publish.shipped_files()[path]
    assert store.read(own, store.head()) == former
    entries = load_entries(Snapshot(store, store.head()), Reader())
    assert {entry.path for entry in entries} >= {path, own}
    head = store.head()
    assert seed(store) == head, "once"
