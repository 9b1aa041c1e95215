"""What was read from the Hub, as a patch of the task files that a maintainer reads, applies and commits."""

import ast
import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from pathlib import Path

from evaluator import tasks
from evaluator.doctor.data import Found
from evaluator.task import Task

ROOT = Path(__file__).resolve().parents[2]


def patch_of(found: Iterable[Found]) -> str:
    """A unified diff, from the project's folder, that pins what the Hub gave; empty where nothing is to be pinned.

    What was known before and is another is the local copy's from then on. Copies pin nothing.
    """
    pieces = []
    for each in found:
        data = each.task.data
        if each.where != "hub" or (each.fingerprint == data.fingerprint and each.commit is None):
            continue
        changed = {"fingerprint": each.fingerprint} | ({"revision": each.commit} if each.commit else {})
        if data.fingerprint not in (None, each.fingerprint) and not data.copy_fingerprint:
            changed["copy_fingerprint"] = str(data.fingerprint)
        path = file_of(each.task)
        before = path.read_text("utf-8")
        name = path.relative_to(ROOT).as_posix()
        diff = difflib.unified_diff(
            before.splitlines(keepends=True),
            with_values(before, changed).splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
        )
        pieces.append("".join(diff))
    return "".join(pieces)


def file_of(task: Task) -> Path:
    """The source file that holds the task.

    Raises:
        LookupError: none of the project's does.
    """
    for module_info in pkgutil.iter_modules(tasks.__path__):
        module = importlib.import_module(f"{tasks.__name__}.{module_info.name}")
        if getattr(module, "TASK", None) == task:
            return Path(inspect.getfile(module)).resolve()
    raise LookupError(f"no file in evaluator/tasks holds {task.id}")


def with_values(source: str, changed: dict[str, str]) -> str:
    """A task file's source with these texts as arguments of its `DataSource(...)`; the rest of it stays as it is.

    Raises:
        ValueError: it has no `DataSource(...)` with each argument on a line of its own.
    """
    lines = source.splitlines(keepends=True)
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DataSource"
    ]
    if len(calls) != 1:
        raise ValueError("a task file has one DataSource(...)")
    there = {keyword.arg: keyword for keyword in calls[0].keywords}
    last = max((keyword.end_lineno or keyword.lineno for keyword in calls[0].keywords), default=0)
    if "revision" not in there or last == calls[0].end_lineno:
        raise ValueError("DataSource(...) has its arguments, revision among them, on lines of their own")
    revision = there["revision"]
    indent = " " * revision.col_offset
    new: dict[int, str] = {}
    added = ""
    for name, value in changed.items():
        line = f'{indent}{name}="{value}",\n'
        if name in there:
            new[there[name].lineno - 1] = line
        else:
            added += line
    after = there.get("fingerprint", revision)
    place = (after.end_lineno or after.lineno) - 1
    new[place] = new.get(place, lines[place]) + added
    return "".join(new.get(number, line) for number, line in enumerate(lines))
