"""The sweep: every text once, in full batches, in bounded memory; it survives kills and full memory."""

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.errors import EvaluationError
from evaluator.records import Run, load_result
from evaluator.sweep.encoding import Sweep
from evaluator.sweep.texts import CUT_SHARE, WINDOW_TEXTS, TextGroup, UniqueTexts, batches
from evaluator.sweep.workspace import EmbeddingRows, Workspace, plan_folder
from tests.evaluator.running import ROOT, evaluator

DIMENSION = 8


class InMemoryEncoder:
    """Tokenises into characters and embeds a text by its length and its sum; remembers the batches it was given."""

    name = "test/in-memory"
    device = "cpu"
    dtype = "float32"
    routed = False
    dimension = DIMENSION
    unknown_id = None
    item = None

    def __init__(self, most_tokens: int | None = None, dimension: int = DIMENSION) -> None:
        self.dimension = dimension
        self.batches: list[tuple[int, int]] = []
        self.texts: list[str] = []
        self.refused = 0
        self._most = most_tokens

    def tokenize(self, texts: list[str], prompt: str, route: object) -> list[np.ndarray]:
        assert route is None
        self.texts += [prompt + text for text in texts]
        return [np.array([ord(letter) for letter in prompt + text], dtype=np.int32) for text in texts]

    def begin(self, tokens: Sequence[np.ndarray], prompt: str, route: object, task: object) -> Callable[[], np.ndarray]:
        assert (route, task) == (None, None)
        assert isinstance(prompt, str)
        shape = (len(tokens), max(len(ids) for ids in tokens))
        if self._most is not None and shape[0] * shape[1] > self._most:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.batches.append(shape)
        return lambda: np.array([expected("", ids, self.dimension) for ids in tokens])


def expected(prompt: str, text: Any, dimension: int = DIMENSION) -> np.ndarray:
    """The embedding that the encoder above gives."""
    ids = text if isinstance(text, np.ndarray) else np.array([ord(letter) for letter in prompt + text])
    return (np.arange(1, dimension + 1) * len(ids) + ids.sum() % 1009).astype(np.float32)


def group(task_id: str, texts: Sequence[str], prompt: str = "") -> TextGroup:
    return TextGroup(task_id=task_id, side="text", prompt=prompt, route=None, texts=texts)


def sweep(
    encoder: InMemoryEncoder, groups: list[TextGroup], folder: Path, budget: int = 64
) -> tuple[UniqueTexts, Workspace, list[tuple[int, int]]]:
    """One sweep; returns the texts, the workspace and the (done, total) that it told."""
    texts = UniqueTexts(groups)
    folder.mkdir(exist_ok=True)
    workspace = Workspace(folder, len(texts), encoder.dimension)
    told: list[tuple[int, int]] = []
    tokens = Sweep(encoder, texts, workspace, budget).run(lambda done, total, _task: told.append((done, total)))  # type: ignore[arg-type]
    assert told[-1] == (tokens, tokens)
    return texts, workspace, told


def test_a_text_that_four_tasks_hold_is_encoded_once(tmp_path: Path) -> None:
    encoder = InMemoryEncoder()
    groups = [group(f"과제{number}", ["같은 글", "다른 글", "같은 글"]) for number in range(4)]
    texts, workspace, _ = sweep(encoder, groups, tmp_path)
    assert sorted(encoder.texts) == ["같은 글", "다른 글"]
    rows = EmbeddingRows(workspace.embeddings, texts.rows["과제3", "text"])
    assert np.array_equal(rows.rows(0, 3), np.array([expected("", t) for t in ("같은 글", "다른 글", "같은 글")]))


def test_one_text_with_two_prompts_is_two_texts(tmp_path: Path) -> None:
    encoder = InMemoryEncoder()
    groups = [group("가", ["글"]), group("나", ["글"], "질문: "), group("다", ["질문: 글"])]
    texts, workspace, _ = sweep(encoder, groups, tmp_path)
    assert len(texts) == 3  # the prompt is not glued to the text: models may treat it differently
    found = EmbeddingRows(workspace.embeddings, texts.rows["나", "text"]).rows(0, 1)[0]
    assert np.array_equal(found, expected("질문: ", "글"))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=200), st.integers(1, 600))
def test_batches_hold_every_text_once_and_fill_the_budget(lengths: list[int], budget: int) -> None:
    array = np.array(lengths)
    found = list(batches(array, budget))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    longest = [int(array[batch].max()) for batch in found]
    assert longest == sorted(longest, reverse=True)
    for batch, most in zip(found, longest, strict=True):
        assert len(batch) == 1 or len(batch) * most <= budget
    ordered, start = -np.sort(-array), 0
    for batch, most in zip(found, longest, strict=True):
        fitting = ordered[start : start + max(1, budget // max(most, 1))]
        if len(batch) < len(fitting):  # cut earlier than it had to be
            saved = (len(fitting) - len(batch)) * (most - max(int(fitting[len(batch)]), 1))
            assert saved > budget // CUT_SHARE
        start += len(batch)


def test_batches_of_short_texts_are_cut_where_that_saves_padding() -> None:
    """A thousand headlines of 5 to 40 tokens: filled up they would be computed with a sixth more of padding."""
    lengths = np.sort(np.random.default_rng(0).gamma(4, 4, 1000).astype(int) + 3)[::-1]
    found = list(batches(lengths, 2048))
    padded = sum(len(batch) * int(lengths[batch].max()) for batch in found)
    filled, start = 0, 0
    while start < len(lengths):
        count = 2048 // int(lengths[start])
        filled += len(lengths[start : start + count]) * int(lengths[start])
        start += count
    assert padded < 1.05 * lengths.sum() < 1.1 * lengths.sum() < filled
    assert len(found) < 25


@pytest.mark.parametrize("most_tokens", [None, 100])
def test_shares_compute_every_text_once_in_the_batches_of_one_device(most_tokens: int | None, tmp_path: Path) -> None:
    """Also where one of them runs out of memory: the batches are still dealt by the first budget."""
    words = [f"{'글' * (number % 23 + 1)}{number}" for number in range(300)]
    texts = UniqueTexts([group("가", words)])
    workspace = Workspace(tmp_path, len(texts), DIMENSION)
    encoders = [InMemoryEncoder(), InMemoryEncoder(most_tokens), InMemoryEncoder()]
    for share, encoder in enumerate(encoders):
        Sweep(encoder, texts, workspace, 400, share, len(encoders)).run(lambda *_told: None)  # type: ignore[arg-type]
    assert workspace.done.all()
    assert sum(count for encoder in encoders for count, _ in encoder.batches) == len(texts)
    alone = InMemoryEncoder()
    (tmp_path / "alone").mkdir()
    Sweep(alone, texts, Workspace(tmp_path / "alone", len(texts), DIMENSION), 400).run(lambda *_told: None)  # type: ignore[arg-type]
    assert set(encoders[0].batches + encoders[2].batches) <= set(alone.batches)


def test_a_batch_without_memory_is_halved_and_never_restarted(tmp_path: Path) -> None:
    words = [f"{'글' * (number % 23 + 1)}{number}" for number in range(200)]
    encoder = InMemoryEncoder(most_tokens=100)
    texts, workspace, _ = sweep(encoder, [group("가", words)], tmp_path, budget=1000)
    rows = EmbeddingRows(workspace.embeddings, texts.rows["가", "text"])
    assert np.array_equal(rows.rows(0, 200), np.array([expected("", word) for word in words]))
    assert sum(count for count, _ in encoder.batches) == 200  # no text was computed twice
    assert max(count * length for count, length in encoder.batches) <= 100
    assert encoder.refused <= 5  # 1000, 500, 250 and 125 are too many; then the budget fits for all that follow


def test_a_single_text_that_does_not_fit_is_out_of_memory(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="on a single text of 50 tokens") as caught:
        sweep(InMemoryEncoder(most_tokens=40), [group("가", ["글" * 50, "글"])], tmp_path)
    assert caught.value.failure == "out_of_memory"


def test_a_model_that_breaks_on_a_batch_is_load_failed(tmp_path: Path) -> None:
    class Broken(InMemoryEncoder):
        def begin(self, *_batch: object) -> Callable[[], np.ndarray]:
            raise IndexError("index out of range in self")

    with pytest.raises(EvaluationError, match=r"broke on 2 texts of up to 3 tokens \(IndexError: index out") as caught:
        sweep(Broken(), [group("가", ["세글자", "둘"])], tmp_path)
    assert caught.value.failure == "load_failed"


class Queueing(InMemoryEncoder):
    """A GPU's way: a batch is only begun, and computed when its embeddings are waited for."""

    device = "cuda:0"

    def __init__(self, breaks_at: int | None = None) -> None:
        super().__init__()
        self.waiting: list[int] = []
        self.most_waiting = 0
        self._breaks_at = breaks_at

    def begin(self, tokens: Sequence[np.ndarray], prompt: str, route: object, task: object) -> Callable[[], np.ndarray]:
        compute, number = super().begin(tokens, prompt, route, task), len(self.batches)
        self.waiting.append(number)
        self.most_waiting = max(self.most_waiting, len(self.waiting))

        def wait() -> np.ndarray:
            if number == self._breaks_at:
                raise RuntimeError("CUDA error: device-side assert triggered")
            self.waiting.remove(number)
            return compute()

        return wait


def test_a_gpu_has_its_next_batch_before_the_last_is_fetched(tmp_path: Path) -> None:
    words = [f"{'글' * (number % 23 + 1)}{number}" for number in range(200)]
    encoder = Queueing()
    texts, workspace, _ = sweep(encoder, [group("가", words)], tmp_path)
    assert encoder.most_waiting == 2
    assert encoder.waiting == []
    rows = EmbeddingRows(workspace.embeddings, texts.rows["가", "text"])
    assert np.array_equal(rows.rows(0, 200), np.array([expected("", word) for word in words]))


def test_what_a_gpu_could_not_do_is_told_of_the_batch_that_it_was(tmp_path: Path) -> None:
    words = ["세글자", "둘"] * 40
    with pytest.raises(
        EvaluationError, match=r"broke on 2 texts of up to 3 tokens \(RuntimeError: CUDA error"
    ) as caught:
        sweep(Queueing(breaks_at=1), [group("가", words)], tmp_path)
    assert caught.value.failure == "load_failed"


def test_the_processors_own_out_of_memory_is_halved_too(tmp_path: Path) -> None:
    class Small(InMemoryEncoder):
        def begin(
            self, tokens: Sequence[np.ndarray], prompt: str, route: object, task: object
        ) -> Callable[[], np.ndarray]:
            if len(tokens) > 1:
                raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate")
            return super().begin(tokens, prompt, route, task)

    _, workspace, _ = sweep(Small(), [group("가", ["하나", "둘", "셋"])], tmp_path)
    assert workspace.done.all()


def test_an_interrupted_sweep_goes_on_with_the_same_batches(tmp_path: Path) -> None:
    words = [f"{'글' * (number % 37 + 1)}{number}" for number in range(500)]
    whole = InMemoryEncoder()
    _, uninterrupted, _ = sweep(whole, [group("가", words)], tmp_path / "whole")

    class Interrupted(InMemoryEncoder):
        def begin(
            self, tokens: Sequence[np.ndarray], prompt: str, route: object, task: object
        ) -> Callable[[], np.ndarray]:
            if len(self.batches) == 7:
                raise KeyboardInterrupt
            return super().begin(tokens, prompt, route, task)

    first = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        sweep(first, [group("가", words)], tmp_path / "cut")
    second = InMemoryEncoder()
    _, resumed, _ = sweep(second, [group("가", words)], tmp_path / "cut")
    assert first.batches + second.batches == whole.batches
    assert np.array_equal(resumed.embeddings, uninterrupted.embeddings)
    third = InMemoryEncoder()
    sweep(third, [group("가", words)], tmp_path / "cut")
    assert third.batches == []
    assert third.texts == []


def test_another_plan_has_another_folder(tmp_path: Path) -> None:
    plan = {"spec": "a", "texts": "b", "versions": {"torch": "2.13.0"}}
    assert plan_folder(tmp_path, plan) == plan_folder(tmp_path, dict(reversed(plan.items())))
    assert plan_folder(tmp_path, plan) != plan_folder(tmp_path, {**plan, "versions": {"torch": "2.14.0"}})


class ManyDocuments(Sequence[str]):
    """Documents that are made when asked for, as Arrow files give them."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._count:
            raise IndexError(index)
        return f"{index} " + "문서의 본문입니다. " * 20


def test_memory_is_bounded_by_a_window_not_by_the_corpus(tmp_path: Path) -> None:
    """60,000 documents: token ids would be 50 MB, embeddings 61 MB."""
    encoder = InMemoryEncoder(dimension=256)
    encoder.texts = _Forgetful()
    tracemalloc.start()
    _, workspace, _ = sweep(encoder, [group("가", ManyDocuments(60_000))], tmp_path, budget=32_768)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert workspace.done.all()
    assert peak < 30e6
    assert WINDOW_TEXTS < 60_000


class _Forgetful(list[str]):
    def __iadd__(self, _texts: Any) -> "_Forgetful":  # type: ignore[misc,override]
        return self


# With a real model and real processes


def run_arguments(model: Path, datasets: Path, folder: Path, *more: object) -> list[str]:
    tasks = ("--tasks", "KLUE-STS", "--tasks", "KorSTS", "--tasks", "AutoRAGRetrieval")
    files = ("--output", folder / "result.json", "--samples", folder / "samples.parquet")
    return [str(part) for part in ("run", model, "--datasets", datasets, *tasks, *files, *more)]


def only_run(path: Path) -> Run:
    (run,) = load_result(path.read_bytes()).runs.values()
    return run


def comparable(path: Path) -> dict[str, object]:
    """A result without what only tells when and how fast it was made."""
    content: dict[str, Any] = json.loads(path.read_bytes())
    (run,) = content["runs"].values()
    content["runs"] = {name: value for name, value in run.items() if name not in ("seconds", "at", "peak_bytes")}
    for score in content["tasks"].values():
        score.pop("seconds")
        score.pop("run")
    return content


@pytest.fixture(scope="module")
def whole(
    tiny_model: Callable[..., Path], datasets_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A tiny model, and the folder of its uninterrupted run on one device."""
    model, folder = tiny_model("whole"), tmp_path_factory.mktemp("whole-run")
    ran = evaluator(*run_arguments(model, datasets_folder, folder, "--device", "cpu"))
    assert ran.returncode == 0, ran.stderr
    return model, folder


@pytest.mark.shared
def test_a_run_killed_three_times_ends_with_the_uninterrupted_bytes(
    whole: tuple[Path, Path], datasets_folder: Path, tmp_path: Path
) -> None:
    model, uninterrupted = whole
    (tmp_path / "killed").mkdir()
    arguments = run_arguments(
        *(model, datasets_folder, tmp_path / "killed", "--device", "cpu"),
        *("--work-dir", tmp_path / "work", "--progress", "json"),
    )
    encoded, spent = [], []
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-m", "evaluator", *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if '"tokens_done": ' in line and '"tokens_done": null' not in line:
                    os.kill(process.pid, signal.SIGKILL)
                    break
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "killed/result.json").exists()
        (done,) = (tmp_path / "work").glob("*/done.u8")
        encoded.append(int(np.fromfile(done, dtype=np.uint8).sum()))
        spent.append(float(np.fromfile(done.with_name("spent.f64"), dtype=np.float64)[0]))
    assert 0 < encoded[0] < encoded[1] < encoded[2]
    assert 0 < spent[0] < spent[1] < spent[2]
    finished = evaluator(*arguments)
    assert finished.returncode == 0, finished.stderr
    assert only_run(tmp_path / "killed/result.json").seconds["encode"] > spent[2]
    assert comparable(tmp_path / "killed/result.json") == comparable(uninterrupted / "result.json")
    assert (tmp_path / "killed/samples.parquet").read_bytes() == (uninterrupted / "samples.parquet").read_bytes()


@pytest.mark.shared
def test_two_devices_give_the_scores_of_one(whole: tuple[Path, Path], datasets_folder: Path, tmp_path: Path) -> None:
    model, one_device = whole
    ran = evaluator(*run_arguments(model, datasets_folder, tmp_path, "--device", "cpu,cpu"))
    assert ran.returncode == 0, ran.stderr
    one, two = (load_result((folder / "result.json").read_bytes()) for folder in (one_device, tmp_path))
    assert [run.tokens for run in one.runs.values()] == [run.tokens for run in two.runs.values()]
    for task_id, score in one.tasks.items():
        for name, value in score.metrics.items():
            assert two.tasks[task_id].metrics[name] == pytest.approx(value, abs=1e-6), (task_id, name)
