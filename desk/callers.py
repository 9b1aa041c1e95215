"""Who calls an address of the desk: a visitor, somebody who signed in with the Hub, a maintainer.

What writes asks for the token of the caller's sign-in beside the cookie. The token is told by an address of the page
that no other web site can read; the gate has refused other sites before (`gate.origins`).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from submissions.limits import VISITOR
from submissions.names import owns, same_name
from submissions.plain_session import ORGANISATIONS

TOKEN_HEADER = "x-kel-token"

REFUSED = (
    "이 페이지에서 온 요청이 아니어서 아무것도 바꾸지 않았습니다. 페이지를 새로 고친 뒤 다시 시도해 주세요.",
    "This did not come from this page, so nothing was changed. Reload the page and try again.",
)
"""Korean and English: what a call without its token is told."""


@dataclass(frozen=True)
class Caller:
    """Who calls. Who has not signed in may only look."""

    who: str
    signed_in: bool
    maintainer: bool = False
    organisations: tuple[str, ...] = ()

    @property
    def owned(self) -> tuple[str, ...]:
        """The names on the Hub that are the caller's own: of himself and of his organisations."""
        return (self.who, *self.organisations) if self.signed_in else ()

    def owns(self, name: str) -> bool:
        """Whether an organisation, a user or a model is the caller's own."""
        return self.signed_in and owns(name, self.who, self.organisations)

    def submitted(self, by: str) -> bool:
        """Whether a submission by this person is the caller's own."""
        return self.signed_in and same_name(self.who, by)


class Callers:
    """Knows callers by their requests.

    Args:
        login: whether visitors sign in with the Hub. If not, they may only look; the command line decides.
        maintainers: the Hub user names of those who decide.
        organisation: a Hub organisation whose members decide too; empty for none.
        secret: what the tokens are made with; None takes a new random one.
    """

    def __init__(
        self,
        *,
        login: bool,
        maintainers: frozenset[str] = frozenset(),
        organisation: str = "",
        secret: str | None = None,
    ) -> None:
        self.login = login
        self._maintainers = {name.casefold() for name in maintainers}
        self._organisation = organisation.strip().casefold()
        self._key = hashlib.sha256(f"desk token {secret}".encode()).digest() if secret else secrets.token_bytes(32)

    def caller(self, request: Request) -> Caller:
        """Who makes this request."""
        if not self.login:
            return Caller(VISITOR, signed_in=False)  # all visitors are one person: none may change another's
        name = _signed_in(request).get("preferred_username")
        if not isinstance(name, str) or not name:
            return Caller("", signed_in=False)
        organisations = tuple(request.scope.get(ORGANISATIONS) or ())
        member = bool(self._organisation) and self._organisation in {each.casefold() for each in organisations}
        return Caller(name, True, member or name.casefold() in self._maintainers, organisations)

    def token(self, request: Request) -> str:
        """The token of the request's sign-in; of a page without sign-in, the page's."""
        access = str(_told(request).get("access_token") or "") if self.login else ""
        return hmac.new(self._key, access.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def fits(self, request: Request) -> bool:
        """Whether the request carries its sign-in's token."""
        given = request.headers.get(TOKEN_HEADER, "")
        return hmac.compare_digest(self.token(request).encode(), given.encode("utf-8", "replace"))


def _told(request: Request) -> Mapping[str, Any]:
    """What the Hub said at the sign-in, as the session's cookie keeps it; nothing where nobody has signed in."""
    session = request.scope.get("session")
    told = session.get("oauth_info") if isinstance(session, dict) else None
    return told if isinstance(told, dict) else {}


def _signed_in(request: Request) -> Mapping[str, Any]:
    user = _told(request).get("userinfo")
    return user if isinstance(user, dict) else {}
