"""How long the suite takes: ours, sentence-transformers called as MTEB calls it, and the bare forward pass.

    python -m benchmarks.suite --model FOLDER --datasets DIR [--tasks ID ...] [--repeat 2] [--peer mteb --peer-python P]
                               [--shape minilm|modernbert|qwen3|xlm-roberta] [--device cuda:0 --precision bfloat16]

The contenders run in turn, each in a process of its own, `--repeat` times; the best time of each counts. Beside the
seconds on the clock stand those of the processor, which a busy neighbour on the machine disturbs less. `--tasks` takes
any task, of whatever suite; the seconds of scoring are told for each. `--shape` writes a random model of that
architecture into FOLDER, unless one is there (`benchmarks.shapes`); for minilm, FOLDER is all-MiniLM-L6-v2.
`benchmarks.paired` compares ours and the floor within one process. `--added` tells instead what all that stands beside
the scores (curves, rankings, costs, texts, lexical rows, fusions) adds to a run (`benchmarks.adding`). What each does:

- ours: `evaluator.run.evaluate`, without smaller vectors. `encode` is its sweep with tokenising, sorting and writing to
  disk.
- mteb-like: `SentenceTransformer.encode(..., batch_size=32)` task by task and side by side, texts as often as they
  occur: what MTEB's evaluators ask of the model, without their scoring.
- floor: the forward pass alone over the unique texts' token ids, sorted by length over all of them, in batches filled
  up to the best of several token budgets (tried on a sixteenth of the texts, which warms up too), padding included;
  tokenising is not counted.
- mteb: MTEB itself, if an interpreter that has it is given; its own time, without loading model and data, but with
  scoring, which is then counted in ours too.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu import body_parameters, matmul_tflops
from benchmarks.memory import peak_bytes
from benchmarks.shapes import SHAPES, make
from evaluator.spec import ModelSpec, local_spec
from evaluator.suite import KO_V1
from evaluator.task import Task
from evaluator.tasks import discovered_tasks

BUDGETS = {"cpu": (512, 1024, 2048, 4096), "cuda": (16384, 65536, 262144)}
MEASURES = {"seconds", "cpu", "scored", "scored_cpu"}
ROOT = Path(__file__).resolve().parents[1]


def sides(tasks: list[Task], datasets: Path, cache: Path) -> list[tuple[str, list[str]]]:
    """What MTEB encodes, call by call: (task, texts)."""
    from evaluator.data import TaskData
    from evaluator.kinds import kind_of

    calls = []
    for task in tasks:
        examples = kind_of(task).read(task, TaskData(task, datasets, cache), keep_duplicates=True)
        for texts in examples.sides.values():
            held = list(texts)
            if task.type in ("STS", "PairClassification", "BitextMining"):
                middle = len(held) // 2
                calls += [(task.id, held[:middle]), (task.id, held[middle:])]
            else:
                calls.append((task.id, held))
    return calls


def filled(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Positions, longest first, as many a batch as fit into the budget with padding."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        count = max(1, budget // max(1, int(lengths[order[start]])))
        yield order[start : start + count]
        start += count


@dataclass(frozen=True)
class Setting:
    """What all contenders share."""

    model: Path
    tasks: list[Task]
    datasets: Path
    device: str
    precision: str

    def spec(self) -> ModelSpec:
        return local_spec(self.model, precision=self.precision)

    def texts(self) -> list[tuple[str, list[str]]]:
        with tempfile.TemporaryDirectory() as cache:
            return sides(self.tasks, self.datasets, Path(cache))


def ours(setting: Setting) -> dict[str, Any]:
    from evaluator.progress import Phase, Silent
    from evaluator.run import evaluate

    processor: dict[str, float] = {}
    scoring: dict[str, float] = {}

    class Clock(Silent):
        def phase(self, phase: Phase, task: str | None = None) -> None:
            if task is None:
                processor[phase] = time.process_time()
            elif phase == "score":
                scoring[task] = -time.process_time()

        def task(self, task: str, score: float | None) -> None:  # noqa: ARG002
            if task in scoring:
                scoring[task] = round(scoring[task] + time.process_time(), 3)

    started = time.perf_counter()
    evaluation = evaluate(
        setting.spec(),
        setting.tasks,
        datasets=setting.datasets,
        devices=(setting.device,),
        keep_duplicates=True,
        progress=Clock(),
    )
    (run,) = evaluation.result.runs.values()
    return {
        "seconds": run.seconds["encode"],
        "cpu": processor["score"] - processor["encode"],
        "scored": run.seconds["encode"] + run.seconds["score"],
        "scored_cpu": processor["score"] - processor["encode"] + sum(scoring.values()),
        "whole": time.perf_counter() - started,
        "tokens": run.tokens,
        "padded": evaluation.padded_tokens,
        "phases": run.seconds,
        "scoring": {
            task: {"seconds": evaluation.result.tasks[task].seconds, "cpu": cpu} for task, cpu in scoring.items()
        },
    }


def mteb_like(setting: Setting) -> dict[str, Any]:
    import torch
    from sentence_transformers import SentenceTransformer

    dtype = torch.float32 if setting.precision == "auto" else getattr(torch, setting.precision)
    encoder = SentenceTransformer(str(setting.model), device=setting.device, model_kwargs={"dtype": dtype})
    encoder.encode(["준비 운동"])
    calls = setting.texts()
    counted = {"padded": 0}
    forward = encoder.forward

    def counting(features: dict[str, Any], **options: Any) -> Any:
        counted["padded"] += features["attention_mask"].numel()
        return forward(features, **options)

    encoder.forward = counting  # type: ignore[method-assign,assignment]
    started, processor = time.perf_counter(), time.process_time()
    for _, texts in calls:
        encoder.encode(texts, batch_size=32, show_progress_bar=False)
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - processor, **counted}


def floor(setting: Setting) -> dict[str, Any]:
    from evaluator.model.loading import load_encoder

    texts = sorted({text for _, call in setting.texts() for text in call}, key=len)
    encoder = load_encoder(setting.spec(), setting.device)
    tokens: list[Any] = []
    for start in range(0, len(texts), 256):
        tokens += encoder.tokenize(texts[start : start + 256], "", None)
    lengths = np.array([len(ids) for ids in tokens])

    def run(chosen: np.ndarray, budget: int) -> tuple[float, int]:
        packed = [[tokens[chosen[position]] for position in batch] for batch in filled(lengths[chosen], budget)]
        started = time.perf_counter()
        for batch in packed:
            encoder.embed(batch, "", None)
        return time.perf_counter() - started, sum(len(batch) * max(map(len, batch)) for batch in packed)

    sample = np.random.default_rng(0).permutation(len(tokens))[: max(1, len(tokens) // 16)]
    budgets = BUDGETS[setting.device.split(":")[0]]
    run(sample[:64], budgets[0])
    tried = {budget: min(run(sample, budget)[0] for _ in range(2)) for budget in budgets}
    best = min(tried, key=lambda budget: tried[budget])
    processor = time.process_time()
    seconds, padded = run(np.arange(len(tokens)), best)
    spent = time.process_time() - processor
    return {
        "seconds": seconds,
        "cpu": spent,
        "tokens": int(lengths.sum()),
        "padded": padded,
        "budget": best,
        "tried": tried,
    }


def count(setting: Setting) -> dict[str, dict[str, int]]:
    """Texts and tokens that ours and MTEB's way put through the model; the forward pass is not run."""
    from evaluator.model.loading import load_encoder
    from evaluator.sweep.encoding import default_batch_tokens
    from evaluator.sweep.texts import TextGroup, UniqueTexts, batches

    calls = setting.texts()
    encoder = load_encoder(setting.spec(), setting.device)
    budget = default_batch_tokens(encoder)
    length = {}
    held = list({text for _, call in calls for text in call})
    for start in range(0, len(held), 256):
        for text, ids in zip(
            held[start : start + 256], encoder.tokenize(held[start : start + 256], "", None), strict=True
        ):
            length[text] = len(ids)
    theirs = {"texts": 0, "tokens": 0, "padded": 0}
    for _, texts in calls:
        lengths = [length[text] for text in sorted(texts, key=len, reverse=True)]
        theirs["texts"] += len(lengths)
        theirs["tokens"] += sum(lengths)
        theirs["padded"] += sum(
            max(part) * len(part) for part in (lengths[i : i + 32] for i in range(0, len(lengths), 32))
        )
    groups = [TextGroup(task_id=str(i), side="text", prompt="", route=None, texts=c[1]) for i, c in enumerate(calls)]
    unique = UniqueTexts(groups)
    mine = {"texts": len(unique), "tokens": 0, "padded": 0}
    for window in unique.windows():
        lengths_ = np.array([length[text] for text in unique.texts(window.items)])
        mine["tokens"] += int(lengths_.sum())
        mine["padded"] += sum(len(b) * int(lengths_[b].max()) for b in batches(lengths_, budget))
    return {"ours": mine, "mteb-like": theirs}


CONTENDERS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    "ours": ours,
    "mteb-like": mteb_like,
    "floor": floor,
}

MTEB = """
import json, resource, sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import datasets
model, folder, device, splits_of = sys.argv[1], Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
import datasets.load
load, configs, splits = datasets.load_dataset, datasets.get_dataset_config_names, datasets.get_dataset_split_names
def local(function):
    def call(path, *rest, **options):
        options.pop("revision", None); options.pop("trust_remote_code", None)
        if function is configs: rest = ()
        return function(str(folder / path), *rest, **options)
    return call
datasets.load_dataset = local(load)
datasets.get_dataset_config_names = local(configs)
datasets.get_dataset_split_names = local(splits)
import mteb
from sentence_transformers import SentenceTransformer
encoder = SentenceTransformer(model, device=device)
subset = {"STS17": ["ko-ko"], "PawsXPairClassification": ["ko"], "SIB200ClusteringS2S": ["kor_Hang"]}
seconds, processor = {}, 0.0
for name, used in splits_of.items():
    task = mteb.get_task(name)
    wanted = [split for split in task.eval_splits if split in used]  # MTEB takes two of PAWS-X, the suite one
    task = mteb.get_task(name, hf_subsets=subset.get(name), eval_splits=wanted)
    task.load_data()
    started, spent = time.perf_counter(), time.process_time()
    mteb.evaluate(encoder, task, cache=None, overwrite_strategy="always")
    seconds[name] = time.perf_counter() - started
    processor += time.process_time() - spent
print(json.dumps({"seconds": sum(seconds.values()), "cpu": processor, "by_task": seconds,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""


def once(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One contender in a process of its own."""
    if name == "mteb":
        command = [arguments.peer_python, "-c", MTEB, str(arguments.model), str(arguments.datasets)]
        command += [
            arguments.device,
            json.dumps({name: discovered_tasks()[name].data.splits for name in arguments.tasks}),
        ]
    else:
        command = [sys.executable, "-m", "benchmarks.suite", "--only", name]
        command += ["--model", str(arguments.model), "--datasets", str(arguments.datasets)]
        command += ["--device", arguments.device, "--precision", arguments.precision, "--tasks", *arguments.tasks]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise SystemExit(f"{name} failed:\n{ran.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def table(best: dict[str, dict[str, Any]]) -> str:
    """The best run of each contender, and the ratios."""
    lines = ["| | seconds | processor seconds | tokens | with padding | peak MiB |", "|---|---|---|---|---|---|"]
    for name, run in best.items():
        tokens, padded = run.get("tokens", ""), run.get("padded", "")
        lines.append(
            f"| {name} | {run['seconds']:.1f} | {run['cpu']:.1f} | {tokens} | {padded} | {run['peak'] / 2**20:.0f} |"
        )
    mine = best["ours"]
    lines += ["", "| scoring | seconds | processor seconds |", "|---|---|---|"]
    lines += [f"| {task} | {took['seconds']:.2f} | {took['cpu']:.2f} |" for task, took in mine["scoring"].items()]
    share = sum(took["cpu"] for took in mine["scoring"].values()) / mine["cpu"]
    lines += [f"scoring all tasks / encoding all texts: {share:.3f} of its processor seconds", ""]
    for name, run in best.items():
        if name != "ours":
            seconds, cpu = ("scored", "scored_cpu") if name == "mteb" else ("seconds", "cpu")
            ratios = f"{mine[seconds] / run['seconds']:.3f} of its seconds, {mine[cpu] / run['cpu']:.3f} of its cpu"
            lines.append(f"ours / {name}: {ratios}{', scoring included' if name == 'mteb' else ''}")
    return "\n".join(lines)


def rates(best: dict[str, dict[str, Any]], setting: Setting) -> str:
    """What share of a matrix product's rate each contender reached, and the most memory it took on the device.

    Counted are two operations a matrix parameter and token with padding, not those of attention.
    """
    dtype = "float32" if setting.precision == "auto" else setting.precision
    peak = matmul_tflops(setting.device, dtype)
    lines = [f"a matrix product of 8192 in {dtype}: {peak:.0f} TFLOP/s"]
    for name, run in best.items():
        if "padded" in run:
            rate = 2 * body_parameters(setting.model) * run["padded"] / run["seconds"] / 1e12
            lines.append(
                f"{name}: {run['padded'] / run['seconds']:,.0f} tokens/s with padding, {rate:.1f} TFLOP/s, "
                f"{100 * rate / peak:.0f} % of that; {run['device_peak'] / 2**30:.1f} GiB on the device"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="minilm", help="make a random model in --model")
    parser.add_argument("--datasets", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", default=[i for i in KO_V1.task_ids if i != "Ko-StrategyQA"])
    parser.add_argument("--count", action="store_true", help="count texts and tokens only")
    parser.add_argument(
        "--added", action="store_true", help="tell what all that stands beside the scores adds to a run"
    )
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda:0")
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "float16", "bfloat16"])
    parser.add_argument("--peer", choices=["mteb"])
    parser.add_argument("--peer-python", help="an interpreter that has mteb")
    parser.add_argument("--only", choices=sorted(CONTENDERS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.model, arguments.datasets = arguments.model.resolve(), arguments.datasets.resolve()
    if arguments.shape != "minilm":
        make(arguments.shape, arguments.model, arguments.datasets)
    if arguments.peer and arguments.precision not in ("auto", "float32"):
        parser.error("--peer mteb runs in float32 only")
    setting = Setting(
        model=arguments.model,
        tasks=[discovered_tasks()[name] for name in arguments.tasks],
        datasets=arguments.datasets,
        device=arguments.device,
        precision=arguments.precision,
    )
    if arguments.count:
        for name, counted in count(setting).items():
            print(name, counted)
        return
    if arguments.added:
        from benchmarks.adding import added_to, told

        print(told(added_to(setting.spec(), setting.tasks, setting.datasets, setting.device)))
        return
    if arguments.only:
        found = CONTENDERS[arguments.only](setting)
        found["peak"] = peak_bytes()
        if setting.device != "cpu":
            import torch

            found["device_peak"] = torch.cuda.max_memory_allocated(setting.device)
        print(json.dumps(found))
        return
    names = [*CONTENDERS, *(["mteb"] if arguments.peer else [])]
    best: dict[str, dict[str, Any]] = {}
    for turn in range(arguments.repeat):
        for name in names:
            run = once(name, arguments)
            print(f"turn {turn + 1} {name}: {json.dumps(run)}", flush=True)
            if name in best:
                run = {**run, **{measure: min(run[measure], best[name][measure]) for measure in MEASURES & run.keys()}}
            best[name] = run
    print(f"\n{platform.machine()}, Python {platform.python_version()}, {', '.join(arguments.tasks)}\n")
    print(table(best))
    if arguments.device != "cpu":
        print(rates(best, setting))


if __name__ == "__main__":
    main()
