"""The sweep: all texts of all tasks are encoded once, longest first, in batches filled to a token budget."""

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from evaluator.errors import EvaluationError, is_out_of_memory
from evaluator.model.encoder import Encoder, Prepared, Route
from evaluator.sweep.texts import UniqueTexts, Window, batches
from evaluator.sweep.workspace import Workspace

CPU_BATCH_TOKENS = 2048
LEAST_CPU_BATCH_TOKENS = 128
MOST_CPU_VALUES = 2**29
"""Values that a batch may hold at a time on the CPU: 2 GiB, of which a dense model of 4,096 dimensions takes 1.3."""

MOST_BATCH_TOKENS = 16_384
TOKENISED_TOGETHER = 256
BATCHES_BETWEEN_RETURNS = 16

Tell = Callable[[int, int, str | None], None]
"""Tokens done, tokens in all (an estimate until the last window), task that the batch began with."""


def default_batch_tokens(encoder: Encoder) -> int:
    """The token budget of a batch: fixed on the CPU, from the free memory on a GPU.

    A model that gives each token a value for every word of its vocabulary has smaller batches on the CPU, too.
    """
    if not encoder.device.startswith("cuda"):
        return int(np.clip(MOST_CPU_VALUES // encoder.values_per_token, LEAST_CPU_BATCH_TOKENS, CPU_BATCH_TOKENS))
    import torch

    free, _ = torch.cuda.mem_get_info(encoder.device)
    bytes_per_token = encoder.values_per_token * (4 if encoder.dtype == "float32" else 2)
    return int(np.clip(0.5 * free / bytes_per_token, CPU_BATCH_TOKENS, MOST_BATCH_TOKENS))


def return_freed_memory() -> None:
    """Give what was freed back to the system.

    Batches of ever new shapes leave glibc's heap full of holes: an evaluation of a 90 MB model grew past 1.5 GB.
    Elsewhere than on glibc this does nothing.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Sweep:
    """One pass over a share of the batches, on one device, into the workspace.

    Batches depend on the texts and the first budget alone, not on what was done before nor on the number of shares:
    a run that goes on after a kill, or is shared out, computes the same batches. Of every `shares` batches this sweep
    takes one, so that all shares have long and short texts. After an out-of-memory the budget is halved, and this
    batch and all that follow are computed in parts that fit.
    """

    def __init__(
        self, encoder: Encoder, texts: UniqueTexts, workspace: Workspace, budget: int, share: int = 0, shares: int = 1
    ) -> None:
        self.encoder = encoder
        self.texts = texts
        self.workspace = workspace
        self.budget = budget
        self.padded = 0
        self._batches = 0
        self._on_gpu = encoder.device.startswith("cuda")
        self._begun: tuple[np.ndarray, Callable[[], np.ndarray]] | None = None
        self._packed = budget
        self._share = share
        self._shares = shares
        self._windows = texts.windows()
        self._bytes = sum(window.bytes for window in self._windows)

    def run(self, tell: Tell) -> int:
        """Encode what is not done yet; returns the number of tokens of this share, without padding.

        Raises:
            EvaluationError: out_of_memory with one text a batch, bad_embeddings, load_failed.
        """
        done, seen_tokens, seen_bytes, number = 0, 0, 0, 0
        for window, tokens in self._tokenised():
            lengths = self.workspace.lengths[window.items]
            seen_tokens += int(lengths.sum())
            seen_bytes += window.bytes
            total = round(seen_tokens * self._bytes / max(seen_bytes, 1) / self._shares)
            for batch in batches(lengths, self._packed):
                number += 1
                if number % self._shares != self._share:
                    continue
                done += int(lengths[batch].sum())
                if tokens is not None and not self.workspace.done[window.items[batch]].all():
                    self._encode(window.items[batch], [tokens[position] for position in batch])
                    tell(done, max(done, total), self.texts.group_of(int(window.items[batch[0]])).task_id)
        self._store()
        tell(done, done, None)
        return done

    def _tokenised(self) -> Iterator[tuple[Window, list[Prepared] | None]]:
        """Windows with their token ids, None for one that is done.

        On a GPU the next is tokenised during the forward pass. On the CPU that gains nothing, and a second thread
        that calls PyTorch gets an OpenMP team of its own: libgomp then has more threads than there are cores and lets
        them sleep at every barrier, which took a tenth of the time.
        """
        if not self._on_gpu:
            for window in self._windows:
                yield window, self._tokenise(window)
            return
        with ThreadPoolExecutor(1, thread_name_prefix="tokenise") as pool:
            ahead = [pool.submit(self._tokenise, window) for window in self._windows[:1]]
            for index, window in enumerate(self._windows):
                tokens = ahead.pop().result()
                ahead = [pool.submit(self._tokenise, following) for following in self._windows[index + 1 : index + 2]]
                yield window, tokens

    def _tokenise(self, window: Window) -> list[Prepared] | None:
        if self.workspace.done[window.items].all():
            return None
        tokens: list[Prepared] = [""] * len(window.items)
        for group, positions in self.texts.by_prompt(window.items):
            for start in range(0, len(positions), TOKENISED_TOGETHER):
                chunk = positions[start : start + TOKENISED_TOGETHER]
                texts = self.texts.texts(window.items[chunk])
                for position, ids in zip(
                    chunk, self.encoder.tokenize(texts, group.prompt, self._route(group.route)), strict=True
                ):
                    tokens[position] = ids
        self.workspace.lengths[window.items] = [len(ids) for ids in tokens]
        if self.encoder.item is not None:
            self.workspace.added[window.items] = [int(np.count_nonzero(np.asarray(ids) < 0)) for ids in tokens]
        if (unknown := self.encoder.unknown_id) is not None:
            self.workspace.unknown[window.items] = [int(np.count_nonzero(np.asarray(ids) == unknown)) for ids in tokens]
        return tokens

    def _route(self, route: Route) -> Route:
        return route if self.encoder.routed else None

    def _encode(self, items: np.ndarray, tokens: list[Prepared]) -> None:
        """Encode one batch, longest text first; in smaller parts if it does not fit."""
        start = 0
        while start < len(items):
            longest = max(1, len(tokens[start]))
            stop = min(len(items), start + max(1, self.budget // longest))
            begun = self._begin(items[start:stop], tokens[start:stop])
            if begun is None:
                self.budget = max(1, min(self.budget, (stop - start) * longest // 2))
                continue
            self._store()
            self._begun = items[start:stop], begun
            if not self._on_gpu:
                self._store()
            self.padded += (stop - start) * longest
            start = stop

    def _store(self) -> None:
        """Store the batch that was begun before: a GPU computes one while the embeddings of the last are fetched."""
        if self._begun is None:
            return
        (items, wait), self._begun = self._begun, None
        try:
            embeddings = wait()
        except Exception as error:  # what a GPU could not do shows here
            raise self._broken(items, error) from error
        if not self._is_expected(embeddings, len(items)):
            shape = getattr(embeddings, "shape", len(embeddings))
            raise EvaluationError(
                "bad_embeddings",
                f"{self.encoder.name} gave embeddings of shape {shape} for {len(items)} texts; "
                f"{self.encoder.dimension} values a text were expected.",
            )
        self.workspace.write(items, embeddings)
        self._batches += 1
        if self._batches % BATCHES_BETWEEN_RETURNS == 0 and not self._on_gpu:
            return_freed_memory()

    def _is_expected(self, embeddings: Any, texts: int) -> bool:
        """Whether it is one vector a text, or one array of rows a text."""
        if self.encoder.item is None:
            return bool(embeddings.shape == (texts, self.encoder.dimension))
        kind = self.encoder.item
        return len(embeddings) == texts and all(
            rows.dtype == kind.base and rows.shape[1:] == kind.shape for rows in embeddings
        )

    def _begin(self, items: np.ndarray, tokens: list[Prepared]) -> Callable[[], np.ndarray] | None:
        """Begin the batch; None where it did not fit.

        The caller tries a smaller part outside of the handler: the error's traceback would keep the memory alive.
        """
        import torch

        group = self.texts.group_of(int(items[0]))
        try:
            return self.encoder.begin(tokens, group.prompt, self._route(group.route), group.encode_task)
        except Exception as error:  # a model's own code raises anything
            if not is_out_of_memory(error):
                raise self._broken(items, error) from error
            if len(items) == 1:
                raise EvaluationError(
                    "out_of_memory",
                    f"{self.encoder.name} ran out of memory on a single text of {len(tokens[0])} tokens; "
                    "use a larger device, half precision, or a smaller --max-tokens.",
                ) from error
        if self._on_gpu:
            torch.cuda.empty_cache()
        return None

    def _broken(self, items: np.ndarray, error: Exception) -> EvaluationError:
        longest = int(self.workspace.lengths[items].max())
        return EvaluationError(
            "load_failed",
            f"{self.encoder.name} broke on {len(items)} texts of up to {longest} tokens "
            f"({type(error).__name__}: {' '.join(str(error).split())[:200]}). "
            "If it reads fewer tokens than it says, set --max-tokens.",
        )
