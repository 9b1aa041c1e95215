"""Real other versions: environments from PyPI, and their vectors beside ours and the package's own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from evaluator.model.loading import load_encoder
from evaluator.model.recipes import recipes
from evaluator.model.recipes.calling import Program
from evaluator.spec import local_spec
from tests.evaluator.models import KOREAN

TINY = Path(__file__).with_name("tiny_llm2vec.py")


def test_old_sentence_transformers_gives_our_vectors(python_of: Callable[[str], Path], minilm_folder: Path) -> None:
    ours = load_encoder(local_spec(minilm_folder), "cpu")
    recipe = recipes()["transformers-4.51"]
    with Program(recipe, python_of(recipe.name), minilm_folder, model="local/minilm") as program:
        assert program.facts.versions["transformers"] == "4.51.3"
        assert program.facts.versions["sentence-transformers"] == "3.4.1"
        assert program.facts.dimension == ours.dimension == 384
        assert program.facts.max_tokens == ours.max_tokens
        assert program.facts.pooling == ours.loaded.pooling
        assert program.facts.similarity == ours.similarity
        assert program.facts.parameters == ours.info().parameters
        for prompt in ("", "질문: "):
            theirs = program.encode(list(KOREAN), prompt, None, None)
            expected = ours.embed(ours.tokenize(list(KOREAN), prompt, None), prompt, None)
            np.testing.assert_allclose(theirs, expected, rtol=0, atol=1e-6)


def test_llm2vec_leaves_the_instruction_out_of_the_pooling(python_of: Callable[[str], Path], tmp_path: Path) -> None:
    recipe = recipes()["llm2vec"]
    python = python_of(recipe.name)
    instruction = "한국어 질문에 답하는 글을 찾으세요:"
    given = json.dumps({"instruction": instruction, "texts": KOREAN})
    subprocess.run([python, "-I", TINY, tmp_path, given], check=True, capture_output=True, timeout=300)
    package, direct = np.load(tmp_path / "package.npy"), np.load(tmp_path / "direct.npy")
    bases = [("meta-llama/Llama-2-7b-chat-hf", tmp_path / "base"), ("org/mntp", tmp_path / "mntp")]
    with Program(recipe, python, tmp_path / "supervised", model="org/supervised", bases=bases) as program:
        assert program.facts.pooling == "mean"
        assert program.facts.max_tokens == 512
        theirs = program.encode(list(KOREAN), instruction, "query", None)
        without = program.encode(list(KOREAN), "", "query", None)
    np.testing.assert_allclose(theirs, package, rtol=0, atol=1e-5)
    np.testing.assert_allclose(theirs, direct, rtol=0, atol=1e-5)
    assert np.abs(theirs - without).max() > 1e-3, "the texts are to be read in the light of the instruction"
