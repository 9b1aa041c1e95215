"""What a reference run is of, and where: the model of the settings, and the environment of a run on this machine."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.evidence.environment import versions
from evaluator.records import Environment
from evaluator.spec import ModelSpec, local_spec
from runner.child import ROOT

PROBE_SECONDS = 600.0


class CannotCheck(Exception):
    """A reference run came to nothing; the text says why."""


def reference_spec(named: str) -> ModelSpec:
    """The reference model of the settings: ORG/NAME@COMMIT, since one that moves would be drift itself, or a folder.

    Raises:
        ValueError: it is neither.
    """
    if Path(named).expanduser().is_dir():
        return local_spec(Path(named))
    model, _, commit = named.partition("@")
    try:
        return ModelSpec.model_validate({"model": model, "revision": commit})
    except ValueError as error:
        raise ValueError(
            f"{named[:200]!r} is no model at a commit; write ORG/NAME@COMMIT with its 40 digits"
        ) from error


@dataclass
class Probe:
    """What an evaluation would run with here, without its precision: the evaluator itself is asked, in a process of
    its own, for the worker loads no torch; once for each set of installed versions. `device`: as for an evaluation."""

    environment: Mapping[str, str]
    device: str | None = None
    _known: tuple[Mapping[str, str], Environment] | None = None

    def __call__(self) -> Environment:
        """
        Raises:
            CannotCheck: the evaluator's libraries are not installed, or do not answer.
        """
        try:
            installed = versions()
        except importlib.metadata.PackageNotFoundError as error:
            raise CannotCheck(f"{error.name} is not installed: pip install -r evaluator/requirements.txt") from error
        if self._known is None or self._known[0] != installed:
            self._known = installed, self._asked()
        return self._known[1]

    def _asked(self) -> Environment:
        command = [
            sys.executable,
            "-m",
            "evaluator",
            "environment",
            *(["--device", self.device] if self.device else []),
        ]
        try:
            answer = subprocess.run(
                command, cwd=ROOT, env=dict(self.environment), capture_output=True, timeout=PROBE_SECONDS, check=True
            )
            return Environment.model_validate_json(answer.stdout)
        except subprocess.CalledProcessError as error:
            raise CannotCheck(
                f"python -m evaluator environment: {error.stderr.decode(errors='replace')[-500:]}"
            ) from error
        except (subprocess.TimeoutExpired, ValueError) as error:
            raise CannotCheck(f"python -m evaluator environment gives no answer: {error}"[:500]) from error


def precisions_of(environment: Environment) -> tuple[str, ...]:
    """The precisions in which results are made here: all on a GPU; on a processor 16 bit is rare, and slow."""
    return ("float32", "bfloat16", "float16") if "cuda" in (environment.device or "") else ("float32",)
