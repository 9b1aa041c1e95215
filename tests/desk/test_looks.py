"""A look tells what an evaluation would do, writes nothing, and holds against whatever a repository says."""

import gc
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from desk.forms import Form, InvalidFields
from desk.looks import MOST_FOLDERS, SECONDS, Looked, Looks
from desk.outlook import outlook
from evaluator import records
from evaluator.model import download
from evaluator.spec import ModelSpec
from evaluator.suite import SUITES
from store.memory import MemoryStore
from submissions.checks import CheckFailed, HubUnavailable
from submissions.live import LiveQueue
from submissions.preview import Gated, explained, look_into
from submissions.record import Status, Submission
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.hub.faults import Faults
from tests.hub.repositories import Repositories
from tests.leaderboard_data.examples import measured
from tests.submissions.test_listing import submission

CONFIG = {"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "torch_dtype": "float32"}
MARKUP = "<img src=x onerror=alert(1)>"


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks(clock: Clock) -> Looks:
    live = LiveQueue(Queue(MemoryStore(), MemoryStore()), 3600)
    live.refresh()
    return Looks(live, clock=clock)


def made(hub: Repositories, model: str, files: Mapping[str, bytes] | None = None, **fields: Any) -> str:
    """A repository of small files; its commit."""
    repository = hub.create("models", model, **fields)
    small = {"config.json": json.dumps(CONFIG).encode(), "pytorch_model.bin": b"x" * 100}
    hub.commit(repository, {**small, **(files or {})}, message="m", parent=None)
    return repository.head.oid


def told(looked: Looked, submissions: tuple[Submission, ...] = (), results: Any = ()) -> dict[str, Any]:
    return outlook(looked, submissions, results, "someone", records.now())


def texts(shown: dict[str, Any], task: str) -> dict[str, tuple[str, str]]:
    """side -> the text before an input of a task, and who says so."""
    return {each["side"]: (each["text"], each["source"]) for each in shown["prompts"] if task in each["tasks"]}


def folders(tmp_path: Path) -> int:
    gc.collect()
    return len(list(tmp_path.iterdir()))


def test_an_id_is_enough_to_see_what_its_card_asks_for(hub: Repositories, looks: Looks) -> None:
    commit = made(hub, "nobody/looks-unknown")
    shown = told(looks.look(Form(model="nobody/looks-unknown"), "someone"))
    assert (shown["revision"], texts(shown, "KLUE-STS")) == (commit, {"text": ("", "")})
    assert shown["explanation"]["loader"] == "transformers"
    assert shown["metadata"]["weight_bytes"] == 100
    assert shown["metadata"]["gated"] is False
    assert len(shown["suites"][0]["missing"]) == 9
    made(hub, "intfloat/multilingual-e5-base")
    shown = told(looks.look(Form(model="intfloat/multilingual-e5-base"), "someone"))
    assert texts(shown, "Ko-StrategyQA") == {
        "query": ("query: ", "card registry: e5, query"),
        "document": ("passage: ", "card registry: e5, document"),
    }


def test_a_field_that_one_changes_is_seen_and_asks_the_hub_for_nothing(
    hub: Repositories, faults: Faults, looks: Looks, clock: Clock, tmp_path: Path
) -> None:
    made(hub, "looks/changes")
    pooling = told(looks.look(Form(model="looks/changes"), "someone"))["explanation"]["pooling"]
    assert pooling == "mean"
    faults.clear()
    shown = told(looks.look(Form(model="looks/changes", pooling="cls", prompts={"query": "q: "}), "someone"))
    assert (shown["explanation"]["pooling"], shown["explanation"]["pooling_source"]) == ("cls", "asked for")
    assert texts(shown, "AutoRAGRetrieval")["query"] == ("q: ", "submission, query")
    assert shown["settings"] == {"pooling": "cls", "prompts": {"query": "q: "}}
    assert faults.asked(".") == 0
    assert folders(tmp_path) == 1
    clock.now += SECONDS
    looks.look(Form(model="looks/changes"), "someone")
    assert faults.asked(".") > 0, "after a minute it is looked at anew"
    assert folders(tmp_path) == 1


def test_what_was_seen_is_what_is_submitted(hub: Repositories, looks: Looks) -> None:
    commit = made(hub, "looks/moves")
    looks.look(Form(model="looks/moves"), "someone")
    hub.commit(hub.get("models", "looks/moves"), {"README.md": b"new"}, message="later", parent=None)
    assert looks.submit(Form(model="looks/moves"), "someone", own=lambda _: False).spec.revision == commit


def test_an_adapter_is_told_with_its_base_and_its_commit(hub: Repositories, looks: Looks) -> None:
    base = made(hub, "looks/base")
    adapter = {"peft_type": "LORA", "base_model_name_or_path": "looks/base"}
    made(hub, "looks/adapter", {"adapter_config.json": json.dumps(adapter).encode()})
    looked = looks.look(Form(model="looks/adapter", pooling="cls"), "someone")
    assert looked.spec.parts == {"looks/base": base}
    assert told(looked)["explanation"]["adapters"][0]["base"] == "looks/base"
    changed = looks.look(Form(model="looks/adapter", pooling="mean"), "someone")
    assert changed.spec == looked.spec.model_copy(update={"pooling": "mean"})


def test_few_small_folders_are_kept(
    hub: Repositories, looks: Looks, tmp_path: Path, attacks: Attacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MOST_FOLDERS + 5):
        made(hub, f"looks-many/{number}")
        looks.look(Form(model=f"looks-many/{number}"), "someone")
    assert folders(tmp_path) == MOST_FOLDERS
    monkeypatch.setattr("desk.looks.MOST_BYTES", 1000)
    made(hub, "looks-many/large", {"README.md": b"x" * 2000})
    looks.look(Form(model="looks-many/large"), "someone")
    assert folders(tmp_path) == MOST_FOLDERS
    attacks.held("the form's preview", "looks at many models, and at large ones, that fill the disk", MOST_FOLDERS + 6)


def test_a_card_with_a_prompt_that_nothing_uses_is_warned_of(hub: Repositories, looks: Looks) -> None:
    card = "---\nlicense: mit\n---\n`query: ` 를 질의 앞에, `passage: ` 를 문서 앞에 붙입니다.\n".encode()
    made(hub, "looks/mentions", {"README.md": card})
    shown = told(looks.look(Form(model="looks/mentions"), "someone"))
    assert "프롬프트가 나오는데" in shown["warnings"][0]["ko"]
    assert "no prompt would be used" in shown["warnings"][0]["en"]


def test_a_gated_model_is_told_of_and_can_be_submitted(hub: Repositories, looks: Looks) -> None:
    made(hub, "looks/gated", gated=True)
    looked = looks.look(Form(model="looks/gated"), "someone")
    shown = told(looked)
    assert isinstance(looked.unread, Gated)
    assert (shown["metadata"]["gated"], shown["submittable"], shown["explanation"]) == (True, True, None)
    assert looks.submit(Form(model="looks/gated"), "someone", own=lambda _: True).own


def test_a_loader_that_cannot_load_it_is_said_before_it_is_submitted(hub: Repositories, looks: Looks) -> None:
    made(hub, "looks/bare")
    form = Form(model="looks/bare", loader="sentence-transformers")
    looked = looks.look(form, "someone")
    assert not looked.can_be_submitted
    assert "has no modules.json" in told(looked)["unread"]["en"]
    with pytest.raises(InvalidFields):
        looks.submit(form, "someone", own=lambda _: False)


def test_results_and_speeds_of_others_are_told(hub: Repositories, looks: Looks) -> None:
    made(hub, "looks/known")
    looked = looks.look(Form(model="looks/known"), "someone")
    result = measured("looks/known", 0.5)
    kept = {task: result.tasks[task] for task in list(result.tasks)[:-2]}
    partly = result.model_copy(update={"tasks": kept})
    suites = {suite["id"]: suite for suite in told(looked, results=(partly,))["suites"]}
    assert set(suites) == {suite.id for suite in SUITES.values() if suite.offered}
    suite = suites["ko-v1"]
    assert suite["missing"] == [task for task in result.tasks if task not in kept]
    same = submission(1, Status.FINISHED, spec=looked.spec.model_copy(update={"trust_remote_code": True}))
    other = submission(2, spec=looked.spec.model_copy(update={"pooling": "cls"}))
    assert [each["id"] for each in told(looked, (other, same))["known"]] == [same.id]


@pytest.mark.usefixtures("hub")
def test_what_cannot_be_looked_at_says_why(looks: Looks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidFields, match="no public model looks/absent") as refused:
        looks.look(Form(model="looks/absent"), "someone")
    assert list(refused.value.fields) == ["model"]
    with pytest.raises(CheckFailed, match="찾을 수 없습니다"):
        look_into(ModelSpec(model="looks/gone", revision="0" * 40), tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(HubUnavailable):
        look_into(ModelSpec(model="looks/elsewhere", revision="0" * 40), tmp_path)


def test_a_revision_that_is_not_there_is_named_at_its_field(hub: Repositories, looks: Looks) -> None:
    made(hub, "looks/revisions")
    with pytest.raises(InvalidFields) as refused:
        looks.look(Form(model="looks/revisions", revision="v9"), "someone")
    assert list(refused.value.fields) == ["revision"]


def test_a_repository_may_declare_what_it_will(
    hub: Repositories, looks: Looks, tmp_path: Path, attacks: Attacks
) -> None:
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
        commit = made(hub, f"looks-hostile/{number}", files)
        spec = ModelSpec(model=f"looks-hostile/{number}", revision=commit)
        try:
            shown = told(looks.look(Form(model=spec.model), "someone"))
        except InvalidFields:
            continue
        assert len(json.dumps(shown)) < 100_000
        assert shown["revision"] == commit
    assert folders(tmp_path) <= len(hostile)
    attacks.held("the form's preview", "files that are too many, too large or of another shape", len(hostile))


def test_what_a_composition_says_of_other_settings_is_what_it_would_say_anew(hub: Repositories, tmp_path: Path) -> None:
    spec = ModelSpec(model="looks/anew", revision=made(hub, "looks/anew"), pooling="cls")
    from desk.looks import Files

    files = Files(spec.model_copy(update={"pooling": "auto"}))
    (tmp_path / "anew").mkdir()
    anew = explained(look_into(spec, tmp_path / "anew"), ())
    assert explained(files.of(spec), ()) == anew
