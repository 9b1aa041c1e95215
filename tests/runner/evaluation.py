"""A small program that speaks the evaluator's contract, so that a test says what happens in an evaluation and when.

Called like `python -m evaluator run`, with `--script FILE` before the options. FILE holds JSON: {"tasks": {id: score}},
and by the name of a point (started, loaded, <task>, scored, written) what happens there: {"kill": true} ends this
process by SIGKILL, {"kill_parent": true} the worker, {"exit": n}, {"fail": [class, message]}, {"print": text},
{"hold": path} waits until that file is there, {"allocate": bytes}.
"<task> unanswered" leaves that task without a score. A point's deed happens once per work folder.

Like the real evaluator it keeps each finished task in the work folder, does not run it again, and writes its result
atomically. Every task that runs is a line in `ran.txt` beside FILE.
"""

import argparse
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from evaluator.records import Environment, ModelResult, Origin, TaskFailure, TaskScore, dump_result
from evaluator.spec import ModelSpec


def emit(**event: object) -> None:
    print(json.dumps(event, ensure_ascii=False), file=sys.stderr, flush=True)


class Script:
    def __init__(self, path: Path, work: Path) -> None:
        self.path = path
        self.work = work
        self.content = json.loads(path.read_text())
        self.ballast: list[bytes] = []

    def happens(self, point: str) -> bool:
        """Whether the script says something for this point, and it has not happened yet."""
        deed = self.content.get(point)
        mark = self.path.parent / f"reached-{self.content.get('name', '')}{point}"
        if deed is None or mark.exists():
            return False
        if not deed.get("always"):
            mark.touch()
        return True

    def reach(self, point: str) -> None:
        if not self.happens(point):
            return
        deed = self.content[point]
        if text := deed.get("print"):
            print(text, file=sys.stderr, flush=True)
        if held := deed.get("hold"):
            while not Path(held).exists():
                time.sleep(0.02)
        if count := deed.get("allocate"):
            self.ballast.append(b"x" * count)
        if failure := deed.get("fail"):
            emit(event="failed", **{"class": failure[0]}, message=failure[1])
            sys.exit(1)
        if "exit" in deed:
            sys.exit(deed["exit"])
        if deed.get("kill_parent"):
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        if deed.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--script", "--spec", "--work-dir", "--output", "--samples", "--datasets"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--progress")
    parser.add_argument("--device")
    parser.add_argument("--tasks", action="append", default=[])
    options = parser.parse_args()
    work: Path = options.work_dir
    work.mkdir(parents=True, exist_ok=True)
    script = Script(options.script, work)
    spec = ModelSpec.model_validate_json(options.spec.read_bytes())
    script.reach("started")
    emit(event="progress", phase="load", task=None, tokens_done=None, tokens_total=None)
    script.reach("loaded")
    scores = {}
    for task, score in script.content["tasks"].items():
        kept = work / f"{task}.score"
        if not kept.exists():
            with (options.script.parent / "ran.txt").open("a") as ran:
                ran.write(f"{spec.model} {task}\n")
            part = kept.with_suffix(".part")
            part.write_text(str(score))
            part.rename(kept)
        scores[task] = TaskScore(score=float(kept.read_text()))
        if script.happens(f"{task} unanswered"):
            error = TaskFailure(failure="hub_unavailable", message="The Hub did not answer.")
            scores[task] = TaskScore(error=error)
        emit(event="task", task=task, score=score)
        script.reach(task)
    script.reach("scored")
    result = ModelResult(
        spec=spec,
        suite="ko-v1",
        tasks=scores,
        environment=Environment(versions={key: os.environ[key] for key in sorted(os.environ)}),
        evaluated_at=datetime(2026, 11, 23, 5, 0, tzinfo=UTC),
        origin=Origin(kind="measured", by="a test"),
    )
    options.samples.write_bytes(b"samples of " + spec.model.encode())
    part = options.output.with_suffix(".part")
    part.write_bytes(dump_result(result))
    part.rename(options.output)
    script.reach("written")


if __name__ == "__main__":
    main()
