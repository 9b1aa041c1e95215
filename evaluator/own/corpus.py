"""A folder in BEIR layout, or a table of questions and passages -> a task that the kind "retrieval" reads.

- BEIR: `corpus.jsonl` (_id, text, perhaps title), `queries.jsonl` (_id, text), and judgements in `qrels/test.tsv` (or
  the only file there, or `qrels.tsv`): query-id, corpus-id, score, separated by tabs.
  Source: Thakur et al., BEIR (NeurIPS 2021), https://github.com/beir-cellar/beir.
- A table (.csv, .tsv): the columns question and passage (질문, 지문 and the like); each row is a question with a
  passage that answers it. Equal questions, and equal passages, are one. A row without a question is one more passage
  to search.

Whatever is wrong with the data is said with the file and the line (`OwnDataError`).
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.task import DataSource, Task

TASK_ID = "own-data"
_PATH = "own/data"

COLUMNS = {
    "question": ("question", "query", "질문", "질의", "문제"),
    "passage": ("passage", "document", "text", "context", "answer", "지문", "문서", "본문", "문단", "답변", "답"),
}
"""Names that the columns of a table may have, the first that is there."""

MOST_BYTES = 8 * 2**30
"""Of one file."""

_LARGEST_FIELD = 16 * 2**20


class OwnDataError(ValueError):
    """Data that cannot be read; the text says where, and what it should look like."""


@dataclass(frozen=True)
class OwnData:
    """What is searched: document id -> text, query id -> text, query id -> document id -> relevance (larger than 0)."""

    documents: dict[str, str]
    queries: dict[str, str]
    relevant: dict[str, dict[str, int]]


def read_own(path: Path) -> OwnData:
    """The data at a path: a folder in BEIR layout, or a .csv or .tsv file.

    Raises:
        OwnDataError
    """
    if path.is_dir():
        data = _beir(path)
    elif path.suffix.lower() in (".csv", ".tsv"):
        data = _table(path)
    else:
        raise OwnDataError(
            f"{path.name} is neither a folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels/test.tsv) nor a .csv "
            "or .tsv file with the columns question and passage"
        )
    if not data.documents or not data.relevant:
        raise OwnDataError(f"{path.name} has no question with a passage that answers it")
    return data


def write_task(data: OwnData, datasets: Path) -> Task:
    """Write the data below `datasets`, as local copies of data sets are; returns the task that reads it there."""
    folder = datasets / _PATH
    folder.mkdir(parents=True)
    judged = {query: data.queries[query] for query in data.relevant}
    rows: dict[str, Iterator[dict[str, object]]] = {
        "corpus": ({"_id": name, "text": text} for name, text in data.documents.items()),
        "queries": ({"_id": name, "text": text} for name, text in judged.items()),
        "qrels": (
            {"query-id": query, "corpus-id": name, "score": grade}
            for query, names in data.relevant.items()
            for name, grade in names.items()
        ),
    }
    configs = []
    for config, of_config in rows.items():
        with (folder / f"{config}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in of_config)
        configs.append(f"- config_name: {config}\n  data_files:\n  - split: test\n    path: {config}.jsonl\n")
    (folder / "README.md").write_text(f"---\nconfigs:\n{''.join(configs)}---\n", encoding="utf-8")
    source = DataSource(path=_PATH, revision="own", splits=("test",))
    return Task(id=TASK_ID, column="own data", kind="retrieval", type="Retrieval", data=source)


def _beir(folder: Path) -> OwnData:
    documents = {name: _titled(row) for name, row in _objects(folder / "corpus.jsonl")}
    queries = {name: str(row["text"]) for name, row in _objects(folder / "queries.jsonl")}
    relevant: dict[str, dict[str, int]] = {}
    file = _qrels(folder)
    for line, (query, name, grade) in _judgements(file):
        place = f"{file.name}, line {line}"
        if query not in queries:
            raise OwnDataError(f"{place}: there is no query {query[:60]!r} in queries.jsonl")
        if name not in documents:
            raise OwnDataError(f"{place}: there is no document {name[:60]!r} in corpus.jsonl")
        if grade > 0:
            relevant.setdefault(query, {})[name] = grade
    return OwnData(documents, queries, relevant)


def _titled(row: dict[str, Any]) -> str:
    title = row.get("title") or ""
    return f"{title} {row['text']}".strip() if title else str(row["text"])


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The ids and rows of a file of JSON lines."""
    seen = set()
    for line, text in enumerate(_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        place = f"{path.name}, line {line}"
        try:
            row = json.loads(text)
        except ValueError as error:
            raise OwnDataError(f"{place}: no JSON object: {error}") from error
        named = isinstance(row, dict) and isinstance(row.get("_id", row.get("id")), str | int)
        if not named or not isinstance(row.get("text"), str):
            raise OwnDataError(f'{place}: a row is {{"_id": "...", "text": "..."}}')
        name = str(row.get("_id", row.get("id")))
        if any("\ud800" <= character <= "\udfff" for character in f"{name}{_titled(row)}"):
            raise OwnDataError(f"{place}: half a character (a lone surrogate, \\ud800 to \\udfff)")
        if name in seen:
            raise OwnDataError(f"{place}: the id {name[:60]!r} comes twice")
        seen.add(name)
        yield name, row


def _qrels(folder: Path) -> Path:
    files = sorted((folder / "qrels").glob("*.tsv")) if (folder / "qrels").is_dir() else []
    for path in (folder / "qrels" / "test.tsv", folder / "qrels.tsv"):
        if path.is_file():
            return path
    if len(files) != 1:
        raise OwnDataError(
            f"{folder.name} has no qrels/test.tsv; it holds query-id, corpus-id and score, tab-separated"
        )
    return files[0]


def _judgements(path: Path) -> Iterator[tuple[int, tuple[str, str, int]]]:
    for line, text in enumerate(_text(path).split("\n"), start=1):
        parts = text.rstrip("\r").split("\t")
        if not text.strip() or (line == 1 and parts[-1].strip() == "score"):
            continue
        if len(parts) == 4:  # TREC's own form has an iteration in between
            parts = [parts[0], parts[2], parts[3]]
        try:
            query, name, grade = parts
            yield line, (query, name, int(grade))
        except ValueError as error:
            raise OwnDataError(
                f"{path.name}, line {line}: a line is query-id, corpus-id and a whole number, separated by tabs"
            ) from error


def _table(path: Path) -> OwnData:
    text = _text(path)
    csv.field_size_limit(_LARGEST_FIELD)
    rows = csv.reader(io.StringIO(text), delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
    try:
        head = [name.strip().lower() for name in next(rows, [])]
        places = {column: _column(path, head, names) for column, names in COLUMNS.items()}
        documents: dict[str, str] = {}
        queries: dict[str, str] = {}
        relevant: dict[str, dict[str, int]] = {}
        of_passage, of_question = _numbered("D"), _numbered("Q")
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(head):
                raise OwnDataError(f"{path.name}, line {rows.line_num}: {len(row)} cells, and the head has {len(head)}")
            question, passage = (row[places[column]].strip() for column in ("question", "passage"))
            if not passage:
                raise OwnDataError(f"{path.name}, line {rows.line_num}: no passage")
            document = of_passage(passage)
            documents[document] = passage
            if question:
                query = of_question(question)
                queries[query] = question
                relevant.setdefault(query, {})[document] = 1
    except csv.Error as error:
        raise OwnDataError(f"{path.name}, line {rows.line_num}: no table: {error}") from error
    return OwnData(documents, queries, relevant)


def _column(path: Path, head: list[str], names: tuple[str, ...]) -> int:
    for name in names:
        if name in head:
            return head.index(name)
    raise OwnDataError(f"{path.name} has no column {names[0]} (or {', '.join(names[1:])}); its head is {head[:20]}")


def _numbered(letter: str) -> Callable[[str], str]:
    """Gives each text its id: the letter and its place among the different ones."""
    known: dict[str, str] = {}
    return lambda text: known.setdefault(text, f"{letter}{len(known)}")


def _text(path: Path) -> str:
    """A file's text: UTF-8, or CP949, in which Korean spreadsheets save."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise OwnDataError(f"{path.name} is larger than {MOST_BYTES // 2**30} GiB")
        content = path.read_bytes()
    except OSError as error:
        raise OwnDataError(f"{path.name} cannot be read: {error.strerror}") from error
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise OwnDataError(f"{path.name} is neither UTF-8 nor CP949 text")
