"""The form's fields: what is taken, and that what is wrong is named at its field."""

import json
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from desk.forms import OF_THE_SPEC, WRONG, Form, InvalidFields, read_form
from desk.presets import FAMILIES, NOTHING, presets
from evaluator.model.cards import cards
from evaluator.model.prompts import Declared, Prompting
from evaluator.spec import ModelSpec
from evaluator.suite import SUITES
from evaluator.task import TaskType
from evaluator.tasks import discovered_tasks
from submissions.editing import EDITED
from tests.attacks import Attacks

COMMIT = "ab" * 20


def form(**fields: Any) -> Form:
    return read_form(json.dumps({"model": "org/name", **fields}).encode())


def test_a_form_knows_every_field_of_a_spec_that_is_asked_for() -> None:
    not_asked = {"model", "source", "revision", "folder", "trust_remote_code", "vectors"}
    assert set(OF_THE_SPEC) == set(ModelSpec.model_fields) - not_asked == set(EDITED)
    assert set(WRONG) == set(Form.model_fields) == set(BAD)


def test_an_id_alone_is_the_evaluators_own_choice() -> None:
    assert ModelSpec(model="org/name", **form().spec_fields()) == ModelSpec(model="org/name")


def test_every_field_comes_into_the_spec() -> None:
    given: dict[str, Any] = {
        "precision": "bfloat16",
        "loader": "transformers",
        "pooling": "last",
        "prompts": {"query": "query: ", "STS": "", "Retrieval-query": "찾기:\t"},
        "instruction_template": "Instruct: {instruction}\nQuery: ",
        "instruct_documents": False,
        "instructions": {"KLUE-STS": "비슷한 문장"},
        "encode_task": {"query": "retrieval.query"},
        "truncate_dim": 256,
        "max_tokens": 512,
        "recipe": "none",
        "parts": {"org/base": COMMIT},
    }
    spec = ModelSpec(model="org/name", **form(**given).spec_fields())
    assert spec.model_dump(exclude_defaults=True, exclude={"model"}) == given
    assert set(given) == set(OF_THE_SPEC)


def test_no_prompts_beside_a_template_are_none_at_all() -> None:
    template = "Instruct: {instruction}"
    with_none, without = form(instruction_template=template, prompts={}), form(instruction_template=template)
    assert with_none.spec_fields() == without.spec_fields()
    assert form(prompts={}).spec_fields()["prompts"] == {}, "but alone they say that nothing is put before a text"


BAD: dict[str, list[Any]] = {
    "model": ["", "name", "a/b/c", "<b>/x", "org/" + "x" * 300, 7, None, "org/name "],
    "revision": ["a b", "x" * 201, "a\nb", 1],
    "precision": ["float7", None, 16],
    "loader": ["onnx", 1],
    "pooling": ["max", []],
    "prompts": [
        *({"nothing": "x"}, {"query": "x" * 4001}, {"query": 1}, {"text": "x"}, "query: "),
        *({"query": "a\u202eb"}, {"query": "\x00"}, {"STS": "\u200b"}),
    ],
    "instruction_template": ["", "x", "{instruction}{instruction}", "{instruction}\x1b", 1],
    "instruct_documents": ["yes"],
    "instructions": [{"x": "y"}, {"STS": "\ufeff"}, []],
    "encode_task": [{"x": "y"}, {"query": "y" * 101}],
    "truncate_dim": [0, -1, 100_001, 1.5, "256", True, 1e400],
    "max_tokens": [0, 1_000_001, "512"],
    "parts": [{"base": COMMIT}, {"org/base": "main"}, {f"org/{number}": COMMIT for number in range(21)}],
    "recipe": ["unknown", "../x", ""],
    "note": ["x" * 1001, None],
    "training": [["x"] * 101, ["x" * 201], "KLUE", [1]],
    "suites": [["nothing"], "ko-v1", ["ko-v1"] * 11],
}
WRONG_VALUES = [(field, value) for field, values in BAD.items() for value in values]


@pytest.mark.parametrize(("field", "value"), WRONG_VALUES)
def test_what_is_wrong_is_named_at_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidFields) as refused:
        form(**{field: value})
    assert refused.value.fields == {field: WRONG[field]}


def test_several_wrong_fields_are_named_together(attacks: Attacks) -> None:
    with pytest.raises(InvalidFields) as refused:
        form(model="x", max_tokens=0, pooling="max")
    told = refused.value.told()
    assert list(told["fields"]) == ["model", "pooling", "max_tokens"]
    assert told["fields"]["model"]["ko"] in told["ko"]
    assert told["fields"]["pooling"]["en"] in told["en"]
    attacks.held("the page", "a form with a field that holds what cannot be", len(WRONG_VALUES))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 50_000,
        b'{"model": "org/name", "trust_remote_code": true}',
        b'{"model": "org/name", "source": "local", "folder": "/etc"}',
        b'{"model": "org/name", "own": true, "who": "boss", "force": true}',
    ],
)
def test_what_is_no_form_is_none(body: bytes) -> None:
    with pytest.raises(ValidationError):
        read_form(body)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_preset_does_what_the_card_of_its_family_asks_for(family: str) -> None:
    card = {card.name: card for card in cards().values()}[FAMILIES[family][1]]
    fields = form(**presets()[family]["fields"]).spec_fields()
    by_preset = Prompting(ModelSpec(model="nobody/knows-it", **fields), Declared())
    by_card = Prompting(ModelSpec(model=next(iter(card.models))), Declared())
    for task in discovered_tasks().values():
        for side in ("query", "document", "text"):
            assert by_preset.prompt(task, side).text == by_card.prompt(task, side).text, (task.id, side)
    assert any(by_preset.prompt(task, "query").text for task in discovered_tasks().values())


def test_the_preset_without_prompts_puts_nothing_before_a_text() -> None:
    spec = ModelSpec(model="intfloat/multilingual-e5-base", **form(**NOTHING).spec_fields())
    prompting = Prompting(spec, Declared({"query": "query: "}))
    assert {prompting.prompt(task, "query").text for task in discovered_tasks().values()} == {""}


def test_the_table_of_the_form_reaches_every_task() -> None:
    """The script writes STS, PairClassification, Clustering, query and document: each task looks one of them up."""
    keys = {*get_args(TaskType), "query", "document"} - {"Retrieval"}
    prompting = Prompting(ModelSpec(model="o/n", prompts={key: f"{key}: " for key in keys}), Declared())
    for task in (task for suite in SUITES.values() for task in suite.tasks):
        sides = ("query", "document") if task.type == "Retrieval" else ("text",)
        expected = [f"{side}: " if side != "text" else f"{task.type}: " for side in sides]
        assert [prompting.prompt(task, side).text for side in sides] == expected
