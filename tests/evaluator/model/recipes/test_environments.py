"""Environments: built from the lock alone, over torch alone, once, and never half. The wheels here are made here."""

import errno
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from evaluator.errors import EvaluationError
from evaluator.fetching import fetch_all
from evaluator.model import recipes as room
from evaluator.model.recipes import Recipe, read_recipe
from evaluator.model.recipes import environments as building
from evaluator.model.recipes.environments import READY, build, folder_of
from evaluator.model.recipes.locking import lock
from evaluator.progress import Silent
from evaluator.spec import local_spec
from tests.evaluator import models
from tests.evaluator.running import ROOT, evaluator

TINY = "kel-tiny==1.0"


def wheel(folder: Path, name: str, version: str, *requires: str) -> str:
    """Write a wheel with one module; the SHA-256 of the file."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {each}\n" for each in requires)
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{module}.py", f"VERSION = {version!r}\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip finds packages in, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\n", encoding="utf-8")
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": str(configuration)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


@pytest.fixture
def recipe(tmp_path: Path, wheels: Path) -> Recipe:
    """A recipe whose lock has one small wheel."""
    digest = wheel(wheels, "kel-tiny", "1.0", "not-in-the-lock")
    (tmp_path / "tiny.lock").write_text(f"# a lock\n{TINY} \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    return recipe_in(tmp_path)


def recipe_in(folder: Path, more: str = "") -> Recipe:
    text = f"source: a test\nmodels: []\nprogram: sentence-transformers\nrequirements: [{TINY}]\n{more}"
    (folder / "tiny.yaml").write_text(text, encoding="utf-8")
    return read_recipe(folder / "tiny.yaml")


def refused(recipe: Recipe, cache: Path, *, offline: bool = False) -> EvaluationError:
    with pytest.raises(EvaluationError) as caught:
        build(recipe, cache, offline=offline)
    assert str(cache) not in caught.value.message
    return caught.value


def test_it_has_the_lock_and_torch_and_nothing_else_of_ours(recipe: Recipe, tmp_path: Path) -> None:
    python = build(recipe, tmp_path / "cache")
    names = ("kel_tiny", "torch", "torchgen", "transformers", "numpy", "pytest", "pip", "evaluator")
    asked = "import sys; from importlib.util import find_spec; print(*[n for n in sys.argv[1:] if find_spec(n)])"
    ran = subprocess.run([python, "-I", "-c", asked, *names], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.split() == ["kel_tiny", "torch", "torchgen"]
    told = "from importlib.metadata import version; print(version('torch'), version('kel-tiny'))"
    ran = subprocess.run([python, "-I", "-c", told], capture_output=True, text=True, check=True, timeout=60)
    import torch

    assert ran.stdout.split() == [torch.__version__, "1.0"]


def test_a_complete_one_is_taken_as_it_is(recipe: Recipe, wheels: Path, tmp_path: Path) -> None:
    python = build(recipe, tmp_path / "cache")
    for path in wheels.iterdir():
        path.unlink()
    assert build(recipe, tmp_path / "cache", offline=True) == python


def test_another_lock_is_another_environment(recipe: Recipe, tmp_path: Path) -> None:
    before = folder_of(recipe, tmp_path)
    recipe.lock_file.write_text(recipe.lock_file.read_text("utf-8") + "# changed\n", encoding="utf-8")
    assert folder_of(recipe, tmp_path) != before


def test_offline_it_has_to_be_there(recipe: Recipe, tmp_path: Path) -> None:
    error = refused(recipe, tmp_path / "cache", offline=True)
    assert error.failure == "hub_unavailable"
    assert "python -m evaluator fetch" in error.message
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written_is_told_like_that(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder", encoding="utf-8")
    assert refused(recipe, tmp_path / "cache").failure == "hub_unavailable"


def test_a_half_built_one_is_built_anew(recipe: Recipe, tmp_path: Path) -> None:
    left = folder_of(recipe, tmp_path / "cache")
    (left / "bin").mkdir(parents=True)
    (left / "bin/python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (left / "half").touch()
    python = build(recipe, tmp_path / "cache")
    subprocess.run([python, "-I", "-c", "import kel_tiny"], check=True, timeout=60)
    assert not (left / "half").exists()


def test_two_builders_at_once_build_once(recipe: Recipe, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from evaluator.model.recipes import environments as building, read_recipe\n"
        "real = building._build\n"
        "def telling(*given): print('built'); real(*given)\n"
        "building._build = telling\n"
        "print(building.build(read_recipe(Path(sys.argv[1])), Path(sys.argv[2])))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "tiny.yaml"), str(tmp_path / "cache")]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=120)[0].split() for each in both]
    assert sorted(map(len, said)) == [1, 2], said
    assert {lines[-1] for lines in said} == {str(build(recipe, tmp_path / "cache", offline=True))}


def test_a_file_with_another_hash_is_refused(recipe: Recipe, wheels: Path, tmp_path: Path) -> None:
    wheel(wheels, "kel-tiny", "1.0", "another-requirement")
    error = refused(recipe, tmp_path / "cache")
    assert error.failure == "load_failed"
    assert "HASHES" in error.message
    assert not folder_of(recipe, tmp_path / "cache").exists()


def test_an_index_that_does_not_answer_is_worth_another_try(
    recipe: Recipe, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(wheels.iterdir()).unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    assert refused(recipe, tmp_path / "cache").failure == "hub_unavailable"


def test_a_full_disk_is_told_and_nothing_is_left(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(building, "_torch_files", full)
        assert refused(recipe, tmp_path / "cache").failure == "disk_full"
    assert not folder_of(recipe, tmp_path / "cache").exists()
    said = subprocess.CompletedProcess([], 1, "", "ERROR: Could not install: [Errno 28] No space left on device")
    monkeypatch.setattr(building, "run_pip", lambda *_: said)
    assert refused(recipe, tmp_path / "cache").failure == "disk_full"
    assert not (folder_of(recipe, tmp_path / "cache") / READY).exists()


def test_a_lock_is_the_whole_resolution_with_its_hashes(wheels: Path, tmp_path: Path) -> None:
    hashes = {
        "kel-below": wheel(wheels, "kel-below", "2.0"),
        "kel-tiny": wheel(wheels, "kel-tiny", "1.0", "kel-below>=1"),
        "kel-alone": wheel(wheels, "kel-alone", "3.0", "nowhere-to-be-found"),
        "torch": wheel(wheels, "torch", "0.1"),
    }
    made = recipe_in(tmp_path, "alone: [kel-alone==3.0]\ntorch: '0.1'\n")
    assert [line for line in lock(made).splitlines() if not line.startswith("#")] == [
        *("kel-alone==3.0 \\", f"    --hash=sha256:{hashes['kel-alone']}"),
        *("kel-below==2.0 \\", f"    --hash=sha256:{hashes['kel-below']}"),
        *("kel-tiny==1.0 \\", f"    --hash=sha256:{hashes['kel-tiny']}"),
        *("torch==0.1 \\", f"    --hash=sha256:{hashes['torch']}"),
    ]


def test_a_requirement_that_nobody_has_makes_no_lock(wheels: Path, tmp_path: Path) -> None:
    wheel(wheels, "torch", "0.1")
    with pytest.raises(EvaluationError, match="no resolution for the recipe tiny"):
        lock(recipe_in(tmp_path, "torch: '0.1'\n"))


def test_fetching_builds_what_the_evaluation_only_reads(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "recipes", lambda: {recipe.name: recipe})
    spec = local_spec(models.bert(tmp_path / "bert"), recipe=recipe.name)
    cache = tmp_path / "cache"
    failed = fetch_all(spec, [], datasets=None, models=None, max_bytes=None, progress=Silent(), environments=cache)
    assert failed == {}
    assert build(recipe, cache, offline=True).exists()


def test_the_command_tells_the_known_recipes() -> None:
    ran = evaluator("lock", "llm3vec")
    assert ran.returncode == 2
    assert "llm2vec" in ran.stderr
