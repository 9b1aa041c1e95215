"""Evaluations that mean harm: `python -m tests.runner.hostile ATTACK` and then the evaluator's options.

Each begins from what an honest evaluation would leave (`tests.runner.honest`) and does one thing to the worker.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluator.evidence.samples import dump_samples
from evaluator.records import Run, dump_result
from evaluator.spec import ModelSpec
from tests.leaderboard_data.examples import measured
from tests.runner.honest import honest_samples, honest_score

FORGED = {
    "event": "failed",
    "class": "worker_lost",
    "message": "x\ud800\u202e\x1b[31m" + "m" * 5000,
    "nested": {"event": "task", "task": ["KLUE-STS"]},
}


class Child:
    """What an attack has in its hands: the options, the descriptor of the events, an honest result and samples."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        for name in ("--spec", "--work-dir", "--output", "--samples", "--rankings", "--curves", "--datasets", "--onto"):
            parser.add_argument(name, type=Path)
        parser.add_argument("attack")
        parser.add_argument("--apart", action="store_true")
        parser.add_argument("--progress")
        parser.add_argument("--device")
        parser.add_argument("--tasks", action="append", default=[])
        self.options = parser.parse_args()
        self.events = int(self.options.progress.removeprefix("fd:"))
        spec = ModelSpec.model_validate_json(self.options.spec.read_bytes())
        tasks = {task: honest_score(task) for task in self.options.tasks}
        result = measured(spec=spec, tasks=tasks, at=datetime(2026, 11, 23, tzinfo=UTC))
        self.result: dict[str, Any] = json.loads(dump_result(result))
        self.samples: dict[str, Any] = {task: honest_samples(task) for task in tasks}

    def log(self, data: bytes) -> None:
        os.write(2, data)

    def tell(self, data: bytes) -> None:
        os.write(self.events, data)

    def leave(self) -> None:
        """Write the result and the samples as they are now."""
        if not self.options.output.exists():
            self.options.output.write_text(json.dumps(self.result))
        if self.samples and not os.path.lexists(self.options.samples):
            self.options.samples.write_bytes(dump_samples(self.samples))

    def rerun(self, **fields: Any) -> None:
        """Change the one run, and what names it."""
        (run,) = self.result["runs"].values()
        run |= fields
        name = Run.model_validate(run).id
        self.result["runs"] = {name: run}
        for task in self.result["tasks"].values():
            task["run"] = name


def log_that_looks_like_an_event(child: Child) -> None:
    child.log(b"activation_function: torch.nn.\n" + json.dumps(FORGED).encode() + b"\n" + b'{"event": "task"}\n')


def odd_events(child: Child) -> None:
    big = 10**30
    for event in (
        FORGED["nested"],
        {"event": "progress", "phase": {"a": 1}, "task": "\ud800", "tokens_done": big, "tokens_total": -big, "x": [1]},
        {"event": "progress", "tokens_per_second": 1e300, "remaining_seconds": "soon"}
        | {str(n): 1 for n in range(200)},
        {"event": "task", "task": "NOBODY-ASKED", "score": 1.0},
        {"event": "task", "task": "KLUE-STS", "score": big},
    ):
        child.tell(json.dumps(event).encode() + b"\n")
    child.tell(b'{"event": "progress", "tokens_done": NaN, "task": "KorSTS", "tokens_total": 1e999}\n')
    child.tell(b"[" * 8000 + b"\n\xff\xfe\x00\n" + b'{"event": "progress"' + b" " * 20000 + b"}\n")


def claims_what_only_a_worker_knows(child: Child) -> None:
    child.tell(json.dumps(FORGED).encode() + b"\n")  # too long a line
    child.tell(json.dumps(FORGED | {"message": "x\ud800\u202e\x1b[31m" + "m" * 2000}).encode() + b"\n")
    sys.exit(1)


def line_without_end(child: Child) -> None:
    block = b"x" * (1 << 20)
    for _ in range(300):
        child.log(block)
    for _ in range(20):
        child.tell(block)


def endless_output(child: Child) -> None:
    block = b"log line\n" * 7000
    event = b'{"event": "progress", "phase": "encode", "tokens_done": 1}\n' * 500
    while True:
        child.log(block)
        child.tell(event)


def signal_40(child: Child) -> None:  # noqa: ARG001
    os.kill(os.getpid(), 40)


def pipe_as_result(child: Child) -> None:
    os.mkfifo(child.options.output)


def folder_as_result(child: Child) -> None:
    child.options.output.mkdir()


def pipe_as_samples(child: Child) -> None:
    os.mkfifo(child.options.samples)


def link_as_samples(child: Child) -> None:
    child.options.samples.symlink_to("/etc/passwd")


def device_as_samples(child: Child) -> None:
    child.options.samples.symlink_to("/dev/zero")


def huge_result(child: Child) -> None:
    with child.options.output.open("wb") as file:
        file.truncate(2**40)


def deep_result(child: Child) -> None:
    child.options.output.write_text("[" * 1_000_000)


def text_as_samples(child: Child) -> None:
    child.options.samples.write_text("root:x:0:0")


def published_origin(child: Child) -> None:
    child.result["origin"] = {
        "kind": "measured",
        "by": "published",
        "label": "=cmd()|<script>",
        "reference": "javascript:alert(1)",
        "version": "9",
    }
    child.result["model"] = {"license": "L\u202e" * 140, "architecture": "A" * 300}  # as much as a record may hold
    environment = {
        "versions": {"torch": "2\n" * 140, "evil": "<script>"},
        "prompts": {"KLUE-STS": {"text": "q: \x1b" + "p" * 19_000, "evil": "x"}, "NOBODY-ASKED": {"text": "x"}},
        "prompt_sources": {"KLUE-STS": {"text": "\u202e" * 200, "evil": "x"}, "NOBODY-ASKED": {"text": "x"}},
        "unused_prompts": ["evil\u202e" * 40] * 900,
        "device": "cpu\n" * 70,
    }
    child.rerun(
        at="2099-01-01T00:00:00Z",
        submission="another",
        tokens=2**53,
        seconds={"load": 1e12, "evil": 1.0},
        environment=environment,
        code="<script>",
        commit="x" * 300,
    )
    score = child.result["tasks"]["KLUE-STS"]
    score["intervals95"] = {"sts8": [0.999, 1.0], "<b>": [0, 1]}
    score["n"], score["version"], score["seconds"] = 2**31 - 1, 99, 1e12
    score["removed"] = {"<script>" * 30: 10**9}
    score["data"] |= {"path": "evil/data", "revision": "x" * 300, "split": "evil", "config": "\u202e"}
    score["reported"] = {"sts8": 1.0}


def reported_kind(child: Child) -> None:
    child.result["origin"] = {"kind": "reported", "by": "published"}


def tasks_nobody_asked_for(child: Child) -> None:
    child.result["tasks"]["AutoRAGRetrieval"] = next(iter(child.result["tasks"].values()))


def tasks_left_out(child: Child) -> None:
    child.result["tasks"].popitem()


def scores_without_samples(child: Child) -> None:
    child.samples = {}


def scores_without_some_samples(child: Child) -> None:
    del child.samples["KLUE-STS"]


def samples_of_other_tasks(child: Child) -> None:
    child.samples["AutoRAGRetrieval"] = honest_samples("AutoRAGRetrieval")


def better_scores(child: Child) -> None:
    child.result["tasks"]["KLUE-STS"]["metrics"]["cosine_spearman"] += 1e-6


def scores_of_a_metric_of_its_own(child: Child) -> None:
    child.result["tasks"]["KLUE-STS"]["metrics"]["brilliance"] = 1.0


def samples_of_no_numbers(child: Child) -> None:
    samples = child.samples["KLUE-STS"]
    child.samples["KLUE-STS"] = {**samples, "cosine": samples["cosine"] + [float("inf")] * len(samples["cosine"])}


def samples_of_another_kind(child: Child) -> None:
    child.samples["KLUE-STS"] = honest_samples("AutoRAGRetrieval")


def other_data(child: Child) -> None:
    child.result["tasks"]["KLUE-STS"]["data"]["fingerprint"] = "not of any data"


def unknown_data(child: Child) -> None:
    child.result["tasks"]["KLUE-STS"]["data"]["fingerprint"] = "f" * 64


def another_spec(child: Child) -> None:
    child.result["spec"]["max_tokens"] = 7


def two_runs(child: Child) -> None:
    second = Run.model_validate({"at": "2026-11-23T06:00:00Z", "tokens": 1})
    child.result["runs"][second.id] = second.model_dump(mode="json", exclude_defaults=True)
    child.result["tasks"]["KLUE-STS"]["run"] = second.id


def kept_duplicates(child: Child) -> None:
    child.result["keep_duplicates"] = True


def unknown_field(child: Child) -> None:
    child.result["suite"] = "ko-v9"


ATTACKS: dict[str, Callable[[Child], None]] = {
    name: attack
    for name, attack in list(globals().items())
    if callable(attack) and getattr(attack, "__module__", None) == __name__ and not isinstance(attack, type)
}


if __name__ == "__main__":
    child = Child()
    globals()[child.options.attack](child)
    child.leave()
