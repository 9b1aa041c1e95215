"""A small program that speaks the evaluator's contract, so that a test says what happens in an evaluation and when.

Called like `python -m evaluator run`, with `--script FILE` before the options. FILE holds JSON: {"tasks": {id: score}},
and by the name of a point (started, loaded, <task>, scored, written) what happens there: {"kill": true} ends this
process by SIGKILL, {"kill_parent": true} the worker, {"exit": n}, {"fail": [class, message]}, {"print": text},
{"hold": path} waits until that file is there, {"allocate": bytes}.
"<task> unanswered" leaves that task without a score. "environment" is what the run says it ran with. A point's deed
happens once per work folder. A task that is asked for with --tasks and not in FILE is there without a word. Scores and
samples are those of `tests.runner.honest`.

Like the real evaluator it keeps each finished task in the work folder, does not run it again, and writes its result
atomically. Every task that runs is a line in `ran.txt` beside FILE.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil

from evaluator.evidence.samples import dump_samples
from evaluator.progress import JsonLines, descriptor_stream
from evaluator.records import Environment, TaskFailure, TaskScore, dump_result, now
from evaluator.spec import ModelSpec
from tests.leaderboard_data.examples import measured
from tests.runner.honest import honest_samples, honest_score


class Script:
    def __init__(self, path: Path, tell: JsonLines) -> None:
        self.path = path
        self.tell = tell
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
            self.tell.failed(*failure)
            sys.exit(1)
        if "exit" in deed:
            sys.exit(deed["exit"])
        if deed.get("kill_parent"):
            keeper = psutil.Process(os.getppid())  # `runner.jail`, between the worker and this
            os.kill(keeper.ppid(), signal.SIGKILL)
            time.sleep(60)
        if deed.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in (
        "--script",
        "--spec",
        "--work-dir",
        "--output",
        "--samples",
        "--rankings",
        "--curves",
        "--datasets",
        "--onto",
    ):
        parser.add_argument(name, type=Path)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--progress")
    parser.add_argument("--device")
    parser.add_argument("--tasks", action="append", default=[])
    options = parser.parse_args()
    work: Path = options.work_dir
    work.mkdir(parents=True, exist_ok=True)
    tell = JsonLines(descriptor_stream(int(options.progress.removeprefix("fd:"))))
    script = Script(options.script, tell)
    spec = ModelSpec.model_validate_json(options.spec.read_bytes())
    if options.device is not None:
        with (options.script.parent / "devices.txt").open("a") as devices:
            devices.write(f"{options.device}\n")
    script.reach("started")
    tell.phase("load")
    script.reach("loaded")
    scores = {task: honest_score(task) for task in options.tasks}
    for task, score in script.content["tasks"].items():
        if task not in options.tasks:
            continue
        kept = work / f"{task}.score"
        if not kept.exists():
            with (options.script.parent / "ran.txt").open("a") as ran:
                ran.write(f"{spec.model} {task}\n")
            part = kept.with_suffix(".part")
            part.write_text(str(score))
            part.rename(kept)
        for point, failure in (("unanswered", "hub_unavailable"), ("unreadable", "data_unavailable")):
            if script.happens(f"{task} {point}"):
                error = TaskFailure.model_validate({"class": failure, "message": "The Hub did not answer."})
                scores[task] = TaskScore(error=error)
        if script.happens(f"{task} moved") and (data := scores[task].data) is not None:
            other = data.model_copy(update={"fingerprint": "f" * 64})
            scores[task] = scores[task].model_copy(update={"data": other})
        tell.task(task, score)
        script.reach(task)
    script.reach("scored")
    errors = [score.error for score in scores.values() if score.error is not None]
    if len(errors) == len(scores):  # as the evaluator: no result without a score
        tell.failed(errors[0].failure, errors[0].message)
        sys.exit(1)
    result = measured(
        spec=spec,
        tasks=scores,
        environment=Environment.model_validate(
            {"versions": {key: os.environ[key] for key in sorted(os.environ)}} | script.content.get("environment", {})
        ),
        at=now(),
    )
    options.samples.write_bytes(
        dump_samples({task: honest_samples(task) for task, told in scores.items() if told.metrics})
    )
    part = options.output.with_suffix(".part")
    part.write_bytes(dump_result(result))
    part.rename(options.output)
    script.reach("written")


if __name__ == "__main__":
    main()
