"""What the evaluator's tests share: a tiny seeded model, and the one full evaluation of the real MiniLM."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.errors import EvaluationError
from evaluator.evidence.samples import load_samples
from evaluator.model.recipes import recipes
from evaluator.model.recipes.environments import build
from evaluator.records import load_result
from tests.evaluator.running import Run, events_in


@pytest.fixture(scope="session")
def minilm_run(minilm_begun: Path) -> Run:
    """The one full evaluation of the test suite: MiniLM on the eight data sets, duplicates kept, as MTEB does."""
    folder, until = minilm_begun, time.monotonic() + 2400
    while not (folder / "exit_code").is_file():
        assert time.monotonic() < until, "the evaluation of MiniLM does not end"
        time.sleep(0.2)
    stderr = (folder / "stderr").read_text("utf-8")
    assert (folder / "exit_code").read_text().strip() == "0", stderr
    return Run(
        result=load_result((folder / "result.json").read_bytes()),
        samples=load_samples((folder / "samples.parquet").read_bytes()),
        events=events_in(stderr),
        stdout=(folder / "stdout").read_text("utf-8"),
        work_dir=folder / "work",
    )


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes sentence-transformers folders with a seeded BERT of two layers."""
    from tests.evaluator import models

    def make(name: str, pooling: str = "mean", *, seed: int = 0) -> Path:
        return models.with_pooling(models.bert(tmp_path_factory.mktemp(name) / name, seed=seed), pooling)

    return make


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which this session builds the environments of recipes, each once."""
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="session")
def python_of(environments: Path) -> Callable[[str], Path]:
    """Gives the Python of a recipe's environment, built from PyPI; where that is out of reach, the test is skipped."""

    def build_or_skip(name: str) -> Path:
        try:
            return build(recipes()[name], environments)
        except EvaluationError as error:
            if error.failure != "hub_unavailable" or os.environ.get("CI") == "true":
                raise
            pytest.skip(f"PyPI is not reachable from here: {error.message}")

    return build_or_skip
