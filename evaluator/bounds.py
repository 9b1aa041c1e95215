"""The types of the records' fields: how long a text, how large a number, how far a date may be.

Generous: what our evaluator and honest sources write lies far inside. They hold a record of anybody to a size that the
board, the page and the index can bear. A number is finite and fits the index's columns, a date is of this century.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

FIRST_YEAR, LAST_YEAR = 2020, 2100
MOST_TOLD = 4000


def _utc(moment: datetime) -> datetime:
    """`moment` in UTC.

    Raises:
        ValueError: it is of no year in which a record can have been made.
    """
    if FIRST_YEAR - 1 <= moment.year <= LAST_YEAR + 1:  # outside of them a change of the zone may overflow
        moment = moment.astimezone(UTC)
        if FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment
    raise ValueError(f"the year {moment.year} is not one of {FIRST_YEAR} to {LAST_YEAR}")


def _told(text: str) -> str:
    return text if len(text) <= MOST_TOLD else f"{text[: MOST_TOLD - 1]}…"


Utc = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment with its zone, kept in UTC."""

Name = Annotated[str, Field(max_length=300)]
"""An id, a version, a licence, the name of a metric, a person or a library."""

Place = Annotated[str, Field(max_length=2000)]
"""A path or an address."""

Prompt = Annotated[str, Field(max_length=20_000)]
"""What is put before each input."""

Told = Annotated[str, AfterValidator(_told)]
"""A sentence for people, of whatever length it comes; kept are 4,000 characters."""

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
"""A measured number in its own unit."""

Count = Annotated[int, Field(ge=0, le=2**53)]
"""How many; exact in JSON, in the browser and in the index's 64 bits."""

Width = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""How many, where the index has 32 bits: pairs, dimensions, tokens of one text."""

Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""Any whole number that is exact in JSON."""

MOST_TRAINING_SETS = 100
TRAINING_SET_LENGTH = 200
"""Names of training sets that somebody declares of a model, and the characters of one."""

TrainingSets = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=TRAINING_SET_LENGTH)], ...],
    Field(max_length=MOST_TRAINING_SETS),
]
"""Data sets or tasks that a model was trained on, as somebody names them."""
