"""Which tasks a submission asks for."""

from collections.abc import Sequence

from evaluator.merging import applicable
from evaluator.suite import tasks_of
from evaluator.task import Task
from evaluator.tasks import discovered_tasks
from submissions.record import Submission


def asked_of(submission: Submission, only: Sequence[str] = ()) -> tuple[Task, ...]:
    """The tasks of a submission's suites that nobody has to name, or `only` these (ids), that its model can do.

    Raises:
        ValueError: a suite is not known here.
    """
    known = discovered_tasks()
    offered = tuple(task for task in tasks_of(submission.suites) if not task.on_request)
    asked = tuple(known[task] for task in only) or offered
    return applicable(submission.spec, asked)
