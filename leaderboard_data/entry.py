"""Entry: what a suite's board needs of one result; and which of three sources its numbers come from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from evaluator.drift import environment_id
from evaluator.records import ModelResult
from evaluator.scores import failure_by, score_by
from evaluator.spec import RANKING_KINDS, ModelKind
from evaluator.suite import SUITES, OriginName, ScoreRule, Suite
from leaderboard_data.costs import costs_of, encoding_speed
from leaderboard_data.plausibility import odd_tasks
from leaderboard_data.told import told_of

PUBLISHER = "ko-embedding-leaderboard"
"""`origin.by` of the numbers of the published board."""

ORIGINS: tuple[OriginName, ...] = get_args(OriginName)
"""Where numbers come from, the more trusted first: computed by our evaluator, shown on the published board, or
reported by somebody else (MTEB's public results)."""

SCORE_DIGITS = 8
"""Scores on the board are rounded to this many decimals, so that the page, which computes means by itself for the
visitor's own weights, computes with the very same numbers as the export."""

SLACK = 1e-6
"""How far beyond -1 and 1 a score may lie: the rounding of single precision."""

MOST_ENVIRONMENTS = 50
"""Runs of a result whose environments the board looks at."""

_SUFFIX = {"float16": "-fp16", "bfloat16": "-bf16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One task of one result by a suite's rule: a score (-1..1) with its 95 % interval, or the failure class.

    `odd` says how the result contradicts its neighbours (`leaderboard_data.plausibility`), if it does. `cut` is the
    share of the task's texts that fill the model's length, 0..1.
    """

    score: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    failure: str | None = None
    odd: str | None = None
    cut: float | None = None


Interval = tuple[float, float]

NO_CELL = Cell(score=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One result, seen through a suite. `path` and `spec_id` lead to the whole result.

    `cells` are in the order of the suite's tasks; `mean_intervals` are the 95 % intervals of the categories' means, in
    their order, then of the averages, or empty where there are none.

    `precision` is the one it ran with, or None where the source does not say. `at` is when it was evaluated
    or, for reported numbers, when they were taken over (ISO 8601); `committed_at` is when the model's commit was made,
    as the Hub told when it was submitted. `doubts` are the result's doubts, with commas, and `environments` the ids
    of those that its runs were made in (`evaluator.drift`). `tokens_per_second` is of the encoding alone. What Korean
    costs, and on which `device`: `leaderboard_data.costs`. `matryoshka`: whether the model's card speaks of Matryoshka
    training; None where it was not looked at. `kind` is that of the model (`evaluator.spec.ModelSpec.kind`).

    `declared` is what the result's record says of the model's training data (`leaderboard_data.told`). Of all that is
    declared follow `seen`, a state a task (`leaderboard_data.training`), and `zero_shot`, the percentage of the suite's
    tasks whose data it was not trained on, None where nothing is declared; both are put on when the board is made.
    """

    path: str
    spec_id: str
    suite: str
    model: str
    local: bool
    revision: str | None
    precision: str | None
    origin: OriginName
    by: str
    label: str | None
    reference: str | None
    version: str | None
    at: str | None
    keep_duplicates: bool
    parameters: int | None
    embedding_dimension: int | None
    max_tokens: int | None
    license: str | None
    memory_bytes: int | None
    llm_based: bool | None
    open_weights: bool | None
    tokens_per_second: float | None
    cells: tuple[Cell, ...]
    mean_intervals: tuple[Interval | None, ...] = ()
    committed_at: str | None = None
    doubts: str | None = None
    environments: str | None = None
    declared: str | None = None
    device: str | None = None
    syllable_tokens: float | None = None
    unknown_tokens: float | None = None
    suite_seconds: float | None = None
    peak_bytes: int | None = None
    matryoshka: bool | None = None
    kind: ModelKind = "dense"
    seen: str = ""
    zero_shot: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Identifies the result: a file may hold several."""
        return self.path, self.spec_id, self.reference or ""

    @property
    def name(self) -> str:
        """How the board writes it: the source's own label, else the id with the precision where it is not fp32."""
        return self.label or self.model + _SUFFIX.get(self.precision or "", "")

    @property
    def lexical(self) -> bool:
        """Whether it is a lexical model: it has a place in the tables of what ranks, and takes no rank from a model."""
        return self.kind == "lexical"

    @property
    def not_applicable(self) -> frozenset[int]:
        """The tasks, by number, that its kind of model cannot do: neither a gap nor a failure."""
        if self.kind == "dense":
            return frozenset()
        tasks = SUITES[self.suite].tasks
        return frozenset(number for number, task in enumerate(tasks) if task.kind not in RANKING_KINDS)

    @property
    def complete(self) -> bool:
        """Whether it has all scores that a rank needs, of the tasks that are applicable to it. Where one of a mean's is
        not, there is no mean, and no rank by it. A lexical model never has a rank."""
        needed, without = SUITES[self.suite].needed, self.not_applicable
        return not self.lexical and all(
            cell.score is not None or not wanted or number in without
            for number, (cell, wanted) in enumerate(zip(self.cells, needed, strict=True))
        )


def origins_of(text: str) -> list[OriginName]:
    """The origins that a text names, separated by commas, the more trusted first.

    Raises:
        ValueError: there is no such origin.
    """
    wanted = {part.strip() for part in text.split(",")}
    if unknown := sorted(wanted - set(ORIGINS)):
        raise ValueError(f"there is no origin {', '.join(unknown)[:100]}; the origins: {', '.join(ORIGINS)}")
    return [origin for origin in ORIGINS if origin in wanted]


def origin_of(result: ModelResult) -> OriginName:
    """Which of the three sources a result's numbers come from."""
    if result.origin.kind == "measured":
        return "measured"
    return "published" if result.origin.by == PUBLISHER else "imported"


def precision_of(result: ModelResult) -> str | None:
    """The precision that a result ran with; None where its source does not tell."""
    if result.dtype:
        return result.dtype
    return None if result.spec.precision == "auto" else result.spec.precision


def environments_of(result: ModelResult) -> str | None:
    """The ids of the environments that the newest runs were made in, sorted, with commas."""
    newest = sorted(result.runs.values(), key=lambda run: run.at, reverse=True)[:MOST_ENVIRONMENTS]
    return ",".join(sorted({found for run in newest if (found := environment_id(run.environment))})) or None


def entries_of(path: str, result: ModelResult) -> Iterator[Entry]:
    """What the boards need of the result stored at `path`: an entry for each suite of which it has a task."""
    return (entry_of(path, result, suite) for suite in SUITES.values() if set(suite.task_ids) & set(result.tasks))


def with_mean_intervals(entry: Entry, intervals: dict[str, Interval]) -> Entry:
    """The entry with the intervals of its means: id of a category or an average -> interval."""
    names = SUITES[entry.suite].mean_ids
    return replace(entry, mean_intervals=tuple(intervals.get(name) for name in names) if intervals else ())


def entry_of(path: str, result: ModelResult, suite: Suite) -> Entry:
    """What a suite's board needs of the result stored at `path`."""
    at = result.evaluated_at or result.origin.at
    run = result.newest_run
    odd = odd_tasks(result)
    max_tokens = run.environment.max_tokens if run is not None else None
    return Entry(
        path=path,
        spec_id=result.spec.id,
        suite=suite.id,
        model=result.spec.model,
        local=result.spec.source == "local",
        revision=result.spec.revision,
        precision=precision_of(result),
        origin=origin_of(result),
        by=result.origin.by,
        label=result.origin.label,
        reference=result.origin.reference,
        version=result.origin.version,
        at=at.isoformat() if at else None,
        committed_at=result.committed_at.isoformat() if result.committed_at else None,
        doubts=",".join(result.doubts) or None,
        environments=environments_of(result),
        declared=told_of(result),
        keep_duplicates=result.keep_duplicates,
        parameters=result.model.parameters,
        embedding_dimension=result.model.embedding_dimension,
        max_tokens=max_tokens or result.spec.max_tokens or result.model.max_tokens,
        license=result.model.license,
        memory_bytes=result.model.memory_bytes,
        llm_based=result.model.llm_based,
        open_weights=result.model.open_weights,
        tokens_per_second=encoding_speed(result),
        matryoshka=result.model.matryoshka,
        kind=result.spec.kind,
        **costs_of(result, suite),
        cells=tuple(_cell(result, task_id, rule, suite, odd) for task_id, rule in suite.rules.items()),
    )


def _cell(result: ModelResult, task_id: str, rule: ScoreRule, suite: Suite, odd: Mapping[str, str]) -> Cell:
    task = result.tasks.get(task_id)
    if task is None:
        return NO_CELL
    failure = failure_by(rule, task_id, result, suite)
    score = None if failure else score_by(rule, task)
    low, high = task.intervals95.get(rule.id, (None, None)) if score is not None else (None, None)
    return Cell(
        score=None if score is None else round(score, SCORE_DIGITS),
        low=low,
        high=high,
        n=task.n,
        failure=failure.failure if failure else None,
        odd=odd.get(task_id),
        cut=task.cut,
    )
