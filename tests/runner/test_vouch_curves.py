"""Curves that an evaluation left are published only where full float32 is what the samples give."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluator.evidence.compressing import Setting
from evaluator.evidence.curve_file import Curve, dump_curves, load_curves
from evaluator.observed import KoreanTexts
from evaluator.records import ModelInfo
from runner.left import Refused
from runner.told import korean
from runner.vouch_curves import vouched_curves, vouched_files
from tests.leaderboard_data.curved import DIMENSION, curved
from tests.leaderboard_data.ranked import TASK

RESULT, SAMPLES, RANKINGS, CURVES = curved("org/name", 2.0, 1)
FULL = Setting(DIMENSION, "float32")

Points = dict[Setting, np.ndarray]


def test_honest_curves_are_published() -> None:
    assert vouched_curves(RESULT, SAMPLES, CURVES) == CURVES
    assert vouched_files(RESULT, SAMPLES, RANKINGS, CURVES) == (RANKINGS, CURVES)
    assert vouched_curves(RESULT, SAMPLES, None) is None
    assert vouched_curves(RESULT, None, CURVES) is None
    assert vouched_curves(RESULT, SAMPLES, dump_curves({})) is None


def better(points: Points) -> Points:
    return {**points, FULL: points[FULL] - np.float32(0.01)}  # makes every loss smaller


def unpaired(points: Points) -> Points:
    return {**points, FULL: np.array([points[FULL][0], *points[FULL][:0:-1]], dtype=np.float32)}


def longer(points: Points) -> Points:
    return {**points, Setting(DIMENSION * 2, "float32"): points[FULL]}


def odd_length(points: Points) -> Points:
    return {**points, Setting(100, "int8"): points[FULL]}


def changed(change: Callable[[Points], Points]) -> bytes:
    return dump_curves(
        {TASK: {rule: Curve(change(dict(curve.points))) for rule, curve in load_curves(CURVES)[TASK].items()}}
    )


@pytest.mark.parametrize("change", [better, unpaired, longer, odd_length])
def test_others_are_refused(change: Callable[[Points], Points]) -> None:
    with pytest.raises(Refused):
        vouched_curves(RESULT, SAMPLES, changed(change))


def test_what_is_none_is_refused() -> None:
    of_task = load_curves(CURVES)[TASK]
    others = [dump_curves({"KLUE-STS": of_task}), dump_curves({TASK: {"own": next(iter(of_task.values()))}})]
    for content in (b"", b"PAR1", CURVES[:-20], *others):
        with pytest.raises(Refused):
            vouched_curves(RESULT, SAMPLES, content)
    nothing_known = RESULT.model_copy(update={"model": ModelInfo()})
    with pytest.raises(Refused):
        vouched_curves(nothing_known, SAMPLES, CURVES)


def test_counts_that_cannot_be_are_not_told() -> None:
    good = KoreanTexts(texts=1, syllables=10, tokens=15, unknown=2)
    assert korean(good) == good
    assert korean(None) is None
    assert korean(good.model_copy(update={"unknown": 16})) is None
    assert korean(good.model_copy(update={"syllables": 0})) is None
