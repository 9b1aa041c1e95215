"""Whether a whole Wikipedia can be searched: `python -m benchmarks.corpus` (--passages 1500000 --queries 213).

Makes up Korean passages of Wikipedia's lengths as a data set in Hub layout (that of MIRACLRetrieval) and a static
model, and evaluates the one on the other with `python -m evaluator run`, in a process of its own. It is killed once in
the middle of encoding and begun again. Printed: its own memory at the peak (what is not a file's: Arrow files and
embeddings are mapped), the seconds of each phase, tokens a second. Then the rankings of some queries are compared with
those of a plain sort of all similarities, and their metrics with those that the evaluation stored; a difference ends
the benchmark with an error. `--folder` keeps what was made up.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

ROOT = Path(__file__).resolve().parents[1]
TASK = "MIRACLRetrieval"
WORDS = 200_000
SYLLABLES = 11_172
CHARACTERS = 175
"""Of a passage on average: MIRACLRetrieval's 1,486,752 have 260,146,649."""
AT_ONCE = 50_000
CHECKED = 5


class Language:
    """Made-up Korean: words of one to five syllables, used as often as Zipf's law says."""

    def __init__(self, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        lengths = generator.integers(1, 6, WORDS)
        syllables = (generator.zipf(1.2, int(lengths.sum())) * 2_741) % SYLLABLES + 0xAC00
        letters, ends = [chr(each) for each in syllables], np.cumsum(lengths)
        self.words = np.array(
            ["".join(letters[end - length : end]) for end, length in zip(ends, lengths, strict=True)], dtype=object
        )
        shares = 1 / np.arange(1, WORDS + 1)
        self._until = np.cumsum(shares / shares.sum())
        self._word_length = float((shares / shares.sum() * (lengths + 1)).sum())
        self._generator = generator

    def passages(self, count: int) -> list[str]:
        """Texts of lengths that spread as those of paragraphs do."""
        wanted = self._generator.lognormal(np.log(CHARACTERS) - 0.32, 0.8, count)
        sizes = np.maximum(2, wanted / self._word_length).astype(np.int64)
        drawn = np.searchsorted(self._until, self._generator.random(int(sizes.sum())))
        words = self.words[np.minimum(drawn, WORDS - 1)]
        ends = np.cumsum(sizes)
        return [" ".join(words[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def make_data(folder: Path, passages: int, queries: int) -> None:
    """The data set: `ko-corpus`, `ko-queries`, `ko-qrels`. A query is words of the passage that answers it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    language, generator = Language(), np.random.default_rng(1)
    root = folder / "mteb/MIRACLRetrieval"
    for name in ("corpus", "queries", "qrels"):
        (root / f"ko-{name}").mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("_id", pa.string()), ("title", pa.string()), ("text", pa.string())])
    answers = set(generator.choice(passages, queries, replace=False).tolist())
    asked: list[dict[str, str]] = []
    judged: list[dict[str, Any]] = []
    with pq.ParquetWriter(root / "ko-corpus/dev.parquet", schema) as writer:
        for start in range(0, passages, AT_ONCE):
            texts = language.passages(min(AT_ONCE, passages - start))
            ids = [f"{(start + number) // 12}#{(start + number) % 12}" for number in range(len(texts))]
            titles = [language.words[(start + number) // 12 % WORDS] for number in range(len(texts))]
            writer.write_table(pa.table({"_id": ids, "title": titles, "text": texts}, schema=schema))
            for number in sorted(answers & set(range(start, start + len(texts)))):
                words = texts[number - start].split()
                query = f"q{len(asked)}"
                asked.append({"_id": query, "text": " ".join(generator.choice(words, min(6, len(words))))})
                others = generator.integers(start, start + len(texts), 9) - start
                judged += [{"query-id": query, "corpus-id": ids[number - start], "score": 1}]
                judged += [
                    {"query-id": query, "corpus-id": ids[other], "score": int(other % 2)}
                    for other in sorted(set(others.tolist()) - {number - start})
                ]
    pq.write_table(pa.Table.from_pylist(asked), root / "ko-queries/dev.parquet")
    pq.write_table(pa.Table.from_pylist(judged), root / "ko-qrels/dev.parquet")
    lines = ["---", "configs:"]
    for name in ("corpus", "queries", "qrels"):
        lines += [f"- config_name: ko-{name}", "  data_files:", "  - split: dev", f"    path: ko-{name}/dev.parquet"]
    (root / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")


def make_model(folder: Path, dimension: int) -> None:
    """A static model, random: an embedding a token and their mean, as model2vec's are."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=32_000, special_tokens=["[PAD]", "[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(Language().passages(20_000), trainer)
    torch.manual_seed(0)
    module = StaticEmbedding(tokenizer, embedding_dim=dimension)
    SentenceTransformer(modules=[module], device="cpu").save_pretrained(str(folder), create_model_card=False)


class Child:
    """One `python -m evaluator run`; its own memory is looked at four times a second."""

    def __init__(self, folder: Path, name: str) -> None:
        command = [sys.executable, "-m", "evaluator", "run", folder / "model", "--datasets", folder / "datasets"]
        command += ["--tasks", TASK, "--device", "cpu", "--work-dir", folder / "work", "--progress", "json"]
        command += ["--output", folder / "result.json", "--samples", folder / "samples.parquet"]
        self.log = folder / f"{name}.log"
        self.started = time.perf_counter()
        self.own_at_peak: dict[str, float] = {}
        self._phase = "load"
        with (folder / f"{name}.out").open("wb") as out, self.log.open("wb") as log:
            self.process = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=out, stderr=log)
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    def _watch(self) -> None:
        status = Path(f"/proc/{self.process.pid}/status")
        while self.process.poll() is None:
            try:
                line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon:"))
            except (OSError, StopIteration):
                return
            own = int(line.split()[1]) / 1024
            self.own_at_peak[self._phase] = max(self.own_at_peak.get(self._phase, 0.0), own)
            time.sleep(0.25)

    def events(self) -> Iterator[dict[str, Any]]:
        """What it tells, as it does, until it has ended."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            while True:
                ended = self.process.poll() is not None
                for line in log:
                    if line.startswith("{") and line.endswith("}\n"):
                        event = json.loads(line)
                        self._phase = event.get("phase", self._phase)
                        yield event
                if ended:
                    return
                time.sleep(0.25)

    def kill_when(self, share: float) -> float:
        """Kill it once it has encoded this share of the tokens; returns the share that it then had."""
        for event in self.events():
            done, total = event.get("tokens_done") or 0, event.get("tokens_total") or 0
            if total and share <= done / total < 0.9:
                self.process.kill()
                self.process.wait()
                return float(done / total)
        raise SystemExit(f"the evaluation ended before it could be killed; see {self.log}")

    def finish(self) -> None:
        """Wait for its end.

        Raises:
            SystemExit: it failed.
        """
        for _ in self.events():
            pass
        if self.process.wait() != 0:
            raise SystemExit(f"the evaluation failed:\n{self.log.read_text(encoding='utf-8')[-2000:]}")


def check(folder: Path, dimension: int) -> None:
    """Compare rankings and metrics with those of a plain sort of all similarities.

    Raises:
        SystemExit: they differ.
    """
    from evaluator.data import TaskData
    from evaluator.evidence.samples import load_samples
    from evaluator.kinds import kind_of
    from evaluator.kinds.ranking import DECIMALS, query_metrics, search, unit
    from evaluator.sweep.texts import TextGroup, UniqueTexts
    from evaluator.sweep.workspace import EmbeddingRows
    from evaluator.tasks import discovered_tasks

    task = discovered_tasks()[TASK]
    data = TaskData(task, folder / "datasets", folder / "arrow")
    examples = kind_of(task).read(task, data, keep_duplicates=False)
    ids, relevant = examples.gold["documents"], examples.gold["relevant"]
    groups = [
        TextGroup(task_id=TASK, side=side, prompt="", route=None, texts=texts) for side, texts in examples.sides.items()
    ]
    texts = UniqueTexts(groups)  # a few passages of two words are equal
    (embeddings,) = (folder / "work").glob("*/embeddings.f32")
    matrix = np.memmap(embeddings, dtype=np.float32, mode="r").reshape(len(texts), dimension)
    queries, documents = (EmbeddingRows(matrix, texts.rows[TASK, side]) for side in ("query", "document"))
    samples = load_samples((folder / "samples.parquet").read_bytes())[TASK]
    asked = np.linspace(0, examples.n - 1, CHECKED).astype(np.int64)
    some = EmbeddingRows(matrix, texts.rows[TASK, "query"][asked])
    found = list(search(some, documents, ids, 1000))
    place = np.argsort(np.argsort(np.array(list(ids), dtype=object), kind="stable"))
    for number, ranking in zip(asked.tolist(), found, strict=True):
        (query,) = unit(queries.rows(number, number + 1))
        parts = range(0, len(documents), AT_ONCE)
        scores = np.concatenate(
            [np.round(unit(documents.rows(start, start + AT_ONCE)) @ query, DECIMALS) for start in parts]
        )
        order = np.lexsort((-place, -scores))[:1000]
        if not np.array_equal(order, ranking.found):
            raise SystemExit(f"the ranking of query {number} is not that of a sort of all similarities")
        judged = relevant[samples["item"][number]]
        gains = np.array([judged.get(ids[int(document)], 0) for document in order], dtype=np.float64)
        ideal = sorted((gain for gain in judged.values() if gain > 0), reverse=True)
        stored = {name: float(values[number]) for name, values in samples.items() if name != "item"}
        if any(abs(stored[name] - value) > 1e-12 for name, value in query_metrics(gains, ideal).items()):
            raise SystemExit(f"the metrics of query {number} are not those of its ranking")
    print(f"exact: the first 1,000 of {len(documents):,} for {CHECKED} queries, and their metrics")


def measure(folder: Path, passages: int, queries: int, dimension: int) -> None:
    """Make what is missing in `folder`, run, kill, run again, print, check."""
    if not (folder / "datasets").is_dir():
        make_data(folder / "datasets", passages, queries)
    if not (folder / "model").is_dir():
        make_model(folder / "model", dimension)
    first = Child(folder, "first")
    share = first.kill_when(0.5)
    print(f"killed after {time.perf_counter() - first.started:.0f} s, {share:.0%} of the tokens encoded")
    second = Child(folder, "second")
    second.finish()
    seconds = time.perf_counter() - second.started
    (run,) = json.loads((folder / "result.json").read_bytes())["runs"].values()
    own = {phase: max(first.own_at_peak.get(phase, 0), peak) for phase, peak in second.own_at_peak.items()}
    print(f"{passages:,} passages, {queries} queries, {dimension} dimensions, {run['tokens']:,} tokens")
    print(f"begun again: {seconds:.0f} s on the clock; seconds by phase {run['seconds']} (encode: of both runs)")
    print(f"{run['tokens'] / run['seconds']['encode']:,.0f} tokens a second of encoding")
    print("own memory at the peak, MiB:", ", ".join(f"{phase} {peak:.0f}" for phase, peak in own.items()))
    check(folder, dimension)


def main(
    passages: Annotated[int, typer.Option(min=2_000)] = 1_500_000,
    queries: Annotated[int, typer.Option(min=CHECKED)] = 213,
    dimension: int = 256,
    folder: Annotated[Path | None, typer.Option(file_okay=False, help="an empty folder; keeps what is made")] = None,
) -> None:
    """Measure."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder.resolve(), passages, queries, dimension)
        return
    with tempfile.TemporaryDirectory(prefix="corpus-") as temporary:
        measure(Path(temporary), passages, queries, dimension)


if __name__ == "__main__":
    typer.run(main)
