"""What may happen to the policy (`evaluator.policy`), as pure functions from value to value.

Who may opt a name out or in: its owner, or a maintainer. The caller says in `owns` which names are a person's own: his
user name and his organisations. Results are hidden by maintainers alone: an owner may opt the whole model out.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import ValidationError

from evaluator.policy import MOST_CLEARED, MOST_NAMES, ClearedDrift, HiddenResult, OptOut, Policy, owner_of, valid_name
from submissions.errors import NotTheOwner, OptedOut, QueueError
from submissions.texts import said

MOST_OF_ONE_OWNER = 50
"""Models of one organisation or user that are opted out one by one; with more, the whole name is."""


def opt_out(
    policy: Policy,
    name: str,
    *,
    who: str,
    at: datetime,
    why: str = "",
    owns: Iterable[str] = (),
    maintainer: bool = False,
) -> Policy:
    """The policy with `name`, an organisation or a model, opted out. `at` in UTC.

    Raises:
        NotTheOwner: `name` is not one of `owns`, nor a model of one.
        OptedOut: this name is opted out already.
        QueueError: it is no name, or too many are opted out one by one.
    """
    name = _checked(name)
    _refuse_others(name, owns, maintainer)
    if known := policy.by_name.get(name.casefold()):
        raise OptedOut(name, known)
    of_owner = sum(owner_of(each.name) == owner_of(name) for each in policy.opted_out)
    if "/" in name and of_owner >= MOST_OF_ONE_OWNER:
        raise QueueError(
            f"한 소유자의 모델은 {MOST_OF_ONE_OWNER}개까지 하나씩 제외할 수 있습니다. 이름 전체를 제외해 주세요.",
            f"At most {MOST_OF_ONE_OWNER} models of one owner are opted out one by one; opt the owner's name out.",
        )
    _refuse_more(policy.opted_out)
    made = OptOut(name=name, who=who, at=at, why=said(why))
    return policy.changed(opted_out=(*policy.opted_out, made))


def opt_in(policy: Policy, name: str, *, owns: Iterable[str] = (), maintainer: bool = False) -> Policy:
    """The policy without the opt-out of `name`. A model of an organisation that is opted out stays away with it.

    Raises:
        NotTheOwner
        QueueError: this name is not opted out.
    """
    name = _checked(name)
    _refuse_others(name, owns, maintainer)
    if name.casefold() not in policy.by_name:
        wider = policy.opt_out_of(name)
        raise QueueError(
            f"{name}은(는) 제외되어 있지 않습니다." + (f" {wider.name} 전체가 제외되어 있습니다." if wider else ""),
            f"{name} is not opted out" + (f"; {wider.name} is, with all its models." if wider else "."),
        )
    kept = tuple(each for each in policy.opted_out if each.name.casefold() != name.casefold())
    return policy.changed(opted_out=kept)


def hide(policy: Policy, model: str, result: str, *, who: str, at: datetime, why: str) -> Policy:
    """The policy with one result of a model hidden. `result`: its path, or 8 or more digits of its spec's id.

    Raises:
        QueueError: no reason is given, it is hidden already, or the model or the result is none.
    """
    if not (reason := said(why)):
        raise QueueError("숨기는 이유를 적어 주세요.", "Give the reason for hiding it.")
    try:
        made = HiddenResult(model=model.strip(), result=result.strip(), who=who, at=at, why=reason)
    except ValidationError as error:
        raise QueueError(
            "모델은 '조직/이름'으로, 결과는 파일 경로(results/…)나 사양 id의 앞 8자리 이상으로 적어 주세요.",
            "Give the model as organisation/name, and the result as its path (results/...) or as the first 8 or more"
            " digits of its spec's id.",
        ) from error
    if any(_same(made, each) for each in policy.hidden):
        raise QueueError(f"{made.model}의 이 결과는 이미 숨겨져 있습니다.", f"This result of {made.model} is hidden.")
    _refuse_more(policy.hidden)
    return policy.changed(hidden=(*policy.hidden, made))


def unhide(policy: Policy, model: str, result: str) -> Policy:
    """The policy with a hidden result shown again; `model` and `result` as they were hidden.

    Raises:
        QueueError: it is not hidden so.
    """
    wanted = (model.strip().casefold(), result.strip())
    kept = tuple(each for each in policy.hidden if (each.model.casefold(), each.result) != wanted)
    if len(kept) == len(policy.hidden):
        raise QueueError(
            f"{model[:120]}의 결과 {result[:120]!r}은(는) 숨겨져 있지 않습니다.",
            f"No result {result[:120]!r} of {model[:120]} is hidden.",
        )
    return policy.changed(hidden=kept)


def clear_drift(policy: Policy, environment: str, check: datetime, *, who: str, at: datetime, why: str) -> Policy:
    """The policy with an environment's alarm cleared. `check`: the date of the check in which the alarm began.

    A former clearing of this environment goes: its alarm is over. Of more than 200 environments the oldest one goes.

    Raises:
        QueueError: no reason is given, or it is cleared already.
    """
    if not (reason := said(why)):
        raise QueueError("경보를 푸는 이유를 적어 주세요.", "Give the reason for clearing the alarm.")
    if policy.clears(environment, check):
        raise QueueError(
            f"환경 {environment}의 경보는 이미 풀려 있습니다.",
            f"The alarm of environment {environment} is cleared already.",
        )
    made = ClearedDrift(environment=environment, check=check, who=who, at=at, why=reason)
    kept = [each for each in policy.cleared if each.environment != environment]
    return policy.changed(cleared=(*kept, made)[-MOST_CLEARED:])


def refuse_opted_out(policy: Policy, model: str) -> None:
    """Nothing, if `model` may be submitted and evaluated.

    Raises:
        OptedOut
    """
    if known := policy.opt_out_of(model):
        raise OptedOut(model, known)


def _same(one: HiddenResult, other: HiddenResult) -> bool:
    return (one.model.casefold(), one.result) == (other.model.casefold(), other.result)


def _checked(name: str) -> str:
    try:
        return valid_name(name.strip())
    except ValueError as error:
        raise QueueError(
            f"{name[:120]!r}은(는) Hub의 이름이 아닙니다. '조직'이나 '조직/이름'으로 적어 주세요.", str(error)
        ) from error


def _refuse_others(name: str, owns: Iterable[str], maintainer: bool) -> None:
    if not maintainer and owner_of(name) not in {owned.casefold() for owned in owns}:
        raise NotTheOwner(name)


def _refuse_more(entries: tuple[object, ...]) -> None:
    if len(entries) >= MOST_NAMES:
        raise QueueError(
            f"정책 파일에는 {MOST_NAMES}개까지만 적을 수 있습니다. 관리자에게 알려 주세요.",
            f"The policy holds {MOST_NAMES} entries, which is the most it can; tell the maintainers.",
        )
