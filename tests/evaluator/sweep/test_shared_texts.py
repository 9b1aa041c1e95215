"""Texts that several tasks share are embedded once: counted in the folder that the embeddings are written to."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluator.run import evaluate
from evaluator.spec import local_spec
from evaluator.tasks import discovered_tasks
from tests.evaluator.kinds.test_readers import long_documents, write_copy
from tests.evaluator.models import static


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return static(tmp_path_factory.mktemp("static") / "model")


def embedded(model: Path, task_ids: Sequence[str], datasets: Path, work: Path) -> int:
    """How many texts an evaluation of these tasks embeds."""
    tasks = [discovered_tasks()[task_id] for task_id in task_ids]
    evaluation = evaluate(local_spec(model), tasks, datasets=datasets, work_dir=work)
    assert [score.error for score in evaluation.result.tasks.values()] == [None] * len(tasks)
    (done,) = work.glob("*/done.u8")
    flags = np.fromfile(done, dtype=np.uint8)
    assert flags.all()
    return len(flags)


@pytest.mark.shared
def test_belebeles_cells_share_passages_and_questions(model: Path, datasets_folder: Path, tmp_path: Path) -> None:
    alone = embedded(model, ["BelebeleRetrieval"], datasets_folder, tmp_path / "alone")
    assert alone == 488 + 900
    two = embedded(model, ["BelebeleRetrieval", "BelebeleRetrieval.ko-en"], datasets_folder, tmp_path / "two")
    assert two == 488 + 900 + 900
    cells = ["BelebeleRetrieval", "BelebeleRetrieval.ko-en", "BelebeleRetrieval.en-ko"]
    assert embedded(model, cells, datasets_folder, tmp_path / "three") == 2 * 488 + 2 * 900


@pytest.mark.shared
def test_kor_sts_lies_within_sts17(model: Path, datasets_folder: Path, tmp_path: Path) -> None:
    one, other, both = (
        embedded(model, tasks, datasets_folder, tmp_path / str(len(tasks)) / tasks[0])
        for tasks in (["KorSTS"], ["STS17"], ["KorSTS", "STS17"])
    )
    assert one > 2_000
    assert both - other < 0.02 * one  # a few sentences have quotation marks that STS17 has lost


def test_the_splits_of_long_documents_share_their_corpus(model: Path, tmp_path: Path) -> None:
    write_copy(tmp_path / "data/mteb/MultiLongDocRetrieval", long_documents())
    assert embedded(model, ["MultiLongDocRetrieval"], tmp_path / "data", tmp_path / "work") == 3 + 2
    task = replace(discovered_tasks()["MultiLongDocRetrieval"], id="dev")
    dev = replace(task, data=replace(task.data, splits=("dev",)))
    both = evaluate(
        local_spec(model), [dev, discovered_tasks()["MultiLongDocRetrieval"]], datasets=tmp_path / "data"
    ).result
    test = replace(dev, id="test", data=replace(task.data, splits=("test",)))
    alone = evaluate(local_spec(model), [test], datasets=tmp_path / "data").result
    mean = (both.tasks["dev"].metrics["ndcg_at_10"] + alone.tasks["test"].metrics["ndcg_at_10"]) / 2
    assert both.tasks["MultiLongDocRetrieval"].metrics["ndcg_at_10"] == pytest.approx(mean)
