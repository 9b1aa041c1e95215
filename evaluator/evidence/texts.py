"""The texts behind a task's items, as parquet: for readers who want to know which questions a model gets wrong.

One file a task, of data whose licence lets it be passed on (`may_be_shown`). One table: `part` ("query", "document",
"pair" or "text"), `item` (as in the samples; of a document its id), `text`, `other` (a pair's second text), `gold` (the
gold score or label; of a query the ids of its relevant documents, as a JSON list). The file's metadata says of which
task, data revision and fingerprint it is. Bounded: long texts are cut, and of a large corpus only the documents that
are relevant to a query are kept.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluator.kinds import Examples
from evaluator.kinds.corpora import placed
from evaluator.reading import MEBIBYTE, TEXT_LENGTH, reading, table
from evaluator.task import Task

TEXTS_BYTES = 32 * MEBIBYTE
MOST_ROWS = 60_000
"""Queries, documents, pairs or texts of one task."""

WHOLE_CORPUS = 20_000
"""Documents of a corpus that is kept whole; of a larger one the relevant documents are."""

CHARACTERS = 1_000
"""Of one text; a longer one ends with "…"."""

MOST_RELEVANT = 50
"""Relevant documents that are named of one query."""

FREE = frozenset(
    {"mit", "apache-2.0", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"}
)
"""Licences under which texts are shown, with their licence and makers beside them (decision 0063)."""

Part = Literal["query", "document", "pair", "text"]
COLUMNS = ("part", "item", "text", "other", "gold")


def may_be_shown(task: Task) -> bool:
    """Whether the licence of a task's data lets its texts be passed on. One that nobody states does not."""
    return task.facts is not None and task.facts.licence in FREE


@dataclass(frozen=True)
class Text:
    """One row: an item or a document."""

    part: str
    item: str
    text: str
    other: str | None = None
    gold: str | None = None


@dataclass(frozen=True)
class Texts:
    """The texts of a task's data at `revision`, whose rows have the `fingerprint`. `counts`: part -> how many there are
    in the data, kept or not."""

    task: str
    revision: str
    fingerprint: str
    counts: Mapping[str, int]
    items: Mapping[str, Text]
    documents: Mapping[str, Text]


def texts_of(task: Task, examples: Examples) -> Texts:
    """The texts of a task's examples, bounded."""
    rows = list(_rows(task, examples))
    items = {row.item: row for row in rows if row.part != "document"}
    documents = {row.item: row for row in rows if row.part == "document"}
    counts = {next(iter(items.values())).part: examples.n} if items else {}
    if "document" in examples.sides:
        counts["document"] = len(examples.sides["document"])
    return Texts(task.id, task.data.revision, examples.fingerprint, counts, items, documents)


def _rows(task: Task, examples: Examples) -> Iterator[Text]:
    gold, sides = examples.gold, examples.sides
    if "query" in sides:
        yield from _searched(examples)
        return
    if task.kind in ("sts", "pair_classification", "bitext_mining"):
        told = gold.get("score") or gold.get("label") or [None] * examples.n
        texts = sides["text"]
        for number in range(min(examples.n, MOST_ROWS)):
            value = None if told[number] is None else f"{told[number]:g}"
            yield Text("pair", str(number), cut(texts[number]), cut(texts[examples.n + number]), value)
        return
    first = len(sides["text"]) - examples.n  # a classifier's training texts stand before those that are scored
    names = gold.get("names")
    for number in range(min(examples.n, MOST_ROWS)):
        label = gold["label"][number]
        yield Text("text", str(number), cut(sides["text"][first + number]), None, names[label] if names else str(label))


def _searched(examples: Examples) -> Iterator[Text]:
    queries, relevant = examples.gold["queries"][: MOST_ROWS // 2], examples.gold["relevant"]
    wanted = []
    for query, text in zip(queries, examples.sides["query"], strict=False):
        right = [name for name, grade in sorted(relevant[query].items()) if grade > 0][:MOST_RELEVANT]
        wanted += right
        while len(named := json.dumps(right, ensure_ascii=False)) > CHARACTERS:
            right.pop()
        yield Text("query", str(query), cut(text), None, named)
    ids, documents = examples.gold["documents"], examples.sides["document"]
    if len(ids) <= WHOLE_CORPUS:
        kept = list(enumerate(ids))
    else:
        place = placed(ids, set(wanted))
        kept = [(place[name], name) for name in dict.fromkeys(wanted) if name in place]
    for number, name in kept[: MOST_ROWS - len(queries)]:
        yield Text("document", str(name), cut(documents[number]))


def cut(text: str) -> str:
    """A text as it is kept: at most 1,000 characters, and no half characters."""
    shown = text.encode("utf-8", "replace").decode("utf-8")
    return shown if len(shown) <= CHARACTERS else f"{shown[: CHARACTERS - 1]}…"


def dump_texts(texts: Texts) -> bytes:
    """The file's content. The same texts give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [*texts.items.values(), *texts.documents.values()]
    about = {
        "task": texts.task,
        "revision": texts.revision,
        "fingerprint": texts.fingerprint,
        "counts": json.dumps(dict(sorted(texts.counts.items()))),
    }
    schema = pa.schema([(name, pa.string()) for name in COLUMNS], metadata=about)
    columns = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), buffer, compression="zstd", compression_level=9)
    return buffer.getvalue()


def load_texts(content: bytes, name: str = "the texts file") -> Texts:
    """The texts in a file's content. `name` is for the error.

    Raises:
        ValueError: (BadFile) it is no file of texts, or too large.
    """
    with reading(name, content, TEXTS_BYTES):
        read = table(content, MOST_ROWS)
        if tuple(read.column_names) != COLUMNS:
            raise ValueError("not a texts file: it has other columns")
        about = {key.decode(): value.decode()[:TEXT_LENGTH] for key, value in (read.schema.metadata or {}).items()}
        if missing := {"task", "revision", "fingerprint", "counts"} - about.keys():
            raise ValueError(f"not a texts file: it does not tell its {sorted(missing)[0]}")
        told = json.loads(about["counts"])
        if not isinstance(told, dict) or not all(isinstance(count, int) for count in told.values()):
            raise ValueError("its counts are none")
        rows = [Text(*values) for values in zip(*(read[column].to_pylist() for column in COLUMNS), strict=True)]
        if any(None in (row.part, row.item, row.text) for row in rows):
            raise ValueError("a row lacks its part, item or text")
        items = {row.item: row for row in rows if row.part != "document"}
        documents = {row.item: row for row in rows if row.part == "document"}
        return Texts(about["task"], about["revision"], about["fingerprint"], told, items, documents)


def relevant_ids(text: Text) -> Sequence[str]:
    """The ids of the documents that are relevant to a query; none where its row does not tell."""
    try:
        told = json.loads(text.gold or "[]")
    except ValueError:
        return ()
    return tuple(str(name) for name in told) if isinstance(told, list) else ()
