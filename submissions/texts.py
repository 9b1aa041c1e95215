"""What people write into the queue: notes, reasons and names, cleaned and bounded where they enter it."""

import json
from collections.abc import Iterable

from evaluator.bounds import MOST_TRAINING_SETS, TRAINING_SET_LENGTH
from evaluator.cleaning import clean_text
from evaluator.spec import ModelSpec
from submissions.errors import QueueError

LIMIT = 1000
"""Characters of a note or a reason."""

_SHOWN = 60
"""Characters of a setting's value in the history."""


def said(text: str) -> str:
    """What somebody wrote, without characters that nobody sees; line breaks stay. Empty where there is nothing.

    Raises:
        QueueError: it has more than 1,000 characters.
    """
    if len(text) > LIMIT:
        raise QueueError(
            f"메모와 이유는 {LIMIT}자까지 적을 수 있습니다. 줄여서 다시 보내 주세요.",
            f"A note or a reason has at most {LIMIT} characters; shorten it and send it again.",
        )
    return clean_text(text, LIMIT, lines=True) or ""


def required(text: str, korean: str, english: str) -> str:
    """What somebody wrote (as `said`) where something has to be written; else the sentence that asks for it.

    Raises:
        QueueError: nothing is left of it, or it is too long.
    """
    if not (written := said(text)):
        raise QueueError(korean, english)
    return written


def training_sets(names: Iterable[str]) -> tuple[str, ...]:
    """The names of training sets, each cleaned and once; empty ones are left out.

    Raises:
        QueueError: more than 100, or one that has more than 200 characters.
    """
    given = list(names)
    if len(given) > MOST_TRAINING_SETS or any(len(name) > TRAINING_SET_LENGTH for name in given):
        raise QueueError(
            f"학습 데이터는 {MOST_TRAINING_SETS}개까지, 이름은 {TRAINING_SET_LENGTH}자까지 적을 수 있습니다.",
            f"At most {MOST_TRAINING_SETS} training sets can be named, with at most {TRAINING_SET_LENGTH} characters "
            "each.",
        )
    cleaned = (clean_text(name, TRAINING_SET_LENGTH) for name in given)
    return tuple(dict.fromkeys(name for name in cleaned if name))


def differences(old: ModelSpec, new: ModelSpec) -> str:
    """Which fields of a spec are others now, for the history: `precision: auto -> float16; pooling: auto -> mean`."""
    before, after = old.model_dump(exclude={"folder"}), new.model_dump(exclude={"folder"})
    return "; ".join(
        f"{field}: {_shown(value)} -> {_shown(after[field])}"
        for field, value in before.items()
        if value != after[field]
    )


def _shown(value: object) -> str:
    if value is None or value == {}:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clean_text(text, _SHOWN) or "none"
