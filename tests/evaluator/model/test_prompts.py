"""Who says what goes before an input: submission, card registry or repository; and what the registry holds."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from evaluator.model.cards import FOLDER, Card, card_of, cards, mentions_prompts
from evaluator.model.decoders import DECODERS
from evaluator.model.prompts import INSTRUCTIONS, Declared, Prompt, Prompting
from evaluator.spec import ModelSpec
from evaluator.suite import KO_V1

STS, SEARCH = KO_V1.task("KLUE-STS"), KO_V1.task("Ko-StrategyQA")
E5_TEMPLATE = "Instruct: {instruction}\nQuery: "


def prompting(declared: dict[str, str] | None = None, model: str = "org/name", **fields: object) -> Prompting:
    return Prompting(ModelSpec.model_validate({"model": model, **fields}), Declared(declared or {}))


def test_the_first_of_submission_registry_and_repository_that_says_anything_decides() -> None:
    declared = {"query": "저장소: ", "STS": "저장소 STS: "}
    koe5 = "nlpai-lab/KoE5"
    assert prompting(declared).prompt(SEARCH, "query") == Prompt("저장소: ", "repository: query")
    assert prompting(declared, koe5).prompt(SEARCH, "query") == Prompt("query: ", "card registry: e5, query")
    given = prompting(declared, koe5, prompts={"query": "제출: "})
    assert given.prompt(SEARCH, "query") == Prompt("제출: ", "submission, query")
    assert given.prompt(SEARCH, "document") == Prompt("", "submission")  # nothing is mixed
    assert prompting().prompt(STS, "text") == Prompt("")


def test_the_e5_family_gets_query_on_both_sides_of_symmetric_tasks() -> None:
    for task in KO_V1.tasks:
        sides = {"query": "query: ", "document": "passage: "} if task.kind == "retrieval" else {"text": "query: "}
        for side, text in sides.items():
            assert prompting({}, "intfloat/multilingual-e5-large").prompt(task, side).text == text


def test_an_instruction_is_put_into_the_template_before_queries_and_texts_and_documents_if_asked() -> None:
    plain = prompting(instruction_template=E5_TEMPLATE)
    instruction = INSTRUCTIONS["Retrieval"]
    assert plain.prompt(SEARCH, "query").text == f"Instruct: {instruction}\nQuery: "
    assert plain.prompt(SEARCH, "document").text == ""
    assert plain.prompt(STS, "text").text == f"Instruct: {INSTRUCTIONS['STS']}\nQuery: "
    both = prompting(instruction_template=E5_TEMPLATE, instruct_documents=True)
    assert both.prompt(SEARCH, "document").text == f"Instruct: {instruction}\nQuery: "
    own = prompting(
        instruction_template=E5_TEMPLATE, instructions={"STS": "같은 뜻을 찾아라", "Ko-StrategyQA-query": "답을 찾아라"}
    )
    assert own.prompt(STS, "text") == Prompt(
        "Instruct: 같은 뜻을 찾아라\nQuery: ", "submission, template; instruction: submission"
    )
    assert "답을 찾아라" in own.prompt(SEARCH, "query").text


def test_instructions_of_a_submission_go_into_the_cards_template() -> None:
    found = prompting({}, "intfloat/multilingual-e5-large-instruct", instructions={"STS": "같은 뜻을 찾아라"})
    assert found.prompt(STS, "text") == Prompt(
        "Instruct: 같은 뜻을 찾아라\nQuery: ",
        "card registry: e5-instruct-multilingual, template; instruction: submission",
    )


def test_names_of_prompts_that_no_task_looks_up_are_told() -> None:
    declared = {"web_search_query": "<instruct>…<query>", "query": "", "STS": "x", "s2p": "y"}
    assert prompting(declared).unused(KO_V1.tasks) == ("s2p", "web_search_query")


@pytest.mark.parametrize(
    "fields",
    [
        {"instruction_template": "no place"},
        {"instruction_template": "{instruction}{instruction}"},
        {"instruction_template": "{instruction}" + "x" * 2000},
        {"prompts": {"query": "x" * 4001}},
        {"instructions": {str(number): "" for number in range(201)}},
        {"truncate_dim": 0},
    ],
)
def test_what_is_not_bounded_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ModelSpec.model_validate({"model": "org/name", **fields})


def test_new_fields_leave_the_ids_of_earlier_specs_as_they_are() -> None:
    assert ModelSpec(model="nlpai-lab/KURE-v1", precision="float32").id.startswith("014cb973")


def test_the_registry_holds_each_model_once_and_finds_it_in_any_case() -> None:
    assert len(cards()) > 150
    assert card_of("NLPAI-LAB/koe5") is card_of("nlpai-lab/KoE5") is not None
    assert card_of("org/unheard-of") is None


def test_a_file_that_is_no_card_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = "source: s\nmodels: {org/a: null}\nprompts: {query: 'q: '}\n"
    for content in ("- 1", "models: {}", good + "unheard: 1\n", "a: [", good.replace("org/a", "nothing")):
        (tmp_path / "odd.yaml").write_text(content)
        monkeypatch.setattr("evaluator.model.cards.FOLDER", tmp_path)
        cards.cache_clear()
        with pytest.raises(ValueError, match=r"odd\.yaml is not a card"):
            cards()
    for name in ("odd", "twice"):
        (tmp_path / f"{name}.yaml").write_text(good)
    with pytest.raises(ValueError, match=r"org/a is in twice\.yaml and in odd\.yaml"):
        cards()
    monkeypatch.undo()
    cards.cache_clear()


def test_a_card_that_shows_a_prompt_is_noticed() -> None:
    for text in (
        'input: "query: 안녕"',
        "'passage: x'",
        "Instruct: Given a question",
        'model.encode(x, prompt_name="q")',
    ):
        assert mentions_prompts(text), text
    for text in ("# 한국어 모델\nmodel.encode(sentences)", "The query is encoded.", ""):
        assert mentions_prompts(text) is None, text


@pytest.mark.shared
def test_the_registry_says_what_mtebs_registry_documents(shared: Path) -> None:
    """Every model of the registry that is in MTEB's, but for what the files say was added."""
    documented = {
        line["model"]: line
        for line in map(json.loads, (shared / "reference/mteb-cards.jsonl").read_text("utf-8").splitlines())
    }
    compared = 0
    for path in sorted(FOLDER.glob("*.yaml")):
        card = next(card for card in cards().values() if card.name == path.stem)
        for model, commit in card.models.items():
            line = documented.get(model)
            if line is None or "registry" not in card.source:
                continue
            compared += 1
            assert commit == line["revision"] or commit is None
            assert card.instruction_template == line.get("instruction_template")
            if card.encode_task is not None:  # the registry holds these as the model's prompts
                assert card.encode_task.items() <= (line.get("prompts") or card.encode_task).items()
                continue
            for key in ("query", "document"):
                if card.prompts is not None:
                    assert card.prompts.get(key) == (line.get("prompts") or {}).get(key), (model, key)
    assert compared > 150


@pytest.mark.shared
def test_the_suites_instructions_are_mtebs(shared: Path) -> None:
    mteb = json.loads((shared / "reference/mteb-task-instructions.json").read_text("utf-8"))
    for task in KO_V1.tasks:
        told = mteb[task.id]["prompt"] or mteb[task.id]["default"]
        assert prompting(instruction_template="{instruction}").instruction(task, "query") == (told, "suite")


def test_the_decoders_are_those_of_the_installed_transformers() -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as MASKED

    assert set(CAUSAL) - set(MASKED) == DECODERS


def test_a_template_has_the_sides_that_there_are() -> None:
    with pytest.raises(ValidationError, match="the sides query, document, text"):
        Card(name="x", source="s", models={}, instruction_template={"sideways": "x"})
