"""What a task is. Those that there are lie in `evaluator/tasks/`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

TaskType = Literal[
    "STS", "PairClassification", "Classification", "Clustering", "Reranking", "Retrieval", "BitextMining"
]
"""MTEB's names of the task types; prompts are looked up by them."""

Written = Literal["native", "people", "machine", "post-edited", "parallel"]
"""How its Korean came about: written in Korean, translated by people or by a machine, translated by a machine and
edited by people, or several languages side by side."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a reader should know of a task's data. `licence` is as its makers state it, None where they state none.

    `citation` names the paper or the page of its makers. `note` is one English sentence about what to mind.
    """

    licence: str | None
    written: Written
    citation: str
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A data set on the Hub, pinned to a commit.

    `splits` are read and joined in this order. `fingerprint` is the SHA-256 of the rows the task uses (as its kind
    computes it): a local copy with another one is refused, and on the Hub, where the commit is the pin, it is a mark on
    the result (`other_data`). None: nobody has read it yet, and the result says which fingerprint it saw.
    `copy_fingerprint` is that of a local copy which is known to differ from the Hub: it is accepted with `--datasets`
    only. `former` are the fingerprints of the same rows as earlier versions took them: results hold them.
    """

    path: str
    revision: str
    splits: tuple[str, ...]
    config: str | None = None
    fingerprint: str | None = None
    copy_fingerprint: str | None = None
    former: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Task:
    """One column of the leaderboard.

    `id` is MTEB's name of the task; where MTEB's has several cells and this is not the first, what this one is comes
    behind it, and `cell_of` is MTEB's name. `column` is what the board prints above it. `instruction` is MTEB's for the
    task, where it is not that of its type (`evaluator.model.prompts`). `kind` names the module in `evaluator/kinds/`
    that turns rows into texts and embeddings into metrics, `protocol` a variant of it, for kinds that have several.
    `fields` maps the kind's field names to the data set's columns (a dot reaches into a struct). `labels` maps the data
    set's labels to the kind's; rows with any other label are left out. `mteb_splits` and `mteb_subset` are the splits
    and the subset of which MTEB reports results, where they are not those of the data. `on_request`: it
    is too large to be run unless somebody names it. `version` is raised when the task gives other numbers on the same
    data: results of an earlier version are then run again.

    The rest says which training data is this task's (`evaluator.same_data`). `mteb_similar` are the tasks that MTEB
    takes for the same data: what its metadata (`adapted_from`, `superseded_by`, version 2.26.24) join, both ways.
    `known_as` are other names of the data: data sets on the Hub, and what papers and model cards write.
    """

    id: str
    column: str
    kind: str
    type: TaskType
    data: DataSource
    instruction: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[int, int] | None = None
    protocol: str | None = None
    mteb_splits: tuple[str, ...] = ()
    mteb_subset: str | None = None
    on_request: bool = False
    cell_of: str | None = None
    facts: Facts | None = None
    version: int = 1
    mteb_similar: tuple[str, ...] = ()
    known_as: tuple[str, ...] = ()

    @property
    def mteb_name(self) -> str:
        """MTEB's name of the task that this one is, or is a cell of."""
        return self.cell_of or self.id

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))
        if self.labels is not None:
            object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))
