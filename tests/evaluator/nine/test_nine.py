"""The nine models of the published board by their ids alone: what `explain` says, and the vectors of what loads."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from evaluator.errors import EvaluationError
from evaluator.evidence.environment import environment_of
from evaluator.model.conformance import NO_EXAMPLE
from evaluator.model.download import fetch_small, resolve_revision
from evaluator.model.explaining import explain
from evaluator.model.loading import load_encoder
from evaluator.model.parts import looked_at
from evaluator.model.prompts import Prompting
from evaluator.model.recipes import recipes
from evaluator.spec import ModelSpec, local_spec
from evaluator.suite import KO_V1
from tests.evaluator import models
from tests.evaluator.nine.repositories import NINE, Nine, gte_qwen2
from tests.evaluator.running import evaluator

if TYPE_CHECKING:
    from tests.hub.repositories import Repositories

TINY = Path(__file__).parents[1] / "model/recipes/tiny_llm2vec.py"
STS_INSTRUCTION = "Retrieve semantically similar text"
STS, SEARCH = KO_V1.task("KLUE-STS"), KO_V1.task("Ko-StrategyQA")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, hub: "Repositories") -> dict[str, Path]:
    """The nine repositories on the stand-in of the Hub, and their folders."""
    root = tmp_path_factory.mktemp("nine")
    made = {}
    for nine in NINE:
        made[nine.model] = nine.make(root / nine.model.rpartition("/")[2])
        hub.add_folder("models", nine.model, made[nine.model])
        for model, make in nine.others.items():
            hub.add_folder("models", model, make(root / model.rpartition("/")[2]))
    return made


@pytest.mark.parametrize("nine", NINE, ids=lambda nine: nine.model)
def test_explain_says_what_the_card_asks_for(nine: Nine, folders: dict[str, Path]) -> None:
    assert nine.model in folders
    told = explain(resolve_revision(ModelSpec(model=nine.model)), KO_V1.tasks)
    prompts = (
        told.prompts["KLUE-STS"]["text"],
        *(told.prompts["Ko-StrategyQA"][side] for side in ("query", "document")),
    )
    assert tuple(prompt.text for prompt in prompts) == nine.prompts
    assert (told.loader, told.precision, told.card) == (nine.loader, nine.precision, nine.card)
    assert (told.recipe, told.encoding) == (nine.recipe, "own" if nine.recipe else None)
    assert (told.pooling or "").removesuffix("token") == nine.pooling
    assert tuple(told.remote_code) == nine.remote_code
    assert tuple(each.base for each in told.adapters) == nine.adapters
    # The registry names the real commits; these repositories have others.
    assert {warning.code for warning in told.warnings} - {"other_commit"} == set(nine.warnings)
    if nine.card:
        assert all(prompt.source.startswith(f"card registry: {nine.card}") for prompt in prompts)


def test_explain_reads_small_files_only(folders: dict[str, Path]) -> None:
    assert folders
    folder = fetch_small(resolve_revision(ModelSpec(model="nlpai-lab/KURE-v1")))
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert "config.json" in names
    assert not {"model.safetensors", "tokenizer.json"} & names


def test_the_command_tells_it_to_people_and_programs(folders: dict[str, Path]) -> None:
    assert folders
    ran = evaluator("explain", "nlpai-lab/KoE5")
    assert ran.returncode == 0, ran.stderr
    assert "'passage: '  (card registry: e5, document)" in ran.stdout
    ran = evaluator("explain", "nlpai-lab/KoE5", "--json", "--instruction-template", "지시: {instruction} ")
    told = json.loads(ran.stdout)
    assert told["prompts"]["KLUE-STS"]["text"]["source"] == "submission, template; instruction: suite"
    gone = evaluator("explain", "nine/no-such-model")
    assert (gone.returncode, gone.stderr.split(":")[0]) == (1, "not_found")
    wrong = evaluator("explain", "nlpai-lab/KoE5", "--instruction-template", "without a place")
    assert wrong.returncode == 2


@pytest.mark.parametrize(
    "nine", [nine for nine in NINE if not nine.remote_code and not nine.adapters], ids=lambda nine: nine.model
)
def test_the_vectors_are_those_of_sentence_transformers_called_as_the_card_calls_it(
    nine: Nine, folders: dict[str, Path]
) -> None:
    folder = folders[nine.model]
    encoder = load_encoder(local_spec(folder, precision="float32"), "cpu")
    prompting = Prompting(ModelSpec(model=nine.model), encoder.declared)
    reference = SentenceTransformer(str(folder), device="cpu")
    for task, side, expected in zip((STS, SEARCH, SEARCH), ("text", "query", "document"), nine.prompts, strict=True):
        prompt = prompting.prompt(task, side).text
        assert prompt == expected
        ours = encoder.embed(encoder.tokenize(list(models.KOREAN), prompt, None), prompt, None)
        theirs = reference.encode([expected + text for text in models.KOREAN])
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_code_of_its_own_gives_other_vectors_than_the_stock_class(folders: dict[str, Path], tmp_path: Path) -> None:
    """gte-Qwen2 reads texts in both directions: the class that transformers has under that name does not."""
    nine = next(nine for nine in NINE if nine.remote_code)
    folder = folders[nine.model]
    with pytest.raises(EvaluationError) as caught:
        load_encoder(local_spec(folder), "cpu")
    assert caught.value.failure == "needs_remote_code"
    encoder = load_encoder(local_spec(folder, precision="float32", trust_remote_code=True, recipe="none"), "cpu")
    stock = gte_qwen2(tmp_path / "stock")
    for name in ("config.json", "tokenizer_config.json"):
        read = json.loads((stock / name).read_text())
        models.write_json(stock / name, {key: value for key, value in read.items() if key != "auto_map"})
    for expected in nine.prompts:
        texts = [expected + text for text in models.KOREAN]
        ours = encoder.embed(encoder.tokenize(list(models.KOREAN), expected, None), expected, None)
        theirs = SentenceTransformer(str(folder), device="cpu", trust_remote_code=True).encode(texts)
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
        assert np.abs(theirs - SentenceTransformer(str(stock), device="cpu").encode(texts)).max() > 0.01


def test_llm2vec_by_its_id_alone_gives_the_vectors_of_its_package(
    python_of: Callable[[str], Path], environments: Path, tmp_path: Path, hub: "Repositories"
) -> None:
    """Its base, the adapter of that and the adapter on top, from the Hub, in the environment of the recipe."""
    given = json.dumps({"instruction": f"{STS_INSTRUCTION}:", "texts": models.KOREAN})
    subprocess.run([python_of("llm2vec"), "-I", TINY, tmp_path, given], check=True, capture_output=True, timeout=300)
    llama, mntp = "meta-llama/Llama-2-7b-chat-hf", "McGill-NLP/LLM2Vec-Llama-2-7b-chat-hf-mntp"
    for model, name in ((llama, "base"), (mntp, "mntp"), (f"{mntp}-supervised", "supervised")):
        config = tmp_path / name / "adapter_config.json"
        if config.is_file():  # both name the model below, not each other
            models.write_json(config, {**json.loads(config.read_text()), "base_model_name_or_path": llama})
        hub.add_folder("models", model, tmp_path / name)
    spec = looked_at(resolve_revision(ModelSpec(model=f"{mntp}-supervised", precision="float32"))).spec
    assert set(spec.parts) == {mntp, llama}
    encoder = load_encoder(spec, "cpu", environments=environments)
    try:
        prompt = Prompting(spec, encoder.declared).prompt(STS, "text").text
        found = encoder.embed(encoder.tokenize(list(models.KOREAN), prompt, None), prompt, None)
        told = environment_of(encoder, 2048, ["cpu"], {}, {}, [], explain(spec, KO_V1.tasks), NO_EXAMPLE, [])
    finally:
        encoder.close()
    np.testing.assert_allclose(found, np.load(tmp_path / "package.npy"), rtol=0, atol=1e-5)
    assert (told.recipe, told.lock, told.encoding) == ("llm2vec", recipes()["llm2vec"].lock_digest, "own")
    assert told.versions["transformers"] == "4.44.2"
    assert told.parts == spec.parts


def test_a_card_that_shows_a_prompt_that_nobody_uses_is_warned_of(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "silent"))
    (folder / "README.md").write_text('Put "query: " before each question.\n', encoding="utf-8")
    (warning,) = explain(local_spec(folder), KO_V1.tasks).warnings
    assert warning.code == "prompt_not_used"
    assert "query: " in warning.ko
    assert explain(local_spec(folder, prompts={"query": "query: "}), KO_V1.tasks).warnings == ()
