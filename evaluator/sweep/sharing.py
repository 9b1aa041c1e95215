"""The sweep on one device, or dealt over several: one process a device, all writing into one workspace."""

import multiprocessing
import queue
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue as ProcessQueue
from pathlib import Path
from typing import Any

from evaluator.errors import EvaluationError
from evaluator.model.encoder import Encoder
from evaluator.spec import ModelSpec
from evaluator.sweep.encoding import Sweep, Tell
from evaluator.sweep.texts import UniqueTexts
from evaluator.sweep.workspace import Workspace

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Counted:
    """Tokens of all texts without padding; tokens that this process put through the model, with padding."""

    tokens: int
    padded: int


def encode_on(
    devices: Sequence[str],
    encoder: Encoder,
    spec: ModelSpec,
    texts: UniqueTexts,
    workspace: Workspace,
    budget: int,
    tell: Tell,
) -> Counted:
    """Encode all texts into the workspace.

    `encoder` is on the first device and works here; every other device has a process that loads the model again.
    Batches are dealt round robin, longest first, so that all shares cost the same and no batch differs from those of
    one device. Several processes on the CPU keep its number of threads each, which decides the last bits.

    Raises:
        EvaluationError: as `Sweep.run`; or internal, a process died.
    """
    if len(devices) == 1:
        sweep = Sweep(encoder, texts, workspace, budget)
        return Counted(sweep.run(tell), sweep.padded)
    spawn = multiprocessing.get_context("spawn")
    events: ProcessQueue[Any] = spawn.Queue()
    processes = [
        spawn.Process(
            target=_work,
            args=(
                spec,
                device,
                encoder.loaded.environments,
                texts,
                workspace.folder,
                workspace.dimension,
                budget,
                index,
                len(devices),
                events,
            ),
            daemon=True,
        )
        for index, device in enumerate(devices[1:], start=1)
    ]
    tally = _Tally(len(devices), tell)
    try:
        for process in processes:
            process.start()
        sweep = Sweep(encoder, texts, workspace, budget, 0, len(devices))
        tokens = sweep.run(lambda done, total, task: tally.add(0, done, total, task, events))
        return Counted(tokens + _wait(processes, events, tally), sweep.padded)
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
            process.join()


def _work(
    spec: ModelSpec,
    device: str,
    environments: Path | None,
    texts: UniqueTexts,
    folder: Path,
    dimension: int,
    budget: int,
    share: int,
    shares: int,
    events: "ProcessQueue[Any]",
) -> None:
    """A device's process: load the model, encode its share, tell how it went."""
    from evaluator.model.loading import load_encoder, quiet_libraries

    try:
        with quiet_libraries():
            encoder = load_encoder(spec, device, environments=environments)
        workspace = Workspace(folder, len(texts), dimension, encoder.item, share)
        sweep = Sweep(encoder, texts, workspace, budget, share, shares)
        tokens = sweep.run(lambda done, total, task: events.put(("progress", share, done, total, task)))
    except EvaluationError as error:
        events.put(("failed", share, error))
    else:
        events.put(("done", share, tokens))


class _Tally:
    """The sum of what all shares have done."""

    def __init__(self, shares: int, tell: Tell) -> None:
        self._done = [0] * shares
        self._total = [0] * shares
        self._tell = tell
        self.finished: dict[int, int] = {}

    def add(self, share: int, done: int, total: int, task: str | None, events: "ProcessQueue[Any]") -> None:
        """Take in a share's progress and whatever the others have sent since."""
        self._done[share], self._total[share] = done, total
        while True:
            try:
                self.take(events.get_nowait())
            except queue.Empty:
                break
        self._tell(sum(self._done), sum(self._total), task)

    def take(self, event: tuple[Any, ...]) -> None:
        """One event of another process.

        Raises:
            EvaluationError: it failed.
        """
        kind, share, *rest = event
        if kind == "failed":
            raise rest[0]
        if kind == "done":
            self.finished[share] = rest[0]
        else:
            self._done[share], self._total[share] = rest[0], rest[1]

    def tell(self, task: str | None) -> None:
        """Report the sum."""
        self._tell(sum(self._done), sum(self._total), task)


def _wait(processes: Sequence[Any], events: "ProcessQueue[Any]", tally: _Tally) -> int:
    """Wait for the other processes; returns their tokens."""
    while len(tally.finished) < len(processes):
        try:
            event = events.get(timeout=POLL_SECONDS)
        except queue.Empty:
            lost = [p for share, p in enumerate(processes, 1) if share not in tally.finished and not p.is_alive()]
            if lost and events.empty():
                raise EvaluationError(
                    "internal", "A process of the evaluation ended without a word; it may have been out of memory."
                ) from None
            continue
        tally.take(event)
        tally.tell(event[4] if event[0] == "progress" else None)
    return sum(tally.finished.values())
