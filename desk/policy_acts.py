"""What owners and maintainers say on the page about models and results: opting out and in, hiding and showing again,
confirming results that are in doubt, correcting metadata."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from desk.acts import NotAllowed
from desk.callers import Caller
from evaluator.drift import DriftCheck
from evaluator.policy import CORRECTABLE, AboutResult, Correction, Policy
from evaluator.records import DOUBTFUL
from submissions.errors import QueueError
from submissions.known_results import refuse_unknown
from submissions.policy_store import PolicyStore
from submissions.stored import Queue

Text = Annotated[str, Field(max_length=1000)]


class PolicyAct(BaseModel):
    """One thing said. `name`: an organisation, a user or a model; for a result, its model; for an alarm, the id of its
    environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verb: Literal["opt_out", "opt_in", "hide", "unhide", "confirm", "unconfirm", "correct", "uncorrect", "clear_drift"]
    name: Annotated[str, Field(max_length=200)]
    result: Annotated[str, Field(max_length=500)] = ""
    doubts: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=20)] = ()
    fields: Annotated[dict[str, bool | int | str | None], Field(max_length=10)] = {}
    why: Text = ""


def act(queue: Queue, asked: PolicyAct, caller: Caller, alarms: Sequence[DriftCheck] = ()) -> Policy:
    """Write it, and give the policy as it is then. `alarms`: those that ring.

    What is said of a result or of a model's metadata has to be of one that the results store holds.

    Raises:
        NotAllowed: the caller is not signed in; or is no maintainer, for what is said of results.
        QueueError: as the verb; or the results store does not hold what is named, or does not answer.
        StoreError
    """
    policies = queue.policies
    if not caller.signed_in:
        raise NotAllowed("먼저 로그인해 주세요.", "Sign in first.")
    owned, maintainer = caller.owned, caller.maintainer
    if asked.verb == "opt_out":
        return policies.opt_out(asked.name, who=caller.who, why=asked.why, owns=owned, maintainer=maintainer)
    if asked.verb == "opt_in":
        return policies.opt_in(asked.name, who=caller.who, owns=owned, maintainer=maintainer)
    if not maintainer:
        raise NotAllowed("관리자만 할 수 있습니다.", "Only maintainers may do this.")
    name, result, who, why = asked.name, asked.result, caller.who, asked.why
    if asked.verb in ("hide", "confirm"):
        refuse_unknown(queue.results, name, result)
    elif asked.verb == "correct":
        refuse_unknown(queue.results, name)
    deeds: dict[str, Callable[[], Policy]] = {
        "hide": lambda: policies.hide(name, result, who=who, why=why),
        "unhide": lambda: policies.unhide(name, result, who=who),
        "confirm": lambda: policies.confirm(name, result, asked.doubts, who=who, why=why),
        "unconfirm": lambda: policies.unconfirm(name, result, who=who),
        "correct": lambda: policies.correct(name, asked.fields, who=who, why=why),
        "uncorrect": lambda: policies.uncorrect(name, asked.fields, who=who),
        "clear_drift": lambda: _clear(policies, asked, who, alarms),
    }
    return deeds[asked.verb]()


def _clear(policies: PolicyStore, asked: PolicyAct, who: str, alarms: Sequence[DriftCheck]) -> Policy:
    alarm = next((each for each in alarms if each.environment == asked.name), None)
    if alarm is None:
        raise QueueError("울리는 경보가 없습니다.", "There is no such alarm.")
    return policies.clear_drift(alarm.environment, alarm.since or alarm.at, who=who, why=asked.why)


def shown(policy: Policy) -> dict[str, Any]:
    """The policy for maintainers: who said what, when and why."""
    return policy.model_dump(mode="json", by_alias=True)


def about(policy: Policy, name: str, caller: Caller) -> dict[str, Any]:
    """What the caller is told of an organisation or a model, and whether he may opt it out or in."""
    opt_out = policy.opt_out_of(name)
    theirs: dict[str, list[dict[str, Any]]] = {}
    if caller.maintainer:
        key = name.casefold()
        theirs["hidden"] = [_plain(each) for each in policy.by_model.get(key, ())]
        theirs["confirmed"] = [_plain(each) for each in policy.confirmed_by_model.get(key, ())]
        theirs["corrected"] = [_plain(each) for each in policy.corrected_by_model.get(key, ())]
    return {
        "may": caller.signed_in and (caller.maintainer or caller.owns(name)),
        "maintainer": caller.maintainer,
        "opted_out": opt_out and {"name": opt_out.name, "at": opt_out.at.isoformat(), "who": opt_out.who},
        "doubtful": list(DOUBTFUL),
        "correctable": list(CORRECTABLE),
        **theirs,
    }


def _plain(said: AboutResult | Correction) -> dict[str, Any]:
    return said.model_dump(mode="json", exclude_none=True)
