"""A preview tells what an evaluation would do, writes nothing, and holds against whatever a repository says."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from evaluator.model import download
from evaluator.spec import ModelSpec
from submissions.checks import CheckFailed, HubUnavailable
from submissions.listing import message_html
from submissions.preview import explanation, explanation_html
from submissions.turns import Turns
from submissions.view import preview
from tests.attacks import Attacks
from tests.hub.repositories import Repositories

CONFIG = {"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "torch_dtype": "float32"}
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def made(hub: Repositories, model: str, files: Mapping[str, bytes]) -> ModelSpec:
    repository = hub.create("models", model)
    small = {"config.json": json.dumps(CONFIG).encode(), "pytorch_model.bin": b"x" * 100}
    hub.commit(repository, {**small, **files}, message="m", parent=None)
    return ModelSpec(model=model, revision=repository.head.oid)


def test_an_id_is_enough_to_see_what_its_card_asks_for(hub: Repositories, tmp_path: Path) -> None:
    made(hub, "nlpai-lab/KoE5-preview", {})
    shown = preview(Turns(1), "nlpai-lab/KoE5-preview", "", "auto", "someone")
    assert "없음 · none" in shown, "no card in the registry says anything of this id"
    made(hub, "intfloat/multilingual-e5-base", {})
    shown = preview(Turns(1), "intfloat/multilingual-e5-base", "", "auto", "someone")
    assert "<code>query: </code>" in shown
    assert "<code>passage: </code>" in shown
    assert "card registry: e5" in shown
    assert list(tmp_path.iterdir()) == [], "what was fetched is gone"


def test_a_card_with_a_prompt_that_nothing_uses_is_told_first(hub: Repositories) -> None:
    card = "---\nlicense: mit\n---\n`query: ` 를 질의 앞에, `passage: ` 를 문서 앞에 붙입니다.\n".encode()
    shown = explanation_html(explanation(made(hub, "preview/mentions", {"README.md": card})))
    assert shown.index("프롬프트가 나오는데") < shown.index("<table>")


@pytest.mark.usefixtures("hub")
def test_what_cannot_be_previewed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Hub 모델 id가 아닙니다" in preview(Turns(1), "no id", "", "auto", "someone")
    assert "목록에서" in preview(Turns(1), "preview/any", "", "float7", "someone")
    turns = Turns(1)
    with turns.of("someone"):
        assert "아직 확인하고" in preview(turns, "preview/any", "", "auto", "someone")
    gone = ModelSpec(model="preview/gone", revision="0" * 40)
    with pytest.raises(CheckFailed, match="찾을 수 없습니다"):
        explanation(gone)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(HubUnavailable):
        explanation(ModelSpec(model="preview/elsewhere", revision="0" * 40))


def told_or_refused(spec: ModelSpec) -> str:
    try:
        return explanation_html(explanation(spec))
    except HubUnavailable:
        raise
    except CheckFailed as error:
        return message_html(error.korean, error.english, error=True)


def test_a_repository_may_declare_what_it_will(hub: Repositories, tmp_path: Path, attacks: Attacks) -> None:
    large = b" " * (download.MOST_SMALL_BYTES + 1)
    hostile: list[Mapping[str, bytes]] = [
        {"README.md": large},
        {f"{number}/config.json": b"{}" for number in range(download.MOST_SMALL_FILES + 1)},
        {"config.json": b"[" * 100_000},
        {"config.json": b"\xff\xfe"},
        {"modules.json": b'{"0": 1}'},
        {"modules.json": json.dumps([{"idx": 0, "name": "0", "path": "../..", "type": MARKUP}]).encode()},
        {"config_sentence_transformers.json": json.dumps({"prompts": {MARKUP: MARKUP, "query": MARKUP}}).encode()},
        {"config_sentence_transformers.json": json.dumps({"prompts": [MARKUP]}).encode()},
        {"adapter_config.json": json.dumps({"peft_type": MARKUP, "base_model_name_or_path": [MARKUP] * 9}).encode()},
        {"adapter_config.json": b"7"},
        {"config.json": json.dumps({**CONFIG, "auto_map": {MARKUP: [MARKUP, None, 1]}}).encode()},
        {"config.json": json.dumps({**CONFIG, "max_position_embeddings": MARKUP, "torch_dtype": [1]}).encode()},
        {"config.json": json.dumps({**CONFIG, "architectures": {"a": MARKUP}}).encode()},
        {"tokenizer_config.json": json.dumps({"model_max_length": 1e400, "auto_map": "x"}).encode()},
        {"README.md": ("---\n" + "a: &a [" * 3000 + "\n---\n`query: ` " + MARKUP).encode()},
    ]
    for number, files in enumerate(hostile):
        spec = made(hub, f"preview-hostile/{number}", files)
        shown = told_or_refused(spec)
        assert "<img" not in shown
        assert len(shown) < 100_000
        assert list(tmp_path.iterdir()) == []
    attacks.held("the form's preview", "files that are too many, too large or of another shape", len(hostile))
