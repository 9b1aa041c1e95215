"""All texts of all tasks, each (prompt, text) once, in the order in which they are encoded."""

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat

import numpy as np

from evaluator.model.encoder import Route

WINDOW_TEXTS = 4096
FIRST_WINDOWS = (256, 1024)
WINDOW_BYTES = 8 << 20
CUT_SHARE = 32


@dataclass(frozen=True, kw_only=True)
class TextGroup:
    """One side of one task: its texts, what is put before them, and their way through the model.

    `encode_task` is what a model's own `encode` takes as `task`.
    """

    task_id: str
    side: str
    prompt: str
    route: Route
    texts: Sequence[str]
    encode_task: str | None = None

    @property
    def identity(self) -> str:
        """What the embedding of a text depends on besides the text, where all of it does."""
        return f"{self.prompt}\0" + (f"{self.encode_task}\0" if self.encode_task is not None else "")


@dataclass(frozen=True)
class Window:
    """Texts that are tokenised together, then sorted by token length and packed into batches.

    `items` are numbers of unique texts, `bytes` their size in UTF-8.
    """

    items: np.ndarray
    bytes: int


class UniqueTexts:
    """The unique (prompt, text) pairs of several groups, numbered from 0 by their first appearance.

    Texts stay where they are (lists, or Arrow files): a million documents cost some 40 bytes each here.
    """

    def __init__(self, groups: Sequence[TextGroup], *, routed: bool = False, split_prompts: bool = False) -> None:
        """`routed`: the route is part of a text's identity. `split_prompts`: a batch holds one prompt only."""
        self.groups = tuple(groups)
        digests, sizes = bytearray(), array("q")  # a million texts' sizes as a list would take 36 MB more
        for group in self.groups:
            salt = hashlib.blake2b(f"{group.route if routed else None}\0{group.identity}".encode(), digest_size=16)
            for text in group.texts:
                digest, encoded = salt.copy(), text.encode("utf-8", "surrogatepass")
                digest.update(encoded)
                digests += digest.digest()
                sizes.append(len(encoded))
        counts = [len(group.texts) for group in self.groups]
        keys = np.frombuffer(digests, dtype="S16")
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        by_appearance = np.argsort(first, kind="stable")
        number = np.empty(len(first), dtype=np.int64)
        number[by_appearance] = np.arange(len(first))
        self._position = first[by_appearance]
        self._rows = number[inverse]
        self._starts = np.cumsum([0, *counts])
        self.sizes = np.frombuffer(sizes, dtype=np.int64)[self._position]
        self._segment_keys = [
            (group.route if routed else None, group.identity if split_prompts else "") for group in self.groups
        ]
        self._digest = hashlib.sha256(keys[self._position].tobytes()).hexdigest()

    def __len__(self) -> int:
        return len(self._position)

    @property
    def digest(self) -> str:
        """SHA-256 that changes when a text, a prompt or their order does."""
        return self._digest

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], np.ndarray]:
        """(task id, side) -> the number of the unique text that each of its texts is."""
        return {
            (group.task_id, group.side): self._rows[start:stop]
            for group, start, stop in zip(self.groups, self._starts[:-1], self._starts[1:], strict=True)
        }

    def group_of(self, item: int) -> TextGroup:
        """The group in which a unique text appears first."""
        return self.groups[self._group_index(np.array([item]))[0]]

    def _group_index(self, items: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.searchsorted(self._starts, self._position[items], side="right") - 1
        return found

    def texts(self, items: np.ndarray) -> list[str]:
        """Some unique texts, without their prompts."""
        groups = self._group_index(items)
        positions = self._position[items] - self._starts[groups]
        pairs = zip(groups.tolist(), positions.tolist(), strict=True)
        return [str(self.groups[group].texts[position]) for group, position in pairs]

    def windows(self) -> list[Window]:
        """The unique texts in encoding order: by size, longest first.

        Windows of at most 4,096 texts and 8 MB bound what is held of texts and token ids at a time. Where there are
        several, the first ones are smaller, so that a GPU need not wait long for them. A window never mixes what may
        not share a batch.
        """
        groups = self._group_index(np.arange(len(self)))
        windows = []
        for key in sorted(set(self._segment_keys), key=str):
            members = np.array([segment == key for segment in self._segment_keys])[groups]
            items = np.flatnonzero(members)
            order = items[np.argsort(-self.sizes[items], kind="stable")]
            windows += list(_cut(order, self.sizes))
        return windows

    def by_prompt(self, items: np.ndarray) -> Iterator[tuple[TextGroup, np.ndarray]]:
        """The positions in `items` that share prompt and route, with a group that has them."""
        groups = self._group_index(items)
        keys: dict[tuple[str, Route], list[int]] = {}
        for group in dict.fromkeys(groups.tolist()):
            keys.setdefault((self.groups[group].prompt, self.groups[group].route), []).append(group)
        for alike in keys.values():
            yield self.groups[alike[0]], np.flatnonzero(np.isin(groups, alike))


def _cut(order: np.ndarray, sizes: np.ndarray) -> Iterator[Window]:
    """Cut an order into windows."""
    start = 0
    alone = len(order) <= WINDOW_TEXTS and int(sizes[order].sum()) <= WINDOW_BYTES
    most = chain(() if alone else FIRST_WINDOWS, repeat(WINDOW_TEXTS))
    while start < len(order):
        held = np.cumsum(sizes[order[start : start + next(most)]])
        count = max(1, int(np.searchsorted(held, WINDOW_BYTES, side="right")))
        yield Window(items=order[start : start + count], bytes=int(held[count - 1]))
        start += count


def batches(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Positions packed into batches, longest first, each of at most `budget` tokens with padding.

    A batch takes as many as fit, unless it saves padding to end it earlier: with what is left to the next batch, those
    texts are padded to their own longest. A cut has to save more than a 32nd of the budget, about what one more batch
    costs. A text longer than the budget is a batch of its own. Texts of no token count as one.
    """
    order = np.argsort(-lengths, kind="stable")
    held = np.maximum(lengths[order], 1)
    start = 0
    while start < len(order):
        count = max(1, budget // int(held[start]))
        fitting = held[start : start + count]
        count = len(fitting)
        while count > 1:
            saved = np.arange(count, 0, -1) * (fitting[0] - fitting[:count])
            best = int(saved.argmax())
            if saved[best] <= budget // CUT_SHARE:
                break
            count = best
        yield order[start : start + count]
        start += count
