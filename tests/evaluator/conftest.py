"""What the evaluator's tests share: a tiny seeded model, and the one full evaluation of the real MiniLM."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.records import load_result
from evaluator.samples import load_samples
from tests.evaluator.running import Run, evaluator, events_in


@pytest.fixture(scope="session")
def minilm_run(minilm_folder: Path, datasets_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The one full evaluation of the test suite: MiniLM on the eight data sets, duplicates kept, as MTEB does."""
    folder = tmp_path_factory.mktemp("minilm")
    ran = evaluator(
        *("run", minilm_folder, "--datasets", datasets_folder, "--keep-duplicates", "--progress", "json"),
        *("--output", folder / "result.json", "--samples", folder / "samples.parquet"),
        *("--work-dir", folder / "work", "--device", "cpu"),
        timeout=2400,
    )
    assert ran.returncode == 0, ran.stderr
    return Run(
        result=load_result((folder / "result.json").read_bytes()),
        samples=load_samples((folder / "samples.parquet").read_bytes()),
        events=events_in(ran.stderr),
        stdout=ran.stdout,
        work_dir=folder / "work",
    )


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes sentence-transformers folders with a seeded BERT of two layers."""
    from tests.evaluator import models

    def make(name: str, pooling: str = "mean", *, seed: int = 0) -> Path:
        return models.with_pooling(models.bert(tmp_path_factory.mktemp(name) / name, seed=seed), pooling)

    return make
