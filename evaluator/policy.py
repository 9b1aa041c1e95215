"""The policy: which models are not to be submitted or shown because their owner asked so, which results a maintainer
hides because he doubts them, what is right all the same, what a model's metadata really are, and which alarms of drift
he has cleared.

It is one file in the requests store. It changes nothing in the results store: what is hidden is there, is not shown,
and comes back when the policy says so; what is confirmed or corrected stays there as it was measured. Names are the
same in small letters and in capitals, as on the Hub.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from evaluator.bounds import Count, Name, Utc, Width
from evaluator.cleaning import SHORT
from evaluator.reading import MEBIBYTE, reading
from evaluator.records import Record
from evaluator.spec import ModelId, valid_model_id

POLICY_PATH = "policy.json"
"""Where the requests store holds it."""

POLICY_BYTES = 64 * MEBIBYTE
MOST_NAMES = 2000
"""Names that are opted out, results that are hidden, and so on: of each no more. They fit into `POLICY_BYTES`."""

MOST_DOUBTS = 20
"""Doubts that one entry confirms."""

MOST_CLEARED = 200
"""Environments whose alarms are cleared."""

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_RESULT = r"^(results/[^\x00-\x1f\x7f]{1,400}|[0-9a-f]{8,64})$"


def valid_name(name: str) -> str:
    """`name` itself, if it is an organisation's or a user's name, or a model's id.

    Raises:
        ValueError: a sentence that shows the right form.
    """
    if "/" in name:
        return valid_model_id(name)
    if not _OWNER.fullmatch(name):
        raise ValueError(f"{name[:120]!r} is no name on the Hub; write organisation or organisation/name")
    return name


def valid_result(result: str) -> str:
    """`result` itself, if it is a result's path in the results store or the first 8 or more digits of its spec's id.

    Raises:
        ValueError
    """
    if not re.fullmatch(_RESULT, result):
        raise ValueError(f"{result[:120]!r} is neither a path (results/...) nor 8 or more digits of a spec's id")
    return result


def owner_of(name: str) -> str:
    """The organisation or user that a model's id begins with, in small letters; a name without a model is its own."""
    return name.partition("/")[0].casefold()


Why = Annotated[str, Field(max_length=1000)]


class OptOut(Record):
    """An organisation, a user or a model that is not to be submitted or shown: who asked so, when, and why."""

    name: Annotated[str, AfterValidator(valid_name)]
    who: Name
    at: Utc
    why: Why = ""


class AboutResult(Record):
    """What a maintainer says of a result of a model: by its path in the results store, or the first 8 or more digits of
    its spec's id."""

    model: ModelId
    result: Annotated[str, Field(pattern=_RESULT)]
    who: Name
    at: Utc
    why: Why = ""

    def is_about(self, path: str, spec_id: str) -> bool:
        """Whether the result of this model at `path`, of the spec `spec_id`, is the one."""
        return path == self.result or spec_id.startswith(self.result)


class ClearedDrift(Record):
    """An alarm (`evaluator.drift`) that a maintainer looked into: of which environment, since which check, who, why."""

    environment: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    check: Utc
    who: Name
    at: Utc
    why: Why = ""


class HiddenResult(AboutResult):
    """A result that is not shown."""


class ConfirmedResult(AboutResult):
    """Doubts about a result that a maintainer looked into and found the numbers right all the same.

    `doubts` are codes of warnings (`evaluator.records.DOUBTFUL`), as in `ModelResult.confirmed`.
    """

    doubts: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(min_length=1, max_length=MOST_DOUBTS)]


CORRECTABLE = ("license", "parameters", "embedding_dimension", "max_tokens", "llm_based", "open_weights")
"""The fields of `ModelInfo` that a maintainer may correct: those that the board shows."""


class Correction(Record):
    """What a maintainer says a model's metadata are, for all its results; the fields are those of `ModelInfo`.

    None: this entry says nothing of the field.
    """

    model: ModelId
    license: Annotated[str, Field(min_length=1, max_length=SHORT)] | None = None
    parameters: Count | None = None
    embedding_dimension: Width | None = None
    max_tokens: Width | None = None
    llm_based: bool | None = None
    open_weights: bool | None = None
    who: Name
    at: Utc
    why: Why = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.fields:
            raise ValueError(f"a correction says at least one of {', '.join(CORRECTABLE)}")
        return self

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that it corrects: name -> value."""
        return {name: value for name in CORRECTABLE if (value := getattr(self, name)) is not None}


class Policy(Record):
    """Opt-outs, hidden and confirmed results, corrections and cleared alarms, in the order in which they were made."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    opted_out: Annotated[tuple[OptOut, ...], Field(max_length=MOST_NAMES)] = ()
    hidden: Annotated[tuple[HiddenResult, ...], Field(max_length=MOST_NAMES)] = ()
    confirmed: Annotated[tuple[ConfirmedResult, ...], Field(max_length=MOST_NAMES)] = ()
    corrected: Annotated[tuple[Correction, ...], Field(max_length=MOST_NAMES)] = ()
    cleared: Annotated[tuple[ClearedDrift, ...], Field(max_length=MOST_CLEARED)] = ()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with these sections. What was derived from the former ones, which pydantic copies, is left out."""
        copied = super().model_copy(update=update, deep=deep)
        for derived in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[derived]
        return copied

    def opt_out_of(self, model: str) -> OptOut | None:
        """The opt-out that keeps a model away: its own, or that of its organisation; None where there is none."""
        return self.by_name.get(model.casefold()) or self.by_name.get(owner_of(model))

    def hidden_of(self, model: str) -> tuple[HiddenResult, ...]:
        """The hidden results of a model."""
        return self.by_model.get(model.casefold(), ())

    def hides(self, model: str, path: str, spec_id: str) -> bool:
        """Whether the result of `model` at `path`, of the spec `spec_id`, is not to be shown."""
        if self.opt_out_of(model) is not None:
            return True
        return any(hidden.is_about(path, spec_id) for hidden in self.hidden_of(model))

    def confirmations_of(self, model: str, path: str, spec_id: str) -> tuple[ConfirmedResult, ...]:
        """What was confirmed of the result of `model` at `path`, of the spec `spec_id`, oldest first."""
        return tuple(each for each in self.confirmed_by_model.get(model.casefold(), ()) if each.is_about(path, spec_id))

    def corrections_of(self, model: str) -> tuple[Correction, ...]:
        """The corrections of a model, oldest first; where two name a field, the later one holds."""
        return self.corrected_by_model.get(model.casefold(), ())

    def clears(self, environment: str, check: datetime | None) -> bool:
        """Whether the alarm of an environment that began with the check of this date is cleared."""
        return any((each.environment, each.check) == (environment, check) for each in self.cleared)

    @cached_property
    def by_name(self) -> dict[str, OptOut]:
        """The opt-outs by their name in small letters."""
        return {each.name.casefold(): each for each in self.opted_out}

    @cached_property
    def by_model(self) -> dict[str, tuple[HiddenResult, ...]]:
        """The hidden results by their model in small letters."""
        return _by_model(self.hidden)

    @cached_property
    def confirmed_by_model(self) -> dict[str, tuple[ConfirmedResult, ...]]:
        """The confirmed results by their model in small letters."""
        return _by_model(self.confirmed)

    @cached_property
    def corrected_by_model(self) -> dict[str, tuple[Correction, ...]]:
        """The corrections by their model in small letters."""
        return _by_model(self.corrected)


_Of = TypeVar("_Of", HiddenResult, ConfirmedResult, Correction)


def _by_model(entries: tuple[_Of, ...]) -> dict[str, tuple[_Of, ...]]:
    found: dict[str, list[_Of]] = {}
    for each in entries:
        found.setdefault(each.model.casefold(), []).append(each)
    return {model: tuple(of_model) for model, of_model in found.items()}


def dump_policy(policy: Policy) -> bytes:
    """The policy file's content: JSON, UTF-8, fields at their defaults left out."""
    content = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return (json.dumps({"schema": policy.schema_version, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def load_policy(content: bytes) -> Policy:
    """The record in a policy file's content.

    Raises:
        ValueError: (BadFile) it is too large, not JSON, or no policy of a schema known here; the text says which field.
    """
    with reading(POLICY_PATH, content, POLICY_BYTES):
        return Policy.model_validate_json(content)
