"""Which prompt goes before a text: MTEB's keys, the more special first."""

from collections.abc import Iterable, Mapping

from evaluator.task import Task

DOCUMENT = ("document", "passage", "corpus")  # as SentenceTransformer.encode_document


def lookup_keys(task: Task, side: str) -> list[str]:
    """The keys under which the prompt of a task's side ("text", "query" or "document") is looked for, in order.

    Task name and side, task name, task type and side, task type, side, as in MTEB; for documents, "passage" and
    "corpus" count as "document".
    """
    sides = DOCUMENT if side == "document" else (side,)
    keys = [key for name in (task.id, task.type) for key in (*(f"{name}-{alias}" for alias in sides), name)]
    return [*keys, *sides]


def prompt_for(prompts: Mapping[str, str], default: str | None, task: Task, side: str) -> str:
    """The text put before each input of a task's side; `default` is the model's prompt for everything else."""
    for key in lookup_keys(task, side):
        if key in prompts:
            return prompts[key]
    return default or ""


def known_keys(tasks: Iterable[Task]) -> set[str]:
    """Every key that some task looks up."""
    return {key for task in tasks for side in ("text", "query", "document") for key in lookup_keys(task, side)} - {
        "text"
    }
