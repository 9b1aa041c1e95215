"""What a Hub model must pass before it is queued; reads the Hub, writes nothing."""

from dataclasses import dataclass

from huggingface_hub import HfApi, ModelInfo
from huggingface_hub.errors import HfHubHTTPError, HTTPError, RepositoryNotFoundError, RevisionNotFoundError

from evaluator.spec import valid_model_id
from submissions.record import ModelMetadata

_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")


class CheckFailed(ValueError):
    """A model that cannot be queued; the text says, in Korean and English, what to do."""

    def __init__(self, korean: str, english: str) -> None:
        super().__init__(f"{korean}\n{english}")
        self.korean = korean
        self.english = english


class HubUnavailable(CheckFailed):
    """The Hub does not answer now; the same submission may pass later."""


@dataclass(frozen=True, kw_only=True)
class CheckedModel:
    """A model that is on the Hub: its id as the Hub spells it, the commit that was looked at, what the Hub says."""

    model: str
    revision: str
    metadata: ModelMetadata


def check_model(model: str, revision: str | None = None, token: str | None = None) -> CheckedModel:
    """Look `model` up on the Hub, at `revision` (a branch, tag or commit; None: the default branch).

    Raises:
        CheckFailed: it is no id, not there, disabled, or holds no model that the evaluator could load.
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
    if revision is not None and (len(revision) > 200 or any(character.isspace() for character in revision)):
        raise CheckFailed(
            "리비전은 브랜치, 태그 또는 커밋 id로 적어 주세요.", "Give the revision as a branch, tag or commit id."
        )
    info = _model_info(model, revision, token)
    _check_files(info)
    assert info.sha is not None
    return CheckedModel(model=info.id, revision=info.sha, metadata=_metadata(info))


def _model_info(model: str, revision: str | None, token: str | None) -> ModelInfo:
    """The Hub's answer; its errors as ours.

    Raises:
        CheckFailed, HubUnavailable
    """
    try:
        # token=False: a login on this machine must not make a visitor's private repository readable.
        return HfApi().model_info(model, revision=revision, files_metadata=True, token=token or False, timeout=20)
    except RevisionNotFoundError as error:
        raise CheckFailed(
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


def _unavailable(what: str) -> HubUnavailable:
    return HubUnavailable(
        f"지금은 Hub가 응답하지 않습니다 ({what}). 잠시 뒤에 다시 제출해 주세요.",
        f"The Hub does not answer now ({what}); submit again in a while.",
    )


def _files(info: ModelInfo) -> dict[str, int | None]:
    """{path: bytes} of the repository's files."""
    return {sibling.rfilename: sibling.size for sibling in info.siblings or ()}


def _check_files(info: ModelInfo) -> None:
    """Refuse a repository in which no loader would find a model.

    Raises:
        CheckFailed
    """
    files = _files(info)
    if info.disabled:
        raise CheckFailed(
            f"{info.id}은(는) Hub에서 사용이 중지되었습니다.", f"{info.id} is disabled on the Hub; it cannot be read."
        )
    if not {"modules.json", "config.json"} & files.keys():
        raise CheckFailed(
            f"{info.id}에 modules.json도 config.json도 없습니다. "
            "sentence-transformers 또는 transformers 형식으로 올린 모델만 평가할 수 있습니다.",
            f"{info.id} has neither modules.json nor config.json; only models saved for sentence-transformers or "
            "transformers can be evaluated.",
        )
    if not any(path.endswith(_WEIGHTS) for path in files):
        raise CheckFailed(
            f"{info.id}에 가중치 파일이 없습니다 (safetensors 또는 PyTorch). "
            "GGUF나 ONNX만 있는 저장소는 평가할 수 없습니다.",
            f"{info.id} has no weights (safetensors or PyTorch); a repository with only GGUF or ONNX files cannot be "
            "evaluated.",
        )


def _metadata(info: ModelInfo) -> ModelMetadata:
    files = _files(info)
    architectures = (info.config or {}).get("architectures") or [None]
    license_ = info.card_data.get("license") if info.card_data else None
    return ModelMetadata(
        architecture=architectures[0],
        parameters=info.safetensors.total if info.safetensors else None,
        license=", ".join(license_) if isinstance(license_, list) else license_,
        weight_bytes=_weight_bytes(files),
        gated=bool(info.gated),
        likes=info.likes,
    )


def _weight_bytes(files: dict[str, int | None]) -> int | None:
    """Bytes of the weights that would be loaded: safetensors where there are any, else PyTorch's files."""
    sizes = {suffix: [size or 0 for path, size in files.items() if path.endswith(suffix)] for suffix in _WEIGHTS}
    return next((sum(found) for found in sizes.values() if sum(found)), None)
