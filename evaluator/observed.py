"""What an evaluation observed besides scores: the card's example, and what Korean texts cost it. And the base of all
records."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from evaluator.bounds import Count, Finite


class Record(BaseModel):
    """A frozen record that refuses fields it does not know, and numbers that are not finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True, allow_inf_nan=False
    )


Similarities = Annotated[tuple[Annotated[tuple[Finite, ...], Field(max_length=100)], ...], Field(max_length=100)]
"""A matrix of similarities: of the first texts of an example with its second ones."""


class CardExample(Record):
    """The example on the model's card, computed again (`evaluator.model.conformance`).

    `verdict`: "matches" within `tolerance` of what the card prints, "differs", or "none" where the card has none that
    can be read. `expected` is what the card prints, `found` what this evaluation computed of the same sentences.
    """

    verdict: Literal["matches", "differs", "none"]
    expected: Similarities = ()
    found: Similarities = ()
    tolerance: Finite | None = None


class KoreanTexts(Record):
    """What the model's tokenizer makes of the Korean texts of a run (`evaluator.sweep.counting`).

    `texts` that were counted, the Hangul `syllables` in them, their `tokens` without prompts and special tokens, and
    how many of these are `unknown`; None where the tokenizer has no token for what it does not know.
    """

    texts: Count
    syllables: Count
    tokens: Count
    unknown: Count | None = None
