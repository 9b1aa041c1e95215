"""What all that stands beside the scores adds to a run: curves, rankings, costs, texts, lexical rows and fusions.

    python -m benchmarks.suite --added --model FOLDER --datasets DIR [--tasks ID ...]

Both sides run in this process, on one model and the same embeddings, which are made once and count for both:

- without: encode, score with intervals, write the samples, check them and publish the result;
- with: the same, and counting what Korean costs, keeping each query's rankings, scoring smaller vectors, writing these
  two files, checking them as a worker does, and publishing them, with the fusions with the best lexical row.

Beside the two stand the parts that can be told alone, and what is done once for a board and not for each model: the
three lexical rows of the tasks and the texts of those whose licence allows it. OMP_NUM_THREADS=1 and processor seconds
can be compared on a machine that does something else as well; seconds on the clock cannot.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from evaluator import run
from evaluator.data import TaskData
from evaluator.evidence import rankings as ranking_files
from evaluator.evidence.curve_file import dump_curves
from evaluator.evidence.rankings import dump_rankings
from evaluator.evidence.samples import dump_samples
from evaluator.evidence.texts import dump_texts, may_be_shown, texts_of
from evaluator.kinds import kind_of
from evaluator.lexical import evaluate_lexical
from evaluator.model.lexical import MODELS, lexical_spec
from evaluator.own.command import BASELINES
from evaluator.progress import Phase, Silent
from evaluator.run import Evaluation, evaluate
from evaluator.spec import ModelSpec
from evaluator.suite import rules_of
from evaluator.sweep import whole
from evaluator.task import Task
from leaderboard_data.publish import publish_change
from runner.vouch_curves import vouched_files
from store.memory import MemoryStore
from store.update import Change, update

T = TypeVar("T")
ENCODE = "encoding (once, for both)"
ONCE = ("lexical rows", "texts")
TARGET = 0.2
"""The share of a run without all this that it may add (issue 15)."""


class Meter:
    """Seconds on the clock and of the processor, by name."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[float, float]] = {}

    def add(self, name: str, seconds: float, cpu: float) -> None:
        before = self.taken.get(name, (0.0, 0.0))
        self.taken[name] = before[0] + seconds, before[1] + cpu

    @contextmanager
    def of(self, name: str, factor: int = 1) -> Iterator[None]:
        """What happens inside counts for `name`; with the factor -1 it is taken off."""
        started, processor = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.add(name, factor * (time.perf_counter() - started), factor * (time.process_time() - processor))

    def each(self, items: Iterable[T], name: str, factor: int = 1) -> Iterator[T]:
        """The items; what making each of them takes counts for `name`."""
        left = iter(items)
        while True:
            with self.of(name, factor):
                item = next(left, None)
            if item is None:
                return
            yield item


@contextmanager
def told_alone(meter: Meter) -> Iterator[None]:
    """Inside, an evaluation's counting, its keeping of rankings and its curves count for themselves too."""
    count, keep, curves_of = whole.counts_of, ranking_files.keeping, run.curves_of

    def counts_of(*given: Any) -> Any:
        with meter.of("counting"):
            return count(*given)

    def keeping(examples: Any, found: Any, kept: Any) -> Any:
        return meter.each(keep(examples, meter.each(found, "rankings", -1), kept), "rankings")

    def curves(*given: Any) -> Any:
        with meter.of("curves"):
            return curves_of(*given)

    whole.counts_of, ranking_files.keeping, run.curves_of = counts_of, keeping, curves  # type: ignore[assignment]
    try:
        yield
    finally:
        whole.counts_of, ranking_files.keeping, run.curves_of = count, keep, curves_of


@contextmanager
def left_out() -> Iterator[None]:
    """Inside, an evaluation counts nothing and keeps no rankings."""
    count, ranked = whole.counts_of, run.ranking_kind_of
    whole.counts_of, run.ranking_kind_of = (lambda *_: None), (lambda _: None)  # type: ignore[assignment]
    try:
        yield
    finally:
        whole.counts_of, run.ranking_kind_of = count, ranked


def added_to(spec: ModelSpec, tasks: Sequence[Task], datasets: Path, device: str) -> dict[str, tuple[float, float]]:
    """(seconds, processor seconds) of the two sides ("without" and "with"), of encoding, and of the parts."""
    meter, lexical = Meter(), MemoryStore()
    with meter.of("lexical rows"):
        for name in BASELINES:
            if name in MODELS:
                found = evaluate_lexical(lexical_spec(name), tasks, datasets=datasets)
                update(lexical, publish_change(found.result, _samples(found), dump_rankings(found.rankings)))
    with meter.of("texts"):
        _texts(tasks, datasets)

    class Clock(Silent):
        """When encoding and scoring began."""

        def __init__(self) -> None:
            self.at: dict[str, tuple[float, float]] = {}

        def phase(self, phase: Phase, task: str | None = None) -> None:
            if task is None:
                self.at[phase] = time.perf_counter(), time.process_time()

    with tempfile.TemporaryDirectory(prefix="adding-") as work:
        for side in ("without", "with"):
            plain, clock, store = side == "without", Clock(), _copy(lexical)
            with left_out() if plain else told_alone(meter):
                made = evaluate(
                    spec,
                    tasks,
                    datasets=datasets,
                    devices=(device,),
                    work_dir=Path(work),
                    progress=clock,
                    curves=None if plain else rules_of,
                )
            samples, rankings, curves = _samples(made), None, None
            if not plain:
                with meter.of("files, written and checked"):
                    left = dump_rankings(made.rankings), dump_curves(made.curves)
                    rankings, curves = vouched_files(made.result, samples, *left)
            with meter.of("publishing, with fusions", -1 if plain else 1):
                update(store, publish_change(made.result, samples, rankings, curves=curves))
            begun, scored = clock.at["encode"], clock.at["score"]
            meter.add(side, time.perf_counter() - scored[0], time.process_time() - scored[1])
            if plain:
                meter.add(ENCODE, scored[0] - begun[0], scored[1] - begun[1])
    # The second encoding only reads the first one again: of its time the counting alone is its own.
    for side, also in (("without", ()), ("with", ("counting",))):
        for name in (ENCODE, *also):
            meter.add(side, *meter.taken[name])
    return meter.taken


def told(taken: Mapping[str, tuple[float, float]]) -> str:
    """The two sides, their ratios, and the parts, as a table and two sentences."""
    without, together = taken["without"], taken["with"]
    lines = ["| | seconds | processor seconds | of the run without |", "|---|---|---|---|"]
    order = ["without", "with", ENCODE, *(name for name in taken if name not in {"without", "with", ENCODE})]
    for name in order:
        seconds, cpu = taken[name]
        once = ", once for a board" if name in ONCE else ""
        lines.append(f"| {name}{once} | {seconds:.2f} | {cpu:.2f} | {cpu / without[1]:.4f} |")
    added = [together[at] / without[at] - 1 for at in (0, 1)]
    every = [sum(taken[name][at] for name in ONCE) / without[at] + added[at] for at in (0, 1)]
    verdict = "under" if added[1] < TARGET else "OVER"
    return "\n".join(
        [
            *lines,
            f"it adds {added[0]:.3f} of the seconds, {added[1]:.3f} of the processor seconds: {verdict} {TARGET:.0%}",
            f"with what is done once for a board: {every[0]:.3f} of the seconds, {every[1]:.3f} of the processor's",
        ]
    )


def _samples(made: Evaluation) -> bytes:
    return dump_samples(made.samples)


def _copy(store: MemoryStore) -> MemoryStore:
    """A store that holds the same files."""
    files: dict[str, bytes | None] = {path: store.read(path) for path in store.list()}
    copied = MemoryStore()
    update(copied, lambda _: Change(files, "Copy"))
    return copied


def _texts(tasks: Sequence[Task], datasets: Path) -> None:
    """Read the tasks whose licence lets their texts be shown, and make their files."""
    for task in filter(may_be_shown, tasks):
        with tempfile.TemporaryDirectory() as cache:
            examples = kind_of(task).read(task, TaskData(task, datasets, Path(cache)), keep_duplicates=False)
            dump_texts(texts_of(task, examples))
