"""MTEB's results become records that say so, scored by our rules; what does not suffice has no score and says why."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.records import load_result, percent
from evaluator.scores import failure_by, score_by
from evaluator.suite import KO_V1
from leaderboard_data.__main__ import app
from leaderboard_data.board import means, table
from leaderboard_data.entry import entry_of
from leaderboard_data.importing import dump_lines, import_mteb
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
    imported = import_mteb(reference / "mteb-results-korean.jsonl", reference / "mteb-models-korean.jsonl")
    assert (len(imported.results), imported.left_out) == (235, [])
    assert dump_lines(imported.results) == (SHIPPED / "imported/mteb.jsonl").read_bytes()


def test_our_rules_give_the_published_retrieval_scores_from_mtebs_metrics() -> None:
    kure = next(e for e in shipped_entries() if e.model == "nlpai-lab/KURE-v1" and e.origin == "imported")
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
    assert "holds no MTEB result" in ran.output
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
