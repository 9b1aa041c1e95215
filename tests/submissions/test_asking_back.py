"""What submitters and maintainers ask of each other after a submission: questions, changes, another try, a rerun."""

from itertools import pairwise

import pytest

from evaluator.spec import ModelSpec
from submissions import claims, queue
from submissions.errors import AlreadyEvaluated, AlreadySubmitted, LeaseLost, NotYours, QueueError
from submissions.names import identity, owns
from submissions.order import claim_order, next_to_claim
from submissions.record import ModelMetadata, Status, Submission, dump_submission, load_submission
from submissions.watch import Watch
from tests.attacks import Attacks
from tests.submissions.test_queue import (
    HOUR,
    NOON,
    asked,
    changed,
    failed,
    finished,
    pending,
    queued,
    running,
    spec,
)


def test_question_and_answer_are_in_the_history() -> None:
    answered = queue.answer(asked(), who="VISITOR", at=NOON, text="The card's own.")
    assert [(event.who, event.why) for event in answered.history[-2:]] == [
        ("m", "Which prompt?"),
        ("VISITOR", "The card's own."),
    ]
    assert asked().path.startswith("open/")


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u3164", "x" * 1001])
def test_every_text_that_is_needed_is_there_and_bounded(text: str) -> None:
    for act in (
        lambda: queue.ask(pending(), who="m", at=NOON, question=text),
        lambda: queue.answer(asked(), who="visitor", at=NOON, text=text),
        lambda: queue.ask_retry(failed(), who="visitor", at=NOON, why=text),
        lambda: queue.release_stuck(running(), who="m", at=NOON, why=text),
        lambda: queue.rerun(finished(), [], who="m", at=NOON, why=text, runs=[]),
    ):
        with pytest.raises(QueueError, match=r"적어 주세요|at most 1000"):
            act()


def test_only_the_submitter_or_a_maintainer_answers_and_changes() -> None:
    with pytest.raises(NotYours):
        queue.answer(asked(), who="somebody", at=NOON, text="So.")
    with pytest.raises(NotYours):
        changed(pending(), who="somebody")
    assert queue.answer(asked(), who="somebody", at=NOON, text="So.", maintainer=True).status is Status.PENDING
    assert changed(pending(), who="somebody", maintainer=True).spec.precision == "float16"
    with pytest.raises(NotYours):
        queue.ask_retry(failed(), who="somebody", at=NOON, why="please")


def test_a_change_tells_what_it_changed_and_keeps_the_rest() -> None:
    prompts = {"query": "query: ", "document": "passage: " * 30}
    before = pending().model_copy(update={"own": True, "training": ("KorQuAD",)})
    after = changed(
        before, spec(precision="float16", prompts=prompts, truncate_dim=256), training=["KorQuAD", "MIRACL"]
    )
    why = after.history[-1].why
    assert why.startswith('precision: auto -> float16; prompts: none -> {"query": "query: ", "document": "passage:')
    assert why.endswith("…; truncate_dim: none -> 256; training: 1 -> 2 named")
    assert after.training == ("KorQuAD", "MIRACL")
    assert (after.id, after.own, after.submitted_at, after.metadata) == (
        before.id,
        True,
        before.submitted_at,
        before.metadata,
    )
    back = changed(after, before.spec)
    assert back.training == after.training
    assert back.history[-1].why.endswith("truncate_dim: 256 -> none")


def test_a_change_to_another_commit_brings_what_the_hub_says_of_it() -> None:
    newer = spec().model_copy(update={"revision": "cd" * 20})
    after = changed(pending(), newer, metadata=ModelMetadata(parameters=7))
    assert (after.spec, after.metadata.parameters) == (newer, 7)


def test_a_change_passes_the_same_checks_as_a_submission() -> None:
    other = pending(2).model_copy(update={"spec": spec("ORG/Model", precision="float16")})
    with pytest.raises(AlreadySubmitted) as refused:
        changed(pending(), others=[pending(), other])
    assert refused.value.submission_id == other.id
    with pytest.raises(AlreadyEvaluated):
        changed(pending(), has_result=True)
    forced = pending().model_copy(update={"force": True})
    assert changed(forced, has_result=True).spec.precision == "float16"


def test_a_change_cannot_make_something_else_of_a_submission(attacks: Attacks) -> None:
    hostile = [
        spec("org/other"),
        spec(trust_remote_code=True),
        ModelSpec(model="org/model", revision="ab" * 20, source="local", folder="/etc"),  # type: ignore[arg-type]
        spec(prompts={f"key-{number}": "가" * 4000 for number in range(50)}),
        spec(),  # nothing would be changed
    ]
    for wanted in hostile:
        with pytest.raises(QueueError):
            changed(pending(), wanted)
    assert changed(pending(), spec(trust_remote_code=True), maintainer=True).spec.trust_remote_code
    attacks.held("the page", "a change that would make another submission of one", len(hostile))


def test_a_submitter_does_not_change_without_end(attacks: Attacks) -> None:
    submission = pending()
    both = [spec(prompts={"query": number * "가" * 2000}) for number in (1, 2)]
    for number in range(queue.MOST_CHANGES):
        submission = changed(submission, both[number % 2])
    with pytest.raises(QueueError, match="changed 20 times"):
        changed(submission, both[0])
    assert len(dump_submission(submission)) < queue.SUBMITTED_BYTES
    assert changed(submission, both[0], maintainer=True).spec == both[0]
    attacks.held("the page", "changes of one submission beyond the last")


def test_training_sets_are_cleaned_and_bounded(attacks: Attacks) -> None:
    def submitted(names: list[str]) -> tuple[str, ...]:
        return queue.submit(
            [], spec(), new_id=pending().id, who="v", at=NOON, has_result=False, training=names
        ).training

    assert submitted([" KorQuAD\u202e ", "", "KorQuAD", "klue/sts\n"]) == ("KorQuAD", "klue/sts")
    for names in (["x" * 201], [str(number) for number in range(101)]):
        with pytest.raises(QueueError, match="At most 100 training sets"):
            submitted(names)
        with pytest.raises(QueueError, match="100개까지"):
            changed(pending(), training=names)
    attacks.held("the page", "training sets beyond what may be named", 4)


def test_another_try_is_asked_for_once_a_failure() -> None:
    wished = queue.ask_retry(failed(), who="Visitor", at=NOON, why="repaired")
    assert (wished.status, wished.retry_asked, wished.failure) == (Status.FAILED, "repaired", failed().failure)
    with pytest.raises(QueueError, match="asked for already"):
        queue.ask_retry(wished, who="visitor", at=NOON, why="please")
    again = queue.retry(wished, [], who="m", at=NOON, has_result=False, why="as asked")
    assert (again.retry_asked, again.history[-1].why) == ("", "retry: as asked")
    failed_again = claims.fail(running(submission=again), nonce="n1", at=NOON, failure="load_failed", message="broken")
    assert queue.ask_retry(failed_again, who="visitor", at=NOON, why="repaired").retry_asked


def test_a_rejected_submission_is_decided_about_again() -> None:
    rejected = queue.reject(asked(), who="m", at=NOON, why="no answer")
    again = queue.retry(
        queue.ask_retry(rejected, who="visitor", at=NOON, why="here"), [], who="m", at=NOON, has_result=False
    )
    assert (again.status, again.retry_asked) == (Status.PENDING, "")
    assert changed(again).spec.precision == "float16"


def test_a_worker_whose_submission_was_taken_holds_nothing() -> None:
    third = running().model_copy(update={"attempt": 3})
    taken = queue.release_stuck(third, who="m", at=NOON, why="hangs")
    assert (taken.status, taken.lease, taken.attempt) == (Status.QUEUED, None, 2)
    assert taken.history[-1].why == "taken from w: hangs"
    again = claims.claim(taken, worker="w2", nonce="n2", at=NOON, lease=HOUR)
    with pytest.raises(LeaseLost):
        claims.beat(again, nonce="n1", at=NOON, lease=HOUR)
    with pytest.raises(LeaseLost):
        claims.fail(again, nonce="n1", at=NOON, failure="internal", message="m")


def test_a_rerun_begins_anew_and_knows_the_runs_before_it() -> None:
    again = queue.rerun(finished(), [], who="m", at=NOON + HOUR, why="stale data", runs=["r1", "r2", "r1"])
    assert (again.force, again.result, again.attempt, again.earlier_runs) == (True, None, 0, ("r1", "r2"))
    third = queue.rerun(
        again.model_copy(update={"status": Status.FINISHED}), [], who="m", at=NOON, why="again", runs=["r3"]
    )
    assert third.earlier_runs == ("r1", "r2", "r3")
    with pytest.raises(AlreadySubmitted):
        queue.rerun(finished(), [pending(2)], who="m", at=NOON, why="stale data", runs=[])


def test_a_priority_changes_neither_the_place_nor_a_lease_nor_a_pause() -> None:
    early, late = queued(1, "o/early", minute=1), queued(2, "o/late", minute=2)
    touched = queue.set_priority(early, who="m", at=NOON + 9 * HOUR, priority=0)
    assert next_to_claim([late, touched], NOON) == touched
    assert next_to_claim([queue.set_priority(late, who="m", at=NOON, priority=1), early], NOON) != early

    seconds = 0.0
    watch = Watch(lambda: seconds)
    held = running()
    watch.stood([held])
    seconds = 3600.0
    assert watch.stood([queue.set_priority(held, who="m", at=NOON, priority=1)])[held.id] == HOUR

    back = claims.fail(running(), nonce="n1", at=NOON, failure="data_unavailable", message="away", delay=HOUR)
    noted = queue.set_priority(back, who="m", at=NOON + HOUR / 2, priority=1)
    assert next_to_claim([noted], NOON + HOUR / 2, stood={back.id: HOUR * 0.75}) is None


def test_an_owners_own_model_goes_first_within_its_priority() -> None:
    def of(number: int, own: bool, priority: int, minute: int) -> Submission:
        return queued(number, f"o/m{number}", minute, priority).model_copy(update={"own": own})

    order = [of(1, False, 5, 3), of(2, True, 0, 2), of(3, True, 0, 4), of(4, False, 0, 1)]
    assert sorted(order[1:] + order[:1], key=claim_order) == order
    assert all(next_to_claim([second, first], NOON) == first for first, second in pairwise(order))


def test_names_are_the_same_in_small_letters_and_in_capitals() -> None:
    with pytest.raises(AlreadySubmitted):
        queue.submit([pending()], spec("Org/MODEL"), new_id=pending().id, who="v", at=NOON, has_result=False)
    assert queue.withdraw(pending(), who="VISITOR", at=NOON).status is Status.WITHDRAWN
    assert identity(spec("Org/MODEL")) == identity(spec()) != identity(spec("org/models"))
    parts = [spec(parts={name: "cd" * 20}) for name in ("Org/Base", "org/base")]
    assert identity(parts[0]) == identity(parts[1]) != identity(spec())
    assert owns("Alice/model", "alice")
    assert owns("Lab/model", "alice", ["LAB"])
    assert not owns("lab/model", "alice", ["laboratory"])


def test_a_file_of_an_earlier_version_is_read_and_written_as_it_was() -> None:
    content = dump_submission(queued())
    for field in ("own", "training", "retry_asked", "earlier_runs"):
        assert f'"{field}"'.encode() not in content
    assert dump_submission(load_submission(content)) == content
