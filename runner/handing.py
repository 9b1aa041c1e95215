"""An evaluation on a rented machine that has no token which writes: it leaves what it made in a folder.

`python -m runner.handing FOLDER SECONDS ASKED`: ASKED is the job, as `asked_text` makes it. The evaluation runs as a
worker's does, in its cage. Nothing here vouches for the result: a model's code may have run on this machine, so
whoever reads the folder (`runner.handed`) takes it for a stranger's.
"""

import base64
import json
import sys
import tempfile
import time
import zlib
from pathlib import Path

from evaluator.records import ModelResult, TaskFailure, TaskScore, dump_result
from evaluator.spec import ModelSpec
from runner.cage import detect, forget_secrets, hide_secrets
from runner.child import ChildProcess, Job, Limits
from runner.events import Event
from settings import Settings, evaluation_environment

EVENT = "evaluation-event "
"""What a line of the log begins with that holds an event."""

OUTCOME, RESULT, SAMPLES, RANKINGS = "outcome.json", "result.json", "samples.parquet", "rankings.parquet"
"""The files that are left; the first one last, when the others are whole."""

LONGEST_ASKED = 100_000
"""Characters of ASKED: one argument of a program has 128 kB."""

_EVERY = 10.0


def asked_text(job: Job) -> str:
    """A job as one argument. Of the result that it adds to, what the evaluation looks at: its newest run.

    Raises:
        ValueError: it is too long.
    """
    newest = job.onto.newest_run if job.onto is not None else None
    onto = None
    if job.onto is not None and newest is not None:
        # One task names the run; it counts as lacking, so that the evaluation runs just the tasks it is told to.
        task = next(task for task, score in job.onto.tasks.items() if score.run == newest.id)
        error = TaskFailure(failure="hub_unavailable", message="not handed over")
        tasks = {task: TaskScore(error=error, run=newest.id)}
        onto = dump_result(job.onto.model_copy(update={"tasks": tasks, "runs": {newest.id: newest}})).decode()
    told = {
        "name": job.name,
        "spec": job.spec.model_dump(mode="json", exclude_defaults=True),
        "tasks": job.tasks,
        "onto": onto,
    }
    packed = base64.urlsafe_b64encode(zlib.compress(json.dumps(told, sort_keys=True).encode(), 9)).decode()
    if len(packed) > LONGEST_ASKED:
        raise ValueError("its settings are too long to be handed to a rented machine")
    return packed


def job_of(asked: str, folder: Path) -> Job:
    """The job that `asked_text` packed, to be run in `folder`."""
    told = json.loads(zlib.decompress(base64.urlsafe_b64decode(asked)))
    return Job(
        name=told["name"],
        spec=ModelSpec.model_validate(told["spec"]),
        folder=folder,
        tasks=tuple(told["tasks"]),
        onto=None if told["onto"] is None else ModelResult.model_validate_json(told["onto"]),
    )


class Teller:
    """Writes events to the log: each task's end, and progress at times."""

    def __init__(self) -> None:
        self._told = float("-inf")

    def __call__(self, event: Event) -> None:
        if not event or (event["event"] == "progress" and time.monotonic() < self._told + _EVERY):
            return
        self._told = time.monotonic()
        print(EVENT + json.dumps(dict(event)), flush=True)


def main(left: Path, seconds: float, asked: str) -> None:
    settings = Settings()
    forget_secrets()
    job = job_of(asked, Path(tempfile.mkdtemp(prefix="evaluation-")))
    evaluate = ChildProcess(
        environment=evaluation_environment(settings.models_token),
        limits=Limits(seconds=seconds),
        secrets=settings.secrets(),
        cage=detect(),
        max_gib=settings.max_download_gib,
    )
    outcome = evaluate(job, Teller(), lambda: False)
    if outcome.result is not None:
        (left / RESULT).write_bytes(dump_result(outcome.result))
    if outcome.samples is not None:
        (left / SAMPLES).write_bytes(outcome.samples)
    if outcome.rankings is not None:
        (left / RANKINGS).write_bytes(outcome.rankings)
    there = {"samples": outcome.samples is not None, "rankings": outcome.rankings is not None}
    told = {"failure": outcome.failure, "log": outcome.log, **there}
    (left / OUTCOME).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    hide_secrets()
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
