"""What comes out of the program's process is a stranger's; and how the programs call a model's own code."""

import struct
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from evaluator.errors import EvaluationError, FailureClass
from evaluator.model.recipes import Recipe, calling, recipes
from evaluator.model.recipes.calling import Program
from tests.evaluator.models import write_json

PROTOCOL = """
import json, os, signal, struct, subprocess, sys, time
FACTS = {"dimension": 2, "similarity": "cosine", "versions": {"python": "3"}}
def read():
    size = struct.unpack("<I", sys.stdin.buffer.read(4))[0]
    return json.loads(sys.stdin.buffer.read(size))
def say(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    sys.stdout.buffer.write(struct.pack("<I", len(body)) + body)
    sys.stdout.buffer.flush()
def raw(content):
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
read()
"""

Hostile = Callable[..., Program]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hostile:
    """Starts a program that does what its lines say, instead of ours."""

    def start(lines: str, *, facts: bool = True) -> Program:
        script = tmp_path / "hostile.py"
        told = "say(FACTS)\nread()\n" if facts else ""
        script.write_text(PROTOCOL + told + textwrap.dedent(lines), encoding="utf-8")
        monkeypatch.setattr(calling.program_file, "__file__", str(script))
        return Program(recipes()["transformers-4.57"], Path(sys.executable), tmp_path / "model", model="org/model")

    return start


def fails(hostile: Hostile, lines: str, failure: FailureClass, *, facts: bool = True) -> str:
    """The sentence with which a program fails, when it starts or at its first request."""
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(EvaluationError) as caught, hostile(lines, facts=facts) as program:
        program.encode(["글"], "", None, None)
    assert caught.value.failure == failure, caught.value.message
    assert {child.pid for child in psutil.Process().children()} <= before
    assert len(caught.value.message) < 600
    return caught.value.message


@pytest.mark.parametrize(
    "lines",
    [
        "raw(struct.pack('<I', 2**32 - 1))",
        "say(b'[' * 100_000)",
        "say(b'\\xff')",
        "say([])",
        "say({})",
        "say(FACTS | {'dimension': 0})",
        "say(FACTS | {'dimension': 10**9})",
        "say(FACTS | {'dimension': '2'})",
        "say(FACTS | {'similarity': ['cosine']})",
        "say(FACTS | {'similarity': '<b>'})",
        "raw(b'Loading weights: 100%')",
    ],
)
def test_facts_that_are_none_are_refused(hostile: Hostile, lines: str) -> None:
    assert "answered" in fails(hostile, f"{lines}\ntime.sleep(60)", "load_failed", facts=False)


@pytest.mark.parametrize(
    "lines", ["say({'rows': 2, 'columns': 2})", "say({'rows': 1, 'columns': 3})", "say({'rows': [1], 'columns': 2})"]
)
def test_vectors_of_another_shape_are_refused(hostile: Hostile, lines: str) -> None:
    assert "another shape" in fails(hostile, f"{lines}\ntime.sleep(60)", "load_failed")


def test_what_it_says_is_cleaned_and_bounded(hostile: Hostile) -> None:
    facts = {"pooling": "mean\u202e\u0000" + "x" * 5000, "parameters": 1e400, "max_tokens": -3, "attention": {}}
    with hostile(
        f"say(FACTS | {facts!r} | {{'versions': {{'a\\n': '1' * 999, 'b': 2}}}})".replace("inf", "1e400"), facts=False
    ) as program:
        assert program.facts.pooling is not None
        assert len(program.facts.pooling) == 100
        assert program.facts.pooling.startswith("meanxxx")
        assert (program.facts.parameters, program.facts.max_tokens, program.facts.attention) == (None, None, None)
        assert {name: len(version) for name, version in program.facts.versions.items()} == {"a": 100}


def test_its_vectors_are_taken_as_they_are(hostile: Hostile) -> None:
    with hostile("say({'rows': 2, 'columns': 2}); raw(struct.pack('<4f', 1, 2, 3, float('nan')))") as program:
        rows = program.encode(["하나", "둘"], "", None, None)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.array([[1, 2], [3, np.nan]], dtype=np.float32))


def test_one_that_is_killed_ran_out_of_memory(hostile: Hostile) -> None:
    assert "16-bit" in fails(hostile, "os.kill(os.getpid(), signal.SIGKILL)", "out_of_memory")


def test_one_that_ends_is_told_with_its_last_lines(hostile: Hostile, tmp_path: Path) -> None:
    lines = f"sys.stderr.write('x' * 10**6 + '\\n{tmp_path}/model/config.json: 깨진\\x1b[31m 파일\\n'); sys.exit(3)"
    told = fails(hostile, lines, "load_failed")
    assert "exit code 3" in told
    assert told.endswith("[org/model]/config.json: 깨진[31m 파일")


@pytest.mark.parametrize("started", [True, False])
def test_what_it_leaves_behind_holds_nobody_up(hostile: Hostile, started: bool) -> None:
    """A process that it started holds its pipes open after it has ended, half an answer having been written."""
    child = "[sys.executable, '-c', 'import time; time.sleep(600)']"
    lines = f"subprocess.Popen({child})\nraw(struct.pack('<I', 100) + b'half')\nos._exit(7)"
    assert "exit code 7" in fails(hostile, lines, "load_failed", facts=started)


def test_one_that_closes_its_output_is_ended(hostile: Hostile) -> None:
    assert "closed its output" in fails(hostile, "os.close(1)\ntime.sleep(600)", "load_failed")


def test_one_that_stops_reading_and_ends_is_noticed(hostile: Hostile) -> None:
    with hostile("os._exit(0)") as program, pytest.raises(EvaluationError, match="exit code 0"):
        program.encode(["글" * 10_000] * 1500, "", None, None)


def test_it_gets_no_tokens_and_one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("KEL_RESULTS_TOKEN", "hf_secret")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,GPU-7")
    passed, device = calling._environment("cuda:1")
    assert "hf_secret" not in passed.values()
    assert (passed["CUDA_VISIBLE_DEVICES"], device) == ("GPU-7", "cuda:0")
    assert passed["HF_HUB_OFFLINE"] == "1"


OWN_CODE = '''
import torch
from transformers import PretrainedConfig, PreTrainedModel


class OwnConfig(PretrainedConfig):
    model_type = "own"


class OwnModel(PreTrainedModel):
    """Tells by its vectors how it was called; more than four texts at once, or a very long one, do not fit."""

    config_class = OwnConfig
    _supports_sdpa = True

    def __init__(self, config):
        super().__init__(config)
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.post_init()

    def rows(self, texts, *numbers):
        if len(texts) > 4 or any(len(text) > 1000 for text in texts):
            raise RuntimeError("CUDA out of memory. Tried to allocate 9 GiB")
        print("what a library prints is no answer")
        return torch.stack([torch.tensor([float(len(text)), *map(float, numbers)]) * self.scale for text in texts])

    def encode(self, prompts, instruction="", max_length=0):
        return self.rows(prompts, len(instruction), max_length)

    def encode_text(self, texts, task, prompt_name, max_length, batch_size):
        tasks, names = ["retrieval", "text-matching"], ["query", "passage"]
        return list(self.rows(texts, tasks.index(task), names.index(prompt_name), max_length))
'''


@pytest.fixture(scope="module")
def own_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with its own code, as those of NV-Embed and jina-embeddings-v4 are."""
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("own")
    auto = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}
    write_json(folder / "config.json", {"model_type": "own", "architectures": ["OwnModel"], "auto_map": auto})
    (folder / "own.py").write_text(OWN_CODE, encoding="utf-8")
    save_file({"scale": torch.ones(1)}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def started(name: str, folder: Path, **options: Any) -> Program:
    """The recipe's program, with our libraries: what it calls is the repository's own code."""
    recipe: Recipe = recipes()[name]
    return Program(recipe, Path(sys.executable), folder, model="org/own", trust_remote_code=True, **options)


def test_nv_embed_is_called_as_its_card_does_in_batches_that_fit(own_code: Path) -> None:
    texts = ["가" * length for length in range(1, 12)]
    with started("nv-embed", own_code, max_tokens=50) as program:
        assert program.facts.dimension == 3
        assert program.facts.parameters == 1
        rows = program.encode(texts, "질문: ", "query", None)
        with pytest.raises(EvaluationError, match="even with one text") as caught:
            program.encode(["가" * 2000], "", None, None)
        assert caught.value.failure == "out_of_memory"
        again = program.encode(texts, "질문: ", "query", None)
    wanted = np.array([[length, len("질문: "), 50] for length in range(1, 12)], dtype=np.float32)
    np.testing.assert_allclose(rows, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_array_equal(rows, again)


def test_jina_v4_is_called_with_the_task_and_the_name_of_the_side(own_code: Path) -> None:
    with started("jina-v4", own_code) as program:
        asked = [("query", None), ("document", "retrieval.passage"), (None, "text-matching")]
        rows = [program.encode(["세 글"], "", side, task)[0].tolist() for side, task in asked]
    assert rows == [[3, 0, 0, 32768], [3, 0, 1, 32768], [3, 1, 0, 32768]]


def test_own_code_needs_trust(own_code: Path) -> None:
    for name in ("nv-embed", "jina-v4", "gritlm"):
        with pytest.raises(EvaluationError) as caught:
            Program(recipes()[name], Path(sys.executable), own_code, model="org/own")
        assert caught.value.failure == "needs_remote_code"


def test_a_frame_is_four_bytes_of_length_and_json(tmp_path: Path) -> None:
    from evaluator.model.recipes.program import read_frame, write_frame

    with (tmp_path / "frames").open("w+b") as file:
        write_frame(file, {"texts": ["한국어"]})
        file.seek(0)
        assert struct.unpack("<I", file.read(4))[0] == file.seek(0, 2) - 4
        file.seek(0)
        assert read_frame(file) == {"texts": ["한국어"]}
        with pytest.raises(EOFError):
            read_frame(file)
