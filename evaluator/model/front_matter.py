"""What the YAML at the top of a model's card says of the model. A stranger wrote it, and it only informs: what cannot
be read is not known.

The YAML is parsed, not made into values: a date of month 13 fails to be one, and aliases unfold to gigabytes.
"""

from dataclasses import dataclass

from evaluator.bounds import MOST_TRAINING_SETS, TRAINING_SET_LENGTH
from evaluator.cleaning import SHORT, clean_text

LARGEST_FRONT = 2**16
"""Characters of the front matter that are looked at."""


@dataclass(frozen=True)
class FrontMatter:
    """`license` is one line. `datasets` is what the model was trained on, `base_models` what it was made of, as the
    card names them: each name once, a hundred at most. None where the card does not say."""

    license: str | None = None
    datasets: tuple[str, ...] | None = None
    base_models: tuple[str, ...] | None = None


def front_matter(card: str) -> FrontMatter:
    """What a card (README.md as text) says before its own text begins."""
    import yaml

    if not card.startswith("---"):
        return FrontMatter()
    try:
        front = yaml.compose(card.split("---", 2)[1][:LARGEST_FRONT], Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return FrontMatter()
    if not isinstance(front, yaml.MappingNode):
        return FrontMatter()
    texts: dict[str, list[str]] = {}
    for key, node in front.value:
        if isinstance(key, yaml.ScalarNode) and key.value not in texts:
            texts[key.value] = _texts(node)
    licenses = texts.get("license", [])
    return FrontMatter(
        license=clean_text(licenses[0] if len(licenses) == 1 else licenses, SHORT),
        datasets=_names(texts.get("datasets", [])),
        base_models=_names(texts.get("base_model", [])),
    )


def _texts(node: object) -> list[str]:
    """The texts of a YAML node: its own, or those of its list."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return [node.value] if node.tag.endswith(":str") else []
    if isinstance(node, yaml.SequenceNode):
        return [item.value for item in node.value if isinstance(item, yaml.ScalarNode)]
    return []


def _names(texts: list[str]) -> tuple[str, ...] | None:
    named = (clean_text(text, TRAINING_SET_LENGTH) for text in texts[: 10 * MOST_TRAINING_SETS])
    return tuple(dict.fromkeys(name for name in named if name))[:MOST_TRAINING_SETS] or None
