"""Which text goes before an input, and who says so: the submitter, the card registry, or the repository itself.

The first of the three that says anything about prompts decides for all tasks; nothing is mixed. Prompts are looked up
under MTEB's keys, the more special first. Where there is an instruction template and no prompt under any key, the
task's instruction is put into it: the submitter's, else the card's, else the suite's (MTEB's for the same task).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from evaluator.model.cards import Card, card_of
from evaluator.spec import ModelSpec
from evaluator.task import Task, TaskType

DOCUMENT = ("document", "passage", "corpus")  # as SentenceTransformer.encode_document

INSTRUCTIONS: Mapping[TaskType, str] = {
    "STS": "Retrieve semantically similar text.",
    "PairClassification": "Retrieve text that are semantically similar to the given text.",
    "Classification": "Classify user passages.",
    "Clustering": "Identify categories in user passages.",
    "Reranking": "Retrieve text based on user query.",
    "Retrieval": "Retrieve text based on user query.",
    "BitextMining": "Retrieve parallel sentences.",
}
"""MTEB's instruction for a task of each type that has none of its own (mteb 2.26.24, get_instruction)."""

GIVEN, REGISTRY, REPOSITORY = "submission", "card registry", "repository"


@dataclass(frozen=True)
class Prompt:
    """The text put before each input of a side, and who said so; `source` "" where nobody did and the text is empty."""

    text: str
    source: str = ""

    @property
    def of_template(self) -> bool:
        """Whether it is an instruction template's text."""
        return self.source.partition(", ")[2].startswith("template")


@dataclass(frozen=True)
class Declared:
    """What a repository declares: prompts by name, and the name of the one for everything else."""

    prompts: Mapping[str, str] = field(default_factory=dict)
    default_name: str | None = None

    @property
    def default(self) -> str | None:
        return self.prompts.get(self.default_name or "")


class Prompting:
    """The prompts of one model, by task and side."""

    def __init__(self, spec: ModelSpec, declared: Declared, card: Card | None = None) -> None:
        """`card`: of the registry; by default that of the spec's model."""
        self.card = card or card_of(spec.model)
        self._spec = spec
        self._declared = declared

    def prompt(self, task: Task, side: str) -> Prompt:
        """The prompt of a task's side: "text", "query" or "document"."""
        spec, card = self._spec, self.card
        if spec.prompts is not None or spec.instruction_template is not None:
            documents = bool(spec.instruct_documents)
            return self._said(GIVEN, spec.prompts or {}, spec.instruction_template, documents, task, side)
        if card is not None and (card.prompts is not None or card.instruction_template is not None):
            documents = card.instruct_documents if spec.instruct_documents is None else spec.instruct_documents
            source = f"{REGISTRY}: {card.name}"
            return self._said(source, card.prompts or {}, card.instruction_template, documents, task, side)
        for key in lookup_keys(task, side):
            if key in self._declared.prompts:
                text = self._declared.prompts[key]
                return Prompt(text, f"{REPOSITORY}: {key}" if text else "")
        if self._declared.default:
            return Prompt(self._declared.default, f"{REPOSITORY}: {self._declared.default_name} (default)")
        return Prompt("")

    def _said(
        self,
        source: str,
        prompts: Mapping[str, str],
        template: str | Mapping[str, str] | None,
        documents: bool,
        task: Task,
        side: str,
    ) -> Prompt:
        for key in lookup_keys(task, side):
            if key in prompts:
                return Prompt(prompts[key], f"{source}, {key}")
        if template is None or (side == "document" and not documents):
            return Prompt("", source)
        of_side = template if isinstance(template, str) else template.get(side, "")
        instruction, whose = self.instruction(task, side)
        if "{instruction}" not in of_side:
            return Prompt(of_side, f"{source}, template")
        return Prompt(of_side.replace("{instruction}", instruction), f"{source}, template; instruction: {whose}")

    def instruction(self, task: Task, side: str) -> tuple[str, str]:
        """The instruction of a task's side, and who says so."""
        levels = ((GIVEN, self._spec.instructions or {}), (REGISTRY, self.card.instructions if self.card else {}))
        for source, instructions in levels:
            for key in lookup_keys(task, side):
                if key in instructions:
                    return instructions[key], source
        told = task.instruction or INSTRUCTIONS[task.type]
        return told.strip(".") if self.card and self.card.bare_instructions else told, "suite"

    def encode_task(self, task: Task, side: str) -> str | None:
        """The `task=` that the model's own `encode` takes for a task's side, if it takes one: the submission's, else
        the card's."""
        named = self._spec.encode_task if self._spec.encode_task is not None else self.card and self.card.encode_task
        return next((named[key] for key in lookup_keys(task, side) if key in named), None) if named else None

    def unused(self, tasks: Iterable[Task]) -> tuple[str, ...]:
        """The names of the repository's prompts that none of these tasks would look up, sorted; empty ones aside."""
        known = known_keys(tasks) | {self._declared.default_name}
        return tuple(sorted(name for name, text in self._declared.prompts.items() if text and name not in known))


def lookup_keys(task: Task, side: str) -> list[str]:
    """The keys under which the prompt of a task's side ("text", "query" or "document") is looked for, in order.

    Task name and side, task name (the task's own, then MTEB's), task type and side, task type, side, as in MTEB; for
    documents, "passage" and "corpus" count as "document".
    """
    sides = DOCUMENT if side == "document" else (side,)
    names = dict.fromkeys((task.id, task.mteb_name, task.type))
    keys = [key for name in names for key in (*(f"{name}-{alias}" for alias in sides), name)]
    return [*keys, *sides]


def known_keys(tasks: Iterable[Task]) -> set[str]:
    """Every key that some task looks up."""
    return {key for task in tasks for side in ("text", "query", "document") for key in lookup_keys(task, side)} - {
        "text"
    }
