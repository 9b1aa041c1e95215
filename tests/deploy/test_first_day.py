"""Every command of docs/first-day.md, as it stands there, on the stand-in of the Hub."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.plan import ROOT
from evaluator.suite import KO_V1
from tests.deploy.conftest import Hub

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/first-day.md").read_text("utf-8"), re.DOTALL)

EXPECTED = (
    ("would be made: space korean-nlp/board",),
    (
        "no secret was given",
        "the page:  https://huggingface.co/spaces/korean-nlp/board  and  http://127.0.0.1",
        "(secret)",
    ),
    ("write hf:datasets/korean-nlp/board-results: the token may", "nothing to do"),
    ("ok      data KLUE-STS: 519 rows, 34439 characters", "nothing to do"),
    ('"event": "claimed"', '"event": "published"', '"event": "finished"', "0 run."),
    ("results readable, 0 files not",),
)
"""What each block prints when all is well."""


@pytest.mark.shared
def test_each_command_of_the_first_day_does_what_the_document_says(
    hub_of_its_own: Hub, minilm_folder: Path, datasets_folder: Path, tmp_path: Path
) -> None:
    repositories = hub_of_its_own.repositories
    repositories.add_user("hf_the_worker", "the-worker", orgs=("korean-nlp",))
    repositories.add_user("hf_only_reads", "only-reads", role="read")
    repositories.add_folder("models", "org/minilm", minilm_folder)
    data = KO_V1.task("KLUE-STS").data
    repositories.add_folder("datasets", data.path, datasets_folder / data.path, oid=data.revision)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "OMP_NUM_THREADS": "1",
        "HF_ENDPOINT": hub_of_its_own.url,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(tmp_path / "hf"),
        "HF_TOKEN": "hf_owner",
        "KEL_WORK_DIR": str(tmp_path / "work"),
        "KEL_REFERENCE_MODEL": "",
        "ORG": "korean-nlp",
        "SPACE": "board",
        "MODEL": "org/minilm",
        "PAGE_TOKEN": "hf_the_page",
        "WORKER_TOKEN": "hf_the_worker",
        "READ_TOKEN": "hf_only_reads",
    }
    exports: list[str] = []
    assert len(BLOCKS) == len(EXPECTED)
    for number, (block, expected) in enumerate(zip(BLOCKS, EXPECTED, strict=True)):
        exports += [line for line in block.splitlines() if line.startswith("export ")]
        ran = subprocess.run(
            ["bash", "-ec", "\n".join([*exports, block])],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert ran.returncode == 0, block + ran.stdout + ran.stderr
        for line in expected:
            assert line in ran.stdout, (block, line, ran.stdout)
        for token in ("hf_owner", "hf_the_page", "hf_the_worker", "hf_only_reads"):
            assert token not in ran.stdout + ran.stderr
        if number == 1:  # the rights that the document says to give by hand
            for name, writers in (("requests", {"the-page", "the-worker"}), ("results", {"the-worker"})):
                repositories.get("datasets", f"korean-nlp/board-{name}").writers |= writers
    closed = repositories.get("datasets", "korean-nlp/board-requests").head.files
    assert [path for path in closed if path.startswith("closed/")]
    results = repositories.get("datasets", "korean-nlp/board-results").head.files
    (path,) = [path for path in results if path.startswith("results/org__minilm/")]
    score = json.loads(results[path].path.read_text("utf-8"))["tasks"]["KLUE-STS"]
    assert score["n"] == 519
    assert "other_data" not in results[path].path.read_text("utf-8")
