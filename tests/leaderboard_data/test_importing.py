"""MTEB's results become records that say so, scored by our rules; what does not suffice has no score and says why."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.records import load_result, percent
from evaluator.scores import failure_by, score_by
from evaluator.suite import KO_V1, KO_V2
from leaderboard_data.__main__ import app
from leaderboard_data.board import means, table
from leaderboard_data.entry import entry_of
from leaderboard_data.importing import dump_lines, import_mteb, json_lines
from leaderboard_data.model_facts import FACTS, dump_facts
from leaderboard_data.publish import SHIPPED, shipped_entries

COMMIT = "d14c8a9423946e268a0c9952fecf3a7aabd73bd9"
RETRIEVAL = {"ndcg_at_5": 0.86243, "ndcg_at_10": 0.87076, "main_score": 0.87076}


def line(**changed: object) -> str:
    result = {
        "model": "nlpai-lab/KURE-v1",
        "revision": COMMIT,
        "task": "AutoRAGRetrieval",
        "split": "test",
        "subset": "default",
        "mteb_version": "1.21.6",
        "dataset_revision": "fd7df84ac089bbec763b1c6bb1b56e985df5cc5c",
        "metrics": RETRIEVAL,
    }
    return json.dumps(result | changed)


@pytest.mark.shared
def test_the_shipped_records_are_what_the_import_makes_of_mtebs_results(shared: Path) -> None:
    reference = shared / "reference"
    results = [reference / f"mteb-results-korean-{part}.jsonl" for part in ("v2", "other")]
    models = reference / "mteb-models-korean-v2.jsonl"
    imported = import_mteb(results, models)
    assert len(imported.results) == 285
    assert len(imported.left_out) == 6  # variants of one model, whose names are no ids on the Hub
    shipped = SHIPPED / "imported/mteb.jsonl"
    assert dump_lines(imported.results) == shipped.read_bytes()
    assert dump_facts(json_lines(models, [])) == FACTS.read_bytes()
    assert shipped.stat().st_size + FACTS.stat().st_size < 2_000_000


def test_our_rules_give_the_published_retrieval_scores_from_mtebs_metrics() -> None:
    kure = next(
        e for e in shipped_entries() if (e.model, e.origin, e.suite) == ("nlpai-lab/KURE-v1", "imported", KO_V1.id)
    )
    scores = [percent(cell.score or 0) for cell in kure.cells]
    assert scores[-2:] == ["79.20", "86.66"]
    assert percent(means(kure, KO_V1)[0]["retrieval"] or 0) == "82.93"
    assert scores[0] == "87.48"


def test_imported_rows_are_listed_only_when_asked_and_never_beside_a_better_origin() -> None:
    entries = shipped_entries()
    assert all(row.entry.origin == "published" for row in table(entries, "overall", KO_V1).rows)
    rows = table(entries, "overall", KO_V1, ("measured", "published", "imported")).rows
    kure = [row.entry.origin for row in rows if row.entry.model == "nlpai-lab/KURE-v1"]
    assert kure == ["published"]
    ranked = [row for row in rows if row.rank]
    assert rows[: len(ranked)] == tuple(ranked)
    assert len(ranked) < len(rows)


def test_a_record_says_who_reported_it_and_from_where(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text(line() + "\n")
    (result,) = import_mteb(tmp_path / "results.jsonl").results
    assert (result.origin.kind, result.origin.by, result.origin.version) == ("reported", "MTEB", "1.21.6")
    assert result.origin.reference is not None
    assert result.origin.reference.endswith(f"/results/nlpai-lab__KURE-v1/{COMMIT}")
    assert result.keep_duplicates
    rule = KO_V1.rules["AutoRAGRetrieval"]
    assert score_by(rule, result.tasks["AutoRAGRetrieval"]) == pytest.approx((0.86243 + 0.87076) / 2)
    assert "main_score" not in result.tasks["AutoRAGRetrieval"].metrics
    assert load_result(dump_lines([result]).strip()) == result


def test_metrics_that_do_not_suffice_give_no_score_and_say_which_is_missing(tmp_path: Path) -> None:
    metrics = {"cosine_spearman": 0.8, "main_score": 0.8}
    (tmp_path / "r.jsonl").write_text(line(task="KorSTS", metrics=metrics))
    (result,) = import_mteb(tmp_path / "r.jsonl").results
    rule, task = KO_V1.rules["KorSTS"], result.tasks["KorSTS"]
    assert task.metrics == {"cosine_spearman": 0.8}
    assert score_by(rule, task) is None
    failure = failure_by(rule, "KorSTS", result)
    assert failure is not None
    assert failure.message == "MTEB's result has no pearson, which the score of this task needs."
    assert entry_of("p", result, KO_V1).cells[1].failure == "data_unavailable"


def test_a_revision_that_is_no_commit_is_kept_in_the_reference_only(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(line(revision="external"))
    (result,) = import_mteb(tmp_path / "r.jsonl").results
    assert result.spec.revision is None
    assert str(result.origin.reference).endswith("/external")


def test_other_tasks_splits_and_languages_are_not_taken(tmp_path: Path) -> None:
    lines = [line(task="Banking77"), line(split="train"), line(task="STS17", subset="en-en")]
    (tmp_path / "r.jsonl").write_text("\n".join(lines))
    assert import_mteb(tmp_path / "r.jsonl").results == []


def test_hostile_and_broken_lines_are_named_and_left_out(tmp_path: Path) -> None:
    broken = ["{", "[]", json.dumps({"model": "a/b"}), line(model="../../etc/passwd"), line(model="<script>/x")]
    (tmp_path / "r.jsonl").write_text("\n".join([*broken, line()]))
    imported = import_mteb(tmp_path / "r.jsonl")
    assert [result.spec.model for result in imported.results] == ["nlpai-lab/KURE-v1"]
    assert len(imported.left_out) == len(broken)


def test_mtebs_results_folder_is_read_with_its_metadata(tmp_path: Path) -> None:
    folder = tmp_path / "nlpai-lab__KURE-v1" / COMMIT
    folder.mkdir(parents=True)
    scores = {"test": [{"hf_subset": "default", "languages": ["kor-Hang"], **RETRIEVAL}]}
    content = {
        "task_name": "AutoRAGRetrieval",
        "mteb_version": "1.21.6",
        "dataset_revision": "f" * 40,
        "scores": scores,
    }
    (folder / "AutoRAGRetrieval.json").write_text(json.dumps(content))
    (folder / "Old.json").write_text(json.dumps({"test": {"ndcg_at_10": 0.5}}))
    meta = {"n_parameters": 567754752, "embed_dim": 1024, "max_tokens": 8194.0, "license": "mit", "open_weights": True}
    (folder / "model_meta.json").write_text(json.dumps(meta))
    imported = import_mteb(tmp_path)
    (result,) = imported.results
    assert (result.model.parameters, result.model.max_tokens, result.model.license) == (567754752, 8194, "mit")
    rule = KO_V1.rules["AutoRAGRetrieval"]
    assert score_by(rule, result.tasks["AutoRAGRetrieval"]) == pytest.approx(0.866595)
    assert imported.left_out == [
        f"nlpai-lab__KURE-v1/{COMMIT}/Old.json: not a result file of MTEB 1.12 or later",
    ]


def test_the_command_writes_nothing_when_there_is_nothing_to_import(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(line(task="Banking77"))
    output = tmp_path / "out.jsonl"
    ran = CliRunner().invoke(app, ["import-mteb", str(tmp_path / "r.jsonl"), "--output", str(output)])
    assert ran.exit_code == 2
    assert "no MTEB result of one of the suites' tasks" in ran.output
    assert not output.exists()
    (tmp_path / "r.jsonl").write_text(line())
    ran = CliRunner().invoke(app, ["import-mteb", str(tmp_path / "r.jsonl"), "--output", str(output)])
    assert ran.exit_code == 0, ran.output
    assert len(output.read_text().splitlines()) == 1


def test_the_export_takes_origins_and_refuses_unknown_ones() -> None:
    runner = CliRunner()
    default = runner.invoke(app, ["export"])
    wider = runner.invoke(app, ["export", "--origins", "measured,published,imported"])
    assert len(default.stdout.splitlines()) == 10
    assert len(wider.stdout.splitlines()) > 200
    wrong = runner.invoke(app, ["export", "--origins", "rumours"])
    assert wrong.exit_code == 2
    assert "the origins: measured, published, imported" in wrong.output


LONG = {"task": "MultiLongDocRetrieval", "subset": "ko", "dataset_revision": "8" * 40}


def test_every_cell_goes_to_the_task_that_declares_it(tmp_path: Path) -> None:
    cells = [
        line(task="PawsXPairClassification", split="test", subset="ko", metrics={"max_ap": 0.6}),
        line(task="PawsXPairClassification", split="validation", subset="ko", metrics={"max_ap": 0.5}),
        line(task="BelebeleRetrieval", split="test", subset="kor_Hang-eng_Latn", metrics={"ndcg_at_10": 0.7}),
        line(task="NTREXBitextMining", split="test", subset="eng_Latn-kor_Hang", metrics={"f1": 0.8}),
    ]
    (tmp_path / "one.jsonl").write_text("\n".join(cells[:2]))
    (tmp_path / "two.jsonl").write_text("\n".join(cells[2:]))
    (result,) = import_mteb([tmp_path / "one.jsonl", tmp_path / "two.jsonl"]).results
    assert {task_id: next(iter(task.metrics.values())) for task_id, task in result.tasks.items()} == {
        "PawsXPairClassification": 0.6,
        "PawsXPairClassification.validation": 0.5,
        "BelebeleRetrieval.ko-en": 0.7,
        "NTREXBitextMining.en-ko": 0.8,
    }


def test_a_task_of_two_splits_is_their_mean_and_keeps_both(tmp_path: Path) -> None:
    cells = [line(**LONG, split=split, metrics={"ndcg_at_10": value}) for split, value in (("dev", 0.4), ("test", 0.6))]
    (tmp_path / "r.jsonl").write_text("\n".join(cells))
    (result,) = import_mteb(tmp_path / "r.jsonl").results
    task = result.tasks["MultiLongDocRetrieval"]
    assert task.metrics == {"ndcg_at_10": 0.5}
    assert task.parts == {"dev/ko": {"ndcg_at_10": 0.4}, "test/ko": {"ndcg_at_10": 0.6}}
    assert task.data is not None
    assert task.data.split == "dev+test"


def test_a_missing_split_is_named_and_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(line(**LONG, split="dev", metrics={"ndcg_at_10": 0.4}))
    (result,) = import_mteb(tmp_path / "r.jsonl").results
    task = result.tasks["MultiLongDocRetrieval"]
    assert task.error is not None
    assert "has no test/ko" in task.error.message
    assert task.parts == {"dev/ko": {"ndcg_at_10": 0.4}}


def test_of_a_cell_that_comes_twice_the_newer_version_counts(tmp_path: Path) -> None:
    twice = [line(mteb_version="2.6.0", metrics={"ndcg_at_10": 0.9}), line(metrics={"ndcg_at_10": 0.1})]
    (tmp_path / "r.jsonl").write_text("\n".join(twice))
    (result,) = import_mteb(tmp_path / "r.jsonl").results
    assert result.tasks["AutoRAGRetrieval"].metrics == {"ndcg_at_10": 0.9}


def test_numbers_of_another_data_revision_count_where_the_suite_takes_them_and_say_why_where_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "r.jsonl").write_text(line(dataset_revision="0" * 40))
    (result,) = import_mteb(tmp_path / "r.jsonl").results
    rules = {suite.id: suite.rules["AutoRAGRetrieval"] for suite in (KO_V1, KO_V2)}
    assert failure_by(rules["ko-v1"], "AutoRAGRetrieval", result, KO_V1) is None
    failure = failure_by(rules["ko-v2"], "AutoRAGRetrieval", result, KO_V2)
    assert failure is not None
    assert "data at 000000000000; this board's task is pinned to fd7df84ac089" in failure.message
    cell = entry_of("p", result, KO_V2).cells[KO_V2.task_ids.index("AutoRAGRetrieval")]
    assert (cell.score, cell.failure) == (None, "data_unavailable")
    assert result.tasks["AutoRAGRetrieval"].metrics  # kept
