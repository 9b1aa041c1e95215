"""Tokens and rights on the Hub: whose they are, what they may write, what is left of the quota. Nothing is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.cleaning import clean_text
from evaluator.doctor.checks import Check, bounded

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, repr=False)
class Right:
    """A token (None: none is set), the setting it comes from, and the data set repository that it must be able to
    write.

    `url` as the settings have it; what is not on the Hub needs no token. `reads`: the token is to read and no more;
    then it must be able to read the repository. `large`: large files are kept there.
    """

    setting: str
    token: str | None
    url: str = ""
    reads: bool = False
    large: bool = False

    @property
    def repository(self) -> str | None:
        return self.url.removeprefix("hf:datasets/") if self.url.startswith("hf:datasets/") else None


def rights(given: Sequence[Right]) -> list[Check]:
    """One check a token, and one a repository."""
    checks = []
    for right in given:
        if right.token is not None:
            checks.append(bounded(f"token {right.setting}", lambda right=right: _whose(right)))  # type: ignore[misc]
        if right.repository is not None:
            way, look = ("read", _may_read) if right.reads else ("write", _may_write)
            checks.append(bounded(f"{way} {right.url}", lambda right=right, look=look: look(right)))  # type: ignore[misc]
        elif right.url and not right.reads:
            scheme = right.url.partition(":")[0]
            checks.append(Check(f"write {scheme}:", "note", "a store of this machine: needs no token"))
    return checks


def _whose(right: Right) -> Check:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    name = f"token {right.setting}"
    try:
        told = HfApi().whoami(token=right.token)
    except HfHubHTTPError as error:
        if error.response is not None and error.response.status_code == 401:
            return Check(name, "failed", "the Hub does not know it", f"make a new one, and set {right.setting}")
        return Check(name, "note", f"the Hub did not tell ({_status(error)})")
    except (HTTPError, OSError):
        return Check(name, "note", "the Hub cannot be reached", "see network, proxy and HF_ENDPOINT")
    user = clean_text(told.get("name"), 100) if isinstance(told, dict) else None
    auth = told.get("auth") if isinstance(told, dict) else None
    access = auth.get("accessToken") if isinstance(auth, dict) else None
    role = clean_text(access.get("role"), 40) if isinstance(access, dict) else None
    said = f"of {user or 'an unnamed user'}" + (f", role {role}" if role else "")
    if right.reads and role == "write":
        who = "the page reads" if right.url else "evaluations read"
        advice = f"{who} with {right.setting}: make it one that only reads"
        return Check(name, "failed", f"{said}: it may write", advice, {"user": user, "role": role})
    return Check(name, "ok", said, None, {"user": user, "role": role})


def _may_write(right: Right) -> Check:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers, get_session, parse_ratelimit_headers

    repository = right.repository
    assert repository is not None
    name = f"write {right.url}"
    if right.token is None:
        return Check(name, "failed", "there is no token for it", f"set {right.setting}")
    try:
        HfApi().auth_check(repository, repo_type="dataset", token=right.token, write=True)
        head = get_session().get(
            f"{constants.ENDPOINT}/api/datasets/{repository}", headers=build_hf_headers(token=right.token)
        )
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status in (401, 403):
            advice = f"give the token of {right.setting} the right to write {repository}"
            return Check(name, "failed", "the token may not", advice, {"status": status})
        if status == 404:
            advice = f"make it (python -m deploy), or give the token of {right.setting} access to it"
            return Check(name, "failed", "there is no such repository, or the token may not see it", advice)
        return Check(name, "note", f"the Hub did not tell ({_status(error)})")
    except (HTTPError, OSError):
        return Check(name, "note", "the Hub cannot be reached", "see network, proxy and HF_ENDPOINT")
    left = parse_ratelimit_headers(head.headers)
    quota = f"; {left.remaining} of {left.limit} requests left" if left is not None and left.limit else ""
    facts = {"requests_left": left.remaining} if left is not None else {}
    return Check(name, "ok", f"the token may{quota}", None, facts)


def _may_read(right: Right) -> Check:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    name = f"read {right.url}"
    try:
        HfApi().auth_check(right.repository or "", repo_type="dataset", token=right.token or False)
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status in (401, 403, 404):
            advice = f"give the token of {right.setting} the right to read {right.repository}"
            return Check(name, "failed", "there is no such repository, or the token may not see it", advice)
        return Check(name, "note", f"the Hub did not tell ({_status(error)})")
    except (HTTPError, OSError):
        return Check(name, "note", "the Hub cannot be reached", "see network, proxy and HF_ENDPOINT")
    return Check(name, "ok", "the token may")


def commit_of(path: str, revision: str) -> str | None:
    """The commit that a data set's branch or tag names now; None for what is a commit, or where nobody tells."""
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    if _COMMIT.fullmatch(revision):
        return None
    try:
        told = HfApi().dataset_info(path, revision=revision).sha
    except (HfHubHTTPError, HTTPError, OSError):
        return None
    return told if isinstance(told, str) and _COMMIT.fullmatch(told) else None


def _status(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"HTTP {response.status_code}" if response is not None else type(error).__name__
