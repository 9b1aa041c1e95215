"""How many tokens a second the sweep moves when the model costs nothing: what a fast GPU would have to wait for.

    python -m benchmarks.null_encoder --model FOLDER --datasets DIR [--tasks ID ...] [--repeat 5]

The model's own tokenizer reads the texts, and everything of the sweep runs as in an evaluation: finding the unique
texts, tokenising, sorting, filling and padding batches, writing embeddings to disk. Only the forward pass is replaced:
it gives zeros at once. Two ways: `cpu`, where the sweep tokenises between batches, and `gpu`, where it tokenises the
next window in a second thread while the model computes (here: does nothing). Each is run `--repeat` times in turn; told
are the medians of tokens a second on the clock, and a processor second. On a machine that does something else, the
clock tells less than it could do; twice the second figure is then the most that two processors could do.
`python -m benchmarks.shapes` writes a model with a tokenizer of the kind and size of XLM-RoBERTa's.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.suite import sides
from evaluator.spec import local_spec
from evaluator.suite import KO_V1
from evaluator.tasks import discovered_tasks

BUDGETS = {"cpu": 2048, "gpu": 16_384}


def null_encoder(model: Path, device: str) -> Any:
    """The model's encoder, with a forward pass that gives zeros at once."""
    import torch

    from evaluator.model.loading import load_encoder

    encoder: Any = load_encoder(local_spec(model), "cpu")
    zeros = torch.zeros(1, encoder.dimension)

    def forward(features: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {"sentence_embedding": zeros.expand(len(features["input_ids"]), -1)}

    encoder._model.forward = forward
    encoder.device = {"cpu": "cpu", "gpu": "cuda"}[device]  # what the sweep looks at
    return encoder


def once(encoder: Any, calls: list[tuple[str, list[str]]], budget: int) -> dict[str, float]:
    """One sweep over all texts; seconds on the clock and of the processor by step, and tokens."""
    from evaluator.sweep.encoding import Sweep
    from evaluator.sweep.texts import TextGroup, UniqueTexts
    from evaluator.sweep.workspace import Workspace

    groups = [
        TextGroup(task_id=f"{number} {task}", side="text", prompt="", route=None, texts=texts)
        for number, (task, texts) in enumerate(calls)
    ]
    with tempfile.TemporaryDirectory() as folder:
        started, processor = time.perf_counter(), time.process_time()
        texts = UniqueTexts(groups)
        found = time.perf_counter()
        workspace = Workspace(Path(folder), len(texts), encoder.dimension)
        tokens = Sweep(encoder, texts, workspace, budget).run(lambda _done, _total, _task: None)
        ended = time.perf_counter()
        assert workspace.done.all()
        cpu = time.process_time() - processor
    return {"tokens": tokens, "texts": len(texts), "seconds": ended - started, "unique": found - started, "cpu": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--datasets", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", default=[i for i in KO_V1.task_ids if i != "Ko-StrategyQA"])
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        calls = sides([discovered_tasks()[name] for name in arguments.tasks], arguments.datasets, Path(cache))
        encoders = {device: null_encoder(arguments.model, device) for device in BUDGETS}
        runs: dict[str, list[dict[str, float]]] = {device: [] for device in BUDGETS}
        for turn in range(arguments.repeat + 1):
            for device, budget in BUDGETS.items():
                run = once(encoders[device], calls, budget)
                if turn:  # the first one warms up
                    runs[device].append(run)
    for device, found in runs.items():
        tokens, texts = found[0]["tokens"], found[0]["texts"]
        median = {name: statistics.median(run[name] for run in found) for name in ("seconds", "cpu", "unique")}
        print(
            f"{device}: {texts} texts, {tokens} tokens; {tokens / median['seconds']:,.0f} tokens/s "
            f"(best {tokens / min(run['seconds'] for run in found):,.0f}), "
            f"{tokens / median['cpu']:,.0f} a processor second; finding unique texts {median['unique']:.2f} s of "
            f"{median['seconds']:.2f}"
        )


if __name__ == "__main__":
    main()
