"""Data sets are the pinned ones, whole: rows and characters as MTEB counts them; a fingerprint shows a change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.data import (
    TaskData,
    character_count,
    fingerprint_of,
    is_other,
    known_fingerprints,
    provenance,
    unordered_fingerprint,
)
from evaluator.errors import TaskError
from evaluator.kinds import Examples, kind_of
from evaluator.records import DataProvenance
from evaluator.suite import KO_V1
from evaluator.task import Task
from evaluator.tasks import discovered_tasks

# MTEB 2.26.24, mteb/descriptive_stats: pairs or sentences, unique pairs, characters.
PAIRS = {
    "KLUE-STS": (519, 519, 34_439),
    "KorSTS": (1_376, 1_374, 80_577),
    "STS17": (2_846, 2_838, 183_387),
    "KLUE-NLI": (2_000, 2_000, 140_030),
    "KorNLI": (3_340, 3_340, 264_368),
}
"""Without PAWS-X: its copy is put together from two languages' files, and is held against nothing."""


SEARCHED = {
    "BelebeleRetrieval": (900, 31_732, 488, 117_769),
    "BelebeleRetrieval.ko-en": (900, 69_613 - 21, 488, 117_769),  # the copy's English questions are stripped
    "BelebeleRetrieval.en-ko": (900, 31_732, 488, 232_049),
    "AutoRAGRetrieval": (114, 7_936, 720, 592_994),
}
"""Queries and their characters, documents and theirs."""


def pinned(task: Task) -> bool:
    """Whether a fingerprint of the task's rows is known, which was then taken from a local copy."""
    return (task.data.fingerprint or task.data.copy_fingerprint) is not None


@pytest.fixture
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Examples]:
    """Reads a task from a folder of data sets, as an evaluation does."""

    def read_task(task_id: str, datasets: Path, *, keep_duplicates: bool = True) -> Examples:
        task = discovered_tasks()[task_id]
        cache = tmp_path_factory.mktemp("cache")
        return kind_of(task).read(task, TaskData(task, datasets, cache), keep_duplicates=keep_duplicates)

    return read_task


Read = Callable[..., Examples]


@pytest.mark.shared
@pytest.mark.parametrize("task_id", PAIRS)
def test_pair_tasks_have_mtebs_rows_and_characters(task_id: str, datasets_folder: Path, read: Read) -> None:
    pairs, unique, characters = PAIRS[task_id]
    examples = read(task_id, datasets_folder)
    texts = examples.sides["text"]
    assert examples.n == pairs
    assert len(texts) == 2 * pairs
    assert character_count(texts) == characters
    assert len(set(zip(texts[:pairs], texts[pairs:], strict=True))) == unique


@pytest.mark.shared
def test_labels_are_balanced_as_in_mteb(datasets_folder: Path, read: Read) -> None:
    positives = {task_id: sum(read(task_id, datasets_folder).gold["label"]) for task_id in ("KLUE-NLI", "KorNLI")}
    # Not of PAWS-X: the copy's labels are another language's, row by row, so no number of them is the Hub's.
    assert positives == {"KLUE-NLI": 1_000, "KorNLI": 1_670}


@pytest.mark.shared
def test_the_gold_scores_of_klue_sts_have_mtebs_mean(datasets_folder: Path, read: Read) -> None:
    gold = read("KLUE-STS", datasets_folder).gold["score"]
    assert sum(gold) / len(gold) == pytest.approx(2.484585741811175)


@pytest.mark.shared
def test_clustering_has_mtebs_rows_characters_and_labels(datasets_folder: Path, read: Read) -> None:
    examples = read("SIB200ClusteringS2S", datasets_folder)
    assert (examples.n, character_count(examples.sides["text"])) == (1_004, 65_215)
    counts = sorted(examples.gold["label"].count(label) for label in set(examples.gold["label"]))
    assert counts == [83, 93, 110, 122, 146, 198, 252]


@pytest.mark.shared
@pytest.mark.parametrize("task_id", SEARCHED)
def test_retrieval_has_mtebs_documents_queries_and_judgements(task_id: str, datasets_folder: Path, read: Read) -> None:
    queries, asked, documents, searched = SEARCHED[task_id]
    examples = read(task_id, datasets_folder)
    assert (len(examples.sides["document"]), examples.n) == (documents, queries)
    assert character_count(examples.sides["document"]) == searched
    assert character_count(examples.sides["query"]) == asked
    assert sum(map(len, examples.gold["relevant"].values())) == queries


@pytest.mark.shared
def test_klue_tc_scores_mtebs_rows_and_learns_from_what_the_copy_has(datasets_folder: Path, read: Read) -> None:
    examples = read("KLUE-TC", datasets_folder)
    scored = examples.sides["text"][-examples.n :]
    assert (examples.n, character_count(scored), len(set(scored))) == (2_048, 55_699, 2_048)
    labels = examples.gold["label"]
    # IT, economy, society, culture, world, sports, politics, as MTEB counts them.
    assert [labels.count(label) for label in range(7)] == [125, 303, 832, 308, 188, 130, 162]
    assert discovered_tasks()["KLUE-TC"].data.fingerprint is None


@pytest.mark.shared
def test_tatoeba_has_mtebs_pairs_and_their_line_ends(datasets_folder: Path, read: Read) -> None:
    texts = read("Tatoeba", datasets_folder).sides["text"]
    assert (len(texts), character_count(texts)) == (2_000, 53_674)
    assert all(text.endswith("\n") for text in texts)


@pytest.mark.shared
def test_duplicate_pairs_are_removed_and_counted(datasets_folder: Path, read: Read) -> None:
    read_so = (*PAIRS, "PawsXPairClassification")
    removed = {task_id: read(task_id, datasets_folder, keep_duplicates=False).removed for task_id in read_so}
    assert removed["KLUE-STS"] == {}
    # Exact repetitions as MTEB counts them (2 and 8), and pairs that are there both ways round.
    assert removed["KorSTS"] == {"duplicate pair": 3}
    assert removed["STS17"] == {"duplicate pair": 14}
    assert removed["KLUE-NLI"] == {"not a label of this task": 1_000}
    assert removed["KorNLI"] == {"not a label of this task": 1_670}
    assert removed["PawsXPairClassification"] == {"duplicate pair": 3}


@pytest.mark.shared
@pytest.mark.parametrize("task_id", [task_id for task_id, task in discovered_tasks().items() if pinned(task)])
def test_the_local_copy_has_the_pinned_fingerprint(task_id: str, datasets_folder: Path, read: Read) -> None:
    task = discovered_tasks()[task_id]
    examples = read(task_id, datasets_folder)
    found = provenance(task, examples.fingerprint, datasets_folder)
    assert found.fingerprint in (task.data.fingerprint, task.data.copy_fingerprint)
    assert found.revision == task.data.revision


def test_a_fingerprint_without_order_changes_with_any_value_alone() -> None:
    rows = [("가", "나", 1), ("다", "라", 0)]
    assert unordered_fingerprint(rows) == unordered_fingerprint(rows[::-1])
    assert unordered_fingerprint(rows) != unordered_fingerprint([("가", "나", 0), ("다", "라", 0)])
    assert unordered_fingerprint(rows) != unordered_fingerprint([*rows, rows[0]]), "twice counts twice"
    assert unordered_fingerprint(rows[:1], rows[1:]) != unordered_fingerprint(rows[1:], rows[:1]), (
        "tables are told apart"
    )


def test_a_fingerprint_knows_neither_the_order_of_pairs_nor_the_rows_that_are_not_used(
    tmp_path: Path, read: Read
) -> None:
    rows: list[dict[str, object]] = [
        {"premise": "가", "hypothesis": "나", "label": 0},
        {"premise": "다", "hypothesis": "라", "label": 2},
        {"premise": "마", "hypothesis": "바", "label": 1},
    ]

    def fingerprint(name: str, rows: list[dict[str, object]]) -> str:
        write_config(tmp_path / name / "klue/klue", {"nli": {"validation": rows}})
        kept = {read("KLUE-NLI", tmp_path / name, keep_duplicates=keep).fingerprint for keep in (False, True)}
        (found,) = kept
        return found

    known = fingerprint("as it is", rows)
    assert known == fingerprint("turned round", rows[::-1])
    assert known == fingerprint("without what is not used", rows[:2])
    assert known == fingerprint("another unused row", [*rows[:2], {"premise": "사", "hypothesis": "아", "label": 1}])
    assert known != fingerprint("another label", [{**rows[0], "label": 2}, {**rows[1], "label": 0}])


def test_of_contradicting_pairs_the_order_is_in_the_fingerprint(tmp_path: Path, read: Read) -> None:
    """The first of equal pairs is scored, so here the order decides about the score."""
    rows: list[dict[str, object]] = [
        {"sentence1": "가", "sentence2": "나", "labels": {"label": 1.0}},
        {"sentence1": "나", "sentence2": "가", "labels": {"label": 5.0}},
    ]
    write_config(tmp_path / "one/klue/klue", {"sts": {"validation": rows}})
    write_config(tmp_path / "two/klue/klue", {"sts": {"validation": rows[::-1]}})
    assert read("KLUE-STS", tmp_path / "one").fingerprint != read("KLUE-STS", tmp_path / "two").fingerprint


def retrieval_copy(folder: Path, names: dict[str, str], *, turned: bool = False, relevance: int = 1) -> Path:
    """Two questions and three documents as a data set of AutoRAG, under other ids and in another order."""
    texts = {
        "q1": "누가 만들었나요?",
        "d1": "세종대왕이 만들었다.",
        "d2": "김치는 발효 식품이다.",
        "d3": "하늘은 파랗다.",
    }
    documents = [{"_id": names[name], "title": "", "text": texts[name]} for name in ("d1", "d2", "d3")]
    write_config(
        folder / "yjoonjang/markers_bm",
        {
            "default": {
                "test": [
                    {"query-id": names["q1"], "corpus-id": names["d1"], "score": relevance},
                    {"query-id": names["q1"], "corpus-id": names["d2"], "score": 0},
                ]
            },
            "corpus": {"corpus": documents[::-1] if turned else documents},  # type: ignore[dict-item]
            "queries": {"queries": [{"_id": names["q1"], "text": texts["q1"]}]},
        },
    )
    return folder


def test_a_fingerprint_of_retrieval_knows_which_text_answers_which_and_no_ids(tmp_path: Path, read: Read) -> None:
    own = {name: name for name in ("q1", "d1", "d2", "d3")}
    others = {"q1": "7", "d1": "c", "d2": "b", "d3": "a"}
    swapped = own | {"d1": "d2", "d2": "d1"}

    def fingerprint(name: str, *arguments: object, **options: object) -> str:
        folder = retrieval_copy(tmp_path / name, *arguments, **options)  # type: ignore[arg-type]
        return read("AutoRAGRetrieval", folder).fingerprint

    known = fingerprint("own", own)
    assert known == fingerprint("other ids in another order", others, turned=True)
    assert known == fingerprint("swapped ids", swapped)
    assert known != fingerprint("another judgement", own, relevance=2)


def test_results_with_a_former_fingerprint_are_on_the_known_data() -> None:
    for task in KO_V1.tasks:
        for former in task.data.former:
            data = DataProvenance(
                path=task.data.path, config=None, split="test", revision=task.data.revision, fingerprint=former
            )
            assert not is_other(task, data, local=False), task.id
            assert not is_other(task, data, local=True), task.id
    assert KO_V1.task("KLUE-STS").data.former
    # Of PAWS-X only a copy is known, so nothing on the Hub is another.
    assert known_fingerprints(KO_V1.task("PawsXPairClassification"), local=False) == ()


def test_every_task_tells_where_its_data_is_from() -> None:
    assert sum(map(pinned, discovered_tasks().values())) == 14
    for task in discovered_tasks().values():
        assert task.facts is not None, task.id
        assert "http" in task.facts.citation, task.id
        # MTEB pins no commit of PublicHealthQA either.
        assert len(task.data.revision) == 40 or task.id == "PublicHealthQA", task.id


def test_a_fingerprint_changes_with_any_value_and_with_the_order() -> None:
    rows = fingerprint_of(["가", "나"], [1, 0])
    assert rows != fingerprint_of(["가", "나"], [1, 1])
    assert rows != fingerprint_of(["나", "가"], [0, 1])
    assert rows != fingerprint_of(["가나", ""], [1, 0])


@pytest.mark.shared
def test_changed_data_is_refused(
    datasets_folder: Path, tmp_path: Path, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(datasets_folder / "klue", tmp_path / "klue")
    file = tmp_path / "klue/klue/sts/validation.parquet"
    file.chmod(0o644)
    file.parent.chmod(0o755)
    table = pq.read_table(file)
    sentences = table["sentence1"].to_pylist()
    sentences[0] += " "
    column = table.column_names.index("sentence1")
    pq.write_table(table.set_column(column, "sentence1", pa.array(sentences)), file)
    examples = read("KLUE-STS", tmp_path)
    with pytest.raises(TaskError, match="is not the one that task KLUE-STS is pinned to") as caught:
        provenance(KO_V1.task("KLUE-STS"), examples.fingerprint, tmp_path)
    assert caught.value.failure == "data_unavailable"
    # On the Hub the commit is the pin: what is there is scored, with a mark.
    found = provenance(KO_V1.task("KLUE-STS"), examples.fingerprint, None)
    assert is_other(KO_V1.task("KLUE-STS"), found, local=False)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "evaluator.data"]
    assert line.startswith("KLUE-STS: the rows of klue/klue")
    known = found.model_copy(update={"fingerprint": KO_V1.task("KLUE-STS").data.fingerprint})
    assert not is_other(KO_V1.task("KLUE-STS"), known, local=False)
    assert not is_other(KO_V1.task("Ko-StrategyQA"), found, local=False)


def test_a_missing_copy_is_named(tmp_path: Path, read: Read) -> None:
    with pytest.raises(TaskError, match=r"no klue/klue, which task KLUE-STS needs") as caught:
        read("KLUE-STS", tmp_path)
    assert caught.value.failure == "data_unavailable"
    assert str(tmp_path) not in caught.value.message


def write_config(folder: Path, configs: dict[str, dict[str, list[dict[str, object]]]]) -> None:
    """A data set repository in Hub layout: config -> split -> rows."""
    lines = ["---", "configs:"]
    for config, splits in configs.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, rows in splits.items():
            path = f"{config}/{split}.parquet"
            lines += [f"  - split: {split}", f"    path: {path}"]
            (folder / config).mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows), folder / path)
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")


@pytest.mark.parametrize("qrels_config", ["default", "qrels"])
@pytest.mark.parametrize("text_split", ["dev", "corpus"])
def test_ko_strategyqa_is_read_in_beir_layout(qrels_config: str, text_split: str, tmp_path: Path, read: Read) -> None:
    """Both layouts in use: judgements as "default" or "qrels", texts in the task's split or in their only one."""
    query_split = "dev" if text_split == "dev" else "queries"
    write_config(
        tmp_path / "taeminlee/Ko-StrategyQA",
        {
            qrels_config: {
                "train": [{"query-id": "q9", "corpus-id": "d1", "score": 1}],
                "dev": [
                    {"query-id": "q1", "corpus-id": "d1", "score": 1},
                    {"query-id": "q1", "corpus-id": "d2", "score": 1},
                ],
            },
            "corpus": {
                text_split: [
                    {"_id": "d1", "title": "한글", "text": "세종대왕이 1443년에 창제하였다."},
                    {"_id": "d2", "title": "", "text": "훈민정음은 1446년에 반포되었다. "},
                    {"_id": "d3", "title": None, "text": "김치는 발효 식품이다."},
                ]
            },
            "queries": {
                query_split: [
                    {"_id": "q1", "text": "한글은 누가 언제 만들었나요?"},
                    {"_id": "q9", "text": "훈련용 질문"},
                ]
            },
        },
    )
    examples = read("Ko-StrategyQA", tmp_path)
    assert list(examples.sides["query"]) == ["한글은 누가 언제 만들었나요?"]
    assert list(examples.sides["document"]) == [
        "한글 세종대왕이 1443년에 창제하였다.",
        "훈민정음은 1446년에 반포되었다. ",
        "김치는 발효 식품이다.",
    ]
    assert examples.gold["relevant"] == {"q1": {"d1": 1, "d2": 1}}
    assert examples.removed == {"query without a relevance judgement": 1}
    found = provenance(KO_V1.task("Ko-StrategyQA"), examples.fingerprint, tmp_path)
    assert found.fingerprint == examples.fingerprint


def test_a_judgement_for_an_unknown_document_is_refused(tmp_path: Path, read: Read) -> None:
    write_config(
        tmp_path / "taeminlee/Ko-StrategyQA",
        {
            "default": {"dev": [{"query-id": "q1", "corpus-id": "d7", "score": 1}]},
            "corpus": {"dev": [{"_id": "d1", "title": "", "text": "문서"}]},
            "queries": {"dev": [{"_id": "q1", "text": "질문"}]},
        },
    )
    with pytest.raises(TaskError, match="1 relevance judgements for queries or documents that are not there"):
        read("Ko-StrategyQA", tmp_path)


def test_a_missing_column_is_named(tmp_path: Path, read: Read) -> None:
    write_config(tmp_path / "klue/klue", {"sts": {"validation": [{"sentence1": "가", "other": "나"}]}})
    with pytest.raises(TaskError, match=r"no column 'sentence2'; its columns are sentence1, other"):
        read("KLUE-STS", tmp_path)


def test_a_split_that_is_not_there_is_data_unavailable(tmp_path: Path, read: Read) -> None:
    write_config(tmp_path / "klue/klue", {"sts": {"train": [{"sentence1": "가", "sentence2": "나"}]}})
    with pytest.raises(TaskError, match="expected config or split") as caught:
        read("KLUE-STS", tmp_path)
    assert caught.value.failure == "data_unavailable"


def test_a_task_with_other_fields_reads_its_own_columns(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"a": "가", "b": {"c": 3.0}}, {"a": "나", "b": None}]
    write_config(tmp_path / "klue/klue", {"sts": {"validation": rows}})
    task = KO_V1.task("KLUE-STS")
    nested = Task(
        id="x", column="x", kind="sts", type="STS", data=task.data, fields={"text1": "a", "text2": "a", "score": "b.c"}
    )
    with pytest.raises(TaskError, match="no 'c' in column 'b'"):
        TaskData(nested, tmp_path, tmp_path / "cache").columns()


def test_pairs_in_one_row_of_lists_are_read_as_pairs(tmp_path: Path, read: Read) -> None:
    """As older data sets of MTEB hold them."""
    row: dict[str, object] = {"sentence1": ["가", "나"], "sentence2": ["다", "라"], "labels": [1, 0]}
    write_config(tmp_path / "mteb/PawsXPairClassification", {"ko": {"test": [row]}})
    examples = read("PawsXPairClassification", tmp_path)
    assert examples.sides["text"] == ["가", "나", "다", "라"]
    assert examples.gold["label"] == [1, 0]


def test_a_label_that_is_no_number_is_refused(tmp_path: Path, read: Read) -> None:
    row: dict[str, object] = {"sentence1": "가", "sentence2": "나", "labels": "네"}
    write_config(tmp_path / "mteb/PawsXPairClassification", {"ko": {"test": [row]}})
    with pytest.raises(TaskError, match="a value that is no number"):
        read("PawsXPairClassification", tmp_path)
