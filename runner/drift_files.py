"""Drift checks, bases and claims of reference runs as files of the results store."""

import json
from typing import Annotated

from pydantic import Field

from evaluator.bounds import Count, Name, Utc
from evaluator.drift import FOLDER, DriftCheck, Id, load_check
from evaluator.reading import BadFile, reading
from evaluator.records import Record
from runner.probe import CannotCheck
from store.errors import NotFound
from store.update import Change, Snapshot

CLAIM_BYTES = 10_000


class Claim(Record):
    """Who runs the reference model in an environment, or that nobody should before `until`, for it failed so often."""

    environment: Id
    worker: Name
    nonce: Annotated[str, Field(max_length=64)]
    until: Utc
    failures: Count = 0


def claim_path(environment: str) -> str:
    return f"{FOLDER}/claims/{environment}.json"


def written(claim: Claim, message: str) -> Change:
    content = json.dumps(claim.model_dump(mode="json"), ensure_ascii=False) + "\n"
    return Change({claim_path(claim.environment): content.encode()}, message)


def holds(snapshot: Snapshot, claim: Claim) -> bool:
    held = claim_at(snapshot, claim.environment)
    return held is not None and held.nonce == claim.nonce


def claim_at(snapshot: Snapshot, environment: str) -> Claim | None:
    """The claim at a revision; None where there is none that can be read."""
    path = claim_path(environment)
    try:
        content = snapshot.read(path)
        with reading(path, content, CLAIM_BYTES):
            return Claim.model_validate_json(content)
    except (NotFound, BadFile):
        return None


def check_at(snapshot: Snapshot, path: str) -> DriftCheck | None:
    """An environment's newest check; one that cannot be read is none: it is made anew."""
    try:
        return load_check(snapshot.read(path), path)
    except (NotFound, BadFile):
        return None


def base_at(snapshot: Snapshot, path: str) -> DriftCheck | None:
    """The base; None where there is none yet.

    Raises:
        CannotCheck: it cannot be read, and what comes now is not to become one in silence.
    """
    try:
        return load_check(snapshot.read(path), path)
    except NotFound:
        return None
    except BadFile as error:
        raise CannotCheck(f"{error}; remove this file from the results store, and the next run is the base") from error
