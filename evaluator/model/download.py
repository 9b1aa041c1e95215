"""From the Hub to a folder: a model's commit, its small files, all its files. Errors of the client become ours."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from evaluator.errors import DISK_FULL, EvaluationError, is_disk_full
from evaluator.model.files import is_weights, needed
from evaluator.spec import ModelSpec, valid_commit

MOST_FILES = 10_000
"""More than any repository of one model; training leaves some hundred."""


@contextmanager
def _hub_failures(spec: ModelSpec) -> Iterator[None]:
    """Map what the Hub client raises to `EvaluationError`."""
    from httpx2 import HTTPError  # what huggingface_hub 2 speaks through, and lets through
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise EvaluationError(
            "gated",
            f"{spec.model} is gated: ask its authors for access with the account of this worker, "
            "or submit a model that anyone may download.",
        ) from error
    except RevisionNotFoundError as error:
        raise EvaluationError(
            "not_found", f"{spec.model} has no revision {spec.revision}; look up the commit on its Hub page."
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise EvaluationError(
            "not_found", f"There is no public model {spec.model} on the Hub; check the id, or make it public."
        ) from error
    except (HTTPError, HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        if is_disk_full(error):
            raise EvaluationError("disk_full", DISK_FULL) from error
        raise EvaluationError(
            "hub_unavailable",
            f"The Hub could not be reached to fetch {spec.model}. The model is not at fault: try again.",
        ) from error
    except EvaluationError:
        raise
    except Exception as error:  # the client makes records of an answer of any shape, and raises what comes of it
        raise EvaluationError(
            "hub_unavailable",
            f"The Hub's answer about {spec.model} cannot be read: look at its Hub page, or try again.",
        ) from error


def resolve_revision(spec: ModelSpec, revision: str | None = None, *, token: Literal[False] | None = None) -> ModelSpec:
    """`spec` with the commit that a branch or tag (None: the default branch) points to now.

    `token`: False asks as nobody, None with this machine's login.

    Raises:
        EvaluationError: not_found, gated, hub_unavailable.
    """
    from huggingface_hub import HfApi

    with _hub_failures(spec):
        commit = valid_commit(HfApi().model_info(spec.model, revision=revision, token=token).sha or "")
    return ModelSpec.model_validate({**spec.model_dump(), "revision": commit})


SMALL_FILES = (
    *("config.json", "*/config.json", "modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"),
    *("*/sentence_bert_config.json", "tokenizer_config.json", "*/tokenizer_config.json", "README.md"),
    *("adapter_config.json", "*/adapter_config.json", "processor_config.json", "preprocessor_config.json"),
    *("router_config.json", "*/router_config.json"),
)
CODE = ("*.py",)


MOST_SMALL_FILES, MOST_SMALL_BYTES = 200, 32 * 2**20
"""More than any honest repository declares itself with; the largest are a tokenizer's configuration, of some MB."""


def fetch_small(spec: ModelSpec, *, cache: Path | None = None, token: Literal[False] | None = None) -> Path:
    """The folder with what a model declares, without its weights and vocabulary: some hundred kB.

    `cache`: instead of the usual one. `token`: False asks as nobody, None with this machine's login.

    Raises:
        EvaluationError: as `fetch`; load_failed, these files are more than 200, or 32 MiB in all.
    """
    return _fetch_some(spec, SMALL_FILES, "configuration files and the card", cache, token)


def fetch_code(spec: ModelSpec, *, cache: Path | None = None, token: Literal[False] | None = None) -> Path:
    """The folder with a repository's Python files; `cache` and `token` as for `fetch_small`.

    Raises:
        EvaluationError: as `fetch_small`.
    """
    return _fetch_some(spec, CODE, "Python files", cache, token)


def _fetch_some(
    spec: ModelSpec, patterns: Sequence[str], what: str, cache: Path | None, token: Literal[False] | None
) -> Path:
    if spec.source == "local":
        return fetch(spec)
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.utils import filter_repo_objects

    with _hub_failures(spec):
        if constants.HF_HUB_OFFLINE:  # fetched before, by who may (`evaluator.fetching`)
            return Path(snapshot_download(spec.model, revision=spec.revision, cache_dir=cache, local_files_only=True))
        sizes = _sizes(spec, token)
        wanted = list(filter_repo_objects(needed(sizes), allow_patterns=list(patterns)))
        if len(wanted) > MOST_SMALL_FILES or sum(sizes[name] for name in wanted) > MOST_SMALL_BYTES:
            raise EvaluationError(
                "load_failed",
                f"The {what} of {spec.model} are more than {MOST_SMALL_FILES}, or larger "
                f"than {MOST_SMALL_BYTES / 2**20:.3g} MiB; remove from the repository what is not needed.",
            )
        names = [glob.escape(name) for name in wanted]
        return Path(
            snapshot_download(spec.model, revision=spec.revision, allow_patterns=names, cache_dir=cache, token=token)
        )


def _sizes(spec: ModelSpec, token: Literal[False] | None = None) -> dict[str, int]:
    """{path: bytes} of the repository's files, as the Hub tells.

    Raises:
        EvaluationError: load_failed, there are more than MOST_FILES.
    """
    from huggingface_hub import HfApi

    info = HfApi().model_info(spec.model, revision=spec.revision, files_metadata=True, token=token)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    if len(sizes) > MOST_FILES:
        raise EvaluationError(
            "load_failed", f"{spec.model} has more than {MOST_FILES:,} files; submit a repository of one model."
        )
    return sizes


def fetch(spec: ModelSpec, *, cache: Path | None = None, max_bytes: int | None = None) -> Path:
    """The folder with the model's files: the local one, or a download of the pinned commit into the Hub's cache.

    `cache`: instead of the usual one. `max_bytes`: a download of more is refused before it begins.

    Raises:
        EvaluationError: not_found (also a local folder that changed since its revision was taken), gated,
            too_large, load_failed (10,000 files, or none but GGUF weights), disk_full, hub_unavailable.
    """
    if spec.source == "local":
        if spec.folder is None or not spec.folder.is_dir():
            raise EvaluationError("not_found", f"The folder of {spec.model} is not on this machine.")
        from evaluator.spec import folder_revision

        if spec.revision is not None and folder_revision(spec.folder) != spec.revision:
            raise EvaluationError(
                "not_found", f"The folder of {spec.model} has changed since it was submitted; submit it again."
            )
        return spec.folder
    if spec.revision is None:
        raise EvaluationError("not_found", f"{spec.model} has to be pinned to a commit before it is evaluated.")
    from huggingface_hub import constants, snapshot_download

    with _hub_failures(spec):
        if constants.HF_HUB_OFFLINE:  # fetched before, by who may (`evaluator.fetching`)
            return Path(snapshot_download(spec.model, revision=spec.revision, cache_dir=cache, local_files_only=True))
        sizes = _sizes(spec)
        refuse_gguf_alone(sizes)
        wanted = needed(sizes)
        size = sum(sizes[name] for name in wanted)
        if max_bytes is not None and size > max_bytes:
            raise EvaluationError(
                "too_large",
                f"The files of {spec.model} are {size / 2**30:.3g} GiB; this worker fetches up to "
                f"{max_bytes / 2**30:.3g} GiB. Remove what is not needed from the repository, or ask a maintainer.",
            )
        ignored = [glob.escape(name) for name in sizes.keys() - set(wanted)]
        return Path(snapshot_download(spec.model, revision=spec.revision, ignore_patterns=ignored, cache_dir=cache))


def refuse_gguf_alone(names: Iterable[str]) -> None:
    """Refuse a repository whose only weights are GGUF files, which are quantised for another runtime.

    Raises:
        EvaluationError: load_failed.
    """
    names = [name.lower() for name in names]
    if any(name.endswith(".gguf") for name in names) and not any(map(is_weights, needed(names))):
        raise EvaluationError(
            "load_failed",
            "The only weights are GGUF files, made for another runtime. Submit the model that they were made from, "
            "with safetensors weights.",
        )
