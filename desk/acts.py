"""What people do with submissions on the page: each act is one of the queue's verbs, as one commit in its doer's name.

The verbs check states and owners themselves; here is decided who may call which of them at all.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from desk.callers import Caller
from submissions.errors import QueueError
from submissions.record import Submission
from submissions.stored import MOST_TOGETHER, Queue

Verb = Literal[
    "answer", "withdraw", "ask_retry", "approve", "ask", "reject", "set_priority", "retry", "release", "rerun"
]

SUBMITTERS: frozenset[Verb] = frozenset({"answer", "withdraw", "ask_retry"})
"""What a submitter may do with his own submissions; all else is a maintainer's."""


class Act(BaseModel):
    """One act on one submission or on several. `commits`: those of the code that a maintainer trusts, as he read it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verb: Verb
    ids: Annotated[tuple[Annotated[str, Field(max_length=60)], ...], Field(min_length=1, max_length=MOST_TOGETHER)]
    text: Annotated[str, Field(max_length=2000)] = ""
    priority: Annotated[int, Field(ge=-(10**9), le=10**9)] | None = None
    commits: Annotated[dict[str, str], Field(max_length=20)] | None = None


class NotAllowed(QueueError):
    """This caller may not do this; nothing was changed."""


def act(queue: Queue, asked: Act, caller: Caller) -> tuple[Submission, ...]:
    """Do it, with all of the submissions or with none; returns them as they are then.

    Raises:
        NotAllowed: the caller is not signed in, or no maintainer.
        QueueError: as the verb.
        StoreError
    """
    if not caller.signed_in:
        raise NotAllowed("먼저 로그인해 주세요.", "Sign in first.")
    if asked.verb not in SUBMITTERS and not caller.maintainer:
        raise NotAllowed("관리자만 할 수 있습니다.", "Only maintainers may do this.")
    deed = _deed(asked, caller)
    if len(asked.ids) == 1:
        return (deed(queue, asked.ids[0]),)
    return queue.together(asked.ids, deed)


def _deed(asked: Act, caller: Caller) -> Callable[[Queue, str], Submission]:
    who, text, maintainer = caller.who, asked.text, caller.maintainer
    deeds: dict[Verb, Callable[[Queue, str], Submission]] = {
        "answer": lambda queue, each: queue.answer(each, who=who, text=text, maintainer=maintainer),
        "withdraw": lambda queue, each: queue.withdraw(each, who=who, maintainer=maintainer, why=text),
        "ask_retry": lambda queue, each: queue.ask_retry(each, who=who, why=text),
        "approve": lambda queue, each: _approve(queue, each, asked, who),
        "ask": lambda queue, each: queue.ask(each, who=who, question=text),
        "reject": lambda queue, each: queue.reject(each, who=who, why=text),
        "set_priority": lambda queue, each: queue.set_priority(each, who=who, priority=asked.priority or 0),
        "retry": lambda queue, each: queue.retry(each, who=who, why=text),
        "release": lambda queue, each: queue.release_stuck(each, who=who, why=text),
        "rerun": lambda queue, each: queue.rerun(each, who=who, why=text),
    }
    return deeds[asked.verb]


def _approve(queue: Queue, submission_id: str, asked: Act, who: str) -> Submission:
    """Trust is given to the commits whose files the maintainer was shown, and to no others."""
    if asked.commits is not None and asked.commits != code_commits(queue.find(submission_id)):
        raise QueueError(
            "코드를 보신 뒤에 제출이 바뀌었습니다. 코드를 다시 확인해 주세요.",
            "The submission was changed after you read its code; read the code again.",
        )
    return queue.approve(submission_id, who=who, priority=asked.priority, trust=asked.commits is not None)


def code_commits(submission: Submission) -> dict[str, str]:
    """The repositories whose code a submission may need, each at its commit."""
    spec = submission.spec
    return {spec.model: spec.revision or "", **spec.parts}
