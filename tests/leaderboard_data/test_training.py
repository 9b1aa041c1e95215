"""Which scores are on data that a model was trained on: as MTEB counts it, and as everybody declares it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.policy import OptOut, Policy
from evaluator.records import ModelInfo, ModelResult, dump_result, load_result, now
from evaluator.same_data import tasks_named
from evaluator.suite import KO_V1, SUITES
from evaluator.tasks import discovered_tasks
from leaderboard_data.board import table
from leaderboard_data.declared import (
    CORRECTIONS,
    Base,
    Correction,
    Declaration,
    Declared,
    declared_by_all,
    load_correction,
    shipped_corrections,
)
from leaderboard_data.entry import ORIGINS
from leaderboard_data.hiding import shown
from leaderboard_data.index import INDEX_PATH, dump_index, load_index
from leaderboard_data.model_facts import FACTS
from leaderboard_data.publish import shipped_entries
from leaderboard_data.sound import wrong_with
from leaderboard_data.told import LONGEST_TOLD, load_told, told_of
from leaderboard_data.training import (
    DECLARED,
    INHERITED,
    NOT_DECLARED,
    UNKNOWN,
    explained,
    marked_training,
    mteb_seen,
    seen_by,
    sources,
    states,
    unseen_only,
    zero_shot,
)
from tests.leaderboard_data.examples import entry, measured

FACT_LINES = [json.loads(line) for line in FACTS.read_text("utf-8").splitlines()]
TASKS = discovered_tasks()
MTEB_KOR_V2 = (
    *("KLUE-STS", "KorSTS", "STS17", "KLUE-NLI", "KorNLI", "PawsXPairClassification", "KLUE-TC"),
    *("SIB200ClusteringS2S", "KlueMrcDomainClustering", "KlueYnatMrcCategoryClustering", "MIRACLReranking"),
    *("Ko-StrategyQA", "AutoRAGRetrieval", "LawIRKo", "SQuADKorV1Retrieval", "PublicHealthQA", "BelebeleRetrieval"),
    *("MultiLongDocRetrieval", "MIRACLRetrieval", "MrTidyRetrieval"),
)
MIRACL = {"MIRACLReranking", "MIRACLRetrieval", "MIRACLRetrievalHardNegatives"}
SPELLED_OTHERWISE = {
    "MLDR": {"MultiLongDocRetrieval"},
    "SIB200": {"SIB200ClusteringS2S"},
    "PawsX": {"PawsXPairClassification", "PawsXPairClassification.validation"},
    "PAWSX": {"PawsXPairClassification", "PawsXPairClassification.validation"},
    "MIRACL": MIRACL,
    "TatoebaBitextMining": {"Tatoeba"},
}
"""Names in MTEB's registry that its own code does not match, and what we take them for."""


def declared(model: str, *names: str, bases: tuple[str, ...] = (), silent: bool = False) -> dict[str, Declared]:
    declarations = () if silent else (Declaration(source="registry", names=names),)
    made_of = tuple(Base(model=base, source="registry") for base in bases)
    return {model: Declared(model=model, declarations=declarations, bases=made_of)}


def of_info(info: ModelInfo, model: str = "org/new", **fields: object) -> ModelResult:
    return measured(model, **fields).model_copy(update={"model": info})  # type: ignore[arg-type]


def test_mtebs_rule_gives_what_mtebs_code_made_of_every_model() -> None:
    ours = {task.mteb_name for task in TASKS.values()}
    registered = 0
    for line in FACT_LINES:
        seen = mteb_seen(line["model"])
        if "seen_tasks" not in line:
            assert seen is None, line["model"]
            continue
        registered += 1
        assert seen is not None
        named = {TASKS[task_id].mteb_name for task_id in seen}
        assert named == set(line["seen_tasks"]) & ours, line["model"]
        overlap = named & set(MTEB_KOR_V2)
        assert int(100 - 100 * (len(overlap) / 20)) == line["zero_shot_percent_kor_v2"], line["model"]
    assert registered == 230


def test_our_marks_hold_all_of_mtebs_and_besides_names_that_its_code_does_not_match() -> None:
    everything = declared_by_all(corrections=())
    for line in FACT_LINES:
        seen = seen_by(line["model"], everything)
        by_mteb = mteb_seen(line["model"])
        more = (seen.declared | seen.inherited) - (by_mteb or frozenset())
        assert by_mteb is None or by_mteb <= seen.declared | seen.inherited
        if by_mteb is not None:
            names = {name for source in sources(line["model"], everything) for name in source["names"]}
            assert more <= set().union(*(SPELLED_OTHERWISE.get(name, set()) for name in names)), line["model"]
        assert seen.known == bool(line.get("training_datasets") or line.get("training_source") == "registry")


def test_a_declared_name_marks_its_data_and_a_bases_marks_are_inherited() -> None:
    everything = {
        **declared("org/tuned", "KLUE-STS", bases=("org/base",)),
        **declared("org/base", "MIRACLRetrieval", "KLUE-STS", bases=("org/ground", "org/tuned")),
        **declared("org/ground", "klue/klue"),
    }
    seen = seen_by("Org/Tuned", everything)
    assert seen.of("KLUE-STS") == DECLARED
    assert [seen.of(task) for task in ("MIRACLReranking", "MIRACLRetrieval", "KLUE-NLI")] == [INHERITED] * 3
    assert seen.of("KorSTS") == NOT_DECLARED
    assert seen_by("org/ground", everything).of("MIRACLRetrieval") == NOT_DECLARED


def test_unknown_is_never_clean() -> None:
    everything = {**declared("org/silent", silent=True, bases=("org/base",)), **declared("org/base", "KorSTS")}
    assert states("org/nobody", KO_V1, everything) == UNKNOWN * 9
    assert states("org/silent", KO_V1, everything) == "?i???????"
    assert zero_shot("org/silent", KO_V1, everything) is None
    assert zero_shot("org/nobody", KO_V1, everything) is None
    assert zero_shot("org/base", KO_V1, everything) == 88


def test_the_models_that_declare_nothing_have_what_their_bases_declare() -> None:
    marks = {(each.model, each.suite): each.seen for each in shown(shipped_entries(), Policy())}
    assert set(marks["nlpai-lab/KURE-v1", "ko-v1"]) == {UNKNOWN}  # nothing of bge-m3's is among the nine
    assert set(marks["nlpai-lab/KURE-v1", "ko-v2"]) == {UNKNOWN, INHERITED}
    everything = declared_by_all()
    assert seen_by("nlpai-lab/KURE-v1", everything).inherited >= MIRACL
    assert not seen_by("nlpai-lab/KURE-v1", everything).known
    told = explained("nlpai-lab/KURE-v1", "MIRACLReranking", everything)
    assert told["state"] == "inherited"
    assert told["nothing_declared_of"] == ["nlpai-lab/KURE-v1"]
    assert {each["model"] for each in told["declarations"]} == {"BAAI/bge-m3"}
    assert all(each["source"] == "registry" and each["link"].startswith("https://") for each in told["declarations"])


def test_submitters_and_cards_declare_and_it_is_told_whose_it_is() -> None:
    info = ModelInfo(datasets=("klue/klue", "me/own-data"), base_models=("BAAI/bge-m3",))
    result = of_info(info, training=("KorQuAD 1.0", "STS17"), submission="20261128T090000Z-abcdef")
    [made] = marked_training([entry(result)])
    assert made.seen == "dnddnnnnn"
    assert made.zero_shot == 66
    everything = declared_by_all([made], ())
    by_card = explained("org/new", "KLUE-STS", everything)
    assert by_card["declarations"] == [
        {
            "model": "org/new",
            "source": "card",
            "names": ["klue/klue"],
            "link": f"https://huggingface.co/org/new/blob/{result.spec.revision}/README.md",
            "submission": None,
        }
    ]
    [by_submitter] = explained("org/new", "STS17", everything)["declarations"]
    assert (by_submitter["source"], by_submitter["submission"]) == ("submitter", "20261128T090000Z-abcdef")
    [through] = {
        (e["through"], e["model"]) for e in explained("org/new", "MrTidyRetrieval", everything)["declarations"]
    }
    assert through == ("card", "BAAI/bge-m3")
    assert seen_by("org/new", everything).of("SQuADKorV1Retrieval") == DECLARED


def test_what_is_hidden_declares_nothing() -> None:
    result = measured("org/new", training=("STS17",))
    policy = Policy(opted_out=(OptOut(name="org", who="owner", at=now()),))
    assert shown([entry(result)], policy) == ()
    other = of_info(ModelInfo(base_models=("org/new",)), "other/built-on-it")
    assert [e.seen for e in shown([entry(other), entry(result)], Policy())] == ["??i??????", "nndnnnnnn"]
    assert [e.seen for e in shown([entry(other), entry(result)], policy)] == ["?????????"]


def test_a_correction_adds_and_removes_with_its_source(tmp_path: Path) -> None:
    correction = Correction(
        model="BAAI/bge-m3",
        adds=("KLUE-NLI",),
        removes=("MrTidyRetrieval",),
        adapted_from="org/base",
        source="https://example.org/paper",
        by="a maintainer",
        at=now(),
    )
    everything = declared_by_all(corrections=[correction])
    seen = seen_by("BAAI/bge-m3", everything)
    assert (seen.of("KLUE-NLI"), seen.of("MrTidyRetrieval")) == (DECLARED, NOT_DECLARED)
    [told] = explained("BAAI/bge-m3", "KLUE-NLI", everything)["declarations"]
    assert (told["source"], told["link"]) == ("maintainer", "https://example.org/paper")
    assert "MrTidyRetrieval" in (mteb_seen("BAAI/bge-m3") or ())  # MTEB's own count stays MTEB's
    file = tmp_path / "BAAI__bge-m3.json"
    file.write_text(correction.model_dump_json(), "utf-8")
    assert load_correction(file) == correction
    wrong = tmp_path / "other.json"
    wrong.write_text(correction.model_dump_json(), "utf-8")
    with pytest.raises(ValueError, match=r"belongs in BAAI__bge-m3\.json"):
        load_correction(wrong)


@pytest.mark.parametrize(
    "fields", [{}, {"adds": ["x"], "source": "javascript:alert(1)"}, {"adds": [""]}, {"adds": ["x" * 201]}]
)
def test_a_correction_that_says_nothing_or_has_no_source_is_refused(fields: dict[str, object], tmp_path: Path) -> None:
    told = {"model": "org/name", "source": "https://example.org", "by": "m", "at": "2026-11-28T00:00:00Z", **fields}
    file = tmp_path / "org__name.json"
    file.write_text(json.dumps(told), "utf-8")
    with pytest.raises(ValueError, match=r"org__name\.json"):
        load_correction(file)


def test_the_shipped_corrections_are_read_and_change_something() -> None:
    assert seen_by("upskyy/bge-m3-korean", declared_by_all()).of("KorNLI") == DECLARED  # as its card says
    assert len(shipped_corrections()) == len(list(CORRECTIONS.glob("*.json")))
    before = declared_by_all(corrections=())
    for correction in shipped_corrections():
        model = correction.model.casefold()
        assert declared_by_all(corrections=[correction])[model] != before.get(model)


def test_the_filter_hides_scores_and_what_is_made_of_them() -> None:
    seen, clean, silent = (measured(f"org/{name}", score=0.5) for name in ("seen", "clean", "silent"))
    seen = seen.model_copy(update={"training": ("KLUE-STS",)})
    clean = clean.model_copy(update={"training": ("something else",)})
    entries = marked_training(map(entry, (seen, clean, silent)))
    columns = ("KLUE-STS", "STS_Average", "NLI_Average", "Average")

    def rows(unseen: str) -> dict[str, tuple[object, ...]]:
        found: dict[str, dict[str, object]] = {}
        for view in ("tasks", "overall"):
            made = table(entries, view, KO_V1, ORIGINS, unseen)
            for row in made.rows:
                values = dict(zip(made.columns, row.values, strict=True))
                found[row.entry.model] = {**found.get(row.entry.model, {}), **values, "rank": row.rank}
        return {model: tuple(values[c] for c in (*columns, "rank")) for model, values in found.items()}

    assert rows("")["org/seen"] == (0.5, 0.5, 0.5, 0.5, 1)
    assert rows("yes")["org/seen"] == (None, None, 0.5, None, None)
    assert rows("yes")["org/silent"] == (0.5, 0.5, 0.5, 0.5, 1)
    assert rows("declared")["org/silent"] == (None, None, None, None, None)
    assert rows("declared")["org/clean"] == (0.5, 0.5, 0.5, 0.5, 1)
    elsewhere = {row.entry.model: row.rank for row in table(entries, "nli", KO_V1, ORIGINS, "yes").rows}
    assert elsewhere["org/seen"] == 1, "no hidden score counts there"
    with pytest.raises(ValueError, match="the choices: yes, declared"):
        unseen_only(entries[0], "maybe")


def test_mtebs_own_board_has_mtebs_percentage_and_its_borda_count_leaves_out_rows_with_hidden_scores() -> None:
    percent = {line["model"]: line.get("zero_shot_percent_kor_v2") for line in FACT_LINES}
    entries = [e for e in shown(shipped_entries(), Policy()) if e.suite == "mteb-kor-v2" and e.origin == "imported"]
    assert len({entry.model for entry in entries}) > 200
    assert all(entry.zero_shot == percent.get(entry.model) for entry in entries)
    suite = SUITES["mteb-kor-v2"]
    rows = {row.entry.model: row for row in table(entries, "overall", suite, ["imported"], "yes").rows}
    hidden = {model for model, row in rows.items() if {DECLARED, INHERITED} & set(row.entry.seen)}
    assert 50 < len(hidden) < len(rows)
    assert {model for model, row in rows.items() if row.rank is None} == hidden
    left = [entry for entry in entries if entry.model not in hidden]
    alone = {row.entry.model: row.rank for row in table(left, "overall", suite, ["imported"]).rows}
    assert {model: row.rank for model, row in rows.items() if model not in hidden} == alone


def test_the_index_keeps_what_results_declare_within_its_bounds() -> None:
    names = (*("한" * 198 + str(i) for i in range(10, 99)), "klue/klue")
    result = of_info(ModelInfo(datasets=names, base_models=names), training=names)
    line = told_of(result)
    assert line is not None
    assert len(line.encode()) <= LONGEST_TOLD
    told = load_told(line)
    assert "klue/klue" in told.training
    assert len(told.datasets) > 1
    made = entry(result)
    [again] = load_index(dump_index([made])[INDEX_PATH])
    assert again.declared == line
    assert wrong_with(made) is None
    for odd in ("{", '{"training": 5}', '{"training": ["' + "x" * 300 + '"]}', "[]"):
        assert wrong_with(replace(made, declared=odd)) is not None


def test_old_files_have_no_training_and_are_written_as_before() -> None:
    assert told_of(measured("org/old")) is None
    content = b'{"schema": 2, "spec": {"model": "org/old"}, "tasks": {}, "origin": {"kind": "reported", "by": "x"}}'
    assert load_result(content).training == ()
    assert load_result(content).model == ModelInfo()
    assert b"training" not in dump_result(measured("org/old"))


def test_every_name_of_the_registry_that_means_our_data_is_matched_or_listed() -> None:
    names = {name for line in FACT_LINES for name in line.get("training_datasets", ())}
    for name in names:
        by_mteb = {t.id for t in TASKS.values() if name in (t.mteb_name, *t.mteb_similar)}
        assert set(tasks_named(name)) - by_mteb == SPELLED_OTHERWISE.get(name, set())
