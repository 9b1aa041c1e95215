"""One module a kind of task; each turns rows into texts to embed, and embeddings into metrics.

A kind is a module `evaluator/kinds/<name>.py` with the four functions of the protocol `Kind`; a task names it in
`Task.kind`. Everything between reading and reporting is pure: `samples` holds one value a pair, query or experiment,
and both the metrics and their confidence intervals are computed from the samples alone, so that a stored samples
file is enough to check a result.
"""

import importlib
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import numpy as np

    from evaluator.data import TaskData
    from evaluator.kinds.ranking import Ranking
    from evaluator.task import Task

Samples = Mapping[str, "np.ndarray"]
"""Column name -> one value a pair, query or experiment. `item` names them, `gold` is the truth where there is one."""

SHARED = frozenset({"corpora", "pairs", "ranking"})
"""Modules here that are no kinds: what several kinds share."""

PAIR_LABELS = "not a label of this task"
DUPLICATES = "duplicate pair"
UNJUDGED = "query without a relevance judgement"
REASONS = frozenset({PAIR_LABELS, DUPLICATES, UNJUDGED})
"""Why rows are left out."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """What a kind made of a task's rows.

    `sides` maps "text", or "query" and "document", to the texts to embed, each text once or more. `gold` is what the
    kind needs to score. `n` counts the pairs, sentences or queries scored; `removed` the rows left out, by reason.
    `fingerprint` is the SHA-256 of the rows that the task uses, duplicates included, so that it is the same whether
    these are kept or not. It depends on ids and orders only where the score does, and tells classes by their names.
    """

    sides: Mapping[str, Sequence[str]]
    gold: Mapping[str, Any]
    n: int
    fingerprint: str
    removed: Mapping[str, int] = field(default_factory=dict)


class Embedded(Protocol):
    """The embeddings of one side, in the order of its texts, read from disk in slices."""

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> "np.ndarray":
        """(stop - start, d) float32."""
        ...


class Compared(Protocol):
    """How a model without one vector a text scores a task's documents for its queries, more is nearer."""

    def blocks(self) -> "Iterator[tuple[int, Iterator[tuple[int, np.ndarray]]]]":
        """Of some queries after another how many they are, and block by block the place of the first document and
        their scores of this and the following ones, (queries, documents) float64."""
        ...

    def of(self, query: int, candidates: "np.ndarray") -> "np.ndarray":
        """One query's scores of some documents, (documents,) float64."""
        ...


@dataclass(frozen=True)
class Shape:
    """How the samples of a kind look: `columns` besides `item`, and how many rows they have whatever the task is
    (`items`), None where there is one for each thing that is counted."""

    columns: frozenset[str]
    items: int | None = None


class Kind(Protocol):
    """What a module in `evaluator/kinds/` offers.

    `SHAPES` holds how its samples look, by `Task.protocol`: a task names one of these protocols.
    """

    SHAPES: Mapping[str | None, Shape]

    @staticmethod
    def read(task: "Task", data: "TaskData", *, keep_duplicates: bool) -> Examples:
        """The task's rows as examples.

        Raises:
            TaskError: data_unavailable, where columns or rows are missing.
        """
        ...

    @staticmethod
    def samples(examples: Examples, embedded: Mapping[str, Embedded], similarity: str) -> Samples:
        """One value a pair, query or experiment. `similarity` is the model's own similarity function."""
        ...

    @staticmethod
    def metrics(samples: Samples) -> dict[str, float]:
        """MTEB's metrics of this kind, under MTEB's names."""
        ...

    @staticmethod
    def resampled_metrics(samples: Samples, counts: "np.ndarray", names: Collection[str]) -> "dict[str, np.ndarray]":
        """Some metrics on each bootstrap resample, by name, (resamples,) each; names it cannot resample are left out.

        `counts` (resamples, items) says how often each item was drawn.
        """
        ...


class RankingKind(Kind, Protocol):
    """A kind that ranks documents. Its samples are `evaluator.kinds.ranking.ranking_samples` of the rankings."""

    @staticmethod
    def rankings(examples: Examples, embedded: Mapping[str, Embedded], similarity: str) -> "Iterator[Ranking]":
        """Each query's documents, best first."""
        ...

    @staticmethod
    def rankings_of(examples: Examples, compared: Compared) -> "Iterator[Ranking]":
        """The same of a model that compares other things than one vector a text."""
        ...

    @staticmethod
    def rankings_by(examples: Examples, scores: "Iterable[np.ndarray]") -> "Iterator[Ranking]":
        """The same by scores that are known: of each query, those of all documents, (documents,); 0: nothing shared."""
        ...


def weighted_means(samples: Samples, counts: "np.ndarray", names: Collection[str]) -> "dict[str, np.ndarray]":
    """Each named column's mean over the items, as often as each was drawn, (resamples,) by name."""
    drawn = counts.sum(axis=1)
    return {name: counts @ samples[name] / drawn for name in names if name in samples}


def kind_names() -> list[str]:
    """The names of all kinds, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED)


def kind_of(task: "Task") -> Kind:
    """The kind that a task names.

    Raises:
        ValueError: there is no such module; the text lists those that there are.
    """
    if task.kind not in kind_names():
        raise ValueError(f"task {task.id} names the kind {task.kind!r}; there are {', '.join(kind_names())}")
    return cast(Kind, importlib.import_module(f"{__name__}.{task.kind}"))


def ranking_kind_of(task: "Task") -> RankingKind | None:
    """The kind that a task names, if it ranks documents.

    Raises:
        ValueError: as `kind_of`.
    """
    kind = kind_of(task)
    return cast(RankingKind, kind) if hasattr(kind, "rankings") else None


def shape_of(task: "Task") -> Shape:
    """How a task's samples look.

    Raises:
        ValueError: there is no such kind, or the kind has no such protocol; the text lists those that there are.
    """
    shapes = kind_of(task).SHAPES
    if task.protocol not in shapes:
        known = ", ".join(str(name) for name in shapes)
        raise ValueError(f"task {task.id} names the protocol {task.protocol!r} of {task.kind}; there are {known}")
    return shapes[task.protocol]
