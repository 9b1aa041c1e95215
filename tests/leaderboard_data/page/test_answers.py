"""What the page and programs are told: models, comparisons, history, snippets, plots."""

import time
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from evaluator.evidence.samples import dump_samples
from evaluator.records import CardExample, Environment, dump_result
from evaluator.suite import KO_V1
from leaderboard_data.details import repeat_command
from leaderboard_data.entry import ORIGINS
from leaderboard_data.load import replicates_path
from leaderboard_data.page.api import BoardApi
from leaderboard_data.page.card import badge, eval_results, model_index
from leaderboard_data.page.live import LiveBoard
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import publish_change, seed, shipped_entries
from store.errors import Unavailable
from store.memory import MemoryStore
from store.update import update
from tests.leaderboard_data.examples import measured, pair_samples, scored


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    seed(made)
    return made


@pytest.fixture
def api(store: MemoryStore) -> BoardApi:
    live = LiveBoard(store, 3600, patience=60)
    live.refresh()
    return BoardApi(live)


def publish(store: MemoryStore, *results: object, samples: bytes | None = None) -> BoardApi:
    for result in results:
        update(store, publish_change(result, samples))  # type: ignore[arg-type]
    live = LiveBoard(store, 3600, patience=60)
    live.refresh()
    return BoardApi(live)


def test_the_leaderboard_is_the_table_of_the_page(api: BoardApi) -> None:
    rows = api.leaderboard("sts")
    assert [row["name"] for row in rows][:2] == ["upskyy/bge-m3-korean", "dragonkue/BGE-m3-ko"]
    assert rows[0]["rank"] == 1
    assert set(rows[0]["scores"]) == {"KLUE-STS", "Kor-STS", "STS17", "STS_Average"}
    assert len(api.leaderboard(origins="imported")) > 200


@pytest.mark.parametrize(
    "question",
    [
        lambda api: api.leaderboard("<script>"),
        lambda api: api.leaderboard("overall", "rumours"),
        lambda api: api.model("no/body"),
        lambda api: api.model("x" * 10_000),
        lambda api: api.compare("nlpai-lab/KURE-v1"),
        lambda api: api.compare(",".join(["a/b"] * 1000)),
    ],
)
def test_a_wrong_question_is_told_what_is_right(api: BoardApi, question) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError) as told:  # noqa: PT011 the sentences differ
        question(api)
    assert len(str(told.value)) < 500


def test_a_model_has_all_its_results_the_listed_one_first_the_others_with_differences(api: BoardApi) -> None:
    found = api.model("nlpai-lab/KURE-v1")
    published, imported = found["results"]
    assert (published["origin"], imported["origin"]) == ("published", "imported")
    assert (published["listed"], imported["listed"]) == (True, False)
    auto_rag = imported["tasks"][-1]
    assert auto_rag["metrics"]["ndcg_at_10"] == 0.87076
    assert auto_rag["difference"] == pytest.approx(0.866595 - 0.8666)
    assert all(task["difference"] is None for task in published["tasks"])
    assert found["ranks"]["overall"] == {"rank": 1, "of": 9, "score": pytest.approx(0.6758)}


def test_a_measured_cell_tells_everything_that_is_needed_to_check_it(store: MemoryStore) -> None:
    prompts = {"KLUE-STS": {"text": "query: "}}
    tasks = {task: scored(task, 0.7) for task in KO_V1.task_ids}
    tasks["KLUE-STS"] = scored("KLUE-STS", 0.7, n=519, intervals95={"sts8": (0.68, 0.72)})
    example = CardExample(verdict="differs", expected=((0.5,),), found=((0.25,),), tolerance=0.02)
    environment = Environment(dtype="bfloat16", device="cuda:0", prompts=prompts, card_example=example)
    result = measured("org/name", tasks=tasks, environment=environment)
    found = publish(store, result).model("org/name")["results"][0]
    task = found["tasks"][0]
    assert (task["n"], task["interval95"], task["prompts"]) == (519, (0.68, 0.72), {"text": "query: "})
    assert found["environment"]["device"] == "cuda:0"
    assert CardExample.model_validate(found["card_example"]) == example
    assert "card_example" not in found["environment"]
    assert task["command"] == (
        f"python -m evaluator run org/name --revision {result.spec.revision} --precision bfloat16 --tasks KLUE-STS"
    )


def test_the_command_repeats_what_the_spec_says() -> None:
    spec = measured().spec.model_copy(update={"pooling": "cls", "max_tokens": 512, "trust_remote_code": True})
    command = repeat_command(measured().model_copy(update={"spec": spec, "keep_duplicates": True}), KO_V1)
    for part in ("--pooling cls", "--max-tokens 512", "--trust-remote-code", "--keep-duplicates"):
        assert part in command


def test_a_measured_result_takes_the_place_of_the_published_row(store: MemoryStore) -> None:
    api = publish(store, measured("nlpai-lab/KURE-v1", 0.9))
    assert [row["origin"] for row in api.leaderboard() if row["model"] == "nlpai-lab/KURE-v1"] == ["measured"]
    origins = [result["origin"] for result in api.model("nlpai-lab/KURE-v1")["results"]]
    assert origins == list(ORIGINS)


def test_publishing_samples_gives_the_means_intervals_and_the_ranks_tie_groups(store: MemoryStore) -> None:
    samples = dump_samples({"KLUE-STS": pair_samples(0.5)})
    result = measured("org/name", 0.7)
    api = publish(store, result, samples=samples)
    state = api._live.state
    (key,) = state.replicates
    assert state.replicates[key]["KLUE-STS", "sts8"].shape == (1000,)
    assert replicates_path(key[0]) in store.list("replicates")
    again = publish_change(result, samples)
    assert update(store, again) == store.head()


def test_many_new_replicates_are_read_after_the_board_is_shown(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leaderboard_data.page import live as module

    monkeypatch.setattr(module, "AT_ONCE", 0)
    scored = {"KLUE-STS": pair_samples(0.5)}
    update(store, publish_change(measured("org/name", 0.7), dump_samples(scored)))
    told: list[int] = []
    live = LiveBoard(store, 3600, (lambda state: told.append(len(state.replicates)),))
    assert live.refresh()
    assert told == [0, 1]


def test_samples_that_are_not_readable_do_not_stop_the_result(store: MemoryStore) -> None:
    api = publish(store, measured("org/name", 0.7), samples=b"damaged")
    assert api.model("org/name")["results"][0]["origin"] == "measured"
    assert not api._live.state.replicates


def test_the_history_tells_when_a_rank_changed(store: MemoryStore) -> None:
    api = publish(store, measured("org/first", 0.95), measured("org/second", 0.99))
    deadline = time.monotonic() + 30
    while len(api.history("nlpai-lab/KURE-v1")) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)  # it is read in the background
    ranks = [(step["rank"], step["of"]) for step in api.history("org/first")]
    assert ranks == [(1, 10), (2, 11)]
    assert [step["rank"] for step in api.history("nlpai-lab/KURE-v1")] == [1, 2, 3]
    assert api.history("no/body") == []


def test_a_result_that_cannot_be_read_is_said_so(store: MemoryStore) -> None:
    result = measured("org/name", 0.7)
    publish(store, result)
    path = next(path for path in store.list("results/org__name"))
    store.commit({path: b"damaged"}, "damage", store.head())
    found = publish(store).model("org/name")["results"][0]
    assert (found["readable"], found["tasks"]) == (False, [])


def test_while_the_store_fails_the_last_state_stays(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveBoard(store, 3600, patience=60)
    live.refresh()
    update(store, publish_change(measured("org/new", 0.9)))

    def down() -> str:
        raise Unavailable("the Hub is down")

    with monkeypatch.context() as patched:
        patched.setattr(store, "head", down)
        assert not live.refresh()
    assert "org/new" not in {entry.model for entry in live.state.entries}
    assert live.refresh()
    assert "org/new" in {entry.model for entry in live.state.entries}


def test_before_the_store_has_answered_the_shipped_board_is_shown() -> None:
    class Down(MemoryStore):
        def head(self) -> str:
            raise Unavailable("not now")

    live = LiveBoard(Down(), 3600)
    assert not live.refresh()
    assert BoardApi(live).leaderboard()[0]["name"] == "nlpai-lab/KURE-v1"
    assert BoardApi(live).model("nlpai-lab/KURE-v1")["results"][0]["readable"]


def test_the_snippets_are_yaml_that_the_hub_reads() -> None:
    kure = next(e for e in shipped_entries() if (e.model, e.origin) == ("nlpai-lab/KURE-v1", "published"))
    (model,) = yaml.safe_load(model_index(kure, "https://board/?model=x", KO_V1))["model-index"]
    assert model["name"] == "KURE-v1"
    assert len(model["results"]) == 9
    first = model["results"][0]
    assert first["dataset"]["type"] == "klue/klue"
    assert first["metrics"] == [{"type": "sts8", "value": 87.48}]
    results = yaml.safe_load(eval_results(kure, "https://board/?model=x", KO_V1))
    assert results[0]["dataset"] == {
        "id": "klue/klue",
        "task_id": "KLUE-STS",
        "revision": "349481ec73fff722f88e0453ca05c77a447d967c",
    }
    assert results[0]["value"] == 87.48
    card = ModelCard(f"---\n{model_index(kure, 'https://board/', KO_V1)}---\n# KURE")
    assert [result.metric_value for result in getattr(card.data, "eval_results", [])][:2] == [87.48, 80.97]


def test_the_badge_shows_rank_and_average() -> None:
    assert "#1 · 67.58" in badge(1, 0.6758)
    assert "–" in badge(None, None)


def test_the_page_data_is_small() -> None:
    size = len(page_data(shipped_entries(), "0" * 40, KO_V1))
    assert size < 120_000


def test_a_result_of_ours_is_checked_by_name(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from leaderboard_data.__main__ import app

    (tmp_path / "good.json").write_bytes(dump_result(measured()))
    (tmp_path / "bad.json").write_bytes(b"{}")
    ran = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert ran.exit_code == 1
    assert "bad.json" in ran.output
    assert "1 results readable, 1 files not" in ran.output
