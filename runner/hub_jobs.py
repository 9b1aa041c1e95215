"""Hugging Face Jobs, as huggingface_hub speaks to them. The only module that rents machines, which cost money.

What the client raises becomes the errors of `store.errors`, and what the Hub answers is bounded.
No call is tried again here. A job may have been started although its answer was lost: `OutcomeUnknown`.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import quote

import httpx2
from huggingface_hub import HfApi, JobInfo, Volume, constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status
from pydantic import SecretStr

from evaluator.cleaning import clean_text
from runner.logs import KEPT_LENGTH, KEPT_LINES
from runner.rented import LIVE, Rented
from store.errors import Forbidden, NotFound, OutcomeUnknown, StoreError, Unavailable
from store.hub import never_wait_for_ever

MOST_JOBS = 5000
"""Jobs of one board that are looked at, at most."""

KEPT = timedelta(days=3)
"""How long an ended job is looked at: its dollars count for a day, and what it handed back may wait for a driver."""

OLD_IN_A_ROW = 100
"""After so many older ones in the Hub's list nothing new is expected."""

_ID = re.compile(r"[0-9A-Za-z]{1,64}")
_STAGE = re.compile(r"[A-Z_]{1,40}")
_FLAVOR = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_LABEL = re.compile(r"[0-9A-Za-z_.-]{1,100}")


Mounted = Volume
"""A repository or a bucket's folder that a job sees as a folder."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be run where: in `image`, `command` with `environment` and `secrets`, on the machine `flavor`, for at
    most `seconds`. `volumes`: what is mounted (`code_volume`, `bucket_volume`)."""

    image: str
    command: Sequence[str]
    environment: Mapping[str, str]
    secrets: Mapping[str, SecretStr]
    flavor: str
    seconds: float
    labels: Mapping[str, str]
    volumes: Sequence[Mounted] = ()


def code_volume(space: str, commit: str, mount: str) -> Volume:
    """The files of a Space at a commit, to be read."""
    return Volume(type="space", source=space, revision=commit, mount_path=mount, read_only=True)


def bucket_volume(bucket: str, folder: str, mount: str) -> Volume:
    """One folder of a bucket, to be written: the job has no token for it, and sees nothing else of the bucket."""
    return Volume(type="bucket", source=bucket, path=folder, mount_path=mount, read_only=False)


class HubJobs:
    """The jobs of one account or organisation, `namespace`, that carry `label`. Safe to share between threads."""

    def __init__(self, namespace: str, token: SecretStr | None, label: Mapping[str, str]) -> None:
        never_wait_for_ever()
        self.namespace = namespace
        self._label = dict(label)
        self._token: str | bool = token.get_secret_value() if token is not None else False
        self._api = HfApi(token=self._token)

    def url(self, job_id: str) -> str:
        """Where people look at a job."""
        return f"{constants.ENDPOINT}/jobs/{self.namespace}/{job_id}"

    def start(self, order: Order) -> Rented:
        """Rent a machine and run an order on it.

        Raises:
            OutcomeUnknown: it may run; the list of jobs will tell.
            Unavailable, Forbidden, NotFound
        """
        with self._errors("start a job", writing=True):
            started = self._api.run_job(
                image=order.image,
                command=list(order.command),
                env=dict(order.environment),
                secrets={name: secret.get_secret_value() for name, secret in order.secrets.items()},
                flavor=order.flavor,
                timeout=int(order.seconds),
                labels={**order.labels, **self._label},
                volumes=list(order.volumes),
                namespace=self.namespace,
            )
            return _rented(started)

    def jobs(self) -> list[Rented]:
        """The board's jobs: all live ones, and those of the last days that ended.

        The Hub lists the newest first. Should it not, a few old ones between new ones end nothing.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        oldest = datetime.now(UTC) - KEPT
        found: dict[str, Rented] = {}
        old = 0
        with self._errors("list the jobs"):
            for job in self._listed(status=sorted(LIVE)):
                found[job.id] = job
            for job in self._listed(status=None):
                old = old + 1 if job.created < oldest else 0
                if old >= OLD_IN_A_ROW:
                    break
                found.setdefault(job.id, job)
        return list(found.values())

    def _listed(self, status: list[str] | None) -> Iterator[Rented]:
        told = self._api.list_jobs(status=status, labels=self._label, namespace=self.namespace, timeout=60)
        for job in islice(told, MOST_JOBS):
            rented = _rented(job)
            if self._label.items() <= rented.labels.items():
                yield rented

    def job(self, job_id: str) -> Rented:
        """One job.

        Raises:
            NotFound: the Hub knows no such job (any more).
            Unavailable, Forbidden
        """
        with self._errors("look at a job"):
            return _rented(self._api.inspect_job(job_id=job_id, namespace=self.namespace))

    def log(self, job_id: str, lines: int = KEPT_LINES) -> list[str]:
        """The last lines of a job's log, each bounded; those that the Hub gives within a few seconds.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        with self._errors("read a job's log"):
            told = self._api.fetch_job_logs(job_id=job_id, namespace=self.namespace, tail=lines)
            return list(deque((str(line)[: 4 * KEPT_LENGTH] for line in islice(told, 100 * lines)), maxlen=lines))

    def cancel(self, job_id: str) -> None:
        """End a job; one that has ended stays as it is.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        with self._errors("cancel a job"):
            self._api.cancel_job(job_id=job_id, namespace=self.namespace)

    def mark(self, job: Rented, **labels: str) -> None:
        """Add labels to a job.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        with self._errors("label a job"):
            self._api.update_job_labels(job_id=job.id, labels={**job.labels, **labels}, namespace=self.namespace)

    def code_commit(self, space: str) -> str:
        """The newest commit of a Space.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        with self._errors(f"look at the Space {space}"):
            commit = self._api.space_info(space, timeout=60).sha or ""
            if not re.fullmatch(r"[0-9a-f]{40}", commit):
                raise ValueError("no commit")
            return commit

    def price(self, flavor: str) -> float | None:
        """US dollars an hour that the Hub asks for a machine now; None where it does not tell.

        Raises:
            Unavailable, Forbidden, NotFound
        """
        with self._errors("read the prices"):
            for machine in self._api.list_jobs_hardware():
                if machine.name == flavor and machine.unit_label == "minute":
                    return float(machine.unit_cost_micro_usd) * 60 / 1e6
            return None

    def file(self, bucket: str, path: str, limit: int) -> bytes:
        """A file of a bucket, of at most `limit` bytes.

        Raises:
            NotFound: it is not there.
            ValueError: it is larger.
            Unavailable, Forbidden
        """
        url = f"{constants.ENDPOINT}/buckets/{bucket}/resolve/{quote(path, safe='')}"
        content = b""
        with (
            self._errors(f"read {path} of the bucket {bucket}"),
            get_session().stream("GET", url, headers=build_hf_headers(token=self._token)) as response,
        ):
            if response.is_error:
                response.read()
                hf_raise_for_status(response)
            for part in response.iter_bytes(1 << 16):
                content += part
                if len(content) > limit:
                    break
        if len(content) > limit:
            raise ValueError(f"{path} is larger than {limit} bytes")
        return content

    @contextmanager
    def _errors(self, what: str, writing: bool = False) -> Iterator[None]:
        told = f"Hugging Face Jobs of {self.namespace}: could not {what}"
        try:
            yield
        except HfHubHTTPError as error:
            raise _from_status(error, told, writing) from error
        except httpx2.HTTPError as error:
            never_sent = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
            sort = OutcomeUnknown if writing and not never_sent else Unavailable
            raise sort(f"{told} ({type(error).__name__})") from error
        except StoreError:
            raise
        except Exception as error:  # an answer of another shape
            sort = OutcomeUnknown if writing else Unavailable
            raise sort(f"{told}: the Hub's answer cannot be read ({type(error).__name__})") from error


def _from_status(error: HfHubHTTPError, told: str, writing: bool) -> StoreError:
    status = error.response.status_code
    said = clean_text(getattr(error, "server_message", None), 300)
    told = f"{told}: HTTP {status}{f', {said}' if said else ''}"
    if status == 402:
        return Unavailable(f"{told}; the account has no credit left", 600.0)
    if status in (401, 403):
        return Forbidden(f"{told}; KEL_JOBS_TOKEN needs the right to start and manage jobs there")
    if status == 404:
        return NotFound(told)
    if status in (408, 409, 412, 429):
        return Unavailable(told, 120.0 if status == 429 else None)
    if status >= 500:
        return OutcomeUnknown(told) if writing else Unavailable(told)
    return Forbidden(told) if writing else Unavailable(told)


def _rented(told: JobInfo) -> Rented:
    """What the Hub says of a job, bounded.

    Raises:
        ValueError: it says something else than a job.
    """
    stage = str(getattr(told.status.stage, "value", told.status.stage))
    if not _ID.fullmatch(str(told.id)) or not _STAGE.fullmatch(stage):
        raise ValueError("no job")
    labels: Any = told.labels if isinstance(told.labels, dict) else {}
    kept = {str(k): str(v) for k, v in islice(labels.items(), 50) if _LABEL.fullmatch(f"{v}") and len(f"{k}") <= 100}
    running: float | None = told.durations.running_secs if told.durations is not None else None
    if running is None and told.started_at is not None and told.finished_at is not None:
        running = (told.finished_at - told.started_at).total_seconds()
    if running is None and told.started_at is None and told.finished_at is not None:
        running = 0  # it never ran
    flavor = str(getattr(told.flavor, "value", told.flavor))
    return Rented(
        id=str(told.id),
        stage=stage,
        labels=kept,
        flavor=flavor if _FLAVOR.fullmatch(flavor) else "another machine",
        created=_utc(told.created_at) or datetime.now(UTC),
        finished=_utc(told.finished_at),
        running=None if running is None else max(0.0, float(running)),
        message=clean_text(told.status.message, 300) or "",
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
