"""Whether the results store holds what a maintainer speaks of: a slip in a name would else be kept, and change nothing.

Reads little: names of files first, then the files of that model, and those of several results that name it.
"""

import re
from collections.abc import Iterator

from evaluator.policy import valid_result
from evaluator.reading import RESULTS_BYTES, BadFile, reading
from evaluator.records import ModelResult, load_result
from evaluator.spec import valid_model_id
from store import Store
from store.errors import NotFound, StoreError
from store.update import Snapshot
from submissions.errors import QueueError, ResultsUnread
from submissions.names import same_name

MOST_FILES = 200
"""Files that are read for one question: more than a model has results, and than there are files of several."""

FOLDER = "results"


def refuse_unknown(results: Store, model: str, result: str | None = None) -> None:
    """Nothing, if the store holds a result of `model`; with `result` (a path, or digits of a spec's id) if it holds it.

    Nothing either where one of them is no name at all: the verb itself says how they are written.

    Raises:
        ResultsUnread: the store does not answer.
        QueueError: the store holds nothing of that model, or not that result.
    """
    model = model.strip()
    try:
        valid_model_id(model)
        asked = None if result is None else valid_result(result.strip())
    except ValueError:
        return
    try:
        found = _results_of(Snapshot(results, results.head()), model, asked)
        if asked is None:
            if next(found, None) is None:
                raise _unknown_model(model)
            return
        several = False
        for path, each in found:
            if path == asked or each.spec.id.startswith(asked):
                return
            several = True
    except StoreError as error:
        raise ResultsUnread(error) from error
    raise _unknown_result(model, asked) if several else _unknown_model(model)


def _results_of(snapshot: Snapshot, model: str, asked: str | None) -> Iterator[tuple[str, ModelResult]]:
    """The results of a model that can be read, with their paths: those that `asked` may name first."""
    folder = f"{FOLDER}/{model.replace('/', '__')}/"
    paths = snapshot.list(FOLDER)
    own = [path for path in paths if path.endswith(".json") and same_name(path[: len(folder)], folder)]
    likely = (asked or "")[:8]
    own.sort(key=lambda path: (path != asked, not path.endswith(f"-{likely}.json"), path))
    several = sorted((path for path in paths if path.endswith(".jsonl")), key=lambda path: (path != asked, path))
    name = re.compile(re.escape(model.encode()), re.IGNORECASE)
    for path in [*own, *several][:MOST_FILES]:
        try:
            content = snapshot.read(path)
            with reading(path, content, RESULTS_BYTES):
                texts = content.splitlines() if path.endswith(".jsonl") else [content]
        except (NotFound, BadFile):
            continue
        for text in texts:
            if not name.search(text):
                continue
            try:
                read = load_result(text, path)
            except BadFile:
                continue
            if same_name(read.spec.model, model):
                yield path, read


def _unknown_model(model: str) -> QueueError:
    return QueueError(
        f"결과 저장소에 {model}의 결과가 없습니다. 모델 이름을 확인해 주세요.",
        f"The results store holds no result of {model}; see whether the name is right.",
    )


def _unknown_result(model: str, result: str) -> QueueError:
    return QueueError(
        f"결과 저장소에 {model}의 결과 {result[:120]!r}이(가) 없습니다. 경로와 사양 id는 모델 페이지에 있습니다.",
        f"The results store holds no result {result[:120]!r} of {model}; the model's page shows paths and specs' ids.",
    )
