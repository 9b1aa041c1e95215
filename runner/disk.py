"""Room on this machine's disk: looked at before a claim, and when an evaluation ended without a word."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from evaluator.errors import FailureClass
from runner.logs import Say
from submissions.record import Submission

RESERVE = 2 * 2**30
"""Bytes that an evaluation may need besides the model's weights: tokenizer, data sets, embeddings."""

ALMOST_NOTHING = 8 * 2**20
"""A disk with less room than this is full: what ends without a word there ended for that."""

GROWN = 2**30
"""Bytes that have to become free before a submission that filled the disk is tried here again."""


def free_bytes(folder: Path) -> int:
    """Room where a folder is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def is_full(folder: Path) -> bool:
    """Whether nothing of use can be written there."""
    return free_bytes(folder) < ALMOST_NOTHING


def hub_cache(environment: Mapping[str, str]) -> Path:
    """Where the Hub's client keeps models, for a program with this environment."""
    if cache := environment.get("HF_HUB_CACHE"):
        return Path(cache).absolute()
    home = environment.get("HF_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".cache/huggingface")
    return Path(home).absolute() / "hub"


class HasRoom(Protocol):
    """Says which submissions a worker has room for, and hears how they failed."""

    def has(self, submission: Submission, say: Say) -> bool: ...

    def hear(self, submission: Submission, failure: FailureClass) -> None: ...


class Room:
    """Which submissions have room where the worker's folders are; remembers those that filled the disk."""

    def __init__(self, *folders: Path, reserve: int = RESERVE) -> None:
        self._folders = folders
        self._reserve = reserve
        self._filled: dict[str, int] = {}
        self._told: set[str] = set()

    @property
    def free(self) -> int:
        return min(free_bytes(folder.absolute()) for folder in self._folders)

    def has(self, submission: Submission, say: Say) -> bool:
        """Whether its weights, as the Hub told their size, and what comes with them have room; says once if not."""
        weights = submission.metadata.weight_bytes or 0 if submission.spec.source == "hub" else 0
        free = self.free
        wanted = max(weights + self._reserve, self._filled.get(submission.id, 0))
        if free < wanted and submission.id not in self._told:
            self._told.add(submission.id)
            say("no_room", submission=submission.id, model=submission.spec.model, free_bytes=free, wanted_bytes=wanted)
        return free >= wanted

    def hear(self, submission: Submission, failure: FailureClass) -> None:
        """One that filled the disk is left to others until there is clearly more room than now."""
        if failure == "disk_full":
            self._filled[submission.id] = self.free + GROWN
