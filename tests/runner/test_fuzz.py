"""100,000 damaged events, results and samples files: each gives values within bounds, or a sentence."""

import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.errors import FAILURE_CLASSES
from evaluator.evidence.samples import dump_samples
from evaluator.records import ModelResult, Run, dump_result
from evaluator.tasks import discovered_tasks
from runner.child import Job
from runner.events import Inbox, Lines, parse_event, progress_of
from runner.left import Refused
from runner.vouch import parse_result, parse_samples, vouched
from tests.attacks import Attacks
from tests.leaderboard_data.examples import MOMENT, measured
from tests.runner.conftest import TASKS, spec
from tests.runner.honest import honest_samples, honest_score, metrics_anew

JOB = Job(name="one", spec=spec(), folder=Path("/nowhere"), tasks=tuple(TASKS))
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**30, -(10**30), 1e300, -0.0, "", "x" * 3000, "\ud800", "\u202e\x00\x1b[2J"),
    *([], {}, [[]], {"a": {"b": []}}, float("nan"), float("inf"), "KLUE-STS", "NOBODY", "timeout", "<script>", "2999"),
)
EVENTS: tuple[dict[str, Any], ...] = (
    {"event": "progress", "phase": "encode", "task": "KorSTS", "tokens_done": 5, "tokens_total": 9}
    | {"tokens_per_second": 2.5, "remaining_seconds": 1.5},
    {"event": "task", "task": "KLUE-STS", "score": 0.5},
    {"event": "failed", "class": "load_failed", "message": "가중치가 손상되었습니다."},
)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, left out or put in."""
    made = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(4):
            case 0:
                made[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del made[at : at + chance.choice((1, 2, 50))]
            case 2:
                made[at:at] = chance.choice((b"[" * 1200, b"\\ud800", b"9" * 40, b'"', b"\x00", b"{", b"1e999", b"\n"))
            case _:
                end = at + chance.randrange(40)
                made[at:at] = made[at:end]
    return bytes(made)


def changed(value: Any, chance: random.Random) -> Any:
    """A copy of a JSON value with something odd somewhere in it."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(list(value))
        match chance.randrange(8):
            case 0:
                return {key: kept for key, kept in value.items() if key != name}
            case 1:
                return value | {str(chance.choice(ODD))[:50]: value[name]}
            case _:
                return value | {name: changed(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        return [*value[:at], changed(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


def check_event(line: bytes) -> bool:
    event = parse_event(line, JOB.tasks)
    if event is None:
        return False
    text = json.dumps(event, allow_nan=False)
    assert len(text) < 6500  # 1,000 characters of a message, escaped
    text.encode()
    assert event["event"] in ("progress", "task", "failed")
    if event["event"] == "failed":
        assert event["class"] in FAILURE_CLASSES
        assert event["class"] not in ("timeout", "worker_lost")
        assert event["message"].isprintable()
        assert 0 < len(event["message"]) <= 1000
    else:
        assert event.get("task") in (None, *TASKS)
        assert len(json.dumps(progress_of(event))) < 400
    return True


def test_damaged_events_are_events_within_bounds_or_none(attacks: Attacks) -> None:
    chance, good = random.Random(1), 0
    for number in range(65_000):
        event = EVENTS[number % len(EVENTS)]
        if number % 2:
            good += check_event(json.dumps(changed(event, chance)).encode("utf-8", "surrogatepass"))
        else:
            good += check_event(damaged(json.dumps(event, ensure_ascii=False).encode(), chance))
    assert 1000 < good < 64_000
    attacks.held("the worker", "a damaged event", 65_000)


def test_a_stream_in_any_pieces_gives_its_lines_and_holds_no_long_one(attacks: Attacks) -> None:
    chance = random.Random(2)
    for _ in range(10_000):
        stream = chance.choice((b"a\n", b"\r\n", b"x" * 70 + b"\n", b"\n\n")) * chance.randrange(4) + b"y" * 50
        lines, found = Lines(20), []
        at = 0
        while at < len(stream):
            step = chance.randrange(1, 40)
            found += lines.feed(stream[at : at + step])
            at += step
            assert len(lines.rest()) <= 21
        wanted = stream.replace(b"\r", b"\n").split(b"\n")
        assert [*found, lines.rest()] == [line[:21] for line in wanted]
    attacks.held("the worker", "a stream cut anywhere", 10_000)


def test_the_inbox_holds_few_events_however_many_come() -> None:
    chance, inbox = random.Random(3), Inbox()
    for _ in range(10_000):
        event = parse_event(json.dumps(chance.choice(EVENTS) | {"task": chance.choice(JOB.tasks)}).encode(), JOB.tasks)
        assert event is not None
        inbox.put(event)
        assert len(inbox) <= 2 * (len(TASKS) + 1) + 1
    heard = []
    while (taken := inbox.take()) is not None:
        heard.append(taken)
    assert sorted(event["task"] for event in heard if event["event"] == "task") == sorted(TASKS)


@pytest.fixture(scope="module")
def result() -> ModelResult:
    tasks = {task: honest_score(task) for task in TASKS}
    return measured(spec=JOB.spec, tasks=tasks, at=datetime(2026, 11, 23, tzinfo=UTC))


def test_damaged_results_are_the_jobs_or_refused(result: ModelResult, attacks: Attacks) -> None:
    chance, parsed, content = random.Random(4), 0, dump_result(result)
    for number in range(21_000):
        if number % 2:
            odd = json.dumps(changed(json.loads(content), chance)).encode("utf-8", "surrogatepass")
        else:
            odd = damaged(content, chance)
        try:
            found = parse_result(odd, JOB)
        except Refused:
            continue
        assert set(found.tasks) == set(TASKS)
        parsed += 1
    assert parsed > 500
    attacks.held("the worker", "a damaged result file", 21_000)


def test_what_is_vouched_for_can_be_written_whatever_the_result_said(attacks: Attacks) -> None:
    chance, published = random.Random(5), 0
    task = "KLUE-STS"
    job = Job(name="one", spec=spec(), folder=Path("/nowhere"), tasks=(task,))
    samples = dump_samples({task: honest_samples(task)})
    content = json.loads(dump_result(measured(spec=job.spec, tasks={task: honest_score(task)})))
    (run,) = content["runs"].values()
    run |= {"tokens": 5, "seconds": {"load": 1.5}, "commit": "ab" * 20}
    run["environment"] |= {"versions": {"torch": "2"}, "max_tokens": 512, "prompts": {task: {"text": "q: "}}}
    content["model"] = {"parameters": 5, "max_tokens": 512, "license": "mit", "architecture": "Bert"}
    for _ in range(400):
        odd = changed(content, chance)
        odd = (
            content | {chance.choice(["model", "runs", "tasks", "origin"]): None} if not isinstance(odd, dict) else odd
        )
        try:
            found = ModelResult.model_validate_json(json.dumps(renamed(odd)).encode("utf-8", "surrogatepass"))
            told, file = vouched(job, found, samples, submission="one", since=MOMENT, beat=lambda: None)
        except (Refused, ValueError):
            continue
        written = dump_result(told)
        assert len(written) < 15_000
        assert file == samples
        json.loads(written, parse_constant=lambda name: pytest.fail(name))
        assert ModelResult.model_validate_json(written) == told
        assert told.tasks[task].metrics == pytest.approx(honest_score(task).metrics, abs=1e-9)
        published += 1
    assert published > 40
    attacks.held("the worker", "an odd result that is made one to vouch for", 400)


def renamed(content: Any) -> Any:
    """The result with the id that its one run has now, so that more of the odd ones are read."""
    try:
        (run,) = content["runs"].values()
        name = Run.model_validate(run).id
        tasks = {task: score | {"run": name} for task, score in content["tasks"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return content
    return content | {"runs": {name: run}, "tasks": tasks}


def test_damaged_samples_are_samples_or_refused(attacks: Attacks) -> None:
    chance, read = random.Random(6), 0
    task = discovered_tasks()["KLUE-STS"]
    content = dump_samples({task.id: honest_samples(task.id)})
    for _ in range(4_000):
        try:
            found = parse_samples(damaged(content, chance), [task])
        except Refused:
            continue
        assert found.keys() == {task.id}
        read += 1
    assert read
    attacks.held("the worker", "a damaged samples file", 4_000)


def test_a_small_file_that_unfolds_to_very_much_is_refused(attacks: Attacks) -> None:
    task = discovered_tasks()["KLUE-STS"]

    def file(rows: int, item: str, **columns: Any) -> bytes:
        held = {
            name: np.zeros(rows) for name in sorted(("gold", "cosine", "dot", "manhattan", "euclidean", "similarity"))
        }
        table = pa.table({"task": pa.array([task.id] * rows), "item": pa.array([item] * rows), **held, **columns})
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        return buffer.getvalue()

    for content in (
        file(3_000_000, "1"),
        file(50, "x" * 2_000_000),
        file(50, "1", more=pa.array(["y" * 1000] * 50)),
        file(50, "1", ami=pa.array([[1.0]] * 50)),
        file(0, "1"),
    ):
        assert len(content) < 1_000_000
        with pytest.raises(Refused, match="samples"):
            parse_samples(content, [task])
    attacks.held("the worker", "samples that unfold to very much, or to other things", 5)


def test_the_honest_metrics_are_those_of_the_kinds() -> None:
    """If not: `python -m tests.runner.honest`."""
    for task_id, metrics in metrics_anew().items():
        assert honest_score(task_id).metrics == pytest.approx(metrics, abs=1e-9)
