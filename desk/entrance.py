"""The form's addresses: what it offers, a look at a model, a submission.

On a page without sign-in everybody may look and submit, as one person; else whoever has signed in.
"""

import logging
from typing import Any, get_args

from starlette.requests import Request

from desk.acts import NotAllowed
from desk.callers import Caller, Callers
from desk.forms import read_form
from desk.looks import Looks
from desk.outlook import alike, outlook
from desk.presets import NOTHING, presets
from desk.reads import Busy, Reads
from desk.showing import brief
from evaluator import records
from evaluator.model.recipes import recipes
from evaluator.policy import Policy
from evaluator.records import ModelResult
from evaluator.same_data import known_names, tasks_named
from evaluator.spec import Loader, ModelSpec, Pooling, Precision
from evaluator.suite import SUITES
from evaluator.task import TaskType
from store.errors import StoreError
from submissions.limits import VISITOR
from submissions.live import LiveQueue
from submissions.record import OPEN

log = logging.getLogger(__name__)


class Entrance:
    """Answers what the form asks.

    Args:
        live: the queue.
        callers: knows who calls.
        reads: reads the stores for visitors, few at a time.
        looks: looks at models.
    """

    def __init__(self, live: LiveQueue, callers: Callers, reads: Reads, looks: Looks) -> None:
        self._live = live
        self._callers = callers
        self._reads = reads
        self._looks = looks
        self._offered = {
            "precision": get_args(Precision),
            "loader": get_args(Loader),
            "pooling": get_args(Pooling),
            "recipe": ["none", *recipes()],
            "types": get_args(TaskType),
            "presets": presets(),
            "nothing": NOTHING,
            "training": {name: sorted(tasks_named(name)) for name in known_names()},
            "suites": [
                {
                    "id": each.id,
                    "ko": each.title.ko,
                    "en": each.title.en,
                    "tasks": len(each.tasks),
                    "categories": [{"ko": one.title.ko, "en": one.title.en} for one in each.categories],
                }
                for each in SUITES.values()
                if each.offered
            ],
        }

    def offered(self, _request: Request, caller: Caller) -> dict[str, Any]:
        """What the form's fields offer, and what is left of the caller's limits."""
        return {**self._offered, "allowance": self._allowance(caller), "may": self._may(caller)}

    def look(self, request: Request, caller: Caller) -> dict[str, Any]:
        """What would happen to what the form holds; nothing is written.

        Raises:
            NotAllowed, and as `Looks.look`.
        """
        form, who = read_form(request.state.body), self._who(caller)
        looked = self._looks.look(form, who, maintainer=caller.maintainer)
        policy = self._live.policy or Policy()
        shown = [s for s in self._live.submissions or () if s.status in OPEN or policy.opt_out_of(s.spec.model) is None]
        told = outlook(looked, shown, self._results(looked.spec), who, records.now())
        return {**told, "own": caller.owns(looked.spec.model), "allowance": self._allowance(caller)}

    def submit(self, request: Request, caller: Caller) -> dict[str, Any]:
        """Queue what the form holds.

        Raises:
            NotAllowed, and as `Looks.submit`.
        """
        form, who = read_form(request.state.body), self._who(caller)
        made = self._looks.submit(form, who, maintainer=caller.maintainer, own=caller.owns)
        return {"submission": brief(made), "own": made.own, "allowance": self._allowance(caller)}

    def change(self, request: Request, caller: Caller) -> dict[str, Any]:
        """Give the submission that the address names what the form holds: its submitter's or a maintainer's to do.

        Raises:
            NotAllowed, and as `Looks.change`.
        """
        if not caller.signed_in:
            raise NotAllowed("먼저 로그인해 주세요.", "Sign in first.")
        form, submission_id = read_form(request.state.body), request.query_params.get("id", "")[:60]
        made = self._looks.change(form, submission_id, caller.who, maintainer=caller.maintainer)
        return {"submission": brief(made), "own": made.own, "allowance": self._allowance(caller)}

    def _may(self, caller: Caller) -> bool:
        return caller.signed_in or not self._callers.login

    def _who(self, caller: Caller) -> str:
        if not self._may(caller):
            raise NotAllowed("먼저 로그인해 주세요.", "Sign in first.")
        return caller.who if caller.signed_in else VISITOR

    def _allowance(self, caller: Caller) -> dict[str, str]:
        if not self._may(caller):
            return {"ko": "로그인하면 제출할 수 있습니다.", "en": "Sign in to submit."}
        who = caller.who if caller.signed_in else VISITOR
        korean, english = self._live.told(who, maintainer=caller.maintainer)
        return {"ko": korean, "en": english}

    def _results(self, spec: ModelSpec) -> list[ModelResult] | None:
        """What the results store holds of a spec; None where it cannot be asked now."""
        try:
            found = [self._reads.result(each) for each in alike(spec)]
        except (StoreError, Busy) as error:
            log.info("results of %s: %s", spec.model, error)
            return None
        return [result for result in found if result is not None]
