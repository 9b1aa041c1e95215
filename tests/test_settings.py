"""Every setting is documented, and secrets stay secret."""

from pathlib import Path

import pytest

from runner.cage import SECRET_NAMES
from settings import Settings

DEPLOYING = Path(__file__).resolve().parents[1] / "docs" / "deploying.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_deployment_guide_with_its_default_and_help(name: str) -> None:
    field = Settings.model_fields[name]
    rows = [line for line in DEPLOYING.read_text("utf-8").splitlines() if line.startswith(f"| `KEL_{name.upper()}`")]
    assert len(rows) == 1, f"docs/deploying.md has {len(rows)} rows for KEL_{name.upper()}"
    assert field.description
    assert field.description in rows[0]
    if field.default not in (None, ""):
        assert f"`{field.default}`" in rows[0]


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEL_RESULTS_URL", "hf:datasets/org/results")
    assert Settings().results_url == "hf:datasets/org/results"


def test_tokens_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEL_REQUESTS_TOKEN", "hf_secret")
    settings = Settings()
    assert settings.requests_token is not None
    assert settings.requests_token.get_secret_value() == "hf_secret"
    assert "hf_secret" not in repr(settings)
    assert "hf_secret" not in settings.model_dump_json()


def test_every_secret_is_taken_out_of_logs_and_out_of_the_workers_environment() -> None:
    names = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    assert len(names) == 6
    for name in names:
        assert f"KEL_{name.upper()}" in SECRET_NAMES
        assert Settings.model_validate({name: "only-this"}).secrets() == ["only-this"]
