"""The kinds of ko-v2 give MTEB's numbers: all-MiniLM-L6-v2 on the local copies, every metric that MTEB has."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.data import TaskData
from evaluator.evidence.samples import dump_samples, load_samples, metrics_from_samples
from evaluator.kinds import kind_of
from evaluator.kinds.classification import PREDICTED
from evaluator.run import Evaluation, evaluate
from evaluator.spec import local_spec
from evaluator.task import DataSource, Task
from evaluator.tasks import discovered_tasks
from tests.evaluator.kinds.rows import Rows

pytestmark = pytest.mark.shared

KOR_SARCASM = Task(
    id="KorSarcasmClassification",
    column="KorSarcasm",
    kind="classification",
    type="Classification",
    data=DataSource(
        path="mteb/KorSarcasmClassification",
        splits=("train",),
        revision="6701f384372c04aa8c64b10582e72eb84135a1d4",
    ),
    fields={"text": "text", "label": "label"},
)
"""On no board (it is tested on the rows that it is trained on), but it has two labels, and MTEB's own 2,048 rows."""

CELLS = {
    "KorSarcasmClassification": ("KorSarcasmClassification", "default"),
    "KLUE-TC": ("KLUE-TC", "default"),
    "Tatoeba": ("Tatoeba", "kor-eng"),
    "BelebeleRetrieval": ("BelebeleRetrieval", "kor_Hang-kor_Hang"),
    "BelebeleRetrieval.ko-en": ("BelebeleRetrieval", "kor_Hang-eng_Latn"),
    "BelebeleRetrieval.en-ko": ("BelebeleRetrieval", "eng_Latn-kor_Hang"),
    "MIRACLReranking": ("Reranking on Belebele (MIRACLReranking protocol)", "ko"),
    "SIB200ClusteringS2S": ("Legacy clustering on SIB-200 (KlueMrcDomainClustering protocol)", "default"),
}
"""Our task -> the reference's name, and its subset."""


def reranking_copy(shared: Path, cache: Path, to: Path) -> None:
    """MIRACLReranking's layout, filled with Belebele and the lists of candidates that MTEB got."""
    belebele = discovered_tasks()["BelebeleRetrieval"]
    examples = kind_of(belebele).read(belebele, TaskData(belebele, shared / "datasets", cache), keep_duplicates=True)
    gold, sides = examples.gold, examples.sides
    lists = json.loads((shared / "reference/belebele-top-ranked.json").read_text(encoding="utf-8"))
    judged = [(query, document) for query, found in gold["relevant"].items() for document in found]
    tables: dict[str, dict[str, Any]] = {
        "corpus": {"_id": list(gold["documents"]), "title": [""] * 488, "text": list(sides["document"])},
        "queries": {"_id": gold["queries"], "text": list(sides["query"])},
        "qrels": {
            "query-id": [query for query, _ in judged],
            "corpus-id": [document for _, document in judged],
            "score": [1] * len(judged),
        },
        "top_ranked": {"query-id": list(lists), "corpus-ids": list(lists.values())},
    }
    lines = ["---", "configs:"]
    for name, columns in tables.items():
        path = to / f"ko-{name}/dev.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table(columns), path)
        lines += [f"- config_name: ko-{name}", "  data_files:", "  - split: dev", f"    path: ko-{name}/dev.parquet"]
    (to / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")


@pytest.fixture(scope="module")
def evaluation(shared: Path, minilm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """All of them in one run: the passages of Belebele are in four of the tasks and are embedded once."""
    folder = tmp_path_factory.mktemp("wide")
    for owner in (shared / "datasets").iterdir():
        (folder / "datasets" / owner.name).mkdir(parents=True)
        for copy in owner.iterdir():
            (folder / "datasets" / owner.name / copy.name).symlink_to(copy)
    reranking_copy(shared, folder / "cache", folder / "datasets/mteb/MIRACLReranking")
    known = {**discovered_tasks(), KOR_SARCASM.id: KOR_SARCASM}
    sib200 = known["SIB200ClusteringS2S"]
    known[sib200.id] = replace(sib200, protocol="single_fit")
    tasks = [known[task_id] for task_id in CELLS]
    return evaluate(local_spec(minilm_folder), tasks, datasets=folder / "datasets", keep_duplicates=True)


@pytest.fixture(scope="module")
def reference(shared: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """MTEB's scores by task and subset."""
    content = json.loads((shared / "reference/mteb-all-minilm-l6-v2-wide.json").read_text(encoding="utf-8"))
    return {(name, score["subset"]): score for name, task in content["tasks"].items() for score in task["scores"]}


@pytest.mark.parametrize("task_id", [task_id for task_id in CELLS if task_id != "KLUE-TC"])
def test_every_metric_equals_mteb(
    task_id: str, evaluation: Evaluation, reference: dict[tuple[str, str], dict[str, Any]]
) -> None:
    score = evaluation.result.tasks[task_id]
    assert score.error is None, score.error
    assert differing(score.metrics, reference[CELLS[task_id]]) == {}


def differing(metrics: Mapping[str, float], reference: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """The metrics that are not MTEB's, with MTEB's."""
    expected = {
        name: value
        for name, value in reference.items()
        if isinstance(value, float) and name != "main_score" and not math.isnan(value)
    }
    assert expected
    assert expected.keys() <= metrics.keys()
    tolerance = 1e-4 if metrics.keys() >= {"v_measure"} else 1e-5
    return {name: (metrics[name], value) for name, value in expected.items() if abs(metrics[name] - value) > tolerance}


def test_klue_tc_equals_mteb_on_the_embeddings_of_mtebs_batches(
    evaluation: Evaluation, reference: dict[tuple[str, str], dict[str, Any]], minilm_folder: Path, shared: Path
) -> None:
    """In other batches the embeddings differ in their last bits, and a row on the edge of two labels may change sides.

    So MTEB's numbers are asked for of embeddings made as MTEB's were, on one thread, and of ours that hardly a row is
    another.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    task = discovered_tasks()["KLUE-TC"]
    with TemporaryDirectory() as cache:
        examples = kind_of(task).read(task, TaskData(task, shared / "datasets", Path(cache)), keep_duplicates=True)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            vectors = SentenceTransformer(str(minilm_folder), device="cpu").encode(list(examples.sides["text"]))
        finally:
            torch.set_num_threads(threads)
    samples = kind_of(task).samples(examples, {"text": Rows(vectors)}, "cosine")
    assert differing(kind_of(task).metrics(samples), reference[CELLS["KLUE-TC"]]) == {}
    ours = evaluation.samples["KLUE-TC"]
    changed = sum(int((ours[name] != samples[name]).sum()) for name in PREDICTED)
    print(f"{changed} of {10 * examples.n} predictions are others in our batches")
    assert changed <= 20


@pytest.mark.parametrize("task_id", ["KorSarcasmClassification", "KLUE-TC"])
def test_each_experiment_predicts_as_mtebs(
    task_id: str, evaluation: Evaluation, reference: dict[tuple[str, str], dict[str, Any]]
) -> None:
    """One row that is predicted otherwise moves an experiment's accuracy by 1 / 2,048."""
    samples = evaluation.samples[task_id]
    of_mteb = [each["accuracy"] for each in reference[CELLS[task_id]]["scores_per_experiment"]]
    ours = [float((samples[f"predicted_{number}"] == samples["gold"]).mean()) for number in range(10)]
    assert ours == pytest.approx(of_mteb, abs=1e-9)


def test_the_samples_file_gives_every_metric_again(evaluation: Evaluation) -> None:
    stored = load_samples(
        dump_samples({name: each for name, each in evaluation.samples.items() if name != KOR_SARCASM.id})
    )
    again = metrics_from_samples(stored)
    assert again.keys() == CELLS.keys() - {KOR_SARCASM.id}
    for task_id, metrics in again.items():
        assert metrics == evaluation.result.tasks[task_id].metrics
