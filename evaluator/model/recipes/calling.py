"""A model in the environment of its recipe: started, asked, and ended. What comes out of it is a stranger's."""

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from evaluator.cleaning import LARGEST, SHORT, bounded_int, clean_text, token_limit
from evaluator.errors import EvaluationError
from evaluator.model.recipes import NEEDS_REMOTE_CODE, Recipe
from evaluator.model.recipes import program as program_file

if TYPE_CHECKING:
    import numpy as np

MOST_HEADER = 2**20
"""Bytes of a frame that the program answers, vectors aside."""

MOST_DIMENSIONS = 100_000
TEXTS_A_REQUEST = 512
MOST_LOG = 16 * 1024

_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "XDG_CACHE_HOME", "HF_HOME", "LD_LIBRARY_PATH")
_PASSED_ON_PREFIXES = ("CUDA_", "NVIDIA_", "OMP_", "MKL_", "ONEDNN_", "PYTORCH_")
_SIMILARITIES = ("cosine", "dot", "euclidean", "manhattan")
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Facts:
    """What the program says of the model that it has loaded, within bounds.

    `dimension` is the number of columns that `encode` gives, `max_tokens` None for no limit, `versions` of Python and
    the libraries by name.
    """

    dimension: int
    max_tokens: int | None
    pooling: str | None
    similarity: str
    parameters: int | None
    memory_bytes: int | None
    attention: str | None
    versions: Mapping[str, str]


class Program:
    """A model, loaded in the environment of its recipe; a context manager, or to be closed.

    `python` is that environment's (`environments.build`). `folder` holds the model `model` (a Hub id), `bases` are the
    models below its adapters, the lowest first: Hub id and folder of each. `device` is "cpu" or "cuda:N", `dtype` a
    name of torch's. `max_tokens` and `pooling` None: as the repository, else the recipe says.

    Raises:
        EvaluationError: needs_remote_code, load_failed, out_of_memory.
    """

    def __init__(
        self,
        recipe: Recipe,
        python: Path,
        folder: Path,
        *,
        model: str,
        bases: Sequence[tuple[str, Path]] = (),
        device: str = "cpu",
        dtype: str = "float32",
        max_tokens: int | None = None,
        pooling: str | None = None,
        truncate_dim: int | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        self._model = model
        self._places = {str(each.absolute()): f"[{name}]" for name, each in [(model, folder), *bases]}
        self._places |= {str(python.parents[1]): "[environment]", str(Path(program_file.__file__).parent): "[program]"}
        if recipe.program in NEEDS_REMOTE_CODE and not trust_remote_code:
            raise EvaluationError(
                "needs_remote_code",
                f"{model} works with its repository's own code alone; submit it with remote code allowed, and pinned "
                "to a commit.",
            )
        environment, device = _environment(device)
        self._process = subprocess.Popen(
            [str(python), "-I", program_file.__file__],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._log = _Log(self._process)
        try:
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
            options = {
                "program": recipe.program,
                "model": model,
                "folder": str(folder.absolute()),
                "bases": [{"model": name, "folder": str(each.absolute())} for name, each in bases],
                "device": device,
                "dtype": dtype,
                "max_tokens": max_tokens,
                "pooling": pooling,
                "truncate_dim": truncate_dim,
                "trust_remote_code": trust_remote_code,
                "card": {
                    "pooling": recipe.pooling,
                    "max_tokens": recipe.max_tokens,
                    "attention": recipe.attention,
                    "config": dict(recipe.config),
                },
            }
            self.facts = self._facts(self._ask(options))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def encode(self, texts: Sequence[str], prompt: str, side: str | None, task: str | None) -> "np.ndarray":
        """Embeddings, (n, dimension) float32, n at least 1; the values are the program's, and may be NaN.

        `side` is "query", "document" or None, `task` a name that the model's own `encode` takes, or None.

        Raises:
            EvaluationError: out_of_memory, not even one text fits; load_failed, the program failed, ended, or answered
                what is none of its answers.
        """
        import numpy as np

        asked = [texts[start : start + TEXTS_A_REQUEST] for start in range(0, len(texts), TEXTS_A_REQUEST)]
        return np.concatenate([self._encode(list(each), prompt, side, task) for each in asked])

    def close(self) -> None:
        """End the program and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        self._log.close()

    def _encode(self, texts: list[str], prompt: str, side: str | None, task: str | None) -> "np.ndarray":
        import numpy as np

        head = self._ask({"texts": texts, "prompt": prompt, "side": side, "task": task})
        if head.get("rows") != len(texts) or head.get("columns") != self.facts.dimension:
            raise self._nonsense("vectors of another shape than asked for")
        content = self._read(len(texts) * self.facts.dimension * 4)
        return np.frombuffer(content, dtype="<f4").astype(np.float32).reshape(len(texts), self.facts.dimension)

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message; the program's answer, which is no error."""
        body = json.dumps(message).encode("ascii")
        self._write(struct.pack("<I", len(body)) + body)
        size = struct.unpack("<I", self._read(4))[0]
        if size > MOST_HEADER:
            raise self._nonsense(f"a frame of {size} bytes")
        try:
            answer = json.loads(self._read(size))
        except (ValueError, RecursionError) as error:
            raise self._nonsense("a frame that is no JSON") from error
        if not isinstance(answer, dict):
            raise self._nonsense("a frame that is no object")
        if "error" in answer:
            raise self._told(str(answer["error"]), answer.get("message"))
        return answer

    def _facts(self, answer: dict[str, Any]) -> Facts:
        dimension = bounded_int(answer.get("dimension"), 1, MOST_DIMENSIONS)
        if dimension is None or answer.get("similarity") not in _SIMILARITIES:
            raise self._nonsense("no dimension, or no similarity")
        versions = answer.get("versions")
        named = list(versions.items())[:20] if isinstance(versions, dict) else []
        return Facts(
            dimension=dimension,
            max_tokens=token_limit(answer.get("max_tokens")),
            pooling=clean_text(answer.get("pooling"), SHORT),
            similarity=answer["similarity"],
            parameters=bounded_int(answer.get("parameters"), 0, LARGEST),
            memory_bytes=bounded_int(answer.get("memory_bytes"), 0, LARGEST),
            attention=clean_text(answer.get("attention"), SHORT),
            versions={
                name: version
                for key, value in named
                if (name := clean_text(key, SHORT)) and (version := clean_text(value, SHORT))
            },
        )

    def _write(self, content: bytes) -> None:
        """Write all of it; a program that has ended is no longer waited for."""
        assert self._process.stdin is not None
        descriptor, left = self._process.stdin.fileno(), memoryview(content)
        while left:
            _, ready, _ = select.select([], [descriptor], [], _POLL_SECONDS)
            if not ready and self._process.poll() is not None:
                raise self._ended()
            if ready:
                try:
                    left = left[os.write(descriptor, left) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise self._ended() from error

    def _read(self, size: int) -> bytes:
        """Exactly `size` bytes; whoever holds the pipe open, a program that has ended is no longer waited for."""
        assert self._process.stdout is not None
        descriptor, content = self._process.stdout.fileno(), bytearray()
        while len(content) < size:
            ready, _, _ = select.select([descriptor], [], [], _POLL_SECONDS)
            if not ready and self._process.poll() is not None:
                raise self._ended()
            if ready:
                with contextlib.suppress(BlockingIOError):
                    read = os.read(descriptor, min(size - len(content), 2**20))
                    if not read:
                        raise self._ended()
                    content += read
        return bytes(content)

    def _told(self, kind: str, message: object) -> EvaluationError:
        what = self._cleaned(message) or "it gave no reason"
        if kind == "out_of_memory":
            return EvaluationError(
                "out_of_memory",
                f"{self._model} does not fit into memory, even with one text a batch: cut texts shorter, use a "
                "16-bit precision, or another machine.",
            )
        return EvaluationError("load_failed", f"{self._model} failed in the environment of its recipe: {what}")

    def _cleaned(self, said: object, *, end: bool = False) -> str | None:
        """What the program said, or its end, as one bounded line without the folders of this machine."""
        if isinstance(said, str):
            for place, name in self._places.items():
                said = said.replace(place, name)
            said = said[-400:] if end else said
        return clean_text(said, 400)

    def _nonsense(self, what: str) -> EvaluationError:
        return EvaluationError(
            "load_failed", f"The program of {self._model} answered {what}; its code may write over the answers."
        )

    def _ended(self) -> EvaluationError:
        """Why the program is not there any more; it is ended if it only closed its pipes."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_POLL_SECONDS * 4)
        code = self._process.poll()
        self.close()
        if code == -signal.SIGKILL:
            return EvaluationError(
                "out_of_memory",
                f"The program of {self._model} was killed, as the system does when memory runs out: use a 16-bit "
                "precision, or another machine.",
            )
        last = self._cleaned(self._log.tail(), end=True) or "it printed nothing"
        how = "closed its output" if code is None else f"ended with exit code {code}"
        return EvaluationError("load_failed", f"The program of {self._model} {how}. Its last lines: {last}")


class _Log:
    """Reads a process's stderr as fast as it comes, and keeps its end."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stderr is not None
        self._pipe, self._kept = process.stderr, b""
        self._thread = threading.Thread(target=self._follow, name="log of a recipe's program", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while read := os.read(self._pipe.fileno(), 2**16):
                self._kept = (self._kept + read)[-MOST_LOG:]

    def tail(self) -> str:
        """The last lines."""
        return " ".join(self._kept.decode("utf-8", "replace").split("\n")[-8:])

    def close(self) -> None:
        self._thread.join(_POLL_SECONDS * 4)
        if not self._thread.is_alive():  # else what the program left behind holds the pipe open
            self._pipe.close()


def _environment(device: str) -> tuple[dict[str, str], str]:
    """The environment of the program, without tokens and offline, and the device's name in it.

    It sees one GPU alone: some libraries spread over all that they see.
    """
    passed = {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    passed |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    passed |= {"TOKENIZERS_PARALLELISM": "false", "PYTHONIOENCODING": "utf-8"}
    passed.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    kind, _, number = device.partition(":")
    if kind != "cuda":
        return passed | {"CUDA_VISIBLE_DEVICES": ""}, device
    visible = [each for each in passed.get("CUDA_VISIBLE_DEVICES", "").split(",") if each]
    chosen = visible[int(number or 0)] if visible else number or "0"
    return passed | {"CUDA_VISIBLE_DEVICES": chosen}, "cuda:0"
