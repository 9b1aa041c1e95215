"""Which scores are on data that the model was trained on, as far as that is declared. Pure.

For each model and task there are four states:

- `d`: the task's data is declared as training data of the model itself.
- `i`: it is inherited: declared of a model that this one was made of, or of one that that was made of, and so on.
- `n`: something is declared of the model, and this is not among it. It does not say that the model has not seen it.
- `?`: nothing is declared of the model, so nothing is known. This is never shown as clean.

A declared name means a task's data as `evaluator.same_data` reads it. The percentage `zero_shot` is MTEB's: of the
tasks whose scores count in the suite's average, each of MTEB's names once, the share that is neither `d` nor `i`, cut
to a whole number. A suite that shows MTEB's own board counts as MTEB's code does (`mteb_seen`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evaluator.same_data import mteb_tasks_named, tasks_named
from evaluator.spec import is_lexical
from evaluator.suite import SUITES, Suite
from evaluator.tasks import discovered_tasks
from leaderboard_data.declared import Base, Declaration, Declared, declared_by_all, declared_by_mteb
from leaderboard_data.entry import Cell, Entry

DECLARED, INHERITED, NOT_DECLARED, UNKNOWN = "d", "i", "n", "?"

STATES: Mapping[str, str] = {
    DECLARED: "declared",
    INHERITED: "inherited",
    NOT_DECLARED: "not declared",
    UNKNOWN: "nothing declared",
}
"""State -> its name in exports and the API."""

UNSEEN: Mapping[str, str] = {"": "", "yes": DECLARED + INHERITED, "declared": DECLARED + INHERITED + UNKNOWN}
"""What the filter "only scores on unseen data" hides: nothing; what is declared or inherited as training data; and
besides what nobody declares anything of."""

MOST_ANCESTORS = 50
"""Models that one model was made of, one of the other: more are not followed."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The tasks whose data a model has seen, by itself and through others; `known`: something is declared of it."""

    declared: frozenset[str]
    inherited: frozenset[str]
    known: bool

    @property
    def tasks(self) -> frozenset[str] | None:
        """The tasks that it has seen; None where nothing is declared of the model itself."""
        return self.declared | self.inherited if self.known else None

    def of(self, task_id: str) -> str:
        """The state of one task."""
        if task_id in self.declared:
            return DECLARED
        if task_id in self.inherited:
            return INHERITED
        return NOT_DECLARED if self.known else UNKNOWN


_NOTHING = Seen(declared=frozenset(), inherited=frozenset(), known=False)
_LEXICAL = Seen(declared=frozenset(), inherited=frozenset(), known=True)


def marked_training(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries with their states and percentages, of all that is declared of their models."""
    held = tuple(entries)
    everything = declared_by_all(entry for entry in held if entry.declared is not None)
    known: dict[str, Seen] = {}
    made: dict[tuple[str, Seen, frozenset[str] | None], tuple[str, int | None]] = {}  # far fewer than models
    marked = []
    for entry in held:
        suite = SUITES[entry.suite]
        seen = known.get(entry.model)
        if seen is None:
            seen = known[entry.model] = seen_by(entry.model, everything)
        by_mteb = mteb_seen(entry.model) if suite.as_mteb else None
        key = (suite.id, seen, by_mteb)
        if key not in made:
            counted = by_mteb if suite.as_mteb else seen.tasks
            made[key] = "".join(map(seen.of, suite.task_ids)), _percentage(counted, suite)
        of_tasks, percentage = made[key]
        marked.append(replace(entry, seen=of_tasks, zero_shot=percentage))
    return tuple(marked)


def states(model: str, suite: Suite, everything: Mapping[str, Declared]) -> str:
    """The state of each of the suite's tasks, in their order."""
    seen = seen_by(model, everything)
    return "".join(map(seen.of, suite.task_ids))


def seen_by(model: str, everything: Mapping[str, Declared]) -> Seen:
    """What a model has seen, as declared. A lexical model learns nothing, so nothing has to be declared of it."""
    own = everything.get(model.casefold())
    if own is None:
        return _LEXICAL if is_lexical(model) else _NOTHING
    return Seen(
        declared=_tasks(own.declarations),
        inherited=frozenset().union(
            *(_tasks(each.declarations) for _, each in ancestors(model, everything) if each is not None)
        ),
        known=bool(own.declarations),
    )


def ancestors(model: str, everything: Mapping[str, Declared]) -> Iterator[tuple[Base, Declared | None]]:
    """The models that a model was made of, the nearest first, each once, with what is declared of each; None: nothing
    is known of it here."""
    met = {model.casefold()}
    waiting = list(_bases(model, everything))
    while waiting and len(met) <= MOST_ANCESTORS:
        base = waiting.pop(0)
        if base.model.casefold() in met:
            continue
        met.add(base.model.casefold())
        yield base, everything.get(base.model.casefold())
        waiting += _bases(base.model, everything)


def mteb_seen(model: str) -> frozenset[str] | None:
    """The ids of the tasks that MTEB's code takes for seen; None where its registry declares nothing of the model.

    It reads its registry alone, and follows a model only as far as each one declares something
    (`ModelMeta.get_training_datasets` of MTEB 2.26.24).
    """
    names = _mteb_names(model, frozenset())
    return None if names is None else mteb_tasks_named(names)


def zero_shot(model: str, suite: Suite, everything: Mapping[str, Declared]) -> int | None:
    """The percentage of the suite's counted tasks whose data the model has not seen; None where that is not known."""
    return _percentage(mteb_seen(model) if suite.as_mteb else seen_by(model, everything).tasks, suite)


def _percentage(found: frozenset[str] | None, suite: Suite) -> int | None:
    if found is None:
        return None
    known = discovered_tasks()
    counted = {
        known[task_id].mteb_name for category in suite.categories if category.weight for task_id in category.task_ids
    }
    overlap = {known[task_id].mteb_name for task_id in found} & counted
    return int(100 - 100 * (len(overlap) / len(counted)))


def explained(model: str, task_id: str, everything: Mapping[str, Declared]) -> dict[str, Any]:
    """One task's state as plain values: who declares it, of which model on the way to this one, under which name, and
    where. Also of which models on that way nothing is declared."""
    found = [_told(each, model, task_id) for each in _of(model, everything) if _matching(each, task_id)]
    silent = [] if _of(model, everything) or is_lexical(model) else [model]
    for base, declared in ancestors(model, everything):
        of_base = declared.declarations if declared else ()
        through = {"through": base.source, "through_link": base.link}
        found += [_told(each, base.model, task_id) | through for each in of_base if _matching(each, task_id)]
        silent += [] if of_base else [base.model]
    return {
        "state": STATES[seen_by(model, everything).of(task_id)],
        "declarations": found,
        "nothing_declared_of": silent,
    }


def sources(model: str, everything: Mapping[str, Declared]) -> list[dict[str, Any]]:
    """Everything that is declared of a model and of those that it was made of, as plain values."""
    found = [_source(each, model) for each in _of(model, everything)]
    for base, declared in ancestors(model, everything):
        through = {"through": base.source, "through_link": base.link}
        if declared is None or not declared.declarations:
            found.append({"model": base.model, "source": None, "names": [], "link": None, "submission": None} | through)
        else:
            found += [_source(each, base.model) | through for each in declared.declarations]
    return found


def unseen_only(entry: Entry, choice: str) -> Entry:
    """The entry without the scores that the filter hides; the same one where it hides none.

    Raises:
        ValueError: there is no such choice.
    """
    if choice not in UNSEEN:
        raise ValueError(
            f"there is no choice {choice[:60]!r} of unseen data; the choices: {', '.join(filter(None, UNSEEN))}"
        )
    hidden = set(UNSEEN[choice])
    if hidden.isdisjoint(entry.seen):
        return entry
    cells = tuple(
        Cell(score=None) if state in hidden else cell for cell, state in zip(entry.cells, entry.seen, strict=True)
    )
    return replace(entry, cells=cells, mean_intervals=())


def _of(model: str, everything: Mapping[str, Declared]) -> tuple[Declaration, ...]:
    known = everything.get(model.casefold())
    return known.declarations if known else ()


def _bases(model: str, everything: Mapping[str, Declared]) -> tuple[Base, ...]:
    known = everything.get(model.casefold())
    return known.bases if known else ()


def _tasks(declarations: Iterable[Declaration]) -> frozenset[str]:
    return frozenset().union(*(tasks_named(name) for each in declarations for name in each.names))


def _matching(declaration: Declaration, task_id: str) -> list[str]:
    return [name for name in declaration.names if task_id in tasks_named(name)]


def _source(declaration: Declaration, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "source": declaration.source,
        "names": list(declaration.names),
        "link": declaration.link,
        "submission": declaration.submission,
    }


def _told(declaration: Declaration, model: str, task_id: str) -> dict[str, Any]:
    return _source(declaration, model) | {"names": _matching(declaration, task_id)}


def _mteb_names(model: str, met: frozenset[str]) -> frozenset[str] | None:
    everything = declared_by_mteb()
    own = [each for each in _of(model, everything) if each.source == "registry"]
    if not own or model.casefold() in met:
        return None
    names = frozenset().union(*(each.names for each in own))
    for base in _bases(model, everything):
        names |= _mteb_names(base.model, met | {model.casefold()}) or frozenset()
    return names
