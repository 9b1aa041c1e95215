"""Write a recipe's lock: the whole resolution, each package with its version and the hash of its file."""

import importlib.metadata
import json
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluator.errors import EvaluationError
from evaluator.model.recipes import Recipe
from evaluator.model.recipes.environments import create, run_pip, sources_allowed


def lock(recipe: Recipe) -> str:
    """Resolve a recipe anew; the text of its lock.

    What torch requires is in the lock, and torch itself only if the recipe names another than the installed one, which
    pip finds installed here.

    Raises:
        EvaluationError: load_failed, there is no resolution, or PyPI does not answer; with the last lines of pip.
    """
    with tempfile.TemporaryDirectory(prefix="lock-") as temporary:
        python = create(Path(temporary, "environment"), with_torch=recipe.torch is None)
        torch = f"torch=={recipe.torch or importlib.metadata.version('torch')}"
        found = _resolved(recipe, python, [*recipe.requirements, torch], Path(temporary, "report.json"))
        if recipe.alone:
            found += _resolved(recipe, python, ["--no-deps", *recipe.alone], Path(temporary, "alone.json"))
    head = (
        f"# The recipe {recipe.name}, resolved for Python {platform.python_version()} on {platform.system()} "
        f"{platform.machine()}.\n# Written by `python -m evaluator lock {recipe.name}`; do not edit.\n"
    )
    return head + "".join(sorted(map(_entry, found)))


def _resolved(recipe: Recipe, python: Path, wanted: Sequence[str], report: Path) -> list[dict[str, Any]]:
    """What pip would install for `wanted`, as its report says."""
    arguments = ["--quiet", "--dry-run", "--report", str(report), *sources_allowed(recipe)]
    ran = run_pip(python, "install", *arguments, *wanted)
    if ran.returncode:
        last = "\n".join((ran.stdout + ran.stderr).strip().splitlines()[-12:])
        raise EvaluationError("load_failed", f"pip found no resolution for the recipe {recipe.name}:\n{last}")
    packages: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["install"]
    return packages


def _entry(package: dict[str, Any]) -> str:
    name = package["metadata"]["name"].lower().replace("_", "-").replace(".", "-")
    digest = package["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{name}=={package['metadata']['version']} \\\n    --hash=sha256:{digest}\n"
