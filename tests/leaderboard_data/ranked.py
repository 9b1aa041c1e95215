"""Results with rankings for tests: made here, of one retrieval task."""

from datetime import timedelta

import numpy as np

from evaluator.evidence.rankings import dump_rankings, ranked_samples
from evaluator.evidence.samples import dump_samples
from evaluator.kinds import Examples, kind_of
from evaluator.kinds.ranking import Ranking
from evaluator.model.lexical import lexical_spec
from evaluator.records import Environment, ModelResult, TaskScore
from evaluator.spec import LEXICAL, ModelSpec
from evaluator.tasks import discovered_tasks
from tests.leaderboard_data.examples import COMMIT, MOMENT, measured

TASK = "AutoRAGRetrieval"
QUERIES, DOCUMENTS = 25, 200


def ranked(model: str, quality: float, seed: int) -> tuple[ModelResult, bytes, bytes]:
    """A result of the task, its samples and its rankings: the larger `quality`, the higher the relevant documents."""
    generator = np.random.default_rng(seed)
    relevant = {f"q{number}": {f"d{number}": 1, f"d{number + 50}": 2} for number in range(QUERIES)}
    examples = Examples(
        sides={},
        gold={"queries": list(relevant), "documents": [f"d{n}" for n in range(DOCUMENTS)], "relevant": relevant},
        n=QUERIES,
        fingerprint="0" * 64,
    )
    rankings = []
    for number in range(QUERIES):
        scores = generator.normal(size=DOCUMENTS)
        scores[[number, number + 50]] += quality
        order = np.argsort(-scores)
        rankings.append(Ranking(order, scores[order]))
    samples, found = ranked_samples(examples, rankings)
    metrics = kind_of(discovered_tasks()[TASK]).metrics(samples)
    lexical = model.startswith(f"{LEXICAL}/")
    spec = lexical_spec(model) if lexical else ModelSpec(model=model, revision=COMMIT)
    environment = Environment(loader="lexical") if lexical else None
    task = TaskScore(metrics=metrics, n=QUERIES)
    result = measured(
        "org/any", tasks={TASK: task}, at=MOMENT + timedelta(minutes=seed), spec=spec, environment=environment
    )
    return result, dump_samples({TASK: samples}), dump_rankings({TASK: found})
