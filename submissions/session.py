"""The token of a session: what a call that writes must hold, beside the visitor's cookie.

A browser adds the cookie to what another web site makes it send. The token is in the page only, which another site
cannot read; it fits one session of the page and one sign-in.
"""

import hashlib
import hmac
import secrets
from typing import Any

REFUSED = (
    "이 페이지의 세션이 아니어서 아무것도 바꾸지 않았습니다. 페이지를 새로 고친 뒤 다시 시도해 주세요.",
    "This did not come from a session of this page, so nothing was changed. Reload the page and try again.",
)
"""Korean and English: what a call without its token is told."""


class SessionTokens:
    """Makes and checks the tokens.

    Args:
        secret: what the tokens are made with: the same one makes tokens that outlive a restart of the page. None takes
            a new random one.
    """

    def __init__(self, secret: str | None = None) -> None:
        self._key = hashlib.sha256(f"session token {secret}".encode()).digest() if secret else secrets.token_bytes(32)

    def issue(self, request: Any) -> str:
        """The token of the session that a request (`gradio.Request`) belongs to; empty for a request without one."""
        session: str | None = request.session_hash
        if not session:
            return ""
        cookie = request.request.scope.get("session") or {}
        signed_in = (cookie.get("oauth_info") or {}).get("access_token") or ""
        told = f"{len(session)}:{session}{signed_in}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()

    def fits(self, token: Any, request: Any) -> bool:
        """Whether this is the token of the request's session."""
        own = self.issue(request)
        return (
            bool(own) and isinstance(token, str) and hmac.compare_digest(own.encode(), token.encode("utf-8", "replace"))
        )
