"""Configs that choose code, files or kernels are refused before any library reads them; honest ones load as before."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from evaluator.errors import EvaluationError, FailureClass
from evaluator.model.download import fetch, resolve_revision
from evaluator.model.loading import _load_failures, load_encoder
from evaluator.model.repository import Repository
from evaluator.model.vetting import vet
from evaluator.spec import ModelSpec, local_spec
from tests.attacks import Attacks
from tests.evaluator import models

if TYPE_CHECKING:
    from tests.hub.repositories import Repositories

MARK = "kel-code-ran"
CODE = f"import pathlib\npathlib.Path(__file__).with_name({MARK!r}).touch()\nclass Own: pass\n"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dense model of sentence-transformers with a Dense module; its files are linked into each hostile variant."""
    folder = models.with_pooling(models.bert(tmp_path_factory.mktemp("honest") / "bert"))
    return models.with_dense(folder)


@pytest.fixture
def variant(honest: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "variant"
    for path in honest.rglob("*"):
        if path.is_file():
            copy = folder / path.relative_to(honest)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (folder / "own.py").write_text(CODE, encoding="utf-8")
    return folder


def change(name: str, **fields: object) -> Callable[[Path], None]:
    """Set fields in a JSON file of the folder."""

    def changed(folder: Path) -> None:
        path = folder / name
        before = json.loads(path.read_text("utf-8")) if path.exists() else {}
        models.write_json(path, {**before, **fields})

    return changed


def module(**fields: object) -> Callable[[Path], None]:
    """Change the last module in modules.json."""

    def changed(folder: Path) -> None:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        models.write_json(folder / "modules.json", [*modules[:-1], {**modules[-1], **fields}])

    return changed


def bert_options(**fields: object) -> Callable[[Path], None]:
    return change("sentence_bert_config.json", **fields)


def route(name: str, type_: str) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        module(type="sentence_transformers.models.Router")(folder)
        models.write_json(folder / "2_Dense/router_config.json", {"types": {name: type_}, "structure": {}})

    return changed


def word_embeddings(folder: Path) -> None:
    module(type="sentence_transformers.models.WordEmbeddings")(folder)
    change("2_Dense/wordembedding_config.json", tokenizer_class="sentence_transformers.util.http_get")(folder)


def adapter(folder: Path) -> None:
    models.write_json(folder / "adapter_config.json", {"base_model_name_or_path": "other/model"})


def only_gguf(folder: Path) -> None:
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    (folder / "model-Q4.gguf").write_bytes(b"GGUF")


def linked_module(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (folder / "3_Out").symlink_to(outside)
    module(path="3_Out")(folder)


def linked_config(folder: Path) -> None:
    (folder / "config.json").rename(folder.parent / "outside.json")
    (folder / "config.json").symlink_to(folder.parent / "outside.json")


OWN = {"AutoModel": "own.Own", "AutoConfig": "own.Own"}
FOREIGN = {"AutoModel": "other/repo--own.Own"}
KERNEL = "somebody/kernel@main:attention"

CODE_ASKED: dict[str, Callable[[Path], None]] = {
    "auto_map in config": change("config.json", auto_map=OWN),
    "auto_map nested": change("config.json", text_config={"deeper": [{"auto_map": OWN}]}),
    "auto_map of a tokenizer alone": change("tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Own", None]}),
    "auto_map of a tokenizer, as a list": change("tokenizer_config.json", auto_map=["own.Own", None]),
    "auto_map of a processor": change("processor_config.json", auto_map={"AutoProcessor": "own.Own"}),
    "auto_map of a preprocessor": change("preprocessor_config.json", auto_map={"AutoFeatureExtractor": "own.Own"}),
    "auto_map in a versioned config": change("config.4.0.0.json", auto_map=OWN),
    "auto_map in a module's folder": change("2_Dense/tokenizer_config.json", auto_map=OWN),
    "module of the repository": module(type="own.Own"),
    "module of an installed package": module(type="subprocess.Popen"),
    "module elsewhere in sentence-transformers": module(type="sentence_transformers.util.http_get"),
    "module by a crooked path": module(type="sentence_transformers.models.Dense.os.system"),
    "module that is a trainer": module(type="sentence_transformers.SentenceTransformerTrainer"),
    "module with a line break": module(type="sentence_transformers.models.Dense\n"),
    "module in a router": route("query_0", "own.Own"),
    "module of a package in a router": route("query_0", "os.system"),
    "tokenizer of word embeddings": word_embeddings,
}
CODE_OF_OTHERS: dict[str, Callable[[Path], None]] = {
    "auto_map of another repository": change("config.json", auto_map=FOREIGN),
    "tokenizer of another repository": change(
        "tokenizer_config.json", auto_map={"AutoTokenizer": [None, "other/repo--own.Own"]}
    ),
}
ACTIVATIONS = (
    "os.system",
    "own.Own",
    "torch.hub.load",
    "torch.load",
    "torch.nn.MultiheadAttention",
    "torch.nn.modules.module.Module",
    "torch.utils.data.DataLoader",
    "sentence_transformers.SentenceTransformer",
    'torch.nn.Tanh\n{"event": "failed"}',
)
CHOSEN: dict[str, Callable[[Path], None]] = {
    **{
        f"activation {name!r}": change("2_Dense/config.json", activation_function=name)
        for name in (*ACTIVATIONS, ["torch.nn.Tanh"], {"a": 1}, 3)
    },
    **{
        f"{key} {value!r}": change("config.json", **{key: value})
        for key in ("attn_implementation", "_attn_implementation", "_attn_implementation_internal")
        for value in (KERNEL, "kernels-community/flash-attn", "paged|eager", {"": KERNEL}, 3)
    },
    "attention nested": change("config.json", text_config={"attn_implementation": KERNEL}),
    "attention by options": bert_options(model_kwargs={"attn_implementation": KERNEL}),
    "attention by a config's options": bert_options(config_args={"attn_implementation": KERNEL}),
    "experts": change("config.json", experts_implementation=KERNEL),
    "all kernels": change("config.json", allow_all_kernels=True),
    "kernels": change("config.json", use_kernels=True),
    "kernels nested": change("config.json", vision_config={"kernel_config": {"RMSNorm": KERNEL}}),
    **{
        f"option {key} {name}": bert_options(**{key: {name: value}})
        for key in ("model_kwargs", "model_args")
        for name, value in {
            "weights_only": False,
            "allow_all_kernels": True,
            "use_kernels": True,
            "quantization_config": {"quant_method": "bitsandbytes"},
            "gguf_file": "a.gguf",
            "use_safetensors": False,
            "adapter_kwargs": {"a": 1},
            "code_revision": "main",
            "state_dict": {},
            "device_map": "auto",
        }.items()
    },
    "option of the tokenizer": bert_options(tokenizer_args={"tokenizer_type": "bert", "gguf_file": "a"}),
    "option of the config": bert_options(config_kwargs={"code_revision": "main"}),
    "file of the config": bert_options(config_kwargs={"_configuration_file": "/etc/passwd"}),
    "options that are none": bert_options(model_kwargs=["weights_only"]),
    "tokenizer elsewhere": bert_options(tokenizer_name_or_path="other/repository"),
    "task": bert_options(transformer_task="retrieval"),
    "method": bert_options(modality_config={"text": {"method": "push_to_hub", "method_output_name": None}}),
    **{
        f"quantised {method}": change("config.json", quantization_config={"quant_method": method})
        for method in ("gptq", "awq", "bitsandbytes", "compressed-tensors", "fp8", "mxfp4", "torchao", "hqq", "own", 3)
    },
    "quantised as a text": change("config.json", quantization_config="gptq"),
    "quantised nested": change("config.json", text_config={"quantization_config": {"quant_method": "awq"}}),
    "GGUF alone": only_gguf,
    "GGUF file named": change("config.json", gguf_file="model.gguf"),
    "adapter": adapter,
    **{
        f"path {path!r}": module(path=path)
        for path in (
            "../outside",
            "/etc",
            "2_Dense/../../outside",
            "C:\\models",
            "..\\outside",
            "~/m",
            "a\0b",
            "x" * 999,
        )
    },
    "path by a link": linked_module,
    "path in a router": route("../../outside", "sentence_transformers.models.Dense"),
    "config by a link": linked_config,
    "tokenizer file": change("tokenizer_config.json", merges_file="/etc/passwd"),
    "tokenizer's inputs": change("tokenizer_config.json", init_inputs=["/etc/passwd"]),
    **{
        f"weights {name!r}": change("model.safetensors.index.json", weight_map={"embeddings.weight": name})
        for name in ("/etc/passwd", "../outside.safetensors", "a\\b", "..", 3)
    },
    "weights as a list": change("model.safetensors.index.json", weight_map=["/etc/passwd"]),
    "prompts a list": change("config_sentence_transformers.json", prompts=["query: "]),
    "prompt a number": change("config_sentence_transformers.json", prompts={"query": 3}),
    "prompt of a megabyte": change("config_sentence_transformers.json", prompts={"query": "x" * 10**6}),
    "prompt with a surrogate": change("config_sentence_transformers.json", prompts={"query": "\ud800"}),
    "prompt named by a list": change("config_sentence_transformers.json", default_prompt_name=["query"]),
}


def refused(folder: Path, failure: FailureClass, *, trusted: bool = False) -> None:
    with pytest.raises(EvaluationError) as caught:
        vet(Repository(folder), "org/model", trusted=trusted)
    message = caught.value.message
    assert caught.value.failure == failure, message
    assert "\n" not in message
    assert len(message) < 700
    assert str(folder.parent) not in message
    assert not list(folder.rglob(MARK))


@pytest.mark.parametrize("case", CODE_ASKED)
def test_a_repository_that_asks_for_its_code_needs_trust(case: str, variant: Path, attacks: Attacks) -> None:
    CODE_ASKED[case](variant)
    refused(variant, "needs_remote_code")
    attacks.held("the worker", "a config that names code of the repository or of a package")


@pytest.mark.parametrize("case", CODE_OF_OTHERS)
def test_code_of_another_repository_is_never_trusted(case: str, variant: Path, attacks: Attacks) -> None:
    CODE_OF_OTHERS[case](variant)
    refused(variant, "needs_remote_code")
    refused(variant, "needs_remote_code", trusted=True)
    attacks.held("the worker", "a config that names code of another repository", 2)


@pytest.mark.parametrize("case", CHOSEN)
def test_what_a_config_may_not_choose_is_refused(case: str, variant: Path, attacks: Attacks) -> None:
    CHOSEN[case](variant)
    refused(variant, "load_failed")
    attacks.held("the worker", "a config that chooses kernels, backends, files, methods or how pickles are read")


def test_loading_itself_asks_the_vetting(variant: Path, attacks: Attacks) -> None:
    change("tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Own", None]})(variant)
    with pytest.raises(EvaluationError) as caught:
        load_encoder(local_spec(variant), "cpu")
    assert caught.value.failure == "needs_remote_code"
    attacks.held("the worker", "a config that names code of the repository or of a package")


# What is honest loads.


def test_a_dense_module_with_an_activation_of_torch_loads(honest: Path) -> None:
    encoder = load_encoder(local_spec(honest), "cpu")
    assert encoder.dimension == 16


@pytest.mark.parametrize(
    "name",
    ["torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Tanh", "torch.nn.GELU", "torch.nn.Identity"],
)
def test_activations_of_torch_pass(name: str, variant: Path) -> None:
    change("2_Dense/config.json", activation_function=name)(variant)
    vet(Repository(variant), "org/model", trusted=False)


HONEST: dict[str, Callable[[Path], None]] = {
    "attention": change("config.json", _attn_implementation="sdpa", attn_implementation=None),
    "attention by part": change("config.json", _attn_implementation={"text_config": "eager", "": "sdpa"}),
    "no kernels": change("config.json", use_kernels=False, conv_kernel=[3, 3], linear_conv_kernel_dim=4),
    "an activation of transformers": change("config.json", activation_function="gelu_new", hidden_act="gelu"),
    "no quantisation": change("config.json", quantization_config=None),
    "old options": bert_options(max_seq_length=64, do_lower_case=False, model_args={"torch_dtype": "float32"}),
    "method": bert_options(
        modality_config={"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
        module_output_name="token_embeddings",
    ),
    "paths of its author": change(
        "tokenizer_config.json", tokenizer_file="/root/.cache/x/tokenizer.json", name_or_path="klue/bert"
    ),
    "former module paths": module(type="sentence_transformers.models.Dense"),
    "module paths": module(type="sentence_transformers.base.modules.dense.Dense"),
    "other JSON": change("training_config.json", auto_map=OWN, quantization_config={"quant_method": "x"}),
    "prompts": change(
        "config_sentence_transformers.json", prompts={"query": "지시: 찾으세요.\n질의: ", "document": None}
    ),
}


@pytest.mark.parametrize("case", HONEST)
def test_honest_choices_pass(case: str, variant: Path) -> None:
    HONEST[case](variant)
    vet(Repository(variant), "org/model", trusted=False)


def test_every_module_path_that_is_allowed_names_a_module() -> None:
    from sentence_transformers.base.modules import Module
    from sentence_transformers.sentence_transformer import modules
    from sentence_transformers.util import import_from_string

    from evaluator.model.allowed import MODULE

    for name in sorted(set(modules.__all__) - {"Module", "InputModule"}):
        path = f"sentence_transformers.models.{name}"
        assert MODULE.fullmatch(path), f"sentence-transformers has a module {name} that the allow list does not know"
        assert issubclass(import_from_string(path), Module)


def test_trusted_code_may_choose_its_own_options(variant: Path) -> None:
    change("config.json", auto_map=OWN)(variant)
    bert_options(model_kwargs={"use_memory_efficient_attention": False})(variant)
    vet(Repository(variant), "org/model", trusted=True)
    for hostile in ({"weights_only": False}, {"allow_all_kernels": True}, {"code_revision": "main"}):
        bert_options(model_kwargs=hostile)(variant)
        refused(variant, "load_failed", trusted=True)


# Pickles


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.mark),)


def test_pickled_weights_run_no_code(variant: Path, tmp_path: Path, attacks: Attacks) -> None:
    mark = tmp_path / MARK
    assert pickle.loads(pickle.dumps({"a": 1})) == {"a": 1}
    for folder in (variant, variant / "2_Dense"):
        weights: dict[str, object] = dict(load_file(folder / "model.safetensors"))
        (folder / "model.safetensors").unlink()
        torch.save({**weights, "bomb": Bomb(mark)}, folder / "pytorch_model.bin")
        with pytest.raises(EvaluationError) as caught:
            load_encoder(local_spec(variant), "cpu")
        assert caught.value.failure == "load_failed"
        assert "Weights only load failed" in caught.value.message
        assert not mark.exists()
        torch.save(weights, folder / "pytorch_model.bin")  # without the bomb it loads
        assert load_encoder(local_spec(variant), "cpu").dimension == 16
    attacks.held("the worker", "pickled weights with code in them", 2)


def test_a_panic_of_the_tokenizers_library_is_a_failed_load(tmp_path: Path, attacks: Attacks) -> None:
    class PanicException(BaseException):
        """What pyo3 raises where Rust code panics: no `Exception`."""

    with pytest.raises(EvaluationError) as caught, _load_failures(ModelSpec(model="org/model"), tmp_path):
        raise PanicException("index out of\nbounds \u202e\ud800")
    assert caught.value.failure == "load_failed"
    assert "PanicException: index out of bounds)" in caught.value.message
    with pytest.raises(KeyboardInterrupt), _load_failures(ModelSpec(model="org/model"), tmp_path):
        raise KeyboardInterrupt
    attacks.held("the worker", "a panic in the tokenizers library")


# From the Hub


def test_gguf_alone_is_refused_before_it_is_fetched(hub: "Repositories", attacks: Attacks) -> None:
    repository = hub.create("models", "vetting/gguf")
    hub.commit(repository, {"config.json": b"{}", "model.gguf": b"GGUF"}, message="m", parent=None)
    with pytest.raises(EvaluationError, match="only weights are GGUF") as caught:
        fetch(ModelSpec(model="vetting/gguf", revision=repository.head.oid))
    assert caught.value.failure == "load_failed"
    attacks.held("the worker", "a repository with GGUF files alone")


def test_a_hostile_model_from_the_hub_is_refused_and_an_honest_one_loads(
    hub: "Repositories", variant: Path, attacks: Attacks
) -> None:
    """In the Hub's cache every file is a link to a blob, which is within the repository."""
    repository = hub.add_folder("models", "vetting/dense", variant)
    assert load_encoder(ModelSpec(model="vetting/dense", revision=repository.head.oid), "cpu").dimension == 16
    change("2_Dense/config.json", activation_function="torch.hub.load")(variant)
    repository = hub.add_folder("models", "vetting/hostile", variant)
    with pytest.raises(EvaluationError, match=r"names the activation function 'torch\.hub\.load'") as caught:
        load_encoder(ModelSpec(model="vetting/hostile", revision=repository.head.oid), "cpu")
    assert caught.value.failure == "load_failed"
    attacks.held("the worker", "a config that chooses kernels, backends, files, methods or how pickles are read")


@pytest.mark.parametrize("raised", [KeyError("id"), TypeError("odd"), RecursionError(), ValueError("no JSON"), None])
def test_an_answer_of_any_shape_is_the_hubs_failure(
    raised: Exception | None, monkeypatch: pytest.MonkeyPatch, attacks: Attacks
) -> None:
    def model_info(*_: object, **__: object) -> object:
        if raised is not None:
            raise raised
        return SimpleNamespace(sha=["no", "commit"])

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", model_info)
    with pytest.raises(EvaluationError, match="cannot be read") as caught:
        resolve_revision(ModelSpec(model="org/model"))
    assert caught.value.failure == "hub_unavailable"
    attacks.held("the worker", "an answer of the Hub that is none")


# Odd shapes


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=12)
    | st.sampled_from(["sentence_transformers.models.Dense", "own.Own", "2_Dense", "BertModel", "eager", "a--b.C"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["auto_map", "type", "path", "types", "weight_map", "prompts", "model_args", "method"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
FILES = (
    "config.json",
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "tokenizer_config.json",
    "adapter_config.json",
    "1_Pooling/config.json",
    "2_Dense/config.json",
    "model.safetensors.index.json",
)
KEYS = (
    "architectures",
    "auto_map",
    "attn_implementation",
    "model_type",
    "text_config",
    "prompts",
    "model_type",
    "dtype",
    "similarity_fn_name",
    "query_prefix",
    "query_length",
    "query_expansion",
)


def look_at(folder: Path, tried: list[int]) -> None:
    """Everything that is read of a repository before it is loaded: it gives values, or an `EvaluationError`."""
    repository = Repository(folder)
    refusal = None
    try:
        assert repository.vectors in ("dense", "sparse", "multi_vector")
        vet(repository, "org/model", trusted=False)
        assert isinstance(repository.checkpoint_dtype, str)
        assert isinstance(repository.is_decoder, bool)
        assert repository.architecture is None or 0 < len(repository.architecture) <= 100
        assert repository.front.license is None or 0 < len(repository.front.license) <= 100
        assert repository.declared_pooling is None or repository.declared_pooling[0] in ("cls", "mean", "last")
    except EvaluationError as error:
        refusal = error
    if refusal is not None:
        assert refusal.failure in ("load_failed", "needs_remote_code")
        assert 0 < len(refusal.message) < 700
        refusal.message.encode()
    tried.append(1)


def test_configs_of_any_shape_end_in_a_sentence(variant: Path, attacks: Attacks) -> None:
    tried: list[int] = []
    contents = {name: (variant / name).read_bytes() for name in FILES if (variant / name).exists()}

    @settings(max_examples=500, deadline=None, database=None)
    @given(
        st.sampled_from(FILES),
        ANYTHING | st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=3) | st.lists(ANYTHING, max_size=3),
    )
    def attack(name: str, content: object) -> None:
        models.write_json(variant / name, content)
        look_at(variant, tried)
        (variant / name).unlink()
        if name in contents:
            (variant / name).write_bytes(contents[name])

    attack()
    attacks.held("the worker", "configs of any shape", len(tried))


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"", b"nul", b'{"a": ' + b"9" * 5000 + b"}", b'"\\ud8', b"\x00"],
)
@pytest.mark.parametrize(
    "name", ["config.json", "modules.json", "config_sentence_transformers.json", "tokenizer_config.json"]
)
def test_what_is_no_json_is_named(name: str, content: bytes, variant: Path, attacks: Attacks) -> None:
    (variant / name).write_bytes(content)
    with pytest.raises(EvaluationError, match=name) as caught:
        load_encoder(local_spec(variant), "cpu")
    assert caught.value.failure == "load_failed"
    attacks.held("the worker", "a config that is no JSON, or nested thousands of levels")


def test_a_config_of_a_gigabyte_is_not_read(variant: Path, attacks: Attacks) -> None:
    with (variant / "config.json").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(EvaluationError, match="too large"):
        vet(Repository(variant), "org/model", trusted=False)
    attacks.held("the worker", "a config of a gigabyte")


LAUGHS = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n"
    for n in range(1, 30)
)
CARDS = {
    "month 13": ("date: 2020-13-01\nlicense: mit", "mit"),
    "deep": ("a: " + "[" * 5000, None),
    "deep objects": ("a: " + "{a: " * 5000, None),
    "a billion laughs": (LAUGHS + "license: mit", "mit"),
    "licence an alias of itself": ("license: &a [*a, mit]", "mit"),
    "licence list": ("license: [mit, gemma]", "mit, gemma"),
    "licence object": ("license: {name: mit}", None),
    "licence null": ("license:", None),
    "licence of 3 MB": ("license: " + "x" * 3_000_000, "x" * 99 + "…"),
    "licence turned": ('license: "m\\u202eit\\n\\0"', "mit"),
    "odd keys": ("? [a, b]\n: c\nlicense: mit", "mit"),
    "unknown tag": ("a: !!python/object/apply:os.system [ls]\nlicense: mit", "mit"),
    "number of many digits": ("a: " + "9" * 6000 + "\nlicense: mit", "mit"),
    "broken": ("license: [mit", None),
    "a list": ("- mit", None),
    "controls": ("license: m\x07it", None),
}


@pytest.mark.parametrize("case", CARDS)
def test_front_matter_only_informs(case: str, variant: Path, attacks: Attacks) -> None:
    front, expected = CARDS[case]
    (variant / "README.md").write_text(f"---\n{front}\n---\n# model\n", encoding="utf-8")
    assert Repository(variant).front.license == expected
    attacks.held("the worker", "a model card with broken or hostile YAML")


def test_a_model_with_a_broken_card_loads(variant: Path) -> None:
    (variant / "README.md").write_text("---\na: 2020-13-01\nb: " + "[" * 5000 + "\n---\n", encoding="utf-8")
    assert load_encoder(local_spec(variant), "cpu").info().license is None


@pytest.mark.parametrize("limit", [1e30, int(1e30)])
def test_an_honest_t5_without_limit_says_none(limit: float, tmp_path: Path, attacks: Attacks) -> None:
    folder = models.with_pooling(models.t5(tmp_path / "t5"))
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    models.write_json(folder / "tokenizer_config.json", {**config, "model_max_length": limit})
    encoder = load_encoder(local_spec(folder), "cpu")
    assert encoder.max_tokens is None
    assert encoder.info().max_tokens is None
    rows = encoder.embed(encoder.tokenize(["한국어 " * 300, "짧다"], "", None), "", None)
    assert np.isfinite(rows).all()
    attacks.held("the worker", "a tokenizer that tells a maximum of 1e30 tokens")
