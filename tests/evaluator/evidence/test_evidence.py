"""What a result leaves behind is enough to check it: samples, intervals, and running it again."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from evaluator.evidence.bootstrap import mean_intervals95, percentiles, resampled_scores
from evaluator.evidence.samples import dump_samples, load_samples, metrics_from_samples
from evaluator.evidence.verify import differences
from evaluator.records import ModelResult, dump_result, load_result
from evaluator.suite import ACCURACY, F1, KO_V1, NDCG_10, SUITES, Category, Suite, Words, rules_of
from tests.evaluator.models import static
from tests.evaluator.running import evaluator, evaluator_here

if TYPE_CHECKING:
    from tests.evaluator.running import Run


@pytest.mark.shared
def test_every_metric_can_be_computed_again_from_the_samples(minilm_run: "Run") -> None:
    again = metrics_from_samples(minilm_run.samples)
    assert again == {task_id: task.metrics for task_id, task in minilm_run.result.tasks.items() if task.scored}


@pytest.mark.shared
def test_the_samples_name_their_items_and_their_truth(minilm_run: "Run", datasets_folder: Path) -> None:
    assert datasets_folder.is_dir()
    assert len(minilm_run.samples["STS17"]["item"]) == 2_846
    assert minilm_run.samples["KLUE-STS"]["gold"].max() == 5.0
    assert set(minilm_run.samples["KorNLI"]["gold"]) == {0.0, 1.0}
    assert "0_finance" in minilm_run.samples["AutoRAGRetrieval"]["item"]
    for measure in ("ndcg", "recall", "mrr", "map"):
        for cutoff in (1, 3, 5, 10):
            assert len(minilm_run.samples["AutoRAGRetrieval"][f"{measure}_at_{cutoff}"]) == 114


@pytest.mark.shared
def test_the_suites_intervals_take_under_five_seconds_of_processor_time(minilm_run: "Run") -> None:
    started = time.process_time()
    replicates = {
        (task_id, rule_id): scores
        for task_id, columns in minilm_run.samples.items()
        for rule_id, scores in resampled_scores(KO_V1.task(task_id), columns, [KO_V1.rules[task_id]]).items()
    }
    means = mean_intervals95(KO_V1, replicates)
    assert time.process_time() - started < 5 * 2  # two cores: numpy may use both
    for (task_id, rule_id), scores in replicates.items():
        assert minilm_run.result.tasks[task_id].intervals95[rule_id] == percentiles(scores)
    assert set(means) == {"sts", "nli", "clustering"}  # retrieval, and so the average, lack Ko-StrategyQA


def test_a_mean_is_resampled_task_by_task() -> None:
    spread = {(task_id, rule.id): np.linspace(0, 1, 1000) for task_id, rule in KO_V1.rules.items()}
    generator = np.random.default_rng(0)
    independent = {key: generator.permutation(scores) for key, scores in spread.items()}
    together, apart = mean_intervals95(KO_V1, spread)["overall"], mean_intervals95(KO_V1, independent)["overall"]
    assert apart[1] - apart[0] < 0.7 * (together[1] - together[0])


def test_the_same_samples_give_the_same_bytes() -> None:
    samples = {
        "KLUE-STS": {"item": np.array(["0", "1"], dtype=object), "gold": np.array([1.0, 2.0])},
        "AutoRAGRetrieval": {"item": np.array(["질문"], dtype=object), "ndcg_at_5": np.array([0.5])},
    }
    content = dump_samples(samples)
    assert content == dump_samples(samples)
    read = load_samples(content)
    assert read["AutoRAGRetrieval"].keys() == {"item", "ndcg_at_5"}
    assert read["AutoRAGRetrieval"]["item"].tolist() == ["질문"]
    assert read["KLUE-STS"]["gold"].tolist() == [1.0, 2.0]


def test_a_file_that_holds_no_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="not a parquet file"):
        load_samples(b"PAR1 and more")


@pytest.fixture(scope="session")
def stored(
    tiny_model: Callable[..., Path], datasets_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A result file of a tiny model, and the model's folder."""
    model, folder = tiny_model("verified"), tmp_path_factory.mktemp("verify")
    ran = evaluator_here(
        *("run", model, "--datasets", datasets_folder, "--device", "cpu", "--output", folder / "result.json"),
        *("--tasks", "KLUE-STS", "--tasks", "AutoRAGRetrieval"),
    )
    assert ran.returncode == 0, ran.stderr
    return folder / "result.json", model


@pytest.mark.shared
def test_verify_runs_a_result_again_and_agrees(stored: tuple[Path, Path], datasets_folder: Path) -> None:
    result, model = stored
    ran = evaluator("verify", result, "--folder", model, "--datasets", datasets_folder, "--device", "cpu")
    assert ran.returncode == 0, ran.stderr
    rules = [rule.id for task_id in ("AutoRAGRetrieval", "KLUE-STS") for rule in rules_of(task_id)]
    assert len(rules) > 2, "each suite scores by its own rule"
    assert [line.split()[1] for line in ran.stdout.splitlines() if line.endswith("agrees")] == rules


@pytest.mark.shared
def test_verify_fails_on_a_score_that_was_changed(
    stored: tuple[Path, Path], datasets_folder: Path, tmp_path: Path
) -> None:
    result, model = stored
    content = json.loads(result.read_bytes())
    for name in content["tasks"]["KLUE-STS"]["metrics"]:
        content["tasks"]["KLUE-STS"]["metrics"][name] += 0.001
    (tmp_path / "changed.json").write_text(json.dumps(content), encoding="utf-8")
    arguments = ("--folder", model, "--datasets", datasets_folder, "--device", "cpu", "--tasks", "KLUE-STS")
    ran = evaluator_here("verify", tmp_path / "changed.json", *arguments)
    assert ran.returncode == 1
    assert "DIFFERS" in ran.stdout
    assert "AutoRAG" not in ran.stdout


@pytest.mark.shared
def test_verify_refuses_another_models_folder(
    stored: tuple[Path, Path], tiny_model: Callable[..., Path], datasets_folder: Path
) -> None:
    other = tiny_model("another", seed=3)
    ran = evaluator_here("verify", stored[0], "--folder", other, "--datasets", datasets_folder, "--device", "cpu")
    assert ran.returncode == 1
    assert "has changed since it was submitted" in ran.stderr


@pytest.mark.shared
def test_verify_refuses_a_task_without_a_score(stored: tuple[Path, Path]) -> None:
    ran = evaluator_here("verify", stored[0], "--tasks", "KorSTS")
    assert ran.returncode == 2
    assert "no score for KorSTS" in " ".join(ran.stderr.replace("│", " ").split())


@pytest.mark.shared
def test_a_score_that_is_missing_once_does_not_agree(stored: tuple[Path, Path]) -> None:
    result = load_result(stored[0].read_bytes())
    fewer: ModelResult = result.model_copy(update={"tasks": {"KLUE-STS": result.tasks["KLUE-STS"]}})
    found = {row.task_id: row.agrees for row in differences(result, fewer, ["KLUE-STS", "AutoRAGRetrieval", "STS17"])}
    assert found == {"KLUE-STS": True, "AutoRAGRetrieval": False, "STS17": True}


@pytest.mark.shared
def test_a_result_file_is_read_back_as_it_was(stored: tuple[Path, Path]) -> None:
    content = stored[0].read_bytes()
    assert dump_result(load_result(content)) == content


WIDE = Suite(
    id="wide",
    title=Words(ko="다른 종류", en="Other kinds"),
    categories=(
        Category(id="classification", label="Classification", task_ids=("KLUE-TC",), rule=ACCURACY),
        Category(id="bitext", label="Bitext", task_ids=("Tatoeba",), rule=F1),
        Category(id="cells", label="Cells", task_ids=("BelebeleRetrieval.en-ko",), rule=NDCG_10),
    ),
    average="categories",
)


@pytest.mark.shared
def test_a_result_of_the_other_kinds_is_verified_from_its_file(
    datasets_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SUITES, WIDE.id, WIDE)
    model, result, samples = static(tmp_path / "model"), tmp_path / "result.json", tmp_path / "samples.parquet"
    where = ("--datasets", datasets_folder, "--device", "cpu", "--work-dir", tmp_path / "work")
    ran = evaluator_here("run", model, *where, "--suite", WIDE.id, "--output", result, "--samples", samples)
    assert ran.returncode == 0, ran.stderr
    stored = load_result(result.read_bytes())
    for task_id, rule in WIDE.rules.items():
        low, high = stored.tasks[task_id].intervals95[rule.id]
        assert low <= rule.score(stored.tasks[task_id].metrics) <= high, task_id
    again = metrics_from_samples(load_samples(samples.read_bytes()))
    assert again == {task_id: stored.tasks[task_id].metrics for task_id in WIDE.task_ids}
    checked = evaluator_here("verify", result, "--folder", model, *where)
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("agrees") >= 3
