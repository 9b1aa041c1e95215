"""Every setting: name, default, help. Read from the environment in this one place.

The environment variable of a setting is `KEL_` and its name in capitals (`requests_url` -> `KEL_REQUESTS_URL`).
docs/deploying.md lists them all; a test holds that. Secrets are of type SecretStr, so that they are never printed.
"""

import os
import re
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

COMMENT_FIELDS = ("model", "commit", "suite", "average", "numbers", "link")
"""What may stand in braces in `comment_text`."""


class Settings(BaseSettings):
    """Settings of the page and of the worker."""

    model_config = SettingsConfigDict(env_prefix="KEL_", frozen=True, extra="forbid")

    requests_url: str = Field("file:.data/requests.git", description="store of the submissions")
    results_url: str = Field("file:.data/results.git", description="store of the results")
    requests_token: SecretStr | None = Field(None, description="Hub token that may write the requests store")
    results_token: SecretStr | None = Field(
        None, description="Hub token that may write the results store (worker only)"
    )
    read_token: SecretStr | None = Field(
        None,
        description="Hub token that may only read: the page reads the results store with it",
    )
    host: str = Field("127.0.0.1", description="address the page listens on (0.0.0.0 on a Space)")
    port: int = Field(7860, description="port the page listens on")
    maintainers: str = Field("", description="Hub user names that may approve, separated by commas")
    maintainer_organisation: str = Field("", description="Hub organisation whose members may approve too")
    login: bool = Field(False, description="whether visitors sign in with the Hub before they submit (true on a Space)")
    webhook_url: SecretStr | None = Field(
        None,
        description="https address that is told submissions, failures and drift alarms, as Slack's webhooks take it",
    )
    refresh_seconds: float = Field(30.0, description="how often the page looks for a new revision of the stores")
    patience_seconds: float = Field(
        1.0, ge=0, description="how long a visitor of a model's page waits for files that were not read yet"
    )
    proxies: int = Field(-1, description="how many proxies before the page add X-Forwarded headers (-1: 1 on a Space)")
    streams: int = Field(1000, description="how many event streams the page keeps open at once")
    streams_per_address: int = Field(100, description="how many of them for one address of a visitor")
    sessions: int = Field(400, description="how many visitors' sessions Gradio keeps the state of")
    pending_events: int = Field(1000, description="how many of the page's events may wait to be handled or read")

    # what may be submitted in the page; maintainers and the command line are exempt (0: no limit)
    open_per_person: int = Field(5, ge=0, description="open submissions that one person may have (0: no limit)")
    hourly_per_person: int = Field(10, ge=0, description="submissions that one person may make in an hour")
    daily_per_person: int = Field(20, ge=0, description="submissions that one person may make in a day")
    open_per_organisation: int = Field(10, ge=0, description="open submissions of one organisation's models")
    hourly_per_organisation: int = Field(20, ge=0, description="submissions of one organisation's models in an hour")
    daily_per_organisation: int = Field(40, ge=0, description="submissions of one organisation's models in a day")
    max_pending: int = Field(200, ge=0, description="submissions of all that may wait for approval")
    submission_commits: int = Field(
        40,
        ge=0,
        description="of the hour's commits, how many submissions may take; workers and maintainers have the rest",
    )
    checks_at_once: int = Field(4, ge=1, description="models that the page checks on the Hub at a time")

    public_url: str = Field(
        "", pattern=r"^(https?://[^\s]{1,200})?$", description="where visitors reach the page, for links to it"
    )

    # the worker
    worker_name: str = Field("", description="the worker's name in the queue (empty: host name and process id)")
    work_dir: Path = Field(Path(".data/work"), description="where evaluations keep what lets a killed run go on")
    models_token: SecretStr | None = Field(
        None, description="Hub token that may only read: the evaluation gets it, for gated models"
    )
    poll_seconds: float = Field(30.0, description="how often an idle worker looks for a queued submission")
    lease_minutes: float = Field(
        60.0, ge=20, description="how long a worker that is not heard of keeps its submission (20 or more)"
    )
    beat_minutes: float = Field(
        10.0, ge=10, description="how often, at most, a finished task renews the lease and tells progress (10 or more)"
    )
    squash_days: float = Field(
        30.0, ge=0, description="how often an idle worker squashes the history of the requests store (0: never)"
    )
    evaluation_hours: float = Field(24.0, description="time limit of one evaluation")
    memory_gib: float = Field(0.0, description="limit of an evaluation's memory on the host in GiB (0: none)")
    retry_minutes: float = Field(10.0, description="how long a submission waits after a failure that may pass")
    commits_per_hour: int = Field(100, ge=0, description="commits that the Hub takes in an hour, per repository")
    max_parameters: int = Field(0, description="larger models are left to other workers (0: no limit)")
    reference_model: str = Field(
        "intfloat/multilingual-e5-small@fd1525a9fd15316a2d503bf26ab031a61d056e98",
        description="what an idle worker runs again to see whether scores drift: ORG/NAME@COMMIT, a folder, or nothing",
    )
    reference_days: float = Field(7.0, gt=0, description="how old an environment's last reference run may become")

    max_download_gib: float = Field(200.0, description="a model with more to download is refused (GiB; 0: no limit)")
    keep_models: bool = Field(False, description="whether fetched models stay, in the Hub's usual cache")

    ray_gpus: str = Field(
        "4e9 2, 12e9 4", description="with --ray --gpus auto: from how many parameters on how many GPUs (else 1)"
    )

    # machines that are rented for evaluations: Hugging Face Jobs
    jobs_namespace: str = Field("", description="the Hub account or organisation that rents machines, and pays")
    jobs_token: SecretStr | None = Field(
        None, description="Hub token that may start and manage jobs there, and read the Space and the bucket"
    )
    jobs_space: str = Field("", description="the Space whose code a rented machine runs, ORG/NAME")
    jobs_bucket: str = Field(
        "", description="bucket in which jobs leave results that run a model's code (empty: none is run)"
    )
    jobs_image: str = Field(
        "python:3.12", description="the image of a rented machine: a Docker image, or hf.co/spaces/..."
    )
    jobs_flavors: str = Field(
        "l4x1 22 400 0.80, l40sx1 44 380 1.80, a100-large 79 1000 2.50, rtx-pro-6000 94 475 2.75, h200 139 3000 5.00",
        description="machines that may be rented: name, GiB of one GPU, GiB of disk, dollars an hour",
    )
    jobs_dollars_per_day: float = Field(
        0.0, ge=0, description="what the jobs of any 24 hours may cost at most, in dollars; with 0 none is started"
    )

    # what the worker tells a model's repository on the Hub
    comment_token: SecretStr | None = Field(
        None, description="Hub token that may open discussions: a worker with it comments on what it finished, once"
    )
    comment_text: str = Field(
        r"[한국어 임베딩 리더보드]({link})에서 이 모델(커밋 {commit})을 평가했습니다. 평균 {average}"
        r"\n\nThis model (commit {commit}) was evaluated on the [Korean embedding leaderboard]({link})."
        r" Average {average}\n\n{numbers}",
        max_length=2000,
        description="the comment, in Markdown; \\n is a line break",
    )

    @field_validator("comment_text")
    @classmethod
    def _known_fields(cls, text: str) -> str:
        if unknown := set(re.findall(r"\{(.*?)\}", text)) - set(COMMENT_FIELDS):
            raise ValueError(f"there is no {{{min(unknown)}}}; the fields: {', '.join(COMMENT_FIELDS)}")
        return text

    @property
    def maintainer_names(self) -> frozenset[str]:
        """`maintainers` as a set of Hub user names."""
        return frozenset(name.strip() for name in self.maintainers.split(",") if name.strip())

    def on(self, space: "Space") -> "Settings":
        """On a Space: reached from outside, with sign-in, and linked to at its page; what is set otherwise stays."""
        if not space.space_id:
            return self
        of_a_space = {
            "host": "0.0.0.0",  # the Hub reaches the page through the container's own address
            "login": True,
            "public_url": f"https://huggingface.co/spaces/{space.space_id}",
        }
        left_open = {name: value for name, value in of_a_space.items() if name not in self.model_fields_set}
        return self.model_copy(update=left_open)

    @property
    def lost_on_a_space(self) -> list[str]:
        """The stores that a Space loses whenever it starts anew: those on its own disk and in memory."""
        stores = {"KEL_REQUESTS_URL": self.requests_url, "KEL_RESULTS_URL": self.results_url}
        return [name for name, url in stores.items() if not url.startswith("hf:")]

    def secrets(self) -> list[str]:
        """The values that must never be shown, for taking them out of logs."""
        tokens = (
            self.requests_token,
            self.results_token,
            self.read_token,
            self.models_token,
            self.comment_token,
            self.jobs_token,
            self.webhook_url,
        )
        return [token.get_secret_value() for token in tokens if token is not None]


class Space(BaseSettings):
    """What a Space tells the page of itself. These variables are the Hub's, not the project's."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    system: str = ""
    space_id: str = ""
    space_host: str = ""
    oauth_client_id: str = ""
    oauth_client_secret: SecretStr = SecretStr("")
    oauth_scopes: str = ""
    openid_provider_url: str = ""

    @property
    def here(self) -> bool:
        """Whether this is a Space."""
        return self.system == "spaces" and bool(self.space_id)

    @property
    def hosts(self) -> list[str]:
        """The hosts under which the Space is served."""
        return [host.strip() for host in self.space_host.split(",") if host.strip()]

    @property
    def lacks_for_login(self) -> list[str]:
        """The variables without which visitors cannot sign in with the Hub; Gradio would only pretend it."""
        needed = {
            "SYSTEM=spaces": self.system == "spaces",
            "SPACE_ID": self.space_id,
            "OAUTH_CLIENT_ID": self.oauth_client_id,
            "OAUTH_CLIENT_SECRET": self.oauth_client_secret.get_secret_value(),
            "OAUTH_SCOPES": self.oauth_scopes,
            "OPENID_PROVIDER_URL": self.openid_provider_url,
        }
        return [name for name, value in needed.items() if not value]


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
