"""What model cards ask for and repositories do not declare: one small file a family, by model id.

A file `NAME.yaml` here names its models, each with the commit of the repository that was looked at, the `source` of
what it says, and any of `prompts` (MTEB's keys), `instruction_template`, `instruct_documents`, `instructions` and
`ends_with_eos`. Adding a model is adding a line, or a file.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from evaluator.spec import CommitId, InstructionTemplate, ModelId, Prompts

FOLDER = Path(__file__).parent
SIDES = ("query", "document", "text")


def _known_sides(template: dict[str, str]) -> dict[str, str]:
    if unknown := set(template) - set(SIDES):
        raise ValueError(f"a template has the sides {', '.join(SIDES)}, not {', '.join(sorted(unknown))}")
    return template


class Card(BaseModel):
    """What the cards of some models ask for. A `commit` None: the source names none.

    `instruction_template` is one for all sides that get an instruction, or one by side ("query", "document", "text").
    `bare_instructions`: the suite's lose their full stop. `instruct_documents`: whether documents get theirs.
    `ends_with_eos`: the card ends each text with the end token. `encode_task` is the `task=` of the model's own
    `encode`, by MTEB's keys. `bases`: model -> the adapter that it is put on, where adapter_config.json names only the
    model below both.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    models: dict[ModelId, CommitId | None]
    note: str = ""
    prompts: Prompts | None = None
    instruction_template: InstructionTemplate | Annotated[dict[str, str], AfterValidator(_known_sides)] | None = None
    instruct_documents: bool = False
    bare_instructions: bool = False
    instructions: Prompts = Field(default_factory=dict)
    ends_with_eos: bool = False
    encode_task: Prompts | None = None
    bases: dict[ModelId, ModelId] = Field(default_factory=dict)


@cache
def cards() -> Mapping[str, Card]:
    """Model id, in lower case -> its card.

    Raises:
        ValueError: a file is not a card, or two name the same model.
    """
    found: dict[str, Card] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        try:
            card = Card.model_validate({"name": path.stem, **yaml.safe_load(path.read_text("utf-8"))})
        except (ValueError, TypeError, yaml.YAMLError) as error:
            raise ValueError(f"evaluator/model/cards/{path.name} is not a card: {error}") from error
        for model in card.models:
            if model.lower() in found:
                raise ValueError(f"{model} is in {path.name} and in {found[model.lower()].name}.yaml")
            found[model.lower()] = card
    return MappingProxyType(found)


def card_of(model: str) -> Card | None:
    """The card of a model, None if nothing is known. The Hub's ids do not distinguish capitals."""
    return cards().get(model.lower())


_MENTIONS = re.compile(
    r"""["'`](?:query|passage|search_query|search_document|clustering|classification)\s?:\s"""
    r"""|Instruct:\s|prompt_name\s*=|\bprompts?\s*=\s*[\["']|Represent this sentence"""
)


def mentions_prompts(card_text: str) -> str | None:
    """What in a model card's text looks as if inputs got a prompt, e.g. '"query: '; None if nothing does."""
    found = _MENTIONS.search(card_text)
    return found[0].strip() if found else None
