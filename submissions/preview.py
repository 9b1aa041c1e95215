"""What a submission would do, told before anything is submitted: `explain` of the evaluator, as HTML.

A repository's small files are fetched into a folder of their own, which is removed again: no visitor fills the disk.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path

from evaluator.errors import EvaluationError
from evaluator.model.explaining import Explanation, explain
from evaluator.model.parts import looked_at
from evaluator.spec import ModelSpec
from evaluator.suite import tasks_of
from submissions.checks import CheckFailed, HubUnavailable

_FAILURES: Mapping[str, str] = {
    "gated": "접근 승인이 필요한 모델이라 미리 볼 수 없습니다. 제출은 할 수 있습니다.",
    "not_found": "Hub에서 모델을 찾을 수 없습니다. id와 리비전을 확인해 주세요.",
    "load_failed": "저장소의 설정 파일을 읽을 수 없습니다. 이대로 제출하면 평가가 실패합니다.",
}
_SIDES = {"query": "질의 · query", "document": "문서 · document", "text": "글 · text"}


def explanation(spec: ModelSpec) -> Explanation:
    """What an evaluation of `spec` on the first suite would do. Asks the Hub without a token, as `check_model` does.

    Raises:
        CheckFailed: the files cannot be fetched without a token, or declare something that nothing can load.
        HubUnavailable: the Hub did not answer.
    """
    with _failures(spec), tempfile.TemporaryDirectory(prefix="kel-preview-") as folder:
        return explain(spec, tasks_of([]), cache=Path(folder), token=False)


def with_parts(spec: ModelSpec) -> ModelSpec:
    """`spec` with the commits of the other repositories that it is made of, as they are now.

    A repository whose files nobody may read without asking is taken as it is.

    Raises:
        CheckFailed, HubUnavailable: as `explanation`.
    """
    with _failures(spec), tempfile.TemporaryDirectory(prefix="kel-parts-") as folder:
        try:
            return looked_at(spec, cache=Path(folder), token=False).spec
        except EvaluationError as error:
            if error.failure != "gated":
                raise
            return spec


@contextmanager
def _failures(spec: ModelSpec) -> Iterator[None]:
    """The evaluator's errors as what a submitter is told."""
    try:
        yield
    except EvaluationError as error:
        korean = _FAILURES.get(error.failure)
        if korean is None:
            raise HubUnavailable(
                f"지금은 {spec.model}의 파일을 읽을 수 없습니다. 잠시 뒤에 다시 해 주세요.", error.message
            ) from error
        raise CheckFailed(korean, error.message) from error


def explanation_html(told: Explanation) -> str:
    """The explanation: warnings first, then the choices, then the text before each input. All text is escaped."""
    rows = [
        ("불러오는 방식 · Loader", f"{told.loader} ({told.architecture or '–'})"),
        ("정밀도 · Precision", _with_source(told.precision, told.precision_source)),
        ("풀링 · Pooling", _with_source(told.pooling or "–", told.pooling_source)),
        ("최대 토큰 · Tokens", f"{told.max_tokens:,}" if told.max_tokens else "–"),
    ]
    rows += [
        ("어댑터 · Adapter", f"{each.model}: {each.kind} → {each.base}@{each.commit[:12]}") for each in told.adapters
    ]
    if told.recipe:
        rows.append(("라이브러리 환경 · Recipe", f"{told.recipe} ({(told.lock or '')[:12]})"))
    bases = {each.base for each in told.adapters}
    rows += [("코드 저장소 · Code", f"{model}@{at[:12]}") for model, at in told.parts.items() if model not in bases]
    rows += [("저장소의 코드 · Remote code", f"{where}: {code}") for where, code in told.remote_code.items()]
    warnings = "".join(f"<li>{escape(warning.ko)}\n{escape(warning.en)}</li>" for warning in told.warnings)
    return (
        f'<div class="kel-preview" role="status"><h4>{escape(told.model)}@{escape((told.revision or "")[:12])}</h4>'
        + (f'<ul class="warnings">{warnings}</ul>' if warnings else "")
        + "<table><tbody>"
        + "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
        + "</tbody></table><table><caption>입력 앞에 붙는 글 · What is put before each input</caption><tbody>"
        + "".join(
            f'<tr><th scope="row">{escape(tasks)}</th><td>{escape(side)}</td><td>{_prompt(text)}</td>'
            f"<td>{escape(source)}</td></tr>"
            for (side, text, source), tasks in _grouped(told).items()
        )
        + "</tbody></table></div>"
    )


def _grouped(told: Explanation) -> dict[tuple[str, str, str], str]:
    """(side, text, source) -> the tasks of which that is true, in the suite's order."""
    tasks: dict[tuple[str, str, str], list[str]] = {}
    for task, sides in told.prompts.items():
        for side, prompt in sides.items():
            tasks.setdefault((_SIDES.get(side, side), prompt.text, prompt.source), []).append(task)
    return {same: ", ".join(names) for same, names in tasks.items()}


def _prompt(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text else "없음 · none"


def _with_source(value: str, source: str) -> str:
    return f"{value} ({source})" if source else value
