"""Virtual environments of recipes: built once from the lock, over the installed torch, and kept in a folder.

An environment sees the packages of its lock and torch with its GPU libraries, and nothing else of ours. It is built at
its final place, because a virtual environment cannot be moved: under a lock, and with a mark that is written last.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from evaluator.cleaning import clean_text
from evaluator.errors import DISK_FULL, EvaluationError, is_disk_full
from evaluator.model.recipes import Recipe

READY = "ready"
"""The file in an environment that says that it is complete."""

_BESIDE_TORCH = ("nvidia", "cuda", "triton", "pytorch-triton", "intel", "rocm", "amd")
"""How the names of the packages begin that come with torch and are as large: libraries for a kind of GPU."""

_NO_NETWORK = re.compile(
    r"Failed to establish|Connection(Error| refused|reset| aborted| broken)|NewConnection|NameResolution|timed out"
    r"|Max retries exceeded|ProxyError|SSLError|HTTP error 5\d\d|Network is unreachable|from versions: none",
    re.IGNORECASE,
)
_PIP_SECONDS = 1800.0


def build(recipe: Recipe, cache: Path, *, offline: bool = False) -> Path:
    """The Python of a recipe's environment below `cache`, which is built if it is not there.

    Two processes may ask for the same one at once: one builds, the other waits. A complete one is only read.

    Raises:
        EvaluationError: hub_unavailable, PyPI does not answer, or the environment is not there and may not be built
            (`offline`, or a folder that is not to be written); load_failed, a locked package does not fit this
            machine; disk_full.
    """
    folder = folder_of(recipe, cache)
    python = folder / "bin" / "python"
    if (folder / READY).is_file():
        return python
    if offline:
        raise _absent(recipe)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(f"{folder.name}.lock")):
            if not (folder / READY).is_file():
                if folder.exists():  # left by a builder that was killed
                    shutil.rmtree(folder)
                try:
                    _build(recipe, folder)
                except BaseException:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise
                (folder / READY).touch()
    except OSError as error:
        if is_disk_full(error):
            raise EvaluationError("disk_full", DISK_FULL) from error
        raise _absent(recipe) from error
    return python


def folder_of(recipe: Recipe, cache: Path) -> Path:
    """Where a recipe's environment is: named by all that it is made of, also by where Python and torch lie here."""
    made_of = [recipe.lock_digest, platform.python_version(), platform.machine(), sys.base_prefix]
    if recipe.torch is None:
        torch = importlib.metadata.distribution("torch")
        made_of += [torch.version, str(torch.locate_file(""))]
    digest = hashlib.sha256("\0".join(made_of).encode()).hexdigest()
    return cache.absolute() / f"{recipe.name}-{digest[:20]}"


def create(folder: Path, *, with_torch: bool = True) -> Path:
    """A new virtual environment that holds nothing, or the installed torch alone; returns its Python."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    if with_torch:
        links = folder / "torch"
        links.mkdir()
        for path in _torch_files():
            (links / path.name).symlink_to(path)
        (site_packages,) = folder.glob("lib/python*/site-packages")
        (site_packages / "torch.pth").write_text(f"{links}\n", encoding="utf-8")
    return folder / "bin" / "python"


def run_pip(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run our pip on another environment; where it may find packages is this machine's configuration of pip."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "--no-input"]
    environment = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "PYTHONPATH")}
    return subprocess.run(
        [*command, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_PIP_SECONDS,
        check=False,
    )


def sources_allowed(recipe: Recipe) -> list[str]:
    """Options of pip: wheels alone, but for the packages that the recipe builds."""
    return ["--only-binary=:all:", *(f"--no-binary={name}" for name in recipe.builds)]


def _build(recipe: Recipe, folder: Path) -> None:
    python = create(folder, with_torch=recipe.torch is None)
    entries = lock_entries(recipe.lock_file.read_text("utf-8"))
    wheels = [text for name, text in entries if name not in recipe.builds]
    built = [text for name, text in entries if name in recipe.builds]
    for number, texts in enumerate((wheels, built)):  # what is built needs the setuptools of the first
        if not texts:
            continue
        file = folder / f"install-{number}.txt"
        file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        options = ["--require-hashes", "--no-deps", "--no-compile", "--no-build-isolation", *sources_allowed(recipe)]
        try:
            ran = run_pip(python, "install", "--quiet", *options, "--requirement", str(file))
        except subprocess.TimeoutExpired as error:
            raise _unreachable(recipe) from error
        if ran.returncode:
            raise _failure(recipe, ran.stdout + ran.stderr)


def lock_entries(lock: str) -> list[tuple[str, str]]:
    """Name and text (the version and its hashes, on continued lines) of each package in a lock."""
    joined = re.sub(r"\\\n\s*", "", lock)
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split("==", 1)[0], line) for line in lines]


def _torch_files() -> Iterator[Path]:
    """The files and folders of the installed torch, and of the GPU libraries that it came with."""
    seen: set[str] = set()
    for distribution in _with_gpu_libraries(importlib.metadata.distribution("torch")):
        names = {Path(file).parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        for name in sorted(names - seen):
            yield Path(str(distribution.locate_file(name))).resolve()
        seen |= names


def _with_gpu_libraries(distribution: importlib.metadata.Distribution) -> list[importlib.metadata.Distribution]:
    found = [distribution]
    for name in _required(distribution):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found += _with_gpu_libraries(importlib.metadata.distribution(name))
    return found


def _required(distribution: importlib.metadata.Distribution) -> set[str]:
    """What a distribution requires of the GPU libraries."""
    names = {re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0] for requirement in distribution.requires or ()}
    return {name for name in names if name.lower().startswith(_BESIDE_TORCH)}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _failure(recipe: Recipe, said: str) -> EvaluationError:
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return EvaluationError("disk_full", DISK_FULL)
    if _NO_NETWORK.search(said):
        return _unreachable(recipe)
    last = clean_text(" ".join(_errors(said)), 400) or "pip gave no reason"
    return EvaluationError(
        "load_failed",
        f"The libraries of the recipe {recipe.name} could not be installed on this machine. "
        f"The model is not at fault; a maintainer has to look at the recipe's lock. ({last})",
    )


def _errors(said: str) -> Sequence[str]:
    lines = [line for line in said.splitlines() if line.strip()]
    return [line for line in lines if "error" in line.lower()][:3] or lines[-3:]


def _unreachable(recipe: Recipe) -> EvaluationError:
    return EvaluationError(
        "hub_unavailable",
        f"The libraries of the recipe {recipe.name} could not be fetched from PyPI. The model is not at fault: "
        "try again.",
    )


def _absent(recipe: Recipe) -> EvaluationError:
    return EvaluationError(
        "hub_unavailable",
        f"The environment of the recipe {recipe.name} is not there, and cannot be built here. "
        "Run `python -m evaluator fetch` with the same --environments first, where there is a network.",
    )
