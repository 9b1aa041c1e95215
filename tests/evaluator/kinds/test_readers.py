"""Reading what is searched, classified and mined, in the layouts that the data sets of ko-v2 have."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from evaluator.data import TaskData
from evaluator.errors import TaskError
from evaluator.kinds import Examples, kind_of, reranking, retrieval
from evaluator.task import Task
from evaluator.tasks import discovered_tasks
from tests.evaluator.kinds.rows import Rows

Rows_ = list[dict[str, Any]]
Read = Callable[..., Examples]


def write_copy(folder: Path, configs: dict[str, dict[str, Rows_ | Dataset]]) -> Path:
    """A data set in Hub layout: config -> split -> rows."""
    lines = ["---", "configs:"]
    for config, splits in configs.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, rows in splits.items():
            path = folder / config / f"{split}.parquet"
            lines += [f"  - split: {split}", f"    path: {config}/{split}.parquet"]
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(rows, Dataset):
                rows.to_parquet(path)
            else:
                pq.write_table(pa.Table.from_pylist(rows), path)
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
    return folder


@pytest.fixture
def read(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Reads a task, whatever fingerprint it is pinned to, from a copy written under `tmp_path`."""

    def read_task(task_id: str, configs: dict[str, dict[str, Any]], **changes: Any) -> Examples:
        task = replace(discovered_tasks()[task_id], **changes)
        task = replace(task, data=replace(task.data, fingerprint=None, copy_fingerprint=None, former=()))
        write_copy(tmp_path / task.data.path, configs)
        data = TaskData(task, tmp_path, tmp_path_factory.mktemp("cache"))
        return kind_of(task).read(task, data, keep_duplicates=False)

    return read_task


def passages(language: str) -> Rows_:
    rows = [("a", "첫 글", "질문 하나"), ("a", "첫 글의 다른 판", "질문 둘"), ("b", "둘째 글", "질문 셋")]
    return [
        {"link": link, "flores_passage": f"{text} {language}", "question": f"{question} {language}"}
        for link, text, question in [*rows, ("b", "둘째 글", "질문 하나")]
    ]


def test_belebele_is_read_by_link(read: Read) -> None:
    examples = read("BelebeleRetrieval", {"kor_Hang": {"test": passages("ko")}, "eng_Latn": {"test": passages("en")}})
    assert list(examples.sides["document"]) == ["첫 글 ko", "둘째 글 ko"]
    assert list(examples.sides["query"]) == ["질문 하나 ko", "질문 둘 ko", "질문 셋 ko"]
    assert examples.gold["relevant"] == {"Q0": {"C0": 1, "C1": 1}, "Q1": {"C0": 1}, "Q2": {"C1": 1}}


def test_belebeles_subset_a_b_has_passages_of_a_and_questions_of_b(read: Read) -> None:
    copies = {"kor_Hang": {"test": passages("ko")}, "eng_Latn": {"test": passages("en")}}
    english_questions, korean_questions = (read(f"BelebeleRetrieval.{cell}", copies) for cell in ("ko-en", "en-ko"))
    assert [english_questions.sides[side][0] for side in ("document", "query")] == ["첫 글 ko", "질문 하나 en"]
    assert [korean_questions.sides[side][0] for side in ("document", "query")] == ["첫 글 en", "질문 하나 ko"]
    assert english_questions.fingerprint != korean_questions.fingerprint


def test_a_question_about_no_passage_is_refused(read: Read) -> None:
    with pytest.raises(TaskError, match="4 questions about passages that are not there"):
        read(
            "BelebeleRetrieval.ko-en",
            {
                "kor_Hang": {"test": passages("ko")},
                "eng_Latn": {"test": [{**row, "link": "c"} for row in passages("en")]},
            },
        )


def test_public_health_qa_numbers_distinct_questions_and_answers(read: Read) -> None:
    rows = [("가?", "하나"), ("나?", "둘"), ("가?", "둘"), (None, "셋"), ("라?", None), ("마?", "하나")]
    examples = read(
        "PublicHealthQA", {"korean": {"test": [{"question": question, "answer": answer} for question, answer in rows]}}
    )
    assert list(examples.sides["query"]) == ["가?", "나?", "마?"]
    assert list(examples.sides["document"]) == ["하나", "둘"]
    assert examples.gold["queries"] == ["Q0", "Q1", "Q3"]
    assert examples.gold["documents"] == ["D0", "D1"]
    assert examples.gold["relevant"] == {"Q0": {"D0": 1, "D1": 1}, "Q1": {"D1": 1}, "Q3": {"D0": 1}}


def beir(prefix: str, corpus: dict[str, Rows_], queries: dict[str, Rows_], qrels: dict[str, Rows_]) -> dict[str, Any]:
    return {f"{prefix}corpus": corpus, f"{prefix}queries": queries, f"{prefix}qrels": qrels}


def judged(query: str, document: str, score: int = 1) -> dict[str, Any]:
    return {"query-id": query, "corpus-id": document, "score": score}


CORPUS: Rows_ = [
    {"_id": "d1", "title": "제목", "text": "본문"},
    {"_id": "d2", "title": "", "text": " 둘 "},
    {"_id": "d3", "title": "", "text": "셋"},
]


def test_mr_tidy_has_its_corpus_in_a_split_of_its_own(read: Read) -> None:
    examples = read(
        "MrTidyRetrieval",
        beir(
            "korean-",
            {"train": CORPUS},
            {"train": [{"_id": "q0", "text": "훈련"}], "test": [{"_id": "q1", "text": "시험"}]},
            {"train": [judged("q0", "d1")], "test": [judged("q1", "d2")]},
        ),
    )
    assert list(examples.sides["query"]) == ["시험"]
    assert list(examples.sides["document"]) == ["제목 본문", " 둘 ", "셋"]
    assert examples.gold["relevant"] == {"q1": {"d2": 1}}


def long_documents(**changes: Any) -> dict[str, Any]:
    parts = {
        "corpus": {"dev": CORPUS, "test": CORPUS[::-1]},
        "queries": {"dev": [{"_id": "q1", "text": "하나"}], "test": [{"_id": "q1", "text": "둘"}]},
        "qrels": {"dev": [judged("q1", "d1")], "test": [judged("q1", "d3")]},
    }
    return beir("ko-", **{**parts, **changes})


@pytest.mark.parametrize("corpus", [{"corpus": CORPUS}, {"dev": CORPUS}, {"dev": CORPUS, "test": CORPUS[::-1]}])
def test_two_splits_ask_one_corpus_that_is_read_once(read: Read, corpus: dict[str, Rows_]) -> None:
    examples = read("MultiLongDocRetrieval", long_documents(corpus=corpus))
    assert len(examples.sides["document"]) == 3
    assert list(examples.sides["query"]) == ["하나", "둘"]
    assert examples.gold["queries"] == ["dev:q1", "test:q1"]
    assert examples.gold["relevant"] == {"dev:q1": {"d1": 1}, "test:q1": {"d3": 1}}


def test_splits_with_other_corpora_are_refused(read: Read) -> None:
    with pytest.raises(TaskError, match="another corpus in each of its splits dev, test"):
        read("MultiLongDocRetrieval", long_documents(corpus={"dev": CORPUS, "test": CORPUS[:2]}))


def test_splits_of_which_one_would_weigh_more_are_refused(read: Read) -> None:
    queries = [{"_id": "q1", "text": "둘"}, {"_id": "q2", "text": "셋"}]
    with pytest.raises(TaskError, match="other numbers of queries in its splits"):
        read(
            "MultiLongDocRetrieval",
            long_documents(
                queries={"dev": [{"_id": "q1", "text": "하나"}], "test": queries},
                qrels={"dev": [judged("q1", "d1")], "test": [judged("q1", "d3"), judged("q2", "d3")]},
            ),
        )


def test_ids_that_are_numbers_and_columns_without_titles(read: Read) -> None:
    """LawIRKo's and SQuAD's copies are in BEIR layout; whatever type an id has, it is read as a string."""
    configs = {
        "corpus": {"test": [{"_id": 10, "text": "열"}, {"_id": 9, "text": None}]},
        "queries": {"test": [{"_id": 1, "text": "질문"}]},
        "default": {"test": [{"query-id": 1, "corpus-id": 9, "score": 1}]},
    }
    examples = read("LawIRKo", configs)
    assert list(examples.gold["documents"]) == ["10", "9"]
    assert list(examples.sides["document"]) == ["열", ""]
    assert examples.gold["relevant"] == {"1": {"9": 1}}
    embedded = {"query": Rows([[1, 0]]), "document": Rows([[1, 0], [1, 0]])}
    assert retrieval.samples(examples, embedded, "cosine")["mrr_at_1"].tolist() == [1.0]  # "9" comes after "10"


def reranked(lists: Rows_, **changes: Any) -> dict[str, Any]:
    parts = {
        "corpus": {"dev": CORPUS},
        "queries": {"dev": [{"_id": "q1", "text": "하나"}, {"_id": "q2", "text": "둘"}, {"_id": "q3", "text": "셋"}]},
        "qrels": {"dev": [judged("q1", "d1"), judged("q1", "d2", 0), judged("q2", "d3", 0)]},
    }
    return {**beir("ko-", **{**parts, **changes}), "ko-top_ranked": {"dev": lists}}


LISTS: Rows_ = [
    {"query-id": "q1", "corpus-ids": ["d2", "d1"]},
    {"query-id": "q2", "corpus-ids": ["d3"]},
    {"query-id": "q3", "corpus-ids": ["d1"]},
]


def test_reranking_asks_among_the_candidates_and_counts_a_query_without_positives_as_zero(read: Read) -> None:
    examples = read("MIRACLReranking", reranked(LISTS))
    assert examples.gold["queries"] == ["q1", "q2"]
    assert examples.removed == {"query without a relevance judgement": 1}
    assert [list(found) for found in examples.gold["candidates"]] == [[1, 0], [2]]
    # d3 is the nearest of all to q1, and no candidate of it.
    embedded = {"query": Rows([[1, 0], [0, 1]]), "document": Rows([[3, 1], [1, 3], [1, 0]])}
    samples = reranking.samples(examples, embedded, "cosine")
    assert samples["ndcg_at_10"].tolist() == [1.0, 0.0]
    assert samples["recall_at_100"].tolist() == [1.0, 0.0]
    assert reranking.metrics(samples)["ndcg_at_10"] == 0.5


def test_reranking_takes_the_models_own_similarity_and_breaks_ties_by_id_descending(read: Read) -> None:
    examples = read("MIRACLReranking", reranked(LISTS))
    tied = {"query": Rows([[1, 0], [0, 1]]), "document": Rows([[1, 0], [2, 0], [1, 0]])}
    assert reranking.samples(examples, tied, "cosine")["mrr_at_3"].tolist() == [0.5, 0.0]
    assert reranking.samples(examples, tied, "euclidean")["mrr_at_3"].tolist() == [1.0, 0.0]


def test_the_candidates_are_part_of_the_fingerprint(read: Read) -> None:
    others = [{"query-id": "q1", "corpus-ids": ["d1", "d3"]}, *LISTS[1:]]
    assert read("MIRACLReranking", reranked(LISTS)).fingerprint != read("MIRACLReranking", reranked(others)).fingerprint


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ([{"query-id": "q1", "corpus-ids": ["d9"]}, *LISTS[1:]], "1 candidates that are not in its corpus"),
        (LISTS[1:], "no candidates for 1 queries, 'q1' being the first"),
        ([{"query-id": "q1", "corpus-ids": []}, *LISTS[1:]], "no candidates for 1 queries"),
    ],
)
def test_candidates_that_do_not_fit_are_refused(read: Read, lists: Rows_, told: str) -> None:
    with pytest.raises(TaskError, match=told):
        read("MIRACLReranking", reranked(lists))


def test_ntrex_takes_the_columns_of_the_two_languages(read: Read) -> None:
    rows = [{"kor_Hang": "안녕\n", "eng_Latn": "Hello\n", "deu_Latn": "Hallo"}]
    configs = {"default": {"test": rows}}
    assert list(read("NTREXBitextMining", configs).sides["text"]) == ["안녕\n", "Hello\n"]
    assert list(read("NTREXBitextMining.en-ko", configs).sides["text"]) == ["Hello\n", "안녕\n"]


def labelled(texts: list[str], labels: list[int], names: list[str]) -> Dataset:
    features = Features({"title": Value("string"), "label": ClassLabel(names=names)})
    return Dataset.from_dict({"title": texts, "label": labels}, features=features)


def topics(names: list[str], count: int = 2100) -> dict[str, Any]:
    labels = [number % len(names) for number in range(count)]
    test = labelled([f"시험 {number}" for number in range(count)], labels, names)
    return {"ynat": {"train": labelled([f"훈련 {n}" for n in range(60)], labels[:60], names), "validation": test}}


def test_classification_embeds_the_drawn_training_texts_and_the_scored_ones(read: Read) -> None:
    examples = read("KLUE-TC", topics(["경제", "정치"]))
    texts = list(examples.sides["text"])
    train = [text for text in texts if text.startswith("훈련")]
    assert texts[: len(train)] == sorted(train, key=lambda text: int(text[3:]))
    assert len(texts) - len(train) == examples.n == 2048
    for rows in examples.gold["experiments"]:
        assert sorted(examples.gold["train_label"][row] for row in rows) == [0] * 8 + [1] * 8


def test_the_order_of_the_labels_decides_the_draw_and_is_in_the_fingerprint(read: Read) -> None:
    one, other = (read("KLUE-TC", topics(names)) for names in (["경제", "정치", "사회"], ["정치", "경제", "사회"]))
    assert one.fingerprint != other.fingerprint


def test_without_the_protocol_the_whole_split_is_scored(read: Read) -> None:
    assert read("KLUE-TC", topics(["경제", "정치"]), protocol=None).n == 2100


def test_integer_labels_keep_the_order_of_their_size(read: Read) -> None:
    rows = [{"title": f"글 {number}", "label": [2, 10][number % 2]} for number in range(30)]
    examples = read("KLUE-TC", {"ynat": {"train": rows, "validation": rows}}, protocol="stratified")
    assert examples.gold["label"][:2] == [0, 1]  # 2 before 10


def test_a_label_that_is_withheld_is_refused(read: Read) -> None:
    copies = topics(["경제", "정치"], 60)
    copies["ynat"]["validation"] = labelled(["글", "또"], [0, -1], ["경제", "정치"])
    with pytest.raises(TaskError, match="rows without a label"):
        read("KLUE-TC", copies)


def test_one_row_of_lists_is_a_set_and_several_are_refused(read: Read) -> None:
    row = {"sentences": ["가", "나", "다"], "labels": [0, 1, 0]}
    assert read("KlueMrcDomainClustering", {"default": {"test": [row]}}).gold["label"] == ["0", "1", "0"]
    with pytest.raises(TaskError, match="several rows of lists in column 'sentences'"):
        read("KlueMrcDomainClustering", {"default": {"test": [row, row]}})


def test_documents_travel_to_another_process_as_the_names_of_their_files(read: Read) -> None:
    import pickle

    many = [{"_id": f"d{number}", "title": "제목", "text": "본문 " * 200} for number in range(2000)]
    examples = read(
        "LawIRKo",
        {
            "corpus": {"test": many},
            "queries": {"test": [{"_id": "q", "text": "질문"}]},
            "default": {"test": [judged("q", "d7")]},
        },
    )
    documents = examples.sides["document"]
    assert documents[7] == f"제목 {'본문 ' * 200}".strip()
    content = pickle.dumps(documents)
    assert len(content) < 20_000
    assert list(pickle.loads(content)) == list(documents)


def test_rankings_do_not_depend_on_where_the_ids_lie(read: Read) -> None:
    generator = np.random.default_rng(0)
    names = [f"문서{number}" for number in generator.permutation(50)] + ["Z", "a", "가", "😀", "힣"]
    corpus = [{"_id": name, "text": name} for name in names]
    configs = beir(
        "", {"test": corpus}, {"test": [{"_id": "q", "text": "?"}]}, {"test": [judged("q", "힣"), judged("q", "Z")]}
    )
    ids = read("LawIRKo", configs).gold["documents"]
    from evaluator.kinds.ranking import places

    assert places(ids).tolist() == places(list(ids)).tolist() == [sorted(names).index(name) for name in names]


def tasks_with(kind: str) -> list[Task]:
    return [task for task in discovered_tasks().values() if task.kind == kind]


def test_every_task_names_the_fields_that_its_kind_reads() -> None:
    fields = {
        "classification": {"text", "label"},
        "clustering": {"text", "label"},
        "bitext_mining": {"text1", "text2"},
        "reranking": set(),
    }
    for kind, wanted in fields.items():
        assert tasks_with(kind)
        for task in tasks_with(kind):
            assert set(task.fields) == wanted, task.id
