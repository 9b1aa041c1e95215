"""All embeddings of all tasks, in one sweep over the unique texts, and what was counted on the way."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.evidence.environment import versions
from evaluator.kinds import Embedded
from evaluator.model.encoder import Encoder
from evaluator.model.prompts import Prompt
from evaluator.progress import Progress
from evaluator.spec import ModelSpec
from evaluator.sweep.counting import Counts, counts_of, peak_memory
from evaluator.sweep.encoding import default_batch_tokens
from evaluator.sweep.ragged import RaggedRows
from evaluator.sweep.sharing import encode_on
from evaluator.sweep.texts import TextGroup, UniqueTexts
from evaluator.sweep.workspace import Workspace, plan_folder


@dataclass(frozen=True)
class Encoded:
    """The embeddings by task id and side, tokens with and without padding, the budget of a batch, and what was counted.

    `seconds_before` is what killed runs spent on the encoding that this one went on with; `memory` are fields of a run.
    """

    embedded: Mapping[str, Mapping[str, Embedded | RaggedRows]]
    tokens: int
    padded: int
    batch_tokens: int
    seconds_before: float
    counts: Counts | None
    memory: Mapping[str, int]

    def costs(self, task_id: str) -> dict[str, Any]:
        """What was counted of a task's texts, as fields of its score."""
        counts = self.counts
        return {} if counts is None else {"cut": counts.cut[task_id], "tokens": counts.tokens[task_id]}


def encode_all(
    encoder: Encoder,
    spec: ModelSpec,
    sides: Mapping[str, Mapping[str, Sequence[str]]],
    prompts: Mapping[str, Mapping[str, Prompt]],
    encode_tasks: Mapping[str, Mapping[str, str]],
    devices: Sequence[str],
    work_dir: Path,
    tell: Progress,
) -> Encoded:
    """Encode the texts of all tasks: `sides` holds them by task id and side, `prompts` what is put before them."""

    groups = [
        TextGroup(
            task_id=task_id,
            side=side,
            prompt=prompts[task_id][side].text,
            route=None if side == "text" else side,  # type: ignore[arg-type]
            texts=texts,
            encode_task=encode_tasks.get(task_id, {}).get(side),
        )
        for task_id, of_task in sides.items()
        for side, texts in of_task.items()
    ]
    texts = UniqueTexts(groups, routed=encoder.routed, split_prompts=encoder.prompt_matters)
    plan = {
        "spec": spec.id,
        "texts": texts.digest,
        "dimension": encoder.dimension,
        "dtype": encoder.dtype,
        "item": str(encoder.item) if encoder.item is not None else None,
        "attention": encoder.attention,
        "linear": encoder.linear,
        "encoding": encoder.encoding,
        "devices": [device.split(":")[0] for device in devices],
        "versions": versions(),
    }
    folder = plan_folder(work_dir, plan)
    workspace = Workspace(folder, len(texts), encoder.dimension, encoder.item)
    budget = workspace.batch_tokens(default_batch_tokens(encoder))
    before, started = workspace.spent, time.perf_counter()

    def told(done: int, total: int, task: str | None) -> None:
        workspace.spent = before + time.perf_counter() - started
        tell.tokens(done, total, task)

    counted = encode_on(devices, encoder, spec, texts, workspace, budget, told)
    embedded: dict[str, dict[str, Embedded | RaggedRows]] = {task_id: {} for task_id in sides}
    for (task_id, side), rows in texts.rows.items():
        embedded[task_id][side] = workspace.side(rows)
    return Encoded(
        embedded,
        counted.tokens,
        counted.padded,
        budget,
        before,
        counts_of(texts, workspace, encoder),
        peak_memory(devices[0]),
    )
