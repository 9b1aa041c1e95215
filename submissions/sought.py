"""Which submissions somebody looks for in the queue: by words, person, organisation, state. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from submissions.names import owner_of
from submissions.record import OPEN, Status, Submission

LONGEST = 200
"""Characters of what is asked for; the rest is left out."""


@dataclass(frozen=True)
class Sought:
    """A filter; empty fields take everything. Names and words are the same in small letters and in capitals.

    `words`: each has to be in the model's id, the submission's id or the submitter's name. `state`: a state, or `OPEN`
    or `CLOSED` for those before or after the end.
    """

    words: tuple[str, ...] = ()
    person: str = ""
    organisation: str = ""
    state: str = ""

    def takes(self, submission: Submission) -> bool:
        told = f"{submission.spec.model} {submission.id} {submission.submitted_by}".casefold()
        return (
            all(word in told for word in self.words)
            and (not self.person or submission.submitted_by.casefold() == self.person)
            and (not self.organisation or owner_of(submission.spec.model) == self.organisation)
            and (not self.state or self._is_in_state(submission))
        )

    def _is_in_state(self, submission: Submission) -> bool:
        if self.state in ("OPEN", "CLOSED"):
            return (submission.status in OPEN) == (self.state == "OPEN")
        return submission.status == self.state


STATES = ("OPEN", "CLOSED", *Status)
EVERYTHING = Sought()


def sought(asked: Mapping[str, str]) -> Sought:
    """The filter that an address asks for: `q`, `person`, `organisation`, `state`.

    Raises:
        ValueError: there is no such state.
    """
    state = asked.get("state", "").upper()[:LONGEST]
    if state and state not in STATES:
        raise ValueError(f"the states are {', '.join(STATES)}")
    words, person, organisation = (
        asked.get(name, "")[:LONGEST].casefold().strip() for name in ("q", "person", "organisation")
    )
    return Sought(tuple(words.split()), person, organisation, state)
