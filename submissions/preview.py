"""What a submission would do, told before anything is submitted: `explain` of the evaluator.

The Hub is asked without a token, as `submissions.checks.check_model` does, and the evaluator's errors become what a
submitter is told.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from evaluator.errors import EvaluationError
from evaluator.model.explaining import Explanation, explanation_of
from evaluator.model.parts import Composition, looked_at
from evaluator.spec import LEXICAL, ModelSpec
from evaluator.task import Task
from submissions.checks import CheckFailed, HubUnavailable

_FAILURES: Mapping[str, str] = {
    "gated": "접근 승인이 필요한 모델이라 미리 볼 수 없습니다. 제출은 할 수 있습니다.",
    "not_found": "Hub에서 모델을 찾을 수 없습니다. id와 리비전을 확인해 주세요.",
    "load_failed": "이 저장소와 설정으로는 모델을 불러올 수 없습니다. 이대로는 평가가 실패합니다.",
}


class Gated(CheckFailed):
    """Nobody may read the model's files without asking. It may be submitted all the same."""


def look_into(spec: ModelSpec, folder: Path) -> Composition:
    """The small files of all repositories that a model is made of, fetched into `folder`.

    Raises:
        Gated
        CheckFailed: the files cannot be fetched without a token, or declare something that nothing can load.
        HubUnavailable: the Hub did not answer.
    """
    with _failures(spec):
        return looked_at(spec, cache=folder, token=False)


def explained(composition: Composition, tasks: Iterable[Task]) -> Explanation:
    """What an evaluation on `tasks` would do.

    Raises:
        CheckFailed: nothing can load the model so.
    """
    with _failures(composition.spec):
        return explanation_of(composition, tasks)


def with_parts(spec: ModelSpec) -> ModelSpec:
    """`spec` with the commits of the other repositories that it is made of, as they are now.

    A repository whose files nobody may read without asking is taken as it is.

    Raises:
        CheckFailed, HubUnavailable: as `look_into`.
    """
    if spec.source == LEXICAL:
        return spec
    with tempfile.TemporaryDirectory(prefix="kel-parts-") as folder:
        try:
            return look_into(spec, Path(folder)).spec
        except Gated:
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
        refused = Gated if error.failure == "gated" else CheckFailed
        raise refused(korean, error.message) from error
