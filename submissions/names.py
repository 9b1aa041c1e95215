"""Names of people, organisations and models as the Hub compares them: small letters and capitals are the same. Pure."""

from collections.abc import Iterable

from evaluator.spec import ModelSpec


def same_name(one: str, other: str) -> bool:
    """Whether two names are one on the Hub."""
    return one.casefold() == other.casefold()


def owner_of(model: str) -> str:
    """The owner part of a model's id, in small letters."""
    return model.partition("/")[0].casefold()


def owns(model: str, who: str, organisations: Iterable[str] = ()) -> bool:
    """Whether a model is of the signed-in user `who`, or of one of the `organisations` that the sign-in named."""
    return owner_of(model) in {name.casefold() for name in (who, *organisations)}


def identity(spec: ModelSpec) -> str:
    """The id of a spec, the same however the names in it are spelled: what the queue does not take twice."""
    parts = {model.casefold(): commit for model, commit in spec.parts.items()}
    return spec.model_copy(update={"model": spec.model.casefold(), "parts": parts}).id
