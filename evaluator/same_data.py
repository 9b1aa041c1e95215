"""Which of our tasks a name of training data means: "MIRACLRetrieval", "klue/klue", "KorQuAD 1.0".

Two readings. MTEB's own, by which its board counts: a name is the task's, or one that MTEB's metadata join with it
(`Task.mteb_similar`). Ours, of whatever people write: also the data set on the Hub that the task reads, and the other
names of its data (`Task.known_as`), however they are spelled.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from evaluator.task import Task
from evaluator.tasks import discovered_tasks

_BEFORE_A_NAME = re.compile(r"^(?:https?://)?(?:www\.)?(?:(?:huggingface\.co|hf\.co)/)?(?:datasets/)?", re.IGNORECASE)
_OF_MTEB = "mteb"
"""The owner of MTEB's copies on the Hub, which are named as its tasks are."""


def mteb_tasks_named(names: Iterable[str]) -> frozenset[str]:
    """The ids of the tasks whose data these names of MTEB's mean, by MTEB's rule: exact names, and similar tasks."""
    declared = set(names)
    return frozenset(
        task.id for task in discovered_tasks().values() if not declared.isdisjoint((task.mteb_name, *task.mteb_similar))
    )


@lru_cache(maxsize=20_000)
def tasks_named(name: str) -> frozenset[str]:
    """The ids of the tasks whose data `name` means; none for a name that means no data known here.

    A data set of several tasks means all of them: whoever names klue/klue does not say which part.
    """
    found: set[str] = set()
    for key in _keys(name):
        found |= _tasks_by_key().get(key, frozenset())
    return frozenset(found)


def known_names() -> tuple[str, ...]:
    """Names of the tasks' data to choose from: MTEB's names of the tasks, and the data sets on the Hub; sorted."""
    tasks = discovered_tasks().values()
    named = {name for task in tasks for name in (task.mteb_name, task.data.path, *task.known_as)}
    return tuple(sorted(named, key=lambda name: (name.casefold(), name)))


@cache
def _tasks_by_key() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for task in discovered_tasks().values():
        for name in _names_of(task):
            for key in _keys(name):
                found.setdefault(key, set()).add(task.id)
    return {key: frozenset(ids) for key, ids in found.items()}


def _names_of(task: Task) -> tuple[str, ...]:
    cells = (other.id for other in discovered_tasks().values() if other.mteb_name == task.mteb_name)
    return (*cells, task.mteb_name, *task.mteb_similar, task.data.path, *task.known_as)


def _keys(name: str) -> tuple[str, ...]:
    """The spellings by which a name is looked up: a data set's owner and name; else letters and digits alone."""
    path = _BEFORE_A_NAME.sub("", name.strip()).partition("@")[0].casefold()
    owner, slash, rest = path.partition("/")
    if not slash:
        return (key,) if (key := _letters(path)) else ()
    of_owner = rest.split("/")[0].partition("?")[0]
    whole = f"{owner}/{of_owner}"
    return (whole, _letters(of_owner)) if owner == _OF_MTEB and _letters(of_owner) else (whole,)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
