"""Where the files of the requests store are: by month, so that no folder grows without an end; and what tells it."""

from typing import Annotated, Literal

from pydantic import Field

from evaluator.bounds import Utc, Whole
from evaluator.reading import BadFile, reading
from evaluator.records import Record
from store.errors import NotFound
from store.update import Snapshot

UPKEEP_PATH = "upkeep.json"
_BYTES = 10_000


def month_folder(room: str, submission_id: str) -> str:
    """`room` with the month in which a submission was made, "closed/2026-11": no folder grows without an end."""
    return f"{room}/{submission_id[:4]}-{submission_id[4:6]}"


def closed_paths(submission_id: str) -> list[str]:
    """Where a closed submission may lie: in its month's folder, or where the former layout had it."""
    return [f"{month_folder('closed', submission_id)}/{submission_id}.json", former_path(submission_id)]


def former_path(submission_id: str) -> str:
    """Where a closed submission lay before there were folders by month."""
    return f"closed/{submission_id}.json"


def log_paths(submission_id: str) -> list[str]:
    """Where the end of a run's log may be: where it is written now, and where it was written before."""
    return [f"{month_folder('logs', submission_id)}/{submission_id}.txt", f"logs/{submission_id}.txt"]


class UpkeepState(Record):
    """What was done so far. `layout` 2: closed submissions and logs are in folders by month, and nowhere else."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    layout: Annotated[Whole, Field(ge=1)] = 1
    squashed_at: Utc | None = None


def state_at(snapshot: Snapshot) -> UpkeepState:
    """The state at a revision; that of a store of the former layout where it tells none that can be read.

    Raises:
        StoreError
    """
    try:
        content = snapshot.read(UPKEEP_PATH)
    except NotFound:
        return UpkeepState()
    try:
        with reading(UPKEEP_PATH, content, _BYTES):
            return UpkeepState.model_validate_json(content)
    except BadFile:
        return UpkeepState()


def dump_state(state: UpkeepState) -> bytes:
    """The file's content."""
    return state.model_dump_json(by_alias=True, indent=1).encode() + b"\n"
