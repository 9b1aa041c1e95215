"""Progress for programs: one JSON event a line, rate and remaining time from the clock."""

import io
import json
import os

from evaluator.progress import Bar, JsonLines, descriptor_stream


class FrozenClock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_rate_and_remaining_time_follow_from_the_tokens() -> None:
    stream, clock = io.StringIO(), FrozenClock()
    progress = JsonLines(stream, clock)
    progress.tokens(1_000, 11_000, "KLUE-STS")
    clock.now += 10
    progress.tokens(6_000, 11_000, "KorSTS")
    first, second = lines(stream)
    assert (first["tokens_per_second"], first["remaining_seconds"]) == (None, None)
    assert second == {
        "event": "progress",
        "phase": "encode",
        "task": "KorSTS",
        "tokens_done": 6_000,
        "tokens_total": 11_000,
        "tokens_per_second": 500.0,
        "remaining_seconds": 10.0,
    }


def test_a_resumed_run_counts_only_its_own_tokens_for_the_rate() -> None:
    stream, clock = io.StringIO(), FrozenClock()
    progress = JsonLines(stream, clock)
    progress.tokens(9_000, 10_000, None)
    clock.now += 2
    progress.tokens(9_500, 10_000, None)
    assert lines(stream)[-1]["tokens_per_second"] == 250.0


def test_tokens_are_told_once_a_second_and_at_the_end() -> None:
    stream, clock = io.StringIO(), FrozenClock()
    progress = JsonLines(stream, clock)
    for done in range(1, 101):
        progress.tokens(done, 100, None)
        clock.now += 0.1
    assert 10 <= len(lines(stream)) <= 12
    assert lines(stream)[-1]["tokens_done"] == 100


def test_tasks_and_failures_are_events() -> None:
    stream = io.StringIO()
    progress = JsonLines(stream, FrozenClock())
    progress.task("KLUE-STS", 0.5)
    progress.failed("gated", "접근 권한이 필요합니다.")
    assert lines(stream) == [
        {"event": "task", "task": "KLUE-STS", "score": 0.5},
        {"event": "failed", "class": "gated", "message": "접근 권한이 필요합니다."},
    ]


def test_without_a_terminal_the_bar_is_plain_lines() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    bar.phase("load")
    bar.phase("score", "KLUE-STS")
    bar.tokens(5, 10, None)
    bar.close()
    assert stream.getvalue() == "loading the model\nscoring KLUE-STS\n"


def test_events_go_to_a_descriptor_of_their_own_whatever_is_in_them() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as stream, descriptor_stream(writing) as told:
        assert not os.get_inheritable(writing)
        JsonLines(told, FrozenClock()).failed("load_failed", "half a pair \ud800 " + "가" * 5000)
        event = json.loads(stream.readline())
    assert event["message"].startswith("half a pair ? 가가")
    assert len(event["message"]) == 1000
