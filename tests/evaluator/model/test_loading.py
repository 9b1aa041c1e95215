"""Loading follows the model card, gives sentence-transformers' embeddings, and fails with a class and a sentence."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from evaluator.errors import EvaluationError, FailureClass
from evaluator.model.choices import resolve_pooling, resolve_precision
from evaluator.model.download import fetch, resolve_revision
from evaluator.model.encoder import Encoder
from evaluator.model.loading import load_encoder
from evaluator.model.prompts import Declared, Prompting
from evaluator.model.repository import Repository
from evaluator.model.token_encoder import UNPADDED
from evaluator.spec import ModelSpec, local_spec
from evaluator.suite import KO_V1
from evaluator.task import Task
from tests.evaluator import models

if TYPE_CHECKING:
    from tests.hub.repositories import Repositories

TEXTS = [*models.KOREAN, "짧다", "아주 긴 문장입니다. " * 30, "emoji 😀 english 섞인 글"]


def embed(encoder: Encoder, texts: list[str], prompt: str = "") -> np.ndarray:
    return encoder.embed(encoder.tokenize(texts, prompt, None), prompt, None)


def load(folder: Path, **fields: object) -> Encoder:
    return load_encoder(local_spec(folder, **fields), "cpu")


def refused(folder: Path, failure: FailureClass, **fields: object) -> str:
    """The sentence with which loading fails."""
    with pytest.raises(EvaluationError) as caught:
        load(folder, **fields)
    assert caught.value.failure == failure, caught.value.message
    assert str(folder) not in caught.value.message
    return caught.value.message


# The embeddings are sentence-transformers' own.


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_embeddings_equal_sentence_transformers(pooling: str, tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"), pooling)
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(embed(load(folder), TEXTS), expected, atol=1e-6)


def test_a_decoder_padded_on_the_left_equals_sentence_transformers(tmp_path: Path) -> None:
    folder = models.with_pooling(models.qwen2(tmp_path / "qwen2"), "last")
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(embed(load(folder, precision="float32"), TEXTS), expected, atol=1e-6)


def test_a_static_model_equals_sentence_transformers(tmp_path: Path) -> None:
    folder = models.static(tmp_path / "static")
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    encoder = load(folder)
    np.testing.assert_allclose(embed(encoder, TEXTS), expected, atol=1e-6)
    assert encoder.max_tokens is None


def test_a_prompt_left_out_of_the_pooling_equals_sentence_transformers(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "instructor"), "mean")
    config = json.loads((folder / "1_Pooling/config.json").read_text(encoding="utf-8"))
    models.write_json(folder / "1_Pooling/config.json", {**config, "include_prompt": False})
    prompt = "은행 문서를 찾으세요: "
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, prompt=prompt)
    encoder = load(folder)
    assert encoder.prompt_matters
    np.testing.assert_allclose(embed(encoder, TEXTS, prompt), expected, atol=1e-6)


def test_batches_of_any_composition_give_the_same_embeddings(tmp_path: Path) -> None:
    encoder = load(models.with_pooling(models.bert(tmp_path / "bert")))
    alone = np.concatenate([embed(encoder, [text]) for text in TEXTS])
    np.testing.assert_allclose(embed(encoder, TEXTS), alone, atol=1e-6)


# How a repository is loaded, and why.


def test_a_plain_transformer_is_loaded_with_transformers_and_says_which_pooling(tmp_path: Path) -> None:
    encoder = load(models.bert(tmp_path / "plain"))
    assert (encoder.loaded.loader, encoder.loaded.pooling) == ("transformers", "mean")
    assert encoder.loaded.pooling_source == "nothing declared: sentence-transformers' default for encoders"


def test_the_declared_pooling_is_taken(tmp_path: Path) -> None:
    folder = models.bert(tmp_path / "declared")
    models.write_json(folder / "1_Pooling/config.json", models.pooling_config("cls"))
    encoder = load(folder)
    assert (encoder.loaded.pooling, encoder.loaded.pooling_source) == ("cls", "1_Pooling/config.json")
    first = SentenceTransformer(str(models.with_pooling(folder, "cls")), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(embed(encoder, TEXTS), first, atol=1e-6)


def test_a_model_documented_for_flagembedding_takes_the_cls_token(tmp_path: Path) -> None:
    folder = models.bert(tmp_path / "bge")
    (folder / "README.md").write_text("# BGE\n\n`from FlagEmbedding import FlagModel`\n", encoding="utf-8")
    pooling, source = resolve_pooling(local_spec(folder), Repository(folder))
    assert pooling == "cls"
    assert "FlagEmbedding" in source


def test_the_pooling_asked_for_wins_over_the_declared_one(tmp_path: Path) -> None:
    folder = models.bert(tmp_path / "asked")
    models.write_json(folder / "1_Pooling/config.json", models.pooling_config("cls"))
    assert load(folder, pooling="last").loaded.pooling_source == "asked for"


def test_pooling_cannot_be_asked_of_a_model_with_modules(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "modules"))
    assert "leave the pooling at auto" in refused(folder, "load_failed", pooling="cls")


def test_a_decoder_without_declared_pooling_takes_the_last_token(tmp_path: Path) -> None:
    folder = models.qwen2(tmp_path / "decoder")
    assert resolve_pooling(local_spec(folder), Repository(folder))[0] == "last"


def test_precision_auto_is_float32_for_encoders_and_sixteen_bits_for_decoders(tmp_path: Path) -> None:
    half_encoder = models.bert(tmp_path / "encoder", dtype=torch.bfloat16)
    half_decoder = models.qwen2(tmp_path / "decoder", dtype=torch.bfloat16)
    full_decoder = models.qwen2(tmp_path / "full")
    found = {
        folder.name: resolve_precision(local_spec(folder), Repository(folder), "cpu")
        for folder in (half_encoder, half_decoder, full_decoder)
    }
    assert found == {"encoder": "float32", "decoder": "bfloat16", "full": "bfloat16"}


def test_a_half_precision_model_gives_float32_rows_near_the_full_ones(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    full, half = load(folder), load(folder, precision="bfloat16")
    rows = embed(half, TEXTS)
    assert (half.dtype, rows.dtype) == ("bfloat16", np.float32)
    np.testing.assert_allclose(rows, embed(full, TEXTS), atol=0.05)


def test_bfloat16_on_a_device_without_it_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = models.bert(tmp_path / "bert")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_options: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "Tesla T4")
    with pytest.raises(EvaluationError, match=r"cuda:0 \(Tesla T4\) cannot compute in bfloat16"):
        resolve_precision(local_spec(folder, precision="bfloat16"), Repository(folder), "cuda:0")
    full = models.qwen2(tmp_path / "decoder")
    assert resolve_precision(local_spec(full), Repository(full), "cuda:0") == "float16"


@pytest.mark.parametrize("asked", ["lists", "lists that are not the same"])
@pytest.mark.parametrize("architecture", ["bert", "qwen2"])
def test_token_ids_are_those_of_sentence_transformers(
    architecture: str, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = models.with_pooling(getattr(models, architecture)(tmp_path / "model"), "last")
    if asked != "lists":
        cut = {**UNPADDED, "text": {**UNPADDED["text"], "max_length": 3}}
        monkeypatch.setattr("evaluator.model.token_encoder.UNPADDED", cut)
    encoder = load(folder)
    for prompt in ("", "질의: "):
        features = SentenceTransformer(str(folder), device="cpu").preprocess(TEXTS, prompt=prompt or None)
        padded = zip(features["input_ids"].numpy(), features["attention_mask"].numpy().astype(bool), strict=True)
        for ids, (row, kept) in zip(encoder.tokenize(TEXTS, prompt, None), padded, strict=True):
            np.testing.assert_array_equal(ids, row[kept])


def test_texts_are_cut_at_the_tokens_asked_for(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    encoder = load(folder, max_tokens=8)
    assert encoder.max_tokens == 8
    assert max(len(ids) for ids in encoder.tokenize(TEXTS, "", None)) == 8
    assert "64 positions; it cannot read 65 tokens" in refused(folder, "load_failed", max_tokens=65)


def test_what_the_result_says_of_the_model(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# 모델\n", encoding="utf-8")
    info = load(folder).info()
    stored = sum(weight.numel() for weight in load_file(folder / "model.safetensors").values())
    assert (info.parameters, info.memory_bytes) == (stored, 4 * stored)
    assert (info.license, info.architecture, info.llm_based) == ("cc-by-nc-4.0", "BertModel", False)


# Prompts


def test_prompts_are_looked_up_as_in_mteb() -> None:
    task, pairs = KO_V1.task("Ko-StrategyQA"), KO_V1.task("KLUE-STS")

    def prompt(prompts: dict[str, str], default: str | None, task: Task, side: str) -> str:
        declared = Declared({**prompts, **({"기본값": default} if default else {})}, "기본값" if default else None)
        return Prompting(ModelSpec(model="org/name"), declared).prompt(task, side).text

    prompts = {"Retrieval-query": "유형과 쪽", "Retrieval": "유형", "query": "쪽", "passage": "문서: "}
    assert prompt({**prompts, "Ko-StrategyQA": "이름"}, None, task, "query") == "이름"
    assert prompt(prompts, None, task, "query") == "유형과 쪽"
    assert prompt({"query": "쪽"}, "기본", task, "query") == "쪽"
    assert prompt({"passage": "문서: "}, "기본", task, "document") == "문서: "
    assert prompt({"query": "쪽"}, "기본", pairs, "text") == "기본"
    assert prompt({"query": "쪽"}, None, pairs, "text") == ""


def test_the_repositorys_prompts_are_read(tmp_path: Path) -> None:
    folder = models.with_pooling(
        models.bert(tmp_path / "e5"), prompts={"query": "query: ", "STS": "sts: "}, default_prompt_name="query"
    )
    encoder = load(folder)
    assert encoder.declared.prompts["STS"] == "sts: "
    assert encoder.declared.default == "query: "


# Failures


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    models.write_json(tmp_path / "empty/config.json", {})
    assert "neither modules.json nor config.json" in refused(tmp_path / "empty", "load_failed")


def test_a_folder_that_changed_since_its_submission_is_refused(tmp_path: Path) -> None:
    folder = models.bert(tmp_path / "bert")
    spec = local_spec(folder)
    models.change_weights(folder, lambda _name, value: value * 2)
    with pytest.raises(EvaluationError, match="has changed since it was submitted"):
        load_encoder(spec, "cpu")


def test_broken_json_is_named(tmp_path: Path) -> None:
    folder = models.bert(tmp_path / "bert")
    (folder / "modules.json").write_text("[{", encoding="utf-8")
    assert "modules.json of the model is not valid JSON" in refused(folder, "load_failed")


def test_cut_off_weights_are_load_failed(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    assert "could not be loaded (SafetensorError" in refused(folder, "load_failed")


def test_missing_weights_are_load_failed(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    (folder / "model.safetensors").unlink()
    assert "could not be loaded" in refused(folder, "load_failed")


def test_nan_weights_are_bad_embeddings(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    models.change_weights(folder, lambda _name, value: torch.full_like(value, float("nan")))
    assert "gives NaN or infinite values in float32" in refused(folder, "bad_embeddings")


def test_constant_embeddings_are_bad_embeddings(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    models.change_weights(folder, lambda _name, value: torch.zeros_like(value))
    assert "the same vector for different texts" in refused(folder, "bad_embeddings")


def test_a_tokenizer_without_padding_token_pads_with_its_end_token(tmp_path: Path) -> None:
    padded = models.with_pooling(models.qwen2(tmp_path / "padded"), "last")
    unpadded = models.with_pooling(models.qwen2(tmp_path / "unpadded", pad_token=None), "last")
    np.testing.assert_allclose(embed(load(unpadded), TEXTS), embed(load(padded), TEXTS), atol=1e-6)


def test_a_tokenizer_without_padding_and_end_token_is_refused(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert", pad_token=None))
    assert "neither a padding nor an end token" in refused(folder, "load_failed")


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ("SparseEncoder", "a sparse encoder, and was asked for as a dense embedding model"),
        ("CrossEncoder", "a CrossEncoder, not an embedding model"),
    ],
)
def test_models_of_another_kind_than_asked_for_are_refused(declared: str, why: str, tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "other"), model_type=declared)
    assert why in refused(folder, "load_failed")


def with_remote_code(folder: Path) -> Path:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    own = {"AutoModel": "modeling_own.OwnModel", "AutoConfig": "configuration_own.OwnConfig"}
    models.write_json(folder / "config.json", {**config, "model_type": "own-bert", "auto_map": own})
    for name, content in models.OWN_CODE.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_remote_code_is_refused_by_default(tmp_path: Path) -> None:
    folder = with_remote_code(models.with_pooling(models.bert(tmp_path / "own")))
    message = refused(folder, "needs_remote_code")
    assert "--trust-remote-code" in message


def test_remote_code_runs_when_it_is_trusted(tmp_path: Path) -> None:
    plain = models.with_pooling(models.bert(tmp_path / "plain"))
    folder = with_remote_code(models.with_pooling(models.bert(tmp_path / "trusted")))
    encoder = load(folder, trust_remote_code=True)
    np.testing.assert_allclose(embed(encoder, TEXTS), embed(load(plain), TEXTS), atol=1e-6)


# From the Hub (its stand-in, through the real client)


def test_a_model_from_the_hub_is_the_one_at_its_commit(tmp_path: Path, hub: "Repositories") -> None:
    folder = models.with_pooling(models.bert(tmp_path / "one"))
    repository = hub.add_folder("models", "loading/at-commit", folder)
    spec = resolve_revision(ModelSpec(model="loading/at-commit"))
    assert spec.revision == repository.head.oid
    other = models.bert(tmp_path / "two", seed=1)
    hub.commit(repository, {"model.safetensors": other / "model.safetensors"}, message="retrained", parent=None)
    np.testing.assert_allclose(embed(load_encoder(spec, "cpu"), TEXTS), embed(load(folder), TEXTS), atol=1e-6)


def test_a_repository_with_safetensors_is_fetched_without_its_other_weights(
    tmp_path: Path, hub: "Repositories"
) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "many"))
    (folder / "pytorch_model.bin").write_bytes(b"old weights")
    (folder / "onnx").mkdir()
    (folder / "onnx/model.onnx").write_bytes(b"another runtime")
    hub.add_folder("models", "loading/many-weights", folder)
    fetched = fetch(resolve_revision(ModelSpec(model="loading/many-weights")))
    assert (fetched / "model.safetensors").is_file()
    assert not (fetched / "pytorch_model.bin").exists()
    assert not (fetched / "onnx").exists()


def test_an_unknown_model_is_not_found(hub: "Repositories") -> None:
    assert hub is not None
    with pytest.raises(EvaluationError, match="no public model loading/nowhere on the Hub") as caught:
        resolve_revision(ModelSpec(model="loading/nowhere"))
    assert caught.value.failure == "not_found"


def test_an_unknown_revision_is_not_found(tmp_path: Path, hub: "Repositories") -> None:
    hub.add_folder("models", "loading/known", models.bert(tmp_path / "known"))
    with pytest.raises(EvaluationError, match=f"no revision {'a' * 40}") as caught:
        fetch(ModelSpec(model="loading/known", revision="a" * 40))
    assert caught.value.failure == "not_found"


def test_a_gated_model_says_how_to_get_in(tmp_path: Path, hub: "Repositories") -> None:
    repository = hub.add_folder("models", "loading/gated", models.bert(tmp_path / "gated"), gated=True)
    with pytest.raises(EvaluationError, match="is gated: ask its authors for access") as caught:
        fetch(ModelSpec(model="loading/gated", revision=repository.head.oid))
    assert caught.value.failure == "gated"
