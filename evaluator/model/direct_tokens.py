"""Token ids straight from the tokenizer's Rust core, without what sentence-transformers and transformers put around it.

Their way asks of every text whether it is a picture's address, builds a dictionary a text and keeps character offsets
that nobody reads: a third of the time, in one thread. The core reads the texts of a call in as many threads as there
are processors, and holds no lock of Python meanwhile.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

EDGES = (
    "",
    " ",
    "  앞뒤에 빈칸이 있는 글 \n",
    "Straße, ＦＵＬＬ ｗｉｄｔｈ, 한글 자모 ㄱㄴㄷ, é와 e\u0301, 😀\u200b, \t탭",
    "[CLS] [SEP] [PAD] <s> </s> <pad> <|endoftext|> <|im_end|>",
    "https://example.com/picture of text",
    "아주 긴 글은 잘린다. " * 40,
)
"""Texts that a way around the core might treat in its own manner."""


class DirectTokenizer:
    """The Rust core of a model's tokenizer, used where it gives the ids that the model's own way gives.

    Whoever asks first gives the ids of that way for each kind of call, a prompt and a route (`learn`). Where the core
    gives others, or has been set up otherwise since, `ids` gives None and the own way has to be gone.
    """

    def __init__(self, tokenizer: Any) -> None:
        core = getattr(tokenizer, "backend_tokenizer", None)
        self._core = core if hasattr(core, "encode_batch_fast") else None
        self._known: dict[Hashable, tuple[object, ...] | None] = {}

    def knows(self, call: Hashable) -> bool:
        """Whether `learn` was called for this kind of call."""
        return self._core is None or call in self._known

    def learn(self, call: Hashable, prompt: str, texts: Sequence[str], expected: Sequence[np.ndarray]) -> None:
        """Compare with the ids that the model's own way has just given for these texts with this prompt.

        Where there are fewer of them than texts, the own way stays.
        """
        self._known[call] = self._settings()
        found = self.ids(call, prompt, texts)
        if found is None or len(found) != len(expected) or not all(map(np.array_equal, found, expected)):
            self._known[call] = None

    def ids(self, call: Hashable, prompt: str, texts: Sequence[str]) -> list[np.ndarray] | None:
        """Token ids of each text with its prompt, (length,) int32 each; None where the own way has to be gone."""
        settings = self._known.get(call)
        if self._core is None or settings is None or settings != self._settings():
            return None
        encodings = self._core.encode_batch_fast([prompt + text for text in texts] if prompt else list(texts))
        return [np.array(encoding.ids, dtype=np.int32) for encoding in encodings]

    def _settings(self) -> tuple[object, ...] | None:
        """How the core cuts texts; None where it pads them. The own way sets this up at each call."""
        core = self._core
        if core is None or core.padding is not None:
            return None
        return tuple(sorted((core.truncation or {}).items())), core.encode_special_tokens
