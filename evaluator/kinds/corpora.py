"""Reading what is searched: queries, documents and relevance judgements, in the layouts that data sets have them in.

A corpus may hold a million passages: its ids and texts stay in the Arrow files, and are read from there in slices.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from evaluator.data import unordered_fingerprint
from evaluator.kinds import UNJUDGED, Examples

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

    from evaluator.data import TaskData
    from evaluator.task import Task

SLICE = 4096


class Column(Sequence[str]):
    """A column of a data set as strings, read from Arrow when asked for; a missing value is the empty string."""

    def __init__(self, rows: "Dataset", name: str) -> None:
        self._rows = rows.select_columns([name])
        self._name = name
        self._arrow: pa.ChunkedArray | None = None

    @property
    def arrow(self) -> "pa.ChunkedArray":
        """The column itself, of one of Arrow's types for strings."""
        import pyarrow as pa

        if self._arrow is None:
            column = self._rows.data.column(self._name)
            text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            self._arrow = column if text else column.cast(pa.string())
        return self._arrow

    def __getstate__(self) -> dict[str, Any]:
        """For another process: the data set, which travels as the names of its files, not the values."""
        return {"_rows": self._rows, "_name": self._name, "_arrow": None}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self.arrow[index].as_py() or ""

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), SLICE):
            yield from (value or "" for value in self.arrow.slice(start, SLICE).to_pylist())


class Documents(Sequence[str]):
    """The corpus as texts: title and text joined by a space and stripped; a text without title as it is."""

    def __init__(self, corpus: "Dataset") -> None:
        self._titles = Column(corpus, "title") if "title" in corpus.column_names else None
        self._texts = Column(corpus, "text")

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: Any) -> Any:
        return _joined(self._titles[index] if self._titles is not None else "", self._texts[index])

    def __iter__(self) -> Iterator[str]:
        if self._titles is None:
            return iter(self._texts)
        return (_joined(title, text) for title, text in zip(self._titles, self._texts, strict=True))


def _joined(title: str, text: str) -> str:
    return f"{title} {text}".strip() if title else text


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """What is searched: `ids` and `documents` in the same order, `queries` by id, and judgements, rows of
    (query id, document id, relevance)."""

    ids: Sequence[str]
    documents: Sequence[str]
    queries: Mapping[str, str]
    judgements: Sequence[tuple[str, str, int]]

    def examples(self, data: "TaskData", candidates: Mapping[str, Sequence[int]] | None = None) -> Examples:
        """With the queries that have a judgement; the others are left out and counted, as in MTEB.

        `candidates`: query id -> the documents, by their place, among which it is asked; those of queries that are left
        out are left out too.

        Raises:
            TaskError: data_unavailable; a judgement names a query or a document that is not there, or there is none.
        """
        rows = sorted(self.judgements)
        known = placed(self.ids, {document for _, document, _ in rows})
        if lost := [row for row in rows if row[0] not in self.queries or row[1] not in known]:
            raise data.unexpected(f"{len(lost)} relevance judgements for queries or documents that are not there")
        relevant: dict[str, dict[str, int]] = {}
        for query, document, relevance in rows:
            relevant.setdefault(query, {})[document] = relevance
        kept = [query for query in self.queries if query in relevant]
        if not kept:
            raise data.unexpected("no query with a relevance judgement")
        gold: dict[str, Any] = {"queries": kept, "documents": self.ids, "relevant": relevant}
        if candidates is not None:
            gold["candidates"] = [candidates.get(query, ()) for query in kept]
        unjudged = len(self.queries) - len(kept)
        return Examples(
            sides={"query": [self.queries[query] for query in kept], "document": self.documents},
            gold=gold,
            n=len(kept),
            fingerprint=unordered_fingerprint(*self._used(kept, rows, known, candidates)),
            removed={UNJUDGED: unjudged} if unjudged else {},
        )

    def _used(
        self,
        kept: Sequence[str],
        rows: Sequence[tuple[str, str, int]],
        known: Mapping[str, int],
        candidates: Mapping[str, Sequence[int]] | None,
    ) -> Iterator[Iterable[Sequence[object]]]:
        """What a fingerprint is taken of: documents, queries, which text answers which, and who is asked among whom.

        No ids: all they do is to break ties between equal documents.
        """
        yield ((text,) for text in self.documents)
        yield ((self.queries[query],) for query in kept)
        yield ((self.queries[query], self.documents[known[document]], relevance) for query, document, relevance in rows)
        if candidates is not None:
            yield (
                (self.queries[query], *sorted(self.documents[i] for i in candidates.get(query, ()))) for query in kept
            )


def placed(ids: Sequence[str], wanted: set[str]) -> dict[str, int]:
    """The places of some ids; those that are not there are left out."""
    column = getattr(ids, "arrow", None)
    if column is None:
        return {name: place for place, name in enumerate(ids) if name in wanted}
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.indices_nonzero(pc.is_in(column, value_set=pa.array(sorted(wanted), column.type)))
    return {column[place].as_py(): place for place in found.to_pylist()}


def beir(task: "Task", data: "TaskData") -> Corpus:
    """A data set in BEIR layout.

    The judgements are the config "default" (or "qrels"), the texts the configs "queries" and "corpus", each with the
    task's split or its only split. A data set with several languages prefixes all three with `DataSource.config`.
    Of several splits the queries are asked together, under names that begin with their split; all of them search the
    same corpus, which is read once.

    Raises:
        TaskError: data_unavailable; also where the splits have other corpora, or other numbers of queries: the mean
            over the queries would not be the mean of the splits' scores.
    """
    prefix = f"{task.data.config}-" if task.data.config else ""
    configs = data.configs()
    qrels_config = next((name for name in (f"{prefix}qrels", "default") if name in configs), None)
    if qrels_config is None:
        raise data.unexpected("no relevance judgements: neither a config qrels nor default")
    splits = task.data.splits
    queries: dict[str, str] = {}
    judgements: list[tuple[str, str, int]] = []
    asked = set()
    for split in splits:
        name = f"{split}:" if len(splits) > 1 else ""
        judged = table(data, qrels_config, split, ("query-id", "corpus-id", "score"))
        texts = table(data, f"{prefix}queries", split, ("_id", "text"))
        queries |= {f"{name}{query}": str(text) for query, text in zip(texts["_id"], texts["text"], strict=True)}
        relevances = data.numbers(list(judged["score"]), int)
        named = ((f"{name}{query}", str(document)) for query, document in _pairs(judged))
        rows = [(query, document, score) for (query, document), score in zip(named, relevances, strict=True)]
        asked.add(len({query for query, _, _ in rows}))
        judgements += rows
    if len(asked) > 1:
        raise data.unexpected("other numbers of queries in its splits, whose scores cannot be one mean")
    corpus, *others = _tables_of_splits(data, f"{prefix}corpus", splits)
    if any(_contents(other) != _contents(corpus) for other in others):
        raise data.unexpected(f"another corpus in each of its splits {', '.join(splits)}")
    return Corpus(
        ids=Column(corpus, "_id"),
        documents=Documents(corpus),
        queries=queries,
        judgements=judgements,
    )


def _pairs(judged: "Dataset") -> Iterator[tuple[Any, Any]]:
    return zip(judged["query-id"], judged["corpus-id"], strict=True)


def _tables_of_splits(data: "TaskData", config: str, splits: Sequence[str]) -> "list[Dataset]":
    """The corpora of several splits: one where all of them have the same."""
    there = set(data.splits(config))
    own = [split for split in splits if split in there]
    return [table(data, config, split, ("_id", "text")) for split in own or splits[:1]]


def _contents(corpus: "Dataset") -> set[bytes]:
    """A digest of each document with its id, whatever their order."""
    rows = zip(Column(corpus, "_id"), Documents(corpus), strict=True)
    return {blake2b(f"{name}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest() for name, text in rows}


def table(data: "TaskData", config: str, split: str, columns: Sequence[str]) -> "Dataset":
    """One config of a BEIR data set: the task's split, or the only one.

    Raises:
        TaskError: data_unavailable; the split or one of the columns is not there.
    """
    splits = data.splits(config)
    if split not in splits and len(splits) != 1:
        raise data.unexpected(f"no split {split} in its config {config}")
    rows = data.split(config, split if split in splits else splits[0])
    if "_id" in columns and "_id" not in rows.column_names and "id" in rows.column_names:
        rows = rows.rename_column("id", "_id")
    if missing := [name for name in columns if name not in rows.column_names]:
        raise data.unexpected(f"no column {missing[0]!r} in its config {config}")
    return rows


def linked(task: "Task", data: "TaskData") -> Corpus:
    """Passages and questions in rows that share a link, each language a config (Belebele).

    The config "A-B" of the task means the passages of A and the questions of B. Documents are the distinct links in the
    order of A's rows (C0, C1, ...), each with its first passage; queries the distinct questions of B (Q0, Q1, ...); a
    question's document is the passage of its link. Source: MTEB's tasks/retrieval/multilingual/belebele_retrieval.py.

    Raises:
        TaskError: data_unavailable; also where a question has a link that no passage has.
    """
    passages, _, questions = (task.data.config or "").partition("-")
    split, fields = task.data.splits[0], task.fields
    of_passages = data.split(passages, split)
    links, texts = (data.column(of_passages, fields[name]) for name in ("link", "document"))
    of_questions = of_passages if questions == passages else data.split(questions, split)
    asked, wanted = (data.column(of_questions, fields[name]) for name in ("query", "link"))
    first: dict[str, str] = {}
    for link, text in zip(links, texts, strict=True):
        first.setdefault(str(link), str(text))
    place = {link: f"C{number}" for number, link in enumerate(first)}
    number = {question: f"Q{count}" for count, question in enumerate(dict.fromkeys(map(str, asked)))}
    if lost := [link for link in wanted if str(link) not in place]:
        raise data.unexpected(f"{len(lost)} questions about passages that are not there")
    pairs = {(number[str(question)], place[str(link)]) for question, link in zip(asked, wanted, strict=True)}
    return Corpus(
        ids=list(place.values()),
        documents=list(first.values()),
        queries={name: question for question, name in number.items()},
        judgements=[(query, document, 1) for query, document in sorted(pairs)],
    )


def answered(task: "Task", data: "TaskData") -> Corpus:
    """Questions and their answers in rows (PublicHealthQA).

    A question's id is Q and its place among the distinct questions, an answer's D and its place; every row relates its
    question to its answer. Rows that lack one of them are passed over.
    Source: MTEB's tasks/retrieval/multilingual/public_health_qa_retrieval.py.

    Raises:
        TaskError: data_unavailable
    """
    rows = data.rows()
    asked, replied = (data.column(rows, task.fields[name], whole=False) for name in ("query", "document"))
    number = {text: f"Q{place}" for place, text in enumerate(dict.fromkeys(text for text in asked if text is not None))}
    place = {
        text: f"D{place}" for place, text in enumerate(dict.fromkeys(text for text in replied if text is not None))
    }
    whole = [
        (query, text) for query, text in zip(asked, replied, strict=True) if query is not None and text is not None
    ]
    documents = {text: place[text] for _, text in whole}
    return Corpus(
        ids=list(documents.values()),
        documents=[str(text) for text in documents],
        queries={number[query]: str(query) for query, _ in whole},
        judgements=[(query, document, 1) for query, document in sorted({(number[q], place[a]) for q, a in whole})],
    )
