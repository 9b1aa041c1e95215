"""What a result's own record says of its model's training data, as the index keeps it: one line of JSON.

A text in the index has at most 4,000 bytes. Where more is declared, names that mean the data of a task here come
first: the others change no mark, and stand in the result file.
"""

import json
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from evaluator.bounds import Name, TrainingSets
from evaluator.records import ModelResult, Record
from evaluator.same_data import tasks_named

LONGEST_TOLD = 4000
"""Bytes of the line, in UTF-8."""

_NAMES = 900
"""Bytes that each of the three lists of names may take."""


class Told(Record):
    """`training` is what those who submitted the model say that it was trained on, the newest of them in `submission`.
    `datasets` and `base_models` are what its card says, at the commit `revision`."""

    training: TrainingSets = ()
    submission: Name | None = None
    datasets: TrainingSets = ()
    base_models: TrainingSets = ()
    revision: Annotated[str, Field(max_length=40)] | None = None


def told_of(result: ModelResult) -> str | None:
    """What a result's record says of training data; None where it says nothing."""
    if not (result.training or result.model.datasets or result.model.base_models):
        return None
    run = result.newest_run
    told = Told(
        training=_fitting(result.training),
        submission=run.submission if run and result.training else None,
        datasets=_fitting(result.model.datasets or ()),
        base_models=_fitting(result.model.base_models or ()),
        revision=result.spec.revision,
    )
    return told.model_dump_json(exclude_defaults=True)


def load_told(line: str) -> Told:
    """The record in such a line.

    Raises:
        ValueError: it holds something else.
    """
    return Told.model_validate_json(line)


def _fitting(names: Iterable[str]) -> tuple[str, ...]:
    """As many names as fit, those that mean a task first; never none of some."""
    kept: list[str] = []
    left = _NAMES
    for name in sorted(names, key=lambda name: not tasks_named(name)):
        left -= len(json.dumps(name, ensure_ascii=False).encode()) + 1
        if left < 0 and kept:
            break
        kept.append(name)
    return tuple(kept)
