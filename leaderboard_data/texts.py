"""The texts of tasks in the results store: `texts/<task id>.parquet`, one file a task whose licence allows it."""

import logging
from collections.abc import Callable, Iterable, Mapping

from evaluator.data import known_fingerprints
from evaluator.evidence.texts import Texts, load_texts, may_be_shown
from evaluator.task import Task
from evaluator.tasks import discovered_tasks
from store.update import Change, Snapshot

TEXTS_FOLDER = "texts"

log = logging.getLogger(__name__)


def texts_path(task: Task) -> str:
    """Where a task's texts are."""
    return f"{TEXTS_FOLDER}/{task.id}.parquet"


def lacking_texts(snapshot: Snapshot, task_ids: Iterable[str]) -> list[str]:
    """Those of the tasks whose texts may be shown and are not stored, or are of another revision of the data."""
    known = discovered_tasks()
    there = snapshot.list(TEXTS_FOLDER)
    wanted = [known[task_id] for task_id in task_ids if task_id in known and may_be_shown(known[task_id])]
    return [task.id for task in wanted if texts_path(task) not in there or not _is_current(snapshot, task)]


def texts_change(files: Mapping[str, bytes]) -> Callable[[Snapshot], Change | None]:
    """The change that stores texts, by task id; None where all of them are stored already.

    Raises:
        ValueError: a file is none of texts, or of another task or data than the task is pinned to.
    """
    known = discovered_tasks()
    checked = {
        texts_path(known[task_id]): content for task_id, content in files.items() if _of(known[task_id], content)
    }

    def change(snapshot: Snapshot) -> Change | None:
        there = snapshot.list(TEXTS_FOLDER)
        new = {
            path: content for path, content in checked.items() if path not in there or snapshot.read(path) != content
        }
        return Change(dict(new), f"Texts of {', '.join(sorted(files))}") if new else None

    return change


def _of(task: Task, content: bytes) -> Texts:
    texts = load_texts(content, texts_path(task))
    pinned = known_fingerprints(task, local=True)
    if not may_be_shown(task):
        raise ValueError(f"the licence of {task.id}'s data does not let its texts be shown")
    if (texts.task, texts.revision) != (task.id, task.data.revision):
        raise ValueError(f"these are not the texts of {task.id} at {task.data.revision[:12]}")
    if pinned and texts.fingerprint not in pinned:
        raise ValueError(f"these texts of {task.id} are of other data than it is pinned to")
    return texts


def _is_current(snapshot: Snapshot, task: Task) -> bool:
    try:
        _of(task, snapshot.read(texts_path(task)))
    except ValueError as error:
        log.warning("%s; it is written anew", error)
        return False
    return True
