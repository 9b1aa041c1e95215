"""What the sweep takes beside the bare forward pass, in one process, turn by turn.

    python -m benchmarks.paired --datasets DIR --shape minilm --model FOLDER [--tasks KLUE-STS] [--threads 2]
    python -m benchmarks.paired --datasets DIR --shape modernbert|qwen3|xlm-roberta [--model FOLDER to keep it in]

float32, on the CPU. **The sweep**: everything between texts and embeddings on disk, as an evaluation does it: finding
unique texts, tokenising, sorting, batching, forward passes, writing. **The floor**: the same unique texts, tokenised
before; one forward pass over each, longest first over all of them, in batches filled up to a token budget, the best of
`--budgets`; padding included, since a model cannot be called without it. Both run in this process, on one loaded model
with the same packed layers, in turn. The very first sweep is told too: kernels are made then, as in a real evaluation
of one small task; the floor is only ever measured after it.

Told are the medians of the ratios of neighbouring turns, on the clock and in processor seconds. On a machine that does
something else, two threads wait for each other and burn processor time; `--threads 1` can be compared even then.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shapes import SHAPES, make
from benchmarks.suite import filled, sides
from evaluator.spec import local_spec
from evaluator.tasks import discovered_tasks


class Pair:
    """One model and one set of texts: the sweep over them, and the bare forward pass."""

    def __init__(self, encoder: Any, calls: list[tuple[str, list[str]]]) -> None:
        self.encoder = encoder
        self.calls = calls
        self._tokens: list[np.ndarray] = []

    def sweep(self) -> dict[str, float]:
        """One sweep into a new folder."""
        from evaluator.sweep.encoding import CPU_BATCH_TOKENS, Sweep
        from evaluator.sweep.texts import TextGroup, UniqueTexts
        from evaluator.sweep.workspace import Workspace

        groups = [
            TextGroup(task_id=f"{number} {task}", side="text", prompt="", route=None, texts=texts)
            for number, (task, texts) in enumerate(self.calls)
        ]
        with tempfile.TemporaryDirectory() as folder:
            started, processor = time.perf_counter(), time.process_time()
            texts = UniqueTexts(groups)
            workspace = Workspace(Path(folder), len(texts), self.encoder.dimension)
            sweep = Sweep(self.encoder, texts, workspace, CPU_BATCH_TOKENS)
            tokens = sweep.run(lambda _done, _total, _task: None)
            seconds, cpu = time.perf_counter() - started, time.process_time() - processor
        return {"seconds": seconds, "cpu": cpu, "padded": sweep.padded, "tokens": tokens}

    def floor(self, budget: int) -> dict[str, float]:
        """The forward pass alone."""
        if not self._tokens:
            texts = list({text for _, call in self.calls for text in call})
            for start in range(0, len(texts), 256):
                self._tokens += self.encoder.tokenize(texts[start : start + 256], "", None)
        lengths = np.array([len(ids) for ids in self._tokens])
        packed = [[self._tokens[position] for position in batch] for batch in filled(lengths, budget)]
        started, processor = time.perf_counter(), time.process_time()
        for batch in packed:
            self.encoder.embed(batch, "", None)
        seconds, cpu = time.perf_counter() - started, time.process_time() - processor
        return {"seconds": seconds, "cpu": cpu, "padded": sum(len(b) * max(map(len, b)) for b in packed)}


def compare(pair: Pair, budgets: list[int], repeat: int) -> None:
    """Print every turn and the medians."""
    first = pair.sweep()
    print(f"first sweep: {first['seconds']:.2f} s, {first['cpu']:.2f} processor seconds", flush=True)
    tried = {budget: pair.floor(budget) for budget in budgets}
    for budget, run in tried.items():
        print(
            f"floor at {budget}: {run['seconds']:.2f} s, {run['cpu']:.2f} cpu, {run['padded']} with padding", flush=True
        )
    best = min(tried, key=lambda budget: tried[budget]["cpu"])
    turns = []
    for _ in range(repeat):
        ours, floor = pair.sweep(), pair.floor(best)
        turns.append({name: ours[name] / floor[name] for name in ("seconds", "cpu")})
        print(f"sweep {ours}  floor {floor}", flush=True)
    median = {name: statistics.median(turn[name] for turn in turns) for name in ("seconds", "cpu")}
    print(
        f"{ours['tokens']} tokens; sweep with padding {ours['padded']}, floor at {best}: {floor['padded']}; "
        "sweep / floor: "
        f"{median['seconds']:.3f} of its seconds, {median['cpu']:.3f} of its processor seconds "
        f"(the first sweep: {first['cpu'] / floor['cpu']:.3f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--model", type=Path, help="minilm's folder; for the others, where to keep the random model")
    parser.add_argument("--datasets", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", default=["KLUE-STS"], choices=sorted({*discovered_tasks()}))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budgets", type=int, nargs="+", default=[512, 1024, 2048, 4096])
    arguments = parser.parse_args()
    if arguments.shape == "minilm" and arguments.model is None:
        parser.error("--shape minilm needs --model, the folder of all-MiniLM-L6-v2")

    import torch

    from evaluator.model.loading import load_encoder

    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as cache:
        folder = arguments.model or Path(cache, "model")
        if arguments.shape != "minilm":
            make(arguments.shape, folder, arguments.datasets)
        calls = sides([discovered_tasks()[name] for name in arguments.tasks], arguments.datasets, Path(cache, "data"))
        encoder = load_encoder(local_spec(folder, precision="float32"), "cpu")
        compare(Pair(encoder, calls), arguments.budgets, arguments.repeat)


if __name__ == "__main__":
    main()
