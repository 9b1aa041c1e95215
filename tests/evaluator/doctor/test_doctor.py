"""What the doctor finds, what it says to do about it, and that its patch is one."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from evaluator.doctor import machine
from evaluator.doctor.checks import Check, bounded
from evaluator.doctor.data import Found, look_at, sizes
from evaluator.doctor.hub import Right, rights
from evaluator.doctor.patch import ROOT, patch_of, with_values
from evaluator.doctor.report import exit_code
from evaluator.doctor.xet import xet_tokens
from evaluator.suite import KO_V1
from evaluator.task import DataSource, Task
from evaluator.tasks import discovered_tasks
from tests.evaluator.test_data import write_config
from tests.hub.repositories import Repositories

ROWS: list[dict[str, object]] = [{"a": "가\x1b[31m", "b": "나", "c": 1.0}, {"a": "다", "b": "라", "c": 2.0}]


@pytest.fixture(scope="module")
def known(hub: Repositories) -> Iterator[Repositories]:
    """A Hub with tokens of several rights and one repository."""
    hub.add_user("hf_doctor_writer", "doctor-writer")
    hub.add_user("hf_doctor_reader", "doctor-reader", role="read")
    hub.add_user("hf_doctor_mighty", "doctor-mighty", role="write")
    hub.create("datasets", "doctor/requests", writers={"doctor-writer"})
    yield hub
    hub.faults.clear()


def verdicts(*given: Right) -> dict[str, str]:
    return {check.name: check.verdict for check in rights(given)}


def test_a_token_with_the_right_is_well_and_nothing_is_written(known: Repositories) -> None:
    before = known.get("datasets", "doctor/requests").head.oid
    found = rights([Right("KEL_REQUESTS_TOKEN", "hf_doctor_writer", "hf:datasets/doctor/requests")])
    assert [check.verdict for check in found] == ["ok", "ok"]
    assert "doctor-writer" in found[0].told
    assert known.get("datasets", "doctor/requests").head.oid == before


@pytest.mark.parametrize(
    ("token", "url", "advice"),
    [
        ("hf_nobody", "hf:datasets/doctor/requests", "set KEL_REQUESTS_TOKEN"),
        ("hf_doctor_reader", "hf:datasets/doctor/requests", "the right to write doctor/requests"),
        ("hf_doctor_writer", "hf:datasets/doctor/missing", "python -m deploy"),
        (None, "hf:datasets/doctor/requests", "set KEL_REQUESTS_TOKEN"),
    ],
)
@pytest.mark.usefixtures("known")
def test_what_is_missing_fails_and_says_what_to_do(token: str | None, url: str, advice: str) -> None:
    found = rights([Right("KEL_REQUESTS_TOKEN", token, url)])
    failed = [check for check in found if check.verdict == "failed"]
    assert failed
    assert any(advice in (check.advice or "") for check in failed)
    assert token is None or not any(token in line for check in found for line in check.lines())


@pytest.mark.usefixtures("known")
def test_the_token_of_evaluations_may_not_write() -> None:
    assert verdicts(Right("KEL_MODELS_TOKEN", "hf_doctor_mighty", reads=True)) == {"token KEL_MODELS_TOKEN": "failed"}
    assert verdicts(Right("KEL_MODELS_TOKEN", "hf_doctor_reader", reads=True)) == {"token KEL_MODELS_TOKEN": "ok"}


def test_the_pages_reading_token_reads_its_repository_and_no_more(known: Repositories) -> None:
    private = known.create("datasets", "doctor/private", writers={"doctor-writer"}, private=True)
    url = "hf:datasets/doctor/private"
    refused = rights([Right("KEL_READ_TOKEN", "hf_doctor_reader", url, reads=True)])
    assert [(check.name, check.verdict) for check in refused] == [
        ("token KEL_READ_TOKEN", "ok"),
        (f"read {url}", "failed"),
    ]
    assert refused[1].advice == "give the token of KEL_READ_TOKEN the right to read doctor/private"
    private.readers.add("doctor-reader")
    assert set(verdicts(Right("KEL_READ_TOKEN", "hf_doctor_reader", url, reads=True)).values()) == {"ok"}
    (mighty, _) = rights([Right("KEL_READ_TOKEN", "hf_doctor_mighty", url, reads=True)])
    assert (mighty.verdict, "the page reads with KEL_READ_TOKEN" in (mighty.advice or "")) == ("failed", True)


def test_xet_tokens_are_asked_for_where_large_files_are_and_nothing_of_them_is_told(
    known: Repositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    url = "hf:datasets/doctor/requests"
    writer = Right("KEL_RESULTS_TOKEN", "hf_doctor_writer", url, large=True)
    reader = Right("KEL_READ_TOKEN", "hf_doctor_reader", url, reads=True, large=True)
    small = Right("KEL_REQUESTS_TOKEN", "hf_doctor_writer", url)
    found = xet_tokens([small, writer, reader])
    assert [(check.name, check.verdict) for check in found] == [
        (f"Xet read {url} (KEL_RESULTS_TOKEN)", "ok"),
        (f"Xet write {url} (KEL_RESULTS_TOKEN)", "ok"),
        (f"Xet read {url} (KEL_READ_TOKEN)", "ok"),
    ]
    assert "127.0.0.1" in found[0].told
    assert "xet_" not in str([check.as_json() for check in found])

    read, write = xet_tokens([replace(writer, token="hf_doctor_reader")])
    assert (read.verdict, write.verdict) == ("ok", "failed")
    assert write.advice == "give the token of KEL_RESULTS_TOKEN the right to write doctor/requests"
    missing = xet_tokens([replace(writer, url="hf:datasets/doctor/missing")])
    assert {check.verdict for check in missing} == {"failed"}
    assert "HF_HUB_DISABLE_XET=1" in (missing[0].advice or "")
    known.faults.add("refuse", "/api/", status=503, times=20)
    assert {check.verdict for check in xet_tokens([writer])} == {"note"}
    known.faults.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    assert xet_tokens([writer]) == []


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "holds no Xet token"),
        ({"X-Xet-Access-Token": "t", "X-Xet-Cas-Url": "https://cas", "X-Xet-Token-Expiration": "9" * 40}, "holds no"),
        ({"X-Xet-Access-Token": "t", "X-Xet-Cas-Url": "http://[", "X-Xet-Token-Expiration": "9999999999"}, "holds no"),
        ({"X-Xet-Access-Token": "t", "X-Xet-Cas-Url": "https://cas", "X-Xet-Token-Expiration": "1"}, "over already"),
    ],
)
def test_an_answer_that_is_no_xet_token_fails(
    headers: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Session:
        def get(self, address: str, **_: object) -> httpx2.Response:
            return httpx2.Response(200, headers=headers, request=httpx2.Request("GET", address))

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    monkeypatch.setattr("huggingface_hub.utils.get_session", Session)
    for check in xet_tokens([Right("KEL_RESULTS_TOKEN", "hf_x", "hf:datasets/doctor/requests", large=True)]):
        assert (check.verdict, said in check.told, bool(check.advice)) == ("failed", True, True)


def test_a_hub_that_is_away_is_no_reason_to_end(known: Repositories) -> None:
    known.faults.add("refuse", "/api/", status=503, times=20)
    found = verdicts(Right("KEL_REQUESTS_TOKEN", "hf_doctor_writer", "hf:datasets/doctor/requests"))
    known.faults.clear()
    assert set(found.values()) == {"note"}


def test_what_does_not_answer_is_a_note() -> None:
    started = time.monotonic()
    assert bounded("slow", lambda: time.sleep(30) or Check("slow", "ok", ""), 0.1).verdict == "note"  # type: ignore[func-returns-value]
    assert time.monotonic() - started < 5
    assert bounded("broken", lambda: Check("x", "ok", str(1 / 0))).verdict == "note"


def test_a_full_disk_and_a_missing_gpu_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.disk(tmp_path / "not" / "yet").verdict == "ok"
    monkeypatch.setattr(machine, "LEAST_DISK", 2**60)
    assert "KEL_WORK_DIR" in (machine.disk(tmp_path).advice or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpu(None).verdict == "note"
    assert machine.gpu("cuda:0,cuda:1").verdict == "failed"
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA Z9, 999.1, 80000 MiB'\n")
    smi.chmod(0o755)
    monkeypatch.setattr(machine, "_ASK_TORCH", "print('2.13.0', '13.0', False, 0)")
    assert machine.gpu(None).verdict == "failed"
    assert machine.gpu("cpu").verdict == "note"
    monkeypatch.setattr(machine, "_ASK_TORCH", "print('2.13.0', '13.0', True, 1)")
    well = machine.gpu(None)
    assert (well.verdict, well.facts["torch"]) == ("ok", "2.13.0")
    assert "999.1" in well.told


@pytest.fixture(scope="module")
def sts(hub: Repositories, tmp_path_factory: pytest.TempPathFactory) -> Task:
    """A task on a data set of the stand-in, at its commit; nobody has pinned its rows."""
    folder = tmp_path_factory.mktemp("sts")
    write_config(folder, {"ko": {"test": ROWS}})
    repository = hub.add_folder("datasets", "doctor/sts", folder)
    data = DataSource(path="doctor/sts", config="ko", splits=("test",), revision=repository.head.oid)
    return Task(
        id="X", column="x", kind="sts", type="STS", data=data, fields={"text1": "a", "text2": "b", "score": "c"}
    )


def test_data_of_the_hub_is_read_and_told(sts: Task) -> None:
    check, found = look_at(sts, None)
    assert found is not None
    assert check.verdict == "note"
    assert found.counts == {"n": 2, "characters": {"text": len("가\x1b[31m나다라")}}
    assert found.commit is None
    assert found.first["text"] == ["가[31m", "다"], "what would steer a terminal is left out"
    pinned = replace(sts, data=replace(sts.data, fingerprint=found.fingerprint))
    assert look_at(pinned, None)[0].verdict == "ok"
    other = replace(sts, data=replace(sts.data, fingerprint="0" * 64))
    differs, _ = look_at(other, None)
    assert differs.verdict == "differs"
    assert "with a mark" in (differs.advice or "")


def test_a_branch_is_told_with_the_commit_that_it_names(sts: Task) -> None:
    _, found = look_at(replace(sts, data=replace(sts.data, revision="main")), None)
    assert found is not None
    assert found.commit == sts.data.revision


def test_data_that_cannot_be_read_fails(sts: Task) -> None:
    for data in (replace(sts.data, path="doctor/nothing"), replace(sts.data, config="en")):
        check, found = look_at(replace(sts, data=data), None)
        assert (check.verdict, found) == ("failed", None)
        assert check.advice
    check, _ = look_at(replace(sts, kind="telepathy"), None)
    assert check.verdict == "failed"


@pytest.mark.shared
@pytest.mark.parametrize("task_id", [task.id for task in KO_V1.tasks if task.id != "Ko-StrategyQA"])
def test_the_copies_have_what_mteb_counts(task_id: str, datasets_folder: Path) -> None:
    check, found = look_at(KO_V1.task(task_id), datasets_folder)
    assert found is not None
    if task_id == "PawsXPairClassification":  # its labels are another language's: the doctor says so
        assert (check.verdict, "positives where MTEB counts 896" in check.told) == ("differs", True)
    else:
        assert (check.verdict, check.told) == ("ok", check.told)


@pytest.mark.shared
def test_a_copy_of_other_rows_fails(datasets_folder: Path) -> None:
    task = KO_V1.task("KLUE-STS")
    other = replace(task, data=replace(task.data, fingerprint="0" * 64, former=()))
    check, _ = look_at(other, datasets_folder)
    assert check.verdict == "failed"


def test_every_task_has_mtebs_counts() -> None:
    assert set(sizes()) == set(discovered_tasks())


def test_the_patch_is_one_that_git_takes(tmp_path: Path) -> None:
    """What was pinned from a copy and is another on the Hub stays known as the copy's."""
    copy, unknown = KO_V1.task("KLUE-STS"), KO_V1.task("Ko-StrategyQA")
    paws, moving = KO_V1.task("PawsXPairClassification"), discovered_tasks()["PublicHealthQA"]
    found = [
        Found(copy, "hub", "1" * 64, {}),
        Found(unknown, "hub", "2" * 64, {}),
        Found(paws, "hub", "3" * 64, {}),
        Found(moving, "hub", "4" * 64, {}, {}, "5" * 40),
        Found(KO_V1.task("KorSTS"), "hub", str(KO_V1.task("KorSTS").data.fingerprint), {}),
        Found(KO_V1.task("KorNLI"), "copy", "6" * 64, {}),
    ]
    patch = patch_of(found)
    (tmp_path / "evaluator/tasks").mkdir(parents=True)
    for path in (ROOT / "evaluator/tasks").glob("*.py"):
        (tmp_path / "evaluator/tasks" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "pins.patch").write_text(patch, "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "pins.patch"], cwd=tmp_path, check=True)

    def applied(name: str) -> DataSource:
        space: dict[str, Task] = {}
        exec((tmp_path / f"evaluator/tasks/{name}.py").read_text("utf-8"), space)
        return space["TASK"].data

    assert applied("klue_sts") == replace(copy.data, fingerprint="1" * 64, copy_fingerprint=copy.data.fingerprint)
    assert applied("ko_strategyqa") == replace(unknown.data, fingerprint="2" * 64)
    assert applied("paws_x") == replace(paws.data, fingerprint="3" * 64)
    assert applied("public_health_qa") == replace(moving.data, fingerprint="4" * 64, revision="5" * 40)
    assert applied("kor_nli") == KO_V1.task("KorNLI").data
    assert patch_of(found[4:]) == ""


def test_a_task_file_of_another_form_is_left_alone() -> None:
    for source in ("TASK = 1\n", 'TASK = Task(data=DataSource(path="x", revision="y"))\n'):
        with pytest.raises(ValueError, match="DataSource"):
            with_values(source, {"fingerprint": "1"})


@pytest.mark.parametrize(
    ("found", "code"),
    [(["ok", "note"], 0), (["ok", "differs"], 3), (["differs", "failed"], 1)],
)
def test_exit_codes(found: list[str], code: int) -> None:
    assert exit_code([Check("x", verdict, "") for verdict in found]) == code  # type: ignore[arg-type]


@pytest.mark.shared
def test_the_command_tells_programs(datasets_folder: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "evaluator", "doctor", "--json", "--device", "cpu", "--work-dir", tmp_path),
            *("--datasets", datasets_folder, "--tasks", "KLUE-STS", "--patch", tmp_path / "pins.patch"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert (told["exit_code"], told["patch"]) == (0, None)
    (data,) = [check for check in told["checks"] if check["name"] == "data KLUE-STS"]
    assert (data["verdict"], data["facts"]["counts"]["n"]) == ("ok", 519)
