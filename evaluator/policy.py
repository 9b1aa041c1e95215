"""The policy: which models are not to be submitted or shown because their owner asked so, which results a maintainer
hides because he doubts them, and which alarms of drift he has cleared.

It is one file in the requests store. It takes nothing away from the results store: what is hidden is there, is not
shown, and comes back when the policy says so. Names are the same in small letters and in capitals, as on the Hub.
"""

import json
import re
from datetime import datetime
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from evaluator.bounds import Name, Utc
from evaluator.reading import MEBIBYTE, reading
from evaluator.records import Record
from evaluator.spec import ModelId, valid_model_id

POLICY_PATH = "policy.json"
"""Where the requests store holds it."""

POLICY_BYTES = 24 * MEBIBYTE
MOST_NAMES = 2000
"""Names that are opted out, and results that are hidden: of each no more. They fit into `POLICY_BYTES`."""

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


class HiddenResult(Record):
    """A result of a model that is not shown: by its path in the results store, or the first 8 or more digits of its
    spec's id."""

    model: ModelId
    result: Annotated[str, Field(pattern=_RESULT)]
    who: Name
    at: Utc
    why: Why = ""

    def is_about(self, path: str, spec_id: str) -> bool:
        """Whether the result of this model at `path`, of the spec `spec_id`, is the hidden one."""
        return path == self.result or spec_id.startswith(self.result)


class ClearedDrift(Record):
    """An alarm (`evaluator.drift`) that a maintainer looked into: of which environment, since which check, who, why."""

    environment: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    check: Utc
    who: Name
    at: Utc
    why: Why = ""


class Policy(Record):
    """All opt-outs, all hidden results and all cleared alarms, in the order in which they were made."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    opted_out: Annotated[tuple[OptOut, ...], Field(max_length=MOST_NAMES)] = ()
    hidden: Annotated[tuple[HiddenResult, ...], Field(max_length=MOST_NAMES)] = ()
    cleared: Annotated[tuple[ClearedDrift, ...], Field(max_length=MOST_CLEARED)] = ()

    def changed(self, **sections: object) -> "Policy":
        """This policy with these sections, and its other ones. `model_copy` would take along what is cached below."""
        return Policy.model_validate({name: getattr(self, name) for name in Policy.model_fields} | sections)

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
        found: dict[str, tuple[HiddenResult, ...]] = {}
        for each in self.hidden:
            found[each.model.casefold()] = (*found.get(each.model.casefold(), ()), each)
        return found


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
