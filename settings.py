"""Every setting: name, default, help. Read from the environment in this one place.

The environment variable of a setting is `KEL_` and its name in capitals (`requests_url` -> `KEL_REQUESTS_URL`).
docs/deploying.md lists them all; a test holds that. Secrets are of type SecretStr, so that they are never printed.
"""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the page and of the worker."""

    model_config = SettingsConfigDict(env_prefix="KEL_", frozen=True, extra="forbid")

    requests_url: str = Field("file:.data/requests.git", description="store of the submissions")
    results_url: str = Field("file:.data/results.git", description="store of the results")
    requests_token: SecretStr | None = Field(None, description="Hub token that may write the requests store")
    results_token: SecretStr | None = Field(
        None, description="Hub token that may write the results store (worker only)"
    )
    host: str = Field("127.0.0.1", description="address the page listens on")
    port: int = Field(7860, description="port the page listens on")
    maintainers: str = Field("", description="Hub user names that may approve, separated by commas")
    login: bool = Field(False, description="whether visitors sign in with the Hub before they submit (true on a Space)")
    refresh_seconds: float = Field(30.0, description="how often the page looks for a new revision of the stores")

    # the worker
    worker_name: str = Field("", description="the worker's name in the queue (empty: host name and process id)")
    work_dir: Path = Field(Path(".data/work"), description="where evaluations keep what lets a killed run go on")
    models_token: SecretStr | None = Field(
        None, description="Hub token that may only read: the evaluation gets it, for gated models"
    )
    poll_seconds: float = Field(30.0, description="how often an idle worker looks for a queued submission")
    lease_minutes: float = Field(30.0, description="how long a worker that is not heard of keeps its submission")
    beat_minutes: float = Field(5.0, description="how often, at most, a finished task renews the lease")
    evaluation_hours: float = Field(24.0, description="time limit of one evaluation")
    memory_gib: float = Field(0.0, description="limit of an evaluation's memory on the host in GiB (0: none)")
    retry_minutes: float = Field(10.0, description="how long a submission waits after a failure that may pass")
    commits_per_hour: int = Field(100, description="commits that the Hub takes in an hour, per repository (for status)")
    max_parameters: int = Field(0, description="larger models are left to other workers (0: no limit)")

    @property
    def maintainer_names(self) -> frozenset[str]:
        """`maintainers` as a set of Hub user names."""
        return frozenset(name.strip() for name in self.maintainers.split(",") if name.strip())

    def secrets(self) -> list[str]:
        """The values that must never be shown, for taking them out of logs."""
        tokens = (self.requests_token, self.results_token, self.models_token)
        return [token.get_secret_value() for token in tokens if token is not None]


_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "PYTORCH_CUDA_ALLOC_CONF"),
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM"),
    *("HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET"),
    *("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
)


def evaluation_environment(models_token: SecretStr | None = None) -> dict[str, str]:
    """The environment of an evaluation: what is named here and set, and no token but `models_token`.

    A login stored on this machine is hidden too: without `models_token` the evaluation is anonymous on the Hub.
    """
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"HF_TOKEN_PATH": os.devnull, "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUNBUFFERED": "1"}
    if models_token is None:
        return environment | {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
    return environment | {"HF_TOKEN": models_token.get_secret_value()}
