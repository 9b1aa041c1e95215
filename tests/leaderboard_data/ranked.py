"""Results with rankings for tests: made here, of one retrieval task."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

import numpy as np

from evaluator.evidence.bootstrap import percentiles, resampled_scores
from evaluator.evidence.rankings import Found, dump_rankings, ranked_samples
from evaluator.evidence.samples import dump_samples
from evaluator.kinds import Examples, Samples, kind_of
from evaluator.kinds.ranking import Ranking
from evaluator.model.lexical import lexical_spec
from evaluator.records import Environment, ModelResult, TaskScore
from evaluator.spec import LEXICAL, ModelSpec, Vectors
from evaluator.suite import rules_of
from evaluator.tasks import discovered_tasks
from tests.leaderboard_data.examples import COMMIT, MOMENT, measured

TASK = "AutoRAGRetrieval"
QUERIES, DOCUMENTS = 25, 200


def ranked(
    model: str,
    quality: float,
    seed: int,
    tasks: Sequence[str] = (TASK,),
    more: Mapping[str, TaskScore] = MappingProxyType({}),
    vectors: Vectors = "dense",
) -> tuple[ModelResult, bytes, bytes]:
    """A result, its samples and its rankings: the larger `quality`, the higher the relevant documents. `more`: tasks
    with scores alone."""
    generator = np.random.default_rng(seed)
    samples, found, scores = {}, {}, dict(more)
    for task in tasks:
        samples[task], found[task] = _rank(quality, generator)
        metrics = kind_of(discovered_tasks()[task]).metrics(samples[task])
        resampled = resampled_scores(discovered_tasks()[task], samples[task], rules_of(task))
        intervals = {rule: percentiles(values) for rule, values in resampled.items()}
        scores[task] = TaskScore(metrics=metrics, n=QUERIES, intervals95=intervals)
    lexical = model.startswith(f"{LEXICAL}/")
    spec = lexical_spec(model) if lexical else ModelSpec(model=model, revision=COMMIT, vectors=vectors)
    environment = Environment(loader="lexical") if lexical else None
    at = MOMENT + timedelta(minutes=seed)
    result = measured("org/any", tasks=scores, at=at, spec=spec, environment=environment)
    return result, dump_samples(samples), dump_rankings(found)


def _rank(quality: float, generator: np.random.Generator) -> tuple[Samples, list[Found]]:
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
    return ranked_samples(examples, rankings)
