"""What Korean costs a model: its tokens, and which texts it reads whole. Counted from what the sweep tokenised."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluator.model.encoder import Encoder, Route
from evaluator.observed import KoreanTexts
from evaluator.sweep.texts import UniqueTexts
from evaluator.sweep.workspace import Workspace

MOST_TEXTS = 50_000
"""Texts that syllables are counted in, evenly spaced over the run's; or all, if there are no more."""

AT_ONCE = 4096
FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3
"""Hangul syllables in Unicode: 가 to 힣."""


@dataclass(frozen=True)
class Counts:
    """`korean`: see `KoreanTexts`. By task id, `cut`: the share of its texts that fill the model's length (0..1; a text
    that fits exactly is among them), None without a limit; `tokens` of its distinct texts, with prompts."""

    korean: KoreanTexts | None
    cut: Mapping[str, float | None]
    tokens: Mapping[str, int]


def counts_of(texts: UniqueTexts, workspace: Workspace, encoder: Encoder) -> Counts | None:
    """The counts of a sweep that is done; None where texts went through the model's own `encode`, which tells none."""
    if encoder.encoding is not None:
        return None
    lengths = workspace.lengths - workspace.added
    most = _limits(texts, encoder)
    rows: dict[str, list[np.ndarray]] = {}
    for (task_id, _), of_side in texts.rows.items():
        rows.setdefault(task_id, []).append(of_side)
    together = {task_id: np.concatenate(of_task) for task_id, of_task in rows.items()}
    return Counts(
        korean=_korean(texts, workspace, encoder, lengths, most),
        cut={
            task_id: float(np.mean((lengths >= most)[of_task])) if encoder.max_tokens and len(of_task) else None
            for task_id, of_task in together.items()
        },
        tokens={task_id: int(lengths[np.unique(of_task)].sum()) for task_id, of_task in together.items()},
    )


def _limits(texts: UniqueTexts, encoder: Encoder) -> np.ndarray:
    """The length at which each unique text is cut, (texts,); the largest number for one that never is."""
    limits = np.full(len(texts), np.iinfo(np.int64).max)
    for (_, side), of_side in texts.rows.items():
        limit = encoder.limit(None if side == "text" else side)  # type: ignore[arg-type]
        if limit is not None:
            limits[of_side] = limit
    return limits


def _korean(
    texts: UniqueTexts, workspace: Workspace, encoder: Encoder, lengths: np.ndarray, most: np.ndarray
) -> KoreanTexts | None:
    """Of the texts that are mostly Hangul and that the model reads whole."""
    added: dict[tuple[str, Route], int] = {}
    counted = syllables = tokens = unknown = 0
    items = np.arange(0, len(texts), max(1, -(-len(texts) // MOST_TEXTS)))
    items = items[lengths[items] < most[items]]
    for start in range(0, len(items), AT_ONCE):
        chunk = items[start : start + AT_ONCE]
        for group, positions in texts.by_prompt(chunk):
            key = (group.prompt, group.route if encoder.routed else None)
            if key not in added:
                added[key] = int(np.count_nonzero(np.asarray(encoder.tokenize([""], *key)[0]) >= 0))
            of_texts = np.array([hangul(text) for text in texts.texts(chunk[positions])])
            korean = chunk[positions][of_texts > 0]
            counted += len(korean)
            syllables += int(of_texts.sum())
            tokens += int(np.maximum(lengths[korean] - added[key], 0).sum())
            unknown += int(workspace.unknown[korean].sum())
    if not counted:
        return None
    told = unknown if encoder.unknown_id is not None else None
    return KoreanTexts(texts=counted, syllables=syllables, tokens=tokens, unknown=told)


def hangul(text: str) -> int:
    """The Hangul syllables of a text of whose characters, blanks aside, at least half are such; else 0."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    syllables = int(np.count_nonzero((codes >= FIRST_SYLLABLE) & (codes <= LAST_SYLLABLE)))
    return syllables if 2 * syllables >= np.count_nonzero(codes > ord(" ")) else 0


def peak_memory(device: str) -> dict[str, int]:
    """The most memory that this process has held, and that of its GPU, in bytes, as fields of a run."""
    import resource

    status = Path("/proc/self/status")
    line = next((each for each in _lines(status) if each.startswith("VmHWM:")), None)
    # `ru_maxrss` also counts what the process held before `exec`, a copy of the one that started it; `VmHWM` does not
    resident = int(line.split()[1]) if line is not None else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"peak_bytes": resident * 1024}
    if device.startswith("cuda"):
        import torch

        found["device_peak_bytes"] = int(torch.cuda.max_memory_allocated(device))
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
