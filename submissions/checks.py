"""What a Hub model must pass before it is queued; reads the Hub, writes nothing.

What the Hub says of a model was written by whoever owns the repository: texts and numbers are cleaned and bounded here,
once, and an answer of another shape is refused with a sentence.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from huggingface_hub import CardData, HfApi, ModelInfo, constants
from huggingface_hub.errors import HfHubHTTPError, HTTPError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from evaluator import records
from evaluator.cleaning import LARGEST, SHORT, bounded_int, clean_text
from evaluator.model.files import is_weights, needed
from evaluator.spec import LEXICAL, is_lexical, valid_commit, valid_model_id
from submissions.record import ModelMetadata

HISTORY_PAGES = 20
"""Pages of the default branch's history, of 50 commits each, that a commit is looked for in."""


class CheckFailed(ValueError):
    """A model that cannot be queued; the text says, in Korean and English, what to do."""

    def __init__(self, korean: str, english: str) -> None:
        super().__init__(f"{korean}\n{english}")
        self.korean = korean
        self.english = english


class RevisionFailed(CheckFailed):
    """The model is there, and the revision is none of it that can be taken."""


class HubUnavailable(CheckFailed):
    """The Hub does not answer now; the same submission may pass later."""


@dataclass(frozen=True, kw_only=True)
class CheckedModel:
    """A model that is on the Hub: its id as the Hub spells it, the commit that was looked at, what the Hub says."""

    model: str
    revision: str
    metadata: ModelMetadata


def check_model(
    model: str, revision: str | None = None, token: str | None = None, *, any_commit: bool = False
) -> CheckedModel:
    """Look `model` up on the Hub, at `revision` (a branch, tag or commit; None: the default branch).

    The commit must be in the history of the default branch, that is, published by the model's owner: anybody may open
    a pull request. `any_commit` takes others too; it is a maintainer's to give.

    Raises:
        CheckFailed: it is no id, not there, disabled, holds no model that the evaluator could load, or is a commit
            outside the history of the default branch.
        HubUnavailable: the Hub did not answer.
    """
    model, revision = model.strip(), (revision or "").strip() or None
    try:
        valid_model_id(model)
    except ValueError as error:
        raise CheckFailed(
            f"{model[:120]!r}은(는) Hub 모델 id가 아닙니다. nlpai-lab/KURE-v1처럼 '조직/이름'으로 적어 주세요.",
            str(error),
        ) from error
    if is_lexical(model):
        raise CheckFailed(
            f"{LEXICAL}/로 시작하는 이름은 이 리더보드의 어휘 검색 기준선입니다. 관리자가 명령줄에서 제출합니다.",
            f"Names of {LEXICAL}/ are this board's own lexical baselines; a maintainer submits them by command.",
        )
    if revision is not None and (len(revision) > 200 or any(character.isspace() for character in revision)):
        raise RevisionFailed(
            "리비전은 브랜치, 태그 또는 커밋 id로 적어 주세요.", "Give the revision as a branch, tag or commit id."
        )
    if revision is not None and revision.startswith("refs/pr/") and not any_commit:
        raise _not_in_history(model, revision)
    info = _model_info(model, revision, token)
    try:
        model, revision = valid_model_id(info.id), valid_commit(info.sha or "")
    except (TypeError, ValueError) as error:  # no text, no id, no commit
        raise _unreadable(model) from error
    files = _files(info)
    _check_files(model, files, disabled=bool(info.disabled))
    committed_at = _committed_at(model, revision, token, any_commit)
    metadata = _metadata(info, files).model_copy(update={"committed_at": committed_at})
    return CheckedModel(model=model, revision=revision, metadata=metadata)


def _model_info(model: str, revision: str | None, token: str | None) -> ModelInfo:
    """The Hub's answer; its errors as ours.

    Raises:
        CheckFailed, HubUnavailable
    """
    with _hub_errors(model, revision):
        # token=False: a login on this machine must not make a visitor's private repository readable.
        return HfApi().model_info(model, revision=revision, files_metadata=True, token=token or False, timeout=20)


@contextmanager
def _hub_errors(model: str, revision: str | None) -> Iterator[None]:
    """Turns what the Hub's client raises into what a visitor is told.

    Raises:
        CheckFailed, HubUnavailable
    """
    try:
        yield
    except RevisionNotFoundError as error:
        raise RevisionFailed(
            f"{model}에 리비전 {revision!r}이(가) 없습니다. 브랜치, 태그 또는 커밋 id를 확인해 주세요.",
            f"{model} has no revision {revision!r}; check the branch, tag or commit id.",
        ) from error
    except RepositoryNotFoundError as error:
        raise CheckFailed(
            f"Hub에 {model} 모델이 없거나 비공개입니다. 철자를 확인하거나 공개로 바꾼 뒤 다시 제출해 주세요.",
            f"There is no public model {model} on the Hub; check the spelling, or make it public and submit again.",
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (400, 403, 404):
            raise CheckFailed(
                f"Hub가 {model}을(를) 보여 주지 않습니다 (HTTP {status}). 모델 페이지가 열리는지 확인해 주세요.",
                f"The Hub does not show {model} (HTTP {status}); check that its page opens.",
            ) from error
        raise _unavailable(f"HTTP {status}") from error
    except HTTPError as error:
        raise _unavailable(type(error).__name__) from error
    except Exception as error:  # the client makes records of an answer of any shape, and raises what comes of it
        raise _unreadable(model) from error


def _unreadable(model: str) -> HubUnavailable:
    return HubUnavailable(
        f"Hub가 {model}에 대해 알아볼 수 없는 답을 보냈습니다. 모델 페이지와 모델 카드를 확인하고 다시 제출해 주세요.",
        f"The Hub's answer about {model} cannot be read; check the model's page and its card, then submit again.",
    )


def _committed_at(model: str, commit: str, token: str | None, any_commit: bool) -> datetime | None:
    """When the Hub says that a commit was made (UTC); None where it says nothing that can be read.

    Raises:
        CheckFailed: it is not among the newest commits of the default branch, and `any_commit` is not given.
        HubUnavailable
    """
    # A commit's own history begins with itself.
    log = _log(model, commit, 1, token) if any_commit else _log(model, constants.DEFAULT_REVISION, HISTORY_PAGES, token)
    for entry in log:
        if isinstance(entry, dict) and entry.get("id") == commit:
            return _moment(entry.get("date"))
    if any_commit:
        return None
    raise _not_in_history(model, commit)


def _log(model: str, revision: str, pages: int, token: str | None) -> Iterator[object]:
    """The newest commits up to `revision` as the Hub tells them, newest first, of at most so many pages.

    `HfApi.list_repo_commits` reads them to the end, however many there are.

    Raises:
        CheckFailed, HubUnavailable
    """
    url: str | None = f"{constants.ENDPOINT}/api/models/{model}/commits/{quote(revision, safe='')}"
    for _ in range(pages):
        if url is None:
            return
        with _hub_errors(model, revision):
            response = get_session().get(url, headers=build_hf_headers(token=token or False), timeout=20)
            hf_raise_for_status(response)
        try:
            entries = response.json()
        except ValueError as error:
            raise _unavailable("JSON") from error
        yield from entries if isinstance(entries, list) else ()
        url = response.links.get("next", {}).get("url")


def _moment(date: object) -> datetime | None:
    """A date as the Hub writes it; None if it is none. Whoever commits chooses it, so it is never later than now."""
    try:
        moment = datetime.fromisoformat(date) if isinstance(date, str) else None
        return None if moment is None else min(moment.astimezone(UTC).replace(microsecond=0), records.now())
    except (ValueError, OverflowError):
        return None


def _not_in_history(model: str, revision: str) -> RevisionFailed:
    return RevisionFailed(
        f"{revision[:80]}은(는) {model}의 기본 브랜치에 있는 커밋이 아닙니다. 풀 리퀘스트나 다른 브랜치의 커밋은 "
        "병합된 뒤에 제출하거나, 관리자에게 문의해 주세요.",
        f"{revision[:80]} is not in the history of the default branch of {model} (its newest {HISTORY_PAGES * 50} "
        "commits are looked at). Submit a commit of a pull request or another branch once it is merged, or ask a "
        "maintainer.",
    )


def _unavailable(what: str) -> HubUnavailable:
    return HubUnavailable(
        f"지금은 Hub가 응답하지 않습니다 ({what}). 잠시 뒤에 다시 제출해 주세요.",
        f"The Hub does not answer now ({what}); submit again in a while.",
    )


def _files(info: ModelInfo) -> dict[str, int | None]:
    """{path: bytes} of the repository's files."""
    return {
        sibling.rfilename: bounded_int(sibling.size, 0, LARGEST)
        for sibling in info.siblings or ()
        if isinstance(sibling.rfilename, str)
    }


def _check_files(model: str, files: dict[str, int | None], *, disabled: bool) -> None:
    """Refuse a repository in which no loader would find a model.

    Raises:
        CheckFailed
    """
    if disabled:
        raise CheckFailed(
            f"{model}은(는) Hub에서 사용이 중지되었습니다.", f"{model} is disabled on the Hub; it cannot be read."
        )
    if not {"modules.json", "config.json", "adapter_config.json"} & files.keys():
        raise CheckFailed(
            f"{model}에 modules.json도 config.json도 없습니다. "
            "sentence-transformers 또는 transformers 형식으로 올린 모델만 평가할 수 있습니다.",
            f"{model} has neither modules.json nor config.json; only models saved for sentence-transformers or "
            "transformers can be evaluated.",
        )
    if not any(map(is_weights, needed(files))):
        raise CheckFailed(
            f"{model}에 가중치 파일이 없습니다 (safetensors 또는 PyTorch). "
            "GGUF나 ONNX만 있는 저장소는 평가할 수 없습니다.",
            f"{model} has no weights (safetensors or PyTorch); a repository with only GGUF or ONNX files cannot be "
            "evaluated.",
        )


def _metadata(info: ModelInfo, files: dict[str, int | None]) -> ModelMetadata:
    config: Any = info.config if isinstance(info.config, dict) else {}
    architectures = config.get("architectures")
    return ModelMetadata(
        architecture=clean_text(architectures[:1] if isinstance(architectures, list) else architectures, SHORT),
        parameters=bounded_int(info.safetensors.total, 0, LARGEST) if info.safetensors else None,
        license=clean_text(info.card_data.get("license") if isinstance(info.card_data, CardData) else None, SHORT),
        weight_bytes=_weight_bytes(files),
        gated=info.gated if isinstance(info.gated, bool) else info.gated in ("auto", "manual"),
        likes=bounded_int(info.likes, 0, LARGEST),
    )


def _weight_bytes(files: dict[str, int | None]) -> int | None:
    """Bytes of the weights that a worker would fetch; None where the Hub tells no size of theirs."""
    return min(sum(files[path] or 0 for path in needed(files) if is_weights(path)), LARGEST) or None
