"""The records: every recipe is whole, and a spec finds its own."""

import json
from pathlib import Path

import pytest

from evaluator.errors import EvaluationError
from evaluator.model import recipes as room
from evaluator.model.recipes import Recipe, read_recipe, recipe_of, recipes
from evaluator.model.recipes.environments import lock_entries
from evaluator.spec import ModelSpec


@pytest.mark.parametrize("recipe", recipes().values(), ids=list(recipes()))
def test_a_lock_holds_what_its_recipe_requires_each_with_a_hash(recipe: Recipe) -> None:
    entries = dict(lock_entries(recipe.lock_file.read_text("utf-8")))
    versions = {text.split(" --hash=sha256:")[0].strip() for text in entries.values()}
    assert versions >= {*recipe.requirements, *recipe.alone}
    assert set(recipe.builds) <= set(entries)
    assert all(len(text.split("--hash=sha256:")[1]) == 64 for text in entries.values())
    assert ("torch" in entries) == (recipe.torch is not None)
    assert {"sympy", "jinja2", "networkx", "typing-extensions"} <= set(entries), "what torch itself imports"


@pytest.mark.shared
def test_every_model_is_in_mtebs_registry_and_gives_one_vector(shared: Path) -> None:
    lines = (shared / "reference/mteb-cards.jsonl").read_text("utf-8").splitlines()
    dense = {card["model"] for card in map(json.loads, lines) if card["kind"] == ["dense"]}
    of_images_too = {"jinaai/jina-embeddings-v4"}  # which that list leaves out; its texts are what is asked for
    assert {model for recipe in recipes().values() for model in recipe.models} <= dense | of_images_too


@pytest.mark.parametrize(
    ("model", "named", "expected"),
    [
        ("McGill-NLP/LLM2Vec-Sheared-LLaMA-mntp-supervised", None, "llm2vec"),
        ("mcgill-nlp/llm2vec-sheared-llama-mntp-SUPERVISED", None, "llm2vec"),
        ("GritLM/GritLM-7B", "none", None),
        ("GritLM/GritLM-7B", "transformers-4.57", "transformers-4.57"),
        ("org/unknown", "nv-embed", "nv-embed"),
        ("org/unknown", None, None),
    ],
)
def test_a_spec_names_its_recipe_or_its_model_does(model: str, named: str | None, expected: str | None) -> None:
    found = recipe_of(ModelSpec(model=model, recipe=named))
    assert (found and found.name) == expected


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(EvaluationError, match=r"gritlm, jina-v4, .*llm2vec") as caught:
        recipe_of(ModelSpec(model="org/model", recipe="llm3vec"))
    assert caught.value.failure == "load_failed"


RECIPE = "source: a card\nmodels: [org/model]\nprogram: gritlm\nrequirements: [{requirement}]\n"


@pytest.mark.parametrize("requirement", ["numpy>=1", "numpy", "numpy==1.*", "numpy==1 --index-url=x", "git+https://x"])
def test_a_requirement_is_exact(requirement: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(RECIPE.format(requirement=requirement), encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd.yaml is not a recipe"):
        read_recipe(file)


def test_two_recipes_do_not_share_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(RECIPE.format(requirement="numpy==1.0"), encoding="utf-8")
    monkeypatch.setattr(room, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"org/model is in two.yaml and in one.yaml"):
        recipes.__wrapped__()
