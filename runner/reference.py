"""The reference model, run again by an idle worker: whether its scores drift in the worker's environment.

It runs as a submission does, in the same child process, and publishes no row: what comes of it is a drift check
(`evaluator.drift`) in the results store. Of several idle workers one runs it: the one whose claim is written first.
"""

import hashlib
import secrets
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from evaluator import records
from evaluator.drift import (
    REFERENCE_TASKS,
    DriftCheck,
    base_path,
    check_path,
    compare,
    dump_check,
    environment_fields,
    environment_id,
)
from evaluator.records import Environment, ModelResult
from evaluator.scores import first_score
from evaluator.spec import ModelSpec
from runner.child import Job
from runner.drift_files import Claim, base_at, check_at, claim_at, claim_path, holds, written
from runner.folders import folder_of
from runner.left import Refused, remove
from runner.logs import Say
from runner.probe import CannotCheck, precisions_of
from runner.vouch import vouched
from runner.work import Evaluate
from store import Store
from store.errors import StoreError
from store.update import Change, Snapshot, update

LOOK = timedelta(minutes=10)
"""How often an idle worker looks whether a reference run is due."""

LONGEST = timedelta(hours=2)
"""How long a reference run may take, and how long its claim holds: a worker that died is waited for no longer."""

PAUSE, LONGEST_PAUSE = timedelta(minutes=20), timedelta(days=1)
"""The wait after a first failure, which doubles with each one, and the longest."""


@dataclass(kw_only=True)
class Reference:
    """Runs the model `spec` in each environment of this worker whose last check is older than `every`.

    `probe` tells the environment. `evaluate`, `work_dir`, `datasets`, `device`, `say`: as the worker's. `clock`:
    monotonic seconds; `now`: UTC, which claims are held against, so that two workers whose clocks differ by hours may
    both run it: that costs a run and does no harm.
    """

    results: Store
    evaluate: Evaluate
    probe: Callable[[], Environment]
    spec: ModelSpec
    every: timedelta
    name: str
    work_dir: Path
    say: Say
    datasets: Path | None = None
    device: str | None = None
    now: Callable[[], datetime] = records.now
    clock: Callable[[], float] = time.monotonic
    _next_look: float | None = None

    def __call__(self, stopped: Callable[[], bool]) -> bool:
        """Run what is due, in one precision, so that the queue is looked at in between; False: nothing was due.

        Raises:
            StoreError
        """
        if self._next_look is not None and self.clock() < self._next_look:
            return False
        self._next_look = self.clock() + LOOK.total_seconds()
        try:
            found = self.probe()
        except CannotCheck as error:
            self.say("reference_failed", error=str(error))
            return False
        for precision in precisions_of(found):
            environment = found.model_copy(update={"dtype": precision})
            claim = self._claim(environment)
            if claim is not None:
                self._next_look = None
                self._see_through(environment, claim, stopped)
                return True
        return False

    def _claim(self, environment: Environment) -> Claim | None:
        """Take the run of an environment, if it is due and nobody else has it."""
        name, nonce = _id(environment), secrets.token_hex(16)
        taken: list[Claim] = []

        def change(snapshot: Snapshot) -> Change | None:
            taken.clear()
            at, held = self.now(), claim_at(snapshot, name)
            if not self._is_due(check_at(snapshot, check_path(name)), at):
                return None
            if held is not None and held.until > at:
                taken.extend([held] if held.nonce == nonce else [])
                return None
            failures = held.failures if held is not None else 0
            until = at + LONGEST
            taken.append(Claim(environment=name, worker=self.name, nonce=nonce, until=until, failures=failures))
            return written(taken[-1], f"Run the reference model in {name}, by {self.name}")

        update(self.results, change)
        return taken[-1] if taken else None

    def _is_due(self, check: DriftCheck | None, at: datetime) -> bool:
        of_this_model = check is not None and (check.model, check.revision) == (self.spec.model, self.spec.revision)
        return check is None or not of_this_model or check.at + self.every <= at

    def _see_through(self, environment: Environment, claim: Claim, stopped: Callable[[], bool]) -> None:
        """Run the model and write the check; or say why not, and until when nobody should try again."""
        self.say("reference_started", environment=claim.environment, model=self.spec.model, dtype=environment.dtype)
        folder = folder_of(self.work_dir, hashlib.sha256(claim.nonce.encode()).hexdigest())  # takes nothing over
        try:
            check = self._checked(environment, folder, stopped)
            made = self._write(claim, check) if check is not None else None
        except StoreError:
            raise
        except CannotCheck as error:
            self._put_off(claim, str(error))
        except Exception as error:  # the run's end, and not the worker's
            self._put_off(claim, "".join(traceback.format_exception(error))[-4000:])
        else:
            if check is None:
                self._give_back(claim)
            elif made is None:
                self.say("reference_lost", environment=claim.environment)
            else:
                drift = {"alarm": made.alarm, "largest": made.largest, "moved": list(made.moved)}
                self.say("reference_checked", environment=made.environment, scores=dict(made.scores), **drift)
        finally:
            remove(folder)

    def _checked(self, environment: Environment, folder: Path, stopped: Callable[[], bool]) -> DriftCheck | None:
        """What the model scores now; None if the worker is stopped.

        Raises:
            CannotCheck: not all tasks have a score, or it ran in another environment than the worker's.
        """
        spec = ModelSpec.model_validate({**self.spec.model_dump(), "precision": environment.dtype})
        job = Job(
            name="reference",
            spec=spec,
            folder=folder,
            tasks=REFERENCE_TASKS,
            datasets=self.datasets,
            device=self.device,
        )
        since, deadline = self.now(), self.clock() + LONGEST.total_seconds()
        outcome = self.evaluate(job, lambda _: None, lambda: stopped() or self.clock() > deadline)
        if outcome.failure is not None:
            raise CannotCheck(": ".join(outcome.failure))
        if outcome.result is None:
            if stopped():
                return None
            raise CannotCheck(f"it took longer than {LONGEST}")
        try:
            result, _ = vouched(
                job, outcome.result, outcome.samples, submission="reference", since=since, beat=lambda: None
            )
        except Refused as error:
            raise CannotCheck(str(error)) from error
        return self._check_of(result, environment)

    def _check_of(self, result: ModelResult, environment: Environment) -> DriftCheck:
        (run,) = result.runs.values()
        if environment_id(run.environment) != environment_id(environment):
            told = environment_fields(run.environment)
            raise CannotCheck(f"it ran in another environment than this worker's: {told}")
        scores: dict[str, float] = {}
        data: dict[str, str] = {}
        for task in REFERENCE_TASKS:
            held, score = result.tasks[task], first_score(task, result.tasks[task])
            if score is None or held.data is None:
                raise CannotCheck(f"{task} has no score: {held.error.message if held.error else 'no metrics'}")
            scores[task], data[task] = score, f"{held.data.revision} v{held.version}"
        return DriftCheck(
            environment=_id(environment),
            fields=environment_fields(environment) or {},
            model=result.spec.model,
            revision=result.spec.revision or "",
            precision=environment.dtype or "",
            at=self.now(),
            worker=self.name,
            scores=scores,
            data=data,
        )

    def _write(self, claim: Claim, check: DriftCheck) -> DriftCheck | None:
        """Compare with the base and write the check, or the base itself; None if somebody else has the run now."""
        made: list[DriftCheck] = []

        def change(snapshot: Snapshot) -> Change | None:
            made.clear()
            if not holds(snapshot, claim):
                return None
            base = base_at(snapshot, base_path(check))
            before = check_at(snapshot, check_path(check.environment))
            made.append(compare(base, check, before))
            files = {check_path(check.environment): dump_check(made[-1]), claim_path(check.environment): None}
            files |= {base_path(check): dump_check(made[-1])} if base is None else {}
            found = "the scores moved" if made[-1].alarm else "a base" if base is None else "no drift"
            return Change(files, f"Check the drift of {check.environment}: {found}")

        update(self.results, change)
        return made[-1] if made else None

    def _put_off(self, claim: Claim, why: str) -> None:
        """Keep everybody from trying again for a while, the longer the more often it failed."""
        pause = min(LONGEST_PAUSE, PAUSE * 2 ** min(claim.failures, 20))
        until = self.now() + pause
        failed = claim.model_copy(update={"until": until, "failures": claim.failures + 1})
        text = f"The reference model failed in {claim.environment}"
        update(self.results, lambda snapshot: written(failed, text) if holds(snapshot, claim) else None)
        self.say("reference_failed", environment=claim.environment, error=why, again=until.isoformat())

    def _give_back(self, claim: Claim) -> None:
        text = f"Give back the run of the reference model in {claim.environment}"
        path = claim_path(claim.environment)
        update(self.results, lambda snapshot: Change({path: None}, text) if holds(snapshot, claim) else None)
        self.say("reference_released", environment=claim.environment)


def _id(environment: Environment) -> str:
    found = environment_id(environment)
    assert found is not None, "the probe and a precision say all of it"
    return found
