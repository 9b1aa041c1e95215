"""The verbs of the queue: which transitions there are, and what each leaves in the record."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evaluator.errors import FAILURE_CLASSES
from evaluator.spec import ModelSpec
from submissions import claims, queue
from submissions.errors import AlreadyEvaluated, AlreadySubmitted, IllegalTransition, LeaseLost, NotYours, QueueError
from submissions.order import next_to_claim
from submissions.record import (
    OPEN,
    UNDECIDED,
    ResultReference,
    Status,
    Submission,
    dump_submission,
    load_submission,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESULT = ResultReference(path="results/org__model/abc-def.json", revision="cd" * 20)


def spec(name: str = "org/model", **fields: Any) -> ModelSpec:
    return ModelSpec(model=name, revision="ab" * 20, **fields)


def pending(number: int = 1, name: str = "org/model") -> Submission:
    return queue.submit(
        [],
        spec(name),
        new_id=queue.submission_id(NOON, f"{number:06x}"),
        who="visitor",
        at=NOON,
        has_result=False,
    )


def queued(number: int = 1, name: str = "org/model", minute: int = 0, priority: int | None = None) -> Submission:
    at = NOON + timedelta(minutes=minute)
    return queue.approve(pending(number, name), who="maintainer", at=at, priority=priority)


def running(nonce: str = "n1", submission: Submission | None = None) -> Submission:
    return claims.claim(submission or queued(), worker="w", nonce=nonce, at=NOON, lease=HOUR)


def failed() -> Submission:
    return claims.fail(running(), nonce="n1", at=NOON, failure="load_failed", message="broken")


def asked() -> Submission:
    return queue.ask(pending(), who="m", at=NOON, question="Which prompt?")


def finished() -> Submission:
    return claims.finish(running(), nonce="n1", at=NOON, result=RESULT)


def changed(submission: Submission, new: ModelSpec | None = None, **fields: Any) -> Submission:
    """A change by its submitter, to half precision if nothing else is said."""
    said: dict[str, Any] = {"who": "visitor", "at": NOON, "has_result": False} | fields
    return queue.change(submission, said.pop("others", [submission]), new or spec(precision="float16"), **said)


IN_STATE: dict[Status, Callable[[], Submission]] = {
    Status.PENDING: pending,
    Status.WAITING: asked,
    Status.QUEUED: queued,
    Status.RUNNING: running,
    Status.FINISHED: finished,
    Status.FAILED: failed,
    Status.REJECTED: lambda: queue.reject(pending(), who="m", at=NOON, why="not an embedding model"),
    Status.WITHDRAWN: lambda: queue.withdraw(pending(), who="visitor", at=NOON),
}

VERBS: dict[str, tuple[Callable[[Submission], Submission], set[Status], Status]] = {
    "approve": (lambda s: queue.approve(s, who="m", at=NOON), {Status.PENDING}, Status.QUEUED),
    "reject": (lambda s: queue.reject(s, who="m", at=NOON, why="no"), set(UNDECIDED), Status.REJECTED),
    "ask": (lambda s: queue.ask(s, who="m", at=NOON, question="Why?"), {Status.PENDING}, Status.WAITING),
    "answer": (lambda s: queue.answer(s, who="visitor", at=NOON, text="So."), {Status.WAITING}, Status.PENDING),
    "release_stuck": (
        lambda s: queue.release_stuck(s, who="m", at=NOON, why="no word"),
        {Status.RUNNING},
        Status.QUEUED,
    ),
    "rerun": (
        lambda s: queue.rerun(s, [], who="m", at=NOON, why="stale data", runs=["r1"]),
        {Status.FINISHED},
        Status.QUEUED,
    ),
    "withdraw": (
        lambda s: queue.withdraw(s, who="m", at=NOON, maintainer=True),
        {Status.PENDING, Status.WAITING, Status.QUEUED},
        Status.WITHDRAWN,
    ),
    "claim": (lambda s: claims.claim(s, worker="w", nonce="n", at=NOON, lease=HOUR), {Status.QUEUED}, Status.RUNNING),
    "finish": (lambda s: claims.finish(s, nonce="n1", at=NOON, result=RESULT), {Status.RUNNING}, Status.FINISHED),
    "fail": (
        lambda s: claims.fail(s, nonce="n1", at=NOON, failure="gated", message="ask"),
        {Status.RUNNING},
        Status.FAILED,
    ),
    "release": (lambda s: claims.release(s, nonce="n1", at=NOON, why="stop"), {Status.RUNNING}, Status.QUEUED),
    "reclaim": (
        lambda s: claims.reclaim(s, who="x", at=NOON + 2 * HOUR, stood=2 * HOUR),
        {Status.RUNNING},
        Status.QUEUED,
    ),
    "retry": (
        lambda s: queue.retry(s, [], who="m", at=NOON, has_result=False),
        {Status.FAILED, Status.REJECTED},
        Status.QUEUED,
    ),
}

REMARKS: dict[str, tuple[Callable[[Submission], Submission], set[Status]]] = {
    "change": (changed, set(UNDECIDED)),
    "set_priority": (lambda s: queue.set_priority(s, who="m", at=NOON, priority=3), set(OPEN)),
    "ask_retry": (
        lambda s: queue.ask_retry(s, who="visitor", at=NOON, why="repaired"),
        {Status.FAILED, Status.REJECTED},
    ),
}
"""Verbs that leave the state as it is, and the states in which they may."""


@pytest.mark.parametrize("state", list(Status))
@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verb_works_in_its_states_and_is_refused_in_all_others(verb: str, state: Status) -> None:
    act, allowed, to = VERBS[verb]
    before = IN_STATE[state]()
    if state not in allowed:
        with pytest.raises(QueueError):
            act(before)
        return
    after = act(before)
    to = Status.PENDING if state is Status.REJECTED else to  # a retry of a rejected one is decided about again
    assert after.status is to
    assert after.history[:-1] == before.history
    assert (after.history[-1].from_status, after.history[-1].to_status) == (state, to)


@pytest.mark.parametrize("state", list(Status))
@pytest.mark.parametrize("verb", sorted(REMARKS))
def test_a_remark_is_made_in_its_states_and_leaves_them_as_they_are(verb: str, state: Status) -> None:
    act, allowed = REMARKS[verb]
    before = IN_STATE[state]()
    if state not in allowed:
        with pytest.raises(IllegalTransition, match=f"is {state}"):
            act(before)
        return
    after = act(before)
    assert (after.status, after.lease, after.path) == (state, before.lease, before.path)
    assert after.history[:-1] == before.history
    assert not after.history[-1].moves
    assert after.entered == before.entered
    assert load_submission(dump_submission(after)) == after


@pytest.mark.parametrize("state", list(Status))
def test_every_state_survives_its_file_and_knows_its_folder(state: Status) -> None:
    submission = IN_STATE[state]()
    assert load_submission(dump_submission(submission)) == submission
    assert submission.path.startswith("open/" if state in OPEN else "closed/")
    assert (submission.lease is not None) == (state is Status.RUNNING)


def test_ids_sort_by_time() -> None:
    ids = [queue.submission_id(NOON + timedelta(seconds=n), "ffffff" if n % 2 else "000000") for n in range(5)]
    assert ids == sorted(ids)
    assert ids[0] == "20261123T120000Z-000000"


def test_the_same_spec_is_not_queued_twice_even_with_force() -> None:
    for force in (False, True):
        with pytest.raises(AlreadySubmitted, match="이미 대기열에") as refused:
            queue.submit([pending()], spec(), new_id="x", who="v", at=NOON, has_result=False, force=force)
        assert refused.value.submission_id == pending().id


def test_an_evaluated_spec_is_queued_again_only_with_force() -> None:
    new_id = queue.submission_id(NOON, "00000a")
    with pytest.raises(AlreadyEvaluated):
        queue.submit([], spec(), new_id=new_id, who="v", at=NOON, has_result=True)
    assert queue.submit([], spec(), new_id=new_id, who="v", at=NOON, has_result=True, force=True).force


def test_a_failed_submission_is_not_retried_beside_a_new_one_of_the_same_spec() -> None:
    with pytest.raises(AlreadySubmitted):
        queue.retry(failed(), [pending(2)], who="m", at=NOON, has_result=False)


def test_a_retry_has_all_its_attempts_again() -> None:
    again = queue.retry(failed(), [], who="m", at=NOON, has_result=False)
    assert (again.attempt, again.failure) == (0, None)


def test_claims_go_by_priority_then_by_approval_then_by_id() -> None:
    late, early, urgent = queued(1, "o/late", minute=9), queued(2, "o/early", minute=1), queued(3, "o/u", 30, 5)
    twin = queued(4, "o/twin", minute=1)
    order = []
    waiting = [late, twin, early, urgent, pending(5, "o/pending"), running(submission=queued(6, "o/running"))]
    while following := next_to_claim(waiting, NOON):
        order.append(following)
        waiting.remove(following)
    assert order == [urgent, early, twin, late]


def test_a_reclaimed_submission_keeps_its_place() -> None:
    first, second = queued(1, "o/first", minute=1), queued(2, "o/second", minute=2)
    back = claims.reclaim(running(submission=first), who="x", at=NOON + 2 * HOUR, stood=2 * HOUR)
    assert next_to_claim([second, back], NOON + 3 * HOUR) == back


def test_a_delayed_submission_waits() -> None:
    back = claims.fail(running(), nonce="n1", at=NOON, failure="data_unavailable", message="away", delay=HOUR)
    assert back.status is Status.QUEUED
    assert next_to_claim([back], NOON + HOUR - timedelta(seconds=1)) is None
    assert next_to_claim([back], NOON + HOUR) == back


@pytest.mark.parametrize("verb", ["finish", "fail", "release"])
def test_nobody_ends_a_lease_that_is_not_theirs(verb: str) -> None:
    act, _, _ = VERBS[verb]
    with pytest.raises(LeaseLost):
        act(running(nonce="another"))
    with pytest.raises(LeaseLost):
        claims.beat(running(nonce="another"), nonce="n1", at=NOON, lease=HOUR)


def test_a_beat_never_shortens_the_lease() -> None:
    held = running()
    clock_jumped_back = claims.beat(held, nonce="n1", at=NOON - 5 * HOUR, lease=HOUR, progress={"task": "STS17"})
    assert held.lease is not None
    assert clock_jumped_back.lease is not None
    assert clock_jumped_back.lease.until == held.lease.until
    assert clock_jumped_back.lease.progress == {"task": "STS17"}
    later = claims.beat(clock_jumped_back, nonce="n1", at=NOON + HOUR, lease=HOUR)
    assert later.lease is not None
    assert later.lease.until == NOON + 2 * HOUR
    assert later.lease.progress == {"task": "STS17"}


def test_a_lease_is_not_reclaimed_before_it_ran_out() -> None:
    with pytest.raises(LeaseLost):
        claims.reclaim(running(), who="x", at=NOON + 100 * HOUR, stood=HOUR)  # whatever the observer's wall clock says


def test_a_lease_of_an_earlier_version_is_read_and_ends_too() -> None:
    content = dump_submission(running()).replace(b'"seconds": 3600.0', b'"renewals": 0')
    old = load_submission(content)
    assert old.lease is not None
    assert (old.lease.seconds, old.lease.renewals) == (None, 0)
    with pytest.raises(LeaseLost):
        claims.reclaim(old, who="x", at=NOON, stood=2 * HOUR)
    assert claims.reclaim(old, who="x", at=NOON, stood=3 * HOUR).status is Status.QUEUED


def test_a_delay_written_by_a_clock_that_is_a_year_ahead_is_waited_for_once() -> None:
    ahead = NOON + timedelta(days=365)
    back = claims.fail(running(), nonce="n1", at=ahead, failure="data_unavailable", message="away", delay=HOUR)
    assert next_to_claim([back], NOON, stood={back.id: HOUR / 2}) is None
    assert next_to_claim([back], NOON, stood={back.id: HOUR}) == back


def attempts(failure: str) -> int:
    """How often a submission is claimed until it ends."""
    submission, count = queued(), 0
    while submission.status is Status.QUEUED:
        count += 1
        submission = running(submission=submission)
        submission = claims.fail(submission, nonce="n1", at=NOON, failure=failure, message="m")  # type: ignore[arg-type]
    assert submission.status is Status.FAILED
    return count


def test_passing_failures_are_tried_three_times_a_timeout_twice_others_once() -> None:
    assert {failure: attempts(failure) for failure in FAILURE_CLASSES} == {
        **dict.fromkeys(FAILURE_CLASSES, 1),
        **dict.fromkeys(("worker_lost", "hub_unavailable", "data_unavailable", "disk_full"), 3),
        "timeout": 2,
    }


def test_after_three_vanished_workers_it_fails_as_worker_lost() -> None:
    submission = queued()
    for _ in range(3):
        assert submission.status is Status.QUEUED
        submission = claims.reclaim(running(submission=submission), who="x", at=NOON + 2 * HOUR, stood=2 * HOUR)
    assert submission.status is Status.FAILED
    assert submission.failure is not None
    assert submission.failure.failure == "worker_lost"


def test_a_vanished_worker_that_had_published_is_finished_even_at_the_third_attempt() -> None:
    third = running().model_copy(update={"attempt": 3})
    finished = claims.reclaim(third, who="x", at=NOON + 2 * HOUR, stood=2 * HOUR, result=RESULT)
    assert (finished.status, finished.result) == (Status.FINISHED, RESULT)


def test_a_released_lease_costs_no_attempt() -> None:
    assert claims.release(running(), nonce="n1", at=NOON, why="stop").attempt == 0


def test_a_rejection_needs_a_reason() -> None:
    with pytest.raises(QueueError, match="reason"):
        queue.reject(pending(), who="m", at=NOON, why="  ")


def test_only_the_submitter_or_a_maintainer_withdraws() -> None:
    with pytest.raises(NotYours):
        queue.withdraw(pending(), who="somebody", at=NOON)
    assert queue.withdraw(queued(), who="somebody", at=NOON, maintainer=True).status is Status.WITHDRAWN


def test_refusals_say_what_is_wrong_in_korean_and_english() -> None:
    with pytest.raises(IllegalTransition) as refused:
        queue.approve(running(), who="m", at=NOON)
    assert "RUNNING" in refused.value.korean
    assert "cannot become QUEUED" in refused.value.english


def test_trust_is_for_the_commits_of_one_spec_and_is_told() -> None:
    parts = {"org/code": "cd" * 20}
    asked = pending().model_copy(update={"spec": spec().model_copy(update={"parts": parts})})
    approved = queue.approve(asked, [asked], who="maintainer", at=NOON, trust=True)
    assert approved.spec == asked.spec.model_copy(update={"trust_remote_code": True})
    assert approved.spec.id != asked.spec.id
    assert approved.history[-1].why == f"trusts the code of org/model@{'ab' * 20}, org/code@{'cd' * 20}"
    assert not queue.approve(asked, who="maintainer", at=NOON).spec.trust_remote_code
    with pytest.raises(AlreadySubmitted):
        queue.approve(asked, [approved], who="maintainer", at=NOON, trust=True)
