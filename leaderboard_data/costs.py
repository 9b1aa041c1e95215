"""What a model costs on Korean texts, of its result: tokens, seconds, memory, and the device that they are of."""

import re
from typing import Any

from evaluator.records import ModelResult
from evaluator.suite import Suite


def encoding_speed(result: ModelResult) -> float | None:
    """Tokens per second of the encoding, over all runs; None where it was not measured."""
    runs = [run for run in result.runs.values() if run.tokens and "encode" in run.seconds]
    tokens, seconds = sum(run.tokens or 0 for run in runs), sum(run.seconds["encode"] for run in runs)
    return round(tokens / seconds, 1) if tokens and seconds else None


def device_of(result: ModelResult) -> str | None:
    """The kind of device that all of a result's runs were made on, e.g. "cpu x86_64" or "cuda NVIDIA H200"; with "2 x"
    before it where two shared the encoding. None where it is not known, or the runs differ: then it has no speed."""
    kinds = set()
    for run in result.runs.values():
        if run.environment.device is None:
            return None
        parts = [re.sub(r"^(\w+):\d+", r"\1", part.strip()) for part in run.environment.device.split(",")]
        kinds.add((f"{len(parts)} x " if len(parts) > 1 else "") + " + ".join(sorted(set(parts))))
    return kinds.pop() if len(kinds) == 1 else None


def costs_of(result: ModelResult, suite: Suite) -> dict[str, Any]:
    """Fields of an entry; None each where it was not counted.

    - `device`: see `device_of`.
    - `syllable_tokens`: tokens for 100 Hangul syllables, over all runs (`evaluator.sweep.counting`).
    - `unknown_tokens`: the share of these that the tokenizer does not know, 0..1.
    - `suite_seconds`: what the suite's tasks take on the device: their tokens by the speed of the encoding, and their
      scoring. Only where all of the suite's tasks were counted. A text of two tasks is counted in both.
    - `peak_bytes`: the most memory of a run: of its GPU where it has one, else of the process.
    """
    runs = list(result.runs.values())
    korean = [run.korean for run in runs if run.korean is not None]
    syllables, tokens = sum(each.syllables for each in korean), sum(each.tokens for each in korean)
    known = [each for each in korean if each.unknown is not None]
    of_known = sum(each.tokens for each in known)
    peaks = [peak for run in runs if (peak := run.device_peak_bytes or run.peak_bytes) is not None]
    return {
        "device": device_of(result),
        "syllable_tokens": round(100 * tokens / syllables, 2) if syllables else None,
        "unknown_tokens": round(sum(each.unknown or 0 for each in known) / of_known, 6) if of_known else None,
        "suite_seconds": _suite_seconds(result, suite),
        "peak_bytes": max(peaks, default=None),
    }


def _suite_seconds(result: ModelResult, suite: Suite) -> float | None:
    speed = encoding_speed(result)
    tasks = [result.tasks.get(task_id) for task_id in suite.task_ids]
    if not speed or device_of(result) is None:
        return None
    seconds = 0.0
    for task in tasks:
        if task is None or task.tokens is None or task.seconds is None:
            return None
        seconds += task.tokens / speed + task.seconds
    return round(seconds, 1)
