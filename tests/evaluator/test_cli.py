"""`python -m evaluator`: what a user sees, and the exit codes that the worker relies on."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.evidence.environment import code_digest
from evaluator.evidence.samples import load_samples
from evaluator.options import chosen_tasks
from evaluator.records import load_result
from evaluator.spec import local_spec
from evaluator.suite import KO_V1, NDCG_10, SUITES, Category
from tests.evaluator.running import evaluator, evaluator_here, events_in
from tests.ports import free_port

MakeModel = Callable[..., Path]
WIKIPEDIA = Category(id="wikipedia", label="Wikipedia", task_ids=("MIRACLRetrieval",), rule=NDCG_10, weight=0.0)


def test_tasks_are_listed_with_their_data() -> None:
    ran = evaluator("tasks")
    assert ran.returncode == 0
    lines = ran.stdout.splitlines()
    assert "klue/klue sts validation @ 349481ec73ff" in ran.stdout
    marked = [line for line in lines if "on request" in line]
    assert len(lines) - len(marked) == 9
    assert [line.split()[0] for line in marked] == ["MIRACLRetrieval", "MrTidyRetrieval"]


def test_a_task_on_request_is_chosen_by_its_id_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = replace(KO_V1, categories=(*KO_V1.categories, WIKIPEDIA))
    monkeypatch.setitem(SUITES, "ko-v1", wide)
    assert "MIRACLRetrieval" in wide.task_ids
    assert [task.id for task in chosen_tasks(None, ["ko-v1"])] == list(KO_V1.task_ids)
    assert [task.id for task in chosen_tasks(["MIRACLRetrieval"], None)] == ["MIRACLRetrieval"]


@pytest.mark.shared
def test_a_spec_file_gives_a_result_samples_and_events(
    tiny_model: MakeModel, datasets_folder: Path, tmp_path: Path
) -> None:
    """As the worker calls it."""
    spec = local_spec(tiny_model("worker-model"), max_tokens=32)
    (tmp_path / "spec.json").write_text(spec.model_dump_json(), encoding="utf-8")
    ran = evaluator(
        *("run", "--spec", tmp_path / "spec.json", "--datasets", datasets_folder, "--work-dir", tmp_path / "work"),
        *("--tasks", "KLUE-STS", "--tasks", "KLUE-NLI", "--device", "cpu", "--progress", "json"),
        *("--output", tmp_path / "out/result.json", "--samples", tmp_path / "out/samples.parquet"),
    )
    assert ran.returncode == 0, ran.stderr
    result = load_result((tmp_path / "out/result.json").read_bytes())
    assert set(result.tasks) == {"KLUE-STS", "KLUE-NLI"}
    assert result.spec == spec.published()
    (run,) = result.runs.values()
    assert run.environment.max_tokens == 32
    assert run.code == code_digest()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"result.json", "samples.parquet"}
    assert set(load_samples((tmp_path / "out/samples.parquet").read_bytes())) == {"KLUE-STS", "KLUE-NLI"}
    events = events_in(ran.stderr)
    assert {event["event"] for event in events} == {"progress", "task"}
    assert [event["phase"] for event in events if event["event"] == "progress" and event["task"] is None][:3] == [
        "load",
        "data",
        "encode",
    ]
    assert "KLUE-STS" in ran.stdout


@pytest.mark.shared
def test_without_output_the_result_goes_to_the_evaluations_folder(
    tiny_model: MakeModel, datasets_folder: Path, tmp_path: Path
) -> None:
    model = tiny_model("by-hand")
    ran = evaluator(
        *("run", model, "--datasets", datasets_folder, "--tasks", "KLUE-STS", "AutoRAGRetrieval", "--device", "cpu"),
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    (written,) = tmp_path.glob("evaluations/local__by-hand/*.json")
    assert f"written: {written.relative_to(tmp_path)}" in ran.stdout
    assert set(load_result(written.read_bytes()).tasks) == {"KLUE-STS", "AutoRAGRetrieval"}


@pytest.mark.shared
def test_a_run_onto_a_result_adds_what_it_lacks_and_no_more(
    tiny_model: MakeModel, datasets_folder: Path, tmp_path: Path
) -> None:
    model, file, samples = tiny_model("added-to"), tmp_path / "result.json", tmp_path / "samples.parquet"
    arguments = ("--datasets", datasets_folder, "--device", "cpu", "--samples", samples)
    first = evaluator_here("run", model, *arguments, "--tasks", "KLUE-STS", "--output", file)
    assert first.returncode == 0, first.stderr
    before = load_result(file.read_bytes())
    second = evaluator_here("run", model, *arguments, "--tasks", "KLUE-STS", "KLUE-NLI", "--onto", file)
    assert second.returncode == 0, second.stderr
    assert "reading KLUE-STS" not in second.stderr
    after = load_result(file.read_bytes())
    assert after.tasks["KLUE-STS"] == before.tasks["KLUE-STS"]
    assert len(after.runs) == 2
    assert after.tasks["KLUE-NLI"].run not in before.runs
    assert set(load_samples(samples.read_bytes())) == {"KLUE-STS", "KLUE-NLI"}
    assert "KLUE-STS" in second.stdout
    apart = tmp_path / "apart.json"
    third = evaluator_here(
        "run", model, *arguments, "--tasks", "KLUE-STS", "--onto", file, "--apart", "--output", apart
    )
    assert third.returncode == 0, third.stderr  # asked for by name, so it is run although it is there
    (run,) = load_result(apart.read_bytes()).runs.values()
    assert run.at > (after.evaluated_at or run.at)
    other = evaluator_here("run", tiny_model("another", seed=7), *arguments, "--onto", file)
    assert other.returncode == 2
    assert "with other settings or" in " ".join(other.stderr.replace("│", " ").split())


@pytest.mark.shared
def test_a_failed_task_leaves_the_others_alone(tiny_model: MakeModel, datasets_folder: Path, tmp_path: Path) -> None:
    ran = evaluator_here(
        *("run", tiny_model("partial"), "--datasets", datasets_folder, "--device", "cpu"),
        *("--tasks", "Ko-StrategyQA", "--tasks", "KLUE-STS", "--output", tmp_path / "result.json"),
    )
    assert ran.returncode == 0, ran.stderr
    result = load_result((tmp_path / "result.json").read_bytes())
    assert result.tasks["Ko-StrategyQA"].error is not None
    assert result.tasks["KLUE-STS"].scored
    assert "data_unavailable" in ran.stdout


def test_when_every_task_fails_there_is_no_result(tiny_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = evaluator(
        *("run", tiny_model("nothing"), "--datasets", tmp_path / "empty", "--device", "cpu", "--progress", "json"),
        *("--tasks", "KLUE-STS", "--output", tmp_path / "result.json", "--samples", tmp_path / "samples.parquet"),
    )
    assert ran.returncode == 1
    assert not (tmp_path / "result.json").exists()
    assert not (tmp_path / "samples.parquet").exists()
    failed = events_in(ran.stderr)[-1]
    assert (failed["event"], failed["class"]) == ("failed", "data_unavailable")
    assert "klue/klue" in str(failed["message"])


def test_a_failure_is_one_sentence_without_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/config.json").write_text('{"model_type": "no-such-type"}', encoding="utf-8")
    ran = evaluator("run", tmp_path / "broken", "--device", "cpu", "--tasks", "KLUE-STS")
    assert ran.returncode == 1
    assert "load_failed: local/broken could not be loaded" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert str(tmp_path) not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "give either MODEL, or --spec FILE, or --onto RESULT"),
        (("run", "no-owner"), "is not a Hub model id"),
        (("run", "a/b", "--tasks", "KLUE-NOTHING"), "the tasks: AutoRAGRetrieval, BelebeleRetrieval"),
        (("run", "a/b", "--device", "abacus"), "is no device"),
        (("run", "a/b", "--device", "cuda:7"), "CUDA devices"),
        (("run", "a/b", "--trust-remote-code"), "needs --revision COMMIT"),
        (("run", "a/b", "--trust-remote-code", "--revision", "main"), "needs --revision COMMIT"),
        (("run", "a/b", "--progress", "morse"), "bar or json"),
        (("run", "a/b", "--progress", "fd:x"), "bar or json"),
        (("run", "a/b", "--progress", "fd:987"), "no such open descriptor"),
    ],
)
def test_a_wrong_command_says_what_is_right(arguments: tuple[str, ...], said: str) -> None:
    ran = evaluator(*arguments)
    assert ran.returncode == 2, ran.stderr
    assert said in " ".join(ran.stderr.replace("│", " ").split())


def test_an_unreachable_hub_is_not_the_models_fault() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    ran = evaluator("run", "nlpai-lab/KURE-v1", "--device", "cpu", "--progress", "json", HF_ENDPOINT=nobody)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    failed = events_in(ran.stderr)[-1]
    assert failed["class"] == "hub_unavailable"
    assert "The model is not at fault: try again" in str(failed["message"])


def test_prompt_keys_that_no_task_uses_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"
    file.write_text(json.dumps({"query": "질문: ", "KLUE-NOTHING": "x"}), encoding="utf-8")
    ran = evaluator("run", "a/b", "--prompts", file)
    assert ran.returncode == 2
    assert "KLUE-NOTHING" in ran.stderr


@pytest.mark.shared
def test_the_prompts_of_a_file_are_used_and_told(tiny_model: MakeModel, datasets_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompts.json"
    prompts = {"query": "질문: ", "STS": "같은 뜻의 문장: ", "AutoRAGRetrieval-passage": "문서: "}
    file.write_text(json.dumps(prompts), encoding="utf-8")
    model = tiny_model("prompted")
    arguments = ("--datasets", datasets_folder, "--device", "cpu", "--tasks", "KLUE-STS", "--tasks", "AutoRAGRetrieval")
    ran = evaluator_here("run", model, *arguments, "--prompts", file, "--output", tmp_path / "prompted.json")
    assert ran.returncode == 0, ran.stderr
    result = load_result((tmp_path / "prompted.json").read_bytes())
    assert result.spec.prompts == prompts
    (run,) = result.runs.values()
    assert run.environment.prompts == {
        "KLUE-STS": {"text": "같은 뜻의 문장: "},
        "AutoRAGRetrieval": {"query": "질문: ", "document": "문서: "},
    }
    assert result.spec.id != local_spec(model).id
