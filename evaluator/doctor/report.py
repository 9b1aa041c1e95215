"""All checks together: what a worker looks at before its first claim, and what the command tells."""

from collections.abc import Sequence
from pathlib import Path

from evaluator.doctor.checks import Check, bounded
from evaluator.doctor.hub import Right, rights
from evaluator.doctor.machine import GPU_SECONDS, disk, gpu, memory, xet
from evaluator.doctor.xet import xet_tokens


def before_work(given: Sequence[Right], work_dir: Path, device: str | None) -> list[Check]:
    """The checks that cost seconds: tokens and rights, disk, memory, GPU. Reads no data set, writes nothing.

    Each is bounded in time, and what gives no answer is a note: a Hub that is away today is waited for by the worker.
    """
    return [
        *rights(given),
        bounded("disk", lambda: disk(work_dir)),
        bounded("memory", memory),
        bounded("GPU", lambda: gpu(device), GPU_SECONDS + 30),
    ]


def all_but_data(given: Sequence[Right], work_dir: Path, device: str | None) -> list[Check]:
    """What `before_work` looks at, how the client uploads, and whether the Hub gives it the tokens for that."""
    return [*before_work(given, work_dir, device), bounded("Xet", xet), *xet_tokens(given)]


def exit_code(checks: Sequence[Check]) -> int:
    """0: nothing to do; 1: something failed; 3: only data differs from what is pinned or counted."""
    verdicts = {check.verdict for check in checks}
    return 1 if "failed" in verdicts else 3 if "differs" in verdicts else 0
