"""What a rented machine is told to do: the board's code put up on its own disk, and one evaluation run with it.

A submission whose code may not run is evaluated by an ordinary worker there, which claims, publishes and finishes it;
one whose code may run by `runner.handing`, which has no token that writes and leaves its result in a bucket's folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import SecretStr

from runner.flavors import Flavor
from runner.hub_jobs import Mounted, Order, bucket_volume, code_volume

SETUP_SECONDS = 1800.0
"""Of a job's time, what is left for fetching the image and installing the libraries."""

CODE, LEFT = "/code", "/left"
"""Where the Space's files are mounted, and the folder in which a job without tokens leaves its result."""

SCRIPT = f"""set -eu
here=$(mktemp -d)
cp -R {CODE} "$here/board"
cd "$here/board"
python3 -m venv --system-site-packages "$here/environment"
"$here/environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \\
  -r evaluator/requirements.txt -r requirements.txt
"$here/environment/bin/python" -c 'import sys, torch
sys.exit(None if torch.cuda.is_available() else "torch sees no GPU on this machine")'
export KEL_WORK_DIR="$here/work"
exec "$here/environment/bin/python" "$@"
"""
"""What is installed already, in the image, is not installed again: an image of one's own saves these minutes. A machine
whose GPU torch cannot use takes no submission: its job fails, which counts as an attempt."""


@dataclass(frozen=True, kw_only=True)
class Orders:
    """How this board's jobs are run: `image`, and the code of the Space `space`.

    `environment` and `secrets` are those of a worker there; `models_token` is all that a job gets that runs a model's
    code. `options`: of each worker's command line. `bucket`: where such jobs leave results; empty: none is rented.
    """

    image: str
    space: str
    bucket: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    models_token: SecretStr | None = None
    options: tuple[str, ...] = ()

    def worker(
        self, submission_id: str, *, commit: str, flavor: Flavor, seconds: float, labels: Mapping[str, str]
    ) -> Order:
        """A worker for one submission. `commit` is the code's; `seconds` is the job's whole time."""
        told = {"KEL_WORKER_NAME": labels["worker"], "KEL_EVALUATION_HOURS": _hours(seconds)}
        arguments = ["worker.py", "--once", "--only", submission_id, *self.options]
        return self._order(
            arguments,
            commit=commit,
            flavor=flavor,
            seconds=seconds,
            labels=labels,
            environment={**self.environment, **told},
            secrets=self.secrets,
        )

    def handing(self, asked: str, *, commit: str, flavor: Flavor, seconds: float, labels: Mapping[str, str]) -> Order:
        """An evaluation that hands back what it made. `asked`: the job as `runner.handing` reads it."""
        arguments = ["-m", "runner.handing", LEFT, str(seconds - SETUP_SECONDS), asked]
        return self._order(
            arguments,
            commit=commit,
            flavor=flavor,
            seconds=seconds,
            labels=labels,
            environment={},
            secrets={} if self.models_token is None else {"KEL_MODELS_TOKEN": self.models_token},
            volumes=(bucket_volume(self.bucket, labels["worker"], LEFT),),
        )

    def _order(
        self,
        arguments: list[str],
        *,
        commit: str,
        flavor: Flavor,
        seconds: float,
        labels: Mapping[str, str],
        environment: Mapping[str, str],
        secrets: Mapping[str, SecretStr] = MappingProxyType({}),
        volumes: tuple[Mounted, ...] = (),
    ) -> Order:
        return Order(
            image=self.image,
            command=["bash", "-c", SCRIPT, "job", *arguments],
            environment=environment,
            secrets=secrets,
            flavor=flavor.name,
            seconds=seconds,
            labels=labels,
            volumes=(code_volume(self.space, commit, CODE), *volumes),
        )


def _hours(seconds: float) -> str:
    return f"{(seconds - SETUP_SECONDS) / 3600:.4f}"
