"""The rankings that an evaluation left: published where the samples that were vouched for follow from them."""

from collections.abc import Sequence

import numpy as np

from evaluator.evidence.rankings import DEPTH, Found, dump_rankings, load_rankings
from evaluator.evidence.samples import load_samples
from evaluator.kinds import Samples, ranking_kind_of
from evaluator.kinds.ranking import CUTOFFS, query_metrics
from evaluator.records import ModelResult
from evaluator.tasks import discovered_tasks
from runner.left import Refused

TOLERANCE = 1e-6
"""How far a query's nDCG may lie from that of its ranking."""

ID_LENGTH = 500
"""Characters of a document's id."""


def vouched_rankings(result: ModelResult, samples: bytes | None, rankings: bytes | None) -> bytes | None:
    """The rankings file to publish with a result and its samples, both as `runner.vouch.vouched` made them.

    None where no task of the result ranks, or the evaluation left none.

    Raises:
        Refused: they are none, of other tasks or queries than the samples, or give another nDCG.
    """
    known = discovered_tasks()
    ranked = [task for task, score in result.tasks.items() if score.scored and ranking_kind_of(known[task])]
    if rankings is None or samples is None or not ranked:
        return None
    try:
        found = load_rankings(rankings)
    except Exception as error:  # whatever pyarrow makes of bytes that a stranger wrote
        raise Refused("The evaluation's rankings file cannot be read.") from error
    if set(found) != set(ranked):
        raise Refused("The evaluation's rankings are not those of the tasks that it has scores of.")
    held = load_samples(samples)
    for task in ranked:
        if not _agree(found[task], held[task]):
            raise Refused(f"The evaluation's samples of {task} do not follow from its rankings.")
    return dump_rankings(found)


def _agree(found: Sequence[Found], samples: Samples) -> bool:
    """Whether rankings are of the samples' queries, in their order, and give their nDCG at each cutoff up to 100."""
    if [each.query for each in found] != [str(item) for item in samples["item"]]:
        return False
    cutoffs = [k for k in CUTOFFS if k <= DEPTH]
    for row, each in enumerate(found):
        if any(len(name) > ID_LENGTH or not name.isprintable() for name in each.documents):
            return False
        metrics = query_metrics(each.relevance[: len(each.scores)].astype(np.float64), each.ideal)
        if any(abs(metrics[f"ndcg_at_{k}"] - samples[f"ndcg_at_{k}"][row]) > TOLERANCE for k in cutoffs):
            return False
    return True
