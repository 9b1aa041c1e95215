"""How families of models want to be prompted, to begin a form with: what the card registry says of each."""

from collections.abc import Mapping
from typing import Any

from evaluator.model.cards import Card, cards
from evaluator.model.prompts import known_keys
from evaluator.tasks import discovered_tasks

FAMILIES: Mapping[str, tuple[str, str]] = {
    "e5": ("E5", "e5"),
    "e5-instruct": ("E5-instruct", "e5-instruct-multilingual"),
    "bge": ("BGE", "bge-en"),
    "gte-qwen": ("GTE-Qwen", "alibaba-nlp-gte-qwen1-5"),
    "qwen3": ("Qwen3", "qwen3-embedding"),
}
"""A preset's id -> its name, and the card whose words it uses."""

NOTHING: Mapping[str, Any] = {"prompts": {}, "instruction_template": None, "instruct_documents": None}
"""The fields of a model that takes its texts as they are, whatever its card says."""


def presets() -> dict[str, dict[str, Any]]:
    """A preset's id -> its `name` and the `fields` that it sets, as the form sends them."""
    known = {card.name: card for card in cards().values()}
    return {key: {"name": name, "fields": _fields(known[card])} for key, (name, card) in FAMILIES.items()}


def _fields(card: Card) -> dict[str, Any]:
    template = card.instruction_template
    keys = known_keys(discovered_tasks().values())
    return {
        "prompts": {key: text for key, text in card.prompts.items() if key in keys} if card.prompts else None,
        # A spec has one template. Cards that name one by side have it for queries and single texts alone.
        "instruction_template": template if template is None or isinstance(template, str) else template["query"],
        "instruct_documents": card.instruct_documents or None,
    }
