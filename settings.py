"""Every setting: name, default, help. Read from the environment in this one place.

The environment variable of a setting is `KEL_` and its name in capitals (`requests_url` -> `KEL_REQUESTS_URL`).
docs/deploying.md lists them all; a test holds that. Secrets are of type SecretStr, so that they are never printed.
"""

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

    @property
    def maintainer_names(self) -> frozenset[str]:
        """`maintainers` as a set of Hub user names."""
        return frozenset(name.strip() for name in self.maintainers.split(",") if name.strip())
