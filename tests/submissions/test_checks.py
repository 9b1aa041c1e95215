"""What a visitor types is checked against the Hub before it is queued."""

from pathlib import Path

import pytest

from submissions.checks import CheckFailed, HubUnavailable, check_model
from tests.hub.repositories import Repositories


def test_a_good_model_gives_its_commit_and_metadata(hub: Repositories, minilm_folder: Path) -> None:
    repository = hub.add_folder("models", "checks/minilm", minilm_folder, likes=3)
    checked = check_model(" checks/minilm ")
    assert checked.model == "checks/minilm"
    assert checked.revision == repository.head.oid
    assert checked.metadata.architecture == "BertModel"
    assert checked.metadata.parameters == 22_713_728
    assert checked.metadata.likes == 3
    assert checked.metadata.gated is False
    assert checked.metadata.weight_bytes == (minilm_folder / "model.safetensors").stat().st_size


def test_a_named_revision_becomes_a_commit(hub: Repositories, minilm_folder: Path) -> None:
    repository = hub.add_folder("models", "checks/revisions", minilm_folder)
    before = repository.head.oid
    hub.commit(repository, {"extra.txt": b"1"}, message="later", parent=None)
    assert check_model("checks/revisions", before).revision == before
    assert check_model("checks/revisions", "main").revision == repository.head.oid


@pytest.mark.parametrize(
    "model",
    [
        "",
        "KURE-v1",
        "a/b/c",
        "../../etc/passwd",
        "org/<script>alert(1)</script>",
        "org/na me",
        "org/name\n",
        "org/" + "x" * 200,
        "조직/모델",
        "https://huggingface.co/org/name",
    ],
)
def test_what_is_no_id_is_refused_with_the_right_form(model: str) -> None:
    if model.strip() != model:
        model = model + "more"
    with pytest.raises(CheckFailed, match="organisation/name"):
        check_model(model)


def test_missing_models_and_revisions_say_what_to_do(hub: Repositories, minilm_folder: Path) -> None:
    hub.add_folder("models", "checks/there", minilm_folder)
    with pytest.raises(CheckFailed, match="no public model checks/absent"):
        check_model("checks/absent")
    with pytest.raises(CheckFailed, match="has no revision 'v9'"):
        check_model("checks/there", "v9")
    with pytest.raises(CheckFailed, match="branch, tag or commit"):
        check_model("checks/there", "a b")


def test_a_private_model_looks_absent(hub: Repositories) -> None:
    hub.create("models", "checks/private", private=True)
    with pytest.raises(CheckFailed, match="no public model"):
        check_model("checks/private")


def test_repositories_without_a_loadable_model_are_refused(hub: Repositories) -> None:
    empty = hub.create("models", "checks/empty")
    with pytest.raises(CheckFailed, match=r"neither modules\.json nor config\.json"):
        check_model("checks/empty")
    hub.commit(empty, {"config.json": b"{}", "model.gguf": b"x"}, message="m", parent=None)
    with pytest.raises(CheckFailed, match="GGUF or ONNX"):
        check_model("checks/empty")


def test_a_silent_hub_is_told_apart_from_a_wrong_id(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubUnavailable, match="submit again"):
        check_model("some/model")
