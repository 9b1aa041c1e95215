"""Entry: what the board needs of one result file; and which of three sources its numbers come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from evaluator.records import ModelResult
from evaluator.suite import SUITES

PUBLISHER = "ko-embedding-leaderboard"
"""`origin.by` of the numbers of the published board."""

OriginName = Literal["measured", "published", "imported"]
ORIGINS: tuple[OriginName, ...] = get_args(OriginName)
"""Where numbers come from, the more trusted first: computed by our evaluator, shown on the published board, or
reported by somebody else (MTEB's public results)."""

DEFAULT_ORIGINS: tuple[OriginName, ...] = ("measured", "published")

SCORE_DIGITS = 8
"""Scores on the board are rounded to this many decimals, so that the page, which computes means by itself for the
visitor's own weights, computes with the very same numbers as the export."""

_SUFFIX = {"float16": "-fp16", "bfloat16": "-bf16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One task of one result: a score (-1..1) with its 95 % interval, if there is one, or the failure class."""

    score: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    failure: str | None = None


NO_CELL = Cell(score=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One result. `cells` are in the order of the suite's tasks. `path` and `spec_id` lead to the whole result.

    `precision` is the one it ran with, or None where the source does not say. `at` is when it was evaluated
    or, for reported numbers, when they were taken over (ISO 8601). `tokens_per_second` is of the encoding alone.
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

    @property
    def key(self) -> tuple[str, str, str]:
        """Identifies the result: a file may hold several."""
        return self.path, self.spec_id, self.reference or ""

    @property
    def name(self) -> str:
        """How the board writes it: the source's own label, else the id with the precision where it is not fp32."""
        return self.label or self.model + _SUFFIX.get(self.precision or "", "")

    @property
    def complete(self) -> bool:
        return all(cell.score is not None for cell in self.cells)


def origin_of(result: ModelResult) -> OriginName:
    """Which of the three sources a result's numbers come from."""
    if result.origin.kind == "measured":
        return "measured"
    return "published" if result.origin.by == PUBLISHER else "imported"


def precision_of(result: ModelResult) -> str | None:
    """The precision that a result ran with; None where its source does not tell."""
    if result.environment.dtype:
        return result.environment.dtype
    return None if result.spec.precision == "auto" else result.spec.precision


def encoding_speed(result: ModelResult) -> float | None:
    """Tokens per second of the encoding, or None where it was not measured."""
    seconds = result.seconds.get("encode")
    return round(result.tokens / seconds, 1) if result.tokens and seconds else None


def entry_of(path: str, result: ModelResult) -> Entry:
    """What the board needs of the result stored at `path`.

    Raises:
        KeyError: the result's suite is not known here.
    """
    at = result.evaluated_at or result.origin.at
    return Entry(
        path=path,
        spec_id=result.spec.id,
        suite=result.suite,
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
        keep_duplicates=result.keep_duplicates,
        parameters=result.model.parameters,
        embedding_dimension=result.model.embedding_dimension,
        max_tokens=result.environment.max_tokens or result.spec.max_tokens or result.model.max_tokens,
        license=result.model.license,
        memory_bytes=result.model.memory_bytes,
        llm_based=result.model.llm_based,
        open_weights=result.model.open_weights,
        tokens_per_second=encoding_speed(result),
        cells=_cells(result, SUITES[result.suite].task_ids),
    )


def _cells(result: ModelResult, task_ids: Sequence[str]) -> tuple[Cell, ...]:
    cells = []
    for task_id in task_ids:
        task = result.tasks.get(task_id)
        if task is None:
            cells.append(NO_CELL)
            continue
        low, high = task.interval95 or (None, None)
        score = None if task.score is None else round(task.score, SCORE_DIGITS)
        cells.append(
            Cell(score=score, low=low, high=high, n=task.n, failure=task.error.failure if task.error else None)
        )
    return tuple(cells)
