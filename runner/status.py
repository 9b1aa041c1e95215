"""What `python worker.py status` tells: the queue, who works on what, what failed, which alarms ring, and how many
commits are left."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from evaluator.drift import DriftCheck, in_words
from evaluator.policy import Policy
from leaderboard_data.drifting import Checks, alarms
from store import Commit
from store.update import Snapshot
from submissions.errors import PolicyUnreadable
from submissions.files import Listing
from submissions.order import claim_order
from submissions.record import Status, Submission
from submissions.stored import Queue

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def status(
    listing: Listing,
    logs: Mapping[str, Sequence[Commit]],
    at: datetime,
    quota: int,
    rung: Sequence[DriftCheck] = (),
) -> dict[str, Any]:
    """The state of queue and stores at a moment, as values that JSON can hold.

    `logs`: a store's name -> its newest commits, at least `quota` of them if there are as many. `quota`: the commits
    that the Hub takes in an hour, per repository. `rung`: the alarms of drift (`ringing`).
    """
    by_state = {state: [s for s in listing.submissions if s.status is state] for state in Status}
    waiting = sorted(by_state[Status.QUEUED], key=claim_order)
    failed = [s for s in by_state[Status.FAILED] if s.entered is not None and at - s.entered.at <= DAY]
    made = {name: sum(1 for commit in log if at - commit.at <= HOUR) for name, log in logs.items()}
    return {
        "at": at.isoformat(),
        "revision": listing.revision,
        "pending": len(by_state[Status.PENDING]),
        "asked": len(by_state[Status.WAITING]),
        "queued": len(waiting),
        "next": [_named(s) for s in waiting[:5]],
        "delayed": sum(1 for s in waiting if s.not_before is not None and s.not_before > at),
        "running": [_running(s, at) for s in by_state[Status.RUNNING]],
        "failed_last_day": [
            _named(s) | {"class": s.failure.failure, "message": s.failure.message} for s in failed if s.failure
        ],
        "drift": [
            {
                "environment": alarm.environment,
                "since": (alarm.since or alarm.at).isoformat(),
                "told": in_words(alarm)[1],
            }
            for alarm in rung
        ],
        "commits_last_hour": made,
        "commits_left": {name: max(0, quota - count) for name, count in made.items()},
        "unreadable": dict(listing.unreadable),
    }


def ringing(queue: Queue) -> tuple[DriftCheck, ...]:
    """The alarms that no maintainer cleared; all, where the policy cannot be read.

    Raises:
        StoreError
    """
    try:
        policy = queue.policies.current()
    except PolicyUnreadable:
        policy = Policy()
    return alarms(Checks().at(Snapshot(queue.results, queue.results.head())), policy)


def _named(submission: Submission) -> dict[str, Any]:
    return {"id": submission.id, "model": submission.spec.model}


def _running(submission: Submission, at: datetime) -> dict[str, Any]:
    lease = submission.lease
    assert lease is not None
    return _named(submission) | {
        "worker": lease.worker,
        "attempt": submission.attempt,
        "lease_minutes_left": round((lease.until - at).total_seconds() / 60, 1),
        "lease_overdue": lease.until < at,  # by this machine's clock: to be looked at, not to act on
        "progress": lease.progress,
    }


def status_text(told: Mapping[str, Any]) -> str:
    """`status` for people."""
    delayed = f", {told['delayed']} of them after a pause" if told["delayed"] else ""
    asked = f"{told['asked']} for their submitter's answer, " if told["asked"] else ""
    lines = [f"{told['pending']} wait for approval, {asked}{told['queued']} are queued{delayed}."]
    lines += [f"  next: {each['id']}  {each['model']}" for each in told["next"]]
    lines.append(f"{len(told['running'])} run.")
    for each in told["running"]:
        left = "lease ran out by this clock" if each["lease_overdue"] else f"lease for {each['lease_minutes_left']} min"
        lines.append(f"  {each['id']}  {each['model']}  {each['worker']}, attempt {each['attempt']}, {left}")
        if progress := ", ".join(f"{key} {value}" for key, value in each["progress"].items()):
            lines.append(f"    {progress}")
    lines.append(f"{len(told['failed_last_day'])} failed in the last day.")
    lines += [
        f"  {each['id']}  {each['model']}  {each['class']}: {each['message']}" for each in told["failed_last_day"]
    ]
    lines += [f"alarm since {each['since']}: {each['told']}" for each in told["drift"]]
    for name, count in told["commits_last_hour"].items():
        lines.append(f"{name}: {count} commits in the last hour, {told['commits_left'][name]} left.")
    lines += [f"unreadable: {path}: {reason}" for path, reason in told["unreadable"].items()]
    return "\n".join(lines)
