"""Whether the Hub gives the short-lived tokens with which large files go up and come down through Xet.

The client asks for one before it sends or fetches samples, replicates or weights (Hub documentation, "Xet Protocol",
"Authentication"), so what is refused here fails a run only when its work is done. Nothing is sent or fetched.
"""

import importlib.util
import time
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from evaluator.cleaning import bounded_int, clean_text
from evaluator.doctor.checks import Check, bounded
from evaluator.doctor.hub import Right

WITHOUT = "set HF_HUB_DISABLE_XET=1: large files then go without Xet, whole"

Way = Literal["read", "write"]


def xet_tokens(given: Sequence[Right]) -> list[Check]:
    """For each repository of large files whether a token to read it is given, and one to write where that is due.

    Nothing where the client does not use Xet, or where there is no token to ask with: other checks tell that.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_DISABLE_XET or importlib.util.find_spec("hf_xet") is None:
        return []
    asked: list[tuple[Right, Way]] = []
    for right in given:
        if right.large and right.repository is not None and right.token is not None:
            asked += [(right, "read")] if right.reads else [(right, "read"), (right, "write")]
    return [
        bounded(f"Xet {way} {right.url} ({right.setting})", lambda right=right, way=way: _asked(right, way))  # type: ignore[misc]
        for right, way in asked
    ]


def _asked(right: Right, way: Way) -> Check:
    from httpx2 import HTTPError
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    name = f"Xet {way} {right.url} ({right.setting})"
    address = f"{constants.ENDPOINT}/api/datasets/{right.repository}/xet-{way}-token/main"
    try:
        answer = get_session().get(address, headers=build_hf_headers(token=right.token))
        hf_raise_for_status(answer)
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        facts = {"status": status}
        if status in (401, 403):
            advice = f"give the token of {right.setting} the right to {way} {right.repository}"
            return Check(name, "failed", f"the Hub gives no Xet token (HTTP {status})", advice, facts)
        if status == 404:
            advice = f"see whether the repository is there and the token of {right.setting} may see it; else {WITHOUT}"
            return Check(name, "failed", "the Hub gives no Xet token (HTTP 404)", advice, facts)
        return Check(name, "note", f"the Hub did not tell (HTTP {status})", None, facts)
    except (HTTPError, OSError):
        return Check(name, "note", "the Hub cannot be reached", "see network, proxy and HF_ENDPOINT")
    end = answer.headers.get("X-Xet-Token-Expiration", "")
    until = bounded_int(int(end), 0, 2**40) if end.isascii() and end.isdigit() and len(end) < 20 else None
    storage = _host(answer.headers.get("X-Xet-Cas-Url", ""))
    if until is None or storage is None or not answer.headers.get("X-Xet-Access-Token"):
        advice = f"see whether a proxy takes headers (X-Xet-...) out of the Hub's answers; else {WITHOUT}"
        return Check(name, "failed", "the Hub's answer holds no Xet token", advice)
    minutes = (until - time.time()) / 60
    if minutes <= 0:
        return Check(name, "failed", "the Xet token is over already", "set this machine's clock right")
    told = f"given, for {minutes:.0f} minutes; large files go through {storage}, which a firewall has to let pass"
    return Check(name, "ok", told, None, {"storage": storage, "minutes": round(minutes)})


def _host(address: str) -> str | None:
    try:
        return clean_text(urlsplit(address).netloc, 200)
    except ValueError:
        return None
