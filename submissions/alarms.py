"""Alarms of drift (`evaluator.drift`) as people meet them: at the desk, in the feed, and where one is cleared."""

import re
from collections.abc import Sequence

from evaluator.drift import DriftCheck, check_path, in_words, load_check
from evaluator.reading import BadFile
from store import Store
from store.errors import NotFound
from submissions.errors import QueueError
from submissions.words import Language, said


def told(alarms: Sequence[DriftCheck]) -> list[dict[str, str]]:
    """The alarms for the maintainers' desk: each one's environment, and what it says in Korean and English."""
    return [dict(zip(("environment", "ko", "en"), (each.environment, *in_words(each)), strict=True)) for each in alarms]


def summary(alarm: DriftCheck, language: Language) -> str:
    """What the feed says of an alarm."""
    return said(in_words(alarm), language)


def alarm_of(results: Store, environment: str) -> DriftCheck:
    """The alarm that stands for an environment in the results store.

    Raises:
        QueueError: there is none.
        StoreError
    """
    try:
        if not re.fullmatch(r"[0-9a-f]{16}", environment):
            raise NotFound(f"{environment[:60]!r} is no id of an environment")
        check = load_check(results.read(check_path(environment)), check_path(environment))
    except (NotFound, BadFile) as error:
        raise QueueError(
            f"결과 저장소에 환경 {environment[:60]!r}의 확인이 없습니다. 경보에 적힌 16자리 id를 적어 주세요.",
            f"The results store has no check of environment {environment[:60]!r}; give the 16 digits that the alarm"
            " names.",
        ) from error
    if not check.alarm:
        raise QueueError(
            f"환경 {environment}에는 경보가 없습니다.", f"There is no alarm for the environment {environment}."
        )
    return check
