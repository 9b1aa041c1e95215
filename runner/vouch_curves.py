"""The curves that an evaluation left: published where their full float32 is what was vouched for.

The worker has no embeddings: what a model scores with smaller vectors it cannot compute again. It holds the file to its
form, to the settings that there are, and its full float32 to the samples, resample by resample, so that the losses are
paired with the scores on the board. The scores of the smaller settings are as the evaluation tells them.
"""

import numpy as np

from evaluator.evidence.bootstrap import resampled_scores
from evaluator.evidence.compressing import PRECISIONS, settings
from evaluator.evidence.curve_file import DRAWS, Curve, dump_curves, load_curves
from evaluator.evidence.samples import load_samples
from evaluator.kinds import Samples
from evaluator.records import ModelResult
from evaluator.scores import score_by
from evaluator.suite import rules_of
from evaluator.task import Task
from evaluator.tasks import discovered_tasks
from runner.left import Refused
from runner.vouch_rankings import vouched_rankings

TOLERANCE = 1e-6
"""How far a score in single precision may lie from what the samples give."""


def vouched_files(
    result: ModelResult, samples: bytes | None, rankings: bytes | None, curves: bytes | None
) -> tuple[bytes | None, bytes | None]:
    """The rankings file and the curves file to publish with a result and its samples.

    Raises:
        Refused: as `vouched_rankings` and `vouched_curves`.
    """
    return vouched_rankings(result, samples, rankings), vouched_curves(result, samples, curves)


def vouched_curves(result: ModelResult, samples: bytes | None, curves: bytes | None) -> bytes | None:
    """The curves file to publish with a result and its samples, both as `runner.vouch.vouched` made them.

    None where the evaluation left none, or an empty one.

    Raises:
        Refused: they are none, of other tasks, rules, settings or dimensions, or full float32 scores otherwise.
    """
    if curves is None or samples is None:
        return None
    try:
        found = load_curves(curves)
    except Exception as error:  # whatever pyarrow makes of bytes that a stranger wrote
        raise Refused("The evaluation's curves file cannot be read.") from error
    known, held = discovered_tasks(), load_samples(samples)
    if not set(found) <= set(held):
        raise Refused("The evaluation left curves of tasks that it has no scores of.")
    for task_id, rules in found.items():
        if not set(rules) <= {rule.id for rule in rules_of(task_id)} or not _possible(rules, result):
            raise Refused(f"The evaluation's curves of {task_id} are of rules or settings that there are not.")
        if not _paired(known[task_id], result, held[task_id], rules):
            raise Refused(f"The evaluation's curves of {task_id} do not follow from its samples.")
    return dump_curves(found) if found else None


def _possible(rules: dict[str, Curve], result: ModelResult) -> bool:
    dimension = result.model.embedding_dimension
    if dimension is None or result.spec.kind != "dense":  # of others no vector is cut or quantised
        return False
    allowed = set(settings(dimension, PRECISIONS))
    return all(curve.full.dimension == dimension and set(curve.points) <= allowed for curve in rules.values())


def _paired(task: Task, result: ModelResult, samples: Samples, rules: dict[str, Curve]) -> bool:
    """Whether full float32 has the result's scores, on the samples and on their resamples."""
    wanted = [rule for rule in rules_of(task.id) if rule.id in rules]
    drawn = resampled_scores(task, samples, wanted, DRAWS)
    for rule in wanted:
        score = score_by(rule, result.tasks[task.id])
        told = rules[rule.id].points[rules[rule.id].full]
        if score is None or not np.allclose(told, [score, *drawn[rule.id]], rtol=0, atol=TOLERANCE):
            return False
    return True
