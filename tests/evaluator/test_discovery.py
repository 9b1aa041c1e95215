"""Adding a task, or a kind, is adding one file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluator import kinds, tasks
from evaluator.kinds import kind_names, kind_of
from evaluator.suite import KO_V1
from evaluator.task import DataSource, Task
from evaluator.tasks import discovered_tasks

NEW_TASK = """
from evaluator.task import DataSource, Task

TASK = Task(
    id="{id}",
    column="새 과제",
    kind="sts",
    type="STS",
    data=DataSource(path="org/new", splits=("test",), revision="0" * 40),
    fields={{"text1": "a", "text2": "b", "score": "c"}},
)
"""


@pytest.fixture
def task_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules the discovery finds beside the real ones."""
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    discovered_tasks.cache_clear()
    yield tmp_path
    discovered_tasks.cache_clear()


def test_the_suite_has_its_nine_tasks_in_the_order_of_the_board() -> None:
    """Changed on purpose only: another list is another suite."""
    assert KO_V1.task_ids == (
        "KLUE-STS",
        "KorSTS",
        "STS17",
        "KLUE-NLI",
        "KorNLI",
        "PawsXPairClassification",
        "SIB200ClusteringS2S",
        "Ko-StrategyQA",
        "AutoRAGRetrieval",
    )
    assert [task.id for task in KO_V1.tasks] == list(KO_V1.task_ids)


def test_a_new_file_is_a_new_task_and_leaves_the_suite_alone(task_folder: Path) -> None:
    (task_folder / "brand_new.py").write_text(NEW_TASK.format(id="BrandNew"), encoding="utf-8")
    assert discovered_tasks()["BrandNew"].column == "새 과제"
    assert "BrandNew" not in KO_V1.task_ids


def test_two_tasks_with_one_id_are_refused(task_folder: Path) -> None:
    (task_folder / "copied.py").write_text(NEW_TASK.format(id="KLUE-STS"), encoding="utf-8")
    with pytest.raises(ValueError, match="task id 'KLUE-STS' is given twice"):
        discovered_tasks()


def test_a_file_without_a_task_is_refused(task_folder: Path) -> None:
    (task_folder / "empty.py").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=r"empty\.py has no TASK"):
        discovered_tasks()


def test_every_task_names_a_kind_that_offers_the_protocol() -> None:
    for task in KO_V1.tasks:
        kind = kind_of(task)
        for name in ("read", "samples", "metrics", "resampled_metrics"):
            assert callable(getattr(kind, name)), (task.id, name)


def test_a_new_file_is_a_new_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    (tmp_path / "reranking_for_test.py").write_text("def read(): ...\n", encoding="utf-8")
    assert "reranking_for_test" in kind_names()
    task = Task(
        id="x",
        column="x",
        kind="reranking_for_test",
        type="Retrieval",
        data=DataSource(path="a/b", splits=("test",), revision="0" * 40),
    )
    assert callable(kind_of(task).read)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    task = Task(
        id="x",
        column="x",
        kind="telepathy",
        type="STS",
        data=DataSource(path="a/b", splits=("test",), revision="0" * 40),
    )
    with pytest.raises(ValueError, match="clustering, pair_classification, reranking, retrieval, sts"):
        kind_of(task)
