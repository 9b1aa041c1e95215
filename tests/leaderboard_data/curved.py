"""Results with curves for tests: a retrieval task's samples, and curves whose full float32 is theirs."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from evaluator.evidence.bootstrap import resampled_scores
from evaluator.evidence.compressing import PRECISIONS, settings
from evaluator.evidence.curve_file import DRAWS, Curve, dump_curves
from evaluator.evidence.samples import load_samples
from evaluator.kinds import kind_of
from evaluator.records import ModelInfo, ModelResult, TaskScore
from evaluator.suite import rules_of
from evaluator.tasks import discovered_tasks
from tests.leaderboard_data.ranked import TASK, ranked

DIMENSION = 512


def curved(
    model: str,
    quality: float,
    seed: int,
    tasks: Sequence[str] = (TASK,),
    more: Mapping[str, TaskScore] = MappingProxyType({}),
    info: ModelInfo | None = None,
) -> tuple[ModelResult, bytes, bytes, bytes]:
    """A result of 512 dimensions, its samples, rankings and curves: half the bytes cost a hundredth."""
    result, samples, rankings = ranked(model, quality, seed, tasks, more)
    dimension = (info.embedding_dimension if info else None) or DIMENSION
    result = result.model_copy(update={"model": info or ModelInfo(embedding_dimension=DIMENSION)})
    known, curves = discovered_tasks(), {}
    for task, columns in load_samples(samples).items():
        metrics = kind_of(known[task]).metrics(columns)
        drawn = resampled_scores(known[task], columns, rules_of(task), DRAWS)
        curves[task] = {
            rule.id: Curve(
                {
                    setting: np.array(
                        [rule.score(metrics), *drawn[rule.id]] - 0.01 * np.log2(4 * dimension / setting.bytes),
                        dtype=np.float32,
                    )
                    for setting in settings(dimension, PRECISIONS)
                }
            )
            for rule in rules_of(task)
        }
    return result, samples, rankings, dump_curves(curves)
