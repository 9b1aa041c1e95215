"""The texts file: what it keeps of each kind, what it leaves out, what it refuses."""

import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.evidence import texts as module
from evaluator.evidence.texts import CHARACTERS, cut, dump_texts, load_texts, may_be_shown, relevant_ids, texts_of
from evaluator.kinds import Examples
from evaluator.reading import BadFile
from evaluator.tasks import discovered_tasks

TASKS = discovered_tasks()


def searched(documents: int = 5) -> Examples:
    names = [f"d{number}" for number in range(documents)]
    return Examples(
        sides={"query": ["무엇?", "어디?"], "document": [f"문서 {name}" for name in names]},
        gold={"queries": ["q0", "q1"], "documents": names, "relevant": {"q0": {"d3": 1, "d1": 0}, "q1": {"d4": 2}}},
        n=2,
        fingerprint="a" * 64,
    )


def test_a_file_is_read_as_it_was_written() -> None:
    texts = texts_of(TASKS["AutoRAGRetrieval"], searched())
    content = dump_texts(texts)
    assert load_texts(content) == texts
    assert dump_texts(load_texts(content)) == content
    assert texts.counts == {"query": 2, "document": 5}
    assert relevant_ids(texts.items["q0"]) == ("d3",)
    assert texts.documents["d4"].text == "문서 d4"


def test_of_a_large_corpus_the_relevant_documents_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WHOLE_CORPUS", 4)
    texts = texts_of(TASKS["AutoRAGRetrieval"], searched())
    assert sorted(texts.documents) == ["d3", "d4"]
    assert texts.counts["document"] == 5


def test_pairs_and_texts_have_their_gold() -> None:
    pairs = Examples(sides={"text": ["가", "나", "다", "라"]}, gold={"score": [3.5, 0.0]}, n=2, fingerprint="a" * 64)
    first, second = texts_of(TASKS["KLUE-STS"], pairs).items.values()
    assert (first.text, first.other, first.gold) == ("가", "다", "3.5")
    assert (second.text, second.other, second.gold) == ("나", "라", "0")
    gold = {"label": [1, 0], "names": ["정치", "경제"]}
    labelled = Examples(sides={"text": ["학습", "가", "나"]}, gold=gold, n=2, fingerprint="a" * 64)
    assert [(row.text, row.gold) for row in texts_of(TASKS["KLUE-TC"], labelled).items.values()] == [
        ("가", "경제"),
        ("나", "정치"),
    ]


def test_long_texts_and_half_characters_are_cut() -> None:
    assert len(cut("긴" * 5000)) == CHARACTERS
    assert cut("\ud800a") == "?a"
    assert len(cut("\U0001f600" * 5000).encode()) <= 4000


def test_only_what_its_licence_allows_may_be_shown() -> None:
    assert may_be_shown(TASKS["AutoRAGRetrieval"])
    assert may_be_shown(TASKS["KLUE-STS"])
    for hidden in ("PawsXPairClassification", "SQuADKorV1Retrieval", "PublicHealthQA"):  # none, ND, NC
        assert not may_be_shown(TASKS[hidden])
    assert not may_be_shown(dataclasses.replace(TASKS["KLUE-STS"], facts=None))


def _with(**metadata: str) -> bytes:
    read = pq.read_table(pa.BufferReader(dump_texts(texts_of(TASKS["AutoRAGRetrieval"], searched()))))
    sink = pa.BufferOutputStream()
    kept = {key.decode(): value.decode() for key, value in read.schema.metadata.items()}
    pq.write_table(read.replace_schema_metadata({**kept, **metadata} or None), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"x" * 100, _with(counts="[]"), _with(counts="{"), _with(counts='{"a": "b"}')]
)
def test_what_is_no_file_of_texts_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile):
        load_texts(content)
