"""Every setting is documented, and secrets stay secret."""

from pathlib import Path

import pytest
import yaml

from evaluator.records import load_result
from evaluator.suite import KO_V1
from leaderboard_data.publish import SHIPPED
from runner.cage import SECRET_NAMES
from settings import Settings, Space

ROOT = Path(__file__).resolve().parents[1]
DEPLOYING = ROOT / "docs" / "deploying.md"


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


def test_the_front_matter_names_what_the_hub_shows_of_the_space() -> None:
    parts = (ROOT / "README.md").read_text("utf-8").split("---\n")
    told = yaml.safe_load(parts[1])
    assert told.keys() >= {"title", "sdk", "sdk_version", "python_version", "app_file", "hf_oauth", "license"}
    assert told["license"] == "apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    assert "leaderboard" in told["tags"]
    assert set(told["datasets"]) == {task.data.path for task in KO_V1.tasks}
    shipped = {load_result(path.read_bytes()).spec.model for path in SHIPPED.glob("*/*.json")}
    assert set(told["models"]) <= shipped
    assert len(told["models"]) == 9
    (pinned,) = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("gradio")]
    assert told["sdk_version"] in pinned
    assert len(told["short_description"]) <= 60, "the Hub takes no longer one"


def test_on_a_space_it_is_reached_from_outside_and_visitors_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(space_id="org/board")
    settings = Settings().on(space)
    assert (settings.host, settings.login) == ("0.0.0.0", True)
    assert settings.public_url == "https://huggingface.co/spaces/org/board"
    assert Settings().on(Space()) == Settings(), "elsewhere nothing changes"
    monkeypatch.setenv("KEL_HOST", "127.0.0.1")
    monkeypatch.setenv("KEL_LOGIN", "false")
    said = Settings().on(space)
    assert (said.host, said.login) == ("127.0.0.1", False), "what is set stays"


def test_a_space_loses_what_is_not_on_the_hub() -> None:
    assert Settings().lost_on_a_space == ["KEL_REQUESTS_URL", "KEL_RESULTS_URL"]
    kept = Settings(requests_url="hf:datasets/o/requests", results_url="memory:")
    assert kept.lost_on_a_space == ["KEL_RESULTS_URL"]


def test_tokens_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEL_REQUESTS_TOKEN", "hf_secret")
    settings = Settings()
    assert settings.requests_token is not None
    assert settings.requests_token.get_secret_value() == "hf_secret"
    assert "hf_secret" not in repr(settings)
    assert "hf_secret" not in settings.model_dump_json()


def test_every_secret_is_taken_out_of_logs_and_out_of_the_workers_environment() -> None:
    names = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    assert len(names) == 7
    for name in names:
        assert f"KEL_{name.upper()}" in SECRET_NAMES
        assert Settings.model_validate({name: "only-this"}).secrets() == ["only-this"]
