"""Results for tests of the board: small, made here, never shipped."""

from datetime import UTC, datetime

import numpy as np

from evaluator.kinds import Samples
from evaluator.records import Environment, ModelResult, Origin, Run, TaskFailure, TaskScore, dump_result
from evaluator.spec import ModelSpec, result_path
from evaluator.suite import KO_V1, SIMILARITIES, Category, ScoreRule, Suite, Words
from leaderboard_data.entry import PUBLISHER, Entry, entry_of
from store import Store

MOMENT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"

_MAIN = ScoreRule(id="cosine_spearman", how="mean", metrics=("cosine_spearman",), description="As MTEB scores it.")
_RANKED = ScoreRule(id="ndcg_at_10", how="mean", metrics=("ndcg_at_10",), description="nDCG@10.")
MINI = Suite(
    id="mini",
    title=Words(ko="작은 모음", en="A small suite"),
    categories=(
        Category(id="similar", label="Similar", task_ids=("KLUE-STS", "KorSTS"), rule=_MAIN, weight=3),
        Category(id="found", label="Found", task_ids=("AutoRAGRetrieval",), rule=_RANKED),
        Category(id="aside", label="Aside", task_ids=("STS17",), rule=_MAIN, weight=0),
    ),
    average="categories",
)
"""A second suite, which only tests know."""


def scored(task_id: str, score: float, **fields: object) -> TaskScore:
    """A task whose score by the rule of ko-v1 is `score`: all metrics that the rule takes are."""
    return TaskScore(**{"metrics": dict.fromkeys(KO_V1.rules[task_id].metrics, score), **fields})


def pair_samples(quality: float) -> Samples:
    """Fifty pairs whose similarity follows the gold score as closely as `quality` says."""
    chance = np.random.default_rng(7)
    gold = chance.uniform(0, 5, 50)
    noise = chance.normal(0, 1, 50)
    similar = quality * gold + (1 - quality) * noise
    return {"item": np.arange(50).astype(str).astype(object), "gold": gold, **dict.fromkeys(SIMILARITIES, similar)}


def measured(
    model: str = "org/name",
    score: float | dict[str, float] = 0.5,
    *,
    missing: tuple[str, ...] = (),
    failed: tuple[str, ...] = (),
    revision: str = COMMIT,
    dtype: str = "float32",
    at: datetime = MOMENT,
    environment: Environment | None = None,
    submission: str | None = None,
    tasks: dict[str, TaskScore] | None = None,
    **fields: object,
) -> ModelResult:
    """A result as our evaluator writes it, of one run: the same score everywhere, or by task id, or these tasks."""
    scores = dict.fromkeys(KO_V1.task_ids, 0.5) | (
        score if isinstance(score, dict) else dict.fromkeys(KO_V1.task_ids, score)
    )
    if tasks is None:
        tasks = {task: scored(task, value) for task, value in scores.items() if task not in {*missing, *failed}}
        error = TaskFailure(failure="data_unavailable", message="데이터를 읽을 수 없습니다.")
        tasks |= {task: TaskScore(error=error) for task in failed}
    run = Run(environment=environment or Environment(dtype=dtype), at=at, submission=submission)
    return ModelResult(
        **{
            "spec": ModelSpec(model=model, revision=revision),
            "tasks": {task: held.model_copy(update={"run": run.id}) for task, held in tasks.items()},
            "runs": {run.id: run},
            "origin": Origin(kind="measured", by="tests"),
            **fields,
        }
    )


def reported(model: str = "org/name", score: float = 0.5, *, by: str = PUBLISHER, **fields: object) -> ModelResult:
    """A result of somebody else's, who printed scores alone."""
    precision = "float32" if by == PUBLISHER else "auto"
    return ModelResult(
        **{
            "spec": ModelSpec(model=model, precision=precision),
            "tasks": {task: TaskScore(reported={rule.id: score}) for task, rule in KO_V1.rules.items()},
            "origin": Origin(kind="reported", by=by),
            **fields,
        }
    )


def entry(result: ModelResult, path: str = "results/a.json") -> Entry:
    return entry_of(path, result, KO_V1)


def kept_result(store: Store, spec: ModelSpec) -> tuple[str, str]:
    """Write a measured result of `spec` into a results store; its path there and its spec's id."""
    path, result = result_path(spec), measured(spec.model, spec=spec)
    store.commit({path: dump_result(result)}, "Add a result", store.head())
    return path, spec.id
