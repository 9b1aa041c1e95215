"""Models in several repositories: adapters on a base, stacked ones, and code that lies elsewhere."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from sentence_transformers import SentenceTransformer
from transformers import AutoModel

from evaluator.errors import EvaluationError
from evaluator.model.code_listing import code_files
from evaluator.model.download import resolve_revision
from evaluator.model.explaining import explain
from evaluator.model.loading import load_encoder
from evaluator.model.parts import looked_at
from evaluator.spec import ModelSpec, local_spec
from evaluator.suite import KO_V1
from tests.evaluator import models
from tests.evaluator.running import evaluator

if TYPE_CHECKING:
    from tests.hub.repositories import Repositories

TEXTS = list(models.KOREAN)


def adapter(folder: Path, on: torch.nn.Module, base: str, seed: int) -> torch.nn.Module:
    """A LoRA adapter with weights that are not zero, saved into `folder`; returns the model with it."""
    torch.manual_seed(seed)
    config = LoraConfig(r=4, target_modules=["query", "value"], init_lora_weights=False)
    wrapped = get_peft_model(on, config)  # type: ignore[arg-type]
    wrapped.save_pretrained(str(folder))
    read = json.loads((folder / "adapter_config.json").read_text())
    models.write_json(folder / "adapter_config.json", {**read, "base_model_name_or_path": base})
    (folder / "README.md").unlink(missing_ok=True)
    return wrapped


def mean_pooled(model: torch.nn.Module, folder: Path) -> np.ndarray:
    """The mean of a transformer's last hidden states over each text's tokens."""
    from transformers import AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(str(folder))(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**tokens).last_hidden_state
    mask = tokens["attention_mask"].unsqueeze(-1)
    found: np.ndarray = ((states * mask).sum(1) / mask.sum(1)).numpy()
    return found


def embeddings(spec: ModelSpec) -> np.ndarray:
    encoder = load_encoder(spec, "cpu")
    return encoder.embed(encoder.tokenize(TEXTS, "", None), "", None)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, hub: "Repositories") -> dict[str, Any]:
    """parts/base, an adapter on it, and an adapter on that adapter, on the stand-in of the Hub."""
    root = tmp_path_factory.mktemp("stack")
    base = models.with_pooling(models.bert(root / "base"))
    hub.add_folder("models", "parts/base", base)
    one = adapter(root / "one", AutoModel.from_pretrained(str(base)), "parts/base", 1)
    hub.add_folder("models", "parts/one", root / "one")
    merged = PeftModel.from_pretrained(AutoModel.from_pretrained(str(base)), str(root / "one")).merge_and_unload()
    two = adapter(root / "two", merged, "parts/one", 2)
    hub.add_folder("models", "parts/two", root / "two")
    expected = {"parts/one": mean_pooled(one.eval(), base), "parts/two": mean_pooled(two.eval(), base)}
    parts = {"parts/base": hub.get("models", "parts/base").head.oid}
    return {"root": root, "base": base, "expected": expected, "parts": parts}


@pytest.mark.parametrize("model", ["parts/one", "parts/two"])
def test_adapters_give_what_peft_gives(model: str, stack: dict[str, Any]) -> None:
    spec = looked_at(resolve_revision(ModelSpec(model=model))).spec
    assert set(spec.parts) == {"parts/base"} | ({"parts/one"} if model == "parts/two" else set())
    found = embeddings(spec)
    np.testing.assert_allclose(found, stack["expected"][model], atol=1e-5)
    assert np.abs(found - embeddings(local_spec(stack["base"]))).max() > 0.01


def test_what_is_below_an_adapter_is_told_and_pinned(stack: dict[str, Any], hub: "Repositories") -> None:
    told = explain(resolve_revision(ModelSpec(model="parts/two")), KO_V1.tasks)
    assert [(each.model, each.kind, each.base) for each in told.adapters] == [
        ("parts/two", "LORA", "parts/one"),
        ("parts/one", "LORA", "parts/base"),
    ]
    assert (told.loader, told.pooling, told.precision) == ("sentence-transformers", "mean", "float32")
    assert told.parts == {each.base: each.commit for each in told.adapters}
    spec = looked_at(resolve_revision(ModelSpec(model="parts/one"))).spec
    before = embeddings(spec)
    repository = hub.get("models", "parts/base")
    hub.commit(
        repository,
        {"model.safetensors": models.bert(stack["root"] / "retrained", seed=3) / "model.safetensors"},
        message="retrained",
        parent=None,
    )
    np.testing.assert_array_equal(embeddings(spec), before)


def test_an_adapter_as_sentence_transformers_saves_it(tmp_path: Path, hub: "Repositories") -> None:
    base = models.with_pooling(models.bert(tmp_path / "base"), "cls")
    hub.add_folder("models", "parts/st-base", base)
    model = SentenceTransformer(str(base), device="cpu")
    torch.manual_seed(4)
    model.add_adapter(LoraConfig(r=4, target_modules=["query", "value"], init_lora_weights=False))
    expected = model.encode(TEXTS)
    model.save_pretrained(str(tmp_path / "st"), create_model_card=False)
    config = json.loads((tmp_path / "st/adapter_config.json").read_text())
    models.write_json(tmp_path / "st/adapter_config.json", {**config, "base_model_name_or_path": "parts/st-base"})
    hub.add_folder("models", "parts/st-adapter", tmp_path / "st")
    spec = looked_at(resolve_revision(ModelSpec(model="parts/st-adapter"))).spec
    np.testing.assert_allclose(embeddings(spec), expected, atol=1e-5)


def with_code_elsewhere(folder: Path, repository: str) -> Path:
    config = json.loads((folder / "config.json").read_text())
    names = {"AutoModel": "modeling_own.OwnModel", "AutoConfig": "configuration_own.OwnConfig"}
    elsewhere = {automatic: f"{repository}--{name}" for automatic, name in names.items()}
    models.write_json(folder / "config.json", {**config, "model_type": "own-bert", "auto_map": elsewhere})
    return folder


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, hub: "Repositories") -> tuple[ModelSpec, np.ndarray, Any]:
    """A model whose code lies in another repository: its spec, its vectors, and that repository."""
    root = tmp_path_factory.mktemp("elsewhere")
    plain = models.with_pooling(models.bert(root / "plain"))
    expected = embeddings(local_spec(plain))
    code = {name: content.encode() for name, content in models.OWN_CODE.items()}
    repository = hub.create("models", "parts/code")
    hub.commit(repository, code, message="code", parent=None)
    folder = with_code_elsewhere(models.with_pooling(models.bert(root / "model")), "parts/code")
    hub.add_folder("models", "parts/uses-code", folder)
    return resolve_revision(ModelSpec(model="parts/uses-code")), expected, repository


def refused(spec: ModelSpec) -> tuple[str, str]:
    with pytest.raises(EvaluationError) as caught:
        load_encoder(spec, "cpu")
    return caught.value.failure, caught.value.message


def test_code_of_another_repository_runs_at_its_pinned_commit_if_it_is_trusted(
    elsewhere: tuple[ModelSpec, np.ndarray, Any], hub: "Repositories"
) -> None:
    spec, expected, repository = elsewhere
    assert refused(spec)[0] == "needs_remote_code"
    trusted = spec.model_copy(update={"trust_remote_code": True})
    failure, message = refused(trusted)
    assert (failure, "parts/code" in message) == ("needs_remote_code", True)
    pinned = looked_at(trusted).spec
    assert pinned.parts == {"parts/code": repository.head.oid}
    hub.commit(repository, {"modeling_own.py": b"raise SystemExit('changed since')"}, message="evil", parent=None)
    np.testing.assert_allclose(embeddings(pinned), expected, atol=1e-6)
    other = ModelSpec(model=spec.model, revision=spec.revision, trust_remote_code=True, parts={"parts/one": "0" * 40})
    assert refused(other)[0] == "needs_remote_code"


def test_explain_lists_the_code_with_its_hashes(elsewhere: tuple[ModelSpec, np.ndarray, Any]) -> None:
    spec, _, repository = elsewhere
    first = next(commit for commit in repository.commits if commit.message == "code")
    spec = spec.model_copy(update={"parts": {"parts/code": first.oid}})
    told = explain(spec, KO_V1.tasks)
    assert told.parts == {"parts/code": first.oid}
    assert told.remote_code["config.json, AutoModel"] == "parts/code--modeling_own.OwnModel"
    files = {file.path: file for file in code_files(spec)}
    assert set(files) == {"modeling_own.py", "configuration_own.py"}
    assert files["modeling_own.py"].sha256 == hashlib.sha256(models.OWN_CODE["modeling_own.py"].encode()).hexdigest()
    assert {file.commit for file in files.values()} == {first.oid}
    ran = evaluator("explain", spec.model, "--code", "--part", f"parts/code@{first.oid}")
    assert files["modeling_own.py"].sha256 in ran.stdout
    assert f"parts/code@{first.oid}  modeling_own.py" in ran.stdout
    assert evaluator("explain", spec.model, "--part", "parts/code@main").returncode == 2


def test_running_trusted_code_of_another_repository_needs_its_commit(
    elsewhere: tuple[ModelSpec, np.ndarray, Any],
) -> None:
    spec, _, _ = elsewhere
    ran = evaluator("run", spec.model, "--revision", str(spec.revision), "--trust-remote-code")
    assert ran.returncode == 2
    assert "--part parts/code@" in " ".join(ran.stderr.replace("│", " ").split())


BAD_ADAPTERS: dict[str, tuple[dict[str, Any], str]] = {
    "base on its author's disk": ({"base_model_name_or_path": "/home/me/bge-m3"}, "no model on the Hub"),
    "base that is no text": ({"base_model_name_or_path": {"a": 1}}, "no model on the Hub"),
    "on top of itself": ({"base_model_name_or_path": "local/bad"}, "without end"),
    "prompt tuning": ({"peft_type": "PROMPT_TUNING"}, "of the kind"),
    "a library to import": ({"megatron_config": {"a": 1}, "megatron_core": "os"}, "'megatron_co"),
    "layers that are not there": ({"target_modules": ["nowhere"]}, "could not be loaded"),
    "fewer layers than its weights": ({"target_modules": ["query"]}, "do not fit"),
    "other ranks": ({"r": 2}, "could not be loaded"),
}


@pytest.mark.parametrize("case", BAD_ADAPTERS)
def test_an_adapter_that_cannot_be_put_on_is_refused(case: str, tmp_path: Path, stack: dict[str, Any]) -> None:
    changes, sentence = BAD_ADAPTERS[case]
    shutil.copytree(stack["root"] / "one", tmp_path / "bad")
    config = json.loads((tmp_path / "bad/adapter_config.json").read_text())
    models.write_json(tmp_path / "bad/adapter_config.json", {**config, **changes})
    failure, message = refused(local_spec(tmp_path / "bad", parts=stack["parts"]))
    assert failure == "load_failed"
    assert sentence in message


def test_an_adapter_without_weights_is_refused(tmp_path: Path, stack: dict[str, Any]) -> None:
    shutil.copytree(stack["root"] / "one", tmp_path / "bare")
    (tmp_path / "bare/adapter_model.safetensors").unlink()
    assert "without weights" in refused(local_spec(tmp_path / "bare", parts=stack["parts"]))[1]


def test_a_gated_base_is_told_and_needs_the_workers_token(
    tmp_path: Path, stack: dict[str, Any], hub: "Repositories"
) -> None:
    hub.add_folder("models", "parts/gated", stack["base"], gated=True)
    shutil.copytree(stack["root"] / "one", tmp_path / "on-gated")
    config = json.loads((tmp_path / "on-gated/adapter_config.json").read_text())
    models.write_json(tmp_path / "on-gated/adapter_config.json", {**config, "base_model_name_or_path": "parts/gated"})
    hub.add_folder("models", "parts/on-gated", tmp_path / "on-gated")
    spec = resolve_revision(ModelSpec(model="parts/on-gated"))
    told = explain(spec, KO_V1.tasks, token=False)
    assert "gated_base" in {warning.code for warning in told.warnings}
    assert [each.base for each in told.adapters] == ["parts/gated"]
    assert refused(spec.model_copy(update={"parts": told.parts}))[0] == "gated"
