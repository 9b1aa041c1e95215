"""How many commits a day costs: 200 submissions and 4 workers, before and after leases became longer.

    python -m benchmarks.commits [--submissions 200] [--workers 4] [--seed 0]

A simulation: the real queue and the real lease on stores in memory, with a clock of its own; only the evaluations are
pretended. Submissions come at any time of the day, a maintainer approves them some minutes later, and an evaluation
takes, by the size of its model, from minutes to hours (log-normal, median 12 minutes, a tenth longer than an hour),
with nine tasks that end evenly. On the Hub each commit is one of the hour's.
"""

import heapq
import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from evaluator.spec import ModelSpec
from runner.lease import Lease
from store.memory import MemoryStore
from submissions.record import ResultReference, Status
from submissions.stored import Queue

START = datetime(2026, 11, 23, tzinfo=UTC)
TASKS = 9
PROGRESS_SECONDS = 30.0
"""An evaluation tells its progress about so often; a lease that is half over is renewed then."""

TERMS = {
    "before": (timedelta(minutes=30), timedelta(minutes=5)),
    "after": (timedelta(minutes=60), timedelta(minutes=10)),
}
"""Length of a lease, and the least time between its renewals at the ends of tasks."""


@dataclass
class Day:
    """One day with its own stores and clock."""

    submissions: int
    workers: int
    seed: int
    terms: tuple[timedelta, timedelta]
    seconds: float = 0.0
    renewed: int = 0
    finished: int = 0
    longest_silence: float = 0.0
    told: dict[str, float] = field(default_factory=dict)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.requests, self.results = MemoryStore(self.now), MemoryStore(self.now)
        self.queue = Queue(self.requests, self.results, now=self.now, monotonic=lambda: self.seconds)

    def now(self) -> datetime:
        return (START + timedelta(seconds=self.seconds)).replace(microsecond=0)

    def later(self, seconds: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.seconds + seconds, next(self._order), deed))

    def run(self) -> dict[str, float | int]:
        """Live until all have ended; what it cost."""
        for number in range(self.submissions):
            self.later(self.chance.uniform(0, 86400), lambda number=number: self.submit(number))  # type: ignore[misc]
        for number in range(self.workers):
            self.later(number, lambda number=number: self.work(f"worker-{number}"))  # type: ignore[misc]
        while self._events:
            self.seconds, _, deed = heapq.heappop(self._events)
            deed()
        ended = [s for s in self.queue.listing(closed=self.submissions).submissions if s.status is Status.FINISHED]
        assert len(ended) == self.submissions, "a submission was lost"
        commits = [commit.at for store in (self.requests, self.results) for commit in store.log(10**6)[:-1]]
        requests = [commit.at for commit in self.requests.log(10**6)[:-1]]
        hours = [sum(1 for at in requests if timedelta(0) <= at - first < timedelta(hours=1)) for first in requests]
        return {
            "commits": len(commits),
            "to requests": len(requests),
            "of them renewals": self.renewed,
            "in the fullest hour": max(hours),
            "for one submission": round(len(commits) / self.submissions, 2),
            "minutes without a word": round(self.longest_silence / 60, 1),
        }

    def submit(self, number: int) -> None:
        made = self.queue.submit(ModelSpec(model=f"org-{number}/model", revision="ab" * 20), who=f"visitor-{number}")
        self.later(self.chance.uniform(60, 1800), lambda: self._approve(made.id))

    def _approve(self, submission_id: str) -> None:
        self.queue.approve(submission_id, who="maintainer")

    def work(self, name: str) -> None:
        """Claim one and begin it, or look again in half a minute while the day is not over."""
        length, beat = self.terms
        claimed = self.queue.claim(name, length)
        if claimed is None:
            if self.finished < self.submissions:
                self.later(30.0, lambda: self.work(name))
            return
        lease = Lease(self.queue, claimed, length=length, beat=beat, clock=lambda: self.seconds, say=self.heard)
        duration = min(self.chance.lognormvariate(6.58, 1.26), 6 * 3600.0)
        self.told[claimed.id] = self.seconds
        self.step(name, lease, duration / TASKS, 0.0, 0)

    def heard(self, event: str, submission: str, **_: object) -> None:
        assert event == "renewed", event
        self.renewed += 1
        self.longest_silence = max(self.longest_silence, self.seconds - self.told[submission])
        self.told[submission] = self.seconds

    def step(self, name: str, lease: Lease, task: float, done: float, tasks: int) -> None:
        """A word of the evaluation: progress, the end of a task, or, after the last one, its result."""
        if tasks == TASKS:
            path = f"results/{lease.submission.spec.model.replace('/', '__')}/one.json"
            revision = self.results.commit({path: b"{}"}, f"Publish {path}", self.results.head())
            reference = ResultReference(path=path, revision=revision)
            self.queue.finish(lease.submission.id, nonce=lease.nonce, result=reference)
            self.finished += 1
            self.work(name)
            return
        wait = min(PROGRESS_SECONDS, task - done)
        ends = done + wait >= task - 1e-9

        def heard() -> None:
            lease.hear({"event": "task", "task": f"task-{tasks}"} if ends else {"event": "progress"})
            self.step(name, lease, task, 0.0 if ends else done + wait, tasks + ends)

        self.later(wait, heard)


def main(
    submissions: Annotated[int, typer.Option(min=1, help="submissions of the day")] = 200,
    workers: Annotated[int, typer.Option(min=1, help="workers")] = 4,
    seed: Annotated[int, typer.Option(help="of the chance")] = 0,
) -> None:
    """Print what the same day costs with the terms of before and of now, and the ratio, as JSON."""
    costs = {name: Day(submissions, workers, seed, terms).run() for name, terms in TERMS.items()}
    renewals = [costs[name]["of them renewals"] for name in ("before", "after")]
    told = {**costs, "renewals after / before": round(renewals[1] / renewals[0], 2) if renewals[0] else None}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    typer.run(main)
