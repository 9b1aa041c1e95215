"""What may happen to the policy (`evaluator.policy`), as pure functions from value to value.

Who may opt a name out or in: its owner, or a maintainer. The caller says in `owns` which names are a person's own: his
user name and his organisations. Maintainers alone hide and confirm results and correct metadata: an owner may opt the
whole model out.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from evaluator.cleaning import SHORT, clean_text
from evaluator.policy import (
    CORRECTABLE,
    MOST_CLEARED,
    MOST_NAMES,
    AboutResult,
    ClearedDrift,
    ConfirmedResult,
    Correction,
    HiddenResult,
    OptOut,
    Policy,
    owner_of,
    valid_name,
)
from evaluator.records import DOUBTFUL
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
    return policy.model_copy(update={"opted_out": (*policy.opted_out, made)})


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
    return policy.model_copy(update={"opted_out": kept})


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
        raise _no_result() from error
    if any(_key(made) == _key(each) for each in policy.hidden):
        raise QueueError(f"{made.model}의 이 결과는 이미 숨겨져 있습니다.", f"This result of {made.model} is hidden.")
    _refuse_more(policy.hidden)
    return policy.model_copy(update={"hidden": (*policy.hidden, made)})


def unhide(policy: Policy, model: str, result: str) -> Policy:
    """The policy with a hidden result shown again; `model` and `result` as they were hidden.

    Raises:
        QueueError: it is not hidden so.
    """
    kept = tuple(each for each in policy.hidden if _key(each) != _key_of(model, result))
    if len(kept) == len(policy.hidden):
        raise QueueError(
            f"{model[:120]}의 결과 {result[:120]!r}은(는) 숨겨져 있지 않습니다.",
            f"No result {result[:120]!r} of {model[:120]} is hidden.",
        )
    return policy.model_copy(update={"hidden": kept})


def confirm(
    policy: Policy, model: str, result: str, doubts: Iterable[str], *, who: str, at: datetime, why: str
) -> Policy:
    """The policy with doubts about one result of a model confirmed: its numbers are right all the same.

    `result` as for `hide`; `doubts` are of `evaluator.records.DOUBTFUL`. What is confirmed already stays as it is.

    Raises:
        QueueError: no reason is given, there is no such doubt, nothing is new, or the model or the result is none.
    """
    if not (reason := said(why)):
        raise QueueError("확인한 근거를 적어 주세요.", "Give the reason why the numbers are right.")
    named = tuple(dict.fromkeys(each.strip() for each in doubts))
    if not named or not set(named) <= set(DOUBTFUL):
        raise QueueError(
            f"어떤 의심을 확인하는지 적어 주세요: {', '.join(DOUBTFUL)}",
            f"Say which doubts are confirmed, of: {', '.join(DOUBTFUL)}.",
        )
    known = {code for each in policy.confirmed if _key(each) == _key_of(model, result) for code in each.doubts}
    if not (new := tuple(code for code in named if code not in known)):
        raise QueueError(
            f"{model[:120]}의 이 결과는 이미 확인되었습니다.", f"This result of {model[:120]} is confirmed already."
        )
    try:
        made = ConfirmedResult(model=model.strip(), result=result.strip(), doubts=new, who=who, at=at, why=reason)
    except ValidationError as error:
        raise _no_result() from error
    _refuse_more(policy.confirmed)
    return policy.model_copy(update={"confirmed": (*policy.confirmed, made)})


def unconfirm(policy: Policy, model: str, result: str) -> Policy:
    """The policy with a confirmed result in doubt again; `model` and `result` as they were confirmed.

    Raises:
        QueueError: it is not confirmed so.
    """
    kept = tuple(each for each in policy.confirmed if _key(each) != _key_of(model, result))
    if len(kept) == len(policy.confirmed):
        raise QueueError(
            f"{model[:120]}의 결과 {result[:120]!r}은(는) 확인되어 있지 않습니다.",
            f"No result {result[:120]!r} of {model[:120]} is confirmed; `policy` prints those that are.",
        )
    return policy.model_copy(update={"confirmed": kept})


def correct(policy: Policy, model: str, fields: Mapping[str, Any], *, who: str, at: datetime, why: str) -> Policy:
    """The policy with metadata of a model corrected: `fields` of `CORRECTABLE` to their values.

    Fields of earlier corrections stay, but for those that are corrected again.

    Raises:
        QueueError: no reason or no field is given, a value is none that the field can have, or the model is none.
    """
    if not (reason := said(why)):
        raise QueueError("고치는 근거를 적어 주세요.", "Give the reason for the correction, or where it can be read.")
    named = {name: clean_text(value, SHORT) if name == "license" else value for name, value in fields.items()}
    try:
        if not named.keys() <= set(CORRECTABLE) or None in named.values():
            raise ValueError
        made = Correction(model=model.strip(), **named, who=who, at=at, why=reason)
    except ValueError as error:
        raise QueueError(
            "모델은 '조직/이름'으로 적고, 다음 가운데 하나 이상의 값을 0 이상의 수나 짧은 글로 적어 주세요: "
            f"{', '.join(CORRECTABLE)}",
            "Give the model as organisation/name, and at least one of these with a number from 0 or a short text: "
            f"{', '.join(CORRECTABLE)}.",
        ) from error
    kept = _without(policy.corrected, made.model, named)
    _refuse_more(kept)
    return policy.model_copy(update={"corrected": (*kept, made)})


def uncorrect(policy: Policy, model: str, fields: Iterable[str] = ()) -> Policy:
    """The policy without corrections of a model: of these fields, or of all.

    Raises:
        QueueError: none of them is corrected.
    """
    named = tuple(fields) or CORRECTABLE
    kept = _without(policy.corrected, model.strip(), named)
    if kept == policy.corrected:
        raise QueueError(
            f"{model[:120]}의 정보는 이렇게 고쳐져 있지 않습니다.",
            f"Nothing of that is corrected of {model[:120]}; `policy` prints what is.",
        )
    return policy.model_copy(update={"corrected": kept})


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
    return policy.model_copy(update={"cleared": (*kept, made)[-MOST_CLEARED:]})


def refuse_opted_out(policy: Policy, model: str) -> None:
    """Nothing, if `model` may be submitted and evaluated.

    Raises:
        OptedOut
    """
    if known := policy.opt_out_of(model):
        raise OptedOut(model, known)


def _key(mark: AboutResult) -> tuple[str, str]:
    return _key_of(mark.model, mark.result)


def _key_of(model: str, result: str) -> tuple[str, str]:
    """What tells one marked result from another."""
    return model.strip().casefold(), result.strip()


def _no_result() -> QueueError:
    return QueueError(
        "모델은 '조직/이름'으로, 결과는 파일 경로(results/…)나 사양 id의 앞 8자리 이상으로 적어 주세요.",
        "Give the model as organisation/name, and the result as its path (results/...) or as the first 8 or more"
        " digits of its spec's id.",
    )


def _without(corrections: Iterable[Correction], model: str, fields: Iterable[str]) -> tuple[Correction, ...]:
    """The corrections without these fields of a model; one of which nothing is left goes."""
    nothing = dict.fromkeys(fields)
    kept = (
        each.model_copy(update=nothing) if each.model.casefold() == model.casefold() else each for each in corrections
    )
    return tuple(each for each in kept if each.fields)


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
