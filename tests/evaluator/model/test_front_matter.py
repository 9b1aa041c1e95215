"""What a card's front matter says of training data, and how little of it is believed."""

import time

import pytest

from evaluator.bounds import MOST_TRAINING_SETS, TRAINING_SET_LENGTH
from evaluator.model.front_matter import FrontMatter, front_matter

LAUGHS = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))

CARDS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "a list": ("datasets:\n- klue/klue\n- mteb/sib200\n", ("klue/klue", "mteb/sib200")),
    "one text": ("datasets: klue/klue", ("klue/klue",)),
    "twice": ("datasets: [a/b, a/b, c]", ("a/b", "c")),
    "none": ("license: mit", None),
    "empty": ("datasets: []", None),
    "null": ("datasets:", None),
    "objects among texts": ("datasets: [{name: x}, [y], klue/klue, 5]", ("klue/klue", "5")),
    "an object": ("datasets: {klue/klue: 1}", None),
    "aliases that unfold": (LAUGHS + "datasets: [*i, klue/klue]", ("klue/klue",)),
    "an alias of itself": ("datasets: &d [*d, klue/klue]", ("klue/klue",)),
    "turned and unseen": ('datasets: ["klue\\u202e/klue\\n\\0", "\\u200b"]', ("klue/klue",)),
    "the same key twice": ("datasets: [first]\ndatasets: [second]", ("first",)),
    "broken": ("datasets: [klue/klue", None),
}


@pytest.mark.parametrize("case", CARDS)
def test_the_cards_data_sets_are_names_and_nothing_else(case: str) -> None:
    front, expected = CARDS[case]
    assert front_matter(f"---\n{front}\n---\n# model\n").datasets == expected


def test_names_are_bounded_in_number_and_length() -> None:
    many = "\n".join(f"- org/set-{number}" for number in range(3000))
    found = front_matter(f"---\ndatasets:\n- {'x' * 5000}\n{many}\n---\n").datasets
    assert found is not None
    assert len(found) == MOST_TRAINING_SETS
    assert found[0] == "x" * (TRAINING_SET_LENGTH - 1) + "…"


def test_a_hostile_card_costs_a_bounded_time() -> None:
    began = time.monotonic()
    front_matter("---\ndatasets: " + "[" * 60_000 + "\n---\n")
    front_matter("---\ndatasets: [" + "a," * 500_000 + "]\n---\n")
    assert time.monotonic() - began < 30


def test_base_models_and_licence_are_read_beside_them() -> None:
    card = "---\nlicense: [mit, gemma]\nbase_model:\n- BAAI/bge-m3\ndatasets: [klue/klue]\n---\n"
    assert front_matter(card) == FrontMatter("mit, gemma", ("klue/klue",), ("BAAI/bge-m3",))
    assert front_matter("# no front matter") == front_matter("") == FrontMatter()
